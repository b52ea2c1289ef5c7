-- get_by_id, get_many, get_all, find_one, count, exists
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA base_read;

-- keys of every kind of type, by a literal and by a value
CREATE TYPE base_read.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN base_read.code AS text CHECK (VALUE <> '');
CREATE DOMAIN base_read.feeling AS base_read.mood;
CREATE TABLE base_read.k_int2 (id int2 PRIMARY KEY, n text);
CREATE TABLE base_read.k_int4 (id int4 PRIMARY KEY, n text);
CREATE TABLE base_read.k_int8 (id int8 PRIMARY KEY, n text);
CREATE TABLE base_read.k_uuid (id uuid PRIMARY KEY, n text);
CREATE TABLE base_read.k_text (id text PRIMARY KEY, n text);
CREATE TABLE base_read.k_varchar (id varchar(5) PRIMARY KEY, n text);
CREATE TABLE base_read.k_char (id char(5) PRIMARY KEY, n text);
CREATE TABLE base_read.k_numeric (id numeric(6,2) PRIMARY KEY, n text);
CREATE TABLE base_read.k_date (id date PRIMARY KEY, n text);
CREATE TABLE base_read.k_enum (id base_read.mood PRIMARY KEY, n text);
CREATE TABLE base_read.k_domain (id base_read.code PRIMARY KEY, n text);
CREATE TABLE base_read.k_feeling (id base_read.feeling PRIMARY KEY, n text);
CREATE TABLE base_read.k_other (account_no text PRIMARY KEY, id int);
INSERT INTO base_read.k_int2 VALUES (-1, 'minus'), (32767, 'most');
INSERT INTO base_read.k_int4 VALUES (1, 'one'), (2147483647, 'most');
INSERT INTO base_read.k_int8 VALUES (1, 'one'), (9223372036854775807, 'most');
INSERT INTO base_read.k_uuid VALUES ('00000000-0000-0000-0000-0000000000aa', 'u');
INSERT INTO base_read.k_text VALUES ('a', 'a'), ('', 'empty'), ('it''s "é"', 'quotes'), ('5', 'five');
INSERT INTO base_read.k_varchar VALUES ('abc', 'a'), ('abc  ', 'spaces');
INSERT INTO base_read.k_char VALUES ('abc', 'a');
INSERT INTO base_read.k_numeric VALUES (10.00, 'ten'), (10.01, 'more');
INSERT INTO base_read.k_date VALUES ('2026-01-02', 'd');
INSERT INTO base_read.k_enum VALUES ('ok', 'e');
INSERT INTO base_read.k_domain VALUES ('x', 'd');
INSERT INTO base_read.k_feeling VALUES ('ok', 'e');
INSERT INTO base_read.k_other VALUES ('5', 7), ('7', 5);
SELECT n FROM fca.get_by_id(NULL::base_read.k_int2, 32767);
SELECT n FROM fca.get_by_id(NULL::base_read.k_int2, '-1');
SELECT n FROM fca.get_by_id(NULL::base_read.k_int4, 1::int8);
SELECT n FROM fca.get_by_id(NULL::base_read.k_int8, 1::int2);
SELECT n FROM fca.get_by_id(NULL::base_read.k_int8, '9223372036854775807');
SELECT n FROM fca.get_by_id(NULL::base_read.k_uuid, '{00000000-0000-0000-0000-0000000000AA}');
SELECT n FROM fca.get_by_id(NULL::base_read.k_uuid, '00000000-0000-0000-0000-0000000000aa'::uuid);
SELECT n FROM fca.get_by_id(NULL::base_read.k_text, '');
SELECT n FROM fca.get_by_id(NULL::base_read.k_text, 'it''s "é"'::varchar);
SELECT n FROM fca.get_by_id(NULL::base_read.k_varchar, 'abc');
SELECT n FROM fca.get_by_id(NULL::base_read.k_varchar, 'abc  '::text);
SELECT n FROM fca.get_by_id(NULL::base_read.k_char, 'abc');
SELECT n FROM fca.get_by_id(NULL::base_read.k_char, 'abc  '::char(9));
SELECT n FROM fca.get_by_id(NULL::base_read.k_numeric, 10);
SELECT n FROM fca.get_by_id(NULL::base_read.k_numeric, '10.01');
SELECT n FROM fca.get_by_id(NULL::base_read.k_date, '2026-01-02');
SELECT n FROM fca.get_by_id(NULL::base_read.k_date, '2026-01-02 00:00'::timestamp);
SELECT n FROM fca.get_by_id(NULL::base_read.k_enum, 'ok');
SELECT n FROM fca.get_by_id(NULL::base_read.k_enum, 'ok'::base_read.mood);
SELECT n FROM fca.get_by_id(NULL::base_read.k_domain, 'x');
SELECT n FROM fca.get_by_id(NULL::base_read.k_domain, 'x'::base_read.code);
SELECT n FROM fca.get_by_id(NULL::base_read.k_feeling, 'ok');
-- the primary key is the key, whatever else is called id
SELECT id FROM fca.get_by_id(NULL::base_read.k_other, '7');

-- a value that is no key finds nothing; it is never rounded or cut to one
SELECT fca.exists(NULL::base_read.k_int2, 100000) AS out_of_range,
	fca.exists(NULL::base_read.k_int2, 65535) AS wrapped,
	fca.exists(NULL::base_read.k_int4, 4294967297) AS wrapped4,
	fca.exists(NULL::base_read.k_numeric, 10.001) AS rounded,
	fca.exists(NULL::base_read.k_varchar, 'abcdefgh') AS cut,
	fca.exists(NULL::base_read.k_text, 'A') AS other_case,
	fca.exists(NULL::base_read.k_date, '2026-01-02 10:00'::timestamp) AS time,
	fca.exists(NULL::base_read.k_int4, NULL::int) AS null,
	fca.exists(NULL::base_read.k_int4, NULL) AS unknown_null;
SELECT count(*) FROM fca.get_by_id(NULL::base_read.k_int4, 99);
SELECT count(*) FROM fca.get_by_id(NULL::base_read.k_int4, NULL::int);
-- an id of a type that is not the key's
SELECT f.state, f.message, f.hint FROM (VALUES
	(1, $$SELECT fca.get_by_id(NULL::base_read.k_text, 5)$$),
	(2, $$SELECT fca.get_by_id(NULL::base_read.k_int4, 1.5)$$),
	(3, $$SELECT fca.exists(NULL::base_read.k_int4, true)$$),
	(4, $$SELECT fca.delete(NULL::base_read.k_uuid, 1)$$),
	(5, $$SELECT fca.get_by_id(NULL::base_read.k_int4, k) FROM base_read.k_int4 AS k$$),
	(6, $$SELECT fca.get_many(NULL::base_read.k_text, ARRAY[5])$$),
	(7, $$SELECT fca.get_by_id(NULL::base_read.k_int4, 'x')$$),
	(8, $$SELECT fca.get_by_id(NULL::base_read.k_enum, 'glad')$$),
	(9, $$SELECT fca.get_by_id(NULL::base_read.k_int2, '100000')$$)
) AS v (n, statement), test.fails(statement) AS f ORDER BY n;

-- get_many: in the order of ids, duplicates again, missing and NULL ones left out
SELECT id, customer_id FROM fca.get_many(NULL::fca.customer, ARRAY[3, 1, 99, 3, NULL, 2]);
SELECT id FROM fca.get_many(NULL::fca.customer, '{8,7}');
SELECT id FROM fca.get_many(NULL::fca.customer, ARRAY[[5, 4], [6, 5]]::bigint[]);
SELECT count(*) FROM fca.get_many(NULL::fca.customer, '{}'::bigint[]);
SELECT count(*) FROM fca.get_many(NULL::fca.customer, NULL::bigint[]);
SELECT count(*) FROM fca.get_many(NULL::fca.customer, ARRAY[NULL, NULL]::bigint[]);
SELECT n FROM fca.get_many(NULL::base_read.k_text, ARRAY['5', 'a', '', 'a']);
SELECT n FROM fca.get_many(NULL::base_read.k_enum, ARRAY['ok', 'ok']::base_read.mood[]);
SELECT n FROM fca.get_many(NULL::base_read.k_uuid, '{00000000-0000-0000-0000-0000000000aa}');
SELECT n FROM fca.get_many(NULL::base_read.k_feeling, ARRAY['ok']::base_read.mood[]);
CREATE TABLE base_read.many (id int PRIMARY KEY, n int);
INSERT INTO base_read.many SELECT i, i % 7 FROM generate_series(1, 9000) AS i;
SELECT count(*), bool_and(r.id = 10001 - k.id) AS in_order
FROM (SELECT id, ordinality FROM fca.get_many(NULL::base_read.many,
		ARRAY(SELECT 10001 - i FROM generate_series(1, 10000) AS i)) WITH ORDINALITY) AS r
JOIN (SELECT i AS id, i - 1000 AS ordinality FROM generate_series(1001, 10000) AS i) AS k USING (ordinality);

-- get_all: by the key, a hundred rows
SELECT count(*), min(id), max(id) FROM fca.get_all(NULL::base_read.many);
SELECT id FROM fca.get_all(NULL::base_read.many, 3, 2);
SELECT id FROM fca.get_all(NULL::base_read.many, max_rows => 2, sort_by => 'id desc', skip => 1);
SELECT count(*) FROM fca.get_all(NULL::base_read.many, max_rows => NULL);
SELECT count(*) FROM fca.get_all(NULL::base_read.many, NULL, NULL, NULL);
SELECT count(*), min(id) FROM fca.get_all(NULL::base_read.many, 8000, 9223372036854775807);
SELECT count(*) FROM fca.get_all(NULL::base_read.many, max_rows => 0);
SELECT count(*) FROM fca.get_all(NULL::base_read.many, 9000);
SELECT count(*) FROM fca.get_all(NULL::base_read.many, 9223372036854775807, 1);
SELECT count(*), count(DISTINCT id), min(id) FROM fca.get_all(NULL::base_read.many, 500, 1001);

-- sort lists
CREATE TABLE base_read.sorted (id int PRIMARY KEY, "order" int, "Order Date" date, "a""b,c" int, "größe" int,
	"desc" int, nulls int);
INSERT INTO base_read.sorted VALUES (1, 2, '2026-01-01', 1, 3, 1, NULL), (2, NULL, NULL, 1, 2, 1, 2),
	(3, 1, '2026-01-03', NULL, 2, 2, 1), (4, 2, '2026-01-02', 2, NULL, 2, NULL);
SELECT n, sort_by, (SELECT array_agg(id) FROM fca.get_all(NULL::base_read.sorted, sort_by => sort_by)) AS ids
FROM (VALUES (1, 'order'), (2, 'order desc'), (3, '"order" DESC NULLS LAST'), (4, 'ORDER asc nulls first'),
	(5, '"Order Date"'), (6, '"Order Date" desc nulls last, id'), (7, '"a""b,c"'),
	(8, '"a""b,c" desc,id desc'), (9, 'größe, order'), (10, 'desc desc, id'),
	(11, 'desc, nulls nulls first, id'), (12, E' \t order\n,\n id DESC '),
	(13, 'id desc'), (14, NULL)) AS v (n, sort_by)
ORDER BY n;
-- the same orders in plain SQL: the key is always the last sort key, ascending
SELECT array_agg(id ORDER BY "order", id) AS "1", array_agg(id ORDER BY "order" DESC, id) AS "2",
	array_agg(id ORDER BY "order" DESC NULLS LAST, id) AS "3",
	array_agg(id ORDER BY "order" NULLS FIRST, id) AS "4",
	array_agg(id ORDER BY "Order Date", id) AS "5",
	array_agg(id ORDER BY "Order Date" DESC NULLS LAST, id) AS "6",
	array_agg(id ORDER BY "a""b,c", id) AS "7"
FROM base_read.sorted;
SELECT array_agg(id ORDER BY "a""b,c" DESC, id DESC) AS "8",
	array_agg(id ORDER BY "größe", "order", id) AS "9",
	array_agg(id ORDER BY "desc" DESC, id) AS "10",
	array_agg(id ORDER BY "desc", nulls NULLS FIRST, id) AS "11",
	array_agg(id ORDER BY "order", id DESC) AS "12"
FROM base_read.sorted;
-- what is no sort list
SELECT n, sort_by, f.state, f.message, f.detail FROM (VALUES
	(1, ''), (2, 'id,'), (3, ',id'), (4, 'id desc asc'), (5, 'id nulls'), (6, 'id nulls last first'),
	(7, 'id; select 1'), (8, '"id'), (9, '1'), (10, 'id + 1'), (11, 'lower(id)'), (12, 'id collate "C"'),
	(13, 'id id'), (14, 'id, ID desc'), (15, 'r.id'), (16, 'id -- x'), (17, 'ID using >')
) AS v (n, sort_by),
	test.fails(format('SELECT fca.get_all(NULL::base_read.sorted, sort_by => %L)', sort_by)) AS f ORDER BY n;
SELECT n, sort_by, f.state, f.message FROM (VALUES (1, 'wrong'), (2, '"ID"'), (3, '""'), (4, 'ctid'),
	(5, '"order "'), (6, 'id, "Order date" desc')
) AS v (n, sort_by),
	test.fails(format('SELECT fca.get_all(NULL::base_read.sorted, sort_by => %L)', sort_by)) AS f ORDER BY n;

-- a key of several columns orders the rows; it is no single key
CREATE TABLE base_read.pairs (b int, v text, a int, PRIMARY KEY (a, b));
INSERT INTO base_read.pairs VALUES (1, 'x', 2), (2, 'x', 1), (1, 'y', 1), (2, 'y', 2);
SELECT a, b, v FROM fca.get_all(NULL::base_read.pairs);
SELECT a, b, v FROM fca.get_all(NULL::base_read.pairs, sort_by => 'v desc, b desc');
SELECT a, b FROM fca.find_one(NULL::base_read.pairs, '{"a": 1, "b": 2}');
SELECT fca.count(NULL::base_read.pairs, '{"a": 1}');
-- unless a column is called id: then rows that share it are an error
CREATE TABLE base_read.versions (id int, version int, PRIMARY KEY (id, version));
INSERT INTO base_read.versions VALUES (1, 1), (1, 2), (2, 1);
SELECT * FROM fca.get_by_id(NULL::base_read.versions, 2);
SELECT fca.exists(NULL::base_read.versions, 1);
SELECT f.state, f.message FROM (VALUES (1, $$SELECT fca.get_by_id(NULL::base_read.versions, 1)$$),
	(2, $$SELECT fca.update(NULL::base_read.versions, 1, '{"id": 3}')$$),
	(3, $$SELECT fca.delete(NULL::base_read.versions, 1)$$)
) AS v (n, statement), test.fails(statement) AS f ORDER BY n;
SELECT count(*) FROM base_read.versions;
SELECT * FROM fca.get_many(NULL::base_read.versions, ARRAY[2]);

-- find_one
SELECT id, email FROM fca.find_one(NULL::fca.customer, '{"email": "c2@example.com"}');
SELECT count(*) FROM fca.find_one(NULL::fca.customer, '{"email": "nobody@example.com"}');
SELECT id FROM fca.find_one(NULL::fca.customer, '{"last_name": "Smith", "is_vip": true}');
SELECT state, message, hint FROM test.fails(
	$$SELECT fca.find_one(NULL::fca.customer, '{"last_name": "Smith"}')$$);
SELECT state FROM test.fails($$SELECT fca.find_one(NULL::fca.customer, '{}')$$);
SELECT * FROM fca.find_one(NULL::base_read.k_uuid, '{}');

-- count and exists, beside plain SQL
SELECT fca.count(NULL::fca.customer), fca.count(NULL::fca.customer, '{}') AS same,
	(SELECT count(*) FROM fca.customers) AS sql,
	fca.count(NULL::fca.customer, '{"is_vip": true}') AS vip,
	fca.count(NULL::fca.customer, '{"phone": null}') AS no_phone;
SELECT fca.exists(NULL::fca.customer, 1) AS one, fca.exists(NULL::fca.customer, '8') AS eight,
	fca.exists(NULL::fca.customer, 0) AS zero;

-- one call per row of a query; a NULL id in it finds nothing
SELECT i, c.email, fca.exists(NULL::fca.customer, i) FROM (VALUES (1), (NULL), (99), (3)) AS v (i)
LEFT JOIN LATERAL fca.get_by_id(NULL::fca.customer, i) AS c ON true ORDER BY i;
-- in the select list, and with a row as the model
SELECT (fca.get_by_id(NULL::base_read.k_int4, 1)).n;
SELECT k.id, (fca.get_by_id(k, 1)).n FROM base_read.k_int4 AS k ORDER BY k.id;

-- a caller sees its own changes, not those of its own statement
BEGIN;
DELETE FROM base_read.k_int4 WHERE id = 1;
SELECT fca.exists(NULL::base_read.k_int4, 1), fca.count(NULL::base_read.k_int4);
WITH gone AS (DELETE FROM base_read.k_int4 RETURNING id)
SELECT gone.id, fca.exists(NULL::base_read.k_int4, gone.id) FROM gone;
ROLLBACK;
SELECT fca.count(NULL::base_read.k_int4);

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA base_read CASCADE;
