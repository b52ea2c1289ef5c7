-- A parallel worker answers for a policy, a view or a foreign table otherwise than
-- the session does: no finder runs in one, unless it is altered to.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE TABLE test.keys (id bigint, email text, PRIMARY KEY (id));
INSERT INTO test.keys SELECT i, 'c' || i || '@example.com' FROM generate_series(1, 20000) AS i;
ANALYZE test.keys;
CREATE ROLE regress_fca_worker;
GRANT USAGE ON SCHEMA fca, test TO regress_fca_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA fca, test TO regress_fca_worker;

-- Who calls what reads a relation is the session itself; a worker may only check arguments.
SELECT p.proname AS differs FROM pg_proc AS p
WHERE p.pronamespace = 'fca'::regnamespace AND p.proname <> 'checked_max_rows'
AND p.proparallel <> CASE p.provolatile WHEN 's' THEN 'r' ELSE 'u' END;

-- A policy that lets the session see its rows, and one that hides some from it.
CREATE FUNCTION test.session_pid() RETURNS integer LANGUAGE sql PARALLEL SAFE AS
	$$SELECT current_setting('test.pid')::integer$$;
SELECT set_config('test.pid', pg_backend_pid()::text, false) <> '' AS set;
ALTER TABLE fca.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON fca.accounts FOR SELECT
	USING (CASE WHEN pg_backend_pid() = test.session_pid() THEN customer_id < 3 ELSE customer_id >= 3 END);
SET ROLE regress_fca_worker;
SELECT count(*), min(a.customer_id), max(a.customer_id) FROM test.keys AS k
	JOIN fca.accounts AS a ON a.customer_id = k.id;
SELECT count(*), min(a.customer_id), max(a.customer_id) FROM test.keys AS k,
	LATERAL fca.list_by_customer(k.id) AS a;
RESET ROLE;

-- Who declares a finder PARALLEL SAFE again gets an error, and no row of a worker's.
ALTER FUNCTION fca.list_by_customer(bigint) PARALLEL SAFE;
ALTER FUNCTION fca.find_by_email(text) PARALLEL SAFE;
EXPLAIN (COSTS OFF) SELECT count(*) FROM test.keys AS k, LATERAL fca.list_by_customer(k.id) AS a;
SET ROLE regress_fca_worker;
SET parallel_leader_participation = off;
SELECT * FROM test.fails('SELECT count(*) FROM test.keys AS k, LATERAL fca.list_by_customer(k.id) AS a');
-- without a policy it runs there
SELECT count(*) FROM test.keys AS k, LATERAL fca.find_by_email(k.email) AS c;
RESET ROLE;
-- the superuser, whom no policy concerns
SELECT count(*), count(DISTINCT a.id) FROM test.keys AS k, LATERAL fca.list_by_customer(k.id) AS a;
-- a role that a worker takes on within the call
CREATE FUNCTION test.of_worker(id bigint) RETURNS SETOF fca.account
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	AS $$BEGIN RETURN QUERY SELECT * FROM fca.list_by_customer(id); END$$;
ALTER FUNCTION test.of_worker(bigint) OWNER TO regress_fca_worker;
SELECT state
FROM test.fails('SELECT count(*) FROM test.keys AS k, LATERAL fca.list_by_customer(k.id) AS a,
	LATERAL test.of_worker(k.id) AS b');

-- A view with a function that is not parallel safe, whose owner may see all.
ALTER TABLE fca.customers RENAME TO customer_rows;
CREATE VIEW fca.customers AS SELECT * FROM fca.customer_rows WHERE pg_backend_pid() = test.session_pid();
SELECT state, message
FROM test.fails('SELECT count(*) FROM test.keys AS k, LATERAL fca.find_by_email(k.email) AS c');
ALTER FUNCTION fca.find_by_email(text) PARALLEL RESTRICTED;
SELECT count(*) FROM test.keys AS k, LATERAL fca.find_by_email(k.email) AS c;

ALTER FUNCTION fca.list_by_customer(bigint) PARALLEL RESTRICTED;
DROP VIEW fca.customers;
ALTER TABLE fca.customer_rows RENAME TO customers;
DROP POLICY mine ON fca.accounts;
ALTER TABLE fca.accounts DISABLE ROW LEVEL SECURITY;
DROP OWNED BY regress_fca_worker;
DROP ROLE regress_fca_worker;
DROP TABLE test.keys;
DROP FUNCTION test.session_pid();
