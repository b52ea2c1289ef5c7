-- A walk through what fca_repo can do, on the data of load.sql:
--
--   psql -X -q < tour.sql 2>&1
--
-- Every call is shown before its rows. What the tour writes, it takes away again, also when it is
-- interrupted. It visits customer 257, or on a smaller desk the last one.

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
SELECT id AS customer, customer_id AS business_id, email FROM fca.customers WHERE id <= 257 ORDER BY id DESC LIMIT 1
\gset
\set ECHO queries

\echo
\echo '== 1. Customers'
\echo 'A finder answers with whole rows of its resource, so it goes where a table goes.'
\echo
SELECT id, customer_id, first_name, last_name, email FROM fca.find_by_business_id(:'business_id');
SELECT id, customer_id, phone, is_verified, created_at FROM fca.find_by_email(:'email');

\echo 'Part of a name, in any case; quotes and accents need no care.'
\echo
SELECT id, first_name, last_name FROM fca.search_by_name('o''NEI', 4);
SELECT id, first_name, last_name, created_at FROM fca.find_vip_customers(3);

\echo '== 2. Accounts'
\echo
SELECT id, account_number, type, status, currency, balance, available_balance FROM fca.list_by_customer(:customer);
\echo 'The current account is the one that we look into next.'
\echo
SELECT min(id) AS account_id FROM fca.list_by_customer(:customer) WHERE type = 'current'
\gset
\echo '\\gset'
\echo

\echo '== 3. Transactions'
\echo
SELECT reference, amount, description, occurred_at FROM fca.find_recent_transactions(:account_id, 5);
SELECT amount, category, merchant_name, occurred_at
FROM fca.find_transactions_between(:account_id, '2026-06-01', '2026-06-08');
SELECT amount, description, occurred_at FROM fca.find_transactions_by_category(:account_id, 'shopping', max_rows => 3);

\echo '== 4. Conversations'
\echo
SELECT id, title, status, intent, message_count, updated_at FROM fca.find_by_customer(:customer, 5);
\echo 'The queue of the desk: who has been waiting longest comes first.'
\echo
SELECT id, title, priority, assigned_group, updated_at FROM fca.find_escalated(3);
SELECT id, title, priority, escalation_id, updated_at FROM fca.find_escalated_by_group('Fraud Operations', 3);
SELECT coalesce(min(id), 1) AS conversation_id, coalesce(min(escalation_id), 'none') AS ticket
FROM fca.find_escalated_by_group('Fraud Operations', 1)
\gset
\echo '\\gset'
\echo
SELECT id, customer_id, status, escalation_reason FROM fca.find_by_ticket_id(:'ticket');

\echo '== 5. Messages'
\echo 'The newest few, oldest first: what a language model wants as its context.'
\echo
SELECT role, left(content, 84) AS content FROM fca.find_recent_messages(:conversation_id, 6);
SELECT conversation_id, role, confidence_score, left(content, 60) AS content FROM fca.find_requiring_human(3);

\echo '== 6. Products'
\echo
SELECT name, interest_rate, features->>0 AS first_feature FROM fca.find_by_type('savings', 5);

\echo '== 7. FAQs'
\echo 'Best first: a keyword that is exactly it, then questions that start with it, then the rest.'
\echo
SELECT id, question, keywords FROM fca.search_by_keyword('probate', 6);
\echo 'The % is text, not a pattern.'
\echo
SELECT id, question FROM fca.search_by_keyword('0%');
SELECT id, question FROM fca.find_by_category('fraud', 3);

\echo '== 8. Page by page'
\echo 'Each page starts behind the last row of the page before. No OFFSET: page 1000 costs what page 1 costs.'
\echo
SELECT id, title, updated_at FROM fca.find_by_status('resolved', 3);
\echo 'Keep the last row''s updated_at and id ...'
\echo
SELECT updated_at, id FROM fca.find_by_status('resolved', 3) OFFSET 2
\gset after_
\echo '\\gset after_'
\echo
\echo '... and give them back for the second page, and the same for the third.'
\echo
SELECT id, title, updated_at
FROM fca.find_by_status('resolved', 3, after_updated_at => :'after_updated_at', after_id => :after_id);
SELECT updated_at, id
FROM fca.find_by_status('resolved', 3, after_updated_at => :'after_updated_at', after_id => :after_id)
OFFSET 2
\gset after_
\echo '\\gset after_'
\echo
SELECT id, title, updated_at
FROM fca.find_by_status('resolved', 3, after_updated_at => :'after_updated_at', after_id => :after_id);

\echo '== 9. The base repository, on a resource'
\echo 'The first argument only says which type. Its functions are the same for all seven resources.'
\echo
BEGIN;
SELECT id, customer_id, email, is_active, is_vip
FROM fca.create(NULL::fca.customer,
  '{"customer_id": "CUST-TOUR", "email": "maelle.o''hara@example.com", "first_name": "Maëlle", "last_name": "O''Hara"}');
SELECT id AS new_id FROM fca.find_by_business_id('CUST-TOUR')
\gset
\echo '\\gset'
\echo
SELECT id, first_name, last_name, phone, notes FROM fca.get_by_id(NULL::fca.customer, :new_id);
\echo 'An update changes the keys that it names, and updated_at; null means NULL.'
\echo
SELECT first_name, phone, is_vip, notes
FROM fca.update(NULL::fca.customer, :new_id, '{"phone": "+44 7700 900123", "is_vip": true, "notes": null}');
SELECT fca.exists(NULL::fca.customer, :new_id);
SELECT fca.count(NULL::fca.customer), fca.count(NULL::fca.customer, '{"is_vip": true, "is_active": false}') AS inactive_vips;
SELECT id, first_name, last_name
FROM fca.get_by_filters(NULL::fca.customer, '{"last_name": ["Núñez", "Björk"], "phone": null}',
  max_rows => 4, sort_by => 'last_name, created_at desc');
SELECT id, name, type FROM fca.find_one(NULL::fca.product, '{"name": "Children''s Saver"}');
SELECT fca.delete(NULL::fca.customer, :new_id);
SELECT fca.exists(NULL::fca.customer, :new_id);
COMMIT;
\echo

\echo '== 10. It is all part of your transaction'
\echo 'What a repository writes is seen by the next finder at once, and gone when you roll back.'
\echo
BEGIN;
SELECT id, customer_id, first_name FROM fca.create(NULL::fca.customer,
  '{"customer_id": "CUST-NEVER", "email": "never@example.com", "first_name": "Nobody", "last_name": "Atall"}');
SELECT count(*) AS found FROM fca.find_by_email('never@example.com');
ROLLBACK;
SELECT count(*) AS found FROM fca.find_by_email('never@example.com');

\echo '== 11. The base repository, on a table of your own'
\echo 'Nothing is declared or generated: the row type of any table is a model.'
\echo
BEGIN;
CREATE SCHEMA shop;
CREATE TABLE shop.orders (
  order_no text PRIMARY KEY,
  "Ship to" text NOT NULL,
  status text NOT NULL DEFAULT 'new',
  total numeric(10,2) NOT NULL DEFAULT 0,
  tags text[] NOT NULL DEFAULT '{}',
  details jsonb NOT NULL DEFAULT '{}',
  note text
);
SELECT * FROM fca.create(NULL::shop.orders,
  '{"order_no": "A-1001", "Ship to": "Zoë, Cardiff", "total": 24.5,
    "tags": ["gift", "fragile"], "details": {"wrap": "blue"}}');

\echo 'Many at once, in one statement. The rows need not have the same keys: what is absent gets its default.'
\echo
SELECT * FROM fca.create_many(NULL::shop.orders,
  '[{"order_no": "A-1002", "Ship to": "Leeds", "total": 9.99, "note": "leave with a neighbour"},
    {"order_no": "A-1003", "Ship to": "O''Neill, Belfast", "status": "paid", "tags": ["express"]},
    {"order_no": "A-1004", "Ship to": "Bath", "status": "sent", "total": 310, "details": {"parcels": 2}}]');
SELECT * FROM fca.get_by_id(NULL::shop.orders, 'A-1001');
\echo 'Several by key, in the order in which they are asked for.'
\echo
SELECT order_no, status, total FROM fca.get_many(NULL::shop.orders, ARRAY['A-1003', 'A-1001', 'A-1003', 'A-9999']);
SELECT order_no, status, total FROM fca.get_all(NULL::shop.orders, skip => 0, max_rows => 3, sort_by => 'total desc');
\echo 'A list means any of these, null means IS NULL, and several keys mean all of them.'
\echo
SELECT order_no, "Ship to", status, note
FROM fca.get_by_filters(NULL::shop.orders, '{"status": ["new", "paid"], "note": null}');
SELECT order_no, status FROM fca.get_by_filters(NULL::shop.orders, '{"Ship to": "Leeds"}');
SELECT fca.update_many(NULL::shop.orders, '{"status": ["new", "paid"]}', '{"status": "packed", "tags": ["checked"]}');
SELECT order_no, status, tags FROM fca.get_all(NULL::shop.orders);
SELECT fca.delete_many(NULL::shop.orders, '{"status": "packed", "note": null}');
SELECT fca.count(NULL::shop.orders);

\echo '== 12. Beyond a repository'
\echo 'Filters with operators; ne and not_in find NULLs too, and text is literal.'
\echo
SELECT order_no, "Ship to", total FROM fca.get_by_filters(NULL::shop.orders,
  '{"total": {"gt": 100}, "any_of": [{"Ship to": {"starts_with": "ba"}}, {"note": {"ne": "leave with a neighbour"}}]}');
\echo 'Pages by any sort: behind the last row of the page before.'
\echo
SELECT order_no, note, total FROM fca.get_page(NULL::shop.orders, sort_by => 'note desc nulls last, total', max_rows => 1);
SELECT to_jsonb(o) AS last_row FROM fca.get_page(NULL::shop.orders, sort_by => 'note desc nulls last, total', max_rows => 1) AS o
\gset
\echo '\\gset'
\echo
SELECT order_no, note, total
FROM fca.get_page(NULL::shop.orders, sort_by => 'note desc nulls last, total', max_rows => 1, after => :'last_row');
\echo 'How many about, without counting.'
\echo
SELECT fca.count_estimate(NULL::fca.message, '{"role": "customer"}');
\echo 'Many keys in one call, in their order; the newest few of many parents.'
\echo
SELECT id, customer_id, first_name FROM fca.find_by_business_ids(ARRAY['CUST-000002', 'CUST-000001', 'CUST-999999']);
SELECT count(*) AS customers FROM fca.find_by_emails(ARRAY(SELECT email FROM fca.find_active_customers(20)));
SELECT account_number, status FROM fca.find_by_account_numbers(ARRAY(SELECT account_number FROM fca.list_by_customer(:customer)));
SELECT reference, amount FROM fca.find_by_references(ARRAY(SELECT reference FROM fca.find_recent_transactions(:account_id, 2)));
SELECT id, escalation_id FROM fca.find_by_ticket_ids(ARRAY[:'ticket', 'ESC-999999']);
SELECT customer_id, id, type FROM fca.list_by_customers(ARRAY[2, 1]);
SELECT customer_id, id, status FROM fca.find_by_customers(ARRAY[:customer, 1], per_customer => 1);
SELECT conversation_id, role, left(content, 60) AS content FROM fca.find_recent_messages_of(ARRAY[2, 1], per_conversation => 2);
SELECT account_id, amount, occurred_at FROM fca.find_recent_transactions_of(ARRAY[2, 1], per_account => 2);
SELECT conversation_id, id, role FROM fca.get_children(NULL::fca.message, 'conversation_id', ARRAY[2, 1], per_parent => 2);
\echo 'Upserts need only what changes; compare-and-set changes only what it expects.'
\echo
SELECT order_no, status, total FROM fca.upsert(NULL::shop.orders, '{"order_no": "A-1004", "status": "lost"}');
SELECT order_no, "Ship to", status
FROM fca.upsert_many(NULL::shop.orders,
  '[{"order_no": "A-1004", "status": "found"}, {"order_no": "A-1005", "Ship to": "York"}]');
SELECT order_no, status FROM fca.update_if(NULL::shop.orders, 'A-1004', '{"status": "lost"}', '{"status": "closed"}');
SELECT order_no, status FROM fca.update_if(NULL::shop.orders, 'A-1004', '{"status": "found"}', '{"status": "closed"}');
\echo 'A batch of which the good rows are kept.'
\echo
SELECT * FROM fca.create_many_report(NULL::shop.orders,
  '[{"order_no": "A-1006", "Ship to": "Wells"}, {"order_no": "A-1004", "Ship to": "Wells"}, {"order_no": "A-1007", "total": "much"}]');
\echo 'A queue: what is taken is locked until the transaction ends, and what others have locked is left out.'
\echo
SELECT id, title, priority FROM fca.find_escalated_for_update();
SELECT order_no, status FROM fca.get_by_id_for_update(NULL::shop.orders, 'A-1006', nowait => true);
\echo 'Streams: a cursor, over a model or a finder.'
\echo
SELECT fca.open_cursor(NULL::shop.orders, sort_by => 'order_no desc', cursor_name => 'orders');
FETCH 2 FROM orders;
SELECT fca.open_finder('find_by_conversation', '{"conversation_id": 1, "max_rows": null}', 'talk');
MOVE 2 FROM talk;
CLOSE talk;

-- The table lives as long as this transaction, so an error must not end it.
\echo '== 13. Mistakes are told, not swallowed'
\echo 'psql takes back only the statement that failed here (ON_ERROR_ROLLBACK), so that the table stays.'
\echo
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK on
SELECT id FROM fca.find_by_status('solved');
\echo 'SQLSTATE' :LAST_ERROR_SQLSTATE
\echo
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
ROLLBACK;

\set ECHO none
\echo
\echo 'That was the tour. The tables of schema fca hold the rows that they held before.'
