-- Calls that one query repeats share one executor, from the second on.
-- (An argument that is computed keeps the call where it could be planned as its query.)
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA rep;
CREATE TABLE rep.keys (i bigint, key bigint);
INSERT INTO rep.keys VALUES (1, 3), (2, 1), (3, NULL), (4, -1), (5, 3), (6, 2), (7, 1);
SET enable_sort = off;

-- The executors that the query has kept when a row is made.
CREATE FUNCTION rep.kept(anyelement) RETURNS bigint VOLATILE LANGUAGE sql AS
	$$SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'fca_repo repeated call'$$;
SELECT i, a.id, a.account_number, rep.kept(i) FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;
SELECT i, c.id, rep.kept(i) FROM rep.keys LEFT JOIN
	LATERAL fca.get_by_id(NULL::fca.customer, key + 0) AS c ON true;
SELECT rep.kept(1) AS afterwards;

-- Several in one query, in a subquery, in the list of a SELECT, under limits.
SELECT i, a.id, c.id, (SELECT count(*) FROM fca.get_by_filters(NULL::fca.conversation,
	jsonb_build_object('customer_id', a.customer_id))) AS conversations, rep.kept(i)
FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a,
LATERAL fca.get_by_id(NULL::fca.customer, a.customer_id + 0) AS c LIMIT 6;
SELECT i, (fca.list_by_customer(key + 0)).id, rep.kept(i) FROM rep.keys LIMIT 5;
SELECT i, max_rows, ARRAY(SELECT id FROM fca.find_recent_transactions(1, max_rows + 0)) AS ids,
	rep.kept(i) FROM (VALUES (1, 1), (2, 2), (3, 0), (4, 3), (5, 2)) AS v (i, max_rows);

-- A sort is made anew for each call.
SET enable_sort = on;
SET enable_indexscan = off;
SELECT i, ids, ids = ARRAY(SELECT id FROM fca.transactions WHERE account_id = 1 + i % 3
	ORDER BY amount DESC, id LIMIT i % 5) AS same, kept
FROM generate_series(1, 7) AS i, LATERAL (
	SELECT array_agg(t.id) AS ids, rep.kept(i) AS kept
	FROM fca.get_by_filters(NULL::fca.transaction, jsonb_build_object('account_id', 1 + i % 3),
		0, i % 5, 'amount desc') AS t) AS found;
RESET enable_indexscan;

-- Other texts in between: then none is kept.
SELECT i, max_rows, (SELECT count(*) FROM fca.find_recent_transactions(1, max_rows + 0)),
	rep.kept(i) FROM (VALUES (1, 1), (2, 2), (3, 11), (4, 101), (5, NULL), (6, 1)) AS v (i, max_rows);

-- An error in a later call, also where the next query catches it.
SELECT state, message
FROM test.fails('SELECT a.id FROM (VALUES (1), (2), (-1)) AS v (n),
	LATERAL fca.find_recent_transactions(1, n + 0) AS a');
CREATE VIEW rep.half AS SELECT id, 100 / (id - 3) AS quotient FROM rep.keys AS k (id);
CREATE FUNCTION rep.tolerant() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE n int;
BEGIN
	FOR n IN 1..3 LOOP
		BEGIN
			RETURN QUERY SELECT h.id || ' ' || h.quotient
			FROM unnest(ARRAY[4, 6, CASE n WHEN 2 THEN 3 ELSE 7 END]) AS g,
				LATERAL fca.get_by_id(NULL::rep.half, g) AS h;
		EXCEPTION WHEN division_by_zero THEN
			RETURN NEXT 'division by zero';
		END;
	END LOOP;
END $$;
SELECT * FROM rep.tolerant();
SELECT rep.kept(1) AS afterwards;

-- A cursor: what it has kept goes with it, however it ends.
BEGIN;
DECLARE c CURSOR FOR SELECT i, a.id FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;
FETCH 4 FROM c;
SELECT rep.kept(1);
SAVEPOINT s;
FETCH 1 FROM c;
DECLARE d CURSOR FOR SELECT i, a.id FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;
FETCH 4 FROM d;
SELECT rep.kept(1);
ROLLBACK TO s;
SELECT rep.kept(1);
FETCH ALL FROM c;
CLOSE c;
SELECT rep.kept(1);
DECLARE e CURSOR WITH HOLD FOR SELECT i, a.id FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;
FETCH 4 FROM e;
DECLARE f CURSOR FOR SELECT i, a.id FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;
FETCH 4 FROM f;
SELECT rep.kept(1);
COMMIT;
SELECT rep.kept(1);
FETCH ALL FROM e;
CLOSE e;
BEGIN;
DECLARE g CURSOR FOR SELECT i, a.id FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;
FETCH 4 FROM g;
ROLLBACK;
SELECT rep.kept(1);

-- The relation is in use while the query is, as that of a join is; then it may change.
BEGIN;
DECLARE c CURSOR FOR SELECT i, a.id FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;
FETCH 4 FROM c;
SELECT state, message FROM test.fails('ALTER TABLE fca.accounts ADD COLUMN more int');
FETCH 1 FROM c;
CLOSE c;
ALTER TABLE fca.accounts ADD COLUMN more int;
SELECT i, a.id FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a WHERE i = 1;
ROLLBACK;

-- A query sees what it saw when it began; the next one sees the rest.
CREATE FUNCTION rep.hire(n bigint) RETURNS bigint LANGUAGE sql VOLATILE AS
	$$INSERT INTO fca.accounts (account_number, customer_id) VALUES ('N-' || n, 1) RETURNING 1$$;
BEGIN;
SELECT i, rep.hire(i), count(a.id) FROM rep.keys, LATERAL fca.list_by_customer(rep.hire(i + 10)) AS a
GROUP BY i ORDER BY i;
SELECT count(*) FROM fca.list_by_customer(1);
ROLLBACK;

-- Another role in the middle of a query sees its own rows.
CREATE ROLE regress_rep;
GRANT USAGE ON SCHEMA fca, rep TO regress_rep;
GRANT SELECT ON fca.accounts TO regress_rep;
ALTER TABLE fca.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON fca.accounts FOR SELECT TO regress_rep USING (id % 2 = 1);
BEGIN;
SELECT i, a.n, set_config('role', CASE WHEN i = 4 THEN 'regress_rep' ELSE current_user END, true) AS role
FROM rep.keys, LATERAL (SELECT count(*) AS n
	FROM fca.list_accounts_by_status(CASE WHEN i > 0 THEN 'active' END)) AS a;
ROLLBACK;
ALTER TABLE fca.accounts DISABLE ROW LEVEL SECURITY;

-- Where each call has a plan of its own, or the plan is none that can be repeated.
SET plan_cache_mode = force_custom_plan;
SELECT i, a.id, rep.kept(i) FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a WHERE i > 5;
RESET plan_cache_mode;
CREATE TABLE rep.parts (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE rep.part1 PARTITION OF rep.parts FOR VALUES FROM (0) TO (4);
CREATE TABLE rep.part2 PARTITION OF rep.parts FOR VALUES FROM (4) TO (8);
INSERT INTO rep.parts SELECT g, 'part ' || g FROM generate_series(0, 7) AS g;
SELECT p.*, rep.kept(i) FROM rep.keys, LATERAL fca.get_by_id(NULL::rep.parts, i::int) AS p;
SELECT i, count(*), rep.kept(i) FROM rep.keys,
	LATERAL fca.find_by_emails(ARRAY['c' || i || '@example.com']) AS c GROUP BY i ORDER BY i;

-- Hooks look at an executor when it ends, auto_explain of 16 and newer at its values too: those of calls that
-- are over are not there.
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SELECT i, c.id, rep.kept(i) FROM rep.keys,
	LATERAL fca.get_by_filters(NULL::fca.customer,
		jsonb_build_object('email', jsonb_build_object('in', jsonb_build_array('c' || i || '@example.com'))))
	AS c;
SELECT i, a.n, set_config('role', CASE WHEN i = 4 THEN 'regress_rep' ELSE 'none' END, true) AS role
FROM rep.keys, LATERAL (SELECT count(*) AS n
	FROM fca.list_accounts_by_status(left('active', 5 + i::int))) AS a;
BEGIN;
DECLARE c CURSOR FOR SELECT i, c.id FROM rep.keys,
	LATERAL fca.get_by_filters(NULL::fca.customer,
		jsonb_build_object('email', 'c' || i || '@example.com')) AS c;
FETCH 3 FROM c;
SELECT rep.kept(1);
CLOSE c;
DECLARE d CURSOR FOR SELECT i, c.id FROM rep.keys,
	LATERAL fca.get_by_filters(NULL::fca.customer,
		jsonb_build_object('email', 'c' || i || '@example.com')) AS c;
FETCH 3 FROM d;
ROLLBACK;
CREATE VIEW rep.named AS SELECT 'n' || id AS id, 100 / (id - 3) AS quotient FROM rep.keys AS k (id);
SELECT state, message FROM test.fails($$SELECT n, v.quotient FROM unnest(ARRAY['n4', 'n6', 'n3']) AS n,
	LATERAL fca.get_by_id(NULL::rep.named, n) AS v$$);
SET auto_explain.log_min_duration = -1;
SELECT rep.kept(1) AS afterwards;

-- No executor is left, and the next calls are as ever.
SELECT rep.kept(1) AS afterwards;
SELECT count(*) FROM rep.keys, LATERAL fca.list_by_customer(key + 0) AS a;

-- What is opened within a savepoint goes with it: no executor starts there that a query from before would
-- end.
CREATE TABLE rep.items (id int PRIMARY KEY, a int, n int);
INSERT INTO rep.items SELECT i, i, i % 10 FROM generate_series(1, 1000) AS i;
ANALYZE rep.items;
SET enable_seqscan = off;
BEGIN;
DECLARE c CURSOR FOR SELECT r.n FROM generate_series(1, 20) AS g,
	LATERAL fca.get_by_filters(NULL::rep.items, jsonb_build_object('n', g % 10), 0, 1) AS r;
FETCH 1 FROM c;
SAVEPOINT s;
CREATE INDEX by_n ON rep.items (n, id);
FETCH 2 FROM c;
ROLLBACK TO s;
FETCH 2 FROM c;
COMMIT;
RESET enable_seqscan;

SET client_min_messages = warning;
DROP SCHEMA rep CASCADE;
DROP POLICY odd ON fca.accounts;
REVOKE ALL ON fca.accounts FROM regress_rep;
REVOKE ALL ON SCHEMA fca FROM regress_rep;
DROP ROLE regress_rep;
