# Another role has been there before: it owns schema fca or the extension, or may
# create in the schema and waits in it, or it has put into public, pg_temp and a
# schema of its own a trap for each function, operator, type and relation of
# pg_catalog, and casts.  A superuser installs the extension, makes the tables and
# calls everything: that is refused, or no trap is ever run.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use FcaSession;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('desk', conf => "max_prepared_transactions = 2\n");
$node->start;
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") foreach qw(mallory dbo app);
my @as_mallory = (extra_params => [ '-U', 'mallory' ]);
my @as_dbo = (extra_params => [ '-U', 'dbo' ]);
my @as_app = (extra_params => [ '-U', 'app' ]);

sub new_database
{
	my ($dbname, $options) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $dbname " . ($options || ''));
	$node->safe_psql($dbname, "CREATE EXTENSION pg_trgm;
		GRANT CREATE ON DATABASE $dbname TO mallory; GRANT CREATE ON SCHEMA public TO mallory");
}

#
# Something in schema fca is another role's
#

# What SECURITY.md says to look with.
my ($audit) = slurp_file("$FindBin::RealBin/../SECURITY.md") =~ /```sql\n(BEGIN;.*?)```/s;

sub audit
{
	my ($dbname, %as) = @_;
	return $node->safe_psql($dbname, $audit, %as);
}

my $installed = q{SELECT count(*) FROM pg_extension WHERE extname = 'fca_repo'};

# Is a command refused, with that object and its owner, and a hint?
sub refused
{
	my ($dbname, $command, $detail, $name, %as) = @_;
	my ($status, $stdout, $stderr) = $node->psql($dbname, "\\set VERBOSITY verbose\n$command", %as);
	like($stderr, qr/ERROR:  42501: schema "fca" .*\nDETAIL:  $detail\.\nHINT:  \S.*\.$/m, "$name: refused");
	return;
}

new_database('before');
$node->safe_psql('before',
	'CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far;
	GRANT USAGE ON FOREIGN SERVER far TO mallory');

# One object of each sort that a role may make without being a superuser.
my %waiting = (
	'a function' => q{CREATE FUNCTION fca.find_by_email(varchar) RETURNS text LANGUAGE sql RETURN 'mallory'},
	'a procedure' => q{CREATE PROCEDURE fca.create_tables(text) LANGUAGE sql AS ''},
	'the guard' => q{CREATE FUNCTION fca.guard_schema(oid) RETURNS void LANGUAGE sql AS ''},
	'an aggregate' => q{CREATE AGGREGATE fca.count(text) (SFUNC = textcat, STYPE = text)},
	'an operator' => q{CREATE OPERATOR fca.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)},
	'a table' => 'CREATE TABLE fca.customers (id bigint)',
	'a partitioned table' => 'CREATE TABLE fca.customers (id bigint) PARTITION BY HASH (id)',
	'a foreign table' => 'CREATE FOREIGN TABLE fca.faqs (id bigint) SERVER far',
	'a view' => 'CREATE VIEW fca.faqs AS SELECT 1 AS id',
	'a materialized view' => 'CREATE MATERIALIZED VIEW fca.faqs AS SELECT 1 AS id',
	'a sequence' => 'CREATE SEQUENCE fca.customers_id_seq',
	'a composite type' => 'CREATE TYPE fca.clerk AS (id bigint)',
	'an enum' => q{CREATE TYPE fca.status AS ENUM ('active')},
	'a domain' => 'CREATE DOMAIN fca.text AS pg_catalog.text',
	'a range' => 'CREATE TYPE fca.period AS RANGE (SUBTYPE = timestamptz)',
	'a cast' => q{CREATE TYPE fca.key AS (id bigint);
		CREATE FUNCTION fca.key_text(fca.key) RETURNS text LANGUAGE sql RETURN 'mallory';
		CREATE CAST (fca.key AS text) WITH FUNCTION fca.key_text AS IMPLICIT},
	'a collation' => q{CREATE COLLATION fca."default" (LOCALE = 'C')},
	'a conversion' => q{CREATE CONVERSION fca.utf8 FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8},
	'a text search dictionary' => 'CREATE TEXT SEARCH DICTIONARY fca.simple (TEMPLATE = simple)',
	'a text search configuration' => 'CREATE TEXT SEARCH CONFIGURATION fca.simple (PARSER = "default")',
	'statistics' =>
		'CREATE TABLE public.seen (a int, b int); CREATE STATISTICS fca.seen ON a, b FROM public.seen',
	'an extension' => 'CREATE EXTENSION citext SCHEMA fca',
	'what was elsewhere' => q{CREATE FUNCTION public.find_by_email(varchar) RETURNS text
		LANGUAGE sql RETURN 'mallory';
		ALTER FUNCTION public.find_by_email SET SCHEMA fca});
foreach my $what (sort keys %waiting)
{
	# It may create in the schema only, and not any more when the extension is installed,
	$node->safe_psql('before', 'CREATE SCHEMA fca; GRANT USAGE, CREATE ON SCHEMA fca TO mallory');
	$node->safe_psql('before', $waiting{$what}, @as_mallory);
	$node->safe_psql('before', 'REVOKE CREATE ON SCHEMA fca FROM mallory');
	refused('before', 'CREATE EXTENSION fca_repo', 'The owner of \S.*\S is "mallory"', "$what waits there");
	is($node->safe_psql('before', $installed), 0, "$what waits there: nothing is installed");
	like(audit('before'), qr/\A(\S.*\|mallory\n?)+\z/, "$what waits there: seen by the audit");
	$node->safe_psql('before',
		'SET client_min_messages = warning; DROP SCHEMA fca CASCADE;
		DROP TABLE IF EXISTS public.seen; DROP EXTENSION IF EXISTS citext');

	# or between that and create_tables().
	$node->safe_psql('before', 'CREATE EXTENSION fca_repo; GRANT USAGE, CREATE ON SCHEMA fca TO mallory');
	$node->safe_psql('before', $waiting{$what}, @as_mallory);
	$node->safe_psql('before', 'REVOKE CREATE ON SCHEMA fca FROM mallory');
	refused('before', 'SELECT fca.create_tables()', 'The owner of \S.*\S is "mallory"', "$what came after");
	is($node->safe_psql('before', q{SELECT to_regclass('fca.messages')}), '',
		"$what came after: nothing is made");
	like(audit('before'), qr/\A(\S.*\|mallory\n?)+\z/, "$what came after: seen by the audit");
	$node->safe_psql('before',
		'SET client_min_messages = warning; DROP EXTENSION fca_repo; DROP SCHEMA fca CASCADE;
		DROP TABLE IF EXISTS public.seen; DROP EXTENSION IF EXISTS citext');
}

# Empty, the schema is another role's all the same: its owner may add to it.
$node->safe_psql('before', 'CREATE SCHEMA fca', @as_mallory);
refused('before', 'CREATE EXTENSION fca_repo', 'The owner of schema fca is "mallory"', 'an empty schema');
is(audit('before'), 'schema fca|mallory', 'an empty schema: seen by the audit');

# Nor may anybody else create in it.
$node->safe_psql('before', 'ALTER SCHEMA fca OWNER TO CURRENT_USER');
foreach my $grantee ('mallory', 'PUBLIC')
{
	$node->safe_psql('before', "GRANT CREATE ON SCHEMA fca TO $grantee");
	refused('before', 'CREATE EXTENSION fca_repo', "CREATE on schema fca is granted to $grantee",
		"open to $grantee");
	is(audit('before'), "CREATE on schema fca|$grantee", "open to $grantee: seen by the audit");
	$node->safe_psql('before', "REVOKE CREATE ON SCHEMA fca FROM $grantee");
}
$node->safe_psql('before',
	'GRANT USAGE ON SCHEMA fca TO PUBLIC; CREATE EXTENSION fca_repo;
	SELECT fca.create_tables(); SELECT fca.create_tables()');
is(audit('before'), '', 'after what the hints say: installed, and the audit finds nothing');

# Where all relations are there, and from now on: a new right, a new object, and one
# that a transaction which is older does not see.
my $late = q{CREATE FUNCTION fca.find_by_email(varchar) RETURNS text LANGUAGE sql RETURN 'mallory'};
my $older = FcaSession->new($node, 'before');
$older->query($_) foreach 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT fca.create_tables()',
	'SAVEPOINT s';
$node->safe_psql('before', 'GRANT CREATE ON SCHEMA fca TO mallory');
refused('before', 'SELECT fca.create_tables()', 'CREATE on schema fca is granted to mallory',
	'all relations are there, a new right');
is($older->try('SELECT fca.create_tables()')->{state}, '42501',
	'a new right, in a transaction that is older');
$older->query('ROLLBACK TO s');
$node->safe_psql('before', $late, @as_mallory);
$node->safe_psql('before', 'REVOKE CREATE ON SCHEMA fca FROM mallory');
refused('before', 'SELECT fca.create_tables()',
	'The owner of function fca\.find_by_email\(character varying\) is "mallory"',
	'all relations are there, a new object');
is($older->try('SELECT fca.create_tables()')->{state}, '42501',
	'a new object, in a transaction that is older');
$older->quit;
$node->safe_psql('before', 'DROP FUNCTION fca.find_by_email(varchar)');

# A function of the extension that was given away can be replaced by its new owner.
$node->safe_psql('before', 'ALTER FUNCTION fca.find_by_email(text) OWNER TO mallory');
refused('before', 'SELECT fca.create_tables()',
	'The owner of function fca\.find_by_email\(text\) is "mallory"', 'given away');
is(audit('before'), 'function fca.find_by_email(text)|mallory', 'given away: seen by the audit');
$node->safe_psql('before', 'DROP EXTENSION fca_repo; DROP SCHEMA fca CASCADE');

# Who may create in the database can install first.  A superuser who comes later
# uses none of it, and is told.
$node->safe_psql('before', "CREATE EXTENSION fca_repo; $late", @as_mallory);
my $again = 'CREATE EXTENSION IF NOT EXISTS fca_repo; SELECT fca.create_tables()';
refused('before', $again, 'The owner of schema fca is "mallory"', 'another role has installed it');
$node->safe_psql('before', 'ALTER SCHEMA fca OWNER TO CURRENT_USER');
refused('before', $again, 'The owner of \S.* is "mallory"',
	'another role has installed it, the schema is taken over');
is(audit('before'), '', 'the extension is trusted by the audit');
is($node->safe_psql('before', q{SELECT extowner::regrole FROM pg_extension WHERE extname = 'fca_repo'}),
	'mallory', 'so one looks whose it is');
$node->safe_psql('before', 'DROP FUNCTION fca.find_by_email(varchar)');
refused('before', $again, 'The owner of extension fca_repo is "mallory"',
	'another role has installed it, what it added is dropped');
is($node->safe_psql('before', q{SELECT to_regclass('fca.customers')}), '', 'nothing is made');
$node->safe_psql('before', "DROP EXTENSION fca_repo; CREATE EXTENSION fca_repo; $again;
	DROP EXTENSION fca_repo; DROP SCHEMA fca CASCADE");

# The owner of the database is one of these, where a superuser installs.
new_database('owned', 'OWNER dbo');
$node->safe_psql('owned', 'CREATE SCHEMA fca', @as_dbo);
refused('owned', 'CREATE EXTENSION fca_repo', 'The owner of schema fca is "dbo"',
	"the database's owner's schema");
$node->safe_psql('owned', 'ALTER SCHEMA fca OWNER TO pg_database_owner');
refused('owned', 'CREATE EXTENSION fca_repo', 'The owner of schema fca is "pg_database_owner"',
	"the database's owner's schema, by that role");
$node->safe_psql('owned', $late, @as_dbo);
$node->safe_psql('owned', 'ALTER SCHEMA fca OWNER TO CURRENT_USER');
refused('owned', 'CREATE EXTENSION fca_repo',
	'The owner of function find_by_email\(character varying\) is "dbo"', "the database's owner's function");
$node->safe_psql('owned', 'DROP SCHEMA fca CASCADE');

# He can install it himself: a superuser too, as that role.  Then he makes the tables.
is(sqlstate($node, 'owned', 'CREATE SCHEMA fca AUTHORIZATION dbo; SET ROLE dbo; CREATE EXTENSION fca_repo'),
	'00000', 'installed as the owner of the schema');
my @relations = relations($node, 'owned');
is($node->safe_psql('owned',
		'SELECT count(*) FROM fca.create_tables() UNION ALL SELECT count(*) FROM fca.create_tables()',
		@as_dbo),
	@relations . "\n0", 'who makes the tables, twice');
is(audit('owned', @as_dbo), '', 'the audit finds nothing');
refused('owned', 'SELECT fca.create_tables()', 'The owner of schema fca is "dbo"',
	'a superuser calls create_tables() there');
$node->safe_psql('owned', 'GRANT USAGE, CREATE ON SCHEMA fca TO app', @as_dbo);
refused('owned', 'SELECT fca.create_tables()', 'The owner of schema fca is "dbo"',
	'so does a role that may create there', @as_app);
refused('owned', 'SELECT fca.create_tables()', 'CREATE on schema fca is granted to app',
	'then he trusts that role no more', @as_dbo);
is(audit('owned'), 'CREATE on schema fca|app', 'nor does the audit');
$node->safe_psql('owned', 'REVOKE ALL ON SCHEMA fca FROM app', @as_dbo);

# The functions are a superuser's, so he cannot take EXECUTE on them from anybody,
# nor alter them: the gate is USAGE on the schema, which is his.
my ($status, $stdout, $stderr) = $node->psql('owned',
	"\\set VERBOSITY verbose\nREVOKE EXECUTE ON FUNCTION fca.find_by_email(text) FROM PUBLIC", @as_dbo);
like($stderr, qr/WARNING:  01006: no privileges could be revoked/,
	'EXECUTE cannot be revoked by who is no superuser');
is($node->safe_psql('owned', q{SELECT has_function_privilege('app', 'fca.find_by_email(text)', 'EXECUTE')}),
	't', 'and is not');
is(sqlstate($node, 'owned', 'SET ROLE dbo; ALTER FUNCTION fca.find_by_email(text) PARALLEL UNSAFE'), '42501',
	'nor can a function be altered');
$node->safe_psql('owned', 'GRANT SELECT ON fca.customers TO app', @as_dbo);
foreach my $gate ([ 'GRANT USAGE ON SCHEMA fca TO', '00000' ], [ 'REVOKE USAGE ON SCHEMA fca FROM', '42501' ])
{
	$node->safe_psql('owned', "$gate->[0] app", @as_dbo);
	is(sqlstate($node, 'owned', q{SET ROLE app; SELECT fca.find_by_email('e')}), $gate->[1],
		"$gate->[0] app");
}

# A superuser has installed it, and a role that may create in the schema makes the
# tables for itself: it trusts superusers.
new_database('shared');
$node->safe_psql('shared', 'CREATE EXTENSION fca_repo; GRANT USAGE, CREATE ON SCHEMA fca TO app');
is($node->safe_psql('shared',
		'SELECT count(*) FROM fca.create_tables() UNION ALL SELECT count(*) FROM fca.create_tables()',
		@as_app),
	@relations . "\n0", 'by a role that may create there, twice');
is($node->safe_psql('shared', q{SELECT count(*) FROM fca.find_by_email('e')}, @as_app), 0,
	'and it can call what is there');
refused('shared', 'SELECT fca.create_tables()', 'The owner of \S.* is "app"',
	'the superuser does not trust that role');

# What it makes while the superuser waits for it is seen too.
my ($app, $super) = map { FcaSession->new($node, 'shared') } 1 .. 2;
$super->query($_) foreach 'DROP TABLE fca.faqs', 'REASSIGN OWNED BY app TO CURRENT_USER';
$app->query($_) foreach 'SET ROLE app', 'BEGIN', 'SELECT fca.create_tables()', 'DROP TABLE fca.faqs', $late;
$super->query('REVOKE CREATE ON SCHEMA fca FROM app');
$super->send('SELECT fca.create_tables()');
$node->poll_query_until('shared', q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)})
	or die 'nobody waits';
$app->query('COMMIT');
is($super->wait->{state}, '42501', 'what is made while one waits');
$_->quit foreach $app, $super;

# Also of a transaction that is open, or prepared, and made it before the right was taken away: it is waited
# for, by CREATE EXTENSION and by create_tables(), and what it leaves is seen; what it takes back is no
# matter.
$node->safe_psql('postgres', 'CREATE DATABASE pending');
my $trigger = q{CREATE FUNCTION fca.set_updated_at() RETURNS trigger
	LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'};
my $overload = q{CREATE FUNCTION fca.count(text, jsonb) RETURNS bigint LANGUAGE sql RETURN 7};
foreach my $case ([ 'CREATE EXTENSION fca_repo', $overload, 'COMMIT' ],
	[ 'CREATE EXTENSION fca_repo', $overload, 'ROLLBACK' ],
	[ 'SELECT fca.create_tables()', $trigger, 'COMMIT' ],
	[ 'SELECT fca.create_tables()', $trigger, q{COMMIT PREPARED 'p'} ])
{
	my ($call, $object, $end) = @$case;
	my ($maker, $waiter) = map { FcaSession->new($node, 'pending') } 1 .. 2;
	$waiter->query($_) foreach 'DROP EXTENSION IF EXISTS fca_repo', 'DROP SCHEMA IF EXISTS fca CASCADE',
		'CREATE SCHEMA fca';
	$waiter->query('CREATE EXTENSION fca_repo') if $call =~ /create_tables/;
	$waiter->query('GRANT ALL ON SCHEMA fca TO mallory');
	$maker->query($_) foreach 'SET ROLE mallory', 'BEGIN', $object;
	$maker->query(q{PREPARE TRANSACTION 'p'}) if $end =~ /PREPARED/;
	$waiter->query('REVOKE CREATE ON SCHEMA fca FROM mallory');
	$waiter->send($call);
	$node->poll_query_until('pending', q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)})
		or die 'nobody waits';
	$maker->query($end);
	is($waiter->wait->{state}, $end eq 'ROLLBACK' ? '00000' : '42501',
		"$call waits for mallory, whose transaction ends by $end");
	$_->quit foreach $maker, $waiter;
}

# Who may create in public can keep pg_trgm out of it: that costs two indexes.
$node->safe_psql('shared',
	'DROP EXTENSION fca_repo, pg_trgm CASCADE; DROP SCHEMA fca CASCADE; CREATE EXTENSION fca_repo');
$node->safe_psql('shared', 'CREATE FUNCTION public.similarity(text, text) RETURNS real LANGUAGE sql RETURN 0',
	@as_mallory);
($status, $stdout, $stderr) = $node->psql('shared', 'SELECT count(*) FROM fca.create_tables()');
is($stdout, @relations, 'without pg_trgm: the tables are made');
like($stderr, qr/WARNING:  there is no index for search_by_name and search_by_keyword/,
	'without pg_trgm: with a warning');

# In a schema of its own a role may install the extension, which is trusted: but
# what it has put there is not run by the script, which is run as a superuser.
$node->safe_psql('before', q{
	CREATE TABLE public.ran (who name, what text);
	CREATE FUNCTION public.trap(what text) RETURNS void
		LANGUAGE sql AS 'INSERT INTO public.ran VALUES (current_user, what)';
	CREATE SCHEMA fca;
	CREATE FUNCTION fca.guard_schema(text) RETURNS void LANGUAGE sql AS $$SELECT public.trap('text')$$;
	CREATE FUNCTION fca.guard_schema(oid) RETURNS void LANGUAGE sql AS $$SELECT public.trap('oid')$$;
	CREATE FUNCTION fca.guard_schema(anyelement) RETURNS void LANGUAGE sql AS $$SELECT public.trap('any')$$;
	CREATE FUNCTION fca.guard_schema(VARIADIC pg_catalog.regrole[]) RETURNS void
		LANGUAGE sql AS $$SELECT public.trap('variadic')$$;
	CREATE FUNCTION fca.guard_schema(name) RETURNS void LANGUAGE sql AS $$SELECT public.trap('name')$$;
	CREATE FUNCTION fca.check_it(pg_catalog.regrole) RETURNS boolean
		LANGUAGE sql AS $$SELECT public.trap('regrole'); SELECT true$$;
	CREATE DOMAIN fca.regrole AS pg_catalog.regrole CHECK (fca.check_it(VALUE));
	CREATE DOMAIN fca.text AS pg_catalog.text CHECK (VALUE IS NULL);
	CREATE DOMAIN fca.jsonb AS pg_catalog.jsonb CHECK (VALUE IS NULL);
	CREATE EXTENSION fca_repo;
}, @as_mallory);
is($node->safe_psql('before', 'SELECT * FROM public.ran'), '',
	"nothing of the installer's is run by the script");
is($node->safe_psql('before', q{SELECT p.oid::regprocedure FROM pg_proc AS p, unnest(p.proargtypes) AS t
	WHERE p.proname = 'find_by_email' AND t = 'pg_catalog.text'::regtype}),
	'fca.find_by_email(text)', "nor are its types taken");
foreach my $itself ([ '', '42723' ], [ ', boolean DEFAULT true', '42725' ])
{
	is(sqlstate($node, 'before', qq{SET ROLE mallory; DROP EXTENSION IF EXISTS fca_repo;
			CREATE FUNCTION fca.guard_schema(pg_catalog.regrole$itself->[0]) RETURNS void
				LANGUAGE sql AS \$\$SELECT public.trap('itself')\$\$;
			CREATE EXTENSION fca_repo}),
		$itself->[1], "refused where the guard's call could mean another: guard_schema(regrole$itself->[0])");
	$node->safe_psql('before', "DROP FUNCTION fca.guard_schema(pg_catalog.regrole"
		  . ($itself->[0] && ', boolean') . ')');
}
is($node->safe_psql('before', 'SELECT * FROM public.ran'), '', 'which is not run either');

#
# A trap for everything
#

# Made by mallory, in a schema: each function, operator and type of pg_catalog,
# and those operators and functions for the other types of strings, where they
# fit better than the real ones; aggregates; relations of all names.
my $traps = q{
	SET search_path = pg_catalog;
	CREATE FUNCTION public.trap() RETURNS boolean
		LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'a trap was run'; END$$;
	DO $do$
	DECLARE
		place text := '%PLACE%';
		string text;
		r record;
	BEGIN
		FOR r IN
			SELECT format('CREATE FUNCTION %I.%I(%s) RETURNS %s
				LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); END$$', place, p.proname, a.arguments,
				CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || p.prorettype::regtype::text) AS command
			FROM pg_proc AS p, unnest('{text,varchar,bpchar,name}'::text[]) AS s,
				LATERAL (SELECT string_agg(CASE WHEN t = 'text'::regtype THEN s
						ELSE t::regtype::text END, ', ' ORDER BY n) AS arguments
					FROM unnest(p.proargtypes) WITH ORDINALITY AS u (t, n)) AS a
			WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.provariadic = 0
			AND p.proallargtypes IS NULL AND (s = 'text' OR 'text'::regtype = ANY (p.proargtypes::oid[]))
		LOOP
			BEGIN
				EXECUTE r.command;
			EXCEPTION WHEN OTHERS THEN	-- pseudo-types; the function of another type is there
				CONTINUE;
			END;
		END LOOP;
		FOR r IN
			SELECT o.oprname,
				CASE WHEN o.oprleft = 'text'::regtype THEN s ELSE o.oprleft::regtype::text END AS l,
				CASE WHEN o.oprright = 'text'::regtype THEN s ELSE o.oprright::regtype::text END AS r
			FROM pg_operator AS o, unnest('{text,varchar,bpchar,name}'::text[]) AS s
			WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0 AND o.oprcode <> 0
			AND (s = 'text' OR 'text'::regtype IN (o.oprleft, o.oprright))
		LOOP
			BEGIN
				EXECUTE format('CREATE FUNCTION %I.operator_trap(%s, %s) RETURNS boolean
					LANGUAGE plpgsql AS $$BEGIN RETURN public.trap(); END$$', place, r.l, r.r);
			EXCEPTION WHEN OTHERS THEN
				NULL;
			END;
			BEGIN
				EXECUTE format(
					'CREATE OPERATOR %I.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = %I.operator_trap)',
					place, r.oprname, r.l, r.r, place);
			EXCEPTION WHEN OTHERS THEN
				CONTINUE;
			END;
		END LOOP;
		FOR r IN SELECT typname FROM pg_type
			WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typelem = 0 LOOP
			BEGIN
				EXECUTE format('CREATE DOMAIN %1$I.%2$I AS pg_catalog.%2$I CHECK (public.trap())',
					place, r.typname);
			EXCEPTION WHEN OTHERS THEN
				CONTINUE;
			END;
		END LOOP;
		FOR r IN SELECT relname FROM pg_class
			WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
			UNION SELECT unnest('{%RELATIONS%,fca_rows}'::name[]) LOOP
			EXECUTE format('CREATE VIEW %I.%I AS SELECT public.trap() AS id', place, r.relname);
		END LOOP;
	END $do$;
};
my $aggregates = q{
	CREATE FUNCTION %PLACE%.step(bigint) RETURNS bigint
		LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); END$$;
	CREATE FUNCTION %PLACE%.step(anyarray, anyelement) RETURNS anyarray
		LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); END$$;
	CREATE AGGREGATE %PLACE%.count(*) (SFUNC = %PLACE%.step, STYPE = bigint);
	CREATE AGGREGATE %PLACE%.array_agg(anyelement) (SFUNC = %PLACE%.step, STYPE = anyarray, INITCOND = '{}');
	CREATE TYPE %PLACE%.wild AS ENUM ('active', 'x');
	CREATE FUNCTION %PLACE%.wild_text(%PLACE%.wild) RETURNS text
		LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); END$$;
	CREATE FUNCTION %PLACE%.text_wild(text) RETURNS %PLACE%.wild
		LANGUAGE plpgsql AS $$BEGIN PERFORM public.trap(); END$$;
	CREATE CAST (%PLACE%.wild AS text) WITH FUNCTION %PLACE%.wild_text AS IMPLICIT;
	CREATE CAST (text AS %PLACE%.wild) WITH FUNCTION %PLACE%.text_wild AS IMPLICIT;
};

sub set_traps
{
	my ($dbname, $place) = @_;
	(my $commands = $traps) =~ s/%PLACE%/$place/g;
	$commands =~ s/%RELATIONS%/join ',', @relations/ge;
	(my $others = $aggregates) =~ s/%PLACE%/$place/g;
	$commands =~ s/CREATE FUNCTION public\.trap\(\).*?END\$\$;\n//s if $place ne 'evil';
	my $schema = $place eq 'evil' ? 'CREATE SCHEMA evil;' : '';
	$node->safe_psql($dbname, "$schema $commands SET search_path = pg_catalog; $others", @as_mallory);
}

# Types and relations of pg_temp come before all others, if the path does not say
# otherwise: those of the session itself.
my $temporary = q{
	SET client_min_messages = error;
	DO $do$
	DECLARE
		r record;
	BEGIN
		FOR r IN SELECT relname FROM pg_catalog.pg_class
			WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
			UNION SELECT unnest('{%RELATIONS%,fca_rows,customer,faq}'::name[]) LOOP
			EXECUTE format('CREATE TABLE pg_temp.%I (id pg_catalog.bool CHECK (public.trap()))', r.relname);
		END LOOP;
		FOR r IN SELECT typname FROM pg_catalog.pg_type
			WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typelem = 0 LOOP
			BEGIN
				EXECUTE format('CREATE DOMAIN pg_temp.%1$I AS pg_catalog.%1$I CHECK (public.trap())',
					r.typname);
			EXCEPTION WHEN OTHERS THEN
				CONTINUE;
			END;
		END LOOP;
	END $do$;
	RESET client_min_messages;
};
$temporary =~ s/%RELATIONS%/join ',', @relations/ge;

new_database('desk');
set_traps('desk', 'evil');
set_traps('desk', 'public');
cmp_ok($node->safe_psql('desk', q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'evil'::regnamespace}),
	'>', 2000, 'functions wait');
cmp_ok(
	$node->safe_psql('desk', q{SELECT count(*) FROM pg_operator WHERE oprnamespace = 'evil'::regnamespace}),
	'>', 700, 'operators wait');
foreach my $capture ('1 = 1', q{'a'::pg_catalog.varchar ~~* 'a'::pg_catalog.varchar}, 'now()', 'count(*)',
	q{lower('a'::pg_catalog."varchar")},
	q{'a'::text}, 'id FROM customers', q{pg_catalog.now() = pg_catalog.now()}, 'unnest(ARRAY[1])',
	q{pg_catalog.lower('x'::evil.wild)})
{
	is(sqlstate($node, 'desk', "SET search_path = evil, pg_catalog; SELECT $capture"), 'P0001',
		"caught: $capture");
}
is(sqlstate($node, 'desk', "$temporary SELECT 'a'::text"), 'P0001', 'caught: a type of pg_temp');

# The paths under which all is called.
my %paths = (
	'evil' => 'SET search_path = evil, pg_catalog, public;',
	'public' => 'SET search_path = public, pg_catalog;',
	'pg_temp' => "$temporary SET search_path = evil, public;",
	'pg_temp first' => "$temporary SET search_path = pg_temp, evil, fca, pg_catalog;");

#
# Installed under such a path
#

foreach my $path (sort keys %paths)
{
	is(sqlstate($node, 'desk', "BEGIN; $paths{$path} CREATE EXTENSION fca_repo; SELECT fca.create_tables();
			INSERT INTO fca.faqs (question, answer) VALUES ('q', 'a');
			INSERT INTO fca.customers (customer_id, email, first_name, last_name) VALUES ('c', 'e', 'f', 'l');
			UPDATE fca.customers SET notes = 'n';
			SELECT fca.create_tables();
			DROP EXTENSION fca_repo; CREATE EXTENSION fca_repo;
			SELECT fca.find_by_email('e'); ROLLBACK"),
		'00000', "installed, path $path");
}
$node->safe_psql('desk', "$paths{evil} CREATE EXTENSION fca_repo; SELECT fca.create_tables()");
is($node->safe_psql('desk', q{
		SELECT count(*) FROM pg_depend AS d, pg_operator AS o
		WHERE d.refclassid = 'pg_operator'::regclass AND d.refobjid = o.oid
		AND o.oprnamespace <> 'pg_catalog'::regnamespace
		AND d.classid NOT IN ('pg_amop'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass)
		AND d.deptype = 'n'
		UNION ALL
		SELECT count(*) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
		JOIN pg_type AS t ON t.oid = a.atttypid
		WHERE c.relnamespace = 'fca'::regnamespace AND t.typnamespace <> 'pg_catalog'::regnamespace
		UNION ALL
		SELECT count(*) FROM pg_proc AS p, unnest(p.proargtypes) AS a JOIN pg_type AS t ON t.oid = a
		WHERE p.pronamespace = 'fca'::regnamespace AND t.typnamespace <> 'pg_catalog'::regnamespace}),
	"0\n0\n0", 'no operator, type or argument of theirs in what was made');

#
# Called under such a path
#

run_fixture($node, 'desk', 'desk');
check_calls($node, 'desk');
$node->safe_psql('desk', q{
	SET search_path = pg_catalog;
	CREATE TYPE public.mood AS ENUM ('sad', 'happy');
	CREATE TABLE public.orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(20),
		fixed char(3), plain text, label name,
		mood public.mood, price numeric(9,2), amount real, small smallint, day date, at timestamp,
		tags varchar[], numbers int[], data jsonb, updated_at timestamptz);
	INSERT INTO public.orders (id, name, fixed, plain, label, mood, price, amount, small, day, at, tags,
		numbers, data) VALUES
		('00000000-0000-4000-8000-000000000001', 'One', 'a', 'One', 'a', 'sad', 1, 1, 1, '2026-01-01',
		'2026-01-01', '{a}', '{1}', '{"a": 1}'),
		('00000000-0000-4000-8000-000000000002', 'Two', 'b', 'Two', 'b', 'happy', 2, 2, 2, '2026-01-02',
		'2026-01-02', '{b}', '{2}', '{"b": 1}');
});
my %values = (id => '"00000000-0000-4000-8000-000000000001"', name => '"One"', fixed => '"a"',
	plain => '"One"', label => '"a"', mood => '"sad"',
	price => '1', amount => '1', small => '1', day => '"2026-01-01"', at => '"2026-01-01"', tags => '["a"]',
	numbers => '[1]', data => '{"a": 1}');
my @texts = qw(name fixed plain label);
my @filters;
foreach my $column (sort keys %values)
{
	my $order = $column eq 'data' ? [] : [qw(gt gte lt lte)];
	push @filters, map { qq{{"$column": {"$_": $values{$column}}}} } 'eq', 'ne', @$order;
	push @filters, map { qq{{"$column": {"$_": [$values{$column}, null]}}} } 'in', 'not_in';
	push @filters, qq{{"$column": {"is_null": true}}}, qq{{"$column": {"is_null": false}}},
		qq{{"$column": null}},
	  qq({"none_of": [{"$column": {"eq": $values{$column}}}],)
	  . qq( "any_of": [{"$column": {"ne": null}}, {"$column": null}]});
}
foreach my $column (grep { $_ ne 'label' } @texts)
{
	push @filters, map { qq{{"$column": {"$_": $values{$column}}}} } qw(contains starts_with ends_with);
}

my $model = 'NULL::public.orders';
my $id = q{'00000000-0000-4000-8000-000000000001'};
my %calls = (
	(map { ($_ => finder_call($_, 1)) } finder_names),
	(map { ($_ => read_call($_, 1)) } read_names),
	(map { ($_ => stream_call($_, 1)) } stream_names),
	(map { ($_ => write_call($_, 1)) } write_names),
	(map { ("filter $_" =>
		"SELECT pg_catalog.array_agg(id) FROM fca.get_by_filters($model, '$_')") } @filters),
	(map { ("sort by $_" => "SELECT id FROM fca.get_all($model, 0, 9, '$_ desc nulls last')") }
		grep { $_ ne 'data' } sort keys %values),
	(map {
		("page by $_" =>
			qq{SELECT id FROM fca.get_page($model, '{}', '$_', 9, '{"$_": $values{$_}, "id": $values{id}}')})
	} qw(id name fixed plain mood price small day at)),
	# those whose arguments have operators of several precedences, and so cannot be qualified below
	'page of find_transactions_between' =>
	  q{SELECT * FROM fca.find_transactions_between(1, '2026-01-01Z', '2026-04-01Z', NULL,
		'2026-03-01 02:00Z', 5)},
	get_by_filters => q{SELECT * FROM fca.get_by_filters(NULL::fca.conversation,
		'{"customer_id": 1, "summary": null, "status": ["escalated", "closed"]}')},
	get_page => q{SELECT * FROM fca.get_page(NULL::fca.conversation, '{"message_count": {"lt": 5}}',
		'updated_at desc', 9, '{"updated_at": "2026-05-01Z", "id": 1}')},
	'own get' => "SELECT id, name FROM fca.get_by_id($model, $id)",
	'own get, uuid' => "SELECT id, name FROM fca.get_by_id($model, $id\::pg_catalog.uuid)",
	'own get many' => "SELECT id, name FROM fca.get_many($model, ARRAY[$id])",
	'own exists' => "SELECT fca.exists($model, $id)",
	'own children' => "SELECT id FROM fca.get_children($model, 'name', ARRAY['Two', 'One'], 2, 'price desc')",
	'own create' =>
		qq{SELECT name FROM fca.create($model, '{"name": "n", "tags": ["t"], "data": {}, "price": 1}')},
	'own create many' =>
		"SELECT name FROM fca.create_many($model, '[{\"name\": \"n\"}, {\"mood\": \"sad\"}]')",
	'own report' => qq{SELECT ordinal, created, sqlstate FROM fca.create_many_report($model,
		'[{"name": "n"}, {"mood": "bad"}, {"id": $values{id}}]')},
	'own update' => "SELECT name FROM fca.update($model, $id, '{\"name\": \"n\", \"fixed\": null}')",
	'own update if' =>
		"SELECT name FROM fca.update_if($model, $id, '{\"name\": \"One\"}', '{\"name\": \"n\"}')",
	'own update many' =>
		"SELECT fca.update_many($model, '{\"name\": {\"contains\": \"o\"}}', '{\"small\": 3}')",
	'own upsert' => "SELECT name FROM fca.upsert($model, '{\"id\": $values{id}, \"name\": \"n\"}')",
	'own upsert many' => qq{SELECT name FROM fca.upsert_many($model,
		'[{"id": $values{id}, "name": "n"}, {"id": "00000000-0000-4000-8000-000000000003"}]')},
	'own lock' => "SELECT name FROM fca.get_by_id_for_update($model, $id, true)",
	'own delete' => "SELECT fca.delete($model, $id)",
	'own delete many' => "SELECT fca.delete_many($model, '{\"name\": \"One\", \"tags\": {\"eq\": [\"a\"]}}')",
	'updated_at by plain SQL' => 'UPDATE fca.customers SET notes = $$n$$ RETURNING id');

# Every page of a finder.
foreach my $name (finder_names)
{
	my @place = finder_place($name, 1);
	$calls{"page of $name"} //= finder_call($name, 1, @place, 'max_rows => NULL') if @place;
}

# Runs all calls in one session, each taken back; [SQLSTATE or rows] by name.
# What the call itself says must be qualified: what it gives is compared.
sub run_calls
{
	my ($setup) = @_;
	my @names = sort keys %calls;
	my $marked = join "\n", map {
		my $call = $calls{$_};
		$call =~ s/\b((?:lpad|jsonb_build_object|jsonb_build_array|generate_series|jsonb_agg|unnest
			|make_interval)\(|now\(\))/pg_catalog.$1/gx;
		$call =~ s/::(text|jsonb)\b/::pg_catalog.$1/g;
		$call =~ s/\b(timestamptz|interval) '/pg_catalog.$1 '/g;
		$call =~ s/ (\|\||\+|%|<=|(?<=\d )\*) / OPERATOR(pg_catalog.$1) /g;
		"\\echo \@\@ $_\nSAVEPOINT s; $call;\nROLLBACK TO s;"
	} @names;
	my ($ret, $out, $err) = $node->psql('desk',
		"\\set VERBOSITY sqlstate\n$setup\n\\set ON_ERROR_STOP 0\nBEGIN;\n$marked\nROLLBACK;",
		on_error_stop => 0);
	my %got = map { my ($name, $text) = /^ (.*?)\n(.*)\z/s;
		($name => $text) } grep { $_ ne '' } split /^\@\@/m, "$out\n";
	s/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+\d\d/now/g,
		s/\b[0-9a-f]{8}-[0-9a-f]{4}-4(?!000-8000-0000000000)[0-9a-f-]+/uuid/g, s/\(\d+,/(n,/g, s/^\d+\|//mg,
	  s/^t\|\d+\|/t|n|/mg, s/portal \d+/portal n/
	  for values %got;
	return (\%got, $err);
}

my ($expected, $errors) = run_calls('SET search_path = pg_catalog;');
is($errors, '', 'every call succeeds');
is(scalar keys %$expected, scalar keys %calls, 'every call says something');
foreach my $path (sort keys %paths)
{
	my ($got, $err) = run_calls($paths{$path});
	is($err, '', "path $path: no error");
	is($got->{$_}, $expected->{$_}, "path $path: $_") for sort keys %calls;
}

$node->stop;
done_testing();
