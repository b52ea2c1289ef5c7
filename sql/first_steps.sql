-- What a newcomer does wrong, and what his error tells him to do; what his own schema has
-- that the bank's has not.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never
CREATE SCHEMA steps;
CREATE TABLE steps.items (id uuid PRIMARY KEY, attrs jsonb, tags text[], name text, n int, small smallint,
	big bigint, made int GENERATED ALWAYS AS IDENTITY, at timestamptz);
INSERT INTO steps.items (id, attrs, tags, name, n, small, big)
VALUES ('00000000-0000-0000-0000-000000000001', '{"color": "red"}', '{x}', 'Anna', 1, 1, 1),
	('00000000-0000-0000-0000-000000000002', NULL, NULL, NULL, NULL, NULL, NULL);

-- A string that holds JSON, as a driver gives it that encodes twice.
SELECT split_part(call, '(', 1) AS function, f.state, f.message, f.detail, f.hint
FROM unnest(ARRAY['create(NULL::steps.items, ''"{}"'')', 'create_many(NULL::steps.items, ''"[]"'')',
	'create_many(NULL::steps.items, ''["{}"]'')',
	'update(NULL::steps.items, ''00000000-0000-0000-0000-000000000001''::uuid, ''"{}"'')',
	'upsert(NULL::steps.items, ''"{}"'')', 'upsert_many(NULL::steps.items, ''["{}"]'')',
	'create_many_report(NULL::steps.items, ''"[]"'')',
	'get_by_filters(NULL::steps.items, ''"{}"'')', 'delete_many(NULL::steps.items, ''"{}"'')',
	'get_page(NULL::steps.items, after => ''"{}"'')']) AS call, test.fails('SELECT fca.' || call) AS f;
BEGIN;
SELECT f.state, f.detail, f.hint FROM test.fails('SELECT fca.open_finder(''find_escalated'', ''"{}"'')') AS f;
ROLLBACK;

-- Filters of other systems.
SELECT filters, f.state, f.message, f.hint
FROM unnest(ARRAY['{"attrs": {"color": "red"}}', '{"tags": ["x"]}', '{"tags": {"in": ["x", ["y"]]}}',
	'{"tags": ["{x}", ["y"], null]}', '{"or": [{"n": 1}]}', '{"$or": [{"n": 1}]}', '{"AND": []}',
	'{"$not": {}}', '{"name": {"like": "A%"}}', '{"name": {"ILIKE": "a%"}}', '{"n": {"between": [1, 2]}}',
	'{"name": {"=": "x"}}']) AS filters,
	test.fails(format('SELECT fca.count(NULL::steps.items, %L)', filters)) AS f;
SELECT sort_by, f.state, f.message, f.detail, f.hint
FROM unnest(ARRAY['lower(name)', 'n, lower (name) desc', '"n"(1)']) AS sort_by,
	test.fails(format('SELECT fca.get_all(NULL::steps.items, sort_by => %L)', sort_by)) AS f;
CREATE VIEW steps.seen AS SELECT id::text AS id, name FROM steps.items;
SELECT call, f.state, f.message, f.hint
FROM unnest(ARRAY['exists(NULL::steps.items, ''{"name": "Anna"}''::jsonb)',
	'get_by_id(NULL::steps.seen, ''00000000-0000-0000-0000-000000000001''::uuid)']) AS call,
	test.fails('SELECT fca.' || call) AS f;
SELECT call, f.state, f.message, f.hint
FROM unnest(ARRAY['create(NULL::steps.items, ''{"id": "00000000-0000-0000-0000-000000000003", "made": 7}'')',
	'create_many(NULL::steps.items, ''[{"made": 7}]'')',
	'update_many(NULL::steps.items, ''{"n": 1}'', ''{"made": 7}'')',
	'upsert(NULL::steps.items, ''{"n": 1, "small": 2}'', ''{n}'')']) AS call,
	test.fails('SELECT fca.' || call) AS f;

-- A number beyond the column's type equals none, wherever it is given.
SELECT filters, fca.count(NULL::steps.items, filters::jsonb)
FROM unnest(ARRAY['{"n": 99999999999}', '{"n": "99999999999"}', '{"n": {"ne": 99999999999}}',
	'{"n": [99999999999, 1]}', '{"n": [-99999999999]}', '{"n": {"not_in": [99999999999]}}',
	'{"n": [99999999999, null]}', '{"n": {"lt": 99999999999}}',
	'{"n": {"gte": 99999999999}}', '{"n": {"gt": -99999999999}}',
	'{"n": {"lte": -99999999999}}', '{"small": 32768}', '{"small": 32767}', '{"small": -32768}',
	'{"small": {"gt": -32769}}', '{"big": 9223372036854775807}', '{"big": 9223372036854775808}',
	'{"big": {"lt": 1e30}}', '{"big": {"gt": -1e30}}', '{"n": " +0000000000000001 "}'])
	WITH ORDINALITY AS v (filters, o) ORDER BY o;
SELECT filters, f.state, f.message FROM unnest(ARRAY['{"n": 1.5}', '{"n": "1e3"}', '{"n": ""}']) AS filters,
	test.fails(format('SELECT fca.count(NULL::steps.items, %L)', filters)) AS f;
SELECT f.state, f.message
FROM test.fails('SELECT fca.delete_many(NULL::steps.items, ''{"n": {"ne": 99999999999}}'')') AS f;
SELECT f.state, f.message, f."column"
FROM test.fails('SELECT fca.update_many(NULL::steps.items, ''{"n": 1}'', ''{"n": 99999999999}'')') AS f;
SELECT fca.exists(NULL::fca.customer, '99999999999999999999'::text),
	fca.exists(NULL::fca.customer, 1::bigint), fca.exists(NULL::fca.customer, ' 1 '::text),
	(SELECT array_agg(id) FROM fca.get_many(NULL::fca.customer, '{2,99999999999999999999,1}'::text[]))
	AS many;

-- A cursor that no transaction block and no function keeps.
SELECT f.state, f.message, f.detail, f.hint FROM test.fails('SELECT 1') AS f;
SELECT fca.open_cursor(NULL::fca.customer, '{}', 'id', 'gone');
SELECT * FROM fca.open_finder('find_escalated', '{}', 'gone');
PREPARE opens(text) AS SELECT fca.open_cursor(NULL::fca.customer, '{}', 'id', $1);
EXECUTE opens('gone');
CREATE FUNCTION steps.first_ids(n int) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
	c refcursor := fca.open_cursor(NULL::fca.customer, '{}', 'id desc');
	row fca.customer;
	ids bigint[];
BEGIN
	FOR i IN 1..n LOOP
		FETCH c INTO row;
		ids := ids || row.id;
	END LOOP;
	RETURN ids;
END $$;
SELECT steps.first_ids(2);
DO $$ BEGIN RAISE NOTICE '%', steps.first_ids(3);
	PERFORM fca.open_finder('find_escalated', '{}', 'kept'); END $$;
BEGIN;
SELECT fca.open_cursor(NULL::fca.customer, '{}', 'id', 'kept');
FETCH 1 FROM kept \g /dev/null
COMMIT;

-- Two rows of a view that share its "id": an error by get_many too.
CREATE VIEW steps.versions AS SELECT 1 AS id, v FROM generate_series(1, 2) AS v UNION ALL SELECT 2, 3;
SELECT call, f.state, f.message FROM unnest(ARRAY['get_by_id(NULL::steps.versions, 1)',
	'get_many(NULL::steps.versions, ARRAY[2, 1])', 'get_many(NULL::steps.versions, ARRAY[2, 2, 7, NULL])',
	'get_many(NULL::steps.versions, ''{}''::int[])']) AS call, test.fails('SELECT fca.' || call) AS f;
SELECT * FROM fca.get_many(NULL::steps.versions, ARRAY[2, 7, 2]);
CREATE TABLE steps.dated (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE steps.dated_all PARTITION OF steps.dated DEFAULT;
INSERT INTO steps.dated VALUES (1, '2026-01-01'), (1, '2026-01-02'), (2, '2026-01-01');
SELECT f.state FROM test.fails('SELECT fca.get_many(NULL::steps.dated, ARRAY[1])') AS f;
SELECT * FROM fca.get_many(NULL::steps.dated, ARRAY[2]);
CREATE TABLE steps.parent (id int PRIMARY KEY);
CREATE TABLE steps.child () INHERITS (steps.parent);
INSERT INTO steps.parent VALUES (1), (2);
INSERT INTO steps.child VALUES (1);
SELECT f.state FROM test.fails('SELECT fca.get_many(NULL::steps.parent, ARRAY[1, 2])') AS f;

-- A trigger that discards an update fires once.
CREATE TABLE steps.watched (id int PRIMARY KEY, v text);
CREATE FUNCTION steps.discard() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '% of %', TG_OP,
	NEW.v; RETURN CASE WHEN NEW.v = 'discard' AND TG_OP = 'UPDATE' THEN NULL ELSE NEW END; END$$;
CREATE TRIGGER discard BEFORE INSERT OR UPDATE ON steps.watched FOR EACH ROW EXECUTE FUNCTION steps.discard();
SELECT * FROM fca.upsert(NULL::steps.watched, '{"id": 1, "v": "a"}');
SELECT fca.upsert(NULL::steps.watched, '{"id": 1, "v": "discard"}');
SELECT * FROM fca.upsert_many(NULL::steps.watched, '[{"id": 1, "v": "b"}, {"id": 2, "v": "discard"}]');

-- Where rows have different keys, a default sees the rows before its own, as it does in INSERT ... VALUES.
CREATE TABLE steps.numbered (id int PRIMARY KEY, a int);
CREATE FUNCTION steps.next() RETURNS int LANGUAGE sql AS 'SELECT coalesce(max(a), 0) + 1 FROM steps.numbered';
ALTER TABLE steps.numbered ALTER a SET DEFAULT steps.next();
SELECT * FROM fca.create_many(NULL::steps.numbered, '[{"id": 1}, {"id": 2, "a": 10}, {"id": 3}]');

SELECT created FROM fca.create_many_report(NULL::steps.numbered,
	'[{"id": 4}, {"id": 4, "a": 99}, {"id": 5, "a": 20}, {"id": 6}]');
SELECT fca.create(NULL::steps.numbered, '{"id": 7}');
TABLE steps.numbered;
CREATE SEQUENCE steps.tree_id;
CREATE TABLE steps.tree (id int DEFAULT nextval('steps.tree_id') PRIMARY KEY, root int);
CREATE FUNCTION steps.seen() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM steps.tree';
ALTER TABLE steps.tree ADD seen bigint DEFAULT steps.seen();
SELECT b.id, b.seen FROM fca.create(NULL::steps.tree, '{"root": 1}') AS a,
	fca.create_many(NULL::steps.tree, '[{"root": 2}, {"root": 3, "seen": 77}, {}]') AS b;
SELECT f.state, f.message
FROM test.fails('SELECT fca.create_many(NULL::steps.numbered,
	''[{"id": 8}, {"id": 9, "a": "x"}, {"id": 10}]'')') AS f;
SELECT count(*) FROM steps.numbered WHERE id > 7;
-- What a default of a row did that was not created, is taken back with it.
CREATE TABLE steps.audit (what text);
CREATE FUNCTION steps.noted() RETURNS text LANGUAGE sql
	AS $$INSERT INTO steps.audit VALUES ('noted') RETURNING what$$;
CREATE TABLE steps.audited (id int PRIMARY KEY, note text DEFAULT steps.noted());
SELECT created, sqlstate FROM fca.create_many_report(NULL::steps.audited,
	'[{"id": 1}, {"id": 1}, {"id": 2, "note": "x"}, {"id": 3}]');
SELECT count(*) FROM steps.audit;

-- It is worked out again with a row that is tried again: the row it refers to came later.
CREATE TABLE steps.counter AS SELECT 0 AS n;
CREATE FUNCTION steps.count_on() RETURNS int LANGUAGE sql AS 'UPDATE steps.counter SET n = n + 1 RETURNING n';
CREATE TABLE steps.branch (id int PRIMARY KEY, parent int REFERENCES steps.branch,
	n int UNIQUE DEFAULT steps.count_on());
SELECT ordinal, created, message FROM fca.create_many_report(NULL::steps.branch,
	'[{"id": 1, "parent": 3}, {"id": 2}, {"id": 3, "n": 77}, {"id": 4, "parent": 2},
	{"id": 5, "parent": 6}]');
SELECT * FROM steps.branch ORDER BY id;
TABLE steps.counter;

-- A row that could not be read is not tried again, whatever its error.
CREATE FUNCTION steps.refuse(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN IF $1 = 5
	THEN RAISE foreign_key_violation USING MESSAGE = 'mine'; END IF; RETURN true; END$$;
CREATE DOMAIN steps.refused AS int CHECK (steps.refuse(VALUE));
CREATE TABLE steps.refusing (id int PRIMARY KEY, v steps.refused);
SELECT ordinal, created, message FROM fca.create_many_report(NULL::steps.refusing,
	'[{"id": 1, "v": 5}, {"id": 2, "v": 1}]');
-- But in turn, what its default missed can have come.
CREATE FUNCTION steps.needs() RETURNS int LANGUAGE plpgsql AS $$BEGIN
	IF NOT EXISTS (SELECT FROM steps.refusing WHERE id = 9) THEN
		RAISE foreign_key_violation USING MESSAGE = 'mine'; END IF;
	RETURN 3; END$$;
ALTER TABLE steps.refusing ADD w int, ALTER w SET DEFAULT steps.needs();
SELECT ordinal, created, message FROM fca.create_many_report(NULL::steps.refusing,
	'[{"id": 7}, {"id": 8, "v": 5, "w": 1}]');
SELECT ordinal, created, message FROM fca.create_many_report(NULL::steps.refusing,
	'[{"id": 7}, {"id": 9, "w": 1}]');

-- A trigger sees of a sequence what it gave for its row.
CREATE TABLE steps.traced (id serial PRIMARY KEY, name text, seen bigint);
CREATE FUNCTION steps.trace() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN NEW.seen := currval('steps.traced_id_seq'); RETURN NEW; END$$;
CREATE TRIGGER trace BEFORE INSERT ON steps.traced FOR EACH ROW EXECUTE FUNCTION steps.trace();
SELECT * FROM fca.create_many(NULL::steps.traced,
	'[{"name": "a"}, {"name": "b"}, {"id": 77, "name": "c"}, {"name": "d"}]');
CREATE VIEW steps.traced_too AS SELECT * FROM steps.traced;
SELECT * FROM fca.create_many(NULL::steps.traced_too,
	'[{"name": "e"}, {"id": 78, "name": "f"}, {"name": "g"}]');

-- A hint of ours is for a mistake of ours; what a function of the user's says, stays.
CREATE FUNCTION steps.advise(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE SQLSTATE '428C9'
	USING MESSAGE = 'no', HINT = 'mine'; END$$;
CREATE VIEW steps.advised AS SELECT id FROM steps.traced WHERE steps.advise(1);
SELECT f.state, f.hint FROM test.fails('SELECT fca.get_all(NULL::steps.advised)') AS f;

-- Whatever a function renames meanwhile, the row after it goes by the new name.
CREATE TYPE steps.mood AS ENUM ('calm', 'cross');
CREATE FUNCTION steps.rename() RETURNS int LANGUAGE plpgsql
	AS $$BEGIN ALTER TYPE steps.mood RENAME VALUE 'calm' TO 'quiet'; RETURN 1; EXCEPTION
	WHEN invalid_parameter_value THEN RETURN 2; END$$;
CREATE TABLE steps.moods (id int PRIMARY KEY, mood steps.mood DEFAULT 'calm',
	done int DEFAULT steps.rename());
SELECT * FROM fca.create_many(NULL::steps.moods, '[{"id": 1}, {"id": 2, "done": 3}, {"id": 3}]');


-- Searches over columns in whose collation different strings are equal.
CREATE COLLATION steps.loose (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
BEGIN;
ALTER TABLE fca.faqs ALTER question TYPE text COLLATE steps.loose,
	ALTER keywords TYPE text COLLATE steps.loose;
ALTER TABLE fca.customers ALTER last_name TYPE text COLLATE steps.loose;
SELECT id, question, keywords FROM fca.search_by_keyword('CARD');
SELECT id FROM fca.search_by_name('SMI');
ROLLBACK;

-- A value that a client read is one that it can give.
CREATE TABLE steps.vectors (id int PRIMARY KEY, o oidvector, i int2vector, c regclass);
INSERT INTO steps.vectors VALUES (1, '1 2', '3 -4', '-');
SELECT fca.count(NULL::steps.vectors, jsonb_build_object('o', jsonb_build_object('eq', to_jsonb(v.o)), 'c',
	to_jsonb(v.c))) FROM steps.vectors AS v;
SELECT u.o, u.i FROM steps.vectors AS v, fca.update(NULL::steps.vectors, 1, to_jsonb(v)) AS u;
SELECT f.state FROM unnest(ARRAY['["1 2"]', '[""]', '["x"]', '["-"]', '[null]']) AS o,
	test.fails(format('SELECT fca.update(NULL::steps.vectors, 1, %L)', format('{"o": %s}', o))) AS f;
CREATE TABLE steps.classes (id regclass PRIMARY KEY);
INSERT INTO steps.classes VALUES ('-'), ('fca.faqs');
SELECT fca.exists(NULL::steps.classes, '-'::text), fca.exists(NULL::steps.classes, 'fca.faqs'::text),
	fca.exists(NULL::steps.classes, 'fca.accounts'::text);

-- A row type that lost an attribute is no internal error.
BEGIN;
ALTER TYPE fca.customer DROP ATTRIBUTE email;
SELECT f.state, f.message
FROM test.fails('SELECT fca.open_finder(''find_by_email'', ''{"email": "x"}'')') AS f;
ROLLBACK;

SET client_min_messages = error;
DROP SCHEMA steps CASCADE;
