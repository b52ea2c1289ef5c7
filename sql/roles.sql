-- What a role may do is what PostgreSQL lets it do with the relation itself,
-- also in a session that is warm with the plans of another role.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_fca_reader;
CREATE ROLE regress_fca_fraud;
CREATE ROLE regress_fca_loans;
GRANT USAGE ON SCHEMA test TO regress_fca_reader, regress_fca_fraud, regress_fca_loans;
RESET client_min_messages;

-- One call of each function, as the calls table has it.
CREATE TABLE test.calls (n int GENERATED ALWAYS AS IDENTITY, call text);
GRANT SELECT ON test.calls TO regress_fca_reader;
INSERT INTO test.calls (call) VALUES
	('find_by_email(''c1@example.com'')'), ('find_vip_customers(0)'), ('search_by_name(''smith'')'),
	('find_by_account_number(''ACC-1'')'), ('find_by_reference(''TX-1'')'), ('find_escalated()'),
	('find_by_conversation(1, 3)'), ('find_recent_messages(1, 0)'), ('find_active_products()'),
	('search_by_keyword(''card'')'), ('get_by_id(NULL::fca.customer, 1)'),
	('get_many(NULL::fca.customer, ARRAY[1, 2])'), ('get_all(NULL::fca.customer, max_rows => 0)'),
	('get_by_filters(NULL::fca.customer, ''{"id": 1}'')'), ('find_one(NULL::fca.customer, ''{"id": 1}'')'),
	('count(NULL::fca.customer)'), ('exists(NULL::fca.customer, 1)'),
	('create(NULL::fca.faq, ''{"question": "q", "answer": "a"}'')'),
	('create_many(NULL::fca.faq, ''[{"question": "q", "answer": "a"}]'')'),
	('update(NULL::fca.faq, 1, ''{"answer": "a"}'')'),
	('update_many(NULL::fca.faq, ''{"id": 1}'', ''{"answer": "a"}'')'),
	('delete(NULL::fca.faq, 999)'), ('delete_many(NULL::fca.faq, ''{"id": 999}'')');

-- warm the session as superuser
BEGIN;
SELECT call, f.* FROM test.calls, test.fails('SELECT fca.' || call) AS f WHERE f.state <> '00000';
ROLLBACK;

-- without USAGE on the schema, then without a privilege on the relations
SET ROLE regress_fca_reader;
SELECT state, message FROM test.fails($$SELECT fca.find_by_email('c1@example.com')$$);
RESET ROLE;
GRANT USAGE ON SCHEMA fca TO regress_fca_reader, regress_fca_fraud, regress_fca_loans;
SET ROLE regress_fca_reader;
SELECT split_part(call, '(', 1) AS function, f.state, f.message FROM test.calls,
	test.fails('SELECT fca.' || call) AS f ORDER BY n;
RESET ROLE;

-- with SELECT the reads work, and each write is refused
GRANT SELECT ON ALL TABLES IN SCHEMA fca TO regress_fca_reader;
SET ROLE regress_fca_reader;
SELECT split_part(call, '(', 1) AS function, f.state, f.message FROM test.calls,
	test.fails('SELECT fca.' || call) AS f ORDER BY n;

-- REVOKE under a warm plan, GRANT again
SELECT id FROM fca.find_by_email('c1@example.com');
SELECT fca.count(NULL::fca.customer);
RESET ROLE;
REVOKE SELECT ON fca.customers FROM regress_fca_reader;
SET ROLE regress_fca_reader;
SELECT id FROM fca.find_by_email('c1@example.com');
SELECT fca.count(NULL::fca.customer);
RESET ROLE;

-- privileges on columns: what a call reads and writes must be granted, no more
GRANT SELECT (id, email), INSERT (customer_id, email, first_name, last_name), UPDATE (notes),
	DELETE ON fca.customers TO regress_fca_reader;
SET ROLE regress_fca_reader;
SELECT fca.count(NULL::fca.customer), fca.count(NULL::fca.customer, '{"email": "c1@example.com"}'),
	fca.exists(NULL::fca.customer, 1);
SELECT fca.delete(NULL::fca.customer, 8), fca.delete_many(NULL::fca.customer, '{"email": "none"}');
SELECT statement, f.state, f.message FROM unnest(ARRAY[
	$$fca.count(NULL::fca.customer, '{"notes": "x"}')$$,
	$$fca.find_by_email('c1@example.com')$$,
	$$fca.get_by_id(NULL::fca.customer, 1)$$,
	$$fca.get_all(NULL::fca.customer, sort_by => 'email')$$,
	$$fca.delete_many(NULL::fca.customer, '{"notes": "x"}')$$]) AS statement,
	test.fails('SELECT ' || statement) AS f;
-- the new row is shown whole; update also sets updated_at
SELECT state, message FROM test.fails($$SELECT fca.create(NULL::fca.customer,
	'{"customer_id": "x", "email": "x", "first_name": "x", "last_name": "x"}')$$);
SELECT state, message FROM test.fails(
	$$SELECT fca.update_many(NULL::fca.customer, '{"id": 1}', '{"notes": "x"}')$$);
RESET ROLE;
GRANT UPDATE (updated_at) ON fca.customers TO regress_fca_reader;
SET ROLE regress_fca_reader;
SELECT fca.update_many(NULL::fca.customer, '{"id": 1}', '{"notes": "x"}');
SELECT state, message FROM test.fails(
	$$SELECT fca.update_many(NULL::fca.customer, '{"id": 1}', '{"phone": "x"}')$$);
SELECT state, message FROM test.fails($$SELECT fca.update(NULL::fca.customer, 1, '{"notes": "x"}')$$);
RESET ROLE;
GRANT SELECT ON fca.customers TO regress_fca_reader;
SET ROLE regress_fca_reader;
SELECT id, notes FROM fca.update(NULL::fca.customer, 1, '{"notes": "y"}');
SELECT customer_id, is_active FROM fca.create(NULL::fca.customer,
	'{"customer_id": "x", "email": "x", "first_name": "x", "last_name": "x"}');
SELECT state, message FROM test.fails($$SELECT fca.create(NULL::fca.customer,
	'{"customer_id": "y", "email": "y", "first_name": "y", "last_name": "y", "is_vip": true}')$$);
RESET ROLE;

-- Row-level security: a support group sees its own conversations only.
CREATE POLICY groups ON fca.conversations USING ('regress_fca_' || assigned_group = current_user);
ALTER TABLE fca.conversations ENABLE ROW LEVEL SECURITY;
GRANT ALL ON fca.conversations TO regress_fca_fraud, regress_fca_loans;
CREATE VIEW test.seen WITH (security_invoker) AS
	SELECT (SELECT array_agg(id) FROM fca.find_escalated()) AS escalated,
		(SELECT array_agg(id) FROM fca.find_escalated_by_group('fraud')) AS fraud,
		(SELECT array_agg(id) FROM fca.get_many(NULL::fca.conversation, ARRAY[1, 3, 6, 8])) AS many,
		fca.count(NULL::fca.conversation) AS count,
		fca.exists(NULL::fca.conversation, 1) AS one;
GRANT SELECT ON test.seen TO regress_fca_fraud, regress_fca_loans;
SELECT id, assigned_group FROM fca.conversations WHERE assigned_group IS NOT NULL ORDER BY id;
SELECT * FROM test.seen;
SET ROLE regress_fca_fraud;
SELECT * FROM test.seen;
SET ROLE regress_fca_loans;
SELECT * FROM test.seen;
SET ROLE regress_fca_fraud;
SELECT * FROM test.seen;
RESET ROLE;
SELECT * FROM test.seen;

-- writes: a row out of sight is not there, and no row may leave or come
SET ROLE regress_fca_fraud;
SELECT id FROM fca.update(NULL::fca.conversation, 3, '{"priority": "low"}');
SELECT id, priority FROM fca.update(NULL::fca.conversation, 6, '{"priority": "low"}');
SELECT fca.update_many(NULL::fca.conversation, '{"id": [1, 3, 6, 8]}', '{"priority": "low"}'),
	fca.delete(NULL::fca.conversation, 3);
SELECT state, message FROM test.fails(
	$$SELECT fca.update(NULL::fca.conversation, 6, '{"assigned_group": "loans"}')$$);
SELECT state, message FROM test.fails(
	$$SELECT fca.create(NULL::fca.conversation, '{"customer_id": 1, "assigned_group": "loans"}')$$);
SET ROLE regress_fca_loans;
SELECT assigned_group FROM fca.create(NULL::fca.conversation,
	'{"customer_id": 1, "assigned_group": "loans"}');
SELECT id FROM fca.update(NULL::fca.conversation, 6, '{"priority": "high"}');
SELECT fca.delete_many(NULL::fca.conversation, '{"id": [1, 3, 6, 8]}');
RESET ROLE;
SELECT id, priority FROM fca.get_many(NULL::fca.conversation, ARRAY[1, 3, 6, 8]);

-- row_security off is an error, not every row; a policy that changes or goes
SET ROLE regress_fca_fraud;
SET row_security = off;
SELECT * FROM test.seen;
RESET row_security;
RESET ROLE;
ALTER POLICY groups ON fca.conversations USING (assigned_group = 'fraud' AND id > 6);
SET ROLE regress_fca_fraud;
SELECT escalated, count FROM test.seen;
RESET ROLE;
DROP POLICY groups ON fca.conversations;
SET ROLE regress_fca_fraud;
SELECT escalated, count FROM test.seen;
RESET ROLE;
ALTER TABLE fca.conversations DISABLE ROW LEVEL SECURITY;
SET ROLE regress_fca_fraud;
SELECT count FROM test.seen;
RESET ROLE;

-- A function with its owner's rights calls repositories with these rights,
-- before and after its caller was refused the same.
CREATE FUNCTION test.as_owner(id bigint) RETURNS text LANGUAGE sql SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp AS 'SELECT content FROM fca.get_by_id(NULL::fca.message, id)';
SET ROLE regress_fca_loans;
SELECT content FROM fca.get_by_id(NULL::fca.message, 1::bigint);
SELECT test.as_owner(1);
SELECT content FROM fca.get_by_id(NULL::fca.message, 1::bigint);
RESET ROLE;

-- A view reads with the rights of its owner, for T and for a resource.
CREATE TABLE test.secret (id int PRIMARY KEY, word text, hidden text);
INSERT INTO test.secret VALUES (1, 'one', 'x'), (2, 'two', 'y');
CREATE VIEW test.open_words AS SELECT id, word FROM test.secret;
CREATE VIEW test.own_words WITH (security_invoker) AS SELECT id, word FROM test.secret;
GRANT ALL ON test.open_words, test.own_words TO regress_fca_loans;
SET ROLE regress_fca_loans;
SELECT * FROM fca.get_all(NULL::test.open_words);
SELECT * FROM fca.update(NULL::test.open_words, 1, '{"word": "first"}');
SELECT * FROM fca.get_all(NULL::test.own_words);
SELECT * FROM fca.get_all(NULL::test.secret);
RESET ROLE;
BEGIN;
ALTER TABLE fca.faqs RENAME TO all_faqs;
CREATE VIEW fca.faqs AS
	SELECT id, question, 'hidden' AS answer, category, keywords, is_active FROM fca.all_faqs;
GRANT SELECT ON fca.faqs TO regress_fca_loans;
SET LOCAL ROLE regress_fca_loans;
SELECT id, answer FROM fca.find_by_category('cards');
SELECT id, answer FROM fca.find_one(NULL::fca.faq, '{"id": 1}');
ROLLBACK;

-- The schema of an own table must be open to the role, also where another's plan is kept.
CREATE SCHEMA regress_fca_shut CREATE TABLE item (id int PRIMARY KEY, word text);
INSERT INTO regress_fca_shut.item VALUES (1, 'one');
GRANT SELECT ON regress_fca_shut.item TO regress_fca_loans;
CREATE FUNCTION test.item() RETURNS regress_fca_shut.item LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT * FROM fca.get_by_id(test.item(), 1);
SET ROLE regress_fca_loans;
SELECT * FROM fca.get_by_id(test.item(), 1);
RESET ROLE;
GRANT USAGE ON SCHEMA regress_fca_shut TO regress_fca_loans;
SET ROLE regress_fca_loans;
SELECT * FROM fca.get_by_id(test.item(), 1);
RESET ROLE;

DROP FUNCTION test.item;
DROP TABLE regress_fca_shut.item;
DROP SCHEMA regress_fca_shut;
DROP VIEW test.seen, test.open_words, test.own_words;
DROP TABLE test.secret, test.calls;
DROP FUNCTION test.as_owner;
DROP OWNED BY regress_fca_reader, regress_fca_fraud, regress_fca_loans;
DROP ROLE regress_fca_reader, regress_fca_fraud, regress_fca_loans;
