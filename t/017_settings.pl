# The same rows under every setting that makes other plans: the regression tests run
# in parallel workers, with generic and with custom plans and with JIT; and each
# finder and read with one kind of plan after the other switched off.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = dirname($FindBin::RealBin);

# As the throwaway server of the regression tests.
my $node = new_node('settings', init => { extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ] });
$node->start;

my $parallel = $node->safe_psql('postgres',
	q{SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')});

#
# The regression tests
#

# Runs those of a pattern; what differs fails, unless it is named with the reason.
sub run_regress
{
	my ($title, $settings, $pattern, %differ) = @_;
	my $out = PostgreSQL::Test::Utils::tempdir;
	my @tests = map { basename($_, '.sql') } grep { /$pattern/ } sort glob("$root/sql/*.sql");
	my $log = "$out/log";

	local $ENV{PGOPTIONS} = join ' ', map { "-c $_=$settings->{$_}" } sort keys %$settings;
	my $command = join(' ', map { "'$_'" } $ENV{PG_REGRESS},
		"--inputdir=$root", "--outputdir=$out", '--bindir=' . pg_bindir(),
		'--host=' . $node->host, '--port=' . $node->port, '--dbname=fca_settings', @tests) . " >'$log' 2>&1";
	system('/bin/sh', '-c', $command);
	my $text = slurp_file($log);
	my %failed;
	foreach (split /\n/, $text)
	{
		$failed{$1} = 1 if /^test (\S+)\s+\.\.\. FAILED/ || /^not ok \d+\s+[-+] (\S+)/;
	}
	delete $failed{$_} foreach keys %differ;
	my $diffs = -e "$out/regression.diffs" ? slurp_file("$out/regression.diffs") : $text;
	is(join(' ', sort keys %failed), '', "$title: the regression tests give the same")
	  or diag(substr($diffs, 0, 8000));
	my $count = () = $text =~ /^(?:test \S+\s+\.\.\. |(?:not )?ok \d+\s+[-+] )/mg;
	is($count, scalar @tests, 'and all of them were run') or diag($text);
}

sub pg_bindir
{
	my ($bindir) = run_command([ 'pg_config', '--bindir' ]);
	return $bindir;
}

SKIP:
{
	skip 'PG_REGRESS does not say where pg_regress is', 1 if !$ENV{PG_REGRESS};

	my $counts = 'it counts what this process does itself, and not a worker';
	run_regress('parallel', { $parallel => 'regress' }, qr/./,
		batches => $counts, count_estimate => $counts, filter_operators => $counts, long_lists => $counts,
		inline_prepared => 'a plan for workers that are forced is dear, so other ones are kept',
		repeated_calls => 'a plan for workers is not repeated');
	run_regress('generic plans', { plan_cache_mode => 'force_generic_plan' }, qr/./,
		count_estimate => 'the setting overrules that an estimate is planned for its values');
	run_regress('custom plans', { plan_cache_mode => 'force_custom_plan' }, qr/./,
		batches => 'it counts how many times an index is read, by the plan of any values',
		get_page => 'the same',
		repeated_calls => 'a plan for one call is not repeated');
	run_regress('without what makes calls quicker',
		{ map { ("fca_repo.enable_$_" => 'off') } qw(estimates hashed_lists inlining index_order rescan) },
		qr/./,
		inline_in_from => 'it shows the plans',
		inline_prepared => 'the same',
		long_lists => 'it demands that a long list is quick',
		planner_support => 'the same',
		privileges_first => 'it shows estimates',
		repeated_calls => 'it counts the executors that are kept');
	if ($node->safe_psql('postgres', 'SET jit = on; SELECT pg_jit_available()') eq 't')
	{
		# Every expression is compiled, which takes a hundred times as long as to run it.
		run_regress('JIT', { jit => 'on', jit_above_cost => 0, jit_optimize_above_cost => -1,
			jit_inline_above_cost => -1 }, qr/finders_[cf]|base_read|streams/);
	}
	else
	{
		note('without a provider of JIT');
	}
}

#
# One kind of plan after the other
#

run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');

# So many rows that plans differ.
$node->safe_psql('postgres', q{
	INSERT INTO fca.customers (customer_id, email, first_name, last_name, is_active, is_vip, created_at)
	SELECT 'X-' || i, 'x' || i || '@example.com', 'Joanna', 'smith' || i % 7, i % 3 > 0, i % 20 = 0,
		'2026-02-01Z'::timestamptz + i / 3 * interval '1 minute' FROM generate_series(1, 2000) AS i;
	INSERT INTO fca.accounts (account_number, customer_id, status, created_at)
	SELECT 'X-' || i, 1 + i % 2000, (ARRAY['active', 'frozen', 'closed'])[1 + i % 3],
		'2026-02-01Z'::timestamptz + i / 3 * interval '1 minute' FROM generate_series(1, 2000) AS i;
	INSERT INTO fca.transactions (account_id, reference, amount, description, category, occurred_at)
	SELECT 1 + i % 20, 'X-' || i, i, 'x', (ARRAY['food', 'rent'])[1 + i % 2],
		'2026-03-01Z'::timestamptz + i / 3 * interval '1 minute' FROM generate_series(1, 5000) AS i;
	INSERT INTO fca.conversations (customer_id, title, status, escalation_id, assigned_group, updated_at)
	SELECT 1 + i % 50, 'x', (ARRAY['active', 'escalated', 'resolved', 'closed'])[1 + i % 4], 'X-' || i,
		(ARRAY['loans', 'fraud'])[1 + i % 2], '2026-04-01Z'::timestamptz + i / 3 * interval '1 minute'
	FROM generate_series(1, 3000) AS i;
	INSERT INTO fca.messages (conversation_id, role, content, requires_human, created_at)
	SELECT 1 + i % 30, 'agent', 'x', i % 10 = 0, '2026-04-01Z'::timestamptz + i / 3 * interval '1 minute'
	FROM generate_series(1, 5000) AS i;
	INSERT INTO fca.products (name, type, is_active)
	SELECT 'product ' || i % 40, (ARRAY['loan', 'savings'])[1 + i % 2], i % 4 > 0
	FROM generate_series(1, 1000) AS i;
	INSERT INTO fca.faqs (question, answer, category, keywords)
	SELECT 'About card ' || i, 'x', (ARRAY['cards', 'other'])[1 + i % 2], 'pin' || i
	FROM generate_series(1, 1000) AS i;
	ANALYZE;
});

my @calls = ((map { my $n = $_; map { [ $n, finder_call($n, $_) ] } 1 .. 4 } finder_names),
	# an estimate is of the plan
	(map { my $n = $_; map { [ $n, read_call($n, $_) ] } 1 .. 4 } grep { $_ ne 'count_estimate' } read_names),
	[ 'get_by_filters', q{SELECT * FROM fca.get_by_filters(NULL::fca.transaction,
		'{"any_of": [{"account_id": 3},
		{"reference": {"starts_with": "x-1"}}]}', max_rows => 500, sort_by => 'category, amount desc')} ],
	[ 'get_page', q{SELECT * FROM fca.get_page(NULL::fca.account, '{"status": ["active", "closed"]}',
		'created_at desc', 50, '{"created_at": "2026-02-01T10:00:00Z", "id": 800}')} ]);

# Every call in one new session, all its rows; and the nodes of the plans that ran.
sub answers
{
	my ($settings) = @_;
	my $script = join '', "LOAD 'auto_explain';\nSET auto_explain.log_min_duration = 0;\n",
	  "SET auto_explain.log_nested_statements = on;\nSET auto_explain.log_level = notice;\n",
	  (map { "SET $_ = '$settings->{$_}';\n" } sort keys %$settings),
	  map { "SELECT coalesce(string_agg(f::text, E'\\t'), 'none') FROM ($_->[1]) AS f;\n" } @calls;
	my ($status, $stdout, $stderr) = $node->psql('postgres', $script);
	is($status, 0, 'every call succeeds') or diag(substr($stderr, -1000));
	my %nodes;
	$nodes{$1}++ while $stderr =~ /
		^\s*(?:->\s+)?((?:Parallel\ )?[A-Z][A-Za-z\ -]*?)
		(?:\ using\ \S+|\ Backward\ using\ \S+|\ on\ \S.*?)?(?:\ [a-z]\w*)?\s+\(cost=/mgx;
	return ([ split /\n/, $stdout, -1 ], \%nodes);
}

my ($wanted, $usual) = answers({});
is(scalar @$wanted, scalar @calls, 'a line for each call');
cmp_ok(scalar(grep { $_ ne 'none' } @$wanted), '>', @calls * 0.8, 'most of them give rows');
note(join ', ', map { "$_ $usual->{$_}" } sort keys %$usual);

# The server's own, and those of the module, which the call loads.
my %switches = map { split /\|/ } split /\n/, $node->safe_psql('postgres', q{
	SELECT FROM fca.find_by_email(NULL);
	SELECT name, CASE setting WHEN 'on' THEN 'off' ELSE 'on' END FROM pg_settings
	WHERE name ~ '^(fca_repo\.)?enable_' AND vartype = 'bool'});
cmp_ok(scalar(grep { !/^fca_repo/ } keys %switches), '>=', 20, 'the server has switches of plans');
is(scalar(grep { /^fca_repo/ } keys %switches), 5, 'and so has the module');
my %tried = map { $_ => { $_ => $switches{$_} } } keys %switches;
$tried{'no scan by index'} = { enable_indexscan => 'off', enable_indexonlyscan => 'off',
	enable_bitmapscan => 'off' };
$tried{'no join'} = { enable_hashjoin => 'off', enable_mergejoin => 'off', enable_nestloop => 'off' };
$tried{'all workers'} = { parallel_setup_cost => 0, parallel_tuple_cost => 0,
	min_parallel_table_scan_size => 0, min_parallel_index_scan_size => 0,
	max_parallel_workers_per_gather => 4,
	enable_indexscan => 'off', enable_bitmapscan => 'off' };
$tried{'small memory'} = { work_mem => '64kB', hash_mem_multiplier => 1 };
$tried{'random pages for nothing'} = { random_page_cost => 0, seq_page_cost => 0 };

my @other;
foreach my $title (sort keys %tried)
{
	my ($got, $nodes) = answers($tried{$title});
	my @differ = grep { ($got->[$_] // '') ne ($wanted->[$_] // '') } 0 .. $#calls;
	is(join(' ', map { $calls[$_]->[0] } @differ), '', "$title: the same rows")
	  or diag("$calls[$differ[0]]->[1]\ngot:    $got->[$differ[0]]\nwanted: $wanted->[$differ[0]]");
	push @other, $title
	  if join(',', map { "$_$nodes->{$_}" } sort keys %$nodes) ne join(',',
		  map { "$_$usual->{$_}" } sort keys %$usual);
}
note('other plans with: ' . join ', ', @other);
foreach my $title (qw(fca_repo.enable_index_order enable_indexscan enable_nestloop enable_sort),
	'no scan by index', 'all workers')
{
	ok((grep { $_ eq $title } @other), "$title makes other plans");
}

$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by|PANIC|ERROR:  XX\d{3}/, 'no crash');
done_testing();
