-- Every error of the base repository: SQLSTATE, message, DETAIL, HINT; and nothing has changed by it.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA base_errors;
CREATE TABLE base_errors.items (id int PRIMARY KEY, name varchar(5) NOT NULL,
	price numeric(5,2) CHECK (price > 0), at date, code int UNIQUE, parent int REFERENCES base_errors.items,
	span int4range, big bigint, m real, EXCLUDE USING gist (span WITH &&));
INSERT INTO base_errors.items VALUES (1, 'a', 1, '2026-01-01', 1, NULL, '[1,5)'),
	(2, 'b', 2, NULL, NULL, 1, NULL);
CREATE TABLE base_errors.no_key (name text, n int);
INSERT INTO base_errors.no_key VALUES ('a', 1), ('b', 2);
CREATE TABLE base_errors.two_keys (a int, b int, n int, PRIMARY KEY (a, b));
INSERT INTO base_errors.two_keys VALUES (1, 1, 1), (1, 2, 2);

-- The digest of every row: compared at the end of each part.
CREATE FUNCTION base_errors.digest() RETURNS text LANGUAGE sql AS $$
	SELECT md5(concat((SELECT string_agg(i::text, ';' ORDER BY id) FROM base_errors.items AS i),
		(SELECT string_agg(k::text, ';' ORDER BY n) FROM base_errors.no_key AS k),
		(SELECT string_agg(k::text, ';' ORDER BY n) FROM base_errors.two_keys AS k),
		(SELECT string_agg(f::text, ';' ORDER BY id) FROM fca.faqs AS f)))
$$;
SELECT base_errors.digest() AS before \gset

-- the relation is not there: a hint tells the two ways to have it
BEGIN;
ALTER TABLE fca.faqs RENAME TO faqs_away;
SELECT state, message, hint FROM test.fails('SELECT fca.get_by_id(NULL::fca.faq, 1)');
SELECT call, f.state FROM unnest(ARRAY['create(NULL::fca.faq, ''{}'')', 'create_many(NULL::fca.faq, ''[]'')',
	'get_by_id(NULL::fca.faq, NULL::int)', 'get_many(NULL::fca.faq, ''{1}''::int[])',
	'get_all(NULL::fca.faq)', 'get_by_filters(NULL::fca.faq, ''{}'')', 'find_one(NULL::fca.faq, ''{}'')',
	'count(NULL::fca.faq)', 'exists(NULL::fca.faq, 1)', 'update(NULL::fca.faq, 1, ''{}'')',
	'update_many(NULL::fca.faq, ''{"id": 1}'', ''{}'')', 'delete(NULL::fca.faq, 1)',
	'delete_many(NULL::fca.faq, ''{"id": 1}'')']) WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || call) AS f ORDER BY n;
ROLLBACK;

-- a key that is no column of T
SELECT state, message, detail FROM test.fails(
	$$SELECT fca.create(NULL::fca.faq, '{"question": "q", "answr": "a"}')$$);
SELECT call, f.state, f.message FROM unnest(ARRAY['create(M, ''{"id": 9, "name": "x", "Name": 1}'')',
	'create_many(M, ''[{"id": 9, "name": "x"}, {"id": 8, "wrong": null}]'')',
	'get_all(M, sort_by => ''id, wrong'')', 'get_by_filters(M, ''{"id": 1, "wrong": null}'')',
	'get_by_filters(M, ''{}'', sort_by => ''wrong'')', 'find_one(M, ''{"wrong": []}'')',
	'count(M, ''{"wrong": 1}'')', 'update(M, 1, ''{"name": "z", "wrong": 1}'')',
	'update(M, 99, ''{"wrong": 1}'')', 'update_many(M, ''{"wrong": 1}'', ''{"name": "z"}'')',
	'update_many(M, ''{"id": 1}'', ''{"wrong": 1}'')',
	'delete_many(M, ''{"id": 1, "wrong": 1}'')']) WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.items')) AS f ORDER BY n;
-- a name with any character in it
SELECT message FROM test.fails($$SELECT fca.create(NULL::base_errors.no_key, '{"é \"\\\n%s": 1}')$$);
SELECT base_errors.digest() = :'before' AS unchanged;

-- a column of T is missing in the relation: both names
BEGIN;
ALTER TABLE fca.faqs RENAME keywords TO tags;
SELECT state, message, hint, "table" FROM test.fails('SELECT fca.get_by_id(NULL::fca.faq, 1)');
SELECT call, f.state, f.message
FROM unnest(ARRAY['create(NULL::fca.faq, ''{"question": "q", "answer": "a"}'')',
	'create_many(NULL::fca.faq, ''[{"keywords": "k"}]'')', 'get_many(NULL::fca.faq, ''{1}''::int[])',
	'get_all(NULL::fca.faq)', 'get_by_filters(NULL::fca.faq, ''{}'')', 'find_one(NULL::fca.faq, ''{}'')',
	'count(NULL::fca.faq, ''{"keywords": "k"}'')', 'update(NULL::fca.faq, 1, ''{"category": "c"}'')',
	'update_many(NULL::fca.faq, ''{"id": 1}'', ''{"keywords": "k"}'')',
	'delete_many(NULL::fca.faq, ''{"keywords": null}'')']) WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || call) AS f ORDER BY n;
SELECT id, category FROM fca.get_all(NULL::fca.faqs, max_rows => 1);
ROLLBACK;

-- the model is no row type of a table or view
CREATE TYPE base_errors.pair AS (a int, b int);
SELECT f.state, f.message, f.hint FROM (VALUES (1, 'SELECT fca.count(5)'),
	(2, 'SELECT fca.create(''x''::text, ''{}'')'),
	(3, 'SELECT fca.get_all(NULL::base_errors.pair)'), (4, 'SELECT fca.delete(ROW(1, 2), 1)')
) AS v (n, statement), test.fails(statement) AS f ORDER BY n;

-- no single key column
SELECT state, message, detail, hint FROM test.fails('SELECT fca.get_by_id(NULL::base_errors.no_key, 1)');
SELECT state, message, detail, hint FROM test.fails('SELECT fca.get_by_id(NULL::base_errors.two_keys, 1)');
SELECT state, message, detail, hint FROM test.fails('SELECT fca.get_all(NULL::base_errors.no_key)');
SELECT call, f.state AS no_key, g.state AS two_keys
FROM unnest(ARRAY['get_many(M, ''{1}''::int[])', 'exists(M, 1)', 'exists(M, NULL)',
	'update(M, 1, ''{"n": 0}'')', 'delete(M, 1)', 'get_all(M, sort_by => ''n'')', 'get_by_filters(M, ''{}'')',
	'find_one(M, ''{"n": 1}'')', 'count(M)', 'update_many(M, ''{"n": 9}'', ''{"n": 0}'')',
	'delete_many(M, ''{"n": 9}'')'])
	WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.no_key')) AS f,
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.two_keys')) AS g ORDER BY n;
SELECT base_errors.digest() = :'before' AS unchanged;

-- data is no object, rows is no array of objects, filters is no object
SELECT call, f.state, f.message, f.detail
FROM unnest(ARRAY['create(M, NULL)', 'create(M, ''null'')', 'create(M, ''[]'')', 'create(M, ''[{"id": 5}]'')',
	'create(M, ''5'')', 'create(M, ''"x"'')', 'create(M, ''true'')', 'update(M, 1, NULL)',
	'update(M, 1, ''[{}]'')', 'update(M, NULL::int, ''1'')',
	'update_many(M, ''{"id": 1}'', NULL)', 'update_many(M, ''{"id": 1}'', ''[]'')',
	'create_many(M, NULL)', 'create_many(M, ''null'')', 'create_many(M, ''{}'')', 'create_many(M, ''5'')',
	'create_many(M, ''[{"id": 5, "name": "x"}, 6]'')', 'create_many(M, ''[null]'')',
	'create_many(M, ''[[{"id": 5}]]'')', 'get_by_filters(M, NULL)', 'get_by_filters(M, ''[]'')',
	'find_one(M, ''"x"'')', 'count(M, NULL)', 'count(M, ''1'')',
	'update_many(M, ''[]'', ''{}'')', 'update_many(M, ''"x"'', ''{}'')',
	'delete_many(M, ''[1]'')', 'delete_many(M, ''false'')',
	'get_by_filters(M, ''{"id": {"more": 1}}'')', 'delete_many(M, ''{"id": {}}'')'])
	WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.items')) AS f ORDER BY n;
SELECT hint FROM test.fails($$SELECT fca.count(NULL::base_errors.items, '[]')$$);
SELECT hint, "column" FROM test.fails($$SELECT fca.count(NULL::base_errors.items, '{"id": {"more": 1}}')$$);

-- filters that are NULL or {} where every row would be meant
SELECT call, f.state, f.message, f.detail, f.hint
FROM unnest(ARRAY['update_many(M, NULL, ''{"name": "z"}'')', 'update_many(M, ''{}'', ''{"name": "z"}'')',
	'update_many(M, ''null'', ''{"name": "z"}'')', 'delete_many(M, NULL)', 'delete_many(M, ''{}'')'])
	WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.items')) AS f ORDER BY n;
SELECT base_errors.digest() = :'before' AS unchanged;

-- max_rows and skip below zero
SELECT call, f.state, f.message, f.detail, f.hint
FROM unnest(ARRAY['get_all(M, max_rows => -1)', 'get_all(M, skip => -1)',
	'get_by_filters(M, ''{}'', 0, -9223372036854775808)', 'get_by_filters(M, ''{}'', -9223372036854775808)'])
	WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.items')) AS f ORDER BY n;

-- a JSON value that does not fit: PostgreSQL's own error, and the column
SELECT call, f.state, f.message, f."column"
FROM unnest(ARRAY['create(M, ''{"id": "x"}'')', 'create(M, ''{"id": 9, "name": "too long"}'')',
	'create_many(M, ''[{"id": 9, "name": "x"}, {"id": 8, "price": 1000}]'')',
	'create(M, ''{"at": "2026-13-01"}'')', 'create(M, ''{"at": "soon"}'')',
	'create(M, ''{"big": 9223372036854775808}'')', 'create(M, ''{"m": 1e39}'')',
	'create(M, ''{"span": "[5,1)"}'')', 'create(M, ''{"id": []}'')',
	'update(M, 1, ''{"name": "z", "code": {}}'')', 'update(M, 1, ''{"price": "NaN."}'')',
	'update_many(M, ''{"id": 1}'', ''{"at": 1}'')', 'update_many(M, ''{"at": 1}'', ''{"name": "z"}'')',
	'count(M, ''{"id": "1x"}'')', 'delete_many(M, ''{"id": [1, "x"]}'')'
	]) WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.items')) AS f ORDER BY n;
-- the context tells the row of many
SELECT fca.create_many(NULL::base_errors.items,
	'[{"id": 9, "name": "x"}, {"id": 8, "name": "y", "at": "soon"}]');
SELECT base_errors.digest() = :'before' AS unchanged;

-- a constraint is broken: the error of plain SQL, with its table, column and constraint
SELECT n, f.state, f."table", f."column", f."constraint",
	f.state = s.state AND f.message = s.message AND f.detail = s.detail
	AND f."table" = s."table" AND f."column" = s."column" AND f."constraint" = s."constraint" AS as_sql
FROM (VALUES
	(1, $$SELECT fca.create(NULL::base_errors.items, '{"id": 3}')$$,
		'INSERT INTO base_errors.items (id) VALUES (3)'),
	(2, $$SELECT fca.create(NULL::base_errors.items, '{"id": 3, "name": null}')$$,
		'INSERT INTO base_errors.items (id) VALUES (3)'),
	(3, $$SELECT fca.create(NULL::base_errors.items, '{"id": 1, "name": "x"}')$$,
		'INSERT INTO base_errors.items (id, name) VALUES (1, ''x'')'),
	(4, $$SELECT fca.create_many(NULL::base_errors.items,
		'[{"id": 3, "name": "x"}, {"id": 3, "name": "x"}]')$$,
		'INSERT INTO base_errors.items (id, name) VALUES (3, ''x''), (3, ''x'')'),
	(5, $$SELECT fca.create(NULL::base_errors.items, '{"id": 3, "name": "x", "price": 0}')$$,
		'INSERT INTO base_errors.items (id, name, price) VALUES (3, ''x'', 0)'),
	(6, $$SELECT fca.create(NULL::base_errors.items, '{"id": 3, "name": "x", "parent": 7}')$$,
		'INSERT INTO base_errors.items (id, name, parent) VALUES (3, ''x'', 7)'),
	(7, $$SELECT fca.create(NULL::base_errors.items, '{"id": 3, "name": "x", "span": "[4,9)"}')$$,
		'INSERT INTO base_errors.items (id, name, span) VALUES (3, ''x'', ''[4,9)'')'),
	(8, $$SELECT fca.update(NULL::base_errors.items, 2, '{"code": 1}')$$,
		'UPDATE base_errors.items SET code = 1 WHERE id = 2'),
	(9, $$SELECT fca.update_many(NULL::base_errors.items, '{"id": [1, 2]}', '{"name": null}')$$,
		'UPDATE base_errors.items SET name = NULL WHERE id = 1'),
	(10, $$SELECT fca.delete(NULL::base_errors.items, 1)$$, 'DELETE FROM base_errors.items WHERE id = 1'),
	(11, $$SELECT fca.delete_many(NULL::base_errors.items, '{"id": 1}')$$,
		'DELETE FROM base_errors.items WHERE id = 1')
) AS v (n, call, statement), test.fails(call) AS f, test.fails(statement) AS s ORDER BY n;
SELECT base_errors.digest() = :'before' AS unchanged;

-- a read-only transaction: reads go on; a temporary table may be written, as in plain SQL
CREATE TEMPORARY TABLE scratch (id int PRIMARY KEY);
BEGIN READ ONLY;
SELECT call, f.state, f.message FROM unnest(ARRAY['create(M, ''{"id": 3, "name": "x"}'')',
	'create_many(M, ''[{"id": 3, "name": "x"}]'')',
	'update(M, 1, ''{"name": "z"}'')', 'update(M, 99, ''{}'')',
	'update_many(M, ''{"id": 1}'', ''{"name": "z"}'')', 'update_many(M, ''{"id": []}'', ''{}'')',
	'delete(M, 2)', 'delete_many(M, ''{"id": 2}'')', 'count(M)', 'get_by_id(M, 1)'])
	WITH ORDINALITY AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.items')) AS f ORDER BY n;
SELECT * FROM fca.create(NULL::scratch, '{"id": 1}');
COMMIT;
SELECT base_errors.digest() = :'before' AS unchanged;

-- more than one row where one is meant
SELECT call, f.state, f.message, f.hint FROM unnest(ARRAY['find_one(M, ''{}'')',
	'find_one(M, ''{"parent": [1, null]}'')', 'find_one(M, ''{"id": [1, 2]}'')']) WITH ORDINALITY
	AS v (call, n),
	test.fails('SELECT fca.' || replace(call, '(M', '(NULL::base_errors.items')) AS f ORDER BY n;

-- a column whose type has no equality, or no order
CREATE TABLE base_errors.odd (id int PRIMARY KEY, j json);
SELECT f.state, f.message, f.detail, f."column"
FROM (VALUES (1, $$SELECT fca.count(NULL::base_errors.odd, '{"j": 1}')$$),
	(2, $$SELECT fca.get_all(NULL::base_errors.odd, sort_by => 'j')$$)) AS v (n, statement),
	test.fails(statement) AS f ORDER BY n;

-- after all these errors every function still works, in the same session
SELECT id, name FROM fca.create(NULL::base_errors.items, '{"id": 3, "name": "c"}');
SELECT id, name FROM fca.update(NULL::base_errors.items, 3, '{"name": "d"}');
SELECT fca.update_many(NULL::base_errors.items, '{"id": 3}', '{"code": 3}') AS n,
	fca.delete_many(NULL::base_errors.items, '{"code": 3}') AS gone;
SELECT fca.count(NULL::base_errors.items) AS n, base_errors.digest() = :'before' AS unchanged;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP TABLE scratch;
DROP SCHEMA base_errors CASCADE;
