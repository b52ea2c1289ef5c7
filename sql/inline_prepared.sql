-- A prepared statement that is planned for all values of its parameters has the query of the call: the same
-- rows and errors.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never

CREATE SCHEMA prep;
-- How a prepared statement is planned: what is scanned, without names that differ between servers.
CREATE FUNCTION prep.scans(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement LOOP
		IF line ~ 'Scan' THEN
			RETURN NEXT btrim(line, ' ->');
		END IF;
	END LOOP;
END $$;

-- The plan cache settles on it by itself; while it plans for values, and for constants, it is a call.
SET plan_cache_mode = auto;
PREPARE by_email(text) AS SELECT id, email FROM fca.find_by_email($1);
PREPARE by_customer(bigint) AS SELECT id FROM fca.find_by_customer($1);
PREPARE every(bigint) AS SELECT id FROM fca.find_by_customer($1, NULL);
PREPARE constants AS SELECT id FROM fca.find_by_customer(1, 2);
SELECT * FROM prep.scans($$EXECUTE by_email('c1@example.com')$$);
DO $$ BEGIN
	FOR i IN 1..6 LOOP
		EXECUTE format('EXECUTE by_email(''c%s@example.com'')', i);
		EXECUTE format('EXECUTE by_customer(%s)', i);
		EXECUTE format('EXECUTE every(%s)', i);
		EXECUTE 'EXECUTE constants';
	END LOOP;
END $$;
SELECT * FROM prep.scans($$EXECUTE by_email('c1@example.com')$$);
SELECT count(*) FROM prep.scans('EXECUTE by_customer(1)') AS s WHERE s ~ 'find_by_customer r?$';
SELECT count(*) FROM prep.scans('EXECUTE every(1)') AS s WHERE s ~ 'on conversations r';
SELECT * FROM prep.scans('EXECUTE constants');
EXECUTE by_email('c2@example.com');
EXECUTE by_email(NULL);
EXECUTE by_email('nobody');

-- Errors are those of the call, with DETAIL and HINT, each time.
SET plan_cache_mode = force_generic_plan;
PREPARE page(bigint, bigint, timestamptz, bigint) AS SELECT id, updated_at
	FROM fca.find_by_customer($1, $2, $3, $4);
PREPARE status(text, bigint) AS SELECT count(*) FROM fca.find_by_status($1, $2);
PREPARE newest(bigint, bigint) AS SELECT id FROM fca.find_recent_messages($1, $2);
PREPARE batch(bigint[], bigint) AS SELECT customer_id, id FROM fca.find_by_customers($1, $2);
EXECUTE page(1, 2, NULL, NULL);
EXECUTE page(1, -1, NULL, NULL);
EXECUTE page(1, -1, NULL, NULL);
EXECUTE page(1, 2, now(), NULL);
EXECUTE page(1, 2, NULL, 1);
EXECUTE page(1, 0, NULL, NULL);
EXECUTE page(NULL, 2, NULL, NULL);
EXECUTE status('nothing', 1);
EXECUTE status('active', -1);
EXECUTE status(NULL, 1);
EXECUTE status('active', NULL);
EXECUTE newest(1, -1);
EXECUTE newest(1, 2);
EXECUTE batch('{1,2}', -1);
EXECUTE batch('{}', -1);
EXECUTE batch('{2,1,2}', 1);
EXECUTE batch(NULL, 1);
SELECT count(*) FROM prep.scans($$EXECUTE page(1, 2, NULL, NULL)$$) AS s WHERE s ~ 'on conversations r';
SELECT count(*) FROM prep.scans($$EXECUTE status('active', 2)$$) AS s WHERE s ~ 'on conversations r';

-- Pages to the end and back at the first and the last values that there are, one row each.
INSERT INTO fca.conversations (id, customer_id, updated_at)
SELECT id, 6, at FROM unnest(ARRAY[9223372036854775807, 9223372036854775806, 0, -9223372036854775808]) AS id,
	unnest(ARRAY['infinity', '2026-04-01 00:00Z', '-infinity']::timestamptz[]) AS at
WHERE (id <> 9223372036854775807 OR at = 'infinity') AND (id > 0 OR at <> 'infinity')
	AND (at <> '-infinity' OR id IN (0, -9223372036854775808))
ON CONFLICT DO NOTHING;
INSERT INTO fca.faqs (id, question, answer, category)
SELECT id, 'q', 'a', 'edges' FROM unnest(ARRAY[9223372036854775807, 9223372036854775806, 0,
	-9223372036854775808, -9223372036854775807]) AS id;
INSERT INTO fca.products (id, name, type)
SELECT id, name, 'edges' FROM (VALUES ('', -9223372036854775808), ('', 0), ('a', 9223372036854775807),
	('b', 55), ('', -9223372036854775807)) AS v (name, id);
PREPARE walk_faqs(bigint) AS SELECT id FROM fca.find_by_category('edges', 1, $1);
PREPARE walk_products(text, bigint) AS SELECT id, name FROM fca.find_by_type('edges', 1, $1, $2);
CREATE FUNCTION prep.walk_all(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	place record;
	ids text := '';
	after text := CASE $1 WHEN 'walk_faqs' THEN 'NULL' WHEN 'page' THEN '6, 1, NULL, NULL'
		ELSE 'NULL, NULL' END;
BEGIN
	FOR i IN 1..20 LOOP
		place := NULL;
		EXECUTE format('EXECUTE %I(%s)', $1, after) INTO place;
		EXIT WHEN place IS NULL;
		ids := ids || ' ' || place.id;
		after := CASE $1 WHEN 'walk_faqs' THEN quote_literal(place.id)
			WHEN 'page' THEN format('6, 1, %L, %L', to_jsonb(place)->>'updated_at', place.id)
			ELSE format('%L, %L', to_jsonb(place)->>'name', place.id) END;
	END LOOP;
	RETURN ids;
END $$;
SELECT prep.walk_all('page') = (SELECT string_agg(' ' || id, '') FROM fca.find_by_customer(6, NULL)) AS same,
	(SELECT count(*) FROM fca.find_by_customer(6, NULL));
SELECT prep.walk_all('walk_faqs')
	= (SELECT string_agg(' ' || id, '') FROM fca.find_by_category('edges', NULL)) AS same, (SELECT count(*) FROM fca.find_by_category('edges', NULL));
SELECT prep.walk_all('walk_products')
	= (SELECT string_agg(' ' || id, '') FROM fca.find_by_type('edges', NULL)) AS same, (SELECT count(*) FROM fca.find_by_type('edges', NULL));
SELECT count(*) FROM prep.scans($$EXECUTE walk_faqs(1)$$) AS s WHERE s ~ 'on faqs r';
SELECT count(*) FROM prep.scans($$EXECUTE walk_products('a', 1)$$) AS s WHERE s ~ 'on products r';

-- A condition of the same query that may fail, or tell what it sees, sees no row that the call does not give.
CREATE FUNCTION prep.not_three(id bigint) RETURNS boolean IMMUTABLE COST 0.0001 LANGUAGE plpgsql AS $$ BEGIN
	RETURN 1 / (id - 3) IS NOT NULL; END $$;
PREPARE telling(text) AS SELECT id FROM fca.find_by_email($1) AS f WHERE prep.not_three(f.id);
PREPARE grouped(text) AS SELECT id FROM fca.find_by_email($1) AS f GROUP BY id HAVING prep.not_three(f.id);
PREPARE joined(text) AS SELECT f.id, c.id AS other FROM fca.customers AS c JOIN fca.find_by_email($1) AS f
	ON c.id = f.id AND prep.not_three(f.id);
PREPARE beside(text) AS SELECT c.id, g.x FROM fca.customers AS c, LATERAL fca.find_by_email(c.email) AS f,
	LATERAL (SELECT prep.not_three(f.id) AS x OFFSET 0) AS g WHERE c.email = $1;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
EXECUTE telling('c1@example.com');
EXECUTE grouped('c1@example.com');
EXECUTE joined('c1@example.com');
EXECUTE beside('c1@example.com');
EXECUTE telling('c3@example.com');
RESET enable_indexscan;
RESET enable_bitmapscan;

-- A call in the target list that equals one in FROM is simplified when that must not be replaced any more.
CREATE FUNCTION prep.make_index() RETURNS void LANGUAGE sql AS
	'CREATE UNIQUE INDEX IF NOT EXISTS late ON fca.customers (email)';
CREATE FUNCTION prep.makes_index(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
	PERFORM prep.make_index();
	RETURN $1; END $$;
BEGIN;
ALTER TABLE fca.customers DROP CONSTRAINT customers_email_key;
PREPARE late(text) AS SELECT prep.makes_index(1), (fca.find_by_email($1)).id, f.id AS other
	FROM fca.find_by_email($1) AS f;
SELECT * FROM prep.scans($$EXECUTE late('c1@example.com')$$);
EXECUTE late('c1@example.com');
ROLLBACK;

-- Within an SQL function that is planned at each call it stays a call.
CREATE FUNCTION prep.wrapper(text) RETURNS bigint LANGUAGE sql VOLATILE AS
	'SELECT count(*) FROM fca.find_by_email($1)';
SELECT prep.wrapper('c1@example.com'), prep.wrapper('nobody');

-- In PL/pgSQL, in a view, in a cursor.
CREATE FUNCTION prep.procedural(wanted text) RETURNS SETOF bigint LANGUAGE plpgsql AS $$ BEGIN
	RETURN QUERY SELECT id FROM fca.find_by_email(wanted); END $$;
SELECT prep.procedural('c' || i || '@example.com') FROM generate_series(1, 8) AS i;
CREATE VIEW prep.found AS SELECT c.id, f.id AS conversation FROM fca.customers AS c,
	LATERAL fca.find_by_customer(c.id, 1) AS f;
SELECT * FROM prep.found WHERE id < 3 ORDER BY id;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, conversation FROM prep.found WHERE id < 3 ORDER BY id;
FETCH LAST FROM c;
FETCH FIRST FROM c;
COMMIT;

-- The base repository, over tables of one's own: with a dropped column, an enum, two rows of one key, no key.
CREATE TYPE prep.mood AS ENUM ('calm', 'cross');
CREATE TABLE prep.own (gone int, id uuid PRIMARY KEY, mood prep.mood, parent int, more text);
ALTER TABLE prep.own DROP COLUMN gone;
INSERT INTO prep.own
SELECT ('00000000-0000-0000-0000-00000000000' || i)::uuid, 'calm', i % 3 FROM generate_series(1, 9) AS i;
PREPARE own(uuid) AS SELECT o FROM fca.get_by_id(NULL::prep.own, $1) AS o;
PREPARE own_many(uuid[]) AS SELECT o.* FROM fca.get_many(NULL::prep.own, $1) AS o;
PREPARE children(int[]) AS
	SELECT o.parent, o.id FROM fca.get_children(NULL::prep.own, 'parent', $1, 2, 'id desc') AS o;
PREPARE by_text(text) AS SELECT o.id FROM fca.get_by_id(NULL::prep.own, $1) AS o;
SELECT * FROM prep.scans($$EXECUTE own(NULL)$$);
EXECUTE own('00000000-0000-0000-0000-000000000001');
EXECUTE own(NULL);
SELECT array_agg(id ORDER BY id DESC) || min(id::text)::uuid AS ids FROM prep.own WHERE parent = 1 \gset
EXECUTE own_many(:'ids');
EXECUTE children('{2,1}');
EXECUTE by_text('00000000-0000-0000-0000-000000000001');
SELECT * FROM prep.scans($$EXECUTE by_text(NULL)$$);
ALTER TABLE prep.own ADD COLUMN added int DEFAULT 7;
EXECUTE own('00000000-0000-0000-0000-000000000001');
ALTER TABLE prep.own ENABLE ROW LEVEL SECURITY;
SELECT * FROM prep.scans($$EXECUTE own(NULL)$$);
ALTER TABLE prep.own DISABLE ROW LEVEL SECURITY;
CREATE VIEW prep.twice AS SELECT id, mood FROM prep.own UNION ALL SELECT id, mood FROM prep.own;
PREPARE twice(uuid) AS SELECT * FROM fca.get_by_id(NULL::prep.twice, $1);
EXECUTE twice('00000000-0000-0000-0000-000000000001');
EXECUTE twice('00000000-0000-0000-0000-000000000001');
ALTER TABLE prep.own DROP CONSTRAINT own_pkey;
SELECT * FROM prep.scans($$EXECUTE own(NULL)$$);
INSERT INTO prep.own SELECT * FROM prep.own;
EXECUTE own('00000000-0000-0000-0000-000000000001');
DROP VIEW prep.twice;
ALTER TABLE prep.own DROP COLUMN id;
\set VERBOSITY sqlstate
EXECUTE own('00000000-0000-0000-0000-000000000001');
\set VERBOSITY default

-- A session with several roles: what the caller may do decides.  So that no switch makes another plan, it
-- stays a call, but where everybody may use schema and function; a join does not.
CREATE ROLE regress_fca_prepared;
GRANT USAGE ON SCHEMA prep, fca TO regress_fca_prepared;
PREPARE of_role(text) AS SELECT count(*) FROM fca.find_by_email($1);
EXECUTE of_role('c1@example.com');
SET ROLE regress_fca_prepared;
EXECUTE of_role('c1@example.com');
RESET ROLE;
GRANT SELECT ON fca.customers TO regress_fca_prepared;
SET ROLE regress_fca_prepared;
EXECUTE of_role('c1@example.com');
SELECT * FROM prep.scans($$EXECUTE of_role('c1@example.com')$$);
RESET ROLE;
SELECT * FROM prep.scans($$EXECUTE of_role('c1@example.com')$$);
GRANT USAGE ON SCHEMA fca TO PUBLIC;
DEALLOCATE of_role;
PREPARE of_role(text) AS SELECT count(*) FROM fca.find_by_email($1);
EXECUTE of_role('c1@example.com');
SET ROLE regress_fca_prepared;
EXECUTE of_role('c1@example.com');
SELECT count(*) FROM prep.scans($$EXECUTE of_role('c1@example.com')$$) AS s WHERE s ~ 'on customers r';
RESET ROLE;
REVOKE USAGE ON SCHEMA fca FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION fca.find_by_email(text) FROM PUBLIC;
EXECUTE of_role('c1@example.com');
SET ROLE regress_fca_prepared;
EXECUTE of_role('c1@example.com');
RESET ROLE;
GRANT EXECUTE ON FUNCTION fca.find_by_email(text) TO PUBLIC;
REVOKE USAGE ON SCHEMA fca FROM regress_fca_prepared;
SET ROLE regress_fca_prepared;
EXECUTE of_role('c1@example.com');
RESET ROLE;
GRANT USAGE ON SCHEMA fca TO regress_fca_prepared;
-- What checks the arguments is this module's, and nobody needs a right on it.
REVOKE EXECUTE ON FUNCTION fca.checked_max_rows FROM PUBLIC;
GRANT SELECT ON fca.conversations TO regress_fca_prepared;
SET ROLE regress_fca_prepared;
PREPARE page_of_role(bigint, bigint) AS SELECT id FROM fca.find_by_customer($1, $2);
EXECUTE page_of_role(1, 1);
SELECT k.n, f.id FROM (VALUES (1), (2)) AS k (n), LATERAL fca.find_by_customer(k.n, k.n) AS f
ORDER BY k.n, f.id;
RESET ROLE;
GRANT EXECUTE ON FUNCTION fca.checked_max_rows TO PUBLIC;
CREATE FUNCTION fca.checked_max_rows(oid, bigint, bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql
AS $$ BEGIN
	RAISE NOTICE 'planted'; RETURN 1; END $$;
SELECT k.n, f.id FROM (VALUES (1), (2)) AS k (n), LATERAL fca.find_by_customer(k.n, k.n) AS f
ORDER BY k.n, f.id;
DROP FUNCTION fca.checked_max_rows(oid, bigint, bigint);

-- checked_max_rows() is for the planner: who calls it with anything is told what is wrong.
SELECT fca.checked_max_rows('fca.find_by_email'::regproc, 'x'::text) IS NULL AS none,
	fca.checked_max_rows('fca.find_by_customer'::regproc, 1::bigint, 7::bigint) AS seven;
-- (19 has more to say of a function that is not there.)
SELECT f.state, f.message, CASE WHEN f.state <> '42883' THEN f.detail END AS detail
FROM unnest(ARRAY['NULL', '0', $$'fca.count'::regproc, 1$$, $$'fca.find_by_customer'::regproc$$,
	$$'fca.find_by_customer'::regproc, 1::bigint, 7$$, $$'fca.find_by_customer'::regproc, 1::bigint, 'x'::text$$,
	$$'fca.find_by_status'::regproc, 7, 7::bigint$$, $$'fca.find_by_customer'::regproc, 1::bigint, -7::bigint$$,
	$$'fca.find_by_customer'::regproc, VARIADIC ARRAY[1, 2]::bigint[]$$]) AS a,
	test.fails(format('SELECT fca.checked_max_rows(%s)', a)) AS f;

-- Off, it is a call.
SET fca_repo.enable_inlining = off;
DEALLOCATE by_email;
PREPARE by_email(text) AS SELECT id, email FROM fca.find_by_email($1);
SELECT * FROM prep.scans($$EXECUTE by_email('c1@example.com')$$);
RESET fca_repo.enable_inlining;

DEALLOCATE ALL;
RESET plan_cache_mode;
SET client_min_messages = warning;
DROP OWNED BY regress_fca_prepared;
DROP ROLE regress_fca_prepared;
DROP SCHEMA prep CASCADE;
