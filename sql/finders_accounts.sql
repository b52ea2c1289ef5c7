-- The finders of accounts: by number, by customer, by status.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- The number finds its row, and the whole of it; a miss and NULL find no row.
SELECT id, account_number, customer_id, product_id, type, status, currency, balance, available_balance
FROM fca.find_by_account_number('ACC-7');
SELECT count(*) AS accounts, count(*) FILTER (WHERE f::text = a::text) AS found
FROM fca.accounts AS a, fca.find_by_account_number(a.account_number) AS f;
SELECT account_number, (SELECT count(*) FROM fca.find_by_account_number(account_number)) AS rows
FROM unnest(ARRAY['ACC-99', 'acc-1', 'ACC-_', 'ACC-1%', ' ACC-1', '1', '', NULL]) AS account_number;
BEGIN;
INSERT INTO fca.accounts (account_number, customer_id) VALUES (E'''";\\%_ é', 1);
SELECT account_number, type, status, currency, balance FROM fca.find_by_account_number(E'''";\\%_ é');
ROLLBACK;

-- All accounts of a customer, newest first; there is no limit.
SELECT id, account_number, status FROM fca.list_by_customer(1);
SELECT count(*) FROM fca.list_by_customer(99);
SELECT count(*) FROM fca.list_by_customer(NULL);
BEGIN;
INSERT INTO fca.accounts (account_number, customer_id, created_at)
SELECT 'MORE-' || i, 1 + i % 2, '2026-02-01Z'::timestamptz + i * 7 % 5 * interval '1 day'
FROM generate_series(1, 3000) AS i;
SELECT c.id, cardinality(found) AS accounts,
	found = ARRAY(SELECT a::text FROM fca.accounts AS a
		WHERE a.customer_id = c.id ORDER BY a.created_at DESC, a.id DESC) AS same
FROM fca.customers AS c,
	LATERAL (SELECT ARRAY(SELECT f::text FROM fca.list_by_customer(c.id) AS f)) AS list (found)
ORDER BY c.id;
ROLLBACK;

-- By status: newest first, where times are equal the higher id first.
SELECT id, status FROM fca.list_accounts_by_status('active');
SELECT status, ARRAY(SELECT id FROM fca.list_accounts_by_status(status)) AS found
FROM unnest(ARRAY['frozen', 'closed', NULL]) AS status;
SELECT status AS differs FROM unnest(ARRAY['active', 'frozen', 'closed']) AS s (status)
WHERE ARRAY(SELECT f::text FROM fca.list_accounts_by_status(s.status) AS f)
	<> ARRAY(SELECT a::text FROM fca.accounts AS a WHERE a.status = s.status
		ORDER BY created_at DESC, id DESC);
SELECT max_rows, ARRAY(SELECT id FROM fca.list_accounts_by_status('active', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 4, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails(
	$$SELECT * FROM fca.list_accounts_by_status('active', -1)$$);

-- A status that there is not.
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.list_accounts_by_status('resolved')$$);
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.list_accounts_by_status('Active')$$);
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.list_accounts_by_status('')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.list_accounts_by_status('activ%', 0)$$);

-- Pages.
SELECT id FROM fca.list_accounts_by_status('active', 3);
SELECT id FROM fca.list_accounts_by_status('active', 1, '2026-02-03Z', 8);
SELECT id FROM fca.list_accounts_by_status('active', 3, '2026-02-02Z', 5);
SELECT id FROM fca.list_accounts_by_status('active', 3, '2026-02-01Z', 1);
SELECT id FROM fca.list_accounts_by_status('active', after_id => 9, after_created_at => '2026-02-04Z');
SELECT state, message, detail, hint
FROM test.fails($$SELECT * FROM fca.list_accounts_by_status('active', after_created_at => '2026-02-02Z')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.list_accounts_by_status('active', after_id => 5)$$);

-- The signatures, and the table.
\set declared :srcdir /sql/fixtures/declared.sql
\set relation accounts
\i :declared
