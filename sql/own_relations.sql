-- The relations of the resources may be the user's own: views, partitioned tables, other
-- types, more columns.  What does not fit is named.
\set main :DBNAME
CREATE DATABASE fca_regress_own TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
\c fca_regress_own
\set SHOW_CONTEXT never
\a
SET timezone = 'UTC';
SET datestyle = ISO;
SET client_min_messages = warning;
CREATE EXTENSION fca_repo;
RESET client_min_messages;
CREATE SCHEMA bank;

-- How a statement fails.
\getenv srcdir PG_ABS_SRCDIR
\set fails :srcdir /sql/fixtures/fails.sql
\set ECHO none
\i :fails
\set ECHO all
CREATE FUNCTION bank.fails(statement text) RETURNS TABLE (state text, message text, detail text, hint text)
LANGUAGE sql AS 'SELECT state, message, detail, hint FROM test.fails(statement)';

-- The ids of all pages of a finder: $1 and $2 are the place, $3 the page's size.
CREATE FUNCTION bank.walk(finder text, sort text, size int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	page bigint[];
	at text;
	after bigint;
	pages text := '';
BEGIN
	LOOP
		EXECUTE format('SELECT array_agg(p.id), (array_agg(p.%I::text))[count(*)],
			(array_agg(p.id))[count(*)] FROM fca.%s AS p', sort, finder)
			INTO page, at, after USING at, after, size;
		EXIT WHEN page IS NULL;
		pages := pages || page::text;
		EXIT WHEN cardinality(page) < size;
	END LOOP;
	RETURN pages;
END $$;

-- Nothing is there.
SELECT f.* FROM unnest(ARRAY['find_by_email(''x'')', 'find_active_products()', 'list_by_customer(1)',
	'find_by_reference(''x'')', 'find_escalated(0)', 'find_requiring_human()', 'search_by_keyword(''x'')',
	'count(NULL::fca.faq)', 'delete(NULL::fca.customer, 1)']) AS call,
	bank.fails('SELECT fca.' || call) AS f;

-- The tables of an application: other names, enums, varchar, char, integer ids,
-- timestamps without time zone, nulls where the contract has none.
CREATE TYPE bank.state AS ENUM ('closed', 'active', 'escalated');
CREATE DOMAIN bank.email AS varchar(60) CHECK (VALUE LIKE '%@%');
CREATE TABLE bank.people (pid int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code char(12), mail bank.email,
	given varchar(30), family varchar(30), tel varchar(20), active boolean DEFAULT true,
	vip boolean DEFAULT false, born date, made timestamp, changed timestamp);
CREATE TABLE bank.chats (chat int PRIMARY KEY, person int REFERENCES bank.people, state bank.state,
	via char(8) DEFAULT 'web', words smallint DEFAULT 0, ticket varchar(20), urgency varchar(10),
	team varchar(10), made timestamp DEFAULT '2026-01-01', changed timestamp);
INSERT INTO bank.people (code, mail, given, family, vip, made, changed)
	SELECT 'P-' || i, 'p' || i || '@example.com', 'Given' || i, 'Family' || i % 3, i % 2 = 0,
		CASE WHEN i % 4 > 0 THEN timestamp '2026-01-01' + i / 4 * interval '1 day' END, '2026-01-01'
FROM generate_series(1, 12) AS i;
INSERT INTO bank.chats (chat, person, state, ticket, team, changed)
	SELECT i, 1 + i % 3, (ARRAY['closed', 'active', 'escalated', 'escalated'])[1 + i % 4]::bank.state,
		'T-' || i, (ARRAY['fraud', 'loans', NULL])[1 + i % 3],
		timestamp '2026-02-01' + i / 6 * interval '1 hour'
FROM generate_series(1, 24) AS i;
CREATE VIEW fca.customers AS SELECT mail AS email, pid AS id, code AS customer_id, given AS first_name,
	family AS last_name, tel AS phone, active AS is_active, false AS is_verified, vip AS is_vip,
	NULL AS notes, made AS created_at, changed AS updated_at, born FROM bank.people;
CREATE VIEW fca.conversations AS SELECT chat AS id, person AS customer_id, NULL::text AS title,
	state AS status, via AS channel, NULL::text AS summary, NULL::text AS intent, NULL::text AS sentiment,
	words AS message_count, ticket AS escalation_id, NULL::varchar AS escalation_reason, urgency AS priority,
	team AS assigned_group, made AS created_at, changed AS updated_at FROM bank.chats;

SELECT * FROM fca.find_by_email('p2@example.com');
SELECT id FROM fca.find_by_business_id('P-3');
SELECT id, last_name FROM fca.search_by_name('FAMILY2', 3);
SELECT id, channel, status, message_count FROM fca.find_by_ticket_id('T-7');
SELECT f.* FROM bank.fails($$SELECT fca.find_by_status('open')$$) AS f;
-- a label that the enum lacks is an error; the mail that the domain refuses finds nothing
SELECT id FROM fca.find_by_status('resolved');
SELECT id FROM fca.find_by_email('no mail');
-- no row is lost or repeated, whatever the size of the page
SELECT size, bank.walk('find_by_status(''active'', $3, $1::timestamptz, $2)', 'updated_at', size)
FROM (VALUES (1), (4), (100)) AS v (size);
SELECT size, bank.walk('find_escalated($3, $1::timestamptz, $2)', 'updated_at', size)
FROM (VALUES (1), (5), (100)) AS v (size);
SELECT bank.walk('find_escalated_by_group(''loans'', $3, $1::timestamptz, $2)', 'updated_at', 2);
SELECT bank.walk('find_by_customer(1, $3, $1::timestamptz, $2)', 'updated_at', 3);

-- a sort column with nulls: they come first where the order is descending, last where ascending
SELECT id, created_at IS NULL AS no_time FROM fca.find_active_customers();
SELECT id FROM fca.find_active_customers(3);
SELECT array_agg(id) FROM fca.find_active_customers(100, '2026-01-03', 10);
SELECT bank.walk('find_active_customers($3, $1::timestamptz, $2)', 'created_at', 5);
UPDATE bank.chats SET changed = NULL WHERE chat IN (2, 3, 6, 7);
SELECT array_agg(id) FROM fca.find_escalated();
SELECT array_agg(id) FROM fca.find_escalated(100, '2026-02-01 02:00Z', 15);
SELECT array_agg(id) FROM fca.find_escalated(3, '2026-02-01 03:00Z', 22);
SELECT size, bank.walk('find_escalated($3, $1::timestamptz, $2)', 'updated_at', size)
FROM (VALUES (7), (8)) AS v (size);
SELECT bank.walk('find_by_customer(1, $3, $1::timestamptz, $2)', 'updated_at', 3);
-- a place that is null is none
SELECT f.state, f.message, f.hint FROM bank.fails('SELECT fca.find_escalated(2, NULL, 3)') AS f;

-- the base repository reads and writes through the view, defaults and all
SELECT id, customer_id, status, channel, message_count, created_at
FROM fca.create(NULL::fca.conversation, '{"id": 50, "customer_id": 2, "status": "active"}');
SELECT id, customer_id, is_active, is_vip
FROM fca.create_many(NULL::fca.customer, '[{"email": "x@y"}, {"email": "z@y", "is_vip": true}]');
SELECT id, priority, updated_at IS NOT NULL AS touched
FROM fca.update(NULL::fca.conversation, 2, '{"priority": "low"}');
SELECT state, urgency FROM bank.chats WHERE chat = 2;
SELECT fca.update_many(NULL::fca.conversation, '{"status": ["closed", "active"]}',
	'{"assigned_group": "done"}'), fca.delete(NULL::fca.conversation, 50);
SELECT fca.count(NULL::fca.conversation, '{"channel": "web", "assigned_group": null}');
SELECT array_agg(id) FROM fca.get_many(NULL::fca.conversation, ARRAY[3, 1]::int[]);
SELECT id FROM fca.get_all(NULL::fca.conversation, max_rows => 2, sort_by => 'updated_at desc');
SELECT f.* FROM unnest(ARRAY['create(NULL::fca.customer, ''{"email": "none"}'')',
	'update(NULL::fca.customer, 1, ''{"notes": "x"}'')',
	'update(NULL::fca.conversation, 2, ''{"status": "resolved"}'')',
	'create(NULL::fca.customer, ''{"born": "2000-01-01"}'')']) AS call,
	bank.fails('SELECT fca.' || call) AS f;

-- Two rows under a key that the contract has as unique: no lookup gives both.
INSERT INTO bank.chats (chat, person, state, ticket) VALUES
	(60, 1, 'closed', 'T-1'), (61, 1, 'closed', 'T-1');
SELECT f.state FROM unnest(ARRAY['find_by_ticket_id(''T-1'')', 'find_by_ticket_id(''T-2'')']) AS call,
	bank.fails('SELECT fca.' || call) AS f;
DELETE FROM bank.chats WHERE chat > 50;

-- create_tables() beside them: no foreign key can refer to a view
SELECT count(*) > 4 AS made, bool_or(made::text IN ('fca.customers', 'fca.conversations')) AS own
FROM fca.create_tables() AS made;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'
	AND connamespace = 'fca'::regnamespace ORDER BY 1, 2;
SELECT fca.create_tables();
SELECT account_number, status FROM fca.create(NULL::fca.account,
	'{"account_number": "A-1", "customer_id": 1}');
SELECT account_number FROM fca.list_by_customer(1);

-- Nor to a materialized view, though that has a unique key; to a table by any unique index.
BEGIN;
DROP TABLE fca.accounts, fca.transactions, fca.messages;
ALTER VIEW fca.customers RENAME TO people;
CREATE MATERIALIZED VIEW fca.customers AS SELECT * FROM fca.people;
CREATE UNIQUE INDEX ON fca.customers (id);
SELECT fca.create_tables();
DROP TABLE fca.accounts, fca.transactions;
DROP MATERIALIZED VIEW fca.customers;
CREATE OPERATOR FAMILY bank.bigints USING btree;
CREATE OPERATOR CLASS bank.bigints FOR TYPE bigint USING btree FAMILY bank.bigints AS OPERATOR 1 <,
	OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint8cmp(bigint, bigint);
CREATE TABLE fca.customers AS SELECT * FROM fca.people;
ALTER TABLE fca.customers ALTER id TYPE bigint;
CREATE UNIQUE INDEX ON fca.customers (id bank.bigints);
SELECT fca.create_tables();
ROLLBACK;

-- A partitioned table, whose keys hold the partition key.
DROP TABLE fca.transactions;
CREATE TABLE fca.transactions (LIKE fca.transaction,
	PRIMARY KEY (id, occurred_at)) PARTITION BY RANGE (occurred_at);
ALTER TABLE fca.transactions ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
CREATE TABLE bank.t_1 PARTITION OF fca.transactions FOR VALUES FROM ('2026-01-01Z') TO ('2026-01-02Z');
-- a partition whose columns have another order
CREATE TABLE bank.t_2 (updated_at timestamptz, extra int, occurred_at timestamptz NOT NULL,
	id bigint NOT NULL, account_id bigint, reference text, created_at timestamptz, description text,
	category text, merchant_name text, currency text, amount numeric(15,2));
ALTER TABLE bank.t_2 DROP COLUMN extra;
ALTER TABLE fca.transactions ATTACH PARTITION bank.t_2 FOR VALUES FROM ('2026-01-02Z') TO ('2026-02-01Z');
SELECT count(*) FROM fca.create_many(NULL::fca.transaction,
	(SELECT jsonb_agg(jsonb_build_object('account_id', 1, 'reference', 'R-' || i,
	'amount', i, 'category', 'food', 'occurred_at', timestamptz '2026-01-01Z' + i / 3 * interval '5 hours'))
		FROM generate_series(1, 20) AS i));
SELECT tableoid::regclass, count(*) FROM fca.transactions GROUP BY 1 ORDER BY 2;
SELECT bank.walk('find_recent_transactions(1, $3, $1::timestamptz, $2)', 'occurred_at', 6);
SELECT bank.walk('find_transactions_by_category(1, ''food'', $3, $1::timestamptz, $2)', 'occurred_at', 7);
SELECT bank.walk('find_transactions_between(1, ''2026-01-01 10:00Z'', ''2026-01-02 06:00Z'', $3,
	$1::timestamptz, $2)', 'occurred_at', 4);
SELECT id, reference FROM fca.find_by_reference('R-17');
-- a row moves to another partition
SELECT id, reference FROM fca.update(NULL::fca.transaction, 1, '{"occurred_at": "2026-01-20Z"}');
SELECT reference FROM fca.find_recent_transactions(1, 1);
SELECT tableoid::regclass FROM fca.transactions WHERE id = 1;
SELECT f.state, f.message
FROM bank.fails('SELECT fca.update(NULL::fca.transaction, 1, ''{"occurred_at": "2027-01-20Z"}'')') AS f;
SELECT fca.delete(NULL::fca.transaction, 20);
SELECT fca.exists(NULL::fca.transaction, 20);
-- a partition that goes takes its rows along
ALTER TABLE fca.transactions DETACH PARTITION bank.t_1;
SELECT count(*) FROM fca.find_recent_transactions(1);
SELECT fca.create_tables();

-- Extra columns are no matter, nor is their order.
ALTER TABLE fca.faqs ADD COLUMN views int DEFAULT 0;
SELECT * FROM fca.create(NULL::fca.faq, '{"question": "Why?", "answer": "So.", "category": "c"}');
SELECT * FROM fca.find_by_category('c');
SELECT f.state, f.message, f.detail FROM bank.fails($$SELECT fca.create(NULL::fca.faq,
	'{"question": "q", "answer": "a", "views": 3}')$$) AS f;

-- Relations that lack columns: each is named, and nothing is made.
ALTER TABLE fca.faqs DROP COLUMN keywords, DROP COLUMN is_active;
ALTER TABLE fca.messages RENAME COLUMN role TO speaker;
DROP TABLE fca.products CASCADE;
SELECT * FROM bank.fails('SELECT fca.create_tables()') \gx
SELECT to_regclass('fca.products');
SELECT f.state, f.message, f.hint FROM unnest(ARRAY['find_by_category(''c'')', 'search_by_keyword(''Why'')',
	'find_by_conversation(1)',
	'get_by_id(NULL::fca.faq, 1)', 'create(NULL::fca.faq, ''{"question": "q", "answer": "a"}'')',
	'get_all(NULL::fca.faq, sort_by => ''keywords'')',
	'count(NULL::fca.message, ''{"role": "agent"}'')', 'find_active_products()']) AS call,
	bank.fails('SELECT fca.' || call) AS f;
-- something else under the name
CREATE SEQUENCE fca.products;
SELECT f.* FROM unnest(ARRAY['create_tables()', 'find_active_products()', 'count(NULL::fca.product)'])
	AS call, bank.fails('SELECT fca.' || call) AS f;
DROP SEQUENCE fca.products;
-- once they fit again, the one that is missing is made
ALTER TABLE fca.faqs ADD COLUMN keywords varchar(50), ADD COLUMN is_active boolean DEFAULT true;
ALTER TABLE fca.messages RENAME COLUMN speaker TO role;
SELECT fca.create_tables();
SELECT id, question FROM fca.search_by_keyword('WHY');

\c :main
DROP DATABASE fca_regress_own;
