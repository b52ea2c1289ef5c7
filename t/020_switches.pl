# Each of the settings fca_repo.enable_* switches off what it says, at once, and back
# on; the rows are the same.  (The regression tests with all of them off, and every
# call with each of them off, are in t/017_settings.pl.)
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('switches');
$node->start;
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE FUNCTION public.kept(int) RETURNS bigint VOLATILE LANGUAGE sql AS
		$$SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'fca_repo repeated call'$$;
	CREATE TABLE public.numbers AS SELECT i AS id, i % 50 AS n FROM generate_series(1, 500) AS i;
	INSERT INTO fca.customers (customer_id, email, first_name, last_name)
	SELECT 'X-' || i, 'x' || i || '@example.com', 'f', 'l' FROM generate_series(1, 200) AS i;
	INSERT INTO fca.accounts (account_number, customer_id, created_at)
	SELECT 'X-' || i, 1 + i % 200, '2026-02-01Z'::timestamptz + hashint4(i) % 1000 * interval '1 hour'
	FROM generate_series(1, 10000) AS i;
	ANALYZE});

# This loads the module, and gives nothing.
my $load = 'SELECT FROM fca.find_by_email(NULL)';

# What statements give in a session of their own, line by line; and the log of it.
sub run
{
	my (@statements) = @_;
	my ($status, $stdout, $stderr) = $node->psql('postgres', join(";\n", $load, @statements) . ";\n");
	is($status, 0, 'the statements succeed') or diag($stderr);
	return ([ split /\n/, $stdout ], $stderr);
}

sub off { return "SET fca_repo.enable_$_[0] = off" }
sub on { return "SET fca_repo.enable_$_[0] = on" }

# All of them are there, for everybody, and no other of such a name.
my ($got) = run(q{SELECT name, setting, context FROM pg_settings
	WHERE name LIKE 'fca\_repo.%' ORDER BY name});
is_deeply($got, [
		(map { "fca_repo.enable_$_|on|user" } qw(estimates hashed_lists index_order inlining rescan)),
		'fca_repo.plan_cache_size|16384|superuser' ], 'the settings');
foreach my $name (qw(enable_rescans plan_cache))
{
	is(sqlstate($node, 'postgres', "$load; SET fca_repo.$name = off"), '42602', "no setting fca_repo.$name");
}
($got) = run(off('estimates'), 'EXPLAIN (SETTINGS, COSTS off) SELECT 1');
like($got->[-1], qr/^Settings: .*fca_repo\.enable_estimates = 'off'/, 'EXPLAIN shows one that is off');

#
# enable_rescan
#

my $repeated = q{SELECT i, c.id, public.kept(i) FROM generate_series(1, 4) AS i,
	LATERAL fca.get_by_id(NULL::fca.customer, 1 + i % 2) AS c};
($got) = run($repeated, off('rescan'), $repeated, on('rescan'), $repeated);
is_deeply($got, [qw(1|2|0 2|1|1 3|2|1 4|1|1  1|2|0 2|1|0 3|2|0 4|1|0  1|2|0 2|1|1 3|2|1 4|1|1)],
	'enable_rescan: no executor is kept');

# Off for the first rows only, and on again in a savepoint: what would be kept goes with that.
($got) = run('BEGIN', off('rescan'), "DECLARE c CURSOR FOR $repeated", 'FETCH 1 FROM c',
	'SAVEPOINT s', on('rescan'), 'FETCH 1 FROM c',
	'ROLLBACK TO s', on('rescan'), 'FETCH 2 FROM c', 'COMMIT', 'SELECT public.kept(1)');
is_deeply($got, [qw(1|2|0 2|1|0 3|2|0 4|1|0 0)], 'enable_rescan: on again in a savepoint');
# Off when an executor is kept: the query goes on without it, and with it again.
($got) = run('BEGIN', "DECLARE c CURSOR FOR $repeated", 'FETCH 2 FROM c', off('rescan'), 'FETCH 1 FROM c',
	on('rescan'), 'FETCH 1 FROM c', 'COMMIT', 'SELECT public.kept(1)');
is_deeply($got, [qw(1|2|0 2|1|1 3|2|1 4|1|1 0)], 'enable_rescan: off amid a query');

#
# enable_inlining
#

my $joined = q{EXPLAIN (COSTS off) SELECT c.id
	FROM fca.accounts AS t, LATERAL fca.find_by_business_id(t.account_number) AS c};
foreach my $state (\&on, \&off, \&on)
{
	($got) = run($state->('inlining'), $joined);
	my $inlined = $state == \&on;
	is(scalar(grep { /Function Scan on find_by_business_id/ } @$got), $inlined ? 0 : 1, $state->('inlining'));
	is(scalar(grep { /on customers/ } @$got), $inlined ? 1 : 0, 'and the relation');
}
SKIP:
{
	skip 'no EXPLAIN (GENERIC_PLAN)', 1 if $node->pg_version < 16;
	($got) = run('EXPLAIN (GENERIC_PLAN, COSTS off) SELECT id FROM fca.find_by_email($1)');
	like("@$got", qr/on customers r/, 'the plan for all values');
}

# An SQL function that is planned for each query that calls it keeps the call; one that is planned once does not.
my @logged = (q{LOAD 'auto_explain'}, 'SET auto_explain.log_min_duration = 0',
	'SET auto_explain.log_nested_statements = on',
	'SET auto_explain.log_level = notice', 'SET plan_cache_mode = force_generic_plan',
	q{CREATE FUNCTION pg_temp.wrapper(text) RETURNS bigint LANGUAGE sql VOLATILE AS
		'SELECT count(*) FROM fca.find_by_email($1)'}, q{SELECT pg_temp.wrapper('x')});
(undef, my $nested) = run(@logged);
is(scalar(() = $nested =~ /Function Scan on find_by_email/g), $node->pg_version < 18 ? 1 : 0,
	'a call in an SQL function');

#
# enable_index_order: by the nodes of the plans that run
#

my $list = 'SELECT string_agg(id::text, $$ $$) FROM fca.list_by_customer(1)';
my @shown = (q{LOAD 'auto_explain'}, 'SET auto_explain.log_min_duration = 0',
	'SET auto_explain.log_nested_statements = on',
	'SET auto_explain.log_level = notice', 'SET client_min_messages = debug2');
my ($rows, $log) = run(@shown, $list, off('index_order'), $list, on('index_order'), $list,
	off('index_order'), $list);
is(scalar(() = $log =~ /fca_repo: made a plan/g), 2,
	'enable_index_order: a plan of either sort is made once');
is(join(' ', $log =~ /(Bitmap Heap Scan|Index Scan)(?: Backward)?(?: using \S+)? on accounts r/g),
	'Index Scan Bitmap Heap Scan Index Scan Bitmap Heap Scan',
	'and used while it is switched so') or diag($log);
like($rows->[0], qr/^\d+( \d+){10,}$/, 'many rows');
is_deeply($rows, [ ($rows->[0]) x 4 ], 'which are the same');

#
# enable_hashed_lists: by the text
#

my $counted = sprintf(q{SELECT fca.count(NULL::public.numbers, '{"n": [%s]}')}, join(', ', 1 .. 20));
($rows, $log) = run('SET client_min_messages = debug2', $counted, off('hashed_lists'), $counted,
	on('hashed_lists'), $counted, off('hashed_lists'), $counted);
my @texts = $log =~ /fca_repo: made a plan \(kept\): (.*)/g;
is_deeply([ map { s/.*WHERE //r } @texts ],
	[ '((r.n OPERATOR(pg_catalog.=) ANY (SELECT pg_catalog.unnest($1))) IS TRUE)',
		'(r.n OPERATOR(pg_catalog.=) ANY ($1))' ],
	'enable_hashed_lists: two texts, each planned once');
is_deeply($rows, [ (200) x 4 ], 'the rows are the same');

#
# enable_estimates
#

my $declared = $node->safe_psql('postgres',
	q{SELECT prorows FROM pg_proc WHERE oid = 'fca.find_by_conversation'::regproc});
($got) = run(map { ($_->('estimates'), 'EXPLAIN SELECT * FROM fca.find_by_conversation(1, 7)') }
	\&on, \&off, \&on);
my @costs = map { /cost=(\S+)\.\.\S+ rows=(\d+)/ ? [ $1, $2 ] : () } @$got;
is_deeply([ map { $_->[1] } @costs ], [ 7, $declared, 7 ], 'enable_estimates: the rows, or those declared');
isnt($costs[0]->[0], $costs[1]->[0], 'and the cost');
is($costs[0]->[0], $costs[2]->[0], 'which is the same again');

$node->stop;
done_testing();
