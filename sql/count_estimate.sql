-- The planner's estimate for a filter's own query: as EXPLAIN shows it, for who asks, without a scan.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA count_estimate;
SET search_path = count_estimate, public;
CREATE TABLE t (id int PRIMARY KEY, kind text, owner name, at int);
INSERT INTO t SELECT i, CASE WHEN i % 100 = 0 THEN 'rare' ELSE 'common' END, CASE WHEN i % 10 = 0
	THEN 'regress_fca_estimate' ELSE 'other' END, nullif(i, 7) FROM generate_series(1, 5000) AS i;
ANALYZE t;
CREATE FUNCTION explained(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;

-- The very values count, call by call: a frequent one, a rare one, a range, none.
SELECT filters, fca.count_estimate(NULL::t, filters::jsonb)
	= explained('SELECT * FROM count_estimate.t WHERE ' || condition) AS same
FROM (VALUES ('{}', 'true'), ('{"kind": "common"}', 'kind = ''common'''),
	('{"kind": "rare"}', 'kind = ''rare'''),
	('{"kind": "common", "at": {"lt": 1000}}', 'kind = ''common'' AND at < 1000'),
	('{"at": {"gte": 10, "lt": 20}}', 'at >= 10 AND at < 20'), ('{"at": {"gte": 1000}}', 'at >= 1000'),
	('{"at": [1, 2, 3]}', 'at = ANY (''{1,2,3}'')'), ('{"at": null}', 'at IS NULL'),
	('{"any_of": [{"kind": "rare"}, {"at": {"lt": 100}}]}', 'kind = ''rare'' OR at < 100'),
	('{"any_of": []}', 'false'), ('{"all_of": []}', 'true')) AS v (filters, condition);
SELECT fca.count_estimate(NULL::t) AS whole,
	fca.count_estimate(NULL::t, '{"kind": "common"}') BETWEEN 4000 AND 5000 AS common,
	fca.count_estimate(NULL::t, '{"kind": "rare"}') BETWEEN 20 AND 100 AS rare,
	fca.count_estimate(NULL::t, '{"any_of": []}') AS none,
	fca.count_estimate(NULL::t, '{"at": {"gt": 99999}}') < 10 AS beyond,
	pg_typeof(fca.count_estimate(NULL::t));

-- It is of the statistics, not of the rows; a view, a partitioned table, a table just filled, a resource.
BEGIN;
DELETE FROM t;
SELECT fca.count(NULL::t), fca.count_estimate(NULL::t, '{"kind": "rare"}') > 0 AS estimate;
ROLLBACK;
CREATE VIEW seen AS SELECT * FROM t WHERE kind = 'rare';
CREATE TABLE parted (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
CREATE TABLE parted_b PARTITION OF parted FOR VALUES IN ('b');
INSERT INTO parted SELECT i, CASE WHEN i % 4 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 400) AS i;
ANALYZE parted;
SELECT fca.count_estimate(NULL::seen) = explained('SELECT * FROM count_estimate.seen') AS view,
	fca.count_estimate(NULL::parted) AS whole, fca.count_estimate(NULL::parted, '{"kind": "a"}') AS part,
	fca.count_estimate(NULL::fca.customer, '{"is_vip": true}')
	= explained('SELECT * FROM fca.customers WHERE is_vip') AS resource;
INSERT INTO t SELECT i, 'common', 'other', i FROM generate_series(5001, 9000) AS i;
ANALYZE t;
SELECT fca.count_estimate(NULL::t) AS anew;

-- No row is read: a row that cannot be read makes no error, and no scan is counted.
CREATE FUNCTION scans() RETURNS bigint LANGUAGE sql AS
	$$SELECT sum(pg_stat_get_xact_numscans(c.oid)) FROM pg_class AS c
WHERE relnamespace = 'count_estimate'::regnamespace AND relkind IN ('r', 'i')$$;
BEGIN;
SELECT scans() AS before \gset
SELECT fca.count_estimate(NULL::t), fca.count_estimate(NULL::t, '{"id": 5}'),
	fca.count_estimate(NULL::t, '{"kind": {"contains": "are"}}') > 0 AS contains;
SELECT scans() - :before AS scans, fca.count(NULL::t), scans() - :before AS after_count;
COMMIT;
CREATE VIEW broken AS SELECT 1 / (id - id) AS id FROM t;
SELECT fca.count_estimate(NULL::broken, '{"id": 1}') > 0 AS unread;
SELECT state FROM test.fails('SELECT fca.count(NULL::count_estimate.broken, ''{"id": 1}'')');

-- Of the caller's rows: policies count, and so does the privilege, call by call.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_fca_estimate;
RESET client_min_messages;
CREATE ROLE regress_fca_estimate;
GRANT USAGE ON SCHEMA count_estimate, test, fca TO regress_fca_estimate;
GRANT SELECT ON t TO regress_fca_estimate;
CREATE POLICY own ON t TO regress_fca_estimate USING (owner = current_user);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
SELECT fca.count_estimate(NULL::t) AS owner;
SET ROLE regress_fca_estimate;
SELECT fca.count_estimate(NULL::t) < 3000 AS fewer,
	fca.count_estimate(NULL::t) = explained('SELECT * FROM count_estimate.t') AS same,
	fca.count_estimate(NULL::t, '{"kind": "rare"}')
	= explained('SELECT * FROM count_estimate.t WHERE kind = ''rare''') AS same_rare;
RESET ROLE;
SELECT fca.count_estimate(NULL::t) AS owner;
REVOKE SELECT ON t FROM regress_fca_estimate;
SET ROLE regress_fca_estimate;
SELECT state, message FROM test.fails('SELECT fca.count_estimate(NULL::count_estimate.t)');
SELECT state, message
FROM test.fails('SELECT fca.count_estimate(NULL::count_estimate.t, ''{"any_of": []}'')');
SELECT state, message FROM test.fails('SELECT fca.count_estimate(NULL::count_estimate.seen)');
RESET ROLE;
GRANT SELECT (id) ON t TO regress_fca_estimate;
SET ROLE regress_fca_estimate;
SELECT filters, state FROM unnest(ARRAY['{"id": 1}', '{"kind": "rare"}']) AS filters,
	test.fails(format('SELECT fca.count_estimate(NULL::count_estimate.t, %L)', filters));
RESET ROLE;

-- Wrong filters.
SELECT filters, state, message FROM unnest(ARRAY['{"x": 1}', '{"at": {"gt": "a"}}', '[]', NULL]) AS filters,
	test.fails(format('SELECT fca.count_estimate(NULL::count_estimate.t, %L)', filters));

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA count_estimate CASCADE;
REVOKE ALL ON SCHEMA test, fca FROM regress_fca_estimate;
DROP ROLE regress_fca_estimate;
