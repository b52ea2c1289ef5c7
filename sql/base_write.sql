-- update, update_many, delete and delete_many
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA base_write;
CREATE TABLE base_write.items (id int PRIMARY KEY, name text DEFAULT 'none', price numeric(7,2), tags text[],
	info jsonb, updated_at timestamptz);
INSERT INTO base_write.items VALUES (1, 'a', 1, '{x}', '{"k": 1}', '2020-01-01Z'),
	(2, 'b', 2, NULL, NULL, '2020-01-01Z'), (3, 'c', 3, '{}', '[]', '2020-01-01Z'),
	(4, NULL, NULL, NULL, NULL, NULL);

-- absent keys keep their value, a JSON null sets NULL
SELECT id, name, price, tags, info FROM fca.update(NULL::base_write.items, 1, '{"price": 1.5}');
SELECT id, name, price, tags, info FROM fca.update(NULL::base_write.items, 1,
	'{"name": null, "tags": [], "info": null}');
SELECT id, name, price, tags, info FROM fca.update(model => NULL::base_write.items, id => 1,
	data => '{"name": "A", "tags": ["y", null], "info": {"k": null}}');
SELECT id, name, price, tags, info FROM base_write.items ORDER BY id;

-- no such id, a NULL id
SELECT count(*) FROM fca.update(NULL::base_write.items, 99, '{"name": "x"}');
SELECT count(*) FROM fca.update(NULL::base_write.items, NULL::int, '{"name": "x"}');

-- updated_at: set, unless the data gives it
UPDATE base_write.items SET updated_at = '2020-01-01Z';
SELECT updated_at = now() AS now FROM fca.update(NULL::base_write.items, 1, '{"name": "x"}');
SELECT updated_at = now() AS now FROM fca.update(NULL::base_write.items, 2, '{}');
SELECT updated_at = '2021-01-01Z' AS given
FROM fca.update(NULL::base_write.items, 3, '{"updated_at": "2021-01-01Z"}');
SELECT updated_at IS NULL AS given FROM fca.update(NULL::base_write.items, 3,
	'{"updated_at": null, "name": "y"}');
SELECT fca.update_many(NULL::base_write.items, '{"id": [3, 4]}', '{"name": "z"}');
SELECT id, name, updated_at = now() AS now, updated_at < '2025-01-01' AS old FROM base_write.items
ORDER BY id;
BEGIN;
SELECT fca.update_many(NULL::base_write.items, '{"id": [1, 2, 3]}', '{"updated_at": "2022-01-01Z"}');
SELECT fca.update_many(NULL::base_write.items, '{"id": 1}', '{}');
SELECT id, updated_at = now() AS now, updated_at = '2022-01-01Z' AS given FROM base_write.items ORDER BY id;
COMMIT;

-- of other types; one that takes no time; one that is made by the table; none
CREATE DOMAIN base_write.moment AS timestamptz;
CREATE TABLE base_write.t_timestamp (id int PRIMARY KEY, n int, updated_at timestamp);
CREATE TABLE base_write.t_date (id int PRIMARY KEY, n int, updated_at date);
CREATE TABLE base_write.t_domain (id int PRIMARY KEY, n int, updated_at base_write.moment);
CREATE TABLE base_write.t_text (id int PRIMARY KEY, n int, updated_at text);
CREATE TABLE base_write.t_generated (id int PRIMARY KEY, n int,
	updated_at date GENERATED ALWAYS AS ('2020-01-01'::date + n) STORED);
CREATE TABLE base_write.t_none (id int PRIMARY KEY, n int);
INSERT INTO base_write.t_timestamp VALUES (1, 1);
INSERT INTO base_write.t_date VALUES (1, 1);
INSERT INTO base_write.t_domain VALUES (1, 1);
INSERT INTO base_write.t_text VALUES (1, 1);
INSERT INTO base_write.t_generated VALUES (1, 1);
INSERT INTO base_write.t_none VALUES (1, 1);
SELECT n, updated_at = localtimestamp AS now FROM fca.update(NULL::base_write.t_timestamp, 1, '{"n": 2}');
SELECT n, updated_at = current_date AS now FROM fca.update(NULL::base_write.t_date, 1, '{"n": 2}');
SELECT n, updated_at = now() AS now FROM fca.update(NULL::base_write.t_domain, 1, '{"n": 2}');
SELECT * FROM fca.update(NULL::base_write.t_text, 1, '{"n": 2}');
SELECT n, updated_at = '2020-01-03' AS made FROM fca.update(NULL::base_write.t_generated, 1, '{"n": 2}');
SELECT * FROM fca.update(NULL::base_write.t_none, 1, '{"n": 2}');
SELECT * FROM fca.update(NULL::base_write.t_none, 1, '{}');
SELECT fca.update_many(NULL::base_write.t_none, '{"n": [1, 2]}', '{}');

-- the trigger of create_tables(): true under plain SQL too, unless a value is given
SELECT first_name, updated_at = now() AS now FROM fca.update(NULL::fca.customer, 2, '{"first_name": "Ann"}');
SELECT updated_at = '2026-06-01Z' AS given
FROM fca.update(NULL::fca.customer, 2, '{"updated_at": "2026-06-01Z"}');
UPDATE fca.customers SET phone = '+44 3' WHERE id = 3 RETURNING updated_at = now() AS now;
UPDATE fca.customers SET updated_at = '2026-06-02Z' WHERE id = 3
RETURNING updated_at = '2026-06-02Z' AS given;
INSERT INTO fca.customers (customer_id, email, first_name, last_name) VALUES ('CUST-000003', 'x', 'x', 'x')
	ON CONFLICT (customer_id) DO UPDATE SET notes = 'again' RETURNING id, updated_at = now() AS now;

-- the key may change
SELECT id, name FROM fca.update(NULL::base_write.items, 1, '{"id": 11}');
SELECT fca.exists(NULL::base_write.items, 1) AS old, fca.exists(NULL::base_write.items, 11) AS new;
SELECT state, "constraint" FROM test.fails($$SELECT fca.update(NULL::base_write.items, 2, '{"id": 3}')$$);

-- update_many: filters of all kinds, and how many rows changed
SELECT fca.update_many(NULL::base_write.items, '{"price": null}', '{"price": 4}') AS n;
SELECT fca.update_many(NULL::base_write.items, '{"id": [2, 3, 99]}', '{"name": null, "price": 7}') AS n;
SELECT fca.update_many(NULL::base_write.items, '{"id": []}', '{"name": "nobody"}') AS n;
SELECT fca.update_many(NULL::base_write.items, '{"name": null, "price": 7.00}', '{"name": "both"}') AS n;
SELECT fca.update_many(model => NULL::base_write.items, filters => '{"name": "both"}',
	data => '{"name": "swapped", "price": 8}') AS n;
SELECT id, name, price FROM base_write.items ORDER BY id;

-- all or nothing, and what fails has changed nothing
SELECT state, "column", "constraint" FROM test.fails(
	$$SELECT fca.update_many(NULL::base_write.items, '{"name": "swapped"}', '{"id": 50}')$$);
SELECT state, message, "column" FROM test.fails(
	$$SELECT fca.update(NULL::base_write.items, 2, '{"name": "lost", "price": 100000}')$$);
SELECT id, name, price FROM base_write.items ORDER BY id;

-- one statement per call: a later call of the same query sees the earlier
SELECT a.name, b.name FROM fca.update(NULL::base_write.items, 2, '{"name": "first"}') AS a,
	LATERAL fca.update(NULL::base_write.items, 2, jsonb_build_object('name', a.name || ' second')) AS b;
SELECT name FROM fca.get_by_id(NULL::base_write.items, 2);

-- columns that take no value
CREATE TABLE base_write.fixed (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int,
	twice int GENERATED ALWAYS AS (n * 2) STORED);
INSERT INTO base_write.fixed (n) VALUES (1), (2);
SELECT * FROM fca.update(NULL::base_write.fixed, 1, '{"n": 5}');
SELECT * FROM fca.update(NULL::base_write.fixed, 1, '{}');
SELECT state, message FROM test.fails($$SELECT fca.update(NULL::base_write.fixed, 1, '{"id": 5}')$$);
SELECT state, message FROM test.fails($$SELECT fca.update(NULL::base_write.fixed, 1, '{"twice": null}')$$);

-- composite, enum, domain
CREATE TYPE base_write.mood AS ENUM ('sad', 'ok');
CREATE TYPE base_write.place AS (city text, zip varchar(5));
CREATE DOMAIN base_write.filled AS text NOT NULL;
CREATE TABLE base_write.people (id text PRIMARY KEY, m base_write.mood, p base_write.place,
	f base_write.filled, ps base_write.place[]);
INSERT INTO base_write.people VALUES ('o''n', 'sad', '(a,1)', 'f');
SELECT * FROM fca.update(NULL::base_write.people, 'o''n',
	'{"m": "ok", "p": {"city": "b"}, "ps": [{"zip": "9"}, null]}');
SELECT * FROM fca.update(NULL::base_write.people, 'o''n', '{"m": null, "p": null, "ps": null}');
SELECT f.state, f.message, f."column" FROM (VALUES
	(1, '{"m": "glad"}'), (2, '{"p": {"zip": "123456"}}'), (3, '{"p": {"street": ""}}'), (4, '{"f": null}')
) AS v (n, data), test.fails(format('SELECT fca.update(NULL::base_write.people, %L, %L)', 'o''n', data)) AS f
ORDER BY n;

-- views: an updated_at that is worked out is left alone, also where nothing else is given
CREATE VIEW base_write.shown AS
	SELECT upper(name) AS loud, id, name, price, coalesce(updated_at, '2020-01-01Z') AS updated_at
	FROM base_write.items;
SELECT id, loud, name FROM fca.update(NULL::base_write.shown, 2, '{"name": "view"}');
SELECT fca.update_many(NULL::base_write.shown, '{"id": [2, 3]}', '{"price": 5}') AS n;
SELECT id, loud FROM fca.update(NULL::base_write.shown, 2, '{}');
SELECT state, message FROM test.fails($$SELECT fca.update(NULL::base_write.shown, 2, '{"loud": "X"}')$$);
SELECT fca.delete(NULL::base_write.shown, 3) AS gone;

-- delete
SELECT fca.delete(NULL::base_write.items, 11) AS gone, fca.delete(NULL::base_write.items, 99) AS missing,
	fca.delete(NULL::base_write.items, NULL::int) AS none;
SELECT fca.delete(model => NULL::base_write.items, id => '2') AS gone;
SELECT fca.delete(NULL::base_write.items, 2) AS again;
SELECT id FROM base_write.items ORDER BY id;
SELECT state, "table", "constraint" FROM test.fails($$SELECT fca.delete(NULL::fca.customer, 2)$$);

-- delete_many
INSERT INTO base_write.items (id, name, price) SELECT i, 'n' || i % 3, i FROM generate_series(21, 29) AS i;
SELECT fca.delete_many(NULL::base_write.items, '{"name": "n0"}') AS n;
SELECT fca.delete_many(NULL::base_write.items, '{"name": ["n1", "n2"], "price": [22, 23]}') AS n;
SELECT fca.delete_many(NULL::base_write.items, '{"id": []}') AS n;
SELECT fca.delete_many(model => NULL::base_write.items, filters => '{"tags": null, "id": [25, 26]}') AS n;
SELECT array_agg(id ORDER BY id) FROM base_write.items;

-- filters are asked for: every row is meant in plain SQL only
SELECT f.state, f.message, f.detail, f.hint FROM (VALUES
	(1, $$SELECT fca.update_many(NULL::base_write.items, '{}', '{"name": "x"}')$$),
	(2, $$SELECT fca.update_many(NULL::base_write.items, NULL, '{"name": "x"}')$$),
	(3, $$SELECT fca.delete_many(NULL::base_write.items, '{}')$$),
	(4, $$SELECT fca.delete_many(NULL::base_write.items, NULL)$$)
) AS v (n, statement), test.fails(statement) AS f ORDER BY n;
SELECT count(*), count(*) FILTER (WHERE name = 'x') AS changed FROM base_write.items;

-- partitions: a row moves, and is found again
CREATE TABLE base_write.parts (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE base_write.parts_1 PARTITION OF base_write.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE base_write.parts_2 PARTITION OF base_write.parts FOR VALUES FROM (10) TO (20);
INSERT INTO base_write.parts SELECT i, i FROM generate_series(8, 12) AS i;
SELECT * FROM fca.update(NULL::base_write.parts, 9, '{"id": 19}');
SELECT fca.update_many(NULL::base_write.parts, '{"n": [8, 9, 10]}', '{"n": 0}') AS n,
	fca.delete(NULL::base_write.parts, 12) AS gone;
SELECT tableoid::regclass, * FROM base_write.parts ORDER BY id;

-- rolled back, it is gone
BEGIN;
SELECT fca.delete_many(NULL::base_write.parts, '{"n": 0}') AS n;
SELECT fca.count(NULL::base_write.parts);
ROLLBACK;
SELECT fca.count(NULL::base_write.parts);

-- filters that are true of every row do not pass for filters
CREATE TABLE base_write.counted (no int PRIMARY KEY, a int);
INSERT INTO base_write.counted VALUES (1, 1), (2, 3);
SELECT filters, f.state FROM unnest(ARRAY['{"none_of": [{"a": []}]}',
	'{"any_of": [{"no": 1}, {"a": {"not_in": []}}]}',
	'{"a": {"not_in": []}}', '{"none_of": [{"any_of": []}]}', '{"any_of": []}'])
	WITH ORDINALITY AS v (filters, n),
	test.fails(format('SELECT fca.delete_many(NULL::base_write.counted, %L)', filters)) AS f ORDER BY n;
SELECT count(*) FROM base_write.counted;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA base_write CASCADE;
