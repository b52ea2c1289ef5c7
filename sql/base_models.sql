-- What can be a model: the row type of any table or view, whatever it is called and looks like.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA base_models;

-- names that need quotes: a dot, a quote, upper case, reserved words, $1, non-ASCII
CREATE SCHEMA "base.models ""x""";
CREATE TABLE "base.models ""x"""."Order.""Lines"" $1" ("ID" int PRIMARY KEY, "select" text DEFAULT 'd',
	"a""b" int, "$1" int, r int, n int, k int, "größe %s" numeric(4,1), updated_at date);
SELECT * FROM fca.create(NULL::"base.models ""x"""."Order.""Lines"" $1",
	'{"ID": 1, "a\"b": 2, "$1": 3, "r": 4, "n": 5, "k": 6, "größe %s": 7.25}');
SELECT "ID", "select" FROM fca.create_many(NULL::"base.models ""x"""."Order.""Lines"" $1",
	'[{"ID": 2, "select": "s"}, {"ID": 3, "r": 4}]');
SELECT "ID", "$1", "größe %s" FROM fca.get_by_id(NULL::"base.models ""x"""."Order.""Lines"" $1", 1);
SELECT "ID" FROM fca.get_many(NULL::"base.models ""x"""."Order.""Lines"" $1", ARRAY[3, 1]);
SELECT "ID" FROM fca.get_all(NULL::"base.models ""x"""."Order.""Lines"" $1",
	sort_by => '"größe %s" desc nulls last, "select" desc');
SELECT "ID" FROM fca.get_by_filters(NULL::"base.models ""x"""."Order.""Lines"" $1",
	'{"a\"b": [2, null], "r": 4, "select": "d"}');
SELECT "ID", "$1" FROM fca.update(NULL::"base.models ""x"""."Order.""Lines"" $1", 1,
	'{"$1": 33, "größe %s": null}');
SELECT fca.update_many(NULL::"base.models ""x"""."Order.""Lines"" $1",
		'{"n": 5, "k": 6}', '{"select": "$1"}') AS n,
	fca.delete_many(NULL::"base.models ""x"""."Order.""Lines"" $1", '{"select": ["$1", "s"]}') AS gone;
SELECT fca.count(NULL::"base.models ""x"""."Order.""Lines"" $1");
SELECT state, message, detail
FROM test.fails($$SELECT fca.create(NULL::"base.models ""x"""."Order.""Lines"" $1", '{"id": 1}')$$);

-- a search_path that hides nothing and finds nothing
SET search_path = base_models;
CREATE TABLE fca_rows (id int PRIMARY KEY, fca_rows int, r text);
SELECT * FROM fca.create_many(NULL::fca_rows, '[{"id": 1, "r": "x"}, {"id": 2, "fca_rows": 5}]');
SELECT * FROM fca.get_many(NULL::fca_rows, ARRAY[2, 1]);
SET search_path = '';
SELECT * FROM fca.update(NULL::base_models.fca_rows, 1, '{"fca_rows": 7}');
RESET search_path;

-- a temporary table
CREATE TEMPORARY TABLE base_models_temp (id int PRIMARY KEY, name text);
SELECT * FROM fca.create_many(NULL::base_models_temp, '[{"id": 1}, {"id": 2, "name": "b"}]');
SELECT * FROM fca.update(NULL::base_models_temp, 1, '{"name": "a"}');
SELECT fca.delete(NULL::base_models_temp, 1) AS gone;
SELECT fca.count(NULL::base_models_temp), fca.exists(NULL::base_models_temp, 1) AS there;
-- also where the planner would have a worker read it
SELECT count(set_config(name, 'on', false)) FROM pg_settings
WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT * FROM fca.get_all(NULL::base_models_temp);
SELECT fca.count(NULL::base_models_temp);
SELECT fca.exists(NULL::base_models_temp, 2);
SELECT count(set_config(name, reset_val, false)) FROM pg_settings
WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
DROP TABLE base_models_temp;
-- made again under the same name, with other columns
CREATE TEMPORARY TABLE base_models_temp (name text, id int PRIMARY KEY);
SELECT * FROM fca.create(NULL::base_models_temp, '{"id": 1, "name": "again"}');
DROP TABLE base_models_temp;

-- views: with and without an id; joins can be read, not written
CREATE TABLE base_models.items (id int PRIMARY KEY, name text, n int);
INSERT INTO base_models.items VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
CREATE VIEW base_models.shown AS SELECT id, name AS title FROM base_models.items WHERE n > 1;
CREATE VIEW base_models.joined AS SELECT a.id, b.name FROM base_models.items AS a
	JOIN base_models.items AS b ON b.id = a.id;
CREATE VIEW base_models.no_id AS SELECT name, n FROM base_models.items;
SELECT * FROM fca.get_all(NULL::base_models.shown, sort_by => 'title desc');
SELECT * FROM fca.update(NULL::base_models.shown, 2, '{"title": "B"}');
SELECT fca.exists(NULL::base_models.shown, 1) AS hidden, fca.delete(NULL::base_models.shown, 1) AS hidden_too,
	fca.delete(NULL::base_models.shown, 3) AS gone;
SELECT * FROM fca.get_by_id(NULL::base_models.joined, 2);
SELECT state, message FROM test.fails($$SELECT fca.update(NULL::base_models.joined, 2, '{"name": "x"}')$$);
SELECT * FROM fca.find_one(NULL::base_models.no_id, '{"n": 1}');
SELECT fca.update_many(NULL::base_models.no_id, '{"n": 1}', '{"name": "A"}') AS n;
SELECT state, message FROM test.fails('SELECT fca.get_by_id(NULL::base_models.no_id, 1)');
SELECT * FROM base_models.items ORDER BY id;
-- a materialized view is read; system catalogs too
CREATE MATERIALIZED VIEW base_models.kept AS SELECT * FROM base_models.items;
SELECT * FROM fca.get_all(NULL::base_models.kept);
SELECT fca.exists(NULL::base_models.kept, 2), fca.count(NULL::base_models.kept, '{"n": [1, 2]}');
SELECT f.state, f.message FROM (VALUES (1, $$SELECT fca.create(NULL::base_models.kept, '{"id": 9}')$$),
	(2, $$SELECT fca.update(NULL::base_models.kept, 1, '{"n": 9}')$$),
	(3, 'SELECT fca.delete(NULL::base_models.kept, 1)')
) AS v (n, statement), test.fails(statement) AS f ORDER BY n;
SELECT relname, relkind FROM fca.get_by_id(NULL::pg_class, 'base_models.kept'::regclass);
SELECT nspname FROM fca.find_one(NULL::pg_namespace, '{"nspname": "base_models"}');

-- partitioned and inherited tables: the parent shows all, a child its own
CREATE TABLE base_models.parts (id int PRIMARY KEY, n int) PARTITION BY LIST (id);
CREATE TABLE base_models.parts_1 PARTITION OF base_models.parts FOR VALUES IN (1, 2);
CREATE TABLE base_models.parts_2 (n int, gone text, id int NOT NULL);
ALTER TABLE base_models.parts_2 DROP COLUMN gone;
ALTER TABLE base_models.parts ATTACH PARTITION base_models.parts_2 DEFAULT;
SELECT * FROM fca.create_many(NULL::base_models.parts, '[{"id": 5, "n": 50}, {"id": 1, "n": 10}, {"id": 2}]');
SELECT * FROM fca.get_all(NULL::base_models.parts);
SELECT * FROM fca.get_all(NULL::base_models.parts_2);
SELECT * FROM fca.create(NULL::base_models.parts_2, '{"id": 6, "n": 60}');
SELECT state, "table" FROM test.fails($$SELECT fca.create(NULL::base_models.parts_2, '{"id": 1}')$$);
SELECT * FROM fca.update(NULL::base_models.parts, 6, '{"n": 66}');
CREATE TABLE base_models.parent (id int PRIMARY KEY, name text);
CREATE TABLE base_models.child (extra int) INHERITS (base_models.parent);
INSERT INTO base_models.parent VALUES (1, 'p');
SELECT * FROM fca.create(NULL::base_models.child, '{"id": 2, "extra": 5}');
SELECT * FROM fca.get_all(NULL::base_models.parent);
SELECT * FROM fca.update(NULL::base_models.parent, 2, '{"name": "by the parent"}');
SELECT * FROM fca.get_by_id(NULL::base_models.child, 2);
INSERT INTO base_models.child VALUES (1, 'twin', 1);
SELECT state, message FROM test.fails('SELECT fca.get_by_id(NULL::base_models.parent, 1)');

-- columns that were dropped, added and changed, in one session
CREATE TABLE base_models.worn (gone1 int, id int PRIMARY KEY, gone2 text, name varchar(3), n int);
SELECT * FROM fca.create(NULL::base_models.worn,
	'{"gone1": 1, "id": 1, "gone2": "x", "name": "abc", "n": 1}');
ALTER TABLE base_models.worn DROP COLUMN gone1, DROP COLUMN gone2;
SELECT * FROM fca.create(NULL::base_models.worn, '{"id": 2, "name": "b"}');
SELECT * FROM fca.create_many(NULL::base_models.worn, '[{"id": 3, "n": 3}, {"id": 4, "name": "d"}]');
ALTER TABLE base_models.worn ADD COLUMN added text DEFAULT 'new', ALTER COLUMN n TYPE numeric(4,1);
SELECT fca.create(NULL::base_models.worn, '{"id": 5, "n": 5.25}');
SELECT (fca.get_by_id(NULL::base_models.worn, 1)).*;
SELECT * FROM fca.get_all(NULL::base_models.worn);
SELECT * FROM fca.update(NULL::base_models.worn, 4, '{"n": 4.5, "added": null}');
ALTER TABLE base_models.worn RENAME name TO label;
ALTER TABLE base_models.worn DROP CONSTRAINT worn_pkey, ADD PRIMARY KEY (label, id),
	ALTER COLUMN label TYPE text USING coalesce(label, '');
SELECT id, label, n, added FROM fca.get_many(NULL::base_models.worn, '{5,4}'::int[]);
SELECT state, message, detail FROM test.fails($$SELECT fca.create(NULL::base_models.worn, '{"gone1": 1}')$$);
SELECT state FROM test.fails(
	$$SELECT fca.create(NULL::base_models.worn, '{"........pg.dropped.1........": 1}')$$);
ALTER TABLE base_models.worn SET SCHEMA "base.models ""x""";
SELECT id FROM fca.get_all(NULL::"base.models ""x""".worn, max_rows => 1);

-- no key: what needs none works
CREATE TABLE base_models.keyless (name text, n int);
SELECT * FROM fca.create_many(NULL::base_models.keyless, '[{"name": "a"}, {"n": 2}]');
SELECT * FROM fca.find_one(NULL::base_models.keyless, '{"n": null}');
SELECT fca.count(NULL::base_models.keyless),
	fca.update_many(NULL::base_models.keyless, '{"n": 2}', '{"name": "b"}') AS changed,
	fca.delete_many(NULL::base_models.keyless, '{"name": ["a", "b"]}') AS gone;
-- a key column that T's table calls id, without any index
CREATE TABLE base_models.plain_id (name text, id text);
INSERT INTO base_models.plain_id VALUES ('x', 'a'), ('y', NULL);
SELECT name FROM fca.get_by_id(NULL::base_models.plain_id, 'a');
SELECT name FROM fca.get_all(NULL::base_models.plain_id);

-- no column at all
CREATE TABLE base_models.empty ();
SELECT fca.create(NULL::base_models.empty, '{}');
SELECT count(*) FROM fca.create_many(NULL::base_models.empty, '[{}, {}]');
SELECT fca.count(NULL::base_models.empty), (SELECT count(*) FROM base_models.empty) AS sql;
SELECT state, message FROM test.fails('SELECT fca.find_one(NULL::base_models.empty, ''{}'')');
SELECT f.state, f.message FROM (VALUES (1, $$SELECT fca.create(NULL::base_models.empty, '{"a": 1}')$$),
	(2, 'SELECT fca.get_all(NULL::base_models.empty)')
) AS v (n, statement), test.fails(statement) AS f ORDER BY n;

-- three hundred columns
DO $$
BEGIN
	EXECUTE (SELECT format('CREATE TABLE base_models.wide (id int PRIMARY KEY, %s)',
			string_agg(format('c%s int DEFAULT %s', i, i), ', ' ORDER BY i))
		FROM generate_series(1, 299) AS i);
END $$;
SELECT c1, c150, c299 FROM fca.create(NULL::base_models.wide, '{"id": 1, "c150": -1}');
SELECT c1, c150, c299 FROM fca.create_many(NULL::base_models.wide, (
	SELECT jsonb_agg(jsonb_build_object('id', n, 'c' || n * 50, NULL, 'c299', -n) ORDER BY n)
	FROM generate_series(2, 3) AS n)
	|| (SELECT jsonb_build_array(jsonb_object_agg(CASE i WHEN 0 THEN 'id' ELSE 'c' || i END, i + 4))
		FROM generate_series(0, 299) AS i));
SELECT id, c1, c299 FROM fca.update(NULL::base_models.wide, 2,
	(SELECT jsonb_object_agg('c' || i, i * 2) FROM generate_series(1, 299) AS i));
SELECT fca.count(NULL::base_models.wide,
	(SELECT jsonb_object_agg('c' || i, i * 2) FROM generate_series(1, 299) AS i));
-- As many sort keys as there may be, and one more; and behind a position.
CREATE FUNCTION base_models.keys(n int) RETURNS text LANGUAGE sql AS $$SELECT string_agg('c' || i || ' desc',
	', ' ORDER BY i) FROM generate_series(1, n) AS i$$;
SELECT id FROM fca.get_all(NULL::base_models.wide, sort_by => base_models.keys(32));
SELECT call, state, message, detail
FROM unnest(ARRAY['get_all(NULL::base_models.wide, sort_by => base_models.keys(33))',
	'get_by_filters(NULL::base_models.wide, ''{}'', sort_by => base_models.keys(299))',
	'get_children(NULL::base_models.wide, ''c1'', ARRAY[1], sort_by => base_models.keys(33))',
	'open_cursor(NULL::base_models.wide, sort_by => base_models.keys(33))',
	'get_page(NULL::base_models.wide, sort_by => base_models.keys(33))',
	'get_page(NULL::base_models.wide, sort_by => base_models.keys(32))',
	'get_page(NULL::base_models.wide, sort_by => base_models.keys(17),'
		' after => (SELECT to_jsonb(w) FROM base_models.wide AS w WHERE id = 4))',
	'get_page(NULL::base_models.wide, sort_by => base_models.keys(16),'
		' after => (SELECT to_jsonb(w) FROM base_models.wide AS w WHERE id = 4))']) AS call,
	test.fails('SELECT fca.' || call);
SELECT id FROM fca.get_page(NULL::base_models.wide, sort_by => base_models.keys(16),
	after => (SELECT to_jsonb(w) FROM base_models.wide AS w WHERE id = 4));
SELECT length(detail) FROM test.fails($$SELECT fca.count(NULL::base_models.wide, '{"c300": 1}')$$);

-- no relation: types, domains, records, scalars, arrays, sequences
CREATE TYPE base_models.pair AS (id int, name text);
CREATE DOMAIN base_models.row_domain AS base_models.items;
CREATE DOMAIN base_models.pair_domain AS base_models.pair;
CREATE TYPE base_models.mood AS ENUM ('ok');
SELECT model, f.state, f.message, f.hint
FROM unnest(ARRAY['NULL::base_models.pair', 'NULL::base_models.row_domain', 'NULL::base_models.pair_domain',
	'NULL::record', 'ROW(1, 2)', '1', 'NULL::text', 'NULL::base_models.mood', 'NULL::base_models.items[]',
	'NULL::int4range', 'NULL::jsonb']) WITH ORDINALITY AS v (model, n),
	test.fails(format('SELECT fca.count(%s)', model)) AS f ORDER BY n;
SELECT f.state FROM (VALUES (1, $$SELECT fca.create(NULL::base_models.pair, '{"id": 1}')$$),
	(2, 'SELECT * FROM fca.get_all(NULL::base_models.pair)'),
	(3, 'SELECT * FROM fca.get_by_id(NULL::record, 1) AS t (id int)'),
	(4, 'SELECT fca.count(NULL)')) AS v (n, statement), test.fails(statement) AS f ORDER BY n;

-- a resource over the user's own table: through a view, with other types and names
BEGIN;
ALTER TABLE fca.faqs RENAME TO faqs_away;
CREATE TYPE base_models.topic AS ENUM ('cards', 'other');
CREATE TABLE base_models.help (nr serial PRIMARY KEY, q varchar(20) NOT NULL, a text NOT NULL,
	topic base_models.topic DEFAULT 'other',
	tags text, live boolean NOT NULL DEFAULT true, internal text DEFAULT 'ours');
CREATE VIEW fca.faqs AS SELECT internal, live AS is_active, tags AS keywords, topic AS category, a AS answer,
	q AS question, nr::bigint AS id, nr FROM base_models.help;
SELECT count(*) FROM fca.create_tables();
SELECT question, category, is_active FROM fca.create(NULL::fca.faq,
	'{"question": "Why?", "answer": "Because."}');
SELECT question, category, is_active FROM fca.create_many(NULL::fca.faq,
	'[{"question": "How?", "answer": "So.", "category": "cards"},
	{"question": "Who?", "answer": "We.", "is_active": false}]');
SELECT * FROM fca.get_by_id(NULL::fca.faq, 2);
SELECT id, keywords FROM fca.update(NULL::fca.faq, 2, '{"keywords": "k"}');
SELECT id FROM fca.get_by_filters(NULL::fca.faq, '{"category": ["other", null]}', sort_by => 'question');
SELECT state, "column" FROM test.fails(
	$$SELECT fca.create(NULL::fca.faq, '{"question": "more than twenty letters", "answer": ""}')$$);
SELECT state, "column" FROM test.fails($$SELECT fca.count(NULL::fca.faq, '{"category": "none of them"}')$$);
SELECT state, message FROM test.fails($$SELECT fca.count(NULL::fca.faq, '{"internal": "ours"}')$$);
SELECT fca.count(NULL::fca.faqs, '{"internal": "ours"}'), fca.delete(NULL::fca.faq, 1) AS gone;
ROLLBACK;
-- and over a table of create_tables() with a column more
BEGIN;
ALTER TABLE fca.faqs ADD COLUMN tier int DEFAULT 3;
SELECT id, question FROM fca.create(NULL::fca.faq, '{"question": "q", "answer": "a"}');
SELECT state, message FROM test.fails($$SELECT fca.update(NULL::fca.faq, 1, '{"tier": 4}')$$);
SELECT id, tier FROM fca.update(NULL::fca.faqs, 1, '{"tier": 4}');
SELECT fca.count(NULL::fca.faqs, '{"tier": 3}');
ROLLBACK;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA base_models, "base.models ""x""" CASCADE;
