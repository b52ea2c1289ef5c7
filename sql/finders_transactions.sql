-- The finders of transactions: by reference, recent ones, between two times, by category.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- The reference finds its row, and the whole of it; a miss and NULL find no row.
SELECT id, account_id, reference, amount, currency, description, category, merchant_name
FROM fca.find_by_reference('TX-7');
SELECT count(*) AS transactions, count(*) FILTER (WHERE f::text = t::text) AS found
FROM fca.transactions AS t, fca.find_by_reference(t.reference) AS f;
SELECT reference, (SELECT count(*) FROM fca.find_by_reference(reference)) AS rows
FROM unnest(ARRAY['TX-99', 'tx-1', 'TX-_', 'TX%', 'TX-1 ', '', NULL]) AS reference;
BEGIN;
INSERT INTO fca.transactions (account_id, reference, amount, description) VALUES (1, E'''";\\%_ é', 0, '');
SELECT reference, amount FROM fca.find_by_reference(E'''";\\%_ é');
ROLLBACK;

-- Recent ones of an account: latest first, where times are equal the higher id first.
SELECT id, amount, to_char(occurred_at AT TIME ZONE 'UTC', 'HH24:MI') AS at
FROM fca.find_recent_transactions(1);
SELECT account_id, cardinality(found) AS rows,
	found = ARRAY(SELECT t::text FROM fca.transactions AS t
		WHERE t.account_id = a.account_id ORDER BY occurred_at DESC, id DESC) AS same
FROM unnest(ARRAY[1, 2, 3, 4, NULL]) AS a (account_id),
	LATERAL (SELECT ARRAY(SELECT f::text FROM fca.find_recent_transactions(a.account_id) AS f))
	AS list (found);
SELECT max_rows, ARRAY(SELECT id FROM fca.find_recent_transactions(1, max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_recent_transactions(1, -1)');
SELECT state, message FROM test.fails('SELECT * FROM fca.find_recent_transactions(NULL, -1)');

-- Pages: also from the middle of equal times.
SELECT id FROM fca.find_recent_transactions(1, 2);
SELECT id FROM fca.find_recent_transactions(1, 2, '2026-03-01 06:00Z', 27);
SELECT id FROM fca.find_recent_transactions(1, 2, '2026-03-01 05:00Z', 21);
SELECT id FROM fca.find_recent_transactions(1, 2, '2026-03-01 00:00Z', 3);
SELECT state, message, detail, hint
FROM test.fails($$SELECT * FROM fca.find_recent_transactions(1, after_occurred_at => '2026-03-01Z')$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_recent_transactions(1, after_id => 3)');

-- Between two times: the first is in, the second is not.
SELECT since, until,
	ARRAY(SELECT id FROM fca.find_transactions_between(1, since::timestamptz, until::timestamptz)) AS found,
	ARRAY(SELECT id FROM fca.transactions WHERE account_id = 1 AND occurred_at >= since::timestamptz
		AND occurred_at < until::timestamptz ORDER BY occurred_at DESC, id DESC) AS expected
FROM (VALUES ('2026-03-01 03:00Z', '2026-03-01 06:00Z'),
	('2026-03-01 03:00:00.000001Z', '2026-03-01 06:00:00.000001Z'),
	('2026-03-01 04:00Z', '2026-03-01 04:00Z'),
	('2026-03-01 06:00Z', '2026-03-01 03:00Z'),
	('-infinity', '2026-03-01 02:00Z'),
	('2026-03-01 07:00Z', 'infinity'),
	('2027-01-01', 'infinity'),
	(NULL, '2026-03-01 06:00Z'), ('2026-03-01 03:00Z', NULL), (NULL, NULL)) AS span (since, until);
SELECT count(*) FROM fca.find_transactions_between(NULL, '-infinity', 'infinity');
SELECT max_rows, ARRAY(SELECT id FROM fca.find_transactions_between(1, '2026-03-01 03:00Z',
	'2026-03-01 07:00Z', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint
FROM test.fails($$SELECT * FROM fca.find_transactions_between(1, '-infinity', 'infinity', -1)$$);

-- Its pages, also from a place before or behind the span.
SELECT after_at, after_id, ARRAY(SELECT id
	FROM fca.find_transactions_between(1, '2026-03-01 03:00Z', '2026-03-01 07:00Z',
	2, after_at::timestamptz, after_id)) AS found
FROM (VALUES (NULL, NULL), ('2026-03-01 06:00Z', 24), ('2026-03-01 04:00Z', 18), ('2026-03-01 03:00Z', 15),
	('2026-03-01 03:00Z', 12), ('infinity', 1), ('2026-03-01 07:00Z', 30),
	('2026-03-01 01:00Z', 6)) AS place (after_at, after_id);
SELECT state, message
FROM test.fails($$SELECT * FROM fca.find_transactions_between(1, '-infinity', 'infinity',
	after_occurred_at => '2026-03-01Z')$$);
SELECT state, message
FROM test.fails($$SELECT * FROM fca.find_transactions_between(1, '-infinity', 'infinity', after_id => 1)$$);

-- By category: equal, not alike.
BEGIN;
INSERT INTO fca.transactions (account_id, reference, amount, description, category, occurred_at)
SELECT 4, category || '-' || i, i, '', category, '2026-03-01Z'::timestamptz + i * 7 % 5 * interval '1 hour'
FROM unnest(ARRAY['food', 'Food', 'fo_d', '', 'it''s "10%" \ é']) AS category, generate_series(1, 10) AS i
UNION ALL SELECT 4, 'none', 1, '', NULL, '2026-03-01Z';
SELECT category, cardinality(found) AS rows,
	found = ARRAY(SELECT t::text FROM fca.transactions AS t
		WHERE account_id = 4 AND t.category = c.category ORDER BY occurred_at DESC, id DESC) AS same
FROM unnest(ARRAY['food', 'Food', 'FOOD', 'fo_d', 'fo%', '', 'it''s "10%" \ é', NULL]) AS c (category),
	LATERAL (SELECT ARRAY(SELECT f::text FROM fca.find_transactions_by_category(4, c.category) AS f))
	AS list (found);
WITH RECURSIVE page AS (
	SELECT f.occurred_at, f.id, 1 AS number FROM fca.find_transactions_by_category(4, 'fo_d', 1) AS f
	UNION ALL
	SELECT f.occurred_at, f.id, number + 1
	FROM page, fca.find_transactions_by_category(4, 'fo_d', 1, page.occurred_at, page.id) AS f
	WHERE number < 100
)
SELECT count(*) AS pages, array_agg(id ORDER BY number) = ARRAY(SELECT id FROM fca.transactions
	WHERE account_id = 4 AND category = 'fo_d' ORDER BY occurred_at DESC, id DESC) AS same
FROM page;
ROLLBACK;
SELECT max_rows, ARRAY(SELECT id FROM fca.find_transactions_by_category(2, 'rent', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT id FROM fca.find_transactions_by_category(2, 'rent', 2, '2026-03-01 07:00Z', 28);
SELECT count(*) FROM fca.find_transactions_by_category(NULL, 'rent');
SELECT state, message, detail, hint FROM test.fails(
	$$SELECT * FROM fca.find_transactions_by_category(2, 'rent', -1)$$);
SELECT state, message
FROM test.fails($$SELECT * FROM fca.find_transactions_by_category(2, 'rent',
	after_occurred_at => '2026-03-01Z')$$);
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.find_transactions_by_category(2, 'rent', after_id => 1)$$);

-- Rows come and go between two pages: none of the others is skipped or repeated.
BEGIN;
SELECT id FROM fca.find_recent_transactions(1, 3);
INSERT INTO fca.transactions (id, account_id, reference, amount, description, occurred_at)
VALUES (101, 1, 'newer', 1, '', '2026-03-02Z'), (102, 1, 'same time, higher id', 1, '', '2026-03-01 06:00Z'),
	(-1, 1, 'same time, lower id', 1, '', '2026-03-01 06:00Z'), (103, 1, 'older', 1, '', '2026-03-01 04:30Z');
DELETE FROM fca.transactions WHERE id IN (24, 21);
SELECT id, reference FROM fca.find_recent_transactions(1, 4, '2026-03-01 06:00Z', 24);
ROLLBACK;

-- A page for each row of another relation.
SELECT a.id, array_agg(t.id ORDER BY t.occurred_at DESC, t.id DESC) AS latest
FROM fca.accounts AS a LEFT JOIN LATERAL fca.find_recent_transactions(a.id, a.id) AS t ON true
WHERE a.id <= 4 GROUP BY a.id ORDER BY a.id;

-- The signatures, and the table.
\set declared :srcdir /sql/fixtures/declared.sql
\set relation transactions
\i :declared
