# The SQL text that the module sends names nothing that a search_path could turn
# into something else: relations, functions, operators and types all have their
# schema.  All functions run under a hostile search_path; meanwhile
# pg_stat_statements collects the text, which pglast then parses.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Reads a JSON array of statements and prints a line for each: its parse tree.
my $parser = q{
import json, sys
from pglast.parser import parse_sql_json
for text in json.load(sys.stdin):
    try:
        print(parse_sql_json(text))
    except Exception as error:
        print(json.dumps({"error": str(error)}))
};
my ($python) = grep {
	IPC::Run::run([ $_, '-c', 'import pglast' ], '>', \my $stdout, '2>', \my $stderr)
} grep { -x $_ } map { "$_/python3" } grep { $_ ne '' } split(/:/, $ENV{PATH}), '/usr/bin';

sub parse
{
	my (@texts) = @_;
	my ($stdout, $stderr);
	IPC::Run::run([ $python, '-c', $parser ], '<', \encode_json(\@texts), '>',
		\$stdout, '2>', \$stderr)
	  or die "pglast: $stderr";
	return map { decode_json($_) } split /\n/, $stdout;
}

# The parts of a qualified name.
sub name
{
	my ($parts) = @_;
	return map { $_->{String}{sval} // $_->{String}{str} // '' } @$parts;
}

# What in a parse tree has no schema.  A relation may be one of these instead:
# a CTE, or the rows that create() hands to its INSERT.  The commands of
# create_tables() run under a search_path of its own: they may use what cannot be
# written with a schema, or need not.
sub unqualified
{
	my ($node, $relations, $in_trigger) = @_;
	my @found;

	return map { unqualified($_, $relations, $in_trigger) } @$node if ref $node eq 'ARRAY';
	return if ref $node ne 'HASH';

	foreach my $type (sort keys %$node)
	{
		my $value = $node->{$type};
		next if $type eq 'lockedRels';	# aliases
		if (ref $value eq 'HASH')
		{
			# Nodes; and fields that can hold one type only, without its name.
			push @found, "relation $value->{relname}"
			  if exists $value->{relname}
			  && !exists $value->{schemaname}
			  && !$relations->{ $value->{relname} };
			push @found, "type " . (name($value->{names}))[-1]
			  if $value->{names}
			  && @{ $value->{names} } < 2
			  && !($type eq 'returnType' && (name($value->{names}))[0] eq 'trigger');
			push @found, "function " . (name($value->{funcname}))[-1]
			  if $value->{funcname} && @{ $value->{funcname} } < 2;
			push @found, "operator " . (name($value->{name}))[-1]
			  if $type eq 'A_Expr'
			  && @{ $value->{name} } < 2
			  && !($in_trigger && $value->{kind} =~ /DISTINCT$/);
			push @found, "operator class " . (name($value->{opclass}))[-1]
			  if $value->{opclass} && @{ $value->{opclass} } < 2;
			push @found, "collation " . (name($value->{collname}))[-1]
			  if $value->{collname} && @{ $value->{collname} } < 2;
			push @found, "operator of ORDER BY"
			  if $value->{useOp} && @{ $value->{useOp} } < 2;

			# These compare by an operator that has no name.
			push @found, 'IN (SELECT ...)'
			  if $type eq 'SubLink'
			  && $value->{testexpr}
			  && @{ $value->{operName} || [] } < 2;
			push @found, 'CASE with a value' if $type eq 'CaseExpr' && $value->{arg};
			push @found, 'JOIN USING'
			  if $type eq 'JoinExpr' && ($value->{usingClause} || $value->{isNatural});
		}
		push @found,
		  unqualified($value, $relations, $in_trigger || $type eq 'CreateTrigStmt');
	}
	return @found;
}

# The CTEs of a parse tree.
sub ctes
{
	my ($node) = @_;
	return map { ctes($_) } @$node if ref $node eq 'ARRAY';
	return if ref $node ne 'HASH';
	return map {
		my $value = $node->{$_};
		(ref $value eq 'HASH' && exists $value->{ctename} ? $value->{ctename} : (),
			ctes($value))
	} sort keys %$node;
}

sub faults
{
	my ($tree) = @_;
	return "does not parse: $tree->{error}" if exists $tree->{error};
	return join ', ', unqualified($tree->{stmts}, { map { $_ => 1 } 'fca_rows', ctes($tree) });
}

# The same of a statement of the install script: there pg_catalog is searched first
# for types, which have no better and worse fits.
sub faults_of_script
{
	my ($tree) = @_;
	return join ', ', grep { !/^type / } split /, /, faults($tree);
}

# What must be found, is.
my %wrong = (
	'SELECT 1 FROM t' => 'relation t',
	'SELECT lower($1)' => 'function lower',
	'SELECT $1::int8' => 'type int8',
	'SELECT $1::e[]' => 'type e',
	'SELECT $1 = $2' => 'operator =',
	'SELECT $1 = ANY ($2)' => 'operator =',
	'SELECT $1 IN ($2, $3)' => 'operator =',
	'SELECT $1 LIKE $2' => 'operator ~~',
	'SELECT $1 IS DISTINCT FROM $2' => 'operator =',
	'SELECT NULLIF($1, $2)' => 'operator =',
	'SELECT $1 IN (SELECT 1)' => 'IN (SELECT ...)',
	'SELECT CASE $1 WHEN $2 THEN 1 END' => 'CASE with a value',
	'SELECT 1 FROM s.t JOIN s.u USING (id)' => 'JOIN USING',
	'SELECT ROW($1, 1) > ROW($2, 1)' => 'operator >',
	'SELECT 1 FROM unnest($1) AS u' => 'function unnest',
	'SELECT $1 COLLATE "C"' => 'collation C',
	'INSERT INTO t SELECT 1' => 'relation t',
	'UPDATE t SET a = 1' => 'relation t',
	'DELETE FROM t' => 'relation t',
	'UPDATE s.t SET a = now()' => 'function now',
	'DELETE FROM s.t WHERE a < 1' => 'operator <',
	'CREATE INDEX ON s.t USING gin (a gin_trgm_ops)' => 'operator class gin_trgm_ops',
	'CREATE TABLE s.t (a text CHECK (a > $$a$$))' => 'type text, operator >',
	'CREATE TABLE s.t (a bigint REFERENCES u)' => 'relation u',
	'CREATE FUNCTION f() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS $$$$' => 'function f');
sub check_parser
{
	my @wrong = sort keys %wrong;
	my @trees = parse(@wrong);
	is(join(', ', sort split /, /, faults($trees[$_])),
		join(', ', sort split /, /, $wrong{ $wrong[$_] }), "found in: $wrong[$_]")
	  for 0 .. $#wrong;
	my ($right) =
		parse('WITH c AS (SELECT 1 AS a) SELECT c.a::bigint, s.f(1), r.b::pg_catalog."numeric"(15,2)'
	  . ' FROM c JOIN s.t AS r ON r.a OPERATOR(pg_catalog.=) c.a'
	  . ' WHERE ROW(r.a, 1) OPERATOR(pg_catalog.<) ROW($1, 2) ORDER BY r.a DESC LIMIT 1');
	is(faults($right), '', 'nothing is found where all is qualified');
}

#
# What the module sends.
#

my $node = new_node('desk', conf => q{
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = all
pg_stat_statements.track_utility = on
pg_stat_statements.track_planning = on
pg_stat_statements.save = off
autovacuum = off
});
$node->start;

# A table with columns of all sorts: types and operators of other schemas too.
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_stat_statements;
	CREATE EXTENSION pg_trgm;
	CREATE SCHEMA "My types";
	CREATE EXTENSION citext SCHEMA "My types";
	CREATE TYPE "My types".mood AS ENUM ('sad', 'happy');
	CREATE DOMAIN "My types".code AS varchar(9);
	CREATE COLLATION "My types".blind (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
	CREATE SCHEMA shop;
	CREATE TABLE shop."Order" (
		id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name "My types".citext, mood "My types".mood,
		code "My types".code, fixed char(3), short varchar(5), price numeric(9,2), tags text[],
		moods "My types".mood[], data jsonb, info json, shape point, blind text COLLATE "My types".blind,
		day date, span int4range, at timestamp, updated_at timestamptz, ref "My types".citext,
		UNIQUE (ref, fixed), flags bit(3), more bit varying(4),
		"Quoted ""name" "My types".citext NOT NULL DEFAULT 'x');
	CREATE TABLE shop.old_talks (
		id int, customer_id numeric, title varchar(9), status "My types".citext, channel char(3),
		summary text, intent text, sentiment text, message_count smallint,
		escalation_id "My types".code, escalation_reason text, priority text,
		assigned_group "My types".mood, created_at timestamp, updated_at date);
});

# What an unqualified name would find first.
$node->safe_psql('postgres', q{
	CREATE SCHEMA hostile;
	DO $do$
	DECLARE
		kind text;
		name text;
	BEGIN
		FOREACH kind IN ARRAY
			ARRAY['text', 'bigint', 'integer', 'timestamptz', 'boolean', 'numeric', 'uuid', 'jsonb'] LOOP
			EXECUTE format($$CREATE FUNCTION hostile.compare(%1$s, %1$s) RETURNS boolean LANGUAGE plpgsql
				AS 'BEGIN RAISE EXCEPTION ''hostile operator''; END'$$, kind);
			FOREACH name IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>=', '~~', '~~*', '-'] LOOP
				CONTINUE WHEN name = '-' AND kind <> 'integer' OR name ~ '~' AND kind <> 'text';
				EXECUTE format('CREATE OPERATOR hostile.%1$s
					(LEFTARG = %2$s, RIGHTARG = %2$s, FUNCTION = hostile.compare)', name, kind);
			END LOOP;
		END LOOP;
		FOREACH name IN ARRAY ARRAY['now() RETURNS timestamptz', 'length(text) RETURNS integer',
			'btrim(text, text) RETURNS text', 'lower(text) RETURNS text',
			'substr(text, integer) RETURNS text', 'substr(text, integer, integer) RETURNS text',
			'string_to_array(text, text) RETURNS text[]'] LOOP
			EXECUTE format($$CREATE FUNCTION hostile.%s LANGUAGE plpgsql
				AS 'BEGIN RAISE EXCEPTION ''hostile function''; END'$$, name);
		END LOOP;
	END $do$;
});
foreach my $hostile ('1 = 1', q{'a'::text ~~* 'a'}, 'now() IS NULL', q{length('a') IS NULL})
{
	is(sqlstate($node, 'postgres', "SET search_path = hostile, pg_catalog; SELECT $hostile"),
		'P0001', "hostile: $hostile");
}

my $data = '{"name": "a", "mood": "sad", "code": "c", "fixed": "f", "short": "s", "price": 1.5,'
  . ' "tags": ["a"], "moods": ["sad"], "day": "2026-01-01", "span": "[1,3)", "at": "2026-01-01",'
  . ' "flags": "101", "more": "1", "Quoted \"name": "q"}';
(my $filters = $data) =~ s/(\["\w+"\])/[$1]/g;
my $model = 'NULL::shop."Order"';
my $id = q{(SELECT id FROM shop."Order" LIMIT 1)};
my @own = (
	"SELECT * FROM fca.create($model, '$data')",
	"SELECT * FROM fca.find_one($model, '$filters')",
	"SELECT * FROM fca.create($model, '{}')",
	"SELECT * FROM fca.create_many($model, '[$data, {\"mood\": \"happy\"}]')",
	"SELECT * FROM fca.update($model, $id, '$data')",
	"SELECT * FROM fca.update($model, $id, '{}')",
	"SELECT * FROM fca.update_many($model, '$filters', '$data')",
	"SELECT * FROM fca.get_by_id($model, $id)",
	"SELECT * FROM fca.get_by_id($model, ${id}::text)",
	"SELECT * FROM fca.get_many($model, ARRAY[$id])",
	"SELECT * FROM fca.get_many($model, ARRAY[${id}::text])",
	"SELECT * FROM fca.exists($model, $id)",
	"SELECT * FROM fca.count($model)",
	"SELECT * FROM fca.count($model, '$filters')",
	"SELECT * FROM fca.get_all($model)",
	qq{SELECT * FROM fca.get_all($model, 1, NULL, 'name desc, code, "Quoted ""name", mood, span, tags desc')},
	qq{SELECT * FROM fca.get_by_filters($model,
		'{"name": ["a", null], "mood": ["sad"], "tags": [["a"], ["b"]], "code": null, "short": ["s"]}')},
	"SELECT * FROM fca.get_by_id_for_update($model, $id)",
	"SELECT * FROM fca.get_by_id_for_update($model, $id, true)",
	qq{SELECT * FROM fca.get_children($model, 'name', ARRAY['a', 'b'], 2,
		'price desc nulls last, "Quoted ""name"')},
	"SELECT * FROM fca.get_children($model, 'code', ARRAY['a', 'b'], NULL, 'mood')",
	"SELECT * FROM fca.get_page($model, '{}', 'name, price desc nulls first, mood, short', 3,
		(SELECT to_jsonb(o) FROM shop.\"Order\" AS o LIMIT 1))",
	"SELECT * FROM fca.count_estimate($model, '$filters')",
	"SELECT * FROM fca.update_if($model, $id, '$filters', '$data')",
	qq{SELECT * FROM fca.upsert($model,
		'{"id": "00000000-0000-4000-8000-000000000001", "name": "u", "mood": "sad"}')},
	"SELECT * FROM fca.upsert($model, '{\"ref\": \"u\", \"fixed\": \"v\", \"price\": 1}', '{ref,fixed}')",
	qq{SELECT * FROM fca.upsert_many($model,
		'[{"ref": "u", "fixed": "w"}, {"ref": "u", "fixed": "w", "name": "n"}]', '{ref,fixed}')},
	qq{SELECT * FROM fca.create_many_report($model,
		'[$data, {"mood": "bad"}, {"ref": "u", "fixed": "w"}, {}]')},
	in_block("SELECT * FROM fca.open_cursor($model, '$filters', 'name, mood desc')"),
	"SELECT * FROM fca.delete($model, $id)",
	"SELECT * FROM fca.delete($model, ${id}::text)",
	"SELECT * FROM fca.delete_many($model, '$filters')");

# Every operator of filters on every column whose type takes it.
my %values = (
	name => '"a"', mood => '"sad"', code => '"c"', fixed => '"f"', short => '"s"', price => '1.5',
	tags => '["a"]', moods => '["sad"]', day => '"2026-01-01"', span => '"[1,3)"', at => '"2026-01-01"',
	flags => '"101"', more => '"1"', 'Quoted \\"name' => '"q"',
	id => '"00000000-0000-4000-8000-000000000001"', data => '{"a": 1}', blind => '"B"',
	updated_at => '"2026-01-01Z"');
foreach my $column (sort keys %values)
{
	my $value = $values{$column};
	my @tests = (
		(map { qq{{"$_": $value}} } qw(eq ne)),
		(map { qq{{"$_": [$value, $value, null]}} } qw(in not_in)),
		'{"in": []}', '{"not_in": [null]}', 'null', '{"is_null": true}', '{"is_null": false}');
	push @tests, map { qq{{"$_": $value}} } qw(gt gte lt lte) if $column ne 'data';
	push @tests, map { qq{{"$_": $value}} } qw(contains starts_with ends_with)
	  if $column =~ /^(code|fixed|short|blind)$/;
	my @calls = map { qq{SELECT * FROM fca.get_by_filters($model, '{"$column": $_}')} } @tests;
	push @calls, qq{SELECT * FROM fca.count($model,
		'{"any_of": [{"$column": $tests[0]}, {"$column": null}], "none_of": [{"$column": $tests[1]},
		{"all_of": [{"$column": $tests[2]}]}]}')};
	push @calls, qq{SELECT * FROM fca.get_all($model, 0, 1, '}
	  . ($column =~ /Quoted/ ? '"Quoted ""name"' : $column) . q{ desc nulls last')};
	push @own, join '; ', @calls;
}
push @own, map { qq{SELECT * FROM fca.get_by_filters($model, '{"$_": {"is_null": false}}')} } qw(info shape);

my %texts;
my %script_texts;

# Runs calls in one session; keeps the statements sent from within them.
sub collect
{
	my (@calls) = @_;
	my $sent = $node->safe_psql('postgres', join "\n",
		'\o /dev/null', 'SELECT pg_stat_statements_reset();',
		'SET search_path = hostile, pg_catalog, public;', (map { "$_;" } @calls), '\o',
		'RESET search_path;',
		q{SELECT coalesce(json_agg(query), '[]') FROM pg_stat_statements WHERE NOT toplevel});
	my $got = decode_json($sent);
	$texts{$_} = 1 for @$got;
	return scalar @$got;
}

cmp_ok(collect('CREATE EXTENSION fca_repo'), '>', 100, 'statements of CREATE EXTENSION');
%script_texts = %texts;
%texts = ();
cmp_ok(collect('SELECT fca.create_tables()'),
	'>', 20, 'statements of create_tables()');
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');
my %signatures = signatures($node, 'postgres', 'true');

# Every finder, first and later page, in any limit.
sub finder_calls
{
	my ($name) = @_;
	my %has = map { $_ => 1 } @{ $signatures{$name} };
	my @calls = finder_call($name, 1);
	my @place = finder_place($name, 1);
	push @calls, finder_call($name, 1, 'max_rows => NULL') if $has{max_rows};
	push @calls, finder_call($name, 1, @place),
	  finder_call($name, 1, @place, 'max_rows => NULL')
	  if @place;
	return @calls;
}

foreach my $name (finder_names)
{
	cmp_ok(collect(finder_calls($name)),
		'>', 0, "statements of $name");
}
foreach my $name (read_names)
{
	cmp_ok(collect(read_call($name, 1)),
		'>', 0, "statements of $name");
}
foreach my $name (grep { $_ ne 'create_tables' } write_names)
{
	cmp_ok(collect(write_call($name, 1)),
		'>', 0, "statements of $name");
}
foreach my $name (stream_names)
{
	cmp_ok(collect(in_block(stream_call($name, 1))),
		'>', 0, "statements of $name");
}
foreach my $call (@own)
{
	cmp_ok(collect($call), '>', 0, 'statements of ' . substr($call, 0, 100));
}

# Views of other types, whose pages are written in another way.
$node->safe_psql('postgres', q{
	ALTER TABLE fca.conversations RENAME TO conversations_before;
	CREATE VIEW fca.conversations AS SELECT * FROM shop.old_talks;
});
foreach my $name (qw(find_by_customer find_escalated find_by_ticket_id find_by_status))
{
	cmp_ok(collect(finder_calls($name)), '>', 0, "statements of $name on a view");
}
collect(q{SELECT * FROM fca.find_escalated_by_group('happy', 1, '2026-01-01', 1)});

# Tables with columns of other types.
$node->safe_psql('postgres', q{
	CREATE TYPE "My types".state AS ENUM ('active', 'frozen', 'closed');
	ALTER TABLE fca.customers ALTER customer_id TYPE char(12), ALTER email TYPE "My types".citext,
		ALTER first_name TYPE varchar(40),
		ALTER last_name TYPE varchar(40), ALTER created_at TYPE timestamp;
	ALTER TABLE fca.products ALTER name TYPE varchar(40), ALTER type TYPE varchar(40);
	ALTER TABLE fca.accounts DROP CONSTRAINT accounts_status_check, ALTER status DROP DEFAULT,
		ALTER status TYPE "My types".state USING status::"My types".state,
		ALTER account_number TYPE name, ALTER balance TYPE numeric;
	ALTER TABLE fca.transactions ALTER reference TYPE varchar(9), ALTER category TYPE char(9),
		ALTER account_id TYPE int, ALTER occurred_at TYPE timestamp;
	ALTER TABLE fca.messages DROP CONSTRAINT messages_conversation_id_fkey,
		ALTER conversation_id TYPE numeric, ALTER created_at TYPE timestamp;
	ALTER TABLE fca.faqs ALTER question TYPE varchar, ALTER keywords TYPE varchar,
		ALTER category TYPE char(9), ALTER id TYPE smallint;
});
cmp_ok(collect(map { finder_calls($_) }
	grep { !/escalated|ticket|^find_by_(customers?|status)$/ } finder_names),
	'>', 40, 'statements of finders on other types');

$node->stop;

SKIP:
{
	skip 'pglast for Python 3 is not installed', 1 if !defined $python;
	check_parser();

	my @sent = sort keys %texts;
	my @parsed = parse(@sent);
	cmp_ok(scalar @sent, '>', 400, scalar(@sent) . ' statements');
	my @script = sort keys %script_texts;
	my @parsed_script = parse(@script);
	is(join("\n", map { faults_of_script($parsed_script[$_]) || () } 0 .. $#script), '',
		'the install script');
	foreach my $n (0 .. $#sent)
	{
		is(faults($parsed[$n]), '', substr($sent[$n] =~ s/\s+/ /gr, 0, 70))
		  or diag($sent[$n]);
	}
}

done_testing();
