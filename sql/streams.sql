-- Streams: cursors over a model's rows and over a finder's, read by FETCH in the caller's transaction.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'
CREATE SCHEMA streams;

-- The next rows of a cursor, all of them where it is not said how many.
CREATE FUNCTION streams.ids(opened refcursor, count int DEFAULT NULL) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
	list bigint[] := '{}';
	r record;
BEGIN
	LOOP
		EXIT WHEN cardinality(list) = count;
		FETCH opened INTO r;
		EXIT WHEN NOT FOUND;
		list := list || r.id;
	END LOOP;
	RETURN list;
END $$;

-- In pieces, by FETCH itself.
BEGIN;
CREATE TABLE streams.pair (id int PRIMARY KEY, kind text, at int);
INSERT INTO streams.pair SELECT i, chr(97 + i % 2), nullif(i % 3, 0) FROM generate_series(1, 8) AS i;
SELECT fca.open_cursor(NULL::streams.pair, '{"kind": {"ne": "c"}}', 'at desc, kind', 'piece');
FETCH 2 FROM piece;
MOVE 1 FROM piece;
FETCH ALL FROM piece;
FETCH 1 FROM piece;
COMMIT;

-- Two at a time; each as get_by_filters gives it, without a limit.
BEGIN;
SELECT fca.open_cursor(NULL::fca.customer, '{"is_active": true}', 'created_at desc, phone nulls first',
	'one') AS one, fca.open_cursor(NULL::fca.account, cursor_name => 'other "one"') AS other;
SELECT streams.ids('one', 2), streams.ids('other "one"', 3),
	streams.ids('one', 1), streams.ids('other "one"');
SELECT streams.ids('one'), ARRAY(SELECT id FROM fca.customers WHERE is_active
	ORDER BY created_at DESC, phone NULLS FIRST, id) AS truth;
SELECT state, message FROM test.fails('SELECT fca.open_cursor(NULL::fca.product, cursor_name => ''one'')');
SELECT state, message
FROM test.fails('SELECT fca.open_finder(''find_vip_customers'', cursor_name => ''other "one"'')');
SELECT fca.open_cursor(NULL::fca.product) AS first,
	fca.open_cursor(NULL::fca.product, cursor_name => '') AS second,
	fca.open_finder('find_vip_customers') AS third \gset
SELECT :'first' <> :'second' AND :'second' <> :'third' AS distinct_names,
	pg_typeof(fca.open_cursor(NULL::fca.product));
CLOSE one;
SELECT streams.ids(fca.open_cursor(NULL::fca.product, '{"id": {"gt": 3}}', NULL, 'one'));
COMMIT;

-- ROLLBACK and COMMIT close it; so does the end of a savepoint in which it was opened.
BEGIN;
SELECT fca.open_cursor(NULL::fca.customer, cursor_name => 'c');
SAVEPOINT s;
SELECT fca.open_cursor(NULL::fca.customer, cursor_name => 'd');
ROLLBACK TO s;
SELECT name FROM pg_cursors WHERE name IN ('c', 'd');
ROLLBACK;
FETCH c;
BEGIN;
SELECT fca.open_finder('find_vip_customers', '{}', 'c');
COMMIT;
FETCH c;

-- It sees what its transaction has done before, and not what it does after.
BEGIN;
INSERT INTO fca.faqs (question, answer, category) VALUES ('new', '', 'cards');
DELETE FROM fca.faqs WHERE id = 1;
SELECT fca.open_cursor(NULL::fca.faq, cursor_name => 'all'),
	fca.open_finder('find_by_category', '{"category": "cards"}', 'cards');
DELETE FROM fca.faqs;
INSERT INTO fca.faqs (question, answer, category) VALUES ('later', '', 'cards');
SELECT streams.ids('all'), streams.ids('cards');
ROLLBACK;

-- An open cursor outlives the plan that it was opened with.
BEGIN;
SELECT fca.open_cursor(NULL::fca.message, '{"role": "agent"}', 'id desc', 'm');
SELECT streams.ids('m', 2);
SELECT sum(fca.count(NULL::fca.message, jsonb_build_object('id', jsonb_build_object('lt', 0), 'any_of',
	(SELECT jsonb_agg('{"role": "agent"}'::jsonb) FROM generate_series(1, i)))))
FROM generate_series(1, 300) AS i;
SELECT streams.ids('m') = ARRAY(SELECT id FROM fca.messages WHERE role = 'agent'
	ORDER BY id DESC OFFSET 2) AS same;
COMMIT;

-- Every finder, by its own name and by its aliases: as the function gives it.
CREATE TEMP TABLE call (finder text, arguments jsonb, call text);
INSERT INTO call VALUES
	('find_by_email', '{"email": "c3@example.com"}', '''c3@example.com'''),
	('get_by_email', '{"email": "c3@example.com"}', '''c3@example.com'''),
	('find_by_business_id', '{"business_id": "CUST-000002"}', '''CUST-000002'''),
	('get_by_customer_id', '{"customer_id": "CUST-000002"}', '''CUST-000002'''),
	('find_vip_customers', '{}', ''), ('get_vip_customers', '{"max_rows": 2}', '2'),
	('get_vip_customers', '{"max_rows": 2, "after_created_at": "2026-01-05T10:00:00Z", "after_id": 1}',
		'2, ''2026-01-05 10:00Z'', 1'), ('find_active_customers',
		'{"after_id": 3, "after_created_at": "2026-01-05T10:00:00Z"}', '100, ''2026-01-05 10:00Z'', 3'),
	('search_by_name', '{"name": "smith", "max_rows": 2}', '''smith'', 2'),
	('find_by_account_number', '{"account_number": "ACC-5"}', '''ACC-5'''),
	('list_by_customer', '{"customer_id": 2}', '2'),
	('list_accounts_by_status', '{"status": "active"}', '''active'''),
	('find_by_reference', '{"reference": "TX-7"}', '''TX-7'''),
	('find_recent_transactions', '{"account_id": 1, "max_rows": 3}', '1, 3'),
	('find_transactions_between',
		'{"account_id": "1", "since": "2026-03-01T02:00:00Z", "until": "2026-03-01T07:00:00Z"}',
		'1, ''2026-03-01 02:00Z'', ''2026-03-01 07:00Z'''),
	('find_transactions_by_category', '{"account_id": 1, "category": "food"}', '1, ''food'''),
	('find_by_customer', '{"customer_id": 1, "max_rows": null}', '1, NULL'),
	('find_escalated', '{"max_rows": 3}', '3'),
	('find_escalated_by_group', '{"assigned_group": "fraud"}', '''fraud'''),
	('find_by_ticket_id', '{"ticket_id": "ESC-1"}', '''ESC-1'''),
	('find_by_status', '{"status": "closed"}', '''closed'''),
	('find_by_conversation', '{"conversation_id": 1, "max_rows": 4}', '1, 4'),
	('find_recent_messages', '{"conversation_id": 1}', '1'), ('find_requiring_human', '{"max_rows": 0}', '0'),
	('find_by_type', '{"type": "savings"}', '''savings'''),
	('find_active_products', '{"max_rows": 3, "after_name": "Home loan", "after_id": 5}',
		'3, ''Home loan'', 5'), ('search_by_keyword', '{"keyword": "card"}', '''card'''),
	('find_by_category', '{"category": "cards", "after_id": 1}', '''cards'', 100, 1'),
	('find_by_emails', '{"emails": ["c3@example.com", "x", "c1@example.com", null]}',
		'''{c3@example.com,x,c1@example.com}'''), ('find_by_business_ids', '{"business_ids": []}', '''{}'''),
	('find_by_account_numbers', '{"account_numbers": ["ACC-2"]}', '''{ACC-2}'''),
	('find_by_references', '{"transaction_references": ["TX-9", "TX-1", "TX-9"]}', '''{TX-9,TX-1,TX-9}'''),
	('find_by_ticket_ids', '{"ticket_ids": null}', 'NULL'),
	('list_by_customers', '{"customer_ids": [3, 1]}', '''{3,1}'''),
	('find_recent_transactions_of', '{"account_ids": [2, 1], "per_account": 2}', '''{2,1}'', 2'),
	('find_by_customers', '{"customer_ids": [2, 1]}', '''{2,1}'''),
	('find_recent_messages_of', '{"conversation_ids": [2, 1], "per_conversation": 3}', '''{2,1}'', 3'),
	('find_escalated_for_update', '{"max_rows": 2}', '2'),
	('find_by_email', '{"email": null}', 'NULL'), ('find_by_status', '{"status": null}', 'NULL'),
	('find_by_customer', '{"customer_id": null}', 'NULL'),
	('find_recent_messages', '{"conversation_id": 1, "max_rows": null}', '1, NULL');
CREATE FUNCTION streams.found(call text) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
	found bigint[];
BEGIN
	EXECUTE 'SELECT ARRAY(SELECT id FROM fca.' || call || ')' INTO found;
	RETURN found;
END $$;
BEGIN;
SELECT finder, arguments AS differs, opened, found FROM call,
	streams.found(format('%s(%s)', finder, call)) AS found,
	streams.ids(fca.open_finder(finder, arguments)) AS opened WHERE opened IS DISTINCT FROM found;
SELECT finder, streams.ids(fca.open_finder(finder, arguments)) AS ids FROM call
WHERE finder ~ 'vip|emails|_of$|for_update';
ROLLBACK;

-- And whatever finder there is, by the catalog.
\set calls `cat "$PG_ABS_SRCDIR/sql/fixtures/calls.sql"`
CREATE FUNCTION streams.object(given text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	made jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_build_object(%s)', given) INTO made;
	RETURN made;
END $$;
CREATE TEMP TABLE any_call AS
SELECT c.name,
	coalesce(string_agg(format('%s => %s', a.name, a.value), ', ') FILTER (WHERE a.name <> ''), '') AS call,
	streams.object(coalesce(
		string_agg(format('%L, %s', a.name, a.value), ', ') FILTER (WHERE a.name <> ''), '')) AS arguments
FROM (:calls) AS c LEFT JOIN LATERAL (
	SELECT a->>'name' AS name, regexp_replace(a->>'value', '\mi\M', '1', 'g') AS value
	FROM json_array_elements(c.arguments) AS a WHERE a->>'default' IS NULL) AS a ON true
WHERE c.kind LIKE '%finder' GROUP BY c.name;
SELECT count(*) >= 37 AS all_of_them FROM any_call;
BEGIN;
SELECT name AS differs, arguments FROM any_call
WHERE streams.ids(fca.open_finder(name, arguments))
IS DISTINCT FROM streams.found(format('%s(%s)', name, call));
ROLLBACK;

-- The limit is the cursor's, however it is read; without one, every row.
BEGIN;
INSERT INTO fca.transactions (account_id, reference, amount, description) SELECT 12, 'many ' || i, i, ''
FROM generate_series(1, 1500) AS i;
SELECT cardinality(streams.ids(fca.open_finder('find_recent_transactions', '{"account_id": 12}')))
	AS by_default,
	cardinality(streams.ids(fca.open_finder('find_recent_transactions',
		'{"account_id": 12, "max_rows": 1200}'))) AS limited,
	cardinality(streams.ids(fca.open_finder('find_recent_transactions',
		'{"account_id": 12, "max_rows": null}'))) AS whole,
	cardinality(streams.ids(fca.open_cursor(NULL::fca.transaction, '{"account_id": 12}'))) AS model;
ROLLBACK;

-- Wrong calls.
\pset format unaligned
\pset tuples_only on
SELECT f.state, f.message, left(f.hint, 70)
FROM unnest(ARRAY['''find_nothing''', '''fca.find_by_email''', '''FIND_BY_EMAIL''', '''get_by_id''',
	'''create''', '''open_finder''', '''''', 'NULL', 'repeat(''find_by_email'', 9)',
	'''find_by_email''', '''find_by_email'', ''{}''', '''find_by_email'', ''{"mail": "x"}''',
	'''find_by_email'', ''{"email": "x", "max_rows": 1}''', '''get_by_email'', ''{"EMAIL": "x"}''',
	'''find_by_business_id'', ''{"customer_id": "x"}''',
	'''find_transactions_between'', ''{"account_id": 1, "since": null}''', '''find_by_email'', ''["x"]''',
	'''find_by_email'', ''"x"''', '''find_by_email'', NULL', '''find_by_email'', ''null''']) AS arguments,
	test.fails(format('SELECT fca.open_finder(%s)', arguments)) AS f;
SELECT f.state, f.message FROM unnest(ARRAY['''list_by_customer'', ''{"customer_id": "x"}''',
	'''list_by_customer'', ''{"customer_id": 1.5}''', '''list_by_customer'', ''{"customer_id": true}''',
	'''find_vip_customers'', ''{"max_rows": -1}''', '''find_vip_customers'', ''{"max_rows": "many"}''',
	'''find_vip_customers'', ''{"after_id": 3}''',
	'''find_vip_customers'', ''{"after_id": 3, "after_created_at": "soon"}''',
	'''find_by_status'', ''{"status": "open"}''', '''search_by_name'', ''{"name": ""}''']) AS arguments,
	test.fails(format('SELECT fca.open_finder(%s)', arguments)) AS f;
SELECT arguments, f.state <> '00000' AS refused
FROM unnest(ARRAY['{"email": {"a": 1}}', '{"email": ["x"]}']) AS arguments,
	test.fails(format('SELECT fca.open_finder(''find_by_email'', %L)', arguments)) AS f;
SELECT arguments, f.state <> '00000' AS refused
FROM unnest(ARRAY['{"emails": "x"}', '{"emails": [{"a": 1}]}', '{"emails": {"0": "x"}}']) AS arguments,
	test.fails(format('SELECT fca.open_finder(''find_by_emails'', %L)', arguments)) AS f;
SELECT f.state, f.message FROM unnest(ARRAY['NULL', '''[]''', '''{"x": 1}''', '''{"id": {"like": 1}}''',
	'''{}'', ''x''', '''{}'', ''id sideways''']) AS arguments,
	test.fails(format('SELECT fca.open_cursor(NULL::fca.product, %s)', arguments)) AS f;
SELECT f.state FROM test.fails('SELECT fca.open_cursor(NULL::int)') AS f;
\pset tuples_only off
\pset format aligned

-- The right to call a finder, to read its relation and to see a row is the caller's.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_fca_streams;
RESET client_min_messages;
CREATE ROLE regress_fca_streams;
GRANT USAGE ON SCHEMA fca, test, streams TO regress_fca_streams;
CREATE TABLE streams.own (id bigint PRIMARY KEY);
INSERT INTO streams.own SELECT generate_series(1, 9);
ALTER TABLE streams.own ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON streams.own TO regress_fca_streams USING (id % 2 = 0);
GRANT SELECT ON streams.own, fca.customers TO regress_fca_streams;
BEGIN;
REVOKE EXECUTE ON FUNCTION fca.get_by_email FROM PUBLIC;
SET LOCAL ROLE regress_fca_streams;
SELECT finder, state, message FROM unnest(ARRAY['get_by_email', 'find_by_email']) AS finder,
	test.fails(format('SELECT fca.open_finder(%L, ''{"email": "x"}'')', finder));
SELECT state, message FROM test.fails('SELECT fca.open_finder(''find_active_products'')');
SELECT state, message FROM test.fails('SELECT fca.open_cursor(NULL::fca.product)');
SELECT streams.ids(fca.open_cursor(NULL::streams.own)),
	streams.ids(fca.open_finder('find_by_email', '{"email": "c2@example.com"}'));
RESET ROLE;
SELECT streams.ids(fca.open_cursor(NULL::streams.own));
ROLLBACK;

-- The backend's memory does not grow with the rows: a million of them, in pieces.
CREATE TABLE streams.many (id int PRIMARY KEY);
INSERT INTO streams.many SELECT generate_series(1, 1000000);
CREATE FUNCTION streams.drain(opened refcursor, OUT rows bigint, OUT flat boolean) LANGUAGE plpgsql AS $$
DECLARE
	piece bigint;
	used bigint;
	most bigint := 0;
	early bigint;
BEGIN
	rows := 0;
	LOOP
		EXECUTE format('FETCH 10000 FROM %I', opened);
		GET DIAGNOSTICS piece = ROW_COUNT;
		EXIT WHEN piece = 0;
		rows := rows + piece;
		SELECT sum(total_bytes) INTO used FROM pg_backend_memory_contexts;
		IF rows < 50000 THEN
			early := used;
		END IF;
		most := greatest(most, used);
	END LOOP;
	flat := most - early < 1000000;
END $$;
BEGIN;
SELECT d.* FROM streams.drain(fca.open_cursor(NULL::streams.many)) AS d;
ROLLBACK;
TRUNCATE streams.many;

SET client_min_messages = warning;
DROP SCHEMA streams CASCADE;
REVOKE ALL ON SCHEMA fca, test FROM regress_fca_streams;
REVOKE ALL ON fca.customers FROM regress_fca_streams;
DROP ROLE regress_fca_streams;
