-- About 1.6 accounts for each customer; the first one is nearly always a current account.

INSERT INTO fca.accounts
  (id, account_number, customer_id, product_id, type, status, currency, balance, available_balance, created_at, updated_at)
SELECT
  a.id,
  -- Eight digits. Multiplying modulo 10^8 by a number that shares no factor with it gives each id another one.
  lpad(((a.id * 61803399 + 20000000) % 100000000)::text, 8, '0'),
  a.customer_id,
  a.product_id,
  a.type,
  a.status,
  'GBP',
  b.balance,
  -- What can be spent: with an overdraft or a credit limit, and nothing of a loan or of an account that is not active.
  CASE
    WHEN a.status <> 'active' OR a.type = 'loan' THEN 0
    WHEN a.product_id = 4 THEN b.balance
    WHEN a.type = 'current' THEN greatest(0, b.balance + 250 * pg_temp.dice(a.key, 30, 7))
    WHEN a.type = 'credit' THEN b.balance + 3000 + 500 * pg_temp.dice(a.key, 31, 13)
    WHEN a.product_id IN (10, 11) THEN 0
    ELSE b.balance
  END,
  a.opened,
  a.opened + (timestamptz :'reference_time' - a.opened) * CASE a.status
    WHEN 'closed' THEN 0.1 + 0.85 * pg_temp.share(a.key, 32)
    WHEN 'frozen' THEN 0.97 + 0.02 * pg_temp.share(a.key, 32)
    ELSE 1 - 0.01 * pg_temp.share(a.key, 32) END
FROM (
  SELECT row_number() OVER (ORDER BY t.opened, t.key) AS id, t.customer_id, t.is_vip, t.key, t.type, t.opened,
    -- Nobody freezes a loan.
    CASE WHEN t.status = 'frozen' AND t.type = 'loan' THEN 'active' ELSE t.status END AS status,
    -- What was not on sale on that day gives way to the plain product of its type.
    coalesce(p.id, CASE t.type WHEN 'current' THEN 1 WHEN 'savings' THEN 7 WHEN 'credit' THEN 15 ELSE 19 END) AS product_id
  FROM (
    SELECT c.id AS customer_id, c.is_vip, c.id * 8 + n AS key,
      CASE
        WHEN n = 1 THEN pg_temp.pick(c.id * 8 + n, 21, 'current', 'current', 'current', 'current', 'current',
          'current', 'current', 'current', 'current', 'current', 'current', 'savings')
        ELSE pg_temp.pick(c.id * 8 + n, 22, 'savings', 'savings', 'savings', 'savings',
          'credit', 'credit', 'credit', 'loan', 'loan', 'current')
      END AS type,
      CASE
        WHEN NOT c.is_active THEN 'closed'
        WHEN pg_temp.dice(c.id * 8 + n, 23, 100) < 2 THEN 'frozen'
        WHEN n > 1 AND pg_temp.dice(c.id * 8 + n, 24, 100) < 7 THEN 'closed'
        ELSE 'active'
      END AS status,
      CASE
        WHEN n = 1 THEN c.created_at + INTERVAL '4 minutes'
        ELSE greatest(c.created_at + INTERVAL '9 minutes', pg_temp.by_day(
          c.created_at + (timestamptz :'reference_time' - INTERVAL '5 days' - c.created_at) * pg_temp.share(c.id * 8 + n, 25), 7))
      END AS opened
    FROM fca.customers AS c
    CROSS JOIN LATERAL generate_series(1, CASE
      WHEN pg_temp.dice(c.id, 20, 100) < 55 THEN 1
      WHEN pg_temp.dice(c.id, 20, 100) < 87 THEN 2
      WHEN pg_temp.dice(c.id, 20, 100) < 98 THEN 3
      ELSE 4 END) AS n
  ) AS t
  LEFT JOIN fca.products AS p
    ON t.opened >= p.created_at AND (p.is_active OR t.opened < p.updated_at)
    -- Products by number, see products.sql; a popular one stands there several times.
    AND p.id = CASE
      WHEN t.type = 'current' AND t.is_vip THEN 2
      WHEN t.type = 'current' THEN (ARRAY[1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 6])[1 + pg_temp.dice(t.key, 27, 12)::integer]
      WHEN t.type = 'savings' THEN (ARRAY[7, 7, 7, 7, 8, 8, 9, 9, 9, 10, 10, 11, 12, 13, 14])[1 + pg_temp.dice(t.key, 27, 15)::integer]
      WHEN t.type = 'credit' THEN (ARRAY[15, 15, 15, 16, 16, 17, 18])[1 + pg_temp.dice(t.key, 27, 7)::integer]
      ELSE (ARRAY[19, 19, 19, 20, 20, 21, 22, 23, 23, 24])[1 + pg_temp.dice(t.key, 27, 10)::integer]
    END
) AS a
CROSS JOIN LATERAL (
  SELECT round((CASE
    WHEN a.status = 'closed' THEN 0
    WHEN a.type = 'current' AND a.product_id <> 4 AND pg_temp.dice(a.key, 28, 100) < 8 THEN -20 - 480 * pg_temp.share(a.key, 29)
    WHEN a.type = 'current' THEN 12 + 7000 * pg_temp.share(a.key, 29) * pg_temp.share(a.key, 29)
    WHEN a.type = 'savings' THEN 1 + 32000 * pg_temp.share(a.key, 29) * pg_temp.share(a.key, 29)
    WHEN a.type = 'credit' THEN -2800 * pg_temp.share(a.key, 29) * pg_temp.share(a.key, 29)
    WHEN a.product_id >= 22 THEN -42000 - 280000 * pg_temp.share(a.key, 29)
    ELSE -900 - 21000 * pg_temp.share(a.key, 29)
  END * CASE WHEN a.is_vip AND a.type IN ('current', 'savings') THEN 8 ELSE 1 END)::numeric, 2) AS balance
) AS b
ORDER BY a.id;

SELECT setval(pg_get_serial_sequence('fca.accounts', 'id'), max(id)) AS last_id, count(*) AS loaded
FROM fca.accounts \gset
\echo '  accounts       ' :loaded

-- The transactions are joined to them next.
ANALYZE fca.accounts;
