# Through pgbouncer in transaction mode: many clients over few servers, each call in
# whatever session is free, with the plans that other clients' roles have left there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my ($pgbouncer) = grep { -x $_ } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'pgbouncer is not installed' if !$pgbouncer;
my ($version) = run_command([ $pgbouncer, '--version' ]);
my ($major, $minor) = $version =~ /PgBouncer (\d+)\.(\d+)/;
note($version);

my $clients = 8;
my $servers = 3;
my $rounds = 3;

my $node = new_node('pooled', conf => "max_connections = 30\nlog_error_verbosity = verbose\n");
$node->start;
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');
my $user = $node->safe_psql('postgres', 'SELECT current_user');

# One role sees every row, the other the odd ones.
my @tables = relations($node, 'postgres');
$node->safe_psql('postgres', join ";\n",
	'CREATE ROLE reader', 'CREATE ROLE writer',
	'GRANT USAGE ON SCHEMA fca TO reader, writer',
	'GRANT SELECT ON ALL TABLES IN SCHEMA fca TO reader',
	'GRANT ALL ON ALL TABLES IN SCHEMA fca TO writer',
	'GRANT ALL ON ALL SEQUENCES IN SCHEMA fca TO writer',
	'CREATE SCHEMA other',
	map { ("CREATE POLICY odd ON fca.$_ TO reader USING (id % 2 = 1)",
		"CREATE POLICY every ON fca.$_ TO writer USING (true)",
		"ALTER TABLE fca.$_ ENABLE ROW LEVEL SECURITY") } @tables);

#
# The pooler
#

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $server_host = $node->host;
my $server_port = $node->port;
my $statements = $major > 1 || $minor >= 21 ? "max_prepared_statements = 100\n" : '';
append_to_file("$dir/users", qq{"$user" ""\n});
append_to_file("$dir/pgbouncer.ini", qq{
[databases]
postgres = host=$server_host port=$server_port dbname=postgres
[pgbouncer]
unix_socket_dir = $dir
listen_port = $port
auth_type = trust
auth_file = $dir/users
pool_mode = transaction
default_pool_size = $servers
ignore_startup_parameters = extra_float_digits,options
logfile = $dir/log
pidfile = $dir/pid
$statements});
system_or_bail($pgbouncer, '-d', '-q', "$dir/pgbouncer.ini");

sub stop_pooler
{
	return if !-e "$dir/pid";
	my $pid = slurp_file("$dir/pid");
	kill 'INT', $pid if $pid =~ /^(\d+)\s*$/;
	for (1 .. 100) { last if !-e "$dir/pid"; sleep 0.1; }
}
END { my $status = $?; stop_pooler() if defined $dir; $? = $status; }

my $through = "host=$dir port=$port dbname=postgres user=$user";
my ($answer, $problem);
for (1 .. 100)
{
	($answer, $problem) = run_command([ 'psql', '-XAtq', '-d', $through, '-c', 'SELECT 1' ]);
	last if $answer eq '1';
	sleep 0.1;
}
is($answer, 1, 'the pooler answers') or BAIL_OUT($problem . slurp_file("$dir/log"));

#
# Every function, by every client
#

my @reads = ((map { my $n = $_; map { finder_call($n, $_) } 1 .. 2 } finder_names),
	(map { my $n = $_; map { read_call($n, $_) } 1 .. 2 } read_names));

sub digest
{
	my ($call) = @_;
	return "SELECT coalesce(md5(jsonb_agg(to_jsonb(f))::text), 'none') FROM ($call) AS f";
}

# What each role is given, in a session of its own.
my %answers;
foreach my $role (qw(reader writer))
{
	$answers{$role} = [ split /\n/, $node->safe_psql('postgres',
		"SET ROLE $role;\n" . join ";\n", map { digest($_) } @reads) ];
	is(@{ $answers{$role} }, @reads, "the answers of the $role are known");
}
isnt("@{$answers{reader}}", "@{$answers{writer}}", 'and are not the same');

# A transaction of its own for each call, for it may come into any server.
sub script
{
	my ($client) = @_;
	my $sql = '';
	for my $n (0 .. $rounds * @reads - 1)
	{
		my $i = ($n * 7 + $client * 13) % @reads;
		my $role = (qw(reader writer))[ ($n + $client) % 2 ];
		my $call = digest($reads[$i]);
		my $right =
			"CASE WHEN got = '$answers{$role}->[$i]' THEN 'ok' ELSE 'WRONG $role $i ' || current_user END";
		$sql .= "BEGIN;\nSET LOCAL ROLE $role;\n";
		$sql .= "SET LOCAL search_path = other, pg_catalog;\n" if $n % 3 == 0;
		if ($n % 4 == 1)
		{
			# a statement that is prepared and gone within the transaction
			$sql .= "PREPARE mine AS $call;\nEXECUTE mine \\gset\nDEALLOCATE mine;\n"
			  . "SELECT CASE WHEN :'coalesce' = '$answers{$role}->[$i]'"
			  . " THEN 'ok' ELSE 'WRONG prepared' END;\n";
		}
		else
		{
			$sql .= "SELECT $right FROM ($call) AS g (got);\n";
		}
		$sql .= "COMMIT;\n";
		$sql .= "SELECT CASE WHEN current_user = '$user'"
		  . " AND current_setting('search_path') <> 'other, pg_catalog'"
		  . " THEN 'ok' ELSE 'WRONG role remains' END;\n"
		  if $n % 5 == 0;
		$sql .= "DISCARD PLANS;\n" if $n % 50 == 49;
	}
	foreach my $name (write_names)
	{
		next if $name eq 'create_tables';
		foreach my $role (qw(writer reader))
		{
			# the reader may not write
			my $state = $role eq 'writer' ? '00000' : '42501';
			$sql .= "BEGIN;\nSET LOCAL ROLE $role;\n"
			  . write_call($name, 1 + $client % 8) . " \\g /dev/null\n"
			  . "SELECT CASE WHEN :'SQLSTATE' = '$state' THEN 'ok'"
			  . " ELSE 'WRONG $name $role ' || :'SQLSTATE' END;\nROLLBACK;\n"
			  if $role eq 'writer';
			$sql .= "BEGIN;\nSET LOCAL ROLE $role;\n"
			  . write_call($name, 1 + $client % 8) . " \\g /dev/null\n"
			  . "\\set seen :SQLSTATE\nROLLBACK;\n"
			  . "SELECT CASE WHEN :'seen' = '42501' THEN 'ok' ELSE 'WRONG $name $role ' || :'seen' END;\n"
			  if $role eq 'reader';
		}
	}
	foreach my $name (stream_names)
	{
		$sql .= "BEGIN;\nSET LOCAL ROLE reader;\n" . stream_call($name, 1) . " \\gset\n"
		  . "FETCH 2 FROM :\"$name\" \\g /dev/null\nSELECT 'ok';\nCOMMIT;\n";
	}
	$sql .= "SELECT fca.create_tables() \\g /dev/null\nSELECT 'ok';\nSELECT 'end';\n";
	return $sql;
}

my @running;
foreach my $client (1 .. $clients)
{
	append_to_file("$dir/$client.sql", script($client));
	push @running, IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $through, '-f', "$dir/$client.sql" ],
		'>', "$dir/$client.out", '2>', "$dir/$client.err");
}
my $most = 0;
my $limit = time() + 10 * $PostgreSQL::Test::Utils::timeout_default;
while (time() < $limit && grep { !-e "$dir/$_.out" || slurp_file("$dir/$_.out") !~ /^end$/m } 1 .. $clients)
{
	my $now = $node->safe_psql('postgres', q{
		SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
			AND pid <> pg_backend_pid()});
	$most = $now if $now > $most;
	sleep 0.2;
}
$_->finish foreach @running;

foreach my $client (1 .. $clients)
{
	my @lines = grep { $_ ne 'end' } split /\n/, slurp_file("$dir/$client.out");
	my @wrong = grep { $_ ne 'ok' } @lines;
	is(scalar @wrong, 0, "client $client is given what its roles may see, " . scalar(@lines) . ' times')
	  or diag(join "\n", @wrong[ 0 .. ($#wrong < 5 ? $#wrong : 5) ]);
	cmp_ok(scalar @lines, '>=', $rounds * @reads, 'and all of it');
	my $errors = slurp_file("$dir/$client.err");
	my @errors = grep { !/ERROR:\s+42501: permission denied/ } $errors =~ /^.*(?:ERROR|FATAL|WARNING):.*$/mg;
	is("@errors", '', 'without an error but those of missing privileges');
}
cmp_ok($most, '<=', $servers, "they share $most servers");
cmp_ok($most, '>', 1, 'and more than one');

#
# The extended protocol
#

# Prepared statements of the protocol where the pooler follows them.
my @modes = ('extended', $statements ne '' ? 'prepared' : ());
append_to_file("$dir/bench.sql", join "\n",
	'\set i random(1, 8)', 'BEGIN;', 'SET LOCAL ROLE writer;',
	(map { "$_;" } map { finder_call($_, '(:i)::int') } finder_names),
	(map { "$_;" } map { read_call($_, '(:i)::int') } read_names),
	"SELECT fca.update(NULL::fca.product, 1 + :i % 5, jsonb_build_object('description', (:i)::int));",
	'ROLLBACK;', '');
foreach my $mode (@modes)
{
	my ($stdout, $stderr) = run_command(
		[ 'pgbench', '-n', '-M', $mode, '-c', $clients, '-j', 2, '-t', 10,
			'-f', "$dir/bench.sql", $through ]);
	like($stdout, qr/actually processed: 80\/80/, "every function with the protocol's $mode statements");
	unlike($stderr, qr/ERROR|FATAL|abort/i, 'without an error') or diag($stderr);
}

stop_pooler();
$node->stop;
unlike(slurp_file($node->logfile), qr/XX\d{3}:|terminated by|WARNING:.*(leak|still referenced)/,
	'the log is clean');
done_testing();
