-- Under a hostile search_path nothing but what was meant is run: not by the
-- finders, not by the base repository, not by create_tables().
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never
CREATE SCHEMA evil;

-- Whatever of this schema is run says so: operators, functions, an aggregate,
-- a check in each type, relations and their triggers.
CREATE FUNCTION evil.trap() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'evil ran';
END $$;
DO $$
DECLARE
	types text[] := ARRAY['text', 'varchar', 'bpchar', 'name', '"char"', 'bool', 'int2', 'int4', 'int8',
		'oid', 'regclass', 'numeric', 'timestamptz', 'timestamp', 'date', 'jsonb', 'text[]', 'int8[]',
		'varchar[]', 'evil_state'];
	strings text[] := ARRAY['text', 'varchar', 'bpchar', 'name'];
	number text[] := ARRAY['int2', 'int4', 'int8', 'numeric', 'oid'];
	times text[] := ARRAY['timestamptz', 'timestamp', 'date'];
	l text;
	r text;
	o text;
BEGIN
	CREATE TYPE public.evil_state AS ENUM ('active', 'resolved', 'escalated', 'closed', 'frozen');
	FOREACH l IN ARRAY types LOOP
		FOREACH r IN ARRAY types LOOP
			CONTINUE WHEN NOT (l = r OR (l = ANY (strings) AND r = ANY (strings))
				OR (l = ANY (number) AND r = ANY (number)) OR (l = ANY (times) AND r = ANY (times)));
			EXECUTE format('CREATE FUNCTION evil.compare(%s,
				%s) RETURNS bool LANGUAGE plpgsql AS ''BEGIN PERFORM evil.trap(); RETURN true; END''', l, r);
			FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>=', '~~', '~~*', '-', '||'] LOOP
				EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s,
					FUNCTION = evil.compare)', o, l, r);
			END LOOP;
		END LOOP;
	END LOOP;
	FOREACH o IN ARRAY
		ARRAY['lower', 'upper', 'btrim', 'length', 'quote_ident', 'to_regclass', 'nextval'] LOOP
		FOREACH l IN ARRAY strings LOOP
			EXECUTE format('CREATE FUNCTION evil.%s(%s) RETURNS text LANGUAGE plpgsql AS'
				' ''BEGIN PERFORM evil.trap(); RETURN ''''evil''''; END''', o, l);
		END LOOP;
	END LOOP;
	FOREACH o IN ARRAY ARRAY['text', 'varchar', 'bool', 'int4', 'int8', 'numeric', 'timestamptz', 'timestamp',
		'jsonb', 'regclass', 'regrole', 'bpchar'] LOOP
		EXECUTE format('CREATE FUNCTION evil.check_it(pg_catalog.%s) RETURNS bool LANGUAGE plpgsql AS'
			' ''BEGIN PERFORM evil.trap(); RETURN true; END''', o);
		EXECUTE format('CREATE DOMAIN evil.%s AS pg_catalog.%s CHECK (evil.check_it(VALUE))', o, o);
	END LOOP;
END $$;
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT evil.trap(); SELECT pg_catalog.now()';
CREATE FUNCTION evil.btrim(pg_catalog.text,
	pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT evil.trap(); SELECT $1';
CREATE FUNCTION evil.substr(pg_catalog.text,
	int) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT evil.trap(); SELECT $1';
CREATE FUNCTION evil.substr(pg_catalog.text, int,
	int) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT evil.trap(); SELECT $1';
CREATE FUNCTION evil.string_to_array(pg_catalog.text,
	pg_catalog.text) RETURNS pg_catalog.text[] LANGUAGE sql AS 'SELECT evil.trap(); SELECT ARRAY[$1]';
CREATE FUNCTION evil.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE sql
	AS 'SELECT evil.trap(); SELECT $1[1]';
CREATE FUNCTION evil.step(pg_catalog.int8) RETURNS pg_catalog.int8 LANGUAGE sql
	AS 'SELECT evil.trap(); SELECT $1';
CREATE AGGREGATE evil.count(*) (SFUNC = evil.step, STYPE = pg_catalog.int8);
-- relations of the names that the queries use, in the path and in pg_temp
CREATE TABLE evil.customers (id bigint, email pg_catalog.text);
CREATE TABLE evil.fca_rows (id bigint, question pg_catalog.text, answer pg_catalog.text);
CREATE TABLE evil.pg_extension (extname name);
CREATE TEMP TABLE fca_rows (id bigint, question pg_catalog.text, answer pg_catalog.text);
CREATE TEMP TABLE faqs (id bigint);

-- Every function, with the ids that it gives.
CREATE TABLE test.calls (n int GENERATED ALWAYS AS IDENTITY, call text);
INSERT INTO test.calls (call)
SELECT format('SELECT %L, pg_catalog.array_agg(id) FROM fca.%s', split_part(call, '(', 1), call)
FROM unnest(ARRAY[
	'find_by_email(''c1@example.com'')', 'find_by_business_id(''CUST-000002'')',
	'get_by_email(''c3@example.com'')', 'get_by_customer_id(''CUST-000004'')', 'find_vip_customers(2)',
	'find_vip_customers(2, ''2026-01-05 10:00Z'', 2)', 'get_vip_customers(2)',
	'find_active_customers(4, ''2026-01-05 10:00Z'', 2)', 'search_by_name(''SMITH'', 2)',
	'find_by_account_number(''ACC-3'')', 'list_by_customer(2)', 'list_accounts_by_status(''frozen'')',
	'find_by_reference(''TX-7'')', 'find_recent_transactions(1, 3, ''2026-03-01 05:00Z'', 21)',
	'find_transactions_between(2, ''2026-03-01 02:00Z'', ''2026-03-01 05:00Z'', 3)',
	'find_transactions_by_category(1, ''food'', 3)', 'find_by_customer(1, 3)',
	'find_escalated(3, ''2026-04-01 00:01Z'', 3)', 'find_escalated_by_group(''loans'', 2)',
	'find_by_ticket_id(''ESC-6'')', 'find_by_status(''active'', 2, ''2026-04-01 00:05Z'', 15)',
	'find_by_conversation(1, 3, ''2026-04-02 00:00:03Z'', 10)', 'find_recent_messages(2, 3)',
	'find_requiring_human(3)', 'find_by_type(''savings'', 3)', 'find_active_products(2, ''Everyday'', 1)',
	'search_by_keyword(''card'')', 'find_by_category(''cards'', 2, 1)', 'get_by_id(NULL::fca.customer, 1)',
	'get_many(NULL::fca.customer, ARRAY[3, 1, 3])',
	'get_all(NULL::fca.account, 1, 2, ''balance desc, status'')',
	'get_by_filters(NULL::fca.conversation, ''{"status": ["active", "closed"], "title": "conversation 5",
	"updated_at": "2026-04-01 00:01Z"}'')',
	'find_one(NULL::fca.customer, ''{"phone": null, "first_name": "Li"}'')',
	'create(NULL::fca.faq, ''{"id": 50, "question": "q", "answer": "a"}'')',
	'create_many(NULL::fca.faq, ''[{"id": 51, "question": "q", "answer": "a"},
	{"id": 52, "question": "q", "answer": "a", "is_active": true}]'')',
	'update(NULL::fca.customer, 1, ''{"notes": "n", "is_vip": false}'')']) WITH ORDINALITY AS c (call, n)
ORDER BY n;
INSERT INTO test.calls (call) VALUES
	('SELECT ''others'', fca.count(NULL::fca.customer, ''{"last_name": "Smith"}''),
		fca.exists(NULL::fca.customer, 8),
		fca.update_many(NULL::fca.account, ''{"status": "closed"}'', ''{"balance": 1}''),
		fca.delete(NULL::fca.faq, 50), fca.delete_many(NULL::fca.faq, ''{"id": [51, 52]}'')');

-- as it should be
\t
\a
BEGIN;
\set ECHO none
SELECT call FROM test.calls ORDER BY n \gexec
\set ECHO all
ROLLBACK;

-- the trap works
BEGIN;
SET LOCAL search_path = evil, pg_catalog, pg_temp;
SAVEPOINT s;
SELECT 'a'::pg_catalog.varchar = 'b'::pg_catalog.varchar;
ROLLBACK TO s;
SELECT count(*) FROM pg_catalog.pg_class;
ROLLBACK TO s;
SELECT 'a'::text;
ROLLBACK TO s;
SELECT now();
ROLLBACK TO s;
SELECT 1::pg_catalog.int8 > 0::pg_catalog.int4;
ROLLBACK TO s;
SELECT btrim('a', 'b');
ROLLBACK;

-- the same rows under the hostile path, each plan made there; pg_temp first, too
BEGIN;
SET LOCAL search_path = evil, pg_temp, pg_catalog;
\set ECHO none
SELECT call FROM test.calls ORDER BY n \gexec
\set ECHO all
ROLLBACK;
BEGIN;
SET LOCAL search_path = evil, pg_catalog, public, fca;
DISCARD PLANS;
\set ECHO none
SELECT call FROM test.calls ORDER BY n \gexec
\set ECHO all
ROLLBACK;

-- and on relations of other types: varchar, char, enum, int, numeric, timestamp
BEGIN;
SET LOCAL timezone = 'UTC';
ALTER TABLE fca.customers ALTER customer_id TYPE char(12), ALTER email TYPE varchar(40),
	ALTER first_name TYPE varchar(40), ALTER last_name TYPE varchar(40),
	ALTER phone TYPE varchar, ALTER notes TYPE varchar, ALTER created_at TYPE timestamp;
ALTER TABLE fca.products ALTER name TYPE varchar(40), ALTER type TYPE varchar(40);
ALTER TABLE fca.accounts DROP CONSTRAINT accounts_status_check, ALTER status DROP DEFAULT,
	ALTER status TYPE evil_state USING status::evil_state,
	ALTER account_number TYPE name, ALTER balance TYPE numeric;
ALTER TABLE fca.transactions ALTER reference TYPE varchar(9), ALTER category TYPE char(9),
	ALTER account_id TYPE int, ALTER occurred_at TYPE timestamp;
ALTER TABLE fca.conversations DROP CONSTRAINT conversations_status_check, ALTER status DROP DEFAULT;
DROP INDEX fca.conversations_updated_at_id_idx, fca.conversations_assigned_group_updated_at_id_idx;
ALTER TABLE fca.conversations ALTER status TYPE evil_state USING status::evil_state,
	ALTER escalation_id TYPE varchar(9), ALTER assigned_group TYPE varchar(9);
ALTER TABLE fca.messages DROP CONSTRAINT messages_conversation_id_fkey, ALTER conversation_id TYPE numeric,
	ALTER created_at TYPE timestamp;
ALTER TABLE fca.faqs ALTER question TYPE varchar, ALTER keywords TYPE varchar, ALTER category TYPE char(9),
	ALTER id TYPE smallint;
SET LOCAL search_path = evil, pg_temp, pg_catalog;
\set ECHO none
SELECT call FROM test.calls ORDER BY n \gexec
\set ECHO all
ROLLBACK;

-- create_tables(), and what it leaves in the tables
BEGIN;
SET LOCAL client_min_messages = warning;
DROP TABLE fca.messages, fca.faqs, fca.customers CASCADE;
SET LOCAL search_path = evil, pg_temp, pg_catalog;
SELECT fca.create_tables();
SELECT id, is_active FROM fca.create(NULL::fca.faq, '{"question": "q", "answer": "a"}');
SELECT id, email FROM fca.create(NULL::fca.customer,
	'{"customer_id": "c", "email": "e", "first_name": "f", "last_name": "l"}');
SELECT id, notes FROM fca.update(NULL::fca.customer, 1, '{"notes": "n"}');
SELECT fca.create_tables();
ROLLBACK;

\t
\a
SET client_min_messages = warning;
DROP SCHEMA evil CASCADE;
DROP TABLE test.calls, pg_temp.fca_rows, pg_temp.faqs;
DROP TYPE public.evil_state;
RESET client_min_messages;
