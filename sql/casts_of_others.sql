-- Who owns a type can make casts of it.  They do not run as whoever calls a finder:
-- neither where a column comes out, nor where it is compared or sorted by.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
SET client_min_messages = warning;
CREATE ROLE regress_fca_type_owner;
CREATE ROLE regress_fca_table_owner;
CREATE SCHEMA casts;
GRANT USAGE, CREATE ON SCHEMA casts TO regress_fca_type_owner, regress_fca_table_owner;
SET ROLE regress_fca_type_owner;
CREATE FUNCTION casts.ran(what text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE WARNING '% as %', what,
	current_user; RETURN 'active'; END$$;
CREATE TYPE casts.status AS ENUM ('closed', 'frozen', 'active');
CREATE TYPE casts.number AS ENUM ('ACC-1', 'ACC-2', 'ACC-3', 'ACC-10');
CREATE TYPE casts.currency AS (code text);
CREATE DOMAIN casts.state AS casts.status;
RESET ROLE;
-- fca.accounts by types of theirs; the table is somebody else's
ALTER TABLE fca.accounts RENAME TO account_rows;
CREATE TABLE fca.accounts (id bigint PRIMARY KEY, account_number casts.number UNIQUE, customer_id bigint,
	product_id bigint, type text, status casts.state, currency casts.currency, balance numeric(15,2),
	available_balance numeric(15,2), created_at timestamptz, updated_at timestamptz);
CREATE INDEX ON fca.accounts (status, created_at, id);
INSERT INTO fca.accounts SELECT id, account_number::casts.number, customer_id, product_id, type,
	status::casts.status, ROW(currency)::casts.currency, balance, available_balance, created_at, updated_at
	FROM fca.account_rows WHERE id IN (1, 2, 3, 10);
-- an own table, whose key and parents are of such types
CREATE TABLE casts.items (id casts.number PRIMARY KEY, state casts.state, n int);
INSERT INTO casts.items VALUES ('ACC-1', 'active', 1), ('ACC-2', 'frozen', 2), ('ACC-3', 'active', 3),
	('ACC-10', NULL, 4);

-- each call, before there are casts and with warm plans, and after
CREATE FUNCTION casts.calls() RETURNS TABLE (call text) LANGUAGE sql AS $$
SELECT * FROM unnest(ARRAY[
	'SELECT id, account_number, status, currency FROM fca.find_by_account_number(''ACC-2'')',
	'SELECT id, account_number, status, currency FROM fca.find_by_account_numbers(''{ACC-10,ACC-1}'')',
	'SELECT id, account_number, status FROM fca.list_accounts_by_status(''active'')',
	'SELECT id, account_number, status FROM fca.list_by_customer(2)',
	'SELECT id, status FROM fca.list_by_customers(''{2,3}'')',
	'SELECT id, account_number, status, currency
		FROM fca.get_all(NULL::fca.account, sort_by => ''status desc'')',
	'SELECT id, status FROM fca.get_children(NULL::fca.account, ''status'', ARRAY[''active'',
	''frozen'']::text[], 1, ''account_number desc'')',
	'SELECT id, status FROM fca.get_page(NULL::fca.account, ''{}'', ''status, account_number'', 2,
	''{"status": "closed", "account_number": "ACC-1", "id": 1}'')',
	'SELECT id, status FROM fca.get_by_filters(NULL::fca.account, ''{"status": "frozen"}'')',
	'SELECT id, status FROM fca.update(NULL::fca.account, 1, ''{"status": "closed"}'')',
	'SELECT id FROM fca.get_by_id(NULL::casts.items, ''ACC-2''::text)',
	'SELECT id FROM fca.get_by_id(NULL::casts.items, ''ACC-2''::varchar)',
	'SELECT id FROM fca.get_many(NULL::casts.items, ARRAY[''ACC-3'', NULL, ''ACC-1'']::text[])',
	'SELECT id, state FROM fca.get_children(NULL::casts.items, ''state'', ARRAY[''active'']::text[],
		5, ''state, id desc'')',
	'SELECT fca.exists(NULL::casts.items, ''ACC-1''::text)',
	'SELECT id, n FROM fca.update(NULL::casts.items, ''ACC-1''::text, ''{"n": 7}'')',
	'SELECT id, created FROM fca.create_many_report(NULL::casts.items, ''[{"id": "ACC-1"}]'')',
	'SELECT fca.delete(NULL::casts.items, ''ACC-10''::text)']) AS call $$;
CREATE FUNCTION casts.rows(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('WITH r AS (%s) SELECT string_agg(r::text, '' '') FROM r', call) INTO found;
	RETURN found;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
BEGIN;
CREATE TEMP TABLE before AS SELECT call, casts.rows(call) AS found FROM casts.calls();
SELECT found FROM before;
ROLLBACK;

-- The casts, of every kind.
SET ROLE regress_fca_type_owner;
CREATE FUNCTION casts.of_status(casts.status) RETURNS text LANGUAGE sql
	AS $$SELECT casts.ran('status to text')$$;
CREATE FUNCTION casts.of_number(casts.number) RETURNS text LANGUAGE sql
	AS $$SELECT casts.ran('number to text')$$;
CREATE FUNCTION casts.of_currency(casts.currency) RETURNS text LANGUAGE sql
	AS $$SELECT casts.ran('currency to text')$$;
CREATE FUNCTION casts.to_status(text) RETURNS casts.status LANGUAGE sql AS $$SELECT 'closed'::casts.status
FROM casts.ran('text to status')$$;
CREATE FUNCTION casts.to_number(text) RETURNS casts.number LANGUAGE sql AS $$SELECT 'ACC-1'::casts.number
FROM casts.ran('text to number')$$;
CREATE FUNCTION casts.to_number(varchar) RETURNS casts.number LANGUAGE sql AS $$SELECT 'ACC-1'::casts.number
FROM casts.ran('varchar to number')$$;
CREATE FUNCTION casts.to_number(int) RETURNS casts.number LANGUAGE sql AS $$SELECT 'ACC-1'::casts.number
FROM casts.ran('int to number')$$;
CREATE CAST (casts.status AS text) WITH FUNCTION casts.of_status AS ASSIGNMENT;
CREATE CAST (casts.number AS text) WITH FUNCTION casts.of_number AS ASSIGNMENT;
CREATE CAST (casts.currency AS text) WITH FUNCTION casts.of_currency;
CREATE CAST (text AS casts.status) WITH FUNCTION casts.to_status AS IMPLICIT;
CREATE CAST (text AS casts.number) WITH FUNCTION casts.to_number(text) AS IMPLICIT;
CREATE CAST (varchar AS casts.number) WITH FUNCTION casts.to_number(varchar) AS IMPLICIT;
CREATE CAST (int AS casts.number) WITH FUNCTION casts.to_number(int) AS IMPLICIT;
RESET ROLE;
-- They do run where somebody says so.
SELECT 'frozen'::casts.status::text;
-- The same rows, by the warm plans and, in a new session, by new ones; and no warning.
BEGIN;
CREATE TEMP TABLE after AS SELECT call, casts.rows(call) AS found FROM casts.calls();
SELECT found FROM after;
ROLLBACK;
\c -
SET client_min_messages = warning;
BEGIN;
CREATE TEMP TABLE after AS SELECT call, casts.rows(call) AS found FROM casts.calls();
SELECT found FROM after;
ROLLBACK;
SELECT state, message FROM test.fails('SELECT fca.get_by_id(NULL::casts.items, 1)');
CREATE TABLE casts.lists (id casts.number[] PRIMARY KEY);
INSERT INTO casts.lists VALUES ('{ACC-1}');
SELECT call, state, message FROM unnest(ARRAY['get_by_id(NULL::casts.lists, ARRAY[1])',
	'exists(NULL::casts.lists, ARRAY[''ACC-1'']::varchar[])', 'exists(NULL::casts.lists, ''{ACC-1}''::text)',
	'exists(NULL::casts.lists, ARRAY[''ACC-1'']::casts.number[])']) AS call,
	test.fails('SELECT fca.' || call);
-- What cannot be read names the column, and has no SQL of the module about it.
SELECT state, message, "column" FROM test.fails('SELECT fca.get_by_id(NULL::casts.items, ''none''::text)');
\set VERBOSITY terse
\set SHOW_CONTEXT always
SELECT fca.get_by_id(NULL::casts.items, 'none'::text);
\set VERBOSITY default
SELECT fca.get_by_id(NULL::casts.items, 'none'::text);
SELECT fca.get_many(NULL::fca.customer, '{1,x}'::text[]);
\set SHOW_CONTEXT errors

-- A type of the table's owner is no other's: its casts are what its owner wants to be seen.
ALTER TABLE fca.accounts OWNER TO regress_fca_type_owner;
SELECT id, currency FROM fca.find_by_account_number('ACC-2');

SET client_min_messages = error;
DROP TABLE fca.accounts;
ALTER TABLE fca.account_rows RENAME TO accounts;
DROP SCHEMA casts CASCADE;
DROP ROLE regress_fca_type_owner, regress_fca_table_owner;
