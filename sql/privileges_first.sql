-- Privileges come before all else: who has none on a table is told nothing of it, and
-- no function, domain or default of it runs for him.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_fca_stranger;
CREATE ROLE regress_fca_reader_of_one;
CREATE ROLE regress_fca_inserter;
CREATE ROLE regress_fca_writer_of_one;
CREATE SCHEMA first;
CREATE FUNCTION first.tell(what text, value text) RETURNS boolean LANGUAGE plpgsql
	AS $$BEGIN RAISE WARNING '% is told % as %', what, value, current_user; RETURN true; END$$;
CREATE FUNCTION first.gen() RETURNS text LANGUAGE plpgsql
	AS $$BEGIN PERFORM first.tell('a default', 'all'); RETURN 'g'; END$$;
CREATE FUNCTION first.known() RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'known'
FROM first.tell('an immutable default', 'all')$$;
CREATE DOMAIN first.word AS text CONSTRAINT first_word
	CHECK (first.tell('a domain', VALUE) AND VALUE <> 'bad');
CREATE TABLE first.vault (id int PRIMARY KEY, open text, hidden text DEFAULT first.gen(), word first.word,
	known text DEFAULT first.known(), updated_at timestamptz);
INSERT INTO first.vault VALUES (1, 'o', 'h', NULL, 'k', NULL);
CREATE VIEW first.seen AS SELECT * FROM first.vault;
GRANT USAGE ON SCHEMA first, test TO PUBLIC;
GRANT USAGE ON SCHEMA fca TO regress_fca_stranger, regress_fca_reader_of_one, regress_fca_inserter,
	regress_fca_writer_of_one;
GRANT SELECT (id, open) ON first.vault TO regress_fca_reader_of_one;
GRANT INSERT ON first.vault TO regress_fca_inserter;
GRANT SELECT, INSERT (id, open), UPDATE (open, updated_at) ON first.vault TO regress_fca_writer_of_one;
GRANT SELECT ON fca.customers TO regress_fca_reader_of_one;
CREATE TABLE first.calls (n int GENERATED ALWAYS AS IDENTITY, call text);
INSERT INTO first.calls (call) SELECT format(call, model) FROM unnest('{vault,seen}'::text[]) AS model,
	unnest(ARRAY[
	'get_by_filters(NULL::first.%s, ''{"x": 1}'')', 'get_all(NULL::first.%s, sort_by => ''x'')',
	'get_page(NULL::first.%s, sort_by => ''x'')', 'count(NULL::first.%s, ''{"hidden": {"gt": []}}'')',
	'get_children(NULL::first.%s, ''x'', ARRAY[1])', 'open_cursor(NULL::first.%s, ''{"x": 1}'')',
	'find_one(NULL::first.%s, ''[]'')', 'get_by_id(NULL::first.%s, ''no number''::text)',
	'get_by_id_for_update(NULL::first.%s, 1)', 'count_estimate(NULL::first.%s, ''{"x": 1}'')',
	'create(NULL::first.%s, ''{"x": 1}'')', 'create(NULL::first.%s, ''{"id": 2, "word": "bad"}'')',
	'create(NULL::first.%s, ''{"id": 2}'')', 'create_many(NULL::first.%s, ''[]'')',
	'create_many(NULL::first.%s, ''[{"id": 2, "hidden": "h"}, {"id": 3}]'')',
	'create_many_report(NULL::first.%s, ''[]'')',
	'create_many_report(NULL::first.%s, ''[{"id": 2, "word": "bad"}, {"id": 3}]'')',
	'upsert(NULL::first.%s, ''{"id": 1, "word": "bad"}'')', 'upsert_many(NULL::first.%s, ''[]'')',
	'upsert_many(NULL::first.%s, ''[{"id": 1, "x": "bad"}]'')',
	'upsert_many(NULL::first.%s, ''[{"id": 1}]'', ''{}'')', 'update(NULL::first.%s, 1, ''{"word": "bad"}'')',
	'update(NULL::first.%s, 1, ''{"x": 1}'')',
	'update_if(NULL::first.%s, 1, ''{"x": 1}'', ''{"word": "bad"}'')',
	'update_many(NULL::first.%s, ''{"id": 1}'', ''{"word": "bad"}'')',
	'update_many(NULL::first.%s, ''{}'', ''{}'')', 'delete(NULL::first.%s, 1)',
	'delete_many(NULL::first.%s, ''{}'')']) AS call;
GRANT SELECT ON first.calls TO PUBLIC;
RESET client_min_messages;

-- With no privilege: that, and nothing else, also with warm plans.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT count(f.state) FROM first.calls, test.fails('SELECT fca.' || call) AS f;
ROLLBACK;
SET ROLE regress_fca_stranger;
SELECT DISTINCT f.state, f.message, f.detail, f.hint, f."column", f."table" FROM first.calls,
	test.fails('SELECT fca.' || call) AS f ORDER BY message;
RESET ROLE;

-- Who may read some columns is told of these.
SET ROLE regress_fca_reader_of_one;
SELECT f.state, f.message, f.detail FROM first.calls, test.fails('SELECT fca.' || call) AS f
WHERE call ~ 'vault.*"?x' ORDER BY n;
SELECT f.detail FROM test.fails('SELECT fca.count(NULL::fca.customer, ''{"x": 1}'')') AS f;
RESET ROLE;

-- A right to insert alone cannot give the row back; a report of keyless rows needs no more.
SET ROLE regress_fca_inserter;
SELECT f.state, f.message FROM first.calls, test.fails('SELECT fca.' || call) AS f
WHERE call ~ '^create.*vault' ORDER BY n;
RESET ROLE;

-- With the right to some columns, no other's value is read and no default worked out in vain.
SET ROLE regress_fca_writer_of_one;
SELECT call, f.state, f.message FROM unnest(ARRAY['create(NULL::first.vault, ''{"id": 2, "word": "bad"}'')',
	'create_many(NULL::first.vault, ''[{"id": 2, "open": "o"}, {"id": 3, "word": "bad"}]'')',
	'update(NULL::first.vault, 1, ''{"word": "bad"}'')',
	'update_if(NULL::first.vault, 1, ''{}'', ''{"open": "p", "word": "bad"}'')',
	'update_many(NULL::first.vault, ''{"id": 1}'', ''{"word": "bad"}'')',
	'upsert(NULL::first.vault, ''{"id": 1, "word": "bad"}'')',
	'upsert_many(NULL::first.vault, ''[{"id": 1, "word": "bad"}]'')']) AS call,
	test.fails('SELECT fca.' || call) AS f;
-- and where all is granted, they run
SELECT id, open FROM fca.update(NULL::first.vault, 1, '{"open": "p"}');
RESET ROLE;
SELECT state, "constraint", "column"
FROM test.fails('SELECT fca.update(NULL::first.vault, 1, ''{"word": "bad"}'')');

-- A write in a read-only transaction is refused, also one of no rows; a temporary table may be written.
CREATE TEMP TABLE own (id int PRIMARY KEY, v text);
BEGIN READ ONLY;
SELECT split_part(call, '(', 1) AS function, f.state, f.message
FROM unnest(ARRAY['create(NULL::first.vault, ''{"id": 2}'')', 'create_many(NULL::first.vault, ''[]'')',
	'create_many_report(NULL::first.vault, ''[]'')',
	'upsert_many(NULL::first.vault, ''[]'')', 'update(NULL::first.vault, 7, ''{"word": "bad"}'')',
	'update_many(NULL::first.seen, ''{"id": 7}'', ''{}'')', 'delete(NULL::first.vault, 7)',
	'delete_many(NULL::first.seen, ''{"id": 7}'')']) AS call,
	test.fails('SELECT fca.' || call) AS f;
SELECT fca.create(NULL::own, '{"id": 1}'), fca.upsert(NULL::own, '{"id": 1, "v": "x"}'),
	fca.delete(NULL::own, 1);
ROLLBACK;

-- An upsert needs the right to insert, also where the row is there and the plan is warm.
CREATE TABLE first.counted (id int PRIMARY KEY, grp int, v text);
INSERT INTO first.counted VALUES (1, 7, 'a');
GRANT SELECT, UPDATE ON first.counted TO regress_fca_writer_of_one;
SELECT * FROM fca.upsert(NULL::first.counted, '{"id": 1, "v": "b"}');
SET ROLE regress_fca_writer_of_one;
SELECT state, message FROM test.fails('SELECT fca.upsert(NULL::first.counted, ''{"id": 1, "v": "c"}'')');
RESET ROLE;
GRANT INSERT (id) ON first.counted TO regress_fca_writer_of_one;
SET ROLE regress_fca_writer_of_one;
SELECT state, message FROM test.fails('SELECT fca.upsert(NULL::first.counted, ''{"id": 1, "v": "c"}'')');
RESET ROLE;
-- And the unique index, at every call: nothing is changed.
SELECT state, message, hint
FROM test.fails('SELECT fca.upsert(NULL::first.counted, ''{"id": 99, "grp": 7, "v": "stolen"}'', ''{grp}'')');
SELECT state
FROM test.fails('SELECT fca.upsert_many(NULL::first.counted,
	''[{"id": 99, "grp": 7, "v": "stolen"}]'', ''{grp}'')');
CREATE UNIQUE INDEX ON first.counted (grp);
SELECT * FROM fca.upsert(NULL::first.counted, '{"grp": 7, "v": "d"}', '{grp}');
DROP INDEX first.counted_grp_idx;
SELECT state FROM test.fails('SELECT fca.upsert(NULL::first.counted, ''{"grp": 7, "v": "e"}'', ''{grp}'')');
TABLE first.counted;

-- A function that the planner inlines or works out is for who may execute it, whoever has made the plan.
CREATE TABLE first.coded (id int PRIMARY KEY, open text, code text);
INSERT INTO first.coded VALUES (1, 'o', 'c');
CREATE FUNCTION first.decode(text) RETURNS text LANGUAGE sql STABLE AS $$SELECT 'clear ' || $1$$;
CREATE FUNCTION first.material(int) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RETURN 'material ' || $1; END$$;
REVOKE EXECUTE ON FUNCTION first.decode, first.material FROM PUBLIC;
CREATE VIEW first.clear AS
	SELECT id, open, first.decode(code) AS code, first.material(7) AS material FROM first.coded;
CREATE VIEW first.checked AS
	SELECT id, open FROM first.coded WHERE first.decode(open) <> '' WITH CHECK OPTION;
GRANT SELECT, UPDATE (open), INSERT, DELETE ON first.clear, first.checked TO regress_fca_stranger,
	regress_fca_inserter;
CREATE ROLE regress_fca_decoder;
GRANT EXECUTE ON FUNCTION first.decode, first.material TO regress_fca_decoder;
GRANT regress_fca_decoder TO regress_fca_inserter;
CREATE FUNCTION first.decoded() RETURNS TABLE (call text, state text, message text) LANGUAGE sql AS $$
SELECT call, f.state, f.message FROM unnest(ARRAY['get_all(NULL::first.clear)',
	'count(NULL::first.clear, ''{"code": "clear c"}'')', 'count(NULL::first.clear)',
	'update(NULL::first.clear, 1, ''{"open": "p"}'')',
	'create_many(NULL::first.checked, ''[{"id": 9, "open": "q"}]'')',
	'delete_many(NULL::first.checked, ''{"id": 9}'')']) AS call, test.fails('SELECT fca.' || call) AS f $$;
SET ROLE regress_fca_stranger;
SELECT * FROM first.decoded();
SET ROLE regress_fca_inserter;
SELECT * FROM first.decoded();
SET ROLE regress_fca_stranger;
SELECT * FROM first.decoded();
RESET ROLE;
REVOKE regress_fca_decoder FROM regress_fca_inserter;
SET ROLE regress_fca_inserter;
SELECT * FROM first.decoded();
RESET ROLE;

-- The error of a domain's own function keeps the fields that it has.
CREATE FUNCTION first.own_fields(v text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'inner'
	USING COLUMN = 'inner_column', TABLE = 'inner_table', CONSTRAINT = 'inner_constraint'; END$$;
CREATE FUNCTION first.no_fields(v text) RETURNS boolean LANGUAGE plpgsql
	AS $$BEGIN RAISE NOTICE 'a notice'; RAISE 'inner'; END$$;
CREATE DOMAIN first.own AS text CHECK (first.own_fields(VALUE));
CREATE DOMAIN first.none AS text CHECK (first.no_fields(VALUE));
CREATE TABLE first.fields (id int PRIMARY KEY, outer_column first.own, other first.none, n smallint);
SELECT data, f.message, f."column", f."table", f."constraint"
FROM unnest(ARRAY['{"outer_column": "x"}', '{"other": "x"}', '{"n": "x"}', '{"n": 99999}']) AS data,
	test.fails(format('SELECT fca.create(NULL::first.fields, %L)', data)) AS f;
SELECT column_name, constraint_name, message
FROM fca.create_many_report(NULL::first.fields, '[{"id": 1, "outer_column": "x"}, {"id": 2, "other": "x"}]');

-- What statistics tell is for who may read the table: a plan is another one for each role.
INSERT INTO fca.accounts (account_number, customer_id, created_at, updated_at) SELECT 'N-' || i, 1,
	'2026-01-01Z', '2026-01-01Z' FROM generate_series(1, 1000) AS i;
ANALYZE fca.accounts;
CREATE FUNCTION first.rows_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || statement INTO plan;
	RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
PREPARE accounts AS SELECT * FROM fca.list_by_customer(5) AS a LEFT JOIN pg_am AS m ON m.oid = 0;
SELECT first.rows_of('EXECUTE accounts')::int > 50 AS by_statistics;
SET ROLE regress_fca_stranger;
SELECT first.rows_of('EXECUTE accounts') AS as_declared;
SELECT first.rows_of('SELECT * FROM fca.list_by_customer(5)') AS as_declared;
RESET ROLE;
SELECT first.rows_of('EXECUTE accounts')::int > 50 AS by_statistics;

-- What cannot be inserted into is wrong with the call, and with no row.
CREATE MATERIALIZED VIEW first.kept AS SELECT 1 AS id;
SELECT state, message
FROM test.fails('SELECT fca.create_many_report(NULL::first.kept, ''[{"id": 1}, {"id": 2}]'')');
SELECT state, message FROM test.fails('SELECT fca.create_many_report(NULL::first.kept, ''[]'')');

-- A plan in which a function's function is inlined is for the role that it was made for.
CREATE FUNCTION first.inner(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
CREATE FUNCTION first.outer(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT first.inner($1)';
REVOKE EXECUTE ON FUNCTION first.inner FROM PUBLIC;
CREATE VIEW first.shown AS SELECT id, first.outer(open) AS open FROM first.vault;
GRANT USAGE ON SCHEMA first TO regress_fca_reader_of_one;
GRANT SELECT ON first.shown TO regress_fca_reader_of_one;
SELECT count(*) FROM fca.get_all(NULL::first.shown);
SET ROLE regress_fca_reader_of_one;
SELECT state, message FROM test.fails('SELECT fca.get_all(NULL::first.shown)');
RESET ROLE;
SELECT count(*) FROM fca.get_all(NULL::first.shown);

SET client_min_messages = error;
DEALLOCATE accounts;
DELETE FROM fca.accounts WHERE account_number LIKE 'N-%';
DROP SCHEMA first CASCADE;
DROP OWNED BY regress_fca_stranger, regress_fca_reader_of_one, regress_fca_inserter,
	regress_fca_writer_of_one;
DROP OWNED BY regress_fca_decoder;
DROP ROLE regress_fca_decoder;
DROP ROLE regress_fca_stranger, regress_fca_reader_of_one, regress_fca_inserter, regress_fca_writer_of_one;
