-- About 12 transactions for each account, in the order in which they were booked at the bank.

-- Who is paid, or pays. Amounts lie between low and high and are multiples of unit; what leaves the
-- account is negative.
CREATE TEMP TABLE payees (
  id integer GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  merchant text,
  category text NOT NULL,
  description text NOT NULL,
  low numeric NOT NULL,
  high numeric NOT NULL,
  unit numeric NOT NULL DEFAULT 0.01
) ON COMMIT DROP;

INSERT INTO payees (kind, merchant, category, description, low, high) VALUES
  ('shop', 'Greenfield Grocers', 'groceries', 'Card payment, Greenfield Grocers {town}', -4, -96),
  ('shop', 'Greenfield Grocers', 'groceries', 'Contactless, Greenfield Local {town}', -2, -31),
  ('shop', 'Harbour Market', 'groceries', 'Card payment, Harbour Market {town}', -6, -118),
  ('shop', 'Harbour Market', 'groceries', 'Online delivery, Harbour Market', -42, -165),
  ('shop', 'Pennywise Foods', 'groceries', 'Contactless, Pennywise Foods {town}', -3, -54),
  ('shop', 'Dale & Daughters', 'groceries', 'Contactless, Dale & Daughters Butchers', -5, -38),
  ('shop', 'The Corner Pantry', 'groceries', 'Contactless, The Corner Pantry {town}', -2, -17),
  ('shop', 'Café Lumière', 'eating out', 'Contactless, Café Lumière {town}', -3, -16),
  ('shop', 'Copper Kettle', 'eating out', 'Contactless, Copper Kettle {town}', -3, -14),
  ('shop', 'The Fox & Fiddle', 'eating out', 'Contactless, The Fox & Fiddle {town}', -5, -62),
  ('shop', 'Bombay Lanes', 'eating out', 'Card payment, Bombay Lanes {town}', -18, -84),
  ('shop', 'Piñata Taquería', 'eating out', 'Contactless, Piñata Taquería {town}', -9, -46),
  ('shop', 'Crust & Crumb', 'eating out', 'Contactless, Crust & Crumb Bakery', -2, -13),
  ('shop', 'Noodle Yard', 'eating out', 'Contactless, Noodle Yard {town}', -8, -33),
  ('shop', 'DoorDish', 'eating out', 'Online, DoorDish order', -11, -48),
  ('shop', 'Chippy on the Quay', 'eating out', 'Contactless, Chippy on the Quay', -7, -29),
  ('shop', 'Northline Rail', 'transport', 'Online, Northline Rail tickets', -6, -112),
  ('shop', 'Metro Travel', 'transport', 'Contactless, Metro Travel {town}', -2, -12),
  ('shop', 'Metro Travel', 'transport', 'Contactless, Metro Travel day cap', -5, -9),
  ('shop', 'Hopper Buses', 'transport', 'Contactless, Hopper Buses {town}', -2, -6),
  ('shop', 'Beacon Cars', 'transport', 'Online, Beacon Cars journey', -6, -41),
  ('shop', 'ParkRight', 'transport', 'Online, ParkRight {town}', -1, -18),
  ('shop', 'Castle Fuels', 'fuel', 'Card payment, Castle Fuels {town}', -22, -84),
  ('shop', 'Roadstar', 'fuel', 'Card payment, Roadstar Services', -28, -92),
  ('shop', 'VoltPoint', 'fuel', 'Online, VoltPoint charging {town}', -6, -37),
  ('shop', 'Marlowe''s Books', 'shopping', 'Card payment, Marlowe''s Books {town}', -6, -52),
  ('shop', 'Thimble & Thread', 'shopping', 'Card payment, Thimble & Thread', -8, -66),
  ('shop', 'Parcelbay', 'shopping', 'Online, Parcelbay marketplace', -4, -210),
  ('shop', 'Parcelbay', 'shopping', 'Online, Parcelbay marketplace', -7, -90),
  ('shop', 'Oak & Ivy Home', 'shopping', 'Card payment, Oak & Ivy Home {town}', -14, -320),
  ('shop', 'Circuit House', 'shopping', 'Online, Circuit House electronics', -19, -640),
  ('shop', 'Hammer & Hinge DIY', 'shopping', 'Card payment, Hammer & Hinge {town}', -5, -140),
  ('shop', 'Little Acorns', 'shopping', 'Card payment, Little Acorns {town}', -9, -75),
  ('shop', 'Fenwick & Rose', 'shopping', 'Online, Fenwick & Rose clothing', -16, -185),
  ('shop', 'Paws & Claws', 'shopping', 'Card payment, Paws & Claws {town}', -7, -58),
  ('shop', 'Bloom & Bramble', 'shopping', 'Online, Bloom & Bramble flowers', -20, -64),
  ('shop', 'Streamly', 'entertainment', 'Subscription, Streamly', -8, -18),
  ('shop', 'Tunebox', 'entertainment', 'Subscription, Tunebox Family', -11, -20),
  ('shop', 'Regent Picture House', 'entertainment', 'Online, Regent Picture House {town}', -9, -47),
  ('shop', 'Playhouse {town}', 'entertainment', 'Online, Playhouse {town} tickets', -18, -120),
  ('shop', 'Pixel Arcade', 'entertainment', 'Online, Pixel Arcade store', -3, -60),
  ('shop', 'Riverside Leisure', 'health', 'Card payment, Riverside Leisure {town}', -6, -52),
  ('shop', 'Wellbeing Pharmacy', 'health', 'Contactless, Wellbeing Pharmacy {town}', -3, -34),
  ('shop', 'Bright Smile Dental', 'health', 'Card payment, Bright Smile Dental', -26, -190),
  ('shop', 'Clearview Opticians', 'health', 'Card payment, Clearview Opticians {town}', -25, -260),
  ('shop', 'Scissors & Comb', 'health', 'Contactless, Scissors & Comb {town}', -12, -68),
  ('shop', 'Skybridge Airways', 'travel', 'Online, Skybridge Airways', -48, -590),
  ('shop', 'Hôtel des Alpes', 'travel', 'Card payment, Hôtel des Alpes, Chamonix', -88, -640),
  ('shop', 'Seaview B&B', 'travel', 'Card payment, Seaview B&B, Whitby', -72, -260),
  ('shop', 'Hope & Harbour', 'charity', 'Contactless, Hope & Harbour donation', -2, -25);

INSERT INTO payees (kind, merchant, category, description, low, high, unit) VALUES
  ('shop', NULL, 'cash', 'Cash withdrawal, {town}', -20, -200, 10),
  ('shop', NULL, 'cash', 'Cash withdrawal, LINK machine', -10, -120, 10),
  ('shop', NULL, 'transfer', 'Faster Payment, thanks for dinner', -8, -60, 0.5),
  ('shop', NULL, 'transfer', 'Faster Payment received, birthday', 10, 100, 5),
  ('shop', NULL, 'transfer', 'Faster Payment received, shared bills', 20, 240, 0.01),

  ('salary', 'Ashford Vale Council', 'salary', 'Salary {month}, Ashford Vale Council', 1650, 2900, 0.01),
  ('salary', 'St Brigid''s Hospital', 'salary', 'Salary {month}, St Brigid''s Hospital', 1700, 3900, 0.01),
  ('salary', 'Harbour Market', 'salary', 'Wages {month}, Harbour Market', 980, 1850, 0.01),
  ('salary', 'Halloway Engineering', 'salary', 'Salary {month}, Halloway Engineering', 2100, 4400, 0.01),
  ('salary', 'Tern & Partners', 'salary', 'Salary {month}, Tern & Partners', 1900, 5200, 0.01),
  ('salary', 'Northline Rail', 'salary', 'Salary {month}, Northline Rail', 2000, 3600, 0.01),
  ('salary', 'Copper Kettle', 'salary', 'Wages {month}, Copper Kettle', 840, 1600, 0.01),
  ('salary', 'Kestrel Software', 'salary', 'Salary {month}, Kestrel Software', 2600, 5600, 0.01),
  ('salary', 'Elmwood Academy Trust', 'salary', 'Salary {month}, Elmwood Academy Trust', 1800, 3300, 0.01),
  ('salary', 'Brightway Logistics', 'salary', 'Wages {month}, Brightway Logistics', 1500, 2400, 0.01),
  ('salary', 'University of Wessex', 'salary', 'Salary {month}, University of Wessex', 1900, 4100, 0.01),
  ('salary', 'Department for Work and Pensions', 'pension', 'State Pension', 760, 960, 0.05),
  ('salary', 'Mariner Pension Trustees', 'pension', 'Pension {month}, Mariner Pension Trustees', 420, 2100, 0.01),

  ('housing', 'Maple Lettings', 'housing', 'Standing order, rent Maple Lettings', -525, -1450, 25),
  ('housing', 'Keystone Homes', 'housing', 'Direct Debit, Keystone Homes rent', -480, -980, 5),
  ('housing', 'Bryn Housing Association', 'housing', 'Direct Debit, Bryn Housing Association', -390, -720, 1),
  ('housing', 'Albion Mortgages', 'housing', 'Direct Debit, Albion Mortgages', -540, -1690, 0.01),
  ('housing', 'Mrs P. Whitlock', 'housing', 'Standing order, rent', -450, -1100, 50),

  ('bill', 'Ashford Vale Council', 'bills', 'Direct Debit, Ashford Vale Council Tax', -118, -246, 1),
  ('bill', 'Bluebell Energy', 'bills', 'Direct Debit, Bluebell Energy', -64, -212, 0.01),
  ('bill', 'Severn Vale Water', 'bills', 'Direct Debit, Severn Vale Water', -24, -61, 0.01),
  ('bill', 'Larkspur Mobile', 'bills', 'Direct Debit, Larkspur Mobile', -9, -48, 0.5),
  ('bill', 'FibreFirst', 'bills', 'Direct Debit, FibreFirst Broadband', -24, -46, 0.5),
  ('bill', 'TV Licensing', 'bills', 'Direct Debit, TV Licence', -14.5, -15, 0.5),
  ('bill', 'Guardian Mutual', 'insurance', 'Direct Debit, Guardian Mutual car insurance', -28, -94, 0.01),
  ('bill', 'Guardian Mutual', 'insurance', 'Direct Debit, Guardian Mutual home insurance', -11, -37, 0.01),
  ('bill', 'Riverside Leisure', 'health', 'Direct Debit, Riverside Leisure membership', -19, -55, 1),
  ('bill', 'Little Oaks Nursery', 'childcare', 'Direct Debit, Little Oaks Nursery', -180, -940, 5),
  ('bill', 'Lifeboat Fund', 'charity', 'Direct Debit, Lifeboat Fund', -3, -20, 1),

  ('saving', NULL, 'savings', 'Standing order received, savings', 25, 250, 25),
  ('interest', NULL, 'interest', 'Interest paid', 0.4, 64, 0.01),
  ('withdrawal', NULL, 'transfer', 'Transfer to current account', -50, -1200, 10),
  ('top-up', NULL, 'transfer', 'Transfer from current account', 20, 900, 10),
  ('card bill', NULL, 'payment', 'Payment received, thank you', 35, 620, 0.01),
  ('card interest', NULL, 'interest', 'Interest on purchases', -1.2, -41, 0.01),
  ('repayment', NULL, 'loan repayment', 'Loan repayment received', 85, 490, 0.01),
  ('loan interest', NULL, 'interest', 'Loan interest', -6, -118, 0.01),
  ('instalment', NULL, 'loan repayment', 'Mortgage payment received', 540, 1690, 0.01),
  ('mortgage interest', NULL, 'interest', 'Mortgage interest', -190, -1180, 0.01);

-- What is booked on an account of each type; mortgages and fixed savers count as types of their own.
-- Either on a day of a month, so many months back, and the same each time; or, where months_back is
-- NULL, some time in the last 75 days. An account has the first slots of its type: fewest of them, and
-- up to spread - 1 more.
CREATE TEMP TABLE slots (
  type text NOT NULL,
  slot integer NOT NULL,
  kind text NOT NULL,
  months_back integer,
  day integer,
  PRIMARY KEY (type, slot)
) ON COMMIT DROP;

INSERT INTO slots (type, slot, kind, months_back, day) VALUES
  ('current', 1, 'salary', 0, 25), ('current', 2, 'housing', 0, 1), ('current', 3, 'bill', 0, 4),
  ('current', 4, 'bill', 0, 12), ('current', 5, 'salary', 1, 25), ('current', 6, 'housing', 1, 1),
  ('current', 7, 'bill', 1, 7),
  ('savings', 1, 'saving', 0, 2), ('savings', 2, 'interest', 1, 28), ('savings', 3, 'saving', 1, 2),
  ('savings', 4, 'withdrawal', NULL, NULL), ('savings', 5, 'interest', 2, 28), ('savings', 6, 'saving', 2, 2),
  ('savings', 7, 'top-up', NULL, NULL), ('savings', 8, 'interest', 3, 28), ('savings', 9, 'saving', 3, 2),
  ('savings', 10, 'withdrawal', NULL, NULL), ('savings', 11, 'top-up', NULL, NULL),
  ('fixed', 1, 'interest', 1, 28), ('fixed', 2, 'interest', 13, 28), ('fixed', 3, 'interest', 25, 28),
  ('credit', 1, 'card bill', 0, 17), ('credit', 2, 'card bill', 1, 17), ('credit', 3, 'card interest', 1, 26);

INSERT INTO slots (type, slot, kind)
SELECT 'current', n, 'shop' FROM generate_series(8, 20) AS n
UNION ALL
SELECT 'credit', n, 'shop' FROM generate_series(4, 18) AS n;

INSERT INTO slots (type, slot, kind, months_back, day)
SELECT 'loan', 2 * n + 1, 'repayment', n, 3 FROM generate_series(0, 5) AS n
UNION ALL
SELECT 'loan', 2 * n + 2, 'loan interest', n, 24 FROM generate_series(0, 5) AS n
UNION ALL
SELECT 'mortgage', 2 * n + 1, 'instalment', n, 1 FROM generate_series(0, 5) AS n
UNION ALL
SELECT 'mortgage', 2 * n + 2, 'mortgage interest', n, 24 FROM generate_series(0, 5) AS n;

CREATE TEMP TABLE slot_counts (type text PRIMARY KEY, fewest integer NOT NULL, spread integer NOT NULL) ON COMMIT DROP;

INSERT INTO slot_counts (type, fewest, spread) VALUES
  ('current', 12, 9), ('savings', 6, 6), ('fixed', 3, 1), ('credit', 10, 9), ('loan', 8, 5), ('mortgage', 10, 3);

INSERT INTO fca.transactions
  (id, account_id, reference, amount, currency, description, category, merchant_name, occurred_at, created_at, updated_at)
SELECT
  t.id,
  t.account_id,
  'TXN-' || to_char(t.occurred_at, 'YYMMDD') || '-' || lpad(t.id::text, greatest(7, length(t.id::text)), '0'),
  t.amount,
  'GBP',
  CASE
    WHEN t.description LIKE '%{town}%' THEN replace(t.description, '{town}', t.town)
    WHEN t.description LIKE '%{month}%' THEN replace(t.description, '{month}', to_char(t.occurred_at, 'FMMonth YYYY'))
    ELSE t.description
  END,
  t.category,
  replace(t.merchant, '{town}', t.town),
  t.occurred_at,
  t.booked_at,
  t.booked_at
FROM (
  SELECT row_number() OVER (ORDER BY b.occurred_at, b.key) AS id,
    b.account_id, b.occurred_at, p.description, p.category, p.merchant,
    -- Card payments are booked within half a minute.
    b.occurred_at + CASE WHEN b.months_back IS NULL THEN pg_temp.share(b.key, 46) ELSE 0 END * INTERVAL '30 seconds' AS booked_at,
    pg_temp.town(b.customer_id) AS town,
    -- What comes back each month has one amount for the account; of the rest, small amounts are more frequent.
    CASE WHEN b.months_back IS NULL
      THEN round((p.low + (p.high - p.low) * (pg_temp.share(b.key, 44) * pg_temp.share(b.key, 44))::numeric) / p.unit) * p.unit
      ELSE round((p.low + (p.high - p.low) * pg_temp.share(b.account_id, 45 + b.choice * 64)::numeric) / p.unit) * p.unit
    END AS amount
  FROM (
    SELECT a.id AS account_id, a.customer_id, a.id * 32 + s.slot AS key, s.kind, s.months_back,
      -- One employer and one landlord for an account, but another bill in each slot.
      CASE
        WHEN s.months_back IS NULL THEN pg_temp.dice(a.id * 32 + s.slot, 41, k.choices)
        WHEN s.kind = 'bill' THEN (pg_temp.dice(a.id, 42, k.choices) + s.slot) % k.choices
        ELSE pg_temp.dice(a.id, 42, k.choices)
      END AS choice,
      CASE
        WHEN s.months_back IS NULL THEN pg_temp.by_day(
          date_trunc('day', a.last_day) - INTERVAL '75 days' * pg_temp.share(a.id * 32 + s.slot, 40), 8)
        ELSE pg_temp.nightly(date_trunc('month', a.last_day) - s.months_back * INTERVAL '1 month'
          + (s.day - 1 + pg_temp.dice(a.id, 43, 3)) * INTERVAL '1 day')
      END AS occurred_at,
      a.created_at AS opened,
      a.last_day
    FROM (
      -- Nothing is booked on an account after it was frozen or closed.
      SELECT id, customer_id, created_at,
        CASE WHEN product_id >= 22 THEN 'mortgage' WHEN product_id IN (10, 11) THEN 'fixed' ELSE type END AS type,
        CASE WHEN status = 'active' THEN timestamptz :'reference_time' ELSE updated_at END AS last_day
      FROM fca.accounts
    ) AS a
    JOIN slot_counts AS c ON c.type = a.type
    JOIN slots AS s ON s.type = a.type AND s.slot < c.fewest + pg_temp.dice(a.id, 48, c.spread)
    JOIN (SELECT kind, count(*) AS choices FROM payees GROUP BY kind) AS k ON k.kind = s.kind
  ) AS b
  JOIN (
    SELECT *, row_number() OVER (PARTITION BY kind ORDER BY id) - 1 AS choice FROM payees
  ) AS p ON p.kind = b.kind AND p.choice = b.choice
  WHERE b.occurred_at BETWEEN b.opened AND b.last_day
) AS t
ORDER BY t.id;

SELECT setval(pg_get_serial_sequence('fca.transactions', 'id'), max(id)) AS last_id, count(*) AS loaded
FROM fca.transactions \gset
\echo '  transactions   ' :loaded
