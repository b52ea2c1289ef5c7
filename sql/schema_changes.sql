-- A schema that changes under a warm session: the next call gives the right
-- rows or a clear error, never a wrong column.
\set main :DBNAME
CREATE DATABASE fca_regress_changes TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
\c fca_regress_changes
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never
SET timezone = 'UTC';

-- The base repository, on a table of the user's.
CREATE SCHEMA shop;
CREATE TABLE shop.item (note text, id int PRIMARY KEY, name text, size int, price numeric(8,2));
INSERT INTO shop.item VALUES ('a', 1, 'pen', 10, 1.25), ('b', 2, 'cup', 20, 2.5), (NULL, 3, 'hat', 30, 3);
-- every kind of plan; whole rows, as T has them now
\set reads 'SELECT (SELECT g FROM fca.get_by_id(NULL::shop.item, 1) g) AS by_id,'
\set reads :reads ' (SELECT g FROM fca.find_one(NULL::shop.item, \'{"name": "cup"}\') g) AS one,'
\set reads :reads ' (SELECT array_agg(g) FROM fca.get_many(NULL::shop.item, ARRAY[3, 1]) g) AS many,'
\set reads :reads ' fca.count(NULL::shop.item, \'{"name": ["hat", "pen"]}\'), fca.exists(NULL::shop.item, 2);'
\set list 'SELECT g AS list FROM fca.get_all(NULL::shop.item, sort_by => \'name desc\') g;'
\set writes 'SELECT fca.delete(NULL::shop.item, 9),'
\set writes :writes ' (SELECT c FROM fca.create(NULL::shop.item, \'{"id": 9, "name": "new", "size": 90}\') c)'
\set writes :writes ' AS created,'
\set writes :writes ' (SELECT u FROM fca.update(NULL::shop.item, 9, \'{"size": 99}\') u) AS updated,'
\set writes :writes ' fca.update_many(NULL::shop.item, \'{"name": "new"}\', \'{"name": "old"}\'),'
\set writes :writes ' (SELECT array_agg(m) FROM fca.create_many(NULL::shop.item,'
\set writes :writes ' \'[{"id": 7, "name": "seven"}, {"id": 8}]\') m) AS many,'
\set writes :writes ' fca.delete_many(NULL::shop.item, \'{"id": [7, 8]}\');'
\a
:reads
:list
:writes

-- ADD COLUMN, with a default
ALTER TABLE shop.item ADD COLUMN colour text DEFAULT 'red';
:reads
:list
:writes
-- DROP COLUMN, the first one
ALTER TABLE shop.item DROP COLUMN note;
:reads
:list
:writes
SELECT state, message, detail FROM test.fails($$SELECT fca.get_all(NULL::shop.item, sort_by => 'note')$$);
-- RENAME COLUMN: two columns change their names
ALTER TABLE shop.item RENAME COLUMN name TO n;
ALTER TABLE shop.item RENAME COLUMN colour TO name;
SELECT state, message, detail FROM test.fails($$SELECT fca.find_one(NULL::shop.item, '{"colour": "red"}')$$);
SELECT * FROM fca.get_by_filters(NULL::shop.item, '{"name": "red"}', sort_by => 'n');
SELECT fca.count(NULL::shop.item, '{"name": ["hat", "pen"]}'),
	fca.count(NULL::shop.item, '{"n": ["hat", "pen"]}');
SELECT * FROM fca.update(NULL::shop.item, 1, '{"name": "blue"}');
ALTER TABLE shop.item RENAME COLUMN name TO colour;
ALTER TABLE shop.item RENAME COLUMN n TO name;
:reads
:writes
-- ALTER TYPE: text to varchar and to enum, int to bigint, precision
ALTER TABLE shop.item ALTER name TYPE varchar(5), ALTER size TYPE bigint, ALTER price TYPE numeric(8,1);
:reads
SELECT * FROM fca.create(NULL::shop.item, '{"id": 10, "size": 9000000000, "price": 1.27}');
SELECT state, message FROM test.fails($$SELECT fca.create(NULL::shop.item, '{"id": 11, "name": "longer"}')$$);
CREATE TYPE shop.name AS ENUM ('hat', 'cup', 'pen');
DELETE FROM shop.item WHERE name = 'old';
ALTER TABLE shop.item ALTER name TYPE shop.name USING name::shop.name, ALTER id TYPE bigint,
	ALTER size TYPE int USING id;
:reads
:list
SELECT * FROM fca.update(NULL::shop.item, 10, '{"name": "pen", "size": 7}');
SELECT state, message FROM test.fails($$SELECT fca.count(NULL::shop.item, '{"name": "new"}')$$);
ALTER TYPE shop.name ADD VALUE 'new';
SELECT fca.count(NULL::shop.item, '{"name": "new"}'),
	fca.update_many(NULL::shop.item, '{"id": 10}', '{"name": "new"}');
ALTER TYPE shop.name RENAME VALUE 'pen' TO 'pencil';
SELECT name FROM fca.get_by_filters(NULL::shop.item, '{"name": ["pencil", "new"]}');
ALTER TABLE shop.item ALTER id TYPE text, ALTER name TYPE text;
SELECT * FROM fca.get_by_id(NULL::shop.item, '10'::text);
SELECT id FROM fca.get_all(NULL::shop.item);
SELECT state, message FROM test.fails($$SELECT fca.get_by_id(NULL::shop.item, 10)$$);
ALTER TABLE shop.item ALTER id TYPE int USING id::int;
DELETE FROM shop.item WHERE id = 10;
UPDATE shop.item SET name = 'pen' WHERE id = 1;

-- RENAME TABLE and RENAME SCHEMA
ALTER TABLE shop.item RENAME TO thing;
SELECT * FROM fca.get_by_id(NULL::shop.thing, 1);
SELECT state, message FROM test.fails('SELECT fca.get_by_id(NULL::shop.item, 1)');
ALTER SCHEMA shop RENAME TO store;
SELECT * FROM fca.get_by_id(NULL::store.thing, 1);
SELECT * FROM fca.update(NULL::store.thing, 1, '{"size": 99}');
ALTER SCHEMA store RENAME TO shop;
ALTER TABLE shop.thing RENAME TO item;
:reads

-- two tables swap their names
CREATE TABLE shop.other (price numeric, name text, id int PRIMARY KEY, note text, size int);
INSERT INTO shop.other VALUES (9, 'cup', 1, 'other', 90), (8, 'pen', 2, 'other', 80);
SELECT * FROM fca.get_all(NULL::shop.other);
ALTER TABLE shop.item RENAME TO item_1;
ALTER TABLE shop.other RENAME TO item;
ALTER TABLE shop.item_1 RENAME TO other;
:reads
:list
:writes
SELECT * FROM fca.get_all(NULL::shop.other);

-- DROP and CREATE again, other columns and another order; a view of that name
DROP TABLE shop.item;
SELECT state, message FROM test.fails('SELECT fca.get_by_id(NULL::shop.item, 1)');
CREATE TABLE shop.item (size int, name text, id int PRIMARY KEY);
INSERT INTO shop.item VALUES (11, 'pen', 1), (22, 'cup', 2);
:reads
:list
:writes
DROP TABLE shop.item;
CREATE VIEW shop.item AS SELECT id, upper(name) AS name, size FROM shop.other;
:list
CREATE OR REPLACE VIEW shop.item AS
	SELECT id, lower(name) AS name, -size AS size, name AS title FROM shop.other;
:reads
:list

-- another primary key: ids are looked up under it
CREATE TABLE shop.keyed (id int PRIMARY KEY, code int UNIQUE NOT NULL, word text);
INSERT INTO shop.keyed VALUES (1, 2, 'one'), (2, 1, 'two');
\set keyed 'SELECT (SELECT word FROM fca.get_by_id(NULL::shop.keyed, 1)),'
\set keyed :keyed ' fca.exists(NULL::shop.keyed, 2),'
\set keyed :keyed ' (SELECT array_agg(word) FROM fca.get_many(NULL::shop.keyed, ARRAY[1, 2])) AS many,'
\set keyed :keyed ' (SELECT array_agg(word) FROM fca.get_all(NULL::shop.keyed)) AS "all",'
\set keyed :keyed ' (SELECT word FROM fca.update(NULL::shop.keyed, 2, \'{}\')) AS updated;'
:keyed
ALTER TABLE shop.keyed DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (code);
:keyed
ALTER TABLE shop.keyed DROP CONSTRAINT keyed_pkey;
:keyed
ALTER TABLE shop.keyed ADD PRIMARY KEY (word, code);
:keyed
ALTER TABLE shop.keyed RENAME COLUMN id TO no;
SELECT state, message, detail, hint FROM test.fails('SELECT fca.get_by_id(NULL::shop.keyed, 1)');
SELECT * FROM fca.get_all(NULL::shop.keyed);

-- a statement that the caller keeps has PostgreSQL's own plan of the row type
DROP VIEW shop.item;
CREATE FUNCTION shop.look() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found shop.other;
BEGIN
	SELECT * INTO found FROM fca.get_by_id(NULL::shop.other, 2);
	RETURN found::text || (fca.create(NULL::shop.other, '{"id": 50}'))::text
		|| fca.delete(NULL::shop.other, 50);
END $$;
SELECT shop.look();
ALTER TABLE shop.other ADD COLUMN weight int DEFAULT 5;
SELECT shop.look();
ALTER TABLE shop.other DROP COLUMN price;
SELECT shop.look();
DISCARD PLANS;
SELECT shop.look();

-- a change that is rolled back
BEGIN;
ALTER TABLE shop.other DROP COLUMN size;
ALTER TABLE shop.other RENAME COLUMN name TO size;
SELECT * FROM fca.get_by_id(NULL::shop.other, 2);
ROLLBACK;
SELECT * FROM fca.get_by_id(NULL::shop.other, 2);

-- The finders, on relations of the contract.
\set find 'SELECT id, email, first_name, notes FROM fca.find_by_email(\'c2@example.com\');'
\set find :find ' SELECT id FROM fca.find_by_business_id(\'CUST-000003\');'
\set find :find ' SELECT array_agg(id) AS vips FROM fca.find_vip_customers(3, \'2026-01-05 10:00Z\', 3);'
\set find :find ' SELECT id, email, notes FROM fca.find_one(NULL::fca.customer, \'{"first_name": "Anna"}\');'
:find
-- columns that are no part of the type come and go, and others change type
ALTER TABLE fca.customers ADD COLUMN extra text DEFAULT 'extra', DROP COLUMN notes;
:find
ALTER TABLE fca.customers ADD COLUMN notes jsonb DEFAULT '{"now": "jsonb"}', ALTER email TYPE varchar(40),
ALTER customer_id TYPE char(20),
	ALTER first_name TYPE varchar(8), ALTER created_at TYPE timestamp;
:find
ALTER TABLE fca.customers ALTER notes TYPE text USING extra, ALTER created_at TYPE timestamptz;
-- names that go round
ALTER TABLE fca.customers RENAME COLUMN email TO mail;
:find
ALTER TABLE fca.customers RENAME COLUMN notes TO email;
ALTER TABLE fca.customers RENAME COLUMN extra TO notes;
:find
ALTER TABLE fca.customers RENAME COLUMN email TO extra;
ALTER TABLE fca.customers RENAME COLUMN mail TO email;
:find
-- id to integer and back
ALTER TABLE fca.faqs ALTER id TYPE int;
SELECT id FROM fca.find_by_category('cards', 2, 1);
SELECT id FROM fca.get_by_id(NULL::fca.faq, 3000000000);
SELECT state, message FROM test.fails(
	$$SELECT fca.create(NULL::fca.faq, '{"id": 3000000000, "question": "q", "answer": "a"}')$$);
ALTER TABLE fca.faqs ALTER id TYPE bigint;
SELECT id FROM fca.create(NULL::fca.faq, '{"id": 3000000000, "question": "q", "answer": "a"}');
SELECT fca.delete(NULL::fca.faq, 3000000000);

-- status from text to an enum that lacks a label, which then comes and is renamed
SELECT array_agg(id) FROM fca.find_escalated(3);
CREATE TABLE public.conversations AS TABLE fca.conversations;
CREATE TYPE public.status AS ENUM ('active', 'resolved', 'closed');
ALTER TABLE public.conversations ALTER status TYPE public.status
	USING nullif(status, 'escalated')::public.status;
ALTER TABLE fca.conversations RENAME TO conversations_table;
SELECT state, message, hint FROM test.fails('SELECT fca.find_escalated(3)');
CREATE VIEW fca.conversations AS TABLE public.conversations;
SELECT array_agg(id) FROM fca.find_escalated(3);
SELECT array_agg(id) FROM fca.find_by_status('escalated', 3);
SELECT array_agg(id) FROM fca.find_by_status('active', 3);
ALTER TYPE public.status ADD VALUE 'escalated';
UPDATE public.conversations SET status = 'escalated' WHERE status IS NULL;
SELECT array_agg(id) FROM fca.find_escalated(3);
SELECT array_agg(id) FROM fca.find_by_status('escalated', 3);
ALTER TYPE public.status RENAME VALUE 'escalated' TO 'waiting';
SELECT array_agg(id) FROM fca.find_escalated(3);
SELECT array_agg(id) FROM fca.find_by_status('escalated', 3);
ALTER TYPE public.status RENAME VALUE 'active' TO 'escalated';
SELECT array_agg(id) FROM fca.find_escalated(3);
ALTER TYPE public.status RENAME VALUE 'escalated' TO 'active';
ALTER TYPE public.status RENAME VALUE 'waiting' TO 'escalated';
SELECT array_agg(id) FROM fca.find_escalated(3);
-- the type gets another name, and then the search_path changes
ALTER TYPE public.status RENAME TO conversation_status;
SET search_path = pg_catalog;
SELECT array_agg(id) FROM fca.find_escalated(3);
SELECT array_agg(id) FROM fca.find_by_status('escalated', 3);
RESET search_path;
-- the view is replaced by another, and by the table of before
CREATE OR REPLACE VIEW fca.conversations AS SELECT * FROM public.conversations WHERE id > 10;
SELECT array_agg(id) FROM fca.find_escalated(3);
DROP VIEW fca.conversations;
ALTER TABLE fca.conversations_table RENAME TO conversations;
SELECT array_agg(id) FROM fca.find_escalated(3);
SELECT array_agg(id) FROM fca.find_by_status('active', 3);

-- a table made again in another order, and one without a column
ALTER TABLE fca.faqs RENAME TO faqs_1;
CREATE TABLE fca.faqs AS
	SELECT is_active, keywords, category, answer AS question, question AS answer, id FROM fca.faqs_1;
SELECT id, question, answer FROM fca.find_by_category('cards', 1);
SELECT id, question, answer FROM fca.get_by_id(NULL::fca.faq, 1);
ALTER TABLE fca.faqs DROP COLUMN keywords;
SELECT state, message, hint FROM test.fails($$SELECT fca.find_by_category('cards', 1)$$);
SELECT state, message, hint FROM test.fails('SELECT fca.get_by_id(NULL::fca.faq, 1)');
DROP TABLE fca.faqs;
SELECT state, message, hint FROM test.fails('SELECT fca.get_by_id(NULL::fca.faq, 1)');
ALTER TABLE fca.faqs_1 RENAME TO faqs;
SELECT id, question, answer FROM fca.find_by_category('cards', 1);

-- a statement that was planned before its table was dropped
CREATE TABLE public.brief (id int PRIMARY KEY);
INSERT INTO public.brief VALUES (1);
PREPARE how_many AS SELECT fca.count(NULL::public.brief);
PREPARE add AS SELECT fca.create(NULL::public.brief, '{"id": 2}') IS NOT NULL AS created;
EXECUTE how_many;
EXECUTE add;
DROP TABLE public.brief;
\set VERBOSITY default
EXECUTE how_many;
EXECUTE add;
\set VERBOSITY terse
CREATE TABLE public.brief (id int PRIMARY KEY);
DISCARD PLANS;
EXECUTE add;
EXECUTE how_many;
DROP TABLE public.brief;

\c :main
DROP DATABASE fca_regress_changes;
