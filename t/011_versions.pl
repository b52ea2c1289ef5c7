# Dropped, made again and updated, the extension loses nothing of the user's, and
# sessions from before go on.  Where the install script and the loaded module are
# of different versions, a call is a clear error: every C function is declared in
# every wrong way.  Every script begins with the guard of the schema.  Versions before
# and after this one are made up here.
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/lib";
use File::Basename qw(basename);
use File::Path qw(make_path);
use FcaRepo;
use FcaSession;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('desk');
$node->start;
my $installed = installed_folder($node);
my $version = $node->safe_psql('postgres',
	q{CREATE EXTENSION fca_repo; SELECT extversion FROM pg_extension WHERE extname = 'fca_repo'});
my @relations = relations($node, 'postgres');

sub all_rows
{
	my ($server, $dbname) = @_;
	return $server->safe_psql($dbname, join ' UNION ALL ', map {
		"SELECT '$_', count(*), md5(string_agg(t::text, E'\\n' ORDER BY id)) FROM fca.$_ AS t"
	} @relations);
}

# The members of the extension with all that the script says of them; without oids.
sub members
{
	my ($server, $dbname) = @_;
	return $server->safe_psql($dbname, q{
		SELECT pg_describe_object(d.classid, d.objid, d.objsubid),
			obj_description(d.objid, d.classid::regclass::name), p.proacl,
			CASE WHEN p.oid IS NOT NULL THEN pg_get_functiondef(p.oid) END,
			(SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
				FROM pg_attribute WHERE attrelid = t.typrelid AND NOT attisdropped)
		FROM pg_depend AS d
		LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
		LEFT JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
		WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fca_repo')
		ORDER BY 1});
}

# Runs a statement in a session; its error, as SQLSTATE, or its rows.
sub in_session
{
	my ($session, $sql) = @_;
	$session->{stderr} = '';
	my ($output) = $session->query("\\set VERBOSITY sqlstate\n$sql");
	my $error = $session->{stderr};
	$session->{stderr} = '';
	return $error =~ /(?:ERROR|FATAL):\s+(\w{5})/ ? $1 : $output;
}

sub new_database
{
	my ($server, $dbname) = @_;
	$server->safe_psql('postgres', "CREATE DATABASE $dbname");
	run_fixture($server, $dbname, 'desk');
}

#
# DROP EXTENSION
#

new_database($node, 'desk');
check_calls($node, 'desk');
my $rows = all_rows($node, 'desk');
my $members = members($node, 'desk');
my %reads = (
	(map { ($_ => finder_call($_, 1)) } finder_names),
	(map { ($_ => read_call($_, 1)) } read_names));

# A session in which every read has been made, and one is prepared.
my $session = $node->background_psql('desk', on_error_stop => 0);
my %results = map { ($_ => in_session($session, "$reads{$_};")) } sort keys %reads;
my %may_be_empty = map { $_ => 1 } grep { !gives_rows($node, 'desk', $_) } finder_names;
isnt($results{$_}, '', "$_ finds something") for grep { !$may_be_empty{$_} } sort keys %results;
in_session($session, "PREPARE by_email AS $reads{find_by_email};");

foreach my $cascade ('', ' CASCADE')
{
	$node->safe_psql('desk', "DROP EXTENSION fca_repo$cascade");
	is(all_rows($node, 'desk'), $rows, "DROP EXTENSION$cascade: every row is there");
	is(in_session($session, "$reads{get_all};"), '42704', "after DROP EXTENSION$cascade: no row type");
	is(in_session($session, "$reads{find_by_email};"), '42883', "after DROP EXTENSION$cascade: no function");
	like(in_session($session, 'EXECUTE by_email;'), qr/^(42883|XX000)$/, 'nor in a prepared statement');

	$node->safe_psql('desk', 'CREATE EXTENSION fca_repo');
	is(members($node, 'desk'), $members, 'made again, it is as it was');
	is(all_rows($node, 'desk'), $rows, 'on the same rows');
	is(in_session($session, "$reads{$_};"), $results{$_}, "$_ in a session from before")
	  for sort keys %reads;
	in_session($session, 'DEALLOCATE ALL;');
	in_session($session, "PREPARE by_email AS $reads{find_by_email};");
}
like(in_session($session, write_call('update', 1) . ';'), qr/\|d1\|/, 'it can write');
$session->quit;

# Dropped while a call waits to read its own arguments.
{
	my ($caller, $dropper) = map { FcaSession->new($node, 'desk') } 1 .. 2;
	$dropper->query(q{CREATE TABLE public.given (doc jsonb)});
	$dropper->query(q{ALTER TABLE public.given ALTER doc SET STORAGE EXTERNAL});
	$dropper->query(q{INSERT INTO public.given SELECT jsonb_build_object('email', repeat('x', 20000))});
	my $index = $dropper->query(q{SELECT i.indexrelid::regclass
		FROM pg_class AS c JOIN pg_index AS i ON i.indrelid = c.reltoastrelid
		WHERE c.oid = 'public.given'::regclass});
	$dropper->query($_) foreach 'BEGIN', "REINDEX INDEX $index";
	$caller->send(q{SELECT fca.open_finder('find_by_email', doc) FROM public.given});
	$node->poll_query_until('desk', q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)})
	  or die 'nobody waits';
	$dropper->query($_) foreach 'DROP EXTENSION fca_repo', 'COMMIT', 'CREATE EXTENSION fca_repo',
	  'DROP TABLE public.given';
	is($caller->wait->{state}, '42883', 'a cursor of a finder that is dropped meanwhile');
	$_->quit foreach $caller, $dropper;
}

# What the user makes of the members is in the way, and goes with CASCADE: no more.
$node->safe_psql('desk', q{
	CREATE VIEW public.vips AS SELECT email FROM fca.find_vip_customers();
	CREATE TABLE public.visits (id int, visitor fca.customer);
	INSERT INTO public.visits SELECT 1, c FROM fca.find_by_email('c1@example.com') AS c;
	CREATE FUNCTION public.first_vip() RETURNS fca.customer LANGUAGE sql
		BEGIN ATOMIC SELECT * FROM fca.find_vip_customers(1); END;
});
$rows = all_rows($node, 'desk');
is(sqlstate($node, 'desk', 'DROP EXTENSION fca_repo'), '2BP01', 'refused: there are dependents');
is(members($node, 'desk'), $members, 'nothing is gone');
$node->safe_psql('desk', 'DROP EXTENSION fca_repo CASCADE; CREATE EXTENSION fca_repo');
is($node->safe_psql('desk', 'SELECT * FROM public.visits'), '1',
	'CASCADE takes the column of a row type, and not its table');
is($node->safe_psql('desk', q{SELECT to_regclass('public.vips'), to_regproc('public.first_vip')}),
	'|', 'and the view and the function');
is(all_rows($node, 'desk'), $rows, 'no row of the relations');

# DROP OWNED, where one role made the extension and another the tables.
$node->safe_psql('postgres', q{
	CREATE ROLE installer LOGIN;
	CREATE ROLE app LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE DATABASE shared OWNER installer;
});
$node->safe_psql('shared', 'CREATE EXTENSION pg_trgm');
$node->safe_psql('shared', q{
	CREATE EXTENSION fca_repo;
	SELECT fca.create_tables();
	GRANT USAGE ON SCHEMA fca TO app, reader;
}, extra_params => [ '-U', 'installer' ]);
$node->safe_psql('shared', join ';', 'ALTER FUNCTION fca.set_updated_at() OWNER TO app',
	map { "ALTER TABLE fca.$_ OWNER TO app" } @relations);
$node->safe_psql('shared', q{
	SELECT fca.create(NULL::fca.faq, '{"question": "q", "answer": "a"}');
	GRANT SELECT ON ALL TABLES IN SCHEMA fca TO reader;
}, extra_params => [ '-U', 'app' ]);
$rows = all_rows($node, 'shared');
is(sqlstate($node, 'shared', 'DROP OWNED BY installer'),
	'2BP01', 'DROP OWNED BY who made the extension: refused, the schema is not empty');
is(all_rows($node, 'shared'), $rows, 'every row is there');
$node->safe_psql('shared', 'DROP OWNED BY reader');
is(sqlstate($node, 'shared', 'SET ROLE reader; SELECT * FROM fca.faqs'),
	'42501', 'DROP OWNED BY a reader takes its privileges');
is(all_rows($node, 'shared'), $rows, 'and nothing else');
$node->safe_psql('shared', q{
	ALTER SCHEMA fca OWNER TO app;
	DROP OWNED BY installer;
});
is($node->safe_psql('shared', 'SELECT extname FROM pg_extension ORDER BY 1'),
	"pg_trgm\nplpgsql", 'with the schema of the tables\' owner: only the extension is dropped');
is(all_rows($node, 'shared'), $rows, 'every row is there');
is(sqlstate($node, 'shared', 'CREATE EXTENSION fca_repo'),
	'42501', 'made again by another than the owner of the schema: refused');
$node->safe_psql('shared', q{
	GRANT CREATE ON DATABASE shared TO app;
	SET ROLE app;
	CREATE EXTENSION fca_repo;
	RESET ROLE;
});
is($node->safe_psql('shared', 'SELECT id FROM fca.search_by_keyword($$Q$$)'), '1', 'its owner can');
$node->safe_psql('shared', 'DROP OWNED BY app CASCADE');
is($node->safe_psql('shared', q{SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname = 'faqs'}),
	0, 'DROP OWNED BY the tables\' owner drops the tables');

#
# Every C function, declared in every wrong way
#

# Calls each declaration with values and with NULLs: it must be error 42P13.
my $wrong = $node->safe_psql('desk', q{
	CREATE SCHEMA wrong;
	CREATE FUNCTION wrong.declare_all(OUT tried bigint, OUT faults text) LANGUAGE plpgsql AS $do$
	DECLARE
		types text[] := '{integer,bigint,boolean,text,jsonb,text[],anyelement,timestamptz}';
		results text[] := '{void,integer,bigint,boolean,text,fca.faq,SETOF integer,SETOF text,SETOF fca.faq,'
			'SETOF fca.customer,TABLE(a bigint),"TABLE(a integer, b text)",'
			'"TABLE(a text, b text, c text, d text, e text, f text, g text)",'
			'"TABLE(a bigint, b boolean, c text, d text, e text, f text, g text, h text)"}';
		function record;
		arguments text[];
		returns text;
		variant record;
		call text;
		found text;
	BEGIN
		tried := 0;
		FOR function IN
			SELECT DISTINCT ON (p.prosrc) p.oid, p.prosrc, p.prorettype,
				pg_get_function_result(p.oid) AS result,
				ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS u (t, n)
					ORDER BY n) AS arguments
			FROM pg_proc AS p WHERE p.pronamespace = 'fca'::regnamespace AND p.probin = '$libdir/fca_repo'
			AND p.prorettype <> 'internal'::regtype ORDER BY p.prosrc
		LOOP
			FOR variant IN
				SELECT function.arguments[:cardinality(function.arguments) - 1] AS arguments, function.result
					WHERE function.arguments <> '{}'
				UNION ALL SELECT '{}', function.result WHERE function.arguments <> '{}'
				UNION ALL SELECT function.arguments || t, function.result FROM unnest(types) AS t
				UNION ALL SELECT function.arguments[:n - 1] || t || function.arguments[n + 1:],
					function.result
					FROM unnest(types) AS t, generate_series(1, cardinality(function.arguments)) AS n
					WHERE to_regtype(t) IS DISTINCT FROM to_regtype(function.arguments[n])
				UNION ALL SELECT function.arguments, r FROM unnest(results) AS r WHERE r <> function.result
			LOOP
				BEGIN
					EXECUTE format(
						'CREATE FUNCTION wrong.f(%s) RETURNS %s LANGUAGE c AS ''$libdir/fca_repo'', %L',
						array_to_string(variant.arguments, ', '), variant.result, function.prosrc);
				EXCEPTION WHEN invalid_function_definition OR datatype_mismatch THEN
					CONTINUE;	-- a polymorphic result without such an argument
				END;
				FOREACH call IN ARRAY ARRAY['value', 'null'] LOOP
					SELECT string_agg(CASE WHEN t IN ('anyelement') THEN 'NULL::fca.faq'
						WHEN t = 'anycompatible' THEN '1' WHEN t = 'anycompatiblearray' THEN 'ARRAY[1]'
						WHEN call = 'null' THEN 'NULL::' || t
						WHEN t LIKE '%[]' THEN format('''{1}''::%s', t)
						WHEN t = 'jsonb' THEN '''{"id": 1}''::jsonb'
						WHEN t LIKE 'timestamp%' THEN 'now()' WHEN t = 'boolean' THEN 'true'
						ELSE format('''1''::%s', t) END, ', ' ORDER BY n)
					INTO found FROM unnest(variant.arguments) WITH ORDINALITY AS u (t, n);
					found := format('SELECT wrong.f(%s)', found);
					tried := tried + 1;
					BEGIN
						EXECUTE found;
						faults := concat_ws(E'\n', faults,
							format('%s: %s RETURNS %s: no error', function.prosrc, found, variant.result));
					EXCEPTION
						WHEN invalid_function_definition THEN
							IF sqlerrm !~ 'does not match the loaded module' THEN
								faults := concat_ws(E'\n', faults,
									format('%s: %s: %s', function.prosrc, found, sqlerrm));
							END IF;
						WHEN OTHERS THEN
							faults := concat_ws(E'\n', faults, format('%s: %s RETURNS %s: %s',
								function.prosrc, found, variant.result, sqlerrm));
					END;
				END LOOP;
				EXECUTE format('DROP FUNCTION wrong.f(%s)', array_to_string(variant.arguments, ', '));
			END LOOP;
		END LOOP;
	END $do$;
	SET client_min_messages = warning;
	SELECT tried > 3000, faults FROM wrong.declare_all();
});
is($wrong, 't|', 'a wrong declaration is error 42P13');

# The planner asks about functions without names of arguments, too.
is(sqlstate($node, 'desk', q{
		CREATE FUNCTION wrong.nameless(text) RETURNS SETOF fca.customer
			LANGUAGE c STABLE SUPPORT fca.planner_support AS '$libdir/fca_repo', 'fca_find_by_email';
		SELECT * FROM wrong.nameless('c1@example.com')}),
	'00000', 'arguments without names');
$node->stop;

#
# ALTER EXTENSION UPDATE
#

my $script = slurp_file($installed . share_folder() . "/fca_repo--$version.sql");
ok(-e $installed . share_folder() . '/' . basename($_), basename($_) . ' is installed')
  foreach glob("$FindBin::RealBin/../fca_repo--*--*.sql");

# What may be waiting in the schema: the guard comes first, and then names are made,
# never taken.
my $guard = slurp_file("$FindBin::RealBin/../src/schema_guard.sql");

sub is_guarded
{
	my ($script) = @_;
	return $script =~ /\A(?:\\echo [^\n]*\n)?\Q$guard\E/
	  && $script !~ /\bOR\s+REPLACE\b|\bIF\s+NOT\s+EXISTS\b/i;
}

ok(is_guarded(slurp_file($_)), basename($_) . ' begins with the guard')
  foreach glob($installed . share_folder() . '/fca_repo--*.sql');
ok(!is_guarded($_), 'this would not')
  foreach "SELECT 1;\n$guard", $guard . 'CREATE OR REPLACE FUNCTION fca.f()';

SKIP:
{
	my $folder = abs_path(PostgreSQL::Test::Utils::tempdir) . '/installed';
	my $settings = load_path($folder);
	skip 'this server loads only what is installed in it', 1 if !defined $settings;

	# Beside the scripts that are installed are those of a version that came before, which
	# has a function less, and of one that is yet to come: it changes what can change.
	my $share = $folder . share_folder();
	PostgreSQL::Test::RecursiveCopy::copypath($installed, $folder)
	  if $installed ne '';
	make_path($share);
	my $name = 'fca\.find_by_reference\(';
	my ($added) = $script =~ /^(CREATE FUNCTION $name.*?^COMMENT ON FUNCTION $name.*?;\n)/ms
	  or die 'the script has no find_by_reference';
	append_to_file("$share/fca_repo--previous.sql", "$script\nDROP FUNCTION fca.find_by_reference(text);\n");
	append_to_file("$share/fca_repo--previous--$version.sql", $guard . $added);
	append_to_file("$share/fca_repo--$version--next.sql", $guard . q{
		-- a finder and a base function get an argument, one changes what it gives
		DROP FUNCTION fca.find_by_email(text);
		CREATE FUNCTION fca.find_by_email(email text, any_case boolean DEFAULT false)
			RETURNS SETOF fca.customer AS 'MODULE_PATHNAME', 'fca_find_by_email'
			LANGUAGE C STABLE PARALLEL SAFE ROWS 1 SUPPORT fca.planner_support;
		DROP FUNCTION fca.delete(anyelement, anycompatible);
		CREATE FUNCTION fca.delete(model anyelement, id anycompatible, data jsonb DEFAULT NULL)
			RETURNS boolean AS 'MODULE_PATHNAME', 'fca_delete' LANGUAGE C VOLATILE;
		DROP FUNCTION fca.count(anyelement, jsonb);
		CREATE FUNCTION fca.count(model anyelement, filters jsonb DEFAULT '{}') RETURNS numeric
			AS 'MODULE_PATHNAME', 'fca_count' LANGUAGE C STABLE;
		-- one is no more, one is new
		DROP FUNCTION fca.find_by_reference(text);
		CREATE FUNCTION fca.find_by_phone(phone text) RETURNS SETOF fca.customer
			AS 'MODULE_PATHNAME', 'fca_find_by_email' LANGUAGE C STABLE;
		UPDATE pg_proc SET prosrc = 'fca_find_by_phone' WHERE proname = 'find_by_phone';
		-- a resource has one more column
		ALTER TYPE fca.product ADD ATTRIBUTE colour text;
	});
	append_to_file("$share/fca_repo--$version--newer.sql", $guard . q{
		DROP FUNCTION fca.find_by_reference(text);
		CREATE FUNCTION fca.find_by_phone(phone text) RETURNS SETOF fca.customer
			AS 'MODULE_PATHNAME', 'fca_find_by_phone' LANGUAGE C STABLE;
	});
	my $other = new_node('other', conf => $settings);
	$other->start;

	# The members of a new installation: what an update must come to.
	$other->safe_psql('postgres', 'CREATE EXTENSION fca_repo');
	my $expected = members($other, 'postgres');

	{
		my $dbname = 'from_previous';
		$other->safe_psql('postgres', "CREATE DATABASE $dbname");
		$other->safe_psql($dbname, q{CREATE EXTENSION fca_repo VERSION 'previous'});
		run_fixture($other, $dbname, 'desk');
		my $before = all_rows($other, $dbname);
		my %has = signatures($other, $dbname, 'true');
		ok(!exists $has{find_by_reference}, 'previous: it lacks a function');
		my $old = $other->background_psql($dbname, on_error_stop => 0);
		my %old = map { ($_ => in_session($old, "$reads{$_};")) } grep { $has{$_} } sort keys %reads;

		$other->safe_psql($dbname, 'ALTER EXTENSION fca_repo UPDATE');
		is($other->safe_psql($dbname, q{SELECT extversion FROM pg_extension WHERE extname = 'fca_repo'}),
			$version, 'previous: updated');
		is(members($other, $dbname), $expected, 'previous: updated, it is as if newly installed');
		is(all_rows($other, $dbname), $before, 'previous: the rows are the same');
		is(in_session($old, "$reads{$_};"), $old{$_}, "previous: $_ in a session from before")
		  foreach sort keys %old;
		$old->quit;
		is(sqlstate($other, $dbname, $reads{$_}), '00000', "previous: updated, $_") for sort keys %reads;
	}

	# Something waits in the schema for the new names: it is refused, as for a new installation.
	$other->safe_psql('postgres', q{
		CREATE ROLE mallory;
		CREATE ROLE dbo;
		CREATE DATABASE waiting;
		GRANT CREATE ON DATABASE waiting TO dbo;
	});
	$other->safe_psql('waiting', q{
		CREATE EXTENSION fca_repo;
		GRANT USAGE, CREATE ON SCHEMA fca TO mallory;
	});
	my $update = q{ALTER EXTENSION fca_repo UPDATE TO 'next'};
	is(sqlstate($other, 'waiting', $update), '42501',
		'update: refused, another role may create in the schema');
	$other->safe_psql('waiting', q{
		SET ROLE mallory;
		CREATE FUNCTION fca.find_by_phone(varchar) RETURNS text LANGUAGE sql RETURN 'mallory';
		RESET ROLE;
		REVOKE CREATE ON SCHEMA fca FROM mallory;
	});
	my ($status, $stdout, $stderr) = $other->psql('waiting', $update);
	like($stderr, qr/DETAIL:  The owner of function find_by_phone\(character varying\) is "mallory"/,
		'update: refused, its function is waiting');
	is(members($other, 'waiting'), $expected, 'update: nothing is changed');
	is(sqlstate($other, 'waiting', "DROP FUNCTION fca.find_by_phone; $update"), '00000',
		'update: without it all is well');

	# In a schema of his own the owner of the extension updates it, and a superuser as that
	# role; of the functions that wait there none is run, or taken.
	$other->safe_psql('waiting', q{
		DROP EXTENSION fca_repo;
		ALTER SCHEMA fca OWNER TO dbo;
		SET ROLE dbo;
		CREATE EXTENSION fca_repo;
		CREATE FUNCTION fca.guard_schema(oid) RETURNS void
			LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$a trap was run$$; END';
		CREATE FUNCTION fca.find_by_phone(text) RETURNS SETOF fca.customer
			LANGUAGE sql AS 'SELECT NULL::fca.customer';
	});
	is(sqlstate($other, 'waiting', $update), '42501', "update: refused, the schema is another role's");
	is(sqlstate($other, 'waiting', "SET ROLE dbo; $update"), '42723',
		'update: a name that is there is not taken');
	is(sqlstate($other, 'waiting', "SET ROLE dbo; DROP FUNCTION fca.find_by_phone(text); $update"), '00000',
		'update: by its owner');

	# A script without its module cannot be run: nothing is changed.
	new_database($other, 'next');
	($status, $stdout, $stderr) =
	  $other->psql('next', q{ALTER EXTENSION fca_repo UPDATE TO 'newer'});
	like($stderr, qr/could not find function "fca_find_by_phone" in file/, 'newer: not with this module');
	is(members($other, 'next'), $expected, 'newer: nothing is changed');

	# The module does not know the next version: that is what a session sees that
	# has loaded it before an update.
	my $before = all_rows($other, 'next');
	my $old = $other->background_psql('next', on_error_stop => 0);
	in_session($old, "$reads{$_};") for sort keys %reads;
	in_session($old, "PREPARE by_email AS $reads{find_by_email};");
	in_session($old, "PREPARE of_type AS $reads{find_by_type};");
	my $in_transaction = $other->background_psql('next', on_error_stop => 0);
	in_session($in_transaction, 'BEGIN;');
	like(in_session($in_transaction, write_call('create', 1) . ';'), qr/N-1/, 'a transaction that writes');

	$other->safe_psql('next', q{ALTER EXTENSION fca_repo UPDATE TO 'next'});
	my %changed = (
		find_by_email => '42P13',
		count => '42P13',
		find_by_reference => '42883',
		get_by_email => $results{get_by_email},
		get_all => $results{get_all});
	foreach my $name (sort keys %changed)
	{
		is(in_session($old, "$reads{$name};"), $changed{$name}, "next: $name in a session from before");
		my $now = sqlstate($other, 'next', $reads{$name});
		is($now, $changed{$name} =~ /^(\w{5})$/ ? $1 : '00000', "next: $name in a new session");
	}
	is(in_session($old, write_call('delete', 1) . ';'), '42P13', 'next: delete, which has one more argument');
	is(in_session($old, q{SELECT fca.find_by_phone('1');}), '42883',
		'next: a function that the module lacks');
	is(in_session($old, q{SELECT fca.open_finder('find_by_email', '{"email": "a", "any_case": true}');}),
		'42883', 'next: a cursor of a finder that differs');
	is(in_session($old, 'EXECUTE by_email;'), '42P13', 'next: a prepared call of what was dropped');
	is(in_session($old, "$reads{find_by_type};"), '42703', 'next: a column that the table lacks');
	like(in_session($in_transaction, write_call('create_many', 1) . ';'),
		qr/\|new\|\|f$/m, 'next: a transaction from before goes on');
	in_session($in_transaction, 'ROLLBACK;');
	is(all_rows($other, 'next'), $before, 'next: the rows are the same');
	$other->safe_psql('next', q{ALTER TABLE fca.products ADD COLUMN colour text DEFAULT 'red'});
	like(in_session($old, "$reads{find_by_type};"), qr/\|red$/m, 'next: and then the table has it');
	($status, $stdout, $stderr) = $other->psql('next', $reads{find_by_email});
	like($stderr, qr/function fca\.find_by_email\(text,boolean\) does not match the loaded module/,
		'next: it says what');
	like($stderr, qr/DETAIL:  The module expects \(text\) RETURNS SETOF fca\.customer\./, 'next: and how');
	like($stderr, qr/HINT:  Run ALTER EXTENSION fca_repo UPDATE, and connect again\./,
		'next: and what to do');
	$_->quit for $old, $in_transaction;
	is(sqlstate($other, 'next', q{ALTER EXTENSION fca_repo UPDATE TO 'none'}), '22023',
		'no way to another version');
	$other->stop;
}

done_testing();
