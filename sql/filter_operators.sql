-- Filters with operators, and groups of filters: each beside the same condition in plain SQL.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA filter_operators;
SET search_path = filter_operators, public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
CREATE DOMAIN label AS text CHECK (VALUE <> 'no');
CREATE TABLE t (id int PRIMARY KEY, i int, n numeric(10,2), t text, v varchar(10), c char(5), lb label,
	m mood, b boolean, ts timestamptz, u uuid, j jsonb, js json, a int[], ta text[], r int4range, p point);
INSERT INTO t VALUES
	(1, 1, 10.00, 'Half 50%_off\now', 'Half', 'ab', 'Half', 'sad', true, '2026-01-01Z',
		'00000000-0000-0000-0000-0000000000aa', '{"k": 1}', '{}', '{1,2}', '{a}', '[1,5)', '(1,1)'),
	(2, 2, 19.99, 'half 50xyoff', 'hal', 'AB', 'no half', 'ok', false, '2026-01-02Z', NULL,
		'[1, 2]', '1', '{}', '{a,b}', 'empty', NULL),
	(3, 3, 20.00, 'ZOË', 'ZOË', 'abc', 'ZOË', 'glad', NULL, '2026-01-03Z', NULL,
		'"s"', NULL, '{3}', '{b}', NULL, NULL),
	(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(5, -1, -0.5, '', '', '', '', 'ok', true, 'infinity', NULL, '1', NULL, '{1,2}', NULL, NULL, NULL),
	(6, 1, 10.01, 'zoë%', 'it''s "x"', 'x', 'o''f\f', 'sad', false, '2026-01-01Z', NULL,
		'{}', NULL, NULL, NULL, NULL, NULL);
CREATE FUNCTION ids(filters jsonb) RETURNS int[] LANGUAGE sql STABLE
	AS $$SELECT array_agg(id) FROM fca.get_by_filters(NULL::filter_operators.t, filters)$$;
CREATE FUNCTION truth(condition text) RETURNS int[] LANGUAGE plpgsql STABLE AS $$
DECLARE
	found int[];
BEGIN
	EXECUTE 'SELECT array_agg(id ORDER BY id) FROM filter_operators.t WHERE ' || condition INTO found;
	RETURN found;
END $$;
CREATE TEMP TABLE same (n serial, filters jsonb, condition text);

-- All operators of a column must hold; all columns must hold.
INSERT INTO same (filters, condition) VALUES
	('{"n": {"gte": 10, "lt": 20}}', 'n >= 10 AND n < 20'),
	('{"n": {"gte": 10, "lt": 20}, "m": {"not_in": ["ok"]}, "t": {"contains": "50%_"}}', $$n >= 10 AND n < 20
		AND m <> 'ok' AND t LIKE '%50\%\_%'$$),
	('{"i": {"gt": 1}}', 'i > 1'), ('{"i": {"gte": 1}}', 'i >= 1'), ('{"i": {"lt": 1}}', 'i < 1'),
	('{"i": {"lte": 1}}', 'i <= 1'), ('{"i": {"gt": 3}}', 'i > 3'), ('{"i": {"gte": 2, "lte": 2}}', 'i = 2'),
	('{"i": {"gt": 2, "lt": 1}}', 'false'), ('{"i": {"eq": 1}}', 'i = 1'), ('{"i": {"eq": "1"}}', 'i = 1'),
	('{"i": {"eq": null}}', 'i IS NULL'), ('{"i": {"in": [1, 3]}}', 'i IN (1, 3)'),
	('{"i": {"in": [1, null]}}', 'i = 1 OR i IS NULL'), ('{"i": {"in": []}}', 'false'),
	('{"i": {"in": [null]}}', 'i IS NULL'),
	('{"i": {"eq": 1, "in": [1, 2], "gte": 0}, "b": true}', 'i = 1 AND b'),
	('{"i": {"is_null": true}}', 'i IS NULL'), ('{"i": {"is_null": false}}', 'i IS NOT NULL'),
	('{"p": {"is_null": false}}', 'p IS NOT NULL'),
	('{"js": {"is_null": true}, "js": {"is_null": false}}', 'js IS NOT NULL'),
	('{"js": {"ne": null}}', 'js IS NOT NULL'), ('{"p": {"eq": null}}', 'p IS NULL'),
-- a value that the column's type cannot hold is not rounded to one that it can
	('{"n": {"eq": 10.001}}', 'n = 10.001'), ('{"n": {"lt": 10.005}}', 'n < 10.005'),
		('{"n": {"gt": 10.005}}', 'n > 10.005'), ('{"n": {"ne": 10.001}}', 'n IS DISTINCT FROM 10.001'),
	('{"v": {"gt": "Half a very long one"}}', 'v > ''Half a very long one'''),
	('{"n": {"lt": 1e30}}', 'n < 1e30'),
-- NULL is a value that differs
	('{"i": {"ne": 1}}', 'i IS DISTINCT FROM 1'), ('{"i": {"ne": null}}', 'i IS NOT NULL'),
		('{"t": {"ne": ""}}', 't IS DISTINCT FROM '''''),
	('{"i": {"not_in": [1, 2]}}', 'i IS NULL OR i NOT IN (1, 2)'),
	('{"i": {"not_in": [1, null]}}', 'i IS NOT NULL AND i <> 1'),
	('{"i": {"not_in": [null]}}', 'i IS NOT NULL'), ('{"i": {"not_in": []}}', 'true'),
	('{"u": {"ne": "00000000-0000-0000-0000-0000000000AA"}}', 'id <> 1'),
	('{"a": {"ne": [1, 2]}}', 'a IS DISTINCT FROM ''{1,2}'''),
	('{"a": {"not_in": [[1, 2], null]}}', 'a IS NOT NULL AND a <> ''{1,2}'''),
	('{"a": {"not_in": []}}', 'true'),
-- other types, in their own order and equality
	('{"m": {"gt": "sad"}}', 'm > ''sad'''), ('{"m": {"lte": "ok", "ne": "sad"}}', 'm = ''ok'''),
		('{"b": {"gt": false}}', 'b'), ('{"ts": {"gt": "2026-01-02T01:00+01:00"}}', 'ts > ''2026-01-02Z'''),
	('{"ts": {"lt": "infinity"}}', 'ts < ''infinity'''), ('{"a": {"eq": [1, 2]}}', 'a = ''{1,2}'''),
	('{"a": {"eq": []}}', 'a = ''{}'''), ('{"a": {"gt": [1, 2]}}', 'a > ''{1,2}'''),
	('{"a": {"in": [[1, 2], []]}}', 'a IN (''{1,2}'', ''{}'')'),
	('{"ta": {"eq": ["a", "b"]}}', 'ta = ''{a,b}'''), ('{"c": {"eq": "ab"}}', 'c = ''ab'''),
	('{"c": {"in": ["AB", "x   "]}}', 'c IN (''AB'', ''x'')'),
	('{"lb": {"ne": "Half"}}', 'lb IS DISTINCT FROM ''Half'''), ('{"lb": {"eq": "no"}}', 'false'),
	('{"r": {"eq": "[1,4]"}}', 'r = ''[1,5)'''),
-- an object is a jsonb value under eq
	('{"j": {"eq": {"k": 1}}}', 'j = ''{"k": 1}'''), ('{"j": {"eq": {}}}', 'j = ''{}'''),
		('{"j": {"eq": [1, 2]}}', 'j = ''[1, 2]'''), ('{"j": {"eq": "s"}}', 'j = ''"s"'''),
	('{"j": {"eq": 1}}', 'j = ''1'''), ('{"j": {"eq": {"eq": 1}}}', 'false'),
	('{"j": {"eq": {"k": 1.0}}}', 'j = ''{"k": 1}'''), ('{"j": {"is_null": true}}', 'j IS NULL');
SELECT n, filters, found FROM same, ids(filters) AS found WHERE found IS DISTINCT FROM truth(condition)
ORDER BY n;
SELECT n, ids(filters) FROM same WHERE n IN (1, 2, 14, 25, 29, 30, 33, 35, 37, 52) ORDER BY n;

-- Literal text in any case; NULL has no text.
TRUNCATE same RESTART IDENTITY;
INSERT INTO same (filters, condition)
SELECT jsonb_build_object(col, jsonb_build_object(op, wanted)),
	CASE op WHEN 'contains' THEN format('strpos(lower(%I), lower(%L)) > 0', col, wanted)
		WHEN 'starts_with' THEN format('starts_with(lower(%I), lower(%L))', col, wanted)
		ELSE format('right(lower(%I), length(%L)) = lower(%L)', col, wanted, wanted) END
FROM unnest('{t,v,c,lb}'::text[]) AS col, unnest('{contains,starts_with,ends_with}'::text[]) AS op,
	unnest(ARRAY['half', 'HALF', '%', '_', '\', '50%_', '%_o', '\now', 'ff', 'Ë', 'oë', 'zo', 'ZOË', 'off',
		' ', '''', '"', 'ab', 'B', 'xyz']) AS wanted;
SELECT count(*), count(found) > 30 AS enough FROM same, ids(filters) AS found;
SELECT filters, found, truth(condition) FROM same, ids(filters) AS found
WHERE found IS DISTINCT FROM truth(condition) ORDER BY n;
SELECT filters, ids(filters::jsonb) FROM unnest(ARRAY['{"t": {"contains": "50%_"}}',
	'{"t": {"starts_with": "HALF", "ends_with": "OFF"}}', '{"t": {"ends_with": "%"}}']) AS filters;

-- A prefix at the end of the characters, and columns of other collations.
CREATE TABLE other (id int PRIMARY KEY, c text COLLATE "C", x text);
INSERT INTO other VALUES (1, 'Élan', U&'\D7FFa'), (2, 'élan', U&'\+10FFFFa'),
	(3, 'ELAN', U&'\+10FFFF\+10FFFFa'), (4, 'elan', 'z'), (5, 'É', U&'a\+10FFFF');
SELECT prefix, (SELECT array_agg(id) FROM fca.get_by_filters(NULL::other,
	jsonb_build_object('c', jsonb_build_object('starts_with', prefix)))) AS found,
	(SELECT array_agg(id ORDER BY id) FROM other WHERE c ILIKE prefix || '%') AS truth
FROM unnest(ARRAY['ÉL', 'É', 'é', 'eL']) AS prefix;
SELECT n, (SELECT array_agg(id) FROM fca.get_by_filters(NULL::other,
	jsonb_build_object('x', jsonb_build_object('starts_with', prefix))))
FROM (VALUES (1, U&'\D7FF'), (2, U&'\+10FFFF'), (3, U&'\+10FFFF\+10FFFF'), (4, U&'a\+10FFFF'),
	(5, U&'\+10FFFFA')) AS v (n, prefix) ORDER BY n;

-- Groups, in groups, beside columns.
TRUNCATE same RESTART IDENTITY;
INSERT INTO same (filters, condition) VALUES
	('{"any_of": [{"i": 1}, {"n": {"gt": 15}}]}', 'i = 1 OR n > 15'),
	('{"any_of": [{"i": 1, "b": true}, {"i": {"is_null": true}}], "id": {"lt": 4}}',
		'((i = 1 AND b) OR i IS NULL) AND id < 4'),
	('{"all_of": [{"i": {"gt": 0}}, {"i": {"gt": 1}}]}', 'i > 0 AND i > 1'),
	('{"none_of": [{"i": 1}, {"m": "ok"}]}', '(i = 1 OR m = ''ok'') IS NOT TRUE'),
	('{"none_of": [{"i": {"ne": 1}}]}', 'i = 1'), ('{"none_of": [{"i": [1, null]}]}', 'i <> 1'),
	('{"none_of": [{"i": {"gt": 1}, "b": false}]}', '(i > 1 AND NOT b) IS NOT TRUE'),
	('{"none_of": [{"none_of": [{"i": 1}]}]}', 'i = 1'),
	('{"any_of": [{"all_of": [{"i": 1}, {"any_of": [{"b": true}, {"b": null}]}]},
		{"none_of": [{"id": {"lt": 4}}]}]}', '(i = 1 AND (b OR b IS NULL)) OR id >= 4'),
	('{"any_of": [{"i": 1}, {"i": 2}], "all_of": [{"b": true}], "none_of": [{"id": 9}]}',
		'i IN (1, 2) AND b'),
	('{"any_of": []}', 'false'), ('{"all_of": []}', 'true'), ('{"none_of": []}', 'true'),
	('{"any_of": [{"all_of": []}]}', 'true'), ('{"none_of": [{"all_of": []}]}', 'false'),
	('{"any_of": [{"any_of": []}, {"i": 2}]}', 'i = 2'),
	('{"any_of": [{"t": {"starts_with": "half"}}, {"t": {"ends_with": "OË"}}]}',
		'lower(t) LIKE ''half%'' OR lower(t) LIKE lower(''%OË'')'),
	('{"none_of": [{"t": {"contains": "h"}}]}', 'id NOT IN (1, 2)'),
	('{"none_of": [{"t": {"starts_with": "h"}}]}', 'id NOT IN (1, 2)');
SELECT n, filters, ids(filters) IS NOT DISTINCT FROM truth(condition) AS same FROM same ORDER BY n;
SELECT n, ids(filters) FROM same WHERE n IN (1, 2, 4, 7, 9, 14, 18) ORDER BY n;

-- A shape is asked again with other values, and beside similar ones.
SELECT ids('{"i": {"gt": 1}}'), ids('{"i": {"gt": 2}}'), ids('{"i": {"lt": 2}}'), ids('{"i": {"ne": null}}'),
	ids('{"i": {"ne": 2}}'), ids('{"i": {"in": [2]}}'), ids('{"i": {"not_in": [2]}}');
SELECT ids('{"all_of": [{"i": 1}, {"b": true}]}'), ids('{"any_of": [{"i": 1}, {"b": true}]}'),
	ids('{"none_of": [{"i": 1}, {"b": true}]}'), ids('{"any_of": [{"i": 1, "b": true}]}'),
	ids('{"any_of": [{"i": 1}], "b": true}'), ids('{"t": {"starts_with": "zo"}}'),
	ids('{"t": {"ends_with": "zo"}}'), ids('{"t": {"ends_with": "OFF"}}');

-- Columns that are named as the groups, as operators and as worse.
CREATE TABLE named (id int PRIMARY KEY, any_of int, all_of text, "none_of" jsonb, eq int, "a ""b" int);
INSERT INTO named VALUES (1, 1, 'x', '[{"id": 1}]', 3, 4), (2, 2, 'y', '{"id": 1}', 4, 5);
SELECT filters, (SELECT array_agg(id) FROM fca.get_by_filters(NULL::named, filters::jsonb)) FROM unnest(ARRAY[
	'{"any_of": [1, 7]}', '{"any_of": {"gt": 1}}', '{"all_of": {"starts_with": "X"}}',
	'{"none_of": {"eq": {"id": 1}}}', '{"none_of": {"eq": [{"id": 1}]}}',
	'{"eq": {"eq": 4}}', '{"a \"b": {"lte": 4}}']) AS filters;
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.get_by_filters(NULL::named, '{"any_of": [{"id": 1}]}')$$);

-- Every function that takes filters takes these; one that writes wants a column tested.
SELECT fca.count(NULL::t, '{"i": {"gte": 2}}'),
	fca.count_estimate(NULL::t, '{"i": {"gte": 2}}') > 0 AS estimate,
	(SELECT id FROM fca.find_one(NULL::t, '{"i": {"gt": 2}}')) AS one,
	ARRAY(SELECT id FROM fca.get_page(NULL::t, '{"i": {"gte": 2}}')) AS page,
	ARRAY(SELECT id FROM fca.get_by_filters(NULL::t, '{"any_of": [{"i": {"lt": 3}}, {"i": null}]}', 1, 2,
		'i desc nulls last')) AS filtered;
BEGIN;
SELECT fca.update_many(NULL::t, '{"any_of": [{"i": 1}, {"i": {"is_null": true}}]}', '{"i": 7}');
SELECT fca.delete_many(NULL::t, '{"i": {"gte": 7}, "n": {"ne": 10}}');
SELECT id, i FROM t ORDER BY id;
ROLLBACK;
SELECT filters, state, message, detail, hint <> '' AS hint
FROM unnest(ARRAY['{}', '{"all_of": []}', '{"any_of": []}', '{"none_of": []}',
	'{"all_of": [{"none_of": [{"any_of": []}]}]}']) AS filters,
	test.fails(format('SELECT fca.delete_many(NULL::t, %L)', filters));
SELECT DISTINCT state, message, detail FROM unnest(ARRAY['{"all_of": []}', '{"none_of": []}',
	'{"all_of": [{"none_of": [{"any_of": []}]}]}']) AS filters,
	test.fails(format($$SELECT fca.update_many(NULL::t, %L, '{"i": 0}')$$, filters));
SELECT count(*) FROM t;

-- Errors name the column and the operator, and what is valid.
CREATE FUNCTION wrong(
	filters text, OUT state text, OUT message text, OUT detail text, OUT hint text, OUT col text) LANGUAGE sql
	AS $$SELECT f.state, f.message, f.detail, f.hint, f."column"
FROM test.fails(format('SELECT * FROM fca.get_by_filters(NULL::filter_operators.t, %L)', filters)) AS f$$;
\pset format unaligned
\pset tuples_only on
SELECT w.* FROM unnest(ARRAY['{"i": {"like": "x"}}', '{"i": {"GT": 1}}', '{"j": {"k": 1}}', '{"t": {"": 1}}',
	'{"p": {"near": 1}}', '{"i": {}}', '{"i": {"gt": 1, "%s": 2}}',
	'{"i": {"contains": "1"}}', '{"m": {"starts_with": "s"}}', '{"b": {"ends_with": "t"}}',
	'{"ta": {"contains": "a"}}', '{"p": {"eq": "(1,1)"}}', '{"p": {"in": []}}', '{"js": {"eq": 1}}',
	'{"js": {"ne": 1}}', '{"p": {"gt": "(1,1)"}}',
	'{"j": {"gt": 1}}', '{"j": {"contains": "s"}}', '{"u": {"contains": "a"}}']) AS filters,
	wrong(filters) AS w;
-- a value of the wrong kind
SELECT w.state, w.message, w.detail, w.col
FROM unnest(ARRAY['{"i": {"in": 1}}', '{"i": {"in": null}}', '{"i": {"not_in": "1"}}',
	'{"i": {"not_in": {"a": 1}}}', '{"i": {"is_null": "yes"}}', '{"i": {"is_null": null}}',
	'{"i": {"is_null": 1}}',
	'{"t": {"contains": 5}}', '{"t": {"contains": null}}', '{"t": {"starts_with": ""}}',
	'{"t": {"ends_with": ["a"]}}', '{"i": {"gt": null}}', '{"i": {"lte": [1]}}', '{"i": {"eq": [1]}}',
	'{"t": {"eq": {"a": 1}}}', '{"i": {"in": [1, [2]]}}', '{"t": {"not_in": [{"a": 1}]}}',
	'{"i": {"gt": "one"}}', '{"i": {"lt": 1.5}}', '{"i": {"eq": 99999999999}}', '{"m": {"ne": "bad"}}',
	'{"ts": {"gte": "soon"}}', '{"b": {"in": [true, "perhaps"]}}']) AS filters, wrong(filters) AS w;
-- groups
SELECT w.state, w.message, w.detail FROM unnest(ARRAY['{"any_of": {"i": 1}}', '{"any_of": null}',
	'{"all_of": "x"}', '{"none_of": [1]}', '{"any_of": [[{"i": 1}]]}', '{"any_of": [{}]}',
	'{"any_of": [{"i": 1}, null]}', '{"some_of": [{"i": 1}]}', '{"any_of": [{"x": 1}]}',
	'{"any_of": [{"i": {"any_of": [1]}}]}', '[]', 'null', '"x"']) AS filters, wrong(filters) AS w;
\pset tuples_only off
\pset format aligned

-- Depth and size are bounded.
SELECT depth, state, message FROM unnest(ARRAY[20, 31, 32, 1000, 6000]) AS depth,
	wrong(repeat('{"any_of": [', depth) || '{"i": 1}' || repeat(']}', depth));
SELECT tests, state, message FROM unnest(ARRAY[1000, 1001, 50000]) AS tests,
	wrong(jsonb_build_object('any_of', (SELECT jsonb_agg(jsonb_build_object('i', i))
		FROM generate_series(1, tests) AS i))::text);
-- groups without a test count as well
SELECT state FROM wrong(jsonb_build_object('any_of',
	(SELECT jsonb_agg('{"any_of": []}'::jsonb) FROM generate_series(1, 5000)))::text);
SELECT state, message FROM wrong(jsonb_build_object('a',
	jsonb_build_object('in', (SELECT jsonb_agg(jsonb_build_array(i))
		FROM generate_series(1, 1001) AS i)))::text);
SELECT fca.count(NULL::t, jsonb_build_object('i',
	jsonb_build_object('in', (SELECT jsonb_agg(i) FROM generate_series(1, 50000) AS i)))) AS found,
	fca.count(NULL::t, jsonb_build_object('i',
		jsonb_build_object('not_in', (SELECT jsonb_agg(i) FROM generate_series(2, 50000) AS i))))
	AS not_found;

-- Indexes serve the text operators and the ranges.
CREATE TABLE big (id int PRIMARY KEY, name text NOT NULL, note text, at int NOT NULL);
INSERT INTO big SELECT i, 'Name ' || md5(i::text), 'Note ' || md5(i::text), i / 2
FROM generate_series(1, 20000) AS i;
CREATE INDEX ON big (lower(name) text_pattern_ops);
CREATE INDEX ON big (at);
-- without the module pg_trgm there is no trigram index to be used
DO $$ BEGIN
	IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
		SET LOCAL client_min_messages = warning;
		CREATE EXTENSION IF NOT EXISTS pg_trgm;
		EXECUTE format('CREATE INDEX ON filter_operators.big USING gin (note %s.gin_trgm_ops)',
			(SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm'));
	END IF;
END $$;
VACUUM ANALYZE big;
CREATE FUNCTION indexed(filters jsonb, OUT rows bigint, OUT by_index boolean) LANGUAGE plpgsql AS $$
DECLARE
	scans bigint := pg_stat_get_xact_numscans('filter_operators.big'::regclass);
BEGIN
	rows := fca.count(NULL::filter_operators.big, filters);
	by_index := pg_stat_get_xact_numscans('filter_operators.big'::regclass) = scans
		OR (filters ? 'note' AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm'));
END $$;
SELECT filters, i.* FROM unnest(ARRAY['{"name": {"starts_with": "NAME c4ca42"}}',
	'{"note": {"contains": "c4ca4238a"}}', '{"note": {"starts_with": "note C4CA42"}}',
	'{"note": {"ends_with": "0dcc509A6f75849B"}}', '{"at": {"gte": 10, "lt": 20}}', '{"at": {"in": [1, 2]}}',
	'{"any_of": [{"at": 5}, {"at": {"gt": 9999}}]}', '{"all_of": [{"at": 5}, {"id": {"lt": 11}}]}',
	'{"at": {"ne": 5}}']) AS filters,
	indexed(filters::jsonb) AS i;

-- a composite value with a NULL in it is a value
CREATE TYPE filter_operators.pair AS (a int, b text);
CREATE TABLE filter_operators.pairs (id int PRIMARY KEY, p filter_operators.pair);
INSERT INTO filter_operators.pairs VALUES (1, '(1,x)'), (2, '(2,)'), (3, NULL);
SELECT filters, ARRAY(SELECT id FROM fca.get_by_filters(NULL::filter_operators.pairs, filters)) AS ids
FROM unnest(ARRAY['{"p": {"is_null": false}}', '{"p": {"is_null": true}}', '{"p": {"ne": null}}',
	'{"p": null}', '{"p": {"not_in": [null]}}']::jsonb[]) AS filters;

-- No value is rounded to one that it does not equal, also not within a composite or an array, nor must it be
-- one of a domain.
CREATE DOMAIN filter_operators.price AS numeric(4, 1) CHECK (VALUE >= 0);
CREATE TYPE filter_operators.cost AS (amount numeric(10, 2), currency varchar(3));
CREATE TABLE filter_operators.costs (id int PRIMARY KEY, c filter_operators.cost,
	prices filter_operators.price[], amounts numeric(10, 2)[]);
INSERT INTO filter_operators.costs VALUES (1, '(10.01,EUR)', '{1.1}', '{1.25}');
SELECT filters, ARRAY(SELECT id FROM fca.get_by_filters(NULL::filter_operators.costs, filters)) AS ids
FROM unnest(ARRAY['{"c": {"eq": {"amount": 10.01, "currency": "EUR"}}}',
	'{"c": {"eq": {"amount": 10.005, "currency": "EUR"}}}',
	'{"c": {"ne": {"amount": 1, "currency": "EURO"}}}',
	'{"prices": {"eq": [1.1]}}', '{"prices": {"eq": [1.14]}}', '{"prices": {"in": [[1.14], [1.1]]}}',
	'{"prices": {"ne": [-1]}}', '{"amounts": [[1.254]]}', '{"amounts": [[1.25]]}']::jsonb[]) AS filters;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA filter_operators CASCADE;
