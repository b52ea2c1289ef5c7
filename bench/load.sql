-- Fills the tables of one database.
--
--   psql -v n=1000000 -f load.sql
--
-- n rows in transactions, messages and (up to a million) FAQs, n/20 ("few") in customers, accounts and
-- conversations.  One account in ten has all the transactions, about 200 each at every size, and one
-- conversation in ten all the messages ("busy" of each); one customer in 200 has all the conversations, 200
-- each.  So a list is as long in a small database as in a large one, no plan suffers from a wrong guess of
-- its length, and its rows lie scattered over the table, as those of real ones do.
\set ON_ERROR_STOP on
SELECT greatest(100, :n / 20) AS few, greatest(1, :n / 200) AS busy, greatest(1, :n / 4000) AS talkers,
       greatest(100, :n / 1000) AS products, least(:n, 1000000) AS faqs \gset

CREATE SCHEMA bench;

-- What the runs ask the database for.
CREATE TABLE bench.facts (name text PRIMARY KEY, value text NOT NULL);
INSERT INTO bench.facts VALUES
  ('n', :n), ('few', :few), ('busy', :busy), ('talkers', :talkers), ('products', :products);

-- Foreign keys hold by construction; trigram indexes are made at the end, which is much faster.
SET session_replication_role = replica;
SELECT setseed(0.5) \gset
CREATE TEMP TABLE later AS
SELECT indexdef, indexrelid::regclass::text AS name
FROM pg_index AS i, pg_get_indexdef(i.indexrelid) AS indexdef
WHERE indexdef LIKE '% ON fca.% USING gin %';
SELECT format('DROP INDEX %s', name) FROM later \gexec

-- One of a list of words, by number.
CREATE FUNCTION bench.word(words text[], number bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS 'SELECT words[1 + number % cardinality(words)]';

-- Names of three syllables: 8,000 of them.
CREATE FUNCTION bench.name(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT initcap(string_agg(bench.word(
  '{ba,co,den,fi,gor,hal,jin,ka,lum,mer,nor,ol,pra,qui,ros,ster,tan,vel,wor,zan}',
  number / power(20, digit)::bigint), ''))
FROM generate_series(0, 2) AS digit
$$;

INSERT INTO fca.products (
  name, type, description, interest_rate, features, requirements, is_active, created_at)
SELECT 'Product ' || lpad(g::text, 6, '0'), 'type ' || g % 10, repeat('What it offers. ', 6),
       (g % 100) / 100.0, '["online", "phone"]', '{"age": 18}', g % 20 <> 0, timestamptz '2023-01-01 00:00Z'
FROM generate_series(1, :products::bigint) AS g;

INSERT INTO fca.customers (
  customer_id, email, first_name, last_name, phone, is_verified, is_active, is_vip, created_at)
SELECT 'CUST-' || g, 'customer' || g || '@example.com', bench.name(g * 31 % 200),
       bench.name((random() * 7999)::bigint), '+44 20 ' || lpad(g::text, 8, '0'),
       g % 3 = 0, g % 5 <> 0, g % 10 = 0, timestamptz '2023-01-01 00:00Z' + random() * interval '400 days'
FROM generate_series(1, :few::bigint) AS g;

-- A customer in four has accounts, four each.
INSERT INTO fca.accounts (
  account_number, customer_id, product_id, type, status, balance, available_balance, created_at)
SELECT 'ACC-' || g, 1 + (g - 1) / 4, 1 + g % :products,
       bench.word('{current,savings,loan,credit}', g), bench.word('{active,active,active,frozen,closed}', g),
       g % 100000, g % 100000, timestamptz '2023-01-01 00:00Z' + random() * interval '400 days'
FROM generate_series(1, :few::bigint) AS g;

INSERT INTO fca.transactions (
  account_id, reference, amount, description, category, merchant_name, occurred_at)
SELECT 1 + floor(random() * :busy)::bigint, 'TX-' || g,
       (g % 20000) / 100.0 - 100, 'Card payment number ' || g || ' at a shop',
       bench.word('{food,rent,travel,salary}', g),
       'Merchant ' || g % 500, timestamptz '2024-01-01 00:00Z' + g * interval '1 minute'
FROM generate_series(1, :n::bigint) AS g;

INSERT INTO fca.conversations (customer_id, title, status, channel, summary, intent, sentiment, message_count,
  escalation_id, escalation_reason, priority, assigned_group, created_at, updated_at)
SELECT 1 + floor(random() * :talkers)::bigint, 'A question about case ' || g,
       CASE WHEN escalated THEN 'escalated' ELSE bench.word('{active,resolved,resolved,closed}', g / 3) END,
       bench.word('{web,mobile,api,whatsapp,sms}', g / 7), repeat('What was said. ', 5),
       'question', 'neutral', 10,
       CASE WHEN escalated THEN 'T-' || g / 20 END, CASE WHEN escalated THEN 'asked for a human' END,
       CASE WHEN escalated THEN 'high' END, CASE WHEN escalated THEN 'group ' || g / 20 % 5 END,
       happened, happened + random() * interval '5 days'
FROM generate_series(1, :few::bigint) AS g,
     LATERAL (SELECT g % 20 = 0 AS escalated,
                     timestamptz '2024-01-01 00:00Z' + g * interval '1 minute' AS happened) AS c;

INSERT INTO fca.messages (
  conversation_id, role, content, agent_name, intent, confidence_score, requires_human, created_at)
SELECT 1 + floor(random() * :busy)::bigint,
       bench.word('{customer,agent,customer,human_agent}', g),
       'Message ' || g || repeat(' and what it says', 6),
       CASE WHEN g % 2 = 1 THEN 'Agent ' || g % 50 END, 'question', g % 101, g % 100 = 0,
       timestamptz '2024-01-01 00:00Z' + g * interval '1 minute'
FROM generate_series(1, :n::bigint) AS g;

-- "quokka" is in ten questions at every size, "mortgage" in a tenth of all FAQs.
INSERT INTO fca.faqs (question, answer, category, keywords, is_active)
SELECT 'How do I ' || bench.word('{open,close,change,find,report,renew,cancel}', g) || ' my '
       || CASE WHEN g % (:faqs / 10) = 7 THEN 'quokka ' WHEN g % 20 = 3 THEN 'mortgage ' ELSE '' END
       || bench.name(g * 7919 % 8000) || ' '
       || bench.word('{card,account,loan,limit,address,statement}', g / 7) || '?',
       repeat('First you log in, then you choose what you need. ', 4), 'category ' || g % 50,
       bench.name(g * 104729 % 8000) || ', '
       || CASE WHEN g % 20 = 13 THEN 'mortgage' ELSE 'payment' END || ', service', true
FROM generate_series(1, :faqs::bigint) AS g;

SELECT indexdef FROM later \gexec
RESET session_replication_role;

INSERT INTO bench.facts
SELECT 'since', (timestamptz '2024-01-01 00:00Z' + :n * 0.25 * interval '1 minute')::text
UNION ALL SELECT 'until', (timestamptz '2024-01-01 00:00Z' + :n * 0.75 * interval '1 minute')::text
UNION ALL SELECT 'name', (SELECT last_name FROM fca.customers WHERE id = 17);

-- The same FAQs without trigram index.
CREATE TABLE bench.faqs_scan AS SELECT * FROM fca.faqs;
ALTER TABLE bench.faqs_scan ADD PRIMARY KEY (id);

-- The arguments of up to 20,000 calls in one statement.
CREATE TABLE bench.calls AS
SELECT g AS n, id, email, 1 + g * 7919 % :busy AS account_id, 1 + g * 7919 % (:few / 4) AS customer_id,
       ARRAY(SELECT 1 + (g + i) * 7919 % :few FROM generate_series(1, 10) AS i) AS ids,
       jsonb_build_object('customer_id', 1 + g * 7919 % (:few / 4)) AS filters,
       jsonb_build_object('email', email) AS one,
       '{"notes": "called back", "phone": "+44 1"}'::jsonb AS data,
       jsonb_build_object('email', email, 'phone', '+44 2') AS part,
       jsonb_build_object('email', email, 'phone', '+44 2', 'customer_id', 'CUST-new', 'first_name', 'A',
                          'last_name', 'B') AS whole
FROM generate_series(1::bigint, 20000) AS g,
     LATERAL (SELECT 1 + g * 7919 % :few AS id) AS k,
     LATERAL (SELECT 'customer' || k.id || '@example.com' AS email) AS e;

-- Rows to create in one call; a bad one has no role that there is.
CREATE TABLE bench.batches AS
SELECT name, jsonb_agg(jsonb_build_object('conversation_id', 1 + g % :busy,
         'role', CASE WHEN g % 100 = bad THEN 'nobody' ELSE 'agent' END,
         'content', 'Message ' || g || ' of many', 'intent', 'question')) AS rows
FROM (VALUES ('1000', 1000, NULL), ('10000', 10000, NULL), ('10000, 100 bad', 10000, 7))
       AS batch (name, size, bad),
     LATERAL generate_series(1, size) AS g
GROUP BY name;

VACUUM (FREEZE, ANALYZE);
