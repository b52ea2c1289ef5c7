-- A walk through all that fca_repo can do: on a shop, which it makes and takes away again, and on the
-- support desk of load.sql.
--
--   psql -X -q < tour.sql 2>&1
--
-- Every call is shown before its rows. What the tour writes, it takes away again, also when it is
-- interrupted. A test compares the functions that it calls with those that the extension has.

\set ON_ERROR_STOP on
\set VERBOSITY default
\set QUIET on
\encoding UTF8
\pset pager off
\set SHOW_CONTEXT never
\pset null '(null)'
SET timezone = 'UTC';
SET datestyle = 'ISO, DMY';
SET client_min_messages = warning;

-- Whom the tour visits: chosen by what there is, so that a desk of any size has rows to show. Of the
-- first customers with a current account, the one who wrote most.
SELECT c.id AS customer, c.customer_id AS business_id, c.email, a.id AS account_id, a.account_number, t.reference, t.category
FROM fca.customers AS c
JOIN fca.accounts AS a ON a.customer_id = c.id AND a.type = 'current'
CROSS JOIN LATERAL (
  SELECT count(*) AS bookings, max(reference) AS reference, mode() WITHIN GROUP (ORDER BY category) AS category
  FROM fca.transactions
  WHERE account_id = a.id
) AS t
WHERE c.id <= 257 AND t.bookings > 0
ORDER BY (SELECT count(*) FROM fca.conversations WHERE customer_id = c.id) DESC, t.bookings DESC, c.id
LIMIT 1
\gset
-- An escalation, of which a small desk may have none.
SELECT coalesce(min(id), 1) AS conversation_id, coalesce(min(escalation_id), 'ESC-000001') AS ticket,
  coalesce(min(assigned_group), 'Fraud Operations') AS assigned_group
FROM (
  SELECT *
  FROM fca.conversations
  WHERE status = 'escalated'
  ORDER BY assigned_group <> 'Fraud Operations', updated_at, id
  LIMIT 1
) AS escalated
\gset
\set ECHO queries

\echo
\echo '======== Part one: the base repository, on tables of your own ========'
\echo
\echo '== 1. A shop'
\echo 'Two tables, in one transaction that part one ends by taking them back.'
\echo 'Nothing is declared or generated: the row type of any table or view is a model.'
\echo
BEGIN;
CREATE SCHEMA shop;
CREATE TABLE shop.orders (
  order_no text PRIMARY KEY,
  "Ship to" text NOT NULL,
  status text NOT NULL DEFAULT 'new',
  total numeric(10,2) NOT NULL DEFAULT 0,
  tags text[] NOT NULL DEFAULT '{}',
  note text
);
CREATE TABLE shop.lines (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_no text NOT NULL REFERENCES shop.orders,
  product text NOT NULL,
  quantity integer NOT NULL DEFAULT 1
);

\echo
\echo '== 2. Create'
\echo 'The first argument only says which model. What the JSON object lacks gets the column''s default.'
\echo
SELECT * FROM fca.create(NULL::shop.orders,
  '{"order_no": "A-1001", "Ship to": "Zoë, Cardiff", "total": 24.5, "tags": ["gift", "fragile"]}');
\echo 'Many at once, in one statement. The rows need not have the same keys.'
\echo
SELECT * FROM fca.create_many(NULL::shop.orders,
  '[{"order_no": "A-1002", "Ship to": "Leeds", "total": 9.99, "note": "leave with a neighbour"},
    {"order_no": "A-1003", "Ship to": "O''Neill, Belfast", "status": "paid", "tags": ["express"]},
    {"order_no": "A-1004", "Ship to": "Bath", "status": "sent", "total": 310}]');
SELECT * FROM fca.create_many(NULL::shop.lines,
  '[{"order_no": "A-1001", "product": "Teapot"}, {"order_no": "A-1001", "product": "Cup", "quantity": 4},
    {"order_no": "A-1004", "product": "Desk"}]');
\echo 'A batch of which the good rows are kept, and the bad ones reported.'
\echo
SELECT ordinal, created, id, sqlstate, message, column_name FROM fca.create_many_report(NULL::shop.orders,
  '[{"order_no": "A-1005", "Ship to": "Wells"}, {"order_no": "A-1001", "Ship to": "Wells"}, {"order_no": "A-1006", "total": "much"}]');

\echo '== 3. Read'
\echo
SELECT * FROM fca.get_by_id(NULL::shop.orders, 'A-1001');
\echo 'Several by key, in the order in which they are asked for.'
\echo
SELECT order_no, status, total FROM fca.get_many(NULL::shop.orders, ARRAY['A-1003', 'A-1001', 'A-1003', 'A-9999']);
SELECT order_no, status, total FROM fca.get_all(NULL::shop.orders, skip => 0, max_rows => 3, sort_by => 'total desc');
\echo 'For each of several parents, its first children.'
\echo
SELECT order_no, product, quantity
FROM fca.get_children(NULL::shop.lines, 'order_no', ARRAY['A-1004', 'A-1001'], per_parent => 5, sort_by => 'quantity desc');
SELECT fca.exists(NULL::shop.orders, 'A-9999');

\echo '== 4. Filters'
\echo 'A list means any of these, null means IS NULL, and several keys mean all of them.'
\echo
SELECT order_no, "Ship to", status, note
FROM fca.get_by_filters(NULL::shop.orders, '{"status": ["new", "paid"], "note": null}');
\echo 'Operators, and groups of filters. Text is literal; ne and not_in find NULLs too.'
\echo
SELECT order_no, "Ship to", total FROM fca.get_by_filters(NULL::shop.orders,
  '{"total": {"gt": 5}, "any_of": [{"Ship to": {"starts_with": "ba"}}, {"note": {"ne": "leave with a neighbour"}}]}');
SELECT order_no, status FROM fca.find_one(NULL::shop.orders, '{"Ship to": "Leeds"}');
SELECT fca.count(NULL::shop.orders), fca.count(NULL::shop.orders, '{"status": "new"}') AS new;

\echo '== 5. Change'
\echo 'An update changes the columns that it names; null means NULL.'
\echo
SELECT * FROM fca.update(NULL::shop.orders, 'A-1002', '{"status": "paid", "note": null}');
\echo 'Only if the row is still what you saw (compare-and-set): the first is, the second is not.'
\echo
SELECT order_no, status FROM fca.update_if(NULL::shop.orders, 'A-1004', '{"status": "sent"}', '{"status": "lost"}');
SELECT order_no, status FROM fca.update_if(NULL::shop.orders, 'A-1004', '{"status": "sent"}', '{"status": "closed"}');
\echo 'Update it, or create it where it is not there. For a row that is there, only what changes is needed.'
\echo
SELECT order_no, "Ship to", status, total FROM fca.upsert(NULL::shop.orders, '{"order_no": "A-1004", "status": "found"}');
SELECT order_no, "Ship to", status
FROM fca.upsert_many(NULL::shop.orders,
  '[{"order_no": "A-1004", "status": "sent"}, {"order_no": "A-1006", "Ship to": "York"}]');
SELECT fca.update_many(NULL::shop.orders, '{"status": ["new", "paid"]}', '{"status": "packed", "tags": ["checked"]}');
SELECT order_no, status, tags FROM fca.get_all(NULL::shop.orders);

\echo '== 6. Page by page'
\echo 'By any sort, behind the last row of the page before. No OFFSET: page 1000 costs what page 1 costs.'
\echo
SELECT order_no, status, total FROM fca.get_page(NULL::shop.orders, sort_by => 'status, total desc', max_rows => 3);
\echo 'Keep the last row as the server writes it: a client''s own numbers and times may be coarser.'
\echo
SELECT to_jsonb(o) AS last_row
FROM fca.get_page(NULL::shop.orders, sort_by => 'status, total desc', max_rows => 3) AS o OFFSET 2
\gset
\echo '\\gset'
\echo
SELECT order_no, status, total
FROM fca.get_page(NULL::shop.orders, sort_by => 'status, total desc', max_rows => 3,
  after => :'last_row');

\echo '== 7. Locks and streams'
\echo 'Locked until the transaction ends; with nowait, an error at once where somebody else has it.'
\echo
SELECT order_no, status FROM fca.get_by_id_for_update(NULL::shop.orders, 'A-1006', nowait => true);
\echo 'A cursor over any number of rows.'
\echo
SELECT fca.open_cursor(NULL::shop.orders, sort_by => 'order_no desc', cursor_name => 'newest');
FETCH 2 FROM newest;
CLOSE newest;

\echo
\echo '== 8. Mistakes are told, not swallowed'
\echo 'psql takes back only the statement that failed here (ON_ERROR_ROLLBACK), so that the shop stays.'
\echo
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK on
SELECT order_no FROM fca.get_by_filters(NULL::shop.orders, '{"state": "new"}');
\echo 'SQLSTATE' :LAST_ERROR_SQLSTATE
\echo
SELECT fca.delete_many(NULL::shop.orders, '{}');
\echo 'SQLSTATE' :LAST_ERROR_SQLSTATE
\echo
SELECT order_no FROM fca.create(NULL::shop.orders, '{"order_no": "A-1002", "Ship to": "York"}');
\echo 'SQLSTATE' :LAST_ERROR_SQLSTATE
\echo
\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off

\echo '== 9. Delete, and roll back'
\echo 'It is all part of your transaction: what a repository writes is seen by the next call, and gone when you roll back.'
\echo
SELECT fca.delete(NULL::shop.orders, 'A-1003');
SELECT fca.delete_many(NULL::shop.orders, '{"status": "packed", "total": 0}');
SELECT fca.count(NULL::shop.orders);
ROLLBACK;
\echo
SELECT to_regclass('shop.orders') AS shop;

\echo '======== Part two: finders, on the support desk of a bank ========'
\echo
\echo '== 10. Seven resources'
\echo 'Their relations may be tables, or views on what you have. This makes those that are missing: here none.'
\echo
SELECT fca.create_tables();
\echo 'What the shop could do, each of them can do.'
\echo
BEGIN;
SELECT customer_id, email, is_active, is_vip, created_at = now() AS created_now
FROM fca.create(NULL::fca.customer,
  '{"customer_id": "CUST-TOUR", "email": "maelle.o''hara@example.com", "first_name": "Maëlle", "last_name": "O''Hara"}');
SELECT first_name, last_name, phone FROM fca.find_by_business_id('CUST-TOUR');
ROLLBACK;
\echo
SELECT id, name, type FROM fca.find_one(NULL::fca.product, '{"name": "Children''s Saver"}');
\echo 'How many about, without counting.'
\echo
SELECT fca.count_estimate(NULL::fca.message, '{"role": "customer"}'), fca.count(NULL::fca.message, '{"role": "customer"}');

\echo '== 11. Customers'
\echo 'A finder answers with whole rows of its resource, so it goes where a table goes.'
\echo
SELECT id, customer_id, first_name, last_name, email FROM fca.find_by_business_id(:'business_id');
SELECT id, phone, is_verified, created_at FROM fca.find_by_email(:'email');
\echo 'Part of a name, in any case; quotes and accents need no care.'
\echo
SELECT id, first_name, last_name FROM fca.search_by_name('o''NEI', 4);
SELECT id, first_name, last_name, created_at FROM fca.find_vip_customers(3);
SELECT id, first_name, last_name, created_at FROM fca.find_active_customers(3);
\echo 'Three have a second name, which existing code may use.'
\echo
SELECT 'get_by_email' AS alias, id, first_name FROM fca.get_by_email(:'email')
UNION ALL SELECT 'get_by_customer_id', id, first_name FROM fca.get_by_customer_id(:'business_id')
UNION ALL SELECT 'get_vip_customers', id, first_name FROM fca.get_vip_customers(1);

\echo '== 12. Accounts'
\echo
SELECT id, account_number, type, status, balance, available_balance FROM fca.list_by_customer(:customer);
SELECT id, customer_id, type FROM fca.find_by_account_number(:'account_number');
SELECT id, account_number, type, created_at FROM fca.list_accounts_by_status('frozen', 3);

\echo '== 13. Transactions'
\echo
SELECT reference, amount, description, occurred_at FROM fca.find_recent_transactions(:account_id, 5);
SELECT amount, category, merchant_name, occurred_at
FROM fca.find_transactions_between(:account_id, '2026-06-01', '2026-06-08');
SELECT amount, description, occurred_at FROM fca.find_transactions_by_category(:account_id, :'category', max_rows => 3);
SELECT account_id, amount, description FROM fca.find_by_reference(:'reference');

\echo '== 14. Conversations'
\echo
SELECT id, title, status, intent, message_count, updated_at FROM fca.find_by_customer(:customer, 5);
\echo 'The queue of the desk: who has been waiting longest comes first.'
\echo
SELECT id, title, priority, assigned_group, updated_at FROM fca.find_escalated(3);
SELECT id, title, priority, escalation_id, updated_at FROM fca.find_escalated_by_group(:'assigned_group', 3);
SELECT id, customer_id, status, escalation_reason FROM fca.find_by_ticket_id(:'ticket');

\echo '== 15. Messages'
\echo
SELECT role, created_at, left(content, 60) AS content FROM fca.find_by_conversation(:conversation_id, 3);
\echo 'The newest few, oldest first: what a language model wants as its context.'
\echo
SELECT role, created_at, left(content, 60) AS content FROM fca.find_recent_messages(:conversation_id, 4);
SELECT conversation_id, role, confidence_score, left(content, 60) AS content FROM fca.find_requiring_human(3);

\echo '== 16. Products'
\echo
SELECT name, interest_rate, features->>0 AS first_feature FROM fca.find_by_type('savings', 4);
SELECT name, type, interest_rate FROM fca.find_active_products(4);

\echo '== 17. FAQs'
\echo 'Best first: a keyword that is exactly it, then questions that start with it, then the rest.'
\echo
SELECT id, question, keywords FROM fca.search_by_keyword('probate', 6);
\echo 'The % is text, not a pattern.'
\echo
SELECT id, question FROM fca.search_by_keyword('0%');
SELECT id, question FROM fca.find_by_category('fraud', 3);

\echo '== 18. Page by page'
\echo 'What lapsed is closed by a run of the night, at one time. A page that ends among rows of one time goes on by id.'
\echo
SELECT id, title, updated_at FROM fca.find_by_status('closed', 4);
\echo 'Keep the last row''s updated_at and id, and give them back for the next page.'
\echo
SELECT updated_at, id FROM fca.find_by_status('closed', 4) ORDER BY updated_at, id LIMIT 1
\gset after_
\echo '\\gset after_'
\echo
SELECT id, title, updated_at
FROM fca.find_by_status('closed', 4, after_updated_at => :'after_updated_at', after_id => :after_id);

\echo '== 19. Many keys in one call'
\echo 'Instead of one call for each: in the order of the keys, what is missing left out.'
\echo
SELECT id, customer_id, first_name FROM fca.find_by_business_ids(ARRAY['CUST-000002', 'CUST-000001', 'CUST-999999999']);
SELECT count(*) AS customers FROM fca.find_by_emails(ARRAY(SELECT email FROM fca.find_active_customers(10)));
SELECT account_number, status FROM fca.find_by_account_numbers(ARRAY(SELECT account_number FROM fca.list_by_customer(:customer)));
SELECT reference, amount FROM fca.find_by_references(ARRAY(SELECT reference FROM fca.find_recent_transactions(:account_id, 2)));
SELECT id, escalation_id FROM fca.find_by_ticket_ids(ARRAY[:'ticket', 'ESC-999999999']);
\echo 'The rows of many parents: all, or the first few of each.'
\echo
SELECT customer_id, id, type FROM fca.list_by_customers(ARRAY[2, 1]);
SELECT customer_id, id, status FROM fca.find_by_customers(ARRAY[:customer, 1], per_customer => 1);
SELECT conversation_id, role, left(content, 60) AS content FROM fca.find_recent_messages_of(ARRAY[2, 1], per_conversation => 2);
SELECT account_id, amount, occurred_at FROM fca.find_recent_transactions_of(ARRAY[2, 1], per_account => 2);

\echo '== 20. A queue for several agents, and a stream'
\echo 'What is taken is locked until the transaction ends; what others have locked is left out.'
\echo
BEGIN;
SELECT id, title, priority FROM fca.find_escalated_for_update();
\echo 'A cursor over the rows of any finder.'
\echo
SELECT fca.open_finder('find_by_conversation', '{"conversation_id": 1, "max_rows": null}', 'talk');
FETCH 1 FROM talk \gx
ROLLBACK;

\echo
\echo '== 21. Mistakes, here too'
\echo
\set ON_ERROR_STOP off
SELECT id FROM fca.find_by_status('solved');
\echo 'SQLSTATE' :LAST_ERROR_SQLSTATE
\set ON_ERROR_STOP on

\set ECHO none
\echo
\echo 'That was the tour. The tables of schema fca hold the rows that they held before.'
