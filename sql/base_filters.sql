-- Filters: {"column": value} is equality, null is IS NULL, a list is IN; all of them must hold.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA base_filters;
CREATE TYPE base_filters.mood AS ENUM ('sad', 'ok');
CREATE TYPE base_filters.pair AS (a int, b text);
CREATE DOMAIN base_filters.even AS int CHECK (VALUE % 2 = 0);
CREATE DOMAIN base_filters.feeling AS base_filters.mood;
CREATE DOMAIN base_filters.listed AS int[] CHECK (cardinality(VALUE) < 3);
CREATE TABLE base_filters.t (id int PRIMARY KEY, i int, big bigint, n numeric(10,2), f real, t text,
	v varchar(5), c char(5), b boolean, d date, ts timestamptz, u uuid, m base_filters.mood,
	e base_filters.even, dm base_filters.feeling, a int[], ta text[], dl base_filters.listed, j jsonb,
	js json, p base_filters.pair, r int4range, by bytea, pt point);
INSERT INTO base_filters.t VALUES
	(1, 1, 1, 10.00, 0.1, 'a', 'abc', 'abc', true, '2026-01-01', '2026-01-01 10:00Z',
		'00000000-0000-0000-0000-0000000000aa',
		'ok', 2, 'ok', '{1,2}', '{a,NULL}', '{1}', '{"k": 1}', '{}', '(1,x)', '[1,5)', '\x00ff', '(1,1)'),
	(2, 2, 9223372036854775807, 10.01, 0.2, 'it''s "é"', 'abc  ', 'ab', false, '2026-01-02',
		'2026-01-01 12:00+02', NULL, 'sad', 4, 'sad', '{}', '{}', '{}', '[1, null]', '1', '(,)', 'empty',
		'', '(2,2)'),
	(3, NULL, NULL, NULL, 'NaN', '', '', '', NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, '{{1,2},{3,4}}',
		NULL, NULL, '"s"', NULL, NULL, NULL, NULL, NULL),
	(4, 1, 0, -0.5, NULL, NULL, NULL, NULL, true, NULL, NULL, NULL, 'ok', 2, 'ok', NULL, '{b}', NULL, 'null',
		NULL, '(1,)', '(,)', NULL, NULL),
	(5, -1, 5, 99999999.99, 'Infinity', 'null', 'null', 'null', false, NULL, NULL, NULL, NULL, -2, NULL,
		'{NULL}', '{"a"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE FUNCTION base_filters.ids(filters jsonb) RETURNS int[] LANGUAGE sql STABLE
	AS $$SELECT array_agg(id) FROM fca.get_by_filters(NULL::base_filters.t, filters)$$;

-- equality in the column's own type, beside plain SQL
SELECT n, filters, base_filters.ids(filters::jsonb) AS ids, sql FROM (VALUES
	(1, '{"i": 1}', (SELECT array_agg(id ORDER BY id) FROM base_filters.t WHERE i = 1)),
	(2, '{"i": "1"}', '{1,4}'),
	(3, '{"big": 9223372036854775807}', '{2}'),
	(4, '{"n": 10}', (SELECT array_agg(id ORDER BY id) FROM base_filters.t WHERE n = 10)),
	(5, '{"n": 10.010}', '{2}'),
	(6, '{"n": 10.005}', (SELECT array_agg(id ORDER BY id) FROM base_filters.t WHERE n = 10.005)),
	(7, '{"n": 10.014}', NULL),
	(8, '{"n": 1e10}', NULL),
	(9, '{"n": "-0.50"}', '{4}'),
	(10, '{"f": 0.1}', (SELECT array_agg(id ORDER BY id) FROM base_filters.t WHERE f = 0.1::real)),
	(11, '{"f": "NaN"}', '{3}'),
	(12, '{"t": "it''s \"é\""}', '{2}'),
	(13, '{"t": ""}', '{3}'),
	(14, '{"t": "null"}', '{5}'),
	(15, '{"t": "A"}', NULL),
	(16, '{"t": "a%"}', NULL),
	(17, '{"v": "abc"}', (SELECT array_agg(id ORDER BY id) FROM base_filters.t WHERE v = 'abc')),
	(18, '{"v": "abc  "}', (SELECT array_agg(id ORDER BY id) FROM base_filters.t WHERE v = 'abc  ')),
	(19, '{"v": "abc  x"}', NULL),
	(20, '{"c": "abc"}', '{1}'),
	(21, '{"c": "ab         "}', '{2}'),
	(22, '{"c": "abcdefgh"}', NULL),
	(23, '{"b": true}', '{1,4}'),
	(24, '{"b": "f"}', '{2,5}'),
	(25, '{"d": "2026-01-02"}', '{2}'),
	(26, '{"d": "infinity"}', '{3}'),
	(27, '{"ts": "2026-01-01T11:00:00+01:00"}', '{1,2}'),
	(28, '{"u": "00000000-0000-0000-0000-0000000000AA"}', '{1}'),
	(29, '{"m": "ok"}', '{1,4}'),
	(30, '{"e": 2}', '{1,4}'),
	(31, '{"e": 3}', NULL),
	(32, '{"dm": "ok"}', '{1,4}'),
	(33, '{"r": "[1,4]"}', '{1}'),
	(34, '{"by": "\\x00FF"}', '{1}'),
	(35, '{"by": ""}', '{2}')
) AS v (n, filters, sql) ORDER BY n;

-- null, several keys, no key
SELECT n, filters, base_filters.ids(filters::jsonb) AS ids FROM (VALUES
	(1, '{"i": null}'), (2, '{"u": null, "b": false}'), (3, '{"i": 1, "n": -0.5}'), (4, '{"i": 1, "t": "b"}'),
	(5, '{"e": null}'), (6, '{"js": null}'), (7, '{"pt": null, "i": 1}'), (8, '{}'), (9, '{"j": null}'),
	(10, '{"a": null}')
) AS v (n, filters) ORDER BY n;

-- lists: one of these; a null among them is IS NULL; an empty one matches nothing
SELECT n, filters, base_filters.ids(filters::jsonb) AS ids FROM (VALUES
	(1, '{"i": [1, 2]}'), (2, '{"i": [2, null]}'), (3, '{"i": [null]}'), (4, '{"i": []}'), (5, '{"i": [99]}'),
	(6, '{"i": ["1", 1, 1]}'), (7, '{"n": [10.005, 10]}'), (8, '{"t": ["a", "", null]}'),
	(9, '{"c": ["ab", "abc"]}'), (10, '{"m": ["sad", null]}'), (11, '{"e": [3, 4]}'),
	(12, '{"dm": ["sad", null]}'), (13, '{"b": [true, false]}'), (14, '{"i": [1, -1], "b": [false, null]}'),
	(15, '{"i": [], "b": true}'), (16, '{"d": ["2026-01-01", "infinity"]}'), (17, '{"v": ["abc  ", "null"]}'),
	(18, '{"r": ["[1,5)", "empty"]}')
) AS v (n, filters) ORDER BY n;
SELECT count(*) FROM fca.get_by_filters(NULL::base_filters.t,
	jsonb_build_object('id', (SELECT jsonb_agg(i) FROM generate_series(2, 100001) AS i)));

-- arrays: a list in the list is one value, and so is a literal
SELECT n, filters, base_filters.ids(filters::jsonb) AS ids FROM (VALUES
	(1, '{"a": "{1,2}"}'), (2, '{"a": [[1, 2]]}'), (3, '{"a": [[[1, 2], [3, 4]]]}'), (4, '{"a": [[]]}'),
	(5, '{"a": []}'), (6, '{"a": [[1, 2], null, [null]]}'), (7, '{"ta": [["a", null]]}'), (8, '{"ta": "{}"}'),
	(9, '{"a": ["{}", [1, 2]]}'), (10, '{"dl": [[1]]}'), (11, '{"dl": [[1, 2, 3], []]}'), (12, '{"a": null}'),
	(13, '{"a": [[2, 1]]}')
) AS v (n, filters) ORDER BY n;

-- jsonb: a scalar is itself; an object or a list is asked for within a list
SELECT n, filters, base_filters.ids(filters::jsonb) AS ids FROM (VALUES
	(1, '{"j": "s"}'), (2, '{"j": [{"k": 1}]}'), (3, '{"j": [[1, null]]}'), (4, '{"j": [{"k": 1.0}, "s"]}'),
	(5, '{"j": null}'), (6, '{"j": [[1], {"k": 2}]}'), (7, '{"j": []}')
) AS v (n, filters) ORDER BY n;
-- composite values, by their literal
SELECT n, filters, base_filters.ids(filters::jsonb) AS ids FROM (VALUES
	(1, '{"p": "(1,x)"}'), (2, '{"p": ["(1,)", "(,)"]}'), (3, '{"p": null}')
) AS v (n, filters) ORDER BY n;

-- what is an error
SELECT n, filters, f.state, f.message, f."column" FROM (VALUES
	(1, '{"wrong": 1}'), (2, '{"I": 1}'), (3, '{"": null}'), (4, '{"ctid": "(0,1)"}'),
	(5, '{"i": {"more": 1}}'), (6, '{"j": {"k": 1}}'), (7, '{"p": {"a": 1}}'), (8, '{"i": {}}'),
	(9, '{"i": "x"}'), (10, '{"i": 1.5}'), (11, '{"i": 3000000000}'), (12, '{"i": true}'),
	(13, '{"i": [1, "x"]}'), (14, '{"i": [[1]]}'), (15, '{"b": 2}'), (16, '{"d": "no date"}'),
	(17, '{"u": 5}'), (18, '{"m": "glad"}'), (19, '{"m": ["ok", "glad"]}'), (20, '{"a": 1}'),
	(21, '{"a": [1]}'), (22, '{"a": [[1, "x"]]}'), (23, '{"e": "x"}'), (24, '{"p": "1"}'), (25, '{"r": 1}'),
	(26, '{"js": 1}'), (27, '{"pt": "(1,1)"}'), (28, '{"js": [1]}'), (29, '{"dm": "glad"}')
) AS v (n, filters), test.fails(format('SELECT fca.get_by_filters(NULL::base_filters.t, %L)', filters)) AS f
ORDER BY n;
-- filters that are no object
SELECT filters, f.state, f.message, f.detail
FROM (VALUES (1, 'NULL'), (2, '''null'''), (3, '''[]'''), (4, '''[{"i": 1}]'''), (5, '''1'''), (6, '''"i"''')
) AS v (n, filters), test.fails(format('SELECT fca.count(NULL::base_filters.t, %s)', filters)) AS f
ORDER BY n;

-- every function that takes filters reads them alike
SELECT fca.count(NULL::base_filters.t, '{"n": 10.005}'),
	fca.count(NULL::base_filters.t, '{"i": [1, null]}') AS listed;
SELECT id FROM fca.find_one(NULL::base_filters.t, '{"n": [10.005, 10.01]}');
BEGIN;
SELECT fca.update_many(NULL::base_filters.t, '{"n": 10.005}', '{"i": 7}') AS none,
	fca.update_many(NULL::base_filters.t, '{"n": 10.01}', '{"i": 7}') AS one,
	fca.delete_many(NULL::base_filters.t, '{"a": [[1, 2]], "j": [{"k": 1}]}') AS one;
SELECT id, i FROM base_filters.t ORDER BY id;
ROLLBACK;

-- with skip, max_rows and sort_by
SELECT id, n FROM fca.get_by_filters(NULL::base_filters.t, '{"i": [1, 2, -1]}', 1, 2, 'n desc nulls last');
SELECT id FROM fca.get_by_filters(NULL::base_filters.t, '{"b": [true, false]}', max_rows => 0);
SELECT id FROM fca.get_by_filters(model => NULL::base_filters.t, filters => '{"b": [true, false]}',
	sort_by => 'b desc, id desc', max_rows => NULL, skip => NULL);

-- values never become SQL
SELECT base_filters.ids('{"t": "''; DROP TABLE base_filters.t; --"}') AS ids, fca.count(NULL::base_filters.t);
SELECT base_filters.ids('{"t": "$1"}') AS ids, base_filters.ids('{"t": "\u0001\n"}') AS control;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA base_filters CASCADE;
