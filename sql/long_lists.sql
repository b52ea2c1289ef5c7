-- A list of many values: hashed where no index finds them, and by the index where one
-- does; the rows are the same for any length.
CREATE EXTENSION IF NOT EXISTS fca_repo;
CREATE SCHEMA long_lists;
SET search_path = long_lists, public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN word AS text;
CREATE TABLE t (id int PRIMARY KEY, n int, s text, w word, m mood, u uuid, d date, x numeric(10,2), p pair,
	a int[], v varchar(8), k int);
INSERT INTO t SELECT i, nullif(i % 50, 7), 's' || i % 50, nullif('s' || i % 50, 's9'),
	(ARRAY['sad', 'ok', 'happy', NULL])[1 + i % 4]::mood,
	('00000000-0000-0000-0000-0000000000' || lpad((i % 50)::text, 2, '0'))::uuid, date '2026-01-01' + i % 50,
	i % 50, ROW(i % 50, 'p')::pair, ARRAY[i % 50], 'v' || i % 50, i % 50
FROM generate_series(1, 500) AS i;
CREATE INDEX ON t (k);
ANALYZE t;
CREATE VIEW seen AS SELECT id, n, s AS word, k FROM t;
CREATE VIEW joined AS SELECT a.id, b.k, b.n FROM t AS a JOIN t AS b USING (id) UNION ALL SELECT 0, NULL, NULL;
CREATE TABLE parts (id int, n int, k int) PARTITION BY HASH (id);
CREATE TABLE part_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT id, n, k FROM t;
CREATE INDEX ON parts (k);

-- The values of the first so many numbers, as JSON, and how many rows are theirs.
CREATE FUNCTION list(col text, size int) RETURNS jsonb LANGUAGE sql AS $$
SELECT jsonb_agg(CASE col WHEN 'n' THEN to_jsonb(i) WHEN 'k' THEN to_jsonb(i) WHEN 'x' THEN to_jsonb(i)
	WHEN 's' THEN to_jsonb('s' || i) WHEN 'w' THEN to_jsonb('s' || i) WHEN 'v' THEN to_jsonb('v' || i)
	WHEN 'u' THEN to_jsonb('00000000-0000-0000-0000-0000000000' || lpad((i % 100)::text, 2, '0')) WHEN 'd'
	THEN to_jsonb(date '2026-01-01' + i)
	WHEN 'p' THEN jsonb_build_object('a', i, 'b', 'p') WHEN 'a' THEN jsonb_build_array(i) WHEN 'm'
	THEN to_jsonb((ARRAY['sad', 'ok'])[1 + i % 2]) END)
FROM generate_series(0, size - 1) AS i $$;
SELECT col, array_agg(fca.count(NULL::t, jsonb_build_object(col, list(col, size))) ORDER BY size) AS "in",
	array_agg(fca.count(NULL::t, jsonb_build_object(col, jsonb_build_object('not_in', list(col, size))))
		ORDER BY size) AS not_in,
	array_agg(fca.count(NULL::t, jsonb_build_object(col, list(col, size) || 'null'))
		ORDER BY size) AS or_null,
	array_agg(fca.count(NULL::t, jsonb_build_object(col,
		jsonb_build_object('not_in', list(col, size) || 'null'))) ORDER BY size) AS nor_null
FROM unnest('{n,s,w,m,u,d,x,p,a,v,k}'::text[]) WITH ORDINALITY AS c (col, ordinal),
unnest('{15,16,17,40}'::int[]) AS size GROUP BY col, ordinal ORDER BY ordinal;

-- In groups, in pages, in writes, through views and partitions.
SELECT size, fca.count(NULL::t, jsonb_build_object('any_of',
	jsonb_build_array(jsonb_build_object('n', list('n', size)), '{"id": 500}'::jsonb))) AS any_of,
	fca.count(NULL::t, jsonb_build_object('none_of',
		jsonb_build_array(jsonb_build_object('n', list('n', size)), '{"id": 450}'::jsonb))) AS none_of,
	fca.count(NULL::seen, jsonb_build_object('word', list('s', size))) AS view,
	fca.count(NULL::joined, jsonb_build_object('n', list('n', size), 'k', list('k', size))) AS joined,
	fca.count(NULL::parts, jsonb_build_object('n', list('n', size))) AS parts,
	fca.count(NULL::parts, jsonb_build_object('k', list('k', size))) AS parts_by_index,
	(SELECT count(*) FROM fca.get_page(NULL::t, jsonb_build_object('n', list('n', size)), 'n desc, id', 1000,
		'{"n": 12, "id": 400}')) AS page,
	(SELECT array_agg(id)
		FROM fca.get_by_filters(NULL::t, jsonb_build_object('n', list('n', size)), 2, 3, 'id desc')) AS rows
FROM unnest('{16,17,40}'::int[]) AS size ORDER BY size;
BEGIN;
SELECT fca.update_many(NULL::t, jsonb_build_object('n', list('n', 30)), '{"s": "changed"}') AS updated,
	(SELECT count(*) FROM t WHERE s = 'changed') AS changed;
SELECT id, s FROM fca.update_if(NULL::t, 3, jsonb_build_object('n', list('n', 30)), '{"s": "again"}');
SELECT fca.delete_many(NULL::t, jsonb_build_object('n', jsonb_build_object('not_in', list('n', 30))))
	AS deleted, (SELECT count(*) FROM t) AS remain;
ROLLBACK;

-- 10,000 values and 100,000 rows, which would be 10^9 comparisons; and the time by an index.
CREATE TABLE big AS SELECT i AS id, i % 50000 AS n, 'name-' || i % 50000 AS s
FROM generate_series(1, 100000) AS i;
ALTER TABLE big ADD PRIMARY KEY (id);
ANALYZE big;
SET statement_timeout = '5s';
SELECT fca.count(NULL::big, (SELECT jsonb_build_object('s', jsonb_agg('name-' || i))
	FROM generate_series(45001, 55000) AS i)),
	fca.count(NULL::big, (SELECT jsonb_build_object('n', jsonb_build_object('not_in', jsonb_agg(i)))
		FROM generate_series(45001, 55000) AS i)),
	(SELECT count(*) FROM fca.get_by_filters(NULL::big,
		(SELECT jsonb_build_object('n', jsonb_agg(-i)) FROM generate_series(1, 10000) AS i),
		max_rows => NULL));
RESET statement_timeout;
BEGIN;
SELECT fca.count(NULL::big, (SELECT jsonb_build_object('id', jsonb_agg(i))
	FROM generate_series(99001, 101000) AS i));
SELECT idx_scan > 0 AS by_index FROM pg_stat_xact_user_tables WHERE relid = 'long_lists.big'::regclass;
ROLLBACK;


RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA long_lists CASCADE;
