# A statement is planned once for all calls of its key; plans that are of no
# more use are freed; and calls leave nothing behind.  The log says so at DEBUG2.
#
# FCA_PLAN_CALLS (1000) is the number of calls of each function.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('desk', conf => q{
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = all
pg_stat_statements.track_planning = on
pg_stat_statements.save = off
autovacuum = off
synchronous_commit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');

my %signatures = signatures($node, 'postgres', 'true');

# The fixture's rows, many times over: so that writes have something to change.
$node->safe_psql('postgres', q{
	INSERT INTO fca.messages (conversation_id, role, content)
	SELECT 1, 'system', 'm' FROM generate_series(1, 1000);
	ANALYZE fca.messages;
});

# A finder's call with another page for each number, first and later ones.
sub paged_call
{
	my ($name, $i, $later) = @_;
	my @paging;
	foreach my $argument (@{ $signatures{$name} })
	{
		# of one size: a kept plan is for up to 10, 100 or 1,000 rows
		push @paging, 'max_rows => ' . (101 + $i % 900)
		  if $argument eq 'max_rows';
	}
	return finder_call($name, $i, @paging, $later ? finder_place($name, $i) : ());
}

#
# No plan is made twice.
#

my $times = $ENV{FCA_PLAN_CALLS} || 1000;
my %calls;
foreach my $name (finder_names)
{
	$calls{$name} = [ map { paged_call($name, $_, 0) } 1 .. $times ];
	$calls{"$name, later page"} = [ map { paged_call($name, $_, 1) } 1 .. $times ]
	  if finder_place($name, 1);
}
# An estimate is planned for its values, and not executed.
foreach my $name (grep { $_ ne 'count_estimate' } read_names)
{
	$calls{$name} = [ map { read_call($name, $_) } 1 .. $times ];
}
foreach my $name (grep { $_ ne 'create_tables' } write_names)
{
	$calls{$name} = [ map { write_call($name, $_) } 1 .. $times ];
}
foreach my $name (stream_names)
{
	$calls{$name} = [ map { in_block(stream_call($name, $_)) } 1 .. $times ];
}

# Checks of foreign keys are the server's own.
my $own = q{NOT toplevel AND query !~ '^SELECT 1 FROM ONLY' AND query !~ 'pg_stat_statements'};
my $script = '';
foreach my $name (sort keys %calls)
{
	$script .= "SELECT pg_stat_statements_reset() \\g /dev/null\n";
	$script .= "\\o /dev/null\n" . join(";\n", @{ $calls{$name} }) . ";\n\\o\n";
	$script .= qq{SELECT '$name', sum(calls), max(plans) FROM pg_stat_statements WHERE $own;\n};
}
my %counted;
foreach my $line (split /\n/, $node->safe_psql('postgres', $script))
{
	my ($name, $count, $plans) = split /\|/, $line;
	$counted{$name} = [ $count, $plans ];
}
foreach my $name (sort keys %calls)
{
	my ($count, $plans) = @{ $counted{$name} || [] };
	# a cursor's statement is executed by FETCH, and not by the call
	is($count, $times, "$name: as many statements as calls")
	  if !grep { $_ eq $name } stream_names;
	cmp_ok(length($plans // '') ? $plans : $times, '<=', 1, "$name: planned once");
}

#
# Plans that are evicted or no longer valid are freed.
#

my $memory = 'SELECT sum(used_bytes) FROM pg_backend_memory_contexts';
my $plans = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource'};
my $columns = join ', ', map { "c$_ int" } 1 .. 13;

$node->safe_psql('postgres', "CREATE TABLE public.wide (id int PRIMARY KEY, $columns)");

# The call for one of 8,191 sets of columns.
sub subset_call
{
	my ($n) = @_;
	my $set = 1 + $n * 3851 % 8191;
	my $filters = join ', ', map { "\"c$_\": $n" } grep { $set & 1 << $_ - 1 } 1 .. 13;
	return "SELECT * FROM fca.get_by_filters(NULL::public.wide, '{$filters}');\n";
}

# With room for far fewer plans than there are keys.
$script = "SET pg_stat_statements.track = none;\nSET fca_repo.plan_cache_size = '3MB';\n$plans;\n";
foreach my $round (0 .. 3)
{
	$script .= join '', map { subset_call($_) } $round * 1000 .. $round * 1000 + 999;
	$script .= "$plans;\n$memory;\n";
}
my ($before, @seen) = split /\n/, $node->safe_psql('postgres', $script);
my @kept = @seen[ 0, 2, 4, 6 ];
my @bytes = @seen[ 1, 3, 5, 7 ];
# They are larger where the server checks memory.
cmp_ok($_ - $before, '>=', 15, "plans are kept: $_") for @kept;
cmp_ok($_ - $before, '<=', 150, "kept plans are bounded: $_") for @kept;
my $taken_by_plans = q{SELECT coalesce(sum(total_bytes), 0) FROM pg_backend_memory_contexts
	WHERE name LIKE 'CachedPlan%' OR name = 'SPI Plan'};
foreach my $bound (1, 4, 16)
{
	my $taken = $node->safe_psql('postgres', "SET fca_repo.plan_cache_size = '${bound}MB';\n"
		  . join('', map { subset_call($_) } 1 .. 800) . $taken_by_plans);
	cmp_ok($taken, '<=', $bound * 1024 * 1024, "the memory of kept plans is bounded by the setting: $taken");
	cmp_ok($taken, '>', $bound * 1024 * 1024 / 2, 'and much of that is used');
}
cmp_ok($bytes[3], '<', $bytes[0] * 1.1 + 100_000,
	"memory after 4,000 keys is that after 1,000: @bytes");
cmp_ok($bytes[3], '<', 32 * 1024 * 1024, "which is bounded: $bytes[3]");

# What fails leaves no plan, however often and under however many keys; and what is
# kept goes with DISCARD, and where it is no longer valid with the next new plan.
sub session_values
{
	return split /\n/, $node->safe_psql('postgres', join ";\n", 'SET pg_stat_statements.track = none', @_);
}

$node->safe_psql('postgres', q{
	CREATE FUNCTION public.upserts(calls int, conflict text) RETURNS int LANGUAGE plpgsql AS $$
	DECLARE
		failed int := 0;
	BEGIN
		FOR i IN 1..calls LOOP
			BEGIN
				PERFORM fca.upsert(NULL::public.wide,
					(SELECT jsonb_object_agg('c' || b, i) || '{"id": 1}' FROM generate_series(1, 13) AS b
						WHERE b = 1 OR i & (1 << b - 2) > 0), ARRAY[conflict]);
			EXCEPTION WHEN invalid_column_reference THEN
				failed := failed + 1;
			END;
		END LOOP;
		RETURN failed;
	END $$});
my @values = session_values("SELECT public.upserts(5, 'c1')", $plans, $memory,
	"SELECT public.upserts(4000, 'c1')", $plans, $memory);
is($values[3], 4000, '4,000 upserts of different columns fail');
cmp_ok($values[4] - $values[1], '<=', 1, 'and leave no plan');
cmp_ok($values[5] - $values[2], '<', 500_000, "nor memory: $values[2] $values[5]");
foreach my $discard ('DISCARD PLANS', 'DISCARD ALL')
{
	@values = session_values('SELECT 1', $taken_by_plans, "SELECT public.upserts(50, 'id')", $taken_by_plans,
		$discard, $taken_by_plans);
	cmp_ok($values[3] - $values[1], '>', 500_000, '100 plans take memory');
	cmp_ok($values[4] - $values[1], '<', 100_000, "$discard gives it back: @values[1, 3, 4]");
}
@values = session_values('SELECT 1', "SELECT public.upserts(50, 'id')", $taken_by_plans,
	'ALTER TABLE public.wide SET (fillfactor = 99)', q{SELECT count(*) FROM fca.find_by_email('x')},
	$taken_by_plans);
cmp_ok($values[4], '<', $values[2] / 4,
	"plans that are no longer valid give it back to the next: @values[2, 4]");

# What a row makes invalid goes before the next one, also in a call of many rows.
$node->safe_psql('postgres', q{
	CREATE FUNCTION public.unsteady_id() RETURNS int VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN 7; END';
	CREATE TABLE public.unsteady (id int DEFAULT public.unsteady_id(), taken bigint);
	CREATE FUNCTION public.unsettle() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		GRANT SELECT ON public.unsteady TO PUBLIC;
		REVOKE SELECT ON public.unsteady FROM PUBLIC;
		NEW.taken := (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name LIKE 'CachedPlan%');
		RETURN NEW;
	END $$;
	CREATE TRIGGER unsettle BEFORE INSERT ON public.unsteady
		FOR EACH ROW EXECUTE FUNCTION public.unsettle()});
@values = session_values(q{SELECT string_agg(taken::text, ' ') FILTER (WHERE n IN (20, 400))
	FROM fca.create_many(NULL::public.unsteady, (SELECT jsonb_agg(
		CASE WHEN i = 1 THEN '{"id": 1}' ELSE '{}' END::jsonb)
		FROM generate_series(1, 400) AS i)) WITH ORDINALITY AS u (id, taken, n)});
my ($early, $late) = split / /, $values[0];
cmp_ok($late - $early, '<', 500_000, "380 rows later no more memory is taken by plans: $early $late");

# A plan that takes more than half of the room is used, and others stay.
$node->safe_psql('postgres', q{
	CREATE TABLE public.parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
	DO $$ BEGIN
		FOR i IN 0..299 LOOP
			EXECUTE format(
				'CREATE TABLE public.parted_%s PARTITION OF public.parted FOR VALUES FROM (%s) TO (%s)',
				i, i * 10, i * 10 + 10);
		END LOOP;
	END $$;
	INSERT INTO public.parted SELECT i, i FROM generate_series(0, 2999) AS i});
@values = session_values("SET fca_repo.plan_cache_size = '1MB'", 'SELECT fca.count(NULL::fca.faq)', $plans,
	(map { ("SELECT v FROM fca.get_by_id(NULL::public.parted, $_)", $plans) } 7, 1234),
	"SET fca_repo.plan_cache_size = '100MB'", 'SELECT v FROM fca.get_by_id(NULL::public.parted, 2999)',
	$plans);
is_deeply([ @values[ 2, 4, 6 ] ], [ 7, 1234, 2999 ], 'rows by plans that are not kept, and by one that is');
is_deeply([ map { $_ - $values[1] } @values[ 3, 5, 7 ] ], [ 0, 0, 1 ],
	'only where there is room for it a plan is kept');

# Keys that come in turn, and those of one call, are planned once.
sub plans_of
{
	my (@statements) = @_;
	return $node->safe_psql('postgres',
		"SELECT pg_stat_statements_reset() \\g /dev/null\n\\o /dev/null\n" . join(";\n", @statements)
		  . ";\n\\o\nSELECT max(plans) || ' ' || sum(plans) FROM pg_stat_statements"
		  . " WHERE $own AND query ~ 'public.wide'");
}
is(plans_of(map { my $round = $_; map { subset_call($_) } 1 .. 64 } 1 .. 5), '1 64',
	'64 keys in turn are planned once');
$node->safe_psql('postgres', q{
	CREATE FUNCTION public.key_sets(sets int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg((
		SELECT jsonb_object_agg('c' || b, i) || jsonb_build_object('id', i % 7)
		FROM generate_series(1, 13) AS b WHERE b = 1 OR i % sets & (1 << b - 2) > 0) ORDER BY i)
	FROM generate_series(1, 3 * sets) AS i $$});
foreach my $sets (28, 30, 64)
{
	is(plans_of(("SELECT fca.upsert_many(NULL::public.wide, public.key_sets($sets))") x 3),
		'1 ' . 2 * $sets, "rows of $sets sets of keys: two plans for each");
}
# From 18 on the server keeps plans for an SQL function too.
@values = session_values("SET fca_repo.plan_cache_size = '1MB'",
	'SELECT jsonb_array_length(public.key_sets(500))', $taken_by_plans,
	'SELECT count(*) FROM fca.upsert_many(NULL::public.wide, public.key_sets(500))', $taken_by_plans);
is($values[2], 1500, 'rows of 500 sets, with room for few');
cmp_ok($values[3] - $values[1], '<=', 1024 * 1024, "which they do not exceed: @values[1, 3]");

# Rows of one call leave nothing for the rows that follow: neither what it takes to
# plan them, each time, nor plans that are no longer valid.
$node->safe_psql('postgres', q{
	CREATE TABLE public.measured (n int, bytes bigint);
	CREATE FUNCTION public.measure() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		-- PL/pgSQL itself keeps something of expressions whose plans are discarded
		INSERT INTO public.measured SELECT NEW.id, sum(total_bytes) FROM pg_backend_memory_contexts
			WHERE NEW.id IN (100, 1000) AND name <> 'ExecutorState';
		EXECUTE TG_ARGV[0];
		RETURN NULL;
	END $$});
foreach my $each ('SELECT', 'DISCARD PLANS')
{
	my ($rows, $growth) = split /\n/, $node->safe_psql('postgres', qq{
		CREATE TABLE public.upserted (id int PRIMARY KEY, v int);
		CREATE TRIGGER measure AFTER INSERT ON public.upserted
			FOR EACH ROW EXECUTE FUNCTION public.measure('$each');
		TRUNCATE public.measured;
		SELECT count(*) FROM fca.upsert_many(NULL::public.upserted,
			(SELECT jsonb_agg(jsonb_build_object('id', i, 'v', i)) FROM generate_series(1, 1000) AS i));
		SELECT max(bytes) FILTER (WHERE n = 1000) - max(bytes) FILTER (WHERE n = 100) FROM public.measured;
		DROP TABLE public.upserted});
	is($rows, 1000, "1,000 upserts in a call, $each after each");
	cmp_ok($growth, '<', 100_000, "take no more memory than 100: $growth");
}
@values = session_values("SET fca_repo.plan_cache_size = '1MB'",
	q{SELECT count(*) FROM fca.upsert_many(NULL::public.parted,
	(SELECT jsonb_agg(jsonb_build_object('id', i, 'v', 'n')) FROM generate_series(1, 40) AS i))});
is($values[0], 40, 'upserts by a plan that is too large to be kept');
like($node->safe_psql('postgres', "SELECT pg_stat_statements_reset() \\g /dev/null\n"
	  . "SET fca_repo.plan_cache_size = '1MB';\n\\o /dev/null\n"
	  . q{SELECT fca.upsert_many(NULL::public.parted,
		  (SELECT jsonb_agg(jsonb_build_object('id', i, 'v', 'm')) FROM generate_series(1, 40) AS i));}
	  . "\n\\o\nSELECT sum(plans) FROM pg_stat_statements WHERE $own AND query ~ 'public.parted'"),
	qr/^2$/, 'which stays in hand for all rows of the call');

# Rows that are inserted one by one, since one of them lacks what another one gives.
$node->safe_psql('postgres', q{
	CREATE FUNCTION public.next_v() RETURNS text LANGUAGE sql VOLATILE AS $$SELECT 'd'$$;
	ALTER TABLE public.parted ALTER v SET DEFAULT public.next_v();
	DELETE FROM public.parted});
foreach my $name (qw(create_many create_many_report))
{
	is($node->safe_psql('postgres', "SELECT pg_stat_statements_reset() \\g /dev/null\n"
		  . "SET fca_repo.plan_cache_size = '1MB';\n\\o /dev/null\n"
		  . qq{SELECT fca.$name(NULL::public.parted, (
			  SELECT jsonb_agg(jsonb_build_object('id', i)
				  || CASE WHEN i % 2 = 0 THEN '{"v": "m"}'::jsonb ELSE '{}' END)
			  FROM generate_series(1, 40) AS i));}
		  . "\n\\o\nSELECT sum(plans), sum(calls), (SELECT count(*) FROM public.parted)"
		  . " FROM pg_stat_statements WHERE $own AND query ~ 'INSERT INTO public.parted'"),
		'1|40|40', "$name: so does that of rows in turn");
	$node->safe_psql('postgres', 'DELETE FROM public.parted');
}
$node->safe_psql('postgres', q{
	ALTER TABLE public.parted ALTER v DROP DEFAULT;
	INSERT INTO public.parted SELECT i, i FROM generate_series(0, 2999) AS i});

#
# What the log says of plans
#

# What is said at DEBUG2 while statements run in a new session.
sub said
{
	my (@statements) = @_;
	my ($status, $stdout, $stderr) = $node->psql('postgres',
		join(";\n", 'SET client_min_messages = debug2', @statements) . ";\n");
	is($status, 0, 'the statements succeed') or diag($stderr);
	return $stderr =~ /^(?:psql:\S+ )?DEBUG:  fca_repo: (.*)$/mg;
}

my $one = q{SELECT n FROM fca.get_by_filters(NULL::public.told, '{"n": 1}')};
my $one_text = 'SELECT r.id, r.n, r.mood FROM public.told AS r WHERE (r.n OPERATOR(pg_catalog.=) $1)'
  . ' ORDER BY r.id LIMIT 100';
$node->safe_psql('postgres', q{
	CREATE TYPE public.mood AS ENUM ('sad', 'happy');
	CREATE TABLE public.told (id int PRIMARY KEY, n int, mood public.mood);
	CREATE ROLE clerk;
	GRANT SELECT ON public.told TO clerk;
	GRANT USAGE ON SCHEMA fca TO clerk});
is_deeply([ said(($one) x 3, 'SET ROLE clerk', 'SET search_path = pg_catalog', $one) ],
	["made a plan (kept): $one_text"], 'a plan is made once, for every role and path, and no more is said');
foreach my $case (
	[ 'ALTER TABLE public.told SET (fillfactor = 90)', 'invalidated' ],
	[ q{ALTER TYPE public.mood RENAME VALUE 'sad' TO 'glum'}, 'a type has changed' ])
{
	is_deeply([ said($one, $case->[0], $one) ],
		[ "made a plan (kept): $one_text", "discarded a plan ($case->[1]): $one_text",
			"made a plan (kept): $one_text" ],
		"$case->[0]: $case->[1]");
}
my $find = q{SELECT id FROM fca.find_by_category('x')};
like(join("\n", said($find, 'BEGIN', 'ALTER TYPE fca.faq ADD ATTRIBUTE v int',
		'ALTER TYPE fca.faq DROP ATTRIBUTE v', $find, 'ROLLBACK')),
	qr/\A
		made\ a\ plan\ \(kept\):\ (SELECT\ .*)\n
		discarded\ a\ plan\ \(the\ row\ type\ has\ changed\):\ \1\n
		made\ a\ plan\ \(kept\):\ \1\z/x,
	'the row type of a resource');
is_deeply([ said($one, 'DISCARD PLANS') ],
	[ "made a plan (kept): $one_text", "discarded a plan (DISCARD): $one_text" ], 'DISCARD PLANS');
my @evicted = said("SET fca_repo.plan_cache_size = '1MB'", map { subset_call($_) =~ s/;\n//r } 1 .. 100);
cmp_ok(scalar(grep { /^discarded a plan \(evicted\): SELECT / } @evicted), '>', 10,
	'plans are evicted where there is no room');
is(scalar(grep { /^made a plan \(kept\): SELECT / } @evicted), 100, 'and others made');
is(scalar(grep { !/ a plan \((evicted|kept)\): SELECT / } @evicted), 0, 'and nothing else happens');
like(join("\n", said("SET fca_repo.plan_cache_size = '1MB'",
		('SELECT v FROM fca.get_by_id(NULL::public.parted, 7)') x 2)),
	qr/\A(made a plan \(not kept\): SELECT [^\n]*\n?){2}\z/, 'a plan that is too large is made each time');

# No value of a call is part of that.
$node->safe_psql('postgres', 'CREATE TABLE public.letters (id text PRIMARY KEY, a text, b text[], c jsonb)');
my @secretive = said(
	q{SELECT fca.create(NULL::public.letters,
		'{"id": "secret1", "a": "secret2", "b": ["secret3"], "c": {"secret": 4}}')},
	q{SELECT fca.upsert_many(NULL::public.letters, '[{"id": "secret1", "a": "secret"}, {"id": "secret5"}]')},
	q{SELECT fca.create_many_report(NULL::public.letters, '[{"id": "secret1"}, {"id": "secret6"}]')},
	q{SELECT fca.get_by_id(NULL::public.letters, 'secret1')},
	q{SELECT fca.get_many(NULL::public.letters, '{secret1}'::text[])},
	q{SELECT fca.count(NULL::public.letters, '{"b": {"eq": ["secret"]},
		"a": {"ne": "secret", "contains": "secret", "starts_with": "secret", "in": ["secret"]}}')},
	q{SELECT fca.count_estimate(NULL::public.letters, '{"a": "secret"}')},
	q{SELECT fca.get_page(NULL::public.letters, '{}', 'a desc', 5, '{"id": "secret", "a": "secret"}')},
	q{SELECT fca.update_if(NULL::public.letters, 'secret', '{"a": "secret"}', '{"a": "secret"}')},
	q{SELECT fca.delete_many(NULL::public.letters, '{"a": "secret"}')},
	q{SELECT fca.find_by_email('secret')},
	q{SELECT fca.search_by_name('secret')},
	q{SELECT fca.find_by_conversation(1, 5, '2026-01-01Z', 774411)});
cmp_ok(scalar @secretive, '>=', 14, 'many plans are made');
is(scalar(grep { /secret|2026|774411/i } @secretive), 0, 'and no value is said')
  or diag(join "\n", @secretive);

# Each change of the table, and then of the row type, makes the plan anew.
foreach my $change (
	'ALTER TABLE public.wide SET (fillfactor = %d)',
	'ALTER TABLE public.wide ALTER COLUMN c1 TYPE varchar(%d)')
{
	my $round = sub {
		return join '', map {
			sprintf("$change;\n", 10 + $_ % 80)
			  . "SELECT * FROM fca.get_by_filters(NULL::public.wide, '{\"c1\": 1}');\n"
			  . "SELECT * FROM fca.find_one(NULL::public.wide, '{\"c1\": 1}');\n"
		} 1 .. 200;
	};
	my ($first, $kept_first, $count, $last, $kept_last) = split /\n/, $node->safe_psql(
		'postgres',
		$round->()
		  . "$memory;\n$plans;\nSELECT pg_stat_statements_reset() \\g /dev/null\n"
		  . $round->()
		  . "SELECT sum(plans) FROM pg_stat_statements WHERE $own;\n$memory;\n$plans;\n");
	cmp_ok($count, '>=', 400, "$change: plans are made anew");
	is($kept_last, $kept_first, "$change: invalid plans are freed");
	cmp_ok($last - $first, '<', 100_000, "$change: memory stays");
}

#
# Calls leave nothing behind: many statements, and many calls in one.
#

my %writes = map { $_ => 1 } grep { $_ ne 'create_tables' } write_names;
my @mix = sort keys %calls;

sub mixed_calls
{
	my ($count) = @_;
	my $sql = '';
	for my $i (1 .. $count)
	{
		my $name = $mix[ $i % @mix ];
		$sql .= exists $writes{$name}
		  ? "BEGIN;\n" . write_call($name, 1000 + $i) . ";\nROLLBACK;\n"
		  : $calls{$name}->[ $i / @mix % $times ] . ";\n";
	}
	return $sql;
}

my ($warm, $end) = split /\n/, $node->safe_psql('postgres',
	"SET pg_stat_statements.track = none;\n\\o /dev/null\n"
	  . mixed_calls(2000)
	  . "\\o\n$memory;\n\\o /dev/null\n"
	  . mixed_calls(20_000)
	  . "\\o\n$memory;\n");
cmp_ok($end - $warm, '<', 100_000,
	"20,000 statements leave no memory behind: " . ($end - $warm));

$node->safe_psql('postgres', q{
	CREATE FUNCTION memory() RETURNS bigint LANGUAGE plpgsql AS
	'BEGIN RETURN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts); END';
});
foreach my $name (finder_names, read_names)
{
	my $sql = (grep { $_ eq $name } finder_names)
	  ? finder_call($name, '(1 + n % 8)') : read_call($name, '(1 + n % 8)');
	my $growth = $node->safe_psql('postgres', qq{
		SET pg_stat_statements.track = none;
		SELECT max(bytes) FILTER (WHERE n = 1500) - max(bytes) FILTER (WHERE n = 500)
		FROM (SELECT n, CASE WHEN n IN (400, 500, 1500) THEN memory() END AS bytes
			FROM generate_series(1, 1500) AS n
			CROSS JOIN LATERAL (SELECT count(*) FROM ($sql) AS f OFFSET 0) AS f) AS m});
	cmp_ok($growth, '<', 20_000, "$name: 1,000 calls in a statement leave no memory behind: $growth");
}

$node->stop;
done_testing();
