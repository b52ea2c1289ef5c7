# A short run of the fuzzer in t/fuzz: hostile calls of every function, compared
# with plain SQL, amid DDL and changes of role and settings.
#
# FCA_SEED chooses other calls, FCA_CALLS how many; tools/fuzz.sh is for long runs.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The same calls in every check; other seeds are for those who look for more.
my $seed = $ENV{FCA_SEED} || 1;
my $calls = $ENV{FCA_CALLS} || 5000;
my $fuzzer = dirname(abs_path(__FILE__)) . '/fuzz/fuzz.py';

my ($python) = grep {
	system("$_ -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null") == 0
} qw(/usr/bin/python3 python3);
plan skip_all => 'needs Python 3.9 or newer' if !$python;

my $node = new_node('fuzz', conf => <<END);
autovacuum = off
max_connections = 20
restart_after_crash = on
END
$node->start;

$ENV{PYTHONDONTWRITEBYTECODE} = 1;
my @command = (
	$python, $fuzzer, '--host', $node->host, '--port', $node->port,
	'--seed', $seed, '--calls', $calls, '--shrink-seconds', 30);
my ($output, $errors) = run_command([@command]);
note($output);
like($output, qr/^0 failures$/m, "no call fails (FCA_SEED=$seed FCA_CALLS=$calls)")
  or diag("$output\n$errors");
is($errors, '', 'and the fuzzer runs to its end');

my ($made, $compared) = $output =~ /^(\d+) calls of \d+ functions \((\d+) compared/m;
cmp_ok($made // 0, '>=', $calls, 'as many calls are made as are asked for');
cmp_ok($compared // 0, '>', $calls / 2, 'most are compared with plain SQL');

my $log = slurp_file($node->logfile);
unlike($log, qr/TRAP|PANIC|terminated by signal/, 'no assertion and no crash');

$node->stop;
done_testing();
