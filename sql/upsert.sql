-- upsert() and upsert_many(): a row that may be there already.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'
CREATE SCHEMA ups;
CREATE TABLE ups.item (
	id integer PRIMARY KEY,
	sku text UNIQUE,
	name text NOT NULL,
	qty integer NOT NULL DEFAULT 1 CHECK (qty >= 0),
	note text
);

-- Made, then changed: just the columns that are given, without the NOT NULL ones.
SELECT * FROM fca.upsert(NULL::ups.item, '{"id": 1, "sku": "A", "name": "one"}');
SELECT * FROM fca.upsert(NULL::ups.item, '{"id": 1, "qty": 5}');
SELECT * FROM fca.upsert(NULL::ups.item, '{"sku": "A", "note": "x"}', '{sku}');
SELECT * FROM fca.upsert(NULL::ups.item, '{"sku": "A", "note": null}', '{sku}');
SELECT * FROM fca.upsert(NULL::ups.item, '{"id": 1}');
SELECT * FROM fca.upsert(NULL::ups.item, '{"sku": "A", "id": 2}', conflict_columns => '{sku}');
SELECT * FROM fca.upsert(NULL::ups.item, '{"id": 2, "sku": "B"}');
SELECT * FROM ups.item;

-- A resource: what the row says of its time is true, or is what was given.
SELECT id, customer_id, first_name, last_name, is_vip, notes, created_at < updated_at AS touched
FROM fca.upsert(NULL::fca.customer, '{"email": "c2@example.com", "is_vip": true}', '{email}');
SELECT id, first_name, updated_at = '2026-01-09Z' AS as_given
FROM fca.upsert(NULL::fca.customer, '{"id": 2, "updated_at": "2026-01-09Z"}');
SELECT id, customer_id, is_active, created_at = updated_at AS new
FROM fca.upsert(NULL::fca.customer,
	'{"customer_id": "CUST-9", "email": "c9@example.com", "first_name": "N", "last_name": "N"}',
	'{customer_id}');
SELECT count(*) FROM fca.customers;

-- What is refused, with nothing changed.
SELECT what, f.*
FROM (VALUES
	('no index', '{"name": "one", "qty": 9}', '{name}'),
	('part of an index', '{"id": 2, "name": "one", "sku": "B"}', '{id,sku}'),
	('no key', '{"name": "one"}', NULL),
	('a null key', '{"id": null, "name": "one"}', NULL),
	('conflict column not given', '{"id": 2, "name": "one"}', '{sku}'),
	('conflict column unknown', '{"id": 2}', '{nope}'),
	('column unknown', '{"id": 2, "nope": 1}', NULL),
	('no conflict column', '{"id": 2}', '{}'),
	('one twice', '{"id": 2}', '{id,id}'),
	('a null one', '{"id": 2}', '{id,NULL}'),
	('NOT NULL, new', '{"id": 3}', NULL),
	('NOT NULL, there', '{"id": 2, "name": null}', NULL),
	('CHECK', '{"id": 2, "qty": -1}', NULL),
	('no fit', '{"id": 2, "qty": "many"}', NULL),
	('an array', '[]', NULL),
	('NULL', NULL, NULL)
) AS v (what, data, conflict),
	test.fails(format('SELECT * FROM fca.upsert(NULL::ups.item, %L, %L)', data, conflict))
	AS f (state, message, detail, hint)
\gx
SELECT * FROM ups.item;
INSERT INTO ups.item VALUES (7, 'C', 'seven');
SELECT state, "constraint" FROM test.fails(
	$$SELECT * FROM fca.upsert(NULL::ups.item, '{"id": 7, "sku": "B"}')$$);

-- Input order; rows with different keys; of one key twice, the later wins for what it gives.
SELECT * FROM fca.upsert_many(NULL::ups.item, '[
	{"id": 5, "name": "five"},
	{"id": 2, "note": "changed"},
	{"id": 5, "qty": 3, "note": "a"},
	{"id": 4, "sku": "D", "name": "four", "qty": 0},
	{"id": 5, "name": "FIVE"},
	{"id": 2, "note": null}]');
SELECT * FROM fca.upsert_many(NULL::ups.item, '[{"sku": "D", "qty": 8}, {"sku": "B", "qty": 9}]', '{sku}');
SELECT * FROM ups.item ORDER BY id;
SELECT count(*) FROM fca.upsert_many(NULL::ups.item, '[]');

-- All or nothing.
SELECT what, f.state, f.message, f.detail, f.hint
FROM (VALUES
	('NOT NULL', '[{"id": 2, "qty": 77}, {"id": 6, "name": "six"}, {"id": 8}]', NULL),
	('no fit', '[{"id": 2, "qty": 77}, {"id": 6, "name": "six"}, {"id": "x"}]', NULL),
	('no key', '[{"id": 2, "qty": 77}, {"name": "six"}]', NULL),
	('no object', '[{"id": 2, "qty": 77}, 3]', NULL),
	('no index', '[{"id": 2, "name": "two"}]', '{name}'),
	('an object', '{"id": 2, "qty": 77}', NULL)
) AS v (what, rows, conflict),
	test.fails(format('SELECT * FROM fca.upsert_many(NULL::ups.item, %L, %L)', rows, conflict)) AS f
\gx
SELECT count(*) FILTER (WHERE qty = 77) AS changed, count(*) AS rows FROM ups.item;

-- 10,000 rows at once: made in their order, then changed in another.
SELECT count(*), min(id), max(id), bool_and(id = 100 + n) AS in_order
FROM (SELECT *, row_number() OVER () AS n FROM fca.upsert_many(NULL::ups.item,
	(SELECT jsonb_agg(jsonb_build_object('id', 100 + i, 'name', 'n' || i) ORDER BY i)
	FROM generate_series(1, 10000) AS i))) AS r;
SELECT count(*), sum(qty), bool_and(id = 10101 - n) AS in_order
FROM (SELECT *, row_number() OVER () AS n FROM fca.upsert_many(NULL::ups.item,
	(SELECT jsonb_agg(jsonb_build_object('id', 100 + i, 'qty', 2) ORDER BY i DESC)
	FROM generate_series(1, 10000) AS i))) AS r;
SELECT count(*), sum(qty), bool_and(name = 'n' || id - 100) AS names_kept FROM ups.item WHERE id > 100;

-- Keys of more columns, in a partitioned table; a table of nothing but its key.
CREATE TABLE ups.part (region text, id integer, v text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE ups.part_eu PARTITION OF ups.part FOR VALUES IN ('eu');
CREATE TABLE ups.part_us PARTITION OF ups.part FOR VALUES IN ('us');
SELECT * FROM fca.upsert_many(NULL::ups.part, '[
	{"region": "eu", "id": 1, "v": "a"}, {"region": "us", "id": 1, "v": "b"},
	{"region": "eu", "id": 1, "v": "c"}]', '{id,region}');
SELECT tableoid::regclass, * FROM ups.part ORDER BY region;
CREATE TABLE ups.key_only (id integer PRIMARY KEY);
SELECT * FROM fca.upsert_many(NULL::ups.key_only, '[{"id": 1}, {"id": 1}, {"id": 2}]');
SELECT * FROM ups.key_only ORDER BY id;

-- Keys whose equality is the type's or collation's own; a generated column follows.
CREATE COLLATION ups.any_case (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
CREATE TABLE ups.word (word text COLLATE ups.any_case PRIMARY KEY, n integer,
	twice integer GENERATED ALWAYS AS (n * 2) STORED);
SELECT * FROM fca.upsert_many(NULL::ups.word, '[{"word": "Abc", "n": 1}, {"word": "aBC", "n": 2}]', '{word}');
CREATE TABLE ups.odd (k jsonb UNIQUE, c char(4) UNIQUE, v numeric(4, 1));
SELECT * FROM fca.upsert_many(NULL::ups.odd,
	'[{"k": {"a": [1, "]"]}, "c": "x", "v": 1}, {"k": {"a": [1, "]"]}, "v": 2.26}]', '{k}');
SELECT * FROM fca.upsert(NULL::ups.odd, '{"c": "x ", "v": 3}', '{c}');
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.upsert(NULL::ups.odd, '{"k": null, "v": 3}', '{k}')$$);

-- Indexes that do not say that there is one row: partial, of an expression.
CREATE TABLE ups.weak (a integer, b text);
INSERT INTO ups.weak VALUES (1, 'x');
CREATE UNIQUE INDEX ON ups.weak (a) WHERE a > 0;
CREATE UNIQUE INDEX ON ups.weak (lower(b));
SELECT state, hint FROM test.fails($$SELECT * FROM fca.upsert(NULL::ups.weak, '{"a": 1, "b": "y"}', '{a}')$$);
SELECT state, hint FROM test.fails($$SELECT * FROM fca.upsert(NULL::ups.weak, '{"a": 2, "b": "x"}', '{b}')$$);
SELECT * FROM ups.weak;

-- A view; an index that comes and goes.
CREATE VIEW ups.seen AS SELECT sku AS code, id, name AS label FROM ups.item WHERE id < 100;
SELECT * FROM fca.upsert(NULL::ups.seen, '{"code": "B", "label": "via"}', '{code}');
SELECT * FROM fca.upsert(NULL::ups.seen, '{"id": 50, "code": "V", "label": "new"}');
SELECT * FROM ups.item WHERE sku IN ('B', 'V') ORDER BY id;
ALTER TABLE ups.item DROP CONSTRAINT item_sku_key;
SELECT state FROM test.fails(
	$$SELECT * FROM fca.upsert(NULL::ups.item, '{"sku": "B", "qty": 66}', '{sku}')$$);
CREATE UNIQUE INDEX ON ups.item (sku);
SELECT id, qty FROM fca.upsert(NULL::ups.item, '{"sku": "B", "qty": 66}', '{sku}');

-- Triggers see what happens; a row that one discards is not passed over in silence.
CREATE TABLE ups.watched (id integer PRIMARY KEY, v text);
CREATE FUNCTION ups.watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %', TG_OP, NEW.v;
	RETURN CASE WHEN NEW.v <> 'discard' THEN NEW END;
END $$;
CREATE TRIGGER watch BEFORE INSERT OR UPDATE ON ups.watched FOR EACH ROW EXECUTE FUNCTION ups.watch();
SELECT * FROM fca.upsert_many(NULL::ups.watched, '[{"id": 1, "v": "a"}, {"id": 1, "v": "b"}]');
SELECT state, message, detail FROM test.fails(
	$$SELECT * FROM fca.upsert_many(NULL::ups.watched, '[{"id": 3, "v": "c"}, {"id": 2, "v": "discard"}]')$$);
SELECT * FROM ups.watched;

-- The caller's rights and policies; a transaction that must not write.
CREATE ROLE regress_fca_writer;
CREATE ROLE regress_fca_adder;
GRANT USAGE ON SCHEMA fca, ups, test TO regress_fca_writer, regress_fca_adder;
CREATE TABLE ups.own (id integer PRIMARY KEY, owner text, v integer);
INSERT INTO ups.own VALUES (1, 'regress_fca_writer', 1), (2, 'other', 1);
GRANT SELECT, INSERT, UPDATE ON ups.own TO regress_fca_writer;
GRANT SELECT, INSERT ON ups.own TO regress_fca_adder;
ALTER TABLE ups.own ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON ups.own USING (owner = current_user);
SET ROLE regress_fca_writer;
SELECT * FROM fca.upsert(NULL::ups.own, '{"id": 1, "v": 2}');
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.upsert(NULL::ups.own, '{"id": 2, "owner": "regress_fca_writer", "v": 2}')$$);
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.upsert(NULL::ups.own, '{"id": 3, "owner": "other", "v": 2}')$$);
SET ROLE regress_fca_adder;
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.upsert(NULL::ups.own, '{"id": 4, "owner": "regress_fca_adder"}')$$);
RESET ROLE;
SELECT * FROM ups.own ORDER BY id;
BEGIN READ ONLY;
SELECT state FROM test.fails($$SELECT * FROM fca.upsert(NULL::ups.item, '{"id": 2, "qty": 1}')$$);
SELECT state FROM test.fails($$SELECT * FROM fca.upsert_many(NULL::ups.item, '[{"id": 2, "qty": 1}]')$$);
ROLLBACK;

-- What the caller rolls back is gone.
BEGIN;
SELECT id, name FROM fca.upsert(NULL::ups.item, '{"id": 60, "name": "sixty"}');
SELECT id, name FROM fca.get_by_id(NULL::ups.item, 60);
ROLLBACK;
SELECT count(*) FROM fca.get_by_id(NULL::ups.item, 60);

-- Several rows where one is meant are an error: of a child, under another collation than the index's, without
-- an index.
CREATE TABLE ups.parent (id int PRIMARY KEY, v text);
CREATE TABLE ups.child () INHERITS (ups.parent);
INSERT INTO ups.parent VALUES (1, 'parent');
INSERT INTO ups.child VALUES (1, 'child');
CREATE TABLE ups.spoken (id int PRIMARY KEY, word text COLLATE ups.any_case, v int);
CREATE UNIQUE INDEX ON ups.spoken (word COLLATE "C");
INSERT INTO ups.spoken VALUES (1, 'Abc', 1), (2, 'abc', 2);
CREATE TABLE ups.made (id int GENERATED ALWAYS AS IDENTITY, v int);
INSERT INTO ups.made (v) VALUES (1);
INSERT INTO ups.made (id, v) OVERRIDING SYSTEM VALUE VALUES (1, 2);
SELECT state, message FROM unnest(ARRAY['upsert(NULL::ups.parent, ''{"id": 1, "v": "x"}'')',
	'upsert(NULL::ups.spoken, ''{"word": "abc", "v": 9}'', ''{word}'')',
	'upsert_many(NULL::ups.spoken, ''[{"id": 3, "word": "new", "v": 1}, {"word": "abc", "v": 9}]'',
	''{word}'')', 'upsert(NULL::ups.made, ''{"id": 1, "v": 7}'', ''{id}'')']) AS call,
	test.fails('SELECT * FROM fca.' || call);
SELECT (SELECT array_agg(v ORDER BY v) FROM ups.parent) AS parent,
	(SELECT array_agg(v ORDER BY id) FROM ups.spoken) AS word,
	(SELECT array_agg(v ORDER BY v) FROM ups.made) AS made;

-- A key of a domain over an enum.
CREATE TYPE ups.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN ups.feeling AS ups.mood;
CREATE TABLE ups.felt (k ups.feeling PRIMARY KEY, v int);
SELECT v FROM fca.upsert_many(NULL::ups.felt, '[{"k": "ok", "v": 1}, {"k": "ok", "v": 2}]');

-- Triggers for each statement run as those of an UPDATE and of an INSERT; with another snapshot than the
-- latest it is the same.
CREATE TABLE ups.told (id int PRIMARY KEY, v int NOT NULL);
SELECT * FROM fca.upsert_many(NULL::ups.told, '[{"id": 1, "v": 1}, {"id": 2, "v": 2}, {"id": 1, "v": 3}]');
CREATE FUNCTION ups.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %', TG_WHEN, TG_OP;
	RETURN NULL;
END $$;
CREATE TRIGGER before BEFORE INSERT OR UPDATE ON ups.told EXECUTE FUNCTION ups.tell();
CREATE TRIGGER after AFTER INSERT OR UPDATE ON ups.told EXECUTE FUNCTION ups.tell();
SELECT * FROM fca.upsert(NULL::ups.told, '{"id": 2, "v": 4}');
SELECT * FROM fca.upsert(NULL::ups.told, '{"id": 3, "v": 5}');
DROP TRIGGER before ON ups.told;
DROP TRIGGER after ON ups.told;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM fca.upsert_many(NULL::ups.told, '[{"id": 4, "v": 6}, {"id": 4, "v": 7}, {"id": 1, "v": 8}]');
COMMIT;
-- A row that was deleted is new again; one that this transaction has just made is not.
BEGIN;
SELECT fca.delete(NULL::ups.told, 4);
SELECT * FROM fca.upsert(NULL::ups.told, '{"id": 4, "v": 9}');
SELECT * FROM fca.upsert(NULL::ups.told, '{"id": 4, "v": 10}');
COMMIT;
SELECT * FROM ups.told ORDER BY id;
-- A table without any partition has no rows of its own to look at, though it may name how they are stored.
DO $$ BEGIN
	EXECUTE 'CREATE TABLE ups.parts (id bigint PRIMARY KEY, v int) PARTITION BY RANGE (id)'
		|| CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ' USING heap' ELSE '' END;
END $$;
SELECT * FROM fca.upsert(NULL::ups.told, '{"id": 5, "v": 11}');
SELECT * FROM fca.upsert(NULL::ups.parts, '{"id": 1, "v": 1}');

SET client_min_messages = warning;
DROP SCHEMA ups CASCADE;
DROP OWNED BY regress_fca_writer, regress_fca_adder;
DROP ROLE regress_fca_writer, regress_fca_adder;
