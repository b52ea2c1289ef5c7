-- A support desk to try fca_repo on: customers, their accounts and transactions, and what they wrote.
--
--   psql -v customers=10000 -f load.sql
--
-- comes after CREATE EXTENSION fca_repo and SELECT fca.create_tables(), and wants those tables empty.
-- The same number of customers always gives the same rows: everything is drawn from hashes of the
-- keys, and every time is counted from reference_time. The bank and everybody in it are invented.

\set ON_ERROR_STOP on
\set quiet_before :QUIET
\set QUIET on
\encoding UTF8
\if :{?customers}
\else
  \set customers 10000
\endif
\set reference_time '2026-06-30 17:00+00'

BEGIN;

-- Days and months are counted in UTC, whatever the session's time zone.
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;
SET LOCAL work_mem = '64MB';

DO $$
BEGIN
  IF EXISTS (SELECT FROM fca.customers) OR EXISTS (SELECT FROM fca.products)
    OR EXISTS (SELECT FROM fca.accounts) OR EXISTS (SELECT FROM fca.transactions)
    OR EXISTS (SELECT FROM fca.conversations) OR EXISTS (SELECT FROM fca.messages)
    OR EXISTS (SELECT FROM fca.faqs)
  THEN
    RAISE EXCEPTION 'the tables of schema fca hold rows already'
      USING HINT = 'Load the demo into a database of its own.';
  END IF;
END
$$;

-- The three ways to draw. The key says for which row, the salt for what: rows differ, and two draws
-- for one row have nothing to do with each other. A share is so fine that a time drawn by it has
-- microseconds, as every time that now() gives.
CREATE FUNCTION pg_temp.dice(key bigint, salt bigint, sides bigint) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT (hashint8extended(key, salt) & 9223372036854775807) % sides';

CREATE FUNCTION pg_temp.share(key bigint, salt bigint) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT pg_temp.dice(key, salt, 1000000000000)::double precision / 1000000000000';

CREATE FUNCTION pg_temp.pick(key bigint, salt bigint, VARIADIC list text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT list[1 + pg_temp.dice(key, salt, cardinality(list))::integer]';

-- People write and shop by day: the 24 hours of a day are squeezed into 15 of them, in the same order.
CREATE FUNCTION pg_temp.by_day(at timestamptz, first_hour double precision) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  AS 'SELECT at - (at - date_trunc(''day'', at)) * 0.375 + first_hour * INTERVAL ''1 hour''';

-- What one run of the night does has one time, in the small hours of that day: pages by time have ties.
CREATE FUNCTION pg_temp.nightly(at timestamptz) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  AS 'SELECT date_trunc(''day'', at) + INTERVAL ''1 hour''
    + INTERVAL ''4 hours'' * pg_temp.share(extract(epoch FROM date_trunc(''day'', at))::bigint, 70)';

-- Where a customer lives: the same town in the transactions and in the conversations.
CREATE FUNCTION pg_temp.town(customer_id bigint) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$SELECT pg_temp.pick(customer_id, 47, 'Leeds', 'Bristol', 'Cardiff', 'Glasgow', 'Norwich', 'Exeter', 'York', 'Derby',
    'Swansea', 'Belfast', 'Dundee', 'Lincoln', 'Croydon', 'Stockport', 'Aberystwyth', 'Brighton', 'Bath', 'Luton')$$;

\ir products.sql
\ir people.sql
\ir accounts.sql
\ir transactions.sql
\ir dialogues.sql
\ir conversations.sql
\ir faqs.sql
SELECT count(*) AS loaded FROM fca.faqs \gset
\echo '  faqs           ' :loaded

DROP FUNCTION pg_temp.town(bigint);
DROP FUNCTION pg_temp.nightly(timestamptz);
DROP FUNCTION pg_temp.by_day(timestamptz, double precision);
DROP FUNCTION pg_temp.pick(bigint, bigint, text[]);
DROP FUNCTION pg_temp.share(bigint, bigint);
DROP FUNCTION pg_temp.dice(bigint, bigint, bigint);

COMMIT;

ANALYZE;

\set QUIET :quiet_before
\unset quiet_before
