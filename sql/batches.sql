-- Many keys in one call: rows in the order of the keys, children grouped by parent.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- A key asked twice comes twice; a missing one and a NULL are left out; nothing is a wildcard.
SELECT id, email
FROM fca.find_by_emails('{c3@example.com,nobody,c1@example.com,NULL,c3@example.com,C1@EXAMPLE.COM,c%,""}');
SELECT ARRAY(SELECT id FROM fca.find_by_business_ids('{CUST-000008,CUST-000002,x,CUST-000008,NULL}'))
		AS business_ids,
	ARRAY(SELECT id FROM fca.find_by_account_numbers('{ACC-12,ACC-1,x,ACC-12,NULL}')) AS account_numbers,
	ARRAY(SELECT id FROM fca.find_by_references('{TX-30,TX-2,x,TX-30,NULL}')) AS references,
	ARRAY(SELECT id FROM fca.find_by_ticket_ids('{ESC-18,ESC-1,x,ESC-18,NULL}')) AS ticket_ids;
SELECT ARRAY(SELECT b::text FROM fca.find_by_emails(ARRAY(SELECT email FROM fca.customers ORDER BY id % 3,
	id DESC)) AS b) = ARRAY(SELECT c::text FROM fca.customers AS c ORDER BY id % 3, id DESC) AS emails,
	ARRAY(SELECT b::text FROM fca.find_by_business_ids(ARRAY(SELECT customer_id FROM fca.customers
		ORDER BY id DESC)) AS b) = ARRAY(SELECT c::text FROM fca.customers AS c
		ORDER BY id DESC) AS business_ids,
	ARRAY(SELECT b::text FROM fca.find_by_account_numbers(ARRAY(SELECT account_number FROM fca.accounts
		ORDER BY id DESC)) AS b) = ARRAY(SELECT a::text FROM fca.accounts AS a
		ORDER BY id DESC) AS account_numbers,
	ARRAY(SELECT b::text FROM fca.find_by_references(ARRAY(SELECT reference FROM fca.transactions
		ORDER BY id DESC)) AS b) = ARRAY(SELECT t::text FROM fca.transactions AS t
		ORDER BY id DESC) AS references,
	ARRAY(SELECT b::text FROM fca.find_by_ticket_ids(ARRAY(SELECT escalation_id FROM fca.conversations
		ORDER BY id DESC)) AS b)
		= ARRAY(SELECT c::text FROM fca.conversations AS c WHERE escalation_id IS NOT NULL
			ORDER BY id DESC) AS ticket_ids;

-- Newest children of each parent, beside plain SQL: ties by id, parents twice, unknown and NULL.
CREATE TEMP TABLE parent (parents bigint[]);
INSERT INTO parent VALUES ('{3,1,99,2,1,NULL}'), ('{2}'), ('{{4,3},{2,1}}');
CREATE FUNCTION pg_temp.truth(parents bigint[], source text, parent text, by text, per bigint,
	given text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT c.row FROM unnest($1) WITH ORDINALITY AS p (id, n)'
		', LATERAL (SELECT r::text AS row, r.id,
		r.%2$I AS at FROM fca.%1$I AS r WHERE r.%3$I = p.id ORDER BY r.%2$I DESC,
		r.id DESC LIMIT $2) AS c ORDER BY n, at %4$s, c.id %4$s)',
		source, by, parent, given) INTO found USING parents, per;
	RETURN found;
END $$;
SELECT per,
	bool_and(ARRAY(SELECT t::text FROM fca.find_recent_transactions_of(parents, per) AS t)
		= pg_temp.truth(parents, 'transactions', 'account_id', 'occurred_at', per, 'DESC')) AS transactions,
	bool_and(ARRAY(SELECT c::text FROM fca.find_by_customers(parents, per) AS c)
		= pg_temp.truth(parents, 'conversations', 'customer_id', 'updated_at', per, 'DESC')) AS conversations,
	bool_and(ARRAY(SELECT m::text FROM fca.find_recent_messages_of(parents, per) AS m)
		= pg_temp.truth(parents, 'messages', 'conversation_id', 'created_at', per, 'ASC')) AS messages,
	bool_and(ARRAY(SELECT a::text FROM fca.list_by_customers(parents) AS a)
		= pg_temp.truth(parents, 'accounts', 'customer_id', 'created_at', NULL, 'DESC')) AS accounts
FROM parent, unnest(ARRAY[1, 2, 3, 7, 1000, NULL]) WITH ORDINALITY AS u (per, n) GROUP BY n, per ORDER BY n;
SELECT account_id, id, occurred_at AT TIME ZONE 'UTC' AS occurred_at
FROM fca.find_recent_transactions_of('{3,99,1,3}', 2);
SELECT conversation_id, id, created_at AT TIME ZONE 'UTC' AS created_at
FROM fca.find_recent_messages_of('{2,1}', 4);
SELECT customer_id, array_agg(id) FROM fca.list_by_customers('{4,2}') GROUP BY customer_id
ORDER BY customer_id;

-- As the finder of one parent gives them; the limits that are not given.
SELECT bool_and(ARRAY(SELECT t::text FROM fca.find_recent_transactions_of(ARRAY[p], 4) AS t)
	= ARRAY(SELECT t::text FROM fca.find_recent_transactions(p, 4) AS t)) AS transactions,
	bool_and(ARRAY(SELECT c::text FROM fca.find_by_customers(ARRAY[p], 4) AS c)
		= ARRAY(SELECT c::text FROM fca.find_by_customer(p, 4) AS c)) AS conversations,
	bool_and(ARRAY(SELECT m::text FROM fca.find_recent_messages_of(ARRAY[p], 4) AS m)
		= ARRAY(SELECT m::text FROM fca.find_recent_messages(p, 4) AS m)) AS messages,
	bool_and(ARRAY(SELECT a::text FROM fca.list_by_customers(ARRAY[p]) AS a)
		= ARRAY(SELECT a::text FROM fca.list_by_customer(p) AS a)) AS accounts
FROM generate_series(1, 5) AS p;
BEGIN;
INSERT INTO fca.transactions (account_id, reference, amount, description) SELECT 1, 'more ' || i, i, ''
FROM generate_series(1, 30) AS i;
INSERT INTO fca.conversations (customer_id) SELECT 1 FROM generate_series(1, 30);
SELECT (SELECT count(*) FROM fca.find_recent_transactions_of('{1}')) AS per_account,
	(SELECT count(*) FROM fca.find_by_customers('{1}')) AS per_customer,
	(SELECT count(*) FROM fca.find_recent_messages_of('{1}')) AS per_conversation;
ROLLBACK;

-- No keys, no rows; a negative limit is an error, also without keys.
SELECT call, f.rows, state, message FROM unnest(ARRAY['find_by_emails(%s)', 'find_by_business_ids(%s)',
	'find_by_account_numbers(%s)', 'find_by_references(%s)', 'find_by_ticket_ids(%s)',
	'list_by_customers(%s)', 'find_recent_transactions_of(%s)', 'find_by_customers(%s)',
	'find_recent_messages_of(%s)',
	'get_children(NULL::fca.account, ''customer_id'', %s::bigint[])']) WITH ORDINALITY AS c (call, n),
	LATERAL (SELECT sum((xpath('/row/c/text()',
		query_to_xml('SELECT count(*) AS c FROM fca.' || format(call, keys), false, true, '')))[1]::text::int)
		AS rows
		FROM unnest(ARRAY['NULL', '''{}''', '''{NULL}''', '''{NULL,NULL}''']) AS keys) AS f,
	test.fails('SELECT * FROM fca.' || format(call, 'NULL')) ORDER BY n;
SELECT call, state FROM unnest(ARRAY['find_recent_transactions_of(''{1}'', -1)',
	'find_by_customers(NULL, -1)', 'find_recent_messages_of(''{}'', -2)',
	'get_children(NULL::fca.account, ''customer_id'', ''{1}''::int[], -1)']) AS call,
	test.fails('SELECT * FROM fca.' || call);
SELECT (SELECT count(*) FROM fca.find_recent_transactions_of('{1,2}', 0)) AS transactions,
	(SELECT count(*) FROM fca.find_by_customers('{1,2}', 0)) AS conversations,
	(SELECT count(*) FROM fca.find_recent_messages_of('{1,2}', 0)) AS messages,
	(SELECT count(*) FROM fca.get_children(NULL::fca.account, 'customer_id', '{1,2}'::int[], 0)) AS children;

-- Children in any table, by any column, in any order.
CREATE SCHEMA batches;
CREATE TYPE batches.mood AS ENUM ('sad', 'ok');
CREATE TABLE batches.child (id int PRIMARY KEY, parent int, code text, m batches.mood, "By" numeric, at int);
INSERT INTO batches.child SELECT i, nullif(i % 4, 0), 'p' || i % 3,
	(ARRAY['ok', 'sad'])[1 + i % 2]::batches.mood, i / 6, nullif(i % 5, 0) FROM generate_series(1, 24) AS i;
SELECT id, parent, at FROM fca.get_children(NULL::batches.child, 'parent', '{3,1,9,3}'::int[], 2);
SELECT sort_by,
	ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'parent', '{2,1}'::int[], 4, sort_by)) AS found
FROM unnest(ARRAY[NULL, 'id desc', 'at', 'at desc', 'at nulls first, id desc', 'at desc nulls last',
	'"By" desc, at', 'm, code desc']) AS sort_by;
SELECT bool_and(ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'parent', '{2,1,NULL,2}'::int[],
	per, 'at desc nulls last, "By"'))
	= ARRAY(SELECT c.id FROM unnest('{2,1,NULL,2}'::int[]) WITH ORDINALITY AS p (id, n),
		LATERAL (SELECT * FROM batches.child AS c WHERE parent = p.id ORDER BY at DESC NULLS LAST, "By", c.id
			LIMIT per) AS c ORDER BY n, at DESC NULLS LAST, "By", c.id)) AS same
FROM unnest(ARRAY[1, 2, 5, 100, NULL]) AS per;
SELECT ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'parent', '{1,2}'::bigint[], 1)) AS bigint,
	ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'parent', '{1,2}'::smallint[], 1)) AS smallint,
	ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'parent', '{1,2}', 1)) AS literal,
	ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'code', '{p2,p,p0}'::text[], 1)) AS text,
	ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'm', '{sad,ok}'::batches.mood[], 1)) AS enum,
	ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'm', '{sad,ok}'::text[], 1)) AS enum_text,
	ARRAY(SELECT id FROM fca.get_children(NULL::batches.child, 'By', '{3,0}'::int[], 1)) AS numeric,
	ARRAY(SELECT id FROM fca.get_children(NULL::fca.account, 'customer_id', '{2,1}'::int[], 2,
		'balance desc')) AS resource,
	(SELECT count(*) FROM fca.get_children(NULL::batches.child, 'id', ARRAY(SELECT generate_series(1, 24))))
		AS own_key,
	(SELECT count(*) FROM fca.get_children(NULL::fca.message, 'conversation_id', '{1,2}'::int[]))
		AS per_parent;
SELECT call, state, message FROM unnest(ARRAY['''zz'', ''{1}''::int[]', 'NULL, ''{1}''::int[]',
	'''Parent'', ''{1}''::int[]', '''parent'', ''{x}''::text[]', '''parent'', ''{1.5}''::numeric[]',
	'''parent'', ''{1}''::int[], 1, ''zz''']) AS call,
	test.fails(format('SELECT * FROM fca.get_children(NULL::batches.child, %s)', call));
SELECT state, message FROM test.fails('SELECT * FROM fca.find_recent_transactions_of(''{a}'')');

-- 10,000 keys in one call: a look-up in an index for each, and no other row is read.
BEGIN;
SET LOCAL client_min_messages = warning;
TRUNCATE fca.customers RESTART IDENTITY CASCADE;
INSERT INTO fca.customers (customer_id, email, first_name, last_name) SELECT 'B' || i, 'E' || i, '', ''
FROM generate_series(1, 20000) AS i;
INSERT INTO fca.accounts (account_number, customer_id, created_at) SELECT 'A' || i, i, '2026-01-01Z'
FROM generate_series(1, 20000) AS i;
INSERT INTO fca.transactions (account_id, reference, amount, description, occurred_at) SELECT i % 10000 + 1,
	'T' || i, 1, '', '2026-01-01Z'::timestamptz + i * interval '1 s' FROM generate_series(1, 40000) AS i;
INSERT INTO fca.conversations (customer_id, status, escalation_id, updated_at) SELECT i % 10000 + 1,
	'escalated', 'S' || i, '2026-01-01Z'::timestamptz + i * interval '1 s'
FROM generate_series(1, 40000) AS i;
INSERT INTO fca.messages (conversation_id, role, content, created_at) SELECT i % 10000 + 1, 'agent', '',
	'2026-01-01Z'::timestamptz + i * interval '1 s' FROM generate_series(1, 40000) AS i;
ANALYZE fca.customers, fca.accounts, fca.transactions, fca.conversations, fca.messages;
CREATE FUNCTION batches.cost(source regclass, call text, OUT rows bigint, OUT lookups bigint,
	OUT read bigint) LANGUAGE plpgsql AS $$
DECLARE
	scans bigint;
	tuples bigint;
BEGIN
	SELECT idx_scan, seq_tup_read + idx_tup_fetch INTO scans, tuples
	FROM pg_stat_xact_all_tables WHERE relid = source;
	EXECUTE 'SELECT count(*) FROM fca.' || call INTO rows;
	SELECT idx_scan - scans, seq_tup_read + idx_tup_fetch - tuples INTO lookups, read
	FROM pg_stat_xact_all_tables WHERE relid = source;
END $$;
SELECT split_part(call, '(', 1) AS finder, c.* FROM (VALUES
	('fca.customers'::regclass,
		'find_by_emails(ARRAY(SELECT ''E'' || 2 * i FROM generate_series(1, 10000) AS i))'),
	('fca.customers',
		'find_by_business_ids(ARRAY(SELECT ''B'' || 2 * i FROM generate_series(1, 10000) AS i))'),
	('fca.accounts',
		'find_by_account_numbers(ARRAY(SELECT ''A'' || 2 * i FROM generate_series(1, 10000) AS i))'),
	('fca.transactions',
		'find_by_references(ARRAY(SELECT ''T'' || 2 * i FROM generate_series(1, 10000) AS i))'),
	('fca.conversations',
		'find_by_ticket_ids(ARRAY(SELECT ''S'' || 2 * i FROM generate_series(1, 10000) AS i))'),
	('fca.accounts', 'list_by_customers(ARRAY(SELECT generate_series(1, 10000)))'),
	('fca.transactions', 'find_recent_transactions_of(ARRAY(SELECT generate_series(1, 10000)), 2)'),
	('fca.conversations', 'find_by_customers(ARRAY(SELECT generate_series(1, 10000)), 2)'),
	('fca.messages', 'find_recent_messages_of(ARRAY(SELECT generate_series(1, 10000)), 2)'),
	('fca.transactions',
		'get_children(NULL::fca.transaction, ''account_id'', ARRAY(SELECT generate_series(1, 10000)), 2,
		''occurred_at desc, id desc'')')) AS v (source, call), batches.cost(source, call) AS c;
ROLLBACK;

-- Keys that are composites, or domains over an enum or over a composite.
CREATE TYPE batches.place AS (x int, y int);
CREATE DOMAIN batches.spot AS batches.place;
CREATE DOMAIN batches.feeling AS batches.mood;
CREATE TABLE batches.placed (k batches.place PRIMARY KEY, s batches.spot, f batches.feeling);
INSERT INTO batches.placed VALUES ('(1,2)', '(3,4)', 'ok'), ('(5,6)', '(7,8)', 'sad');
SELECT * FROM fca.get_many(NULL::batches.placed,
	ARRAY['(5,6)', '(9,9)', NULL, '(1,2)', '(5,6)']::batches.place[]);
SELECT * FROM fca.get_children(NULL::batches.placed, 's', ARRAY['(7,8)', '(3,4)']::batches.spot[], 1);
SELECT * FROM fca.get_children(NULL::batches.placed, 'f', ARRAY['sad', 'ok']::batches.feeling[]);

-- A key is not rounded to one that it does not equal.
CREATE TABLE batches.rough (id real PRIMARY KEY, name name);
INSERT INTO batches.rough VALUES (16777216, repeat('a', 63));
SELECT fca.exists(NULL::batches.rough, 16777217), fca.exists(NULL::batches.rough, 16777216),
	fca.delete(NULL::batches.rough, 16777217::bigint),
	(SELECT count(*) FROM fca.get_many(NULL::batches.rough, '{16777217,16777216}'::int[])) AS many,
	(SELECT count(*) FROM fca.get_children(NULL::batches.rough, 'name',
		ARRAY[repeat('a', 64)::varchar, repeat('a', 63)])) AS named;
SELECT state, message FROM test.fails('SELECT fca.exists(NULL::batches.rough, 5::oid)');

-- Privileges and policies are the caller's.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_fca_batches;
RESET client_min_messages;
CREATE ROLE regress_fca_batches;
GRANT USAGE ON SCHEMA fca, test, batches TO regress_fca_batches;
GRANT SELECT ON batches.child TO regress_fca_batches;
ALTER TABLE batches.child ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON batches.child TO regress_fca_batches USING (id % 2 = 0);
SET ROLE regress_fca_batches;
SELECT array_agg(id) FROM fca.get_children(NULL::batches.child, 'parent', '{3,2,1}'::int[], 2);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_by_emails(NULL)');
SELECT state, message FROM test.fails('SELECT * FROM fca.find_recent_messages_of(''{1}'', 0)');
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA batches CASCADE;
REVOKE ALL ON SCHEMA fca, test FROM regress_fca_batches;
DROP ROLE regress_fca_batches;
