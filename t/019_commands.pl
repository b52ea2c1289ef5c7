# The commands of the README: what tools/demo.sh shows, that tools/bench.sh counts, and how
# tools/check.sh chooses its tests, writes what is expected, and ends.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use File::Path qw(remove_tree);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $root = "$FindBin::RealBin/..";

# Runs a script with its temporary folders below one of ours, which is short, since
# a socket's path is; gives its status and what it wrote.
my $temp = PostgreSQL::Test::Utils::tempdir_short();

sub start
{
	my ($output, @command) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;

	local $ENV{TMPDIR} = $temp;
	# an ignored signal cannot be trapped
	local $SIG{INT} = 'DEFAULT';
	open STDIN, '<', '/dev/null' or die $!;
	open STDOUT, '>', $output or die $!;
	open STDERR, '>&', \*STDOUT or die $!;
	exec @command or die "$command[0]: $!";
}

sub run
{
	my (@command) = @_;
	my $output = "$temp.out";
	waitpid start($output, @command), 0;
	return ($? >> 8, slurp_file($output));
}

# Does that process run?  One that has ended can stay in the table of processes.
# Where there is no /proc, nobody knows.
sub is_running
{
	my ($pid) = @_;
	open my $file, '<', "/proc/$pid/stat" or return 0;
	return (<$file> // ') Z') !~ /\) Z/;
}

sub is_empty
{
	my ($name) = @_;
	opendir my $folder, $temp or die $!;
	is_deeply([ grep { !/^\.\.?$/ } readdir $folder ], [], "$name: nothing is left");
	return;
}

#
# The tour
#

my $tour = slurp_file("$root/tools/demo/tour.sql");
my $node = new_node('demo');
$node->start;
$node->safe_psql('postgres',
	'CREATE DATABASE model; ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf()');
$node->safe_psql('model', 'CREATE EXTENSION fca_repo; SELECT fca.create_tables()');

check_calls($node, 'model');
my %called = map { $_ => 1 } $tour =~ /\bfca\.(\w+)\(/g;
my @finders = finder_names;
is_deeply([ grep { !$called{$_} } read_names, write_names, stream_names ],
	[], 'the tour calls every function for any model');
cmp_ok(scalar(grep { $called{$_} } @finders), '>=', 36, '... and the finders that it shows');
is_deeply([ sort keys %called ],
	[ grep { $called{$_} } sort @finders, read_names, write_names, stream_names ],
	'... and no other');

my @calls = $tour =~ /\bfca\.(\w+\(\w*(?:::\w+\.\w+)?)/g;
is($calls[0], 'create(NULL::shop.orders', 'it begins with the base repository on an own table');
my ($first_finder) = grep { $calls[$_] =~ /^find_by_/ } 0 .. $#calls;
my ($last_shop) = grep { $calls[$_] =~ /shop/ } reverse 0 .. $#calls;
cmp_ok($last_shop, '<', $first_finder, 'the bank comes after the shop');

# In 200, customer 200 has no current account; in 20, no conversation is escalated.
foreach my $customers (20, 21, 200, 257, 300)
{
	my $database = "desk$customers";
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE model");
	my @psql = (
		'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-v', "customers=$customers",
		'-d', $node->connstr($database));
	command_ok([ @psql, '-f', "$root/tools/demo/load.sql" ], "$customers customers");

	my ($status, $output) = run(@psql, '-f', "$root/tools/demo/tour.sql");
	is($status, 0, "a tour with $customers customers") or diag($output);
	like($output, qr/That was the tour/, '... comes to its end');
	unlike($output, qr/psql:.*(?:syntax error|\\gset)/, '... with every variable set');
}

# Times as they are in use: finer than a client's milliseconds, and some the same.
foreach my $time ('customers.created_at', 'accounts.created_at', 'transactions.occurred_at',
	'conversations.updated_at', 'messages.created_at')
{
	my ($table, $column) = split /\./, $time;
	my ($fine, $same) = split /\|/, $node->safe_psql('desk300', qq{
		SELECT avg((date_trunc('milliseconds', $column) <> $column)::int) > 0.9,
			count(DISTINCT $column) < count(*)
		FROM fca.$table});
	is($fine, 't', "$time has microseconds");
	is($same, 't', "$time has ties");
}
is($node->safe_psql('desk300', q{
	WITH RECURSIVE pages AS (
		(SELECT updated_at, id, 1 AS n FROM fca.find_by_status('closed', 2))
		UNION ALL
		SELECT f.updated_at, f.id, p.n + 1
		FROM (SELECT * FROM pages ORDER BY n DESC, updated_at, id LIMIT 1) AS p,
			fca.find_by_status('closed', 2, p.updated_at, p.id) AS f)
	SELECT count(*) = count(DISTINCT id)
	AND count(*) = (SELECT count(*) FROM fca.find_by_status('closed', NULL))
		AND bool_or(tied)
	FROM (SELECT id, n, updated_at = lag(updated_at) OVER o AND n > lag(n) OVER o AS tied
		FROM pages WINDOW o AS (ORDER BY updated_at DESC, id DESC)) AS p}),
	't', 'pages that end among rows of one time lose none');
$node->stop;

#
# demo.sh
#

foreach my $number ('19', '0', '-5', 'many', '')
{
	my ($status, $output) = run("$root/tools/demo.sh", '--customers', $number);
	is($status, 1, "demo.sh --customers '$number'");
	is( $output,
		"demo.sh: --customers needs a whole number from 20 to 999999999, not \"$number\"\n",
		'... is a clear error');
}
my ($demo_status, $demo) = run("$root/tools/demo.sh", '--customers', '20');
is($demo_status, 0, 'demo.sh') or diag($demo);
like($demo, qr/\A==> .* takes .*That was the tour.*\n==> done in \d+s\n\z/s,
	'... says how long it takes, shows the tour and ends');
is_empty('demo.sh');

#
# bench.sh, which counts instructions where it can
#

SKIP:
{
	skip 'there is no valgrind', 5 if system('command -v valgrind >/dev/null') != 0;

	my ($status, $output) = run("$root/tools/bench.sh", '--instructions', '--quick', '--cases',
		'find_by_reference', '--output', "$temp.bench");
	is($status, 0, 'bench.sh --instructions') or diag($output);
	my $counted = slurp_file("$temp.bench/instructions.md");
	my ($rows, $raw, $ours, $sql) =
	  $counted =~ /^### Prepared\n.*?^\| find_by_reference \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|/ms;
	is($rows, 1, '... counts calls that find their rows');
	cmp_ok(abs($sql - 1), '<', 0.02, '... an SQL function that is inlined as the same SQL');
	cmp_ok($ours, '<', 2, '... and a finder as less than two of it');
	is_empty('bench.sh');
}

#
# What apt does
#

mkdir "$temp.bin";
append_to_file("$temp.bin/apt-get", <<'END');
#!/bin/sh
echo 'Get:1 list'
echo 'Need to get 5 MB of archives.'
echo 'Get:10 package'
echo 'Unpacking package'
echo 'it is bad' >&2
[ "$last" != bad ]
END
chmod 0755, "$temp.bin/apt-get";
my $apt = q{set -o pipefail; . "$0"; PATH=$1:$PATH; apt_get install};
my ($apt_status, $progress) =
  run('bash', '-c', $apt, "$root/tools/common.sh", "$temp.bin");
is($apt_status, 0, 'apt-get works');
like($progress, qr/^    Need to get 5 MB of archives\.\n    Get:10 package\n    Unpacking package\n/m,
	'... and shows that it goes on');
{
	local $ENV{last} = 'bad';
	($apt_status, $progress) = run('bash', '-c', $apt, "$root/tools/common.sh", "$temp.bin");
	isnt($apt_status, 0, 'apt-get fails');
	like($progress, qr/^it is bad$/m, '... and shows why');
}

#
# check.sh, on a copy of the project
#

my $copy = "$temp.copy";
mkdir $copy;
system('cp', '-Rp', (map { "$root/$_" } qw(Makefile fca_repo.control src sql expected specs t tools)),
	$copy) == 0
  or die 'the project cannot be copied';
my $check = "$copy/tools/check.sh";

my ($status, $output) = run($check, 'locks', 'no_such_test');
is($status, 1, 'an unknown test');
like($output, qr/\bfinders_faqs\b.*\block_wait\b.*\b003_plans\b/s, '... is told which there are');
like($output, qr/no test "no_such_test"\n\z/, '... and which is meant');
unlike($output, qr/==>/, '... before anything is done');

foreach my $arguments ([], ['008_interrupts'])
{
	($status, $output) = run($check, '--accept', @$arguments);
	is($status, 1, "check.sh --accept @$arguments");
	unlike($output, qr/==>/, '... does nothing');
}

# One that has nothing yet, one that has something else, and one that is right.
my %expected = map { $_ => slurp_file("$copy/expected/$_.out") } qw(locks search_path double_claim);
unlink "$copy/expected/locks.out";
append_to_file("$copy/expected/double_claim.out", "something else\n");
($status, $output) = run($check, '--accept', 'locks', 'specs/double_claim.spec', 'search_path');
is($status, 0, 'check.sh --accept NAME...') or diag($output);
like($output, qr/wrote expected\/$_\.out/, "... says that it wrote $_") foreach qw(locks double_claim);
unlike($output, qr/wrote expected\/search_path/, '... and not what is right');
is(slurp_file("$copy/expected/$_.out"), $expected{$_}, "... $_") foreach sort keys %expected;

append_to_file("$copy/t/100_ok.pl", "use Test::More; ok(1); done_testing();\n");
append_to_file("$copy/t/101_bad.pl", "use Test::More; ok(0, 'it is bad'); done_testing();\n");
($status, $output) = run($check, 'locks', 'double_claim', "$copy/t/100_ok.pl", '101_bad');
is($status, 1, 'check.sh NAME...');
like($output, qr/^ok      $_$/m, "... $_")
  foreach ('sql/locks', 'specs/double_claim', 't/100_ok');
like($output, qr/^FAILED  t\/101_bad$/m, '... and one that fails');
like($output, qr/\n4 passed, 1 failed\n\z/, '... are counted');
is_empty('check.sh');

# Signals: one that ends it, and more while it removes what it has started.
append_to_file("$copy/t/102_long.pl", <<'END');
use Test::More;
open my $data, '<', "$ENV{PGHOST}/../data/postmaster.pid" or die $!;
my ($server) = <$data> =~ /(\d+)/;
open my $file, '>', "$ENV{SAY_WHO}.new" or die $!;
print $file "$$ $server";
close $file;
rename "$ENV{SAY_WHO}.new", $ENV{SAY_WHO};
sleep 120;
ok(1);
done_testing();
END
foreach my $signal ('TERM', 'INT')
{
	local $ENV{SAY_WHO} = "$temp/who";
	my $pid = start("$temp.out", $check, '102_long');
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if -e $ENV{SAY_WHO} || waitpid($pid, 1) != 0;
		sleep 0.1;
	}
	my @processes = split / /, slurp_file($ENV{SAY_WHO});
	unlink $ENV{SAY_WHO};

	my $waited = 0;
	kill $signal, $pid;
	while (waitpid($pid, 1) == 0 && $waited++ < 1200)
	{
		sleep 0.05;
		kill $waited % 2 ? 'TERM' : 'INT', $pid;
	}
	is($? >> 8, $signal eq 'TERM' ? 143 : 130, "check.sh, ended by $signal");
	cmp_ok($waited, '<', 1200, '... ends before its test would');
	like(slurp_file("$temp.out"), qr/\n1 passed, 1 failed\n\z/, '... with its count');
	is_deeply([ grep { is_running($_) } @processes ], [], '... and with all that it started');
	is_empty("check.sh, ended by $signal");
}

remove_tree($copy, "$temp.bin", "$temp.bench", "$temp.out");
done_testing();
