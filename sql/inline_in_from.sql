-- A call in FROM with arguments of other tables is planned by its query: the same rows, errors and privileges
-- as the call.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never
CREATE TABLE test.keys (id int PRIMARY KEY, n bigint, small int, s text, at timestamptz, words text[],
	numbers bigint[], few int NOT NULL, page timestamptz NOT NULL);
INSERT INTO test.keys
SELECT row_number() OVER (), n, n, s, '2026-03-01Z'::timestamptz + n * interval '1 hour',
ARRAY[s, 'c2@example.com', NULL, s], ARRAY[n, 2, NULL, n], 2, '2026-04-01 00:03Z'
FROM (VALUES (1, 'c1@example.com'), (2, 'CUST-000002'), (3, 'ACC-3'), (-1, 'TX-4'), (NULL, NULL),
	(99, 'nobody'), (1, 'fraud'), (2, 'loans'), (3, 'ESC-1'), (4, 'food'), (5, 'rent'), (6, 'cards'),
	(7, 'voyage'), (8, 'savings'), (0, ''), (1, '%'), (2, 'c1@example.com')) AS v (n, s);
ANALYZE test.keys;

-- Is no function scanned in the statement's plan?  A sub-select as an argument keeps a call a call on every
-- server.
CREATE FUNCTION test.is_inlined(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
	RETURN regexp_count(plan::text, '"Node Type": "Function Scan"')
		= regexp_count(plan::text, '"Function Name": "unnest"');
END $$;
CREATE FUNCTION test.as_call(call text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(call, '\mk\.(\w+)', '(SELECT k.\1)', 'g') $$;
-- The rows of a statement, or its error.
CREATE FUNCTION test.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	outcome text;
BEGIN
	EXECUTE 'SELECT string_agg(o::text, chr(10)) FROM (' || statement || ') AS o' INTO outcome;
	RETURN outcome;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- Is a call in a join inlined, and has it the same rows, in the same order for
-- each key, in five kinds of query?
CREATE FUNCTION test.look(call text, OUT rows bigint, OUT inlined boolean,
	OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE
	kind text;
BEGIN
	EXECUTE format('SELECT count(*) FROM test.keys AS k, LATERAL fca.%s AS f', test.as_call(call)) INTO rows;
	inlined := test.is_inlined(format('SELECT * FROM test.keys AS k, LATERAL fca.%s AS f', call));
	same := true;
	FOREACH kind IN ARRAY ARRAY[
		'SELECT k.id, (SELECT array_agg(f) FROM fca.%s AS f) FROM test.keys AS k ORDER BY k.id',
		'SELECT k.id, f.* FROM test.keys AS k, LATERAL fca.%s AS f ORDER BY k.id, f.id',
		'SELECT k.id, f FROM test.keys AS k LEFT JOIN LATERAL fca.%s AS f ON f.id %% 2 = 0
		ORDER BY k.id, f.id',
		'SELECT k.id FROM test.keys AS k WHERE EXISTS (SELECT FROM fca.%s AS f WHERE f.id > 2) ORDER BY k.id',
		'SELECT k.id, f.n FROM test.keys AS k CROSS JOIN LATERAL (SELECT count(*) AS n,
		max(f.id) FROM fca.%s AS f WHERE f IS NOT NULL) AS f ORDER BY k.id']
	LOOP
		IF test.outcome(format(kind, call))
				IS DISTINCT FROM test.outcome(format(kind, test.as_call(call))) THEN
			same := false;
			RAISE NOTICE '% gives % but the call gives %', format(kind, call),
				test.outcome(format(kind, call)), test.outcome(format(kind, test.as_call(call)));
		END IF;
	END LOOP;
END $$;

-- These are inlined.
SELECT call, rows, inlined, same FROM unnest(ARRAY[
	'find_by_email(k.s)', 'find_by_email(lower('''' || k.s))', 'get_by_email(k.s)',
	'find_by_business_id(k.s)', 'get_by_customer_id(k.s)',
	'find_by_account_number(k.s)', 'find_by_reference(k.s)', 'find_by_ticket_id(k.s)',
	'list_by_customer(k.n)', 'list_by_customer(k.small)', 'find_by_customer(k.n)', 'find_by_customer(k.n, 2)',
	'find_by_customer(k.n, NULL)', 'find_by_customer(max_rows => 3, customer_id => k.small)',
	'find_by_customer(k.n, 5000000000)', 'find_recent_transactions(k.n, 3)', 'find_recent_transactions(k.n)',
	'find_transactions_between(k.n, k.at, ''2026-03-01 05:00Z'')',
	'find_transactions_between(k.small, ''2026-03-01 01:00Z'', k.at, 2)',
	'find_transactions_between(1, k.at, now())', 'find_transactions_between(k.n, NULL, k.at)',
	'find_transactions_by_category(1, k.s)', 'find_transactions_by_category(k.n, ''food'', 1)',
	'find_transactions_by_category(k.n, NULL)', 'find_escalated_by_group(k.s)',
	'find_escalated_by_group(k.s, 1)', 'find_by_conversation(k.n)', 'find_by_conversation(k.n, 4)',
	'find_recent_messages(k.n)', 'find_recent_messages(k.n, 3)', 'find_recent_messages(k.n, NULL)',
	'find_by_category(k.s)', 'find_by_category(k.s, 2)', 'find_by_type(k.s)', 'find_by_type(k.s, 1)',
	'find_by_emails(k.words)', 'find_by_business_ids(ARRAY[k.s, k.s])', 'find_by_account_numbers(k.words)',
	'find_by_references(k.words)', 'find_by_ticket_ids(k.words)', 'list_by_customers(k.numbers)',
	'find_recent_transactions_of(k.numbers, 2)', 'find_by_customers(k.numbers)',
	'find_recent_messages_of(k.numbers, 3)', 'find_recent_messages_of(k.numbers, NULL)',
	-- what is wrong with an argument shows when the query runs
	'find_by_customer(k.n, k.few)', 'find_by_customer(k.n, 2, ''2026-04-01 00:03Z'', 9)',
	'find_by_customer(k.n, 2, k.page, 9)', 'find_by_customer(k.n, NULL, k.page, k.few)',
	'find_by_category(k.s, 2, 1)', 'find_by_category(k.s, k.few, k.n)',
	'find_by_type(k.s, 2, '''', k.id)', 'list_accounts_by_status(''active'', k.few)',
	'find_recent_messages(k.n, k.few)', 'find_recent_messages_of(k.numbers, k.few)',
	-- the base repository: keys that are not known, and lists of constants
	'get_by_id(NULL::fca.customer, k.n)', 'get_by_id(NULL::fca.account, k.small)',
	'get_many(NULL::fca.customer, k.numbers)',
	'get_children(NULL::fca.account, ''customer_id'', k.numbers, 2)',
	'get_children(NULL::fca.transaction, ''account_id'', k.numbers, NULL, ''amount desc'')',
	'get_all(NULL::fca.product, 1, 2)', 'get_by_filters(NULL::fca.account, ''{"customer_id": 1}'')',
	'get_page(NULL::fca.account, ''{"customer_id": [1, 2]}'', ''id desc'', 3, ''{"id": 12}'')'])
	WITH ORDINALITY AS u (call, o), test.look(call) ORDER BY o;

-- These stay calls: constants alone, arguments that may be an error, texts to search for, pages before an
-- end, filters that are not known.
SELECT call, rows, inlined, same FROM unnest(ARRAY[
	'find_by_email(''c1@example.com'')', 'find_by_customer(1)', 'find_by_email(left(k.s, 99))',
	'find_by_customer(k.n, 0)',
	'find_transactions_between(k.n, ''-infinity'', ''infinity'', 2, k.page, 9)',
	'search_by_name(coalesce(nullif(k.s, ''''), ''x''))',
	'search_by_keyword(''a'', k.few)',
	'find_recent_messages_of(k.numbers, 0)', 'get_by_id(NULL::fca.customer, ''1''::text)',
	'get_by_id(NULL::fca.customer, k.n + 0)', 'get_page(NULL::fca.account, max_rows => 0)',
	'find_one(NULL::fca.customer, jsonb_build_object(''customer_id'', ''CUST-000001''))',
	'get_by_filters(NULL::fca.account, ''{"customer_id": 1}'', 0, k.few)']) WITH ORDINALITY
	AS u (call, o), test.look(call) ORDER BY o;
SELECT call, f.state, f.message FROM unnest(ARRAY[
	'find_by_customer(k.n, -1)', 'find_by_customer(k.n, k.n)', 'find_by_customer(k.n, 2, k.at)',
	'find_by_customer(k.n, 2, NULL, 1)', 'find_by_customer(k.n, -1, k.at, NULL)',
	'find_by_customers(k.numbers, k.n - 3)', 'find_by_customers(k.numbers, k.n)',
	'find_recent_messages(k.n, k.n)', 'get_by_id(NULL::fca.customer, k.s)',
	'get_children(NULL::fca.account, ''nothing'', k.numbers)', 'find_recent_messages(k.n, -2)',
	'find_by_customers(k.numbers, -1)', 'find_by_status(k.s)', 'list_accounts_by_status(k.s)',
	'search_by_keyword(k.s)', 'search_by_name(k.s)', 'find_by_customer(1 / k.small)'])
	WITH ORDINALITY AS u (call, o),
	test.fails(format('SELECT * FROM test.keys AS k, LATERAL fca.%s AS f', call)) AS f ORDER BY o;
-- WITH ORDINALITY and two functions in one ROWS FROM; volatile arguments; a locking finder
SELECT test.is_inlined('SELECT * FROM test.keys AS k, LATERAL fca.find_by_email(k.s) WITH ORDINALITY'),
	test.is_inlined('SELECT * FROM test.keys AS k,
		LATERAL ROWS FROM (fca.find_by_email(k.s), fca.find_by_customer(k.n))'),
	test.is_inlined('SELECT * FROM test.keys AS k, LATERAL fca.find_by_email(k.s || random())'),
	test.is_inlined('SELECT * FROM test.keys AS k, LATERAL fca.find_escalated_for_update(k.n)');

-- Plans: the index of a key, a filter, a limit within the query; a condition on the finder's rows may lead.
CREATE TABLE test.many AS SELECT i::bigint AS id, i % 5000::bigint AS customer, 'e' || i AS email
FROM generate_series(1, 20000) AS i;
CREATE UNIQUE INDEX ON test.many (id);
CREATE UNIQUE INDEX ON test.many (email);
CREATE FUNCTION test.plan_has(statement text, VARIADIC wanted text[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement LOOP
		plan := plan || line || chr(10);
	END LOOP;
	RETURN (SELECT bool_and(position(w IN plan) > 0) FROM unnest(wanted) AS w)
		AND position('Seq Scan' IN plan) = 0;
END $$;
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 0;
INSERT INTO fca.customers (customer_id, email, first_name, last_name) SELECT 'B-' || i, 'e' || i, 'f', 'l'
FROM generate_series(1, 20000) AS i;
INSERT INTO fca.accounts (account_number, customer_id) SELECT 'B-' || id, id FROM fca.customers;
INSERT INTO fca.conversations (customer_id) SELECT id FROM fca.customers, generate_series(1, 3);
ANALYZE test.many, fca.customers, fca.accounts, fca.conversations;
SELECT
	test.plan_has('SELECT * FROM test.many AS m, LATERAL fca.find_by_email(m.email) WHERE m.id < 5',
		'customers_email_key', 'Index Cond: (email = m.email)') AS by_key,
	test.plan_has('SELECT * FROM test.many AS m,
		LATERAL fca.find_by_email(m.email) AS f WHERE f.customer_id = ''B-7''',
		'customers_customer_id_key', 'many_email_idx') AS led,
	test.plan_has('SELECT * FROM test.many AS m, LATERAL fca.find_by_customer(m.customer, 2) WHERE m.id < 5',
		'Limit', 'conversations_customer_id_updated_at_id_idx',
		'Index Cond: (customer_id = m.customer)') AS limited,
	test.plan_has('SELECT * FROM test.many AS m,
		LATERAL fca.list_by_customer(m.customer) AS f WHERE m.id < 5 AND f.status = ''frozen''',
		'accounts_customer_id_created_at_id_idx', 'Filter: (status = ''frozen''::text)') AS filtered;
ROLLBACK;

-- What a statement gives, whether the call gives the same, and whether it is inlined as it should be.
CREATE FUNCTION test.compare(call text, inlined boolean, OUT as_expected boolean, OUT outcome text,
	OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE
	statement text := format('SELECT k.id, f.id AS found FROM test.keys AS k,
		LATERAL fca.%s AS f ORDER BY k.id, f.id', call);
BEGIN
	as_expected := test.is_inlined(statement) = inlined;
	outcome := test.outcome(statement);
	same := outcome IS NOT DISTINCT FROM test.outcome(test.as_call(statement));
	outcome := left(replace(outcome, chr(10), ' '), 80);
END $$;
SET client_min_messages = warning;
CREATE ROLE regress_fca_inline;
CREATE ROLE regress_fca_owner;
GRANT USAGE ON SCHEMA test, fca TO regress_fca_inline, regress_fca_owner;
GRANT SELECT ON test.keys, fca.customers TO regress_fca_inline;
GRANT USAGE, CREATE ON SCHEMA fca TO regress_fca_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA fca TO regress_fca_owner;
RESET client_min_messages;
SET plan_cache_mode = force_generic_plan;
PREPARE by_email AS SELECT k.id, f.id AS found, f.email FROM test.keys AS k,
	LATERAL fca.find_by_email(k.s) AS f ORDER BY k.id;
PREPARE whole AS SELECT k.id, f FROM test.keys AS k, LATERAL fca.find_by_customer(k.n, max_rows => 1) AS f
	ORDER BY k.id LIMIT 1;
PREPARE by_default AS SELECT k.id, count(*) FROM test.keys AS k, LATERAL fca.find_by_customer(k.n) AS f
GROUP BY k.id ORDER BY k.id LIMIT 1;
PREPARE never AS SELECT count(*) FROM test.keys AS k, LATERAL fca.find_by_email(k.s) WHERE k.id < 0;
EXECUTE by_email;
EXECUTE whole;
EXECUTE by_default;
EXECUTE never;

-- a role with all that it needs; without SELECT on the relation, on one of its columns, on the function,
-- without USAGE on the schema
SET ROLE regress_fca_inline;
SELECT * FROM test.compare('find_by_email(k.s)', true);
SELECT * FROM test.compare('find_by_customer(k.n)', false);
EXECUTE by_email;
RESET ROLE;
REVOKE SELECT ON fca.customers FROM regress_fca_inline;
GRANT SELECT (id, customer_id, email, first_name, last_name, phone, is_active, is_verified, is_vip, notes,
	created_at) ON fca.customers TO regress_fca_inline;
SET ROLE regress_fca_inline;
SELECT * FROM test.compare('find_by_email(k.s)', false);
EXECUTE by_email;
EXECUTE never;
RESET ROLE;
GRANT SELECT (updated_at) ON fca.customers TO regress_fca_inline;
SET ROLE regress_fca_inline;
SELECT * FROM test.compare('find_by_email(k.s)', true);
RESET ROLE;
EXECUTE by_email;
REVOKE EXECUTE ON FUNCTION fca.find_by_email(text) FROM PUBLIC;
EXECUTE by_email;
SET ROLE regress_fca_inline;
SELECT state, message
FROM test.fails('SELECT k.id, f.id FROM test.keys AS k, LATERAL fca.find_by_email(k.s) AS f');
EXECUTE by_email;
RESET ROLE;
GRANT EXECUTE ON FUNCTION fca.find_by_email(text) TO PUBLIC;
REVOKE USAGE ON SCHEMA fca FROM regress_fca_inline;
SET ROLE regress_fca_inline;
EXECUTE by_email;
RESET ROLE;
-- in a view it is the user of the view who reads the relation, not its owner
CREATE VIEW test.found AS SELECT k.id, f.id AS found FROM test.keys AS k, LATERAL fca.find_by_email(k.s) AS f;
GRANT SELECT ON test.found TO regress_fca_inline;
SET ROLE regress_fca_inline;
SELECT * FROM test.found;
SELECT * FROM test.found WHERE id < 0;
RESET ROLE;
GRANT USAGE ON SCHEMA fca TO regress_fca_inline;
SET ROLE regress_fca_inline;
SELECT * FROM test.found ORDER BY id;
RESET ROLE;
REVOKE SELECT (email) ON fca.customers FROM regress_fca_inline;
SET ROLE regress_fca_inline;
SELECT * FROM test.found;
RESET ROLE;
DROP VIEW test.found;

-- row-level security, turned on under a prepared statement
GRANT SELECT ON fca.customers TO regress_fca_inline;
SET ROLE regress_fca_inline;
EXECUTE by_email;
RESET ROLE;
ALTER TABLE fca.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON fca.customers USING (id % 2 = 1 AND current_user = 'regress_fca_inline');
SET ROLE regress_fca_inline;
SELECT * FROM test.compare('find_by_email(k.s)', false);
SELECT * FROM test.compare('find_by_emails(k.words)', false);
EXECUTE by_email;
SET row_security = off;
EXECUTE by_email;
SELECT * FROM test.compare('find_by_email(k.s)', false);
RESET row_security;
RESET ROLE;
EXECUTE by_email;
DROP POLICY odd ON fca.customers;
ALTER TABLE fca.customers DISABLE ROW LEVEL SECURITY;
SELECT * FROM test.compare('find_by_email(k.s)', true);

-- ALTER FUNCTION changes what a call does
BEGIN;
ALTER FUNCTION fca.find_by_email(text) SECURITY DEFINER;
SELECT * FROM test.compare('find_by_email(k.s)', false);
ALTER FUNCTION fca.find_by_email(text) SECURITY INVOKER VOLATILE;
SELECT * FROM test.compare('find_by_email(k.s)', false);
ALTER FUNCTION fca.find_by_email(text) STABLE STRICT;
SELECT * FROM test.compare('find_by_email(k.s)', false);
ALTER FUNCTION fca.find_by_email(text) CALLED ON NULL INPUT SET work_mem = '1MB';
SELECT * FROM test.compare('find_by_email(k.s)', false);
ALTER FUNCTION fca.find_by_email(text) RESET ALL;
SELECT * FROM test.compare('find_by_email(k.s)', true);
CREATE OR REPLACE FUNCTION fca.find_by_customer(customer_id bigint, max_rows bigint DEFAULT 2,
	after_updated_at timestamptz DEFAULT NULL, after_id bigint DEFAULT NULL)
RETURNS SETOF fca.conversation AS '$libdir/fca_repo',
'fca_find_by_customer' LANGUAGE C STABLE PARALLEL SAFE SUPPORT fca.planner_support;
EXECUTE by_default;
ROLLBACK;

-- one row: only a unique index can promise it
BEGIN;
ALTER TABLE fca.customers DROP CONSTRAINT customers_email_key;
SELECT * FROM test.compare('find_by_email(k.s)', false);
EXECUTE by_email;
UPDATE fca.customers SET email = 'c1@example.com' WHERE id = 2;
SELECT * FROM test.compare('find_by_email(k.s)', false);
EXECUTE by_email;
ROLLBACK;
EXECUTE by_email;
BEGIN;
ALTER TABLE fca.customers DROP CONSTRAINT customers_email_key;
CREATE UNIQUE INDEX ON fca.customers (email) WHERE is_active;
CREATE UNIQUE INDEX ON fca.customers (lower(email));
CREATE UNIQUE INDEX ON fca.customers (email text_pattern_ops);
CREATE UNIQUE INDEX ON fca.customers (email COLLATE "C");
CREATE UNIQUE INDEX ON fca.customers (email, id);
ALTER TABLE fca.customers ADD UNIQUE (email) DEFERRABLE;
SELECT * FROM test.compare('find_by_email(k.s)', false);
CREATE UNIQUE INDEX ON fca.customers (email) INCLUDE (id);
SELECT * FROM test.compare('find_by_email(k.s)', true);
CREATE TABLE test.more_customers () INHERITS (fca.customers);
INSERT INTO test.more_customers SELECT * FROM fca.customers WHERE id = 1;
SELECT * FROM test.compare('find_by_email(k.s)', false);
SELECT * FROM test.compare('find_by_emails(k.words)', true);
EXECUTE by_email;
ROLLBACK;

-- the relation's columns: added, dropped, of other types
BEGIN;
ALTER TABLE fca.customers ADD COLUMN added int;
EXECUTE by_email;
ALTER TABLE fca.customers ALTER email TYPE varchar, ALTER id TYPE int;
SELECT * FROM test.compare('find_by_email(k.s)', true);
EXECUTE by_email;
ALTER TABLE fca.customers DROP COLUMN phone;
EXECUTE by_email;
ROLLBACK;
CREATE TYPE test.status AS ENUM ('active', 'frozen', 'closed');
CREATE DOMAIN test.category AS text;
BEGIN;
ALTER TABLE fca.faqs ALTER category TYPE test.category;
SELECT * FROM test.compare('find_by_category(k.s)', false);
ALTER TABLE fca.accounts DROP CONSTRAINT accounts_status_check, ALTER status DROP DEFAULT;
ALTER TABLE fca.accounts ALTER status TYPE test.status USING status::test.status;
ALTER TABLE fca.transactions ADD COLUMN mood test.status;
SELECT as_expected FROM test.compare('find_recent_transactions(k.n)', true);
SELECT * FROM test.compare('list_by_customer(k.n)', false);
ALTER TABLE fca.transactions ALTER amount TYPE numeric;
SELECT * FROM test.compare('find_recent_transactions(k.n)', false);
ALTER TABLE fca.transactions ALTER occurred_at TYPE timestamp, ALTER amount TYPE numeric(15,2);
SELECT * FROM test.compare('find_recent_transactions(k.n)', false);
-- a generated column that is an error when it is read
DO $$ BEGIN
	IF current_setting('server_version_num')::int >= 180000 THEN
		EXECUTE 'ALTER TABLE fca.products DROP COLUMN interest_rate,
			ADD COLUMN interest_rate numeric(7,4) GENERATED ALWAYS AS (1 / (id - 2)) VIRTUAL';
	END IF;
END $$;
SELECT as_expected = (current_setting('server_version_num')::int >= 180000) AS as_expected, same
FROM test.compare('find_by_type(k.s)', false);
ALTER TABLE fca.messages ALTER created_at TYPE timestamptz(0);
SELECT * FROM test.compare('find_by_conversation(k.n, 1)', true);
ROLLBACK;

-- the row type: a statement that was prepared before gives what the call gives
BEGIN;
PREPARE whole_call AS SELECT k.id, f FROM test.keys AS k,
	LATERAL fca.find_by_customer((SELECT k.n), max_rows => 1) AS f ORDER BY k.id LIMIT 1;
EXECUTE whole;
EXECUTE whole_call;
SELECT test.is_inlined('EXECUTE whole') AS inlined;
ALTER TABLE fca.conversations ADD COLUMN added text DEFAULT 'more';
EXECUTE whole;
ALTER TYPE fca.conversation ADD ATTRIBUTE added text;
SELECT test.is_inlined('EXECUTE whole') AS inlined;
EXECUTE whole;
EXECUTE whole_call;
SELECT * FROM test.compare('find_by_customer(k.n, 1)', true);
ALTER TYPE fca.conversation DROP ATTRIBUTE added;
SELECT * FROM test.compare('find_by_customer(k.n, 1)', true);
ROLLBACK;
BEGIN;
PREPARE status AS SELECT k.id, f.status, length(f.status) FROM test.keys AS k,
	LATERAL fca.find_by_customer(k.n, max_rows => 1) AS f ORDER BY k.id LIMIT 1;
EXECUTE status;
SELECT test.is_inlined('EXECUTE status') AS inlined;
ALTER TABLE fca.conversations RENAME COLUMN status TO was;
ALTER TABLE fca.conversations ADD COLUMN status int DEFAULT 7;
ALTER TYPE fca.conversation ALTER ATTRIBUTE status TYPE int;
\set VERBOSITY sqlstate
EXECUTE status;
\set VERBOSITY default
ROLLBACK;

-- the relation: gone, another one, a view, a view of rows that are not unique, a table with partitions, a
-- materialized view, a foreign table, a sequence
BEGIN;
CREATE TABLE test.copy AS TABLE fca.customers;
SET LOCAL client_min_messages = warning;
DROP TABLE fca.customers CASCADE;
RESET client_min_messages;
SAVEPOINT gone;
EXECUTE by_email;
ROLLBACK TO gone;
SELECT * FROM test.compare('find_by_email(k.s)', false);
CREATE TABLE fca.customers (LIKE test.copy);
EXECUTE by_email;
INSERT INTO fca.customers SELECT * FROM test.copy WHERE id = 2;
CREATE UNIQUE INDEX ON fca.customers (email);
UPDATE fca.customers SET email = 'c1@example.com';
SELECT * FROM test.compare('find_by_email(k.s)', true);
EXECUTE by_email;
DROP TABLE fca.customers;
CREATE VIEW fca.customers AS TABLE test.copy;
SELECT * FROM test.compare('find_by_email(k.s)', false);
SELECT * FROM test.compare('find_by_emails(k.words)', true);
EXECUTE by_email;
INSERT INTO test.copy SELECT * FROM test.copy WHERE id = 1;
SAVEPOINT twice;
EXECUTE by_email;
ROLLBACK TO twice;
DROP VIEW fca.customers;
CREATE TABLE fca.customers (LIKE test.copy) PARTITION BY LIST (email);
CREATE TABLE test.part PARTITION OF fca.customers DEFAULT;
INSERT INTO fca.customers SELECT DISTINCT * FROM test.copy;
SELECT * FROM test.compare('find_by_email(k.s)', false);
CREATE UNIQUE INDEX ON fca.customers (email);
SELECT * FROM test.compare('find_by_email(k.s)', true);
DROP TABLE fca.customers;
CREATE MATERIALIZED VIEW fca.customers AS SELECT DISTINCT * FROM test.copy WITH NO DATA;
CREATE UNIQUE INDEX ON fca.customers (email);
SELECT * FROM test.compare('find_by_email(k.s)', false);
REFRESH MATERIALIZED VIEW fca.customers;
SELECT * FROM test.compare('find_by_email(k.s)', true);
DROP MATERIALIZED VIEW fca.customers;
CREATE FOREIGN DATA WRAPPER test_inline;
CREATE SERVER test_inline FOREIGN DATA WRAPPER test_inline;
CREATE FOREIGN TABLE fca.customers (id bigint, customer_id text, email text, first_name text, last_name text,
	phone text, is_active boolean, is_verified boolean,
	is_vip boolean, notes text, created_at timestamptz, updated_at timestamptz) SERVER test_inline;
SELECT * FROM test.compare('find_by_emails(k.words)', false);
DROP FOREIGN TABLE fca.customers;
CREATE SEQUENCE fca.customers;
SELECT * FROM test.compare('find_by_email(k.s)', false);
ROLLBACK;

-- views that a list reads: plain; with columns that may be errors, are volatile, or of a sub-select; with a
-- security barrier
ALTER TABLE fca.accounts RENAME TO real_accounts;
CREATE VIEW fca.accounts AS SELECT * FROM fca.real_accounts WHERE id > 0;
SELECT * FROM test.compare('list_by_customer(k.n)', true);
CREATE OR REPLACE VIEW fca.accounts AS
	SELECT id, account_number, customer_id, product_id, type, status, currency, balance,
		(available_balance / (id - 5))::numeric(15,2) AS available_balance, created_at, updated_at
	FROM fca.real_accounts;
SELECT * FROM test.compare('list_by_customer(k.n)', false);
CREATE OR REPLACE VIEW fca.accounts AS SELECT id, account_number, customer_id, product_id,
	random()::text AS type, status, currency, balance,
	available_balance, created_at, updated_at FROM fca.real_accounts;
SELECT as_expected FROM test.compare('list_by_customer(k.n)', false);
CREATE OR REPLACE VIEW fca.accounts AS SELECT id, account_number, customer_id, product_id,
	(SELECT max(type) FROM fca.real_accounts) AS type, status, currency, balance,
	available_balance, created_at, updated_at FROM fca.real_accounts;
SELECT as_expected, same FROM test.compare('list_by_customer(k.n)', false);
CREATE OR REPLACE VIEW fca.accounts AS SELECT * FROM fca.real_accounts WHERE random() < 2;
SELECT as_expected, same FROM test.compare('list_by_customer(k.n)', false);
CREATE OR REPLACE VIEW fca.accounts AS SELECT * FROM fca.real_accounts WHERE EXISTS (SELECT FROM fca.faqs);
SELECT as_expected, same FROM test.compare('list_by_customer(k.n)', false);
CREATE OR REPLACE VIEW fca.accounts AS SELECT * FROM fca.real_accounts WHERE 10 / (id - 5) <> 100;
SELECT as_expected, same FROM test.compare('list_by_customer(k.n)', false);
CREATE OR REPLACE VIEW fca.accounts AS SELECT * FROM fca.real_accounts WHERE type IN ('current', 'loan');
SELECT as_expected, same FROM test.compare('list_by_customer(k.n)', true);
CREATE OR REPLACE VIEW fca.accounts AS SELECT a.* FROM fca.real_accounts AS a
	JOIN fca.list_by_customer(a.customer_id) AS f ON true WHERE a.id < 0;
SELECT * FROM test.compare('list_by_customer(k.n)', false);
CREATE OR REPLACE VIEW fca.accounts AS SELECT * FROM fca.real_accounts FOR UPDATE;
SELECT * FROM test.compare('list_by_customer(k.n)', false);
DROP VIEW fca.accounts;
CREATE VIEW fca.accounts WITH (security_barrier) AS SELECT * FROM fca.real_accounts WHERE id > 6;
CREATE FUNCTION test.leak(id bigint) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN IF id <= 6
	THEN RAISE NOTICE 'seen: %', id; END IF; RETURN true; END $$;
GRANT SELECT ON fca.accounts TO regress_fca_inline;
SET ROLE regress_fca_inline;
SELECT * FROM test.compare('list_by_customer(k.n)', false);
SELECT k.id, f.id AS found FROM test.keys AS k, LATERAL fca.list_by_customer(k.n) AS f WHERE k.id = 1
	AND test.leak(f.id) ORDER BY f.id;
RESET ROLE;
-- over the rows of a table that the view's owner reads under row-level security
ALTER TABLE fca.real_accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON fca.real_accounts USING (id < 9);
ALTER VIEW fca.accounts OWNER TO regress_fca_owner;
GRANT SELECT ON fca.real_accounts TO regress_fca_owner;
SET ROLE regress_fca_inline;
SELECT * FROM test.compare('list_by_customer(k.n)', false);
RESET ROLE;
DROP VIEW fca.accounts;
DROP POLICY few ON fca.real_accounts;
ALTER TABLE fca.real_accounts DISABLE ROW LEVEL SECURITY;
ALTER TABLE fca.real_accounts RENAME TO accounts;

-- names of the caller's search_path lead nowhere else
CREATE FUNCTION test.wrong(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR test.= (FUNCTION = test.wrong, LEFTARG = text, RIGHTARG = text);
CREATE TABLE test.customers AS TABLE fca.customers;
SET search_path = test, pg_catalog, fca;
SELECT k.id, f.id AS found FROM test.keys AS k, LATERAL find_by_email(k.s) AS f ORDER BY k.id;
RESET search_path;
DROP OPERATOR test.= (text, text);

-- in writes: the statement does not see its own rows, as the call does not
BEGIN;
INSERT INTO fca.customers (customer_id, email, first_name, last_name)
SELECT 'new ' || k.id, 'new' || k.id || '@example.com', f.first_name, f.last_name FROM test.keys AS k,
LATERAL fca.find_by_email(k.s) AS f RETURNING customer_id, first_name;
UPDATE fca.customers AS c SET notes = f.notes || k.id FROM test.keys AS k,
	LATERAL fca.find_by_emails(k.words) AS f WHERE c.id = f.id AND k.id < 3 RETURNING c.id, c.notes;
DELETE FROM fca.messages AS m USING test.keys AS k, LATERAL fca.find_by_conversation(k.n, 1) AS f
WHERE m.id = f.id AND k.id = 1 RETURNING m.id;
SELECT k.id, f.id AS found FROM test.keys AS k, LATERAL fca.find_by_email(k.s) AS f
ORDER BY k.id FOR UPDATE OF k;
ROLLBACK;

DEALLOCATE ALL;
RESET plan_cache_mode;
SET client_min_messages = warning;
DROP TABLE test.keys, test.many, test.customers CASCADE;
DROP TYPE test.status, test.category;
DROP FUNCTION test.is_inlined, test.as_call, test.outcome, test.look, test.compare,
	test.plan_has, test.leak, test.wrong;
DROP OWNED BY regress_fca_inline, regress_fca_owner;
DROP ROLE regress_fca_inline, regress_fca_owner;
