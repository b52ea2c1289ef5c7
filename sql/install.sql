-- CREATE EXTENSION, create_tables() and DROP EXTENSION: whose is what, and what stays.
\set main :DBNAME
SET client_min_messages = warning;
CREATE ROLE regress_fca_owner;
CREATE ROLE regress_fca_other;
CREATE DATABASE fca_regress_install TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
CREATE DATABASE fca_regress_owner OWNER regress_fca_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
CREATE DATABASE fca_regress_guard TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';

\c fca_regress_install
\a
\set SHOW_CONTEXT never
CREATE EXTENSION fca_repo;
-- The extension is code: functions and composite types, no table, not even the schema.
SELECT n.nspname, extrelocatable FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace
WHERE extname = 'fca_repo';
SELECT DISTINCT classid::regclass, coalesce(relkind, typtype, prokind) AS kind
FROM pg_depend LEFT JOIN pg_class AS c ON classid = 'pg_class'::regclass AND c.oid = objid
	LEFT JOIN pg_type AS t ON classid = 'pg_type'::regclass AND t.oid = objid
	LEFT JOIN pg_proc AS p ON classid = 'pg_proc'::regclass AND p.oid = objid
WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fca_repo')
	AND t.typcategory IS DISTINCT FROM 'A' ORDER BY 1, 2;
-- what the planner and the caller rely on; the finders' are in the tests of their resources
CREATE TEMP VIEW finder AS SELECT p.* FROM pg_proc AS p JOIN pg_type AS t ON t.oid = prorettype
	WHERE pronamespace = 'fca'::regnamespace AND typtype = 'c' AND typnamespace = 'fca'::regnamespace;
SELECT provolatile, proparallel, prosecdef, proretset,
	string_agg(proname, ' ' ORDER BY proname COLLATE "C") AS functions
FROM pg_proc WHERE pronamespace = 'fca'::regnamespace AND oid NOT IN (SELECT oid FROM finder)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
SELECT DISTINCT provolatile, proparallel, prosecdef, proretset FROM finder ORDER BY 1;
SELECT string_agg(proname, ' ' ORDER BY proname COLLATE "C") AS one_row FROM pg_proc
WHERE pronamespace = 'fca'::regnamespace AND prorows = 1 AND oid NOT IN (SELECT oid FROM finder);
-- what a call may rely on: names, defaults, the rows that the planner expects
SELECT format('%s(%s)', proname, pg_get_function_arguments(oid)) AS function, prorows AS rows,
	prosupport <> 0 AS support
FROM pg_proc WHERE pronamespace = 'fca'::regnamespace AND oid NOT IN (SELECT oid FROM finder)
ORDER BY proname COLLATE "C";
SELECT proname AS differs FROM finder WHERE prosupport <> 'fca.planner_support'::regproc;
SELECT proname AS differs FROM pg_proc WHERE pronamespace = 'fca'::regnamespace
	AND (proacl IS NOT NULL OR obj_description(oid, 'pg_proc') IS NULL);
DROP VIEW finder;
SELECT proname AS differs FROM pg_proc WHERE pronamespace = 'fca'::regnamespace
	AND prorettype <> 'internal'::regtype
	AND (proargmodes IS NULL AND pronargs <> coalesce(cardinality(array_remove(proargnames, '')), 0)
		OR prosrc NOT LIKE 'fca\_%' OR obj_description(oid, 'pg_proc') IS NULL)
	OR proname IN (SELECT proname FROM pg_proc WHERE pronamespace = 'fca'::regnamespace
		GROUP BY 1 HAVING count(*) > 1);
SELECT has_schema_privilege('public', 'fca', 'CREATE');

-- create_tables(): the resources' relations, parents first; the second time nothing.  What they are like is
-- in the tests of the resources.
\set resources `cat "$PG_ABS_SRCDIR/sql/fixtures/resources.sql"`
CREATE TEMP TABLE resource AS SELECT row_number() OVER () AS n, r.* FROM (:resources) AS r;
SELECT count(*) >= 7 AS all_of_them FROM resource;
SELECT array_agg('fca.' || relation ORDER BY n) AS relations FROM resource \gset
SELECT array_agg(made::text ORDER BY n) = :'relations' AS all_of_them
FROM fca.create_tables() WITH ORDINALITY AS m (made, n);
SELECT fca.create_tables();
SELECT conrelid::regclass AS differs FROM pg_constraint WHERE contype = 'f' AND conrelid < confrelid;
-- each type has the columns of its table
SELECT row_type AS differs FROM resource
WHERE (SELECT array_agg((attname, atttypid, atttypmod) ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = to_regclass('fca.' || row_type))
	IS DISTINCT FROM (SELECT array_agg((attname, atttypid, atttypmod) ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = to_regclass('fca.' || relation) AND attnum > 0);
-- the trigger is where the column is
SELECT oid::regclass AS differs FROM pg_class AS c WHERE relnamespace = 'fca'::regnamespace AND relkind = 'r'
	AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'updated_at')
	<> EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'set_updated_at');
SELECT oid::regclass AS differs FROM pg_class
WHERE relnamespace = 'fca'::regnamespace AND relkind = 'r' AND relowner::regrole <> current_user::regrole;

-- updated_at follows every change, unless the update gives it
INSERT INTO fca.customers (customer_id, email, first_name, last_name, updated_at) SELECT i, i, 'f', 'l',
	'2020-01-01 00:00Z' FROM generate_series(1, 4) AS i;
UPDATE fca.customers SET notes = 'sql' WHERE id = 1;
UPDATE fca.customers SET notes = 'given', updated_at = '2021-01-01 00:00Z' WHERE id = 2;
SELECT count(*) FROM fca.update(NULL::fca.customer, 3, '{"notes": "repository"}');
SELECT count(*) FROM fca.update(NULL::fca.customer, 4,
	'{"notes": "given", "updated_at": "2022-01-01 00:00Z"}');
SELECT id, notes, CASE WHEN updated_at < '2023-01-01'
	THEN extract(year FROM updated_at AT TIME ZONE 'UTC')::text ELSE 'now' END AS updated
FROM fca.customers ORDER BY id;
SELECT created_at = (SELECT created_at FROM fca.customers WHERE id = 1) AS same
FROM fca.update(NULL::fca.customer, 1, '{}');

-- DROP EXTENSION keeps every row, and what the user made on the tables
SELECT fca.create_many(NULL::fca.faq,
	'[{"question": "q1", "answer": "a"}, {"question": "q2", "answer": "a", "category": "c"}]') IS NULL
	AS "null";
ALTER TABLE fca.customers ADD COLUMN extra int DEFAULT 7;
CREATE FUNCTION public.vip() RETURNS SETOF fca.customer LANGUAGE sql
	AS 'SELECT * FROM fca.find_vip_customers()';
SELECT md5(string_agg(c::text, ',' ORDER BY id)) AS before FROM fca.customers AS c \gset
DROP EXTENSION fca_repo;
DROP FUNCTION public.vip();
DROP EXTENSION fca_repo;
SELECT md5(string_agg(c::text, ',' ORDER BY id)) = :'before' AS kept FROM fca.customers AS c;
SELECT DISTINCT relkind FROM pg_class WHERE relnamespace = 'fca'::regnamespace AND relkind IN ('r', 'c', 'v');
SELECT array_agg(oid::regclass::text ORDER BY oid) = :'relations' AS kept FROM pg_class
	WHERE relnamespace = 'fca'::regnamespace AND relkind = 'r';
SELECT proname FROM pg_proc WHERE pronamespace = 'fca'::regnamespace;
UPDATE fca.customers SET updated_at = '2020-01-01 00:00Z' WHERE id = 1;
UPDATE fca.customers SET phone = '1' WHERE id = 1;
SELECT updated_at > '2023-01-01' AS trigger_works FROM fca.customers WHERE id = 1;
-- made again, in a session that is warm with what was dropped
CREATE EXTENSION fca_repo;
SELECT fca.create_tables();
SELECT id, notes FROM fca.find_by_email('2');
SELECT id FROM fca.create(NULL::fca.faq, '{"question": "q3", "answer": "a", "category": "c"}');
SELECT id FROM fca.find_by_category('c');
-- CASCADE takes what depends on the code, no table and no row
CREATE FUNCTION public.vip() RETURNS SETOF fca.customer LANGUAGE sql
	AS 'SELECT * FROM fca.find_vip_customers()';
CREATE VIEW public.active AS SELECT id FROM fca.find_active_customers();
SELECT md5(string_agg(c::text, ',' ORDER BY id)) AS before FROM fca.customers AS c \gset
DROP EXTENSION fca_repo CASCADE;
SELECT md5(string_agg(c::text, ',' ORDER BY id)) = :'before' AS kept FROM fca.customers AS c;
SELECT count(*) FROM fca.faqs;
CREATE EXTENSION fca_repo;
SELECT fca.create_tables();
SELECT array_agg(id) FROM fca.find_active_customers();
SELECT fca.count(NULL::fca.faq);

-- without the trigram indexes the searches work all the same
SET client_min_messages = warning;
DROP EXTENSION pg_trgm CASCADE;
RESET client_min_messages;
SELECT id FROM fca.search_by_keyword('Q2');
-- a role that may create tables, but no extension; one that may do nothing
GRANT USAGE ON SCHEMA fca TO regress_fca_other;
DROP TABLE fca.faqs;
SET ROLE regress_fca_other;
SELECT fca.create_tables();
RESET ROLE;
GRANT CREATE ON SCHEMA fca TO regress_fca_other;
SET ROLE regress_fca_other;
SELECT fca.create_tables();
SELECT question FROM fca.create(NULL::fca.faq, '{"question": "q", "answer": "a"}');
SELECT question FROM fca.search_by_keyword('q');
RESET ROLE;
SELECT relname, relowner::regrole FROM pg_class WHERE oid = 'fca.faqs'::regclass;

-- The owner of a database, no superuser.
\c fca_regress_owner
SET ROLE regress_fca_owner;
CREATE EXTENSION fca_repo;
SELECT array_agg(made::text ORDER BY n) = :'relations' AS all_of_them
FROM fca.create_tables() WITH ORDINALITY AS m (made, n);
SELECT extowner::regrole, nspowner::regrole,
	(SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class
		WHERE relnamespace = n.oid AND relkind = 'r') AS tables
FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname = 'fca_repo';
SELECT DISTINCT i.indrelid::regclass AS trigrams FROM pg_index AS i JOIN pg_class AS c ON c.oid = indexrelid
	JOIN pg_am AS a ON a.oid = relam WHERE amname = 'gin' AND relnamespace = 'fca'::regnamespace ORDER BY 1;
SELECT id, is_active FROM fca.create(NULL::fca.customer,
	'{"customer_id": "1", "email": "e", "first_name": "f", "last_name": "l"}');
SELECT id FROM fca.find_by_email('e');
DROP EXTENSION fca_repo CASCADE;
SELECT id FROM fca.customers;
CREATE EXTENSION fca_repo;
SELECT id, notes FROM fca.update(NULL::fca.customer, 1, '{"notes": "n"}');
-- a trigger function that somebody else put there is not used
SET client_min_messages = warning;
DROP TABLE fca.products CASCADE;
DROP FUNCTION fca.set_updated_at CASCADE;
GRANT ALL ON SCHEMA fca TO regress_fca_other;
SET ROLE regress_fca_other;
CREATE FUNCTION fca.set_updated_at() RETURNS trigger LANGUAGE plpgsql
	AS 'BEGIN RAISE EXCEPTION ''evil ran''; END';
SET ROLE regress_fca_owner;
SELECT fca.create_tables();
SELECT to_regclass('fca.products');

-- A schema fca that was there before, or an extension: of another role.
\c fca_regress_guard
GRANT CREATE ON DATABASE fca_regress_guard TO regress_fca_other;
SET ROLE regress_fca_other;
CREATE SCHEMA fca;
RESET ROLE;
CREATE EXTENSION fca_repo;
SELECT to_regproc('fca.guard_schema');
-- what the hint says
SET ROLE regress_fca_other;
CREATE EXTENSION fca_repo;
RESET ROLE;
CREATE EXTENSION IF NOT EXISTS fca_repo;
SELECT fca.create_tables();
ALTER SCHEMA fca OWNER TO CURRENT_USER;
SELECT fca.create_tables();
DROP EXTENSION fca_repo;
-- with an overload in it, an operator; the right to create is enough, and is refused by itself
GRANT USAGE, CREATE ON SCHEMA fca TO regress_fca_other;
GRANT CREATE ON SCHEMA public TO regress_fca_other;
SET ROLE regress_fca_other;
CREATE FUNCTION fca.find_by_email(email varchar) RETURNS text LANGUAGE sql AS 'SELECT email';
RESET ROLE;
CREATE EXTENSION fca_repo;
SET ROLE regress_fca_other;
DROP FUNCTION fca.find_by_email;
CREATE FUNCTION public.f(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR fca.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.f);
RESET ROLE;
CREATE EXTENSION fca_repo;
-- taken over: who does that knows what it is
ALTER OPERATOR fca.= (text, text) OWNER TO CURRENT_USER;
CREATE EXTENSION fca_repo;
REVOKE CREATE ON SCHEMA fca FROM regress_fca_other;
GRANT CREATE ON SCHEMA fca TO PUBLIC;
CREATE EXTENSION fca_repo;
SELECT extname FROM pg_extension WHERE extname = 'fca_repo';
REVOKE CREATE ON SCHEMA fca FROM PUBLIC;
CREATE EXTENSION fca_repo;
SELECT count(*) > 6 AS made FROM fca.create_tables();
SELECT id FROM fca.find_by_email('none');
-- and later: also where all is there
GRANT CREATE ON SCHEMA fca TO regress_fca_other;
SELECT fca.create_tables();
SET ROLE regress_fca_other;
SELECT fca.create_tables();
RESET ROLE;

\c :main
DROP DATABASE fca_regress_install;
DROP DATABASE fca_regress_owner;
DROP DATABASE fca_regress_guard;
DROP ROLE regress_fca_owner, regress_fca_other;
