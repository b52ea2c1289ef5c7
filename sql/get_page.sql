-- Keyset pages over any sort: every row once, in order, whatever a page's size.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'
CREATE SCHEMA get_page;
SET search_path = get_page, public;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, a int, b text, n numeric, f float8, r real, ts timestamptz, d interval,
	c char(4), m mood, arr int[], u uuid, by bytea, ra int4range, j jsonb, nn int NOT NULL, bo boolean);
INSERT INTO t
SELECT i, nullif(i % 5, 0), (ARRAY['x', 'X', '', 'é "', NULL])[1 + i % 5],
(ARRAY[1.10, 1.1000000000000000000001, 'NaN', NULL, -1e30])[1 + i % 5],
	(ARRAY[0.1, 1.0 / 3, 'NaN', 'Infinity', NULL, '-Infinity', 1e300])[1 + i % 7],
	(ARRAY[0.1, 1.0 / 3, NULL])[1 + i % 3],
	(ARRAY['infinity', '2026-01-01 00:00:00.000001Z', '2026-01-01Z', NULL,
		'-infinity'])[1 + i % 5]::timestamptz,
	(ARRAY['1 day', '24:00', NULL, '-1 month'])[1 + i % 4]::interval, (ARRAY['a', 'ab', NULL])[1 + i % 3],
	(ARRAY['ok', 'sad', NULL])[1 + i % 3]::mood,
	(ARRAY['{}', '{1,NULL}', '{1,2}', NULL])[1 + i % 4]::int[],
	(ARRAY['00000000-0000-0000-0000-0000000000aa', NULL])[1 + i % 2]::uuid,
	(ARRAY['\x00', '\xff', NULL])[1 + i % 3]::bytea,
	(ARRAY['empty', '[1,2)', NULL, '(,)'])[1 + i % 4]::int4range,
	(ARRAY['1', '{"a": 1}', '"s"', NULL])[1 + i % 4]::jsonb, i / 7, (ARRAY[true, false, NULL])[1 + i % 3]
FROM generate_series(1, 37) AS i;

-- Walks page by page, each behind the last row of the one before.
CREATE FUNCTION walk(sort_by text, size bigint,
	filters jsonb DEFAULT '{}') RETURNS int[] LANGUAGE plpgsql STABLE AS $$
DECLARE
	found int[] := '{}';
	page int[];
	last jsonb;
BEGIN
	LOOP
		SELECT array_agg(p.id ORDER BY p.n), (array_agg(p.last ORDER BY p.n DESC))[1] INTO page, last
		FROM (SELECT g.id, to_jsonb(g) AS last, row_number() OVER () AS n
			FROM fca.get_page(NULL::get_page.t, filters, sort_by, size, last) AS g) AS p;
		EXIT WHEN page IS NULL;
		IF cardinality(page) > size OR cardinality(found) % size <> 0 OR cardinality(found) > 100 THEN
			RAISE EXCEPTION 'a page of % behind %', page, found;
		END IF;
		found := found || page;
	END LOOP;
	RETURN found;
END $$;
CREATE FUNCTION truth(sort_by text, condition text DEFAULT 'true') RETURNS int[] LANGUAGE plpgsql STABLE AS $$
DECLARE
	found int[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT id FROM get_page.t WHERE %s ORDER BY %s)', condition,
		concat_ws(', ', sort_by, 'id')) INTO found;
	RETURN found;
END $$;

SELECT sort_by, array_agg(walk(sort_by, size) = truth(sort_by) ORDER BY size) AS same
FROM unnest(ARRAY[NULL, 'id', 'id desc', 'a', 'a desc', 'a nulls first', 'a desc nulls last', 'nn',
	'nn desc nulls last', 'nn nulls first, id desc',
	'a, b', 'a desc, b', 'a nulls first, b desc nulls last, nn', 'a desc, b desc, id desc',
	'a desc nulls last, nn, id desc', 'nn desc, a nulls first, b', 'a nulls first, nn', 'nn, a nulls first',
	'bo, a desc, r nulls first, id desc', 'a, bo desc, b, m, n',
	'bo, a desc nulls last, u, b nulls first, m desc, r, d desc, by nulls first',
	'a, b, bo, m, n, r, u, d, by, ra, c, ts, f, nn desc',
	'bo desc nulls last, u nulls first, m, id desc, a, b']) WITH ORDINALITY AS s (sort_by, n),
unnest(ARRAY[1, 2, 5, 37, 100]) AS size
GROUP BY n, sort_by ORDER BY n;

-- Every type and every order of NULLs.
SELECT col, count(*), count(*) FILTER (WHERE walk(sort_by, size) = truth(sort_by)) AS same
FROM unnest('{a,b,n,f,r,ts,d,c,m,u,by,ra,nn,bo}'::text[]) WITH ORDINALITY AS u (col, n),
unnest('{"",desc,nulls first,desc nulls last}'::text[]) AS direction,
	unnest('{"",id desc}'::text[]) AS key,
	concat_ws(', ', col || ' ' || direction, nullif(key, '')) AS sort_by, unnest(ARRAY[1, 4]) AS size
GROUP BY n, col ORDER BY n;

-- Columns whose values JSON does not tell apart: a jsonb null is like NULL, an array loses its bounds.
SELECT col, f.state, f.message, f.detail
FROM unnest('{j,arr}'::text[]) AS col,
test.fails(format('SELECT fca.get_page(NULL::get_page.t, sort_by => %L)', col)) AS f ORDER BY col;

-- Ranges of times, whose text depends on settings; those of numbers do not.
CREATE TYPE floats AS RANGE (SUBTYPE = float8);
CREATE DOMAIN days AS daterange;
CREATE TABLE spans (id int PRIMARY KEY, a tstzrange, b tsrange, c days, d tstzmultirange, e floats,
	f numrange, g int8range, h int4multirange);
INSERT INTO spans SELECT i, tstzrange('2026-01-01Z', '2026-01-02Z'), NULL, NULL, NULL, NULL,
	numrange(i % 3, 5.50), int8range(i % 2, 9), int4multirange(int4range(i % 4, 7))
FROM generate_series(1, 9) AS i;
SELECT col, f.state, f.message, f.detail, f.hint FROM unnest('{a,b,c,d,e}'::text[]) AS col,
	test.fails(format('SELECT fca.get_page(NULL::get_page.spans, sort_by => %L)', col)) AS f ORDER BY col;
SELECT count(*) FROM fca.get_all(NULL::spans, sort_by => 'a, b, c, d, e');
SELECT col, ARRAY(SELECT id FROM fca.get_page(NULL::spans, sort_by => col,
	after => (SELECT to_jsonb(s) FROM spans AS s WHERE id = 4))) AS behind_4
FROM unnest('{f,g,h}'::text[]) AS col ORDER BY col;

-- With filters; a page of its own.
SELECT walk('a desc, b', 3, '{"nn": {"gte": 2}, "any_of": [{"a": null}, {"a": {"gt": 2}}]}')
	= truth('a desc, b', 'nn >= 2 AND (a IS NULL OR a > 2)') AS same;
SELECT id, a, nn FROM fca.get_page(NULL::t, '{"nn": {"lt": 2}}', 'a desc nulls last, nn', 4);
SELECT id, a, nn FROM fca.get_page(NULL::t, '{"nn": {"lt": 2}}', 'a desc nulls last, nn', 4,
	'{"id": 8, "a": 3, "nn": 1, "other": [1], "b": {}}');
SELECT id, a, nn FROM fca.get_page(NULL::t, '{"nn": {"lt": 2}}', 'a desc nulls last, nn', 4,
	'{"id": 5, "a": null, "nn": 0}');
SELECT (SELECT count(*) FROM fca.get_page(NULL::t)) AS all,
	(SELECT count(*) FROM fca.get_page(NULL::t, max_rows => 0)) AS none,
	(SELECT count(*) FROM fca.get_page(NULL::t, max_rows => NULL, after => '{"id": 7}')) AS behind_7,
	(SELECT count(*) FROM fca.get_page(NULL::t, after => '{"id": 37}')) AS behind_all;

-- No row need have the values of the place; rows that come and go between pages do not move it.
BEGIN;
DELETE FROM t WHERE id % 2 = 0;
INSERT INTO t (id, nn) VALUES (-1, 0), (100, 0);
SELECT ARRAY(SELECT id FROM fca.get_page(NULL::t, sort_by => 'nn desc', max_rows => 3,
	after => '{"nn": 3, "id": 24}')) AS page,
	ARRAY(SELECT id FROM fca.get_page(NULL::t, sort_by => 'nn', max_rows => 3, after => '{"nn": 0, "id": 5}'))
	AS next;
ROLLBACK;

-- Keys of several columns, of the resources, of a view, of a column that says so.
CREATE TABLE pair (x int, y text, z int, PRIMARY KEY (y, x));
INSERT INTO pair SELECT i % 3, chr(97 + i % 4), i % 2 FROM generate_series(1, 12) AS i;
SELECT x, y, z FROM fca.get_page(NULL::pair, sort_by => 'z desc', max_rows => 3);
SELECT x, y, z FROM fca.get_page(NULL::pair, sort_by => 'z desc', max_rows => 3,
	after => '{"x": 1, "y": "b", "z": 1}');
CREATE VIEW seen AS SELECT id, nn, a AS "after a" FROM t WHERE id < 9;
SELECT * FROM fca.get_page(NULL::seen, sort_by => '"after a" desc nulls last, nn desc', max_rows => 3,
	after => '{"after a": 3, "nn": 1, "id": 8}');
SELECT ARRAY(SELECT id FROM fca.get_page(NULL::fca.customer, '{"is_active": true}',
	'created_at desc, id desc', 2, after))
FROM (SELECT to_jsonb(c) AS after FROM fca.customers AS c WHERE id = 2) AS v;

-- A place is whole, and an object; its values are of the columns' types.
SELECT after, state, message, hint <> '' AS hint
FROM unnest(ARRAY['{"id": 1, "a": 1}', '{"b": "x", "a": 1}', '{"B": "x", "a": 1, "id": 1}', '{}', '[]',
	'null', '7', '{"a": "x", "b": "x", "id": 1}', '{"a": 1, "b": "x", "id": 1.5}']) AS after,
	test.fails(format('SELECT * FROM fca.get_page(NULL::get_page.t, sort_by => %L, after => %L)',
		'a, b', after));
SELECT call, state, message FROM unnest(ARRAY['max_rows => -1', 'sort_by => ''zz''', 'sort_by => ''a,''',
	'sort_by => ''a, a desc''', 'filters => NULL', 'filters => ''{"zz": 1}''']) AS call,
	test.fails('SELECT * FROM fca.get_page(NULL::get_page.t, ' || call || ')');
CREATE TABLE keyless (a int);
SELECT state, message FROM test.fails('SELECT * FROM fca.get_page(NULL::get_page.keyless)');

-- A page costs the same at any depth: of 20,000 rows it reads its own by an index, and at most those that tie
-- with its ends.
CREATE TABLE big (id int PRIMARY KEY, a int NOT NULL, b int, c int NOT NULL);
INSERT INTO big SELECT i, i / 10, nullif(i / 10 % 1000, 0), i % 7 FROM generate_series(1, 20000) AS i;
CREATE INDEX ON big (a, id);
CREATE INDEX ON big (b DESC, id DESC);
CREATE INDEX ON big (b, id);
CREATE INDEX ON big (a DESC, b NULLS FIRST, id);
VACUUM ANALYZE big;
CREATE FUNCTION cost(sort_by text, depth bigint, OUT rows bigint, OUT scans bigint,
	OUT read bigint) LANGUAGE plpgsql AS $$
DECLARE
	after jsonb;
	index_scans bigint;
	tuples bigint;
BEGIN
	EXECUTE format('SELECT to_jsonb(r) FROM get_page.big AS r ORDER BY %s OFFSET %s LIMIT 1',
		sort_by, depth) INTO after;
	SELECT idx_scan, seq_tup_read + idx_tup_fetch INTO index_scans, tuples FROM pg_stat_xact_user_tables
	WHERE relid = 'get_page.big'::regclass;
	SELECT count(*) INTO rows
	FROM fca.get_page(NULL::get_page.big, sort_by => sort_by, max_rows => 10, after => after);
	SELECT idx_scan - index_scans, seq_tup_read + idx_tup_fetch - tuples INTO scans, read
	FROM pg_stat_xact_user_tables WHERE relid = 'get_page.big'::regclass;
END $$;
SELECT sort_by, depth, rows, scans, read = rows AS no_more
FROM unnest(ARRAY['id', 'a, id', 'a desc, id desc']) WITH ORDINALITY AS s (sort_by, n),
	unnest(ARRAY[5, 10000, 19985]) AS depth, cost(sort_by, depth) ORDER BY n, depth;
SELECT sort_by, depth, rows, scans BETWEEN 1 AND 6 AS by_index, read < 50 AS few
FROM unnest(ARRAY['b desc, id desc', 'b, id', 'a desc, b nulls first, id']) WITH ORDINALITY AS s (sort_by, n),
	unnest(ARRAY[5, 10000, 19985]) AS depth, cost(sort_by, depth) ORDER BY n, depth;

-- Also where the parts of a page could be read by workers, each a part, they come in order.
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = '1GB';
SET LOCAL min_parallel_index_scan_size = '1GB';
SELECT c, count(*) FROM fca.get_page(NULL::get_page.big, sort_by => 'c desc, id', max_rows => 4000,
	after => '{"c": 5, "id": 10000}') GROUP BY c ORDER BY c DESC;
ROLLBACK;

-- NOT NULL says nothing of the tables that inherit a column, nor where it is not yet valid (18).
CREATE TABLE parent (id int PRIMARY KEY, a int, b int);
CREATE TABLE child () INHERITS (parent);
DO $$
BEGIN
	IF current_setting('server_version_num')::int < 180000 THEN
		ALTER TABLE parent ALTER a SET NOT NULL;
		ALTER TABLE child ALTER a DROP NOT NULL;
	ELSE
		EXECUTE 'ALTER TABLE parent ADD CONSTRAINT own NOT NULL a NO INHERIT';
	END IF;
END $$;
INSERT INTO parent VALUES (1, 1, 1), (2, 2, 2);
INSERT INTO child VALUES (3, NULL, NULL);
SELECT id, a FROM fca.get_page(NULL::parent, sort_by => 'a', max_rows => 5, after => '{"a": 1, "id": 1}');
DROP TABLE child;
INSERT INTO parent VALUES (3, 3, NULL);
DO $$
BEGIN
	IF current_setting('server_version_num')::int >= 180000 THEN
		EXECUTE 'ALTER TABLE parent ADD CONSTRAINT later NOT NULL b NOT VALID';
	END IF;
END $$;
SELECT id, b FROM fca.get_page(NULL::parent, sort_by => 'b', max_rows => 5, after => '{"b": 1, "id": 1}');

-- A relation that tells more values apart than the row type: no page starts behind a row of it, and lists are
-- in the order of its own values.
BEGIN;
SET LOCAL search_path = fca, get_page;
ALTER TABLE fca.accounts RENAME TO account_rows;
CREATE VIEW fca.accounts AS SELECT v.id, 'A-' || v.id AS account_number, 1::int AS customer_id,
	1.5::real AS product_id, 'current'::varchar(9) AS type, 'active' AS status, 'GBP' AS currency,
	v.b AS balance, v.b::numeric(12,1) AS available_balance, timestamp '2026-01-01' AS created_at,
	date '2026-01-01' AS updated_at FROM (VALUES (1, 1.004), (2, 1.001), (3, 1.002), (4, 7)) AS v (id, b);
SELECT sort_by, f.state, f.message, f.detail, f.hint
FROM unnest(ARRAY['balance', 'product_id', 'available_balance',
		'type', 'created_at', 'customer_id desc']) AS sort_by,
	test.fails(format('SELECT fca.get_page(NULL::fca.account, sort_by => %L, max_rows => 1)', sort_by)) AS f;
SELECT array_agg(id) FROM fca.get_all(NULL::fca.account, sort_by => 'balance');
SELECT array_agg(id) FROM fca.get_children(NULL::fca.account, 'customer_id', ARRAY[1], 9, 'balance desc');
SELECT array_agg(id) FROM fca.get_page(NULL::fca.account, sort_by => 'available_balance desc, id',
	after => '{"id": 4, "available_balance": 7}');
ROLLBACK;
BEGIN;
ALTER TABLE fca.transactions ALTER id DROP IDENTITY;
ALTER TABLE fca.transactions ALTER id TYPE numeric;
SELECT array_agg(id) FROM fca.find_recent_transactions(1, 3);
SELECT f.state, f.message
FROM test.fails('SELECT fca.find_recent_transactions(1, 3, ''2026-03-01Z'', 5)') AS f;
ROLLBACK;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA get_page CASCADE;
