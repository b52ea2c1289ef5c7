-- Kept plans under calls within calls, and under changes of types.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
CREATE SCHEMA plans;

-- A default that evicts every kept plan that is not in hand, by more than 1 MB of others, and discards those
-- that are.
SET fca_repo.plan_cache_size = '1MB';
DO $$ BEGIN
	EXECUTE (SELECT format('CREATE TABLE plans.wide (id int PRIMARY KEY, %s)',
		string_agg(format('c%s int', i), ', ')) FROM generate_series(1, 100) AS i);
END $$;
CREATE FUNCTION plans.evict() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..63 LOOP
		PERFORM fca.get_by_filters(NULL::plans.wide,
			(SELECT jsonb_object_agg('c' || b, 1) FROM generate_series(1, 6) AS b
				WHERE i & (1 << b - 1) > 0));
	END LOOP;
	EXECUTE 'DISCARD PLANS';
	RETURN 7;
END $$;
CREATE TABLE plans.busy (id int PRIMARY KEY, a int DEFAULT plans.evict(), b int);
SELECT * FROM fca.create_many(NULL::plans.busy, '[{"id": 1, "a": 5}, {"id": 2}, {"id": 3}]');
SELECT * FROM fca.create_many(NULL::plans.busy, '[{"id": 4, "a": 5}, {"id": 5}]');
SELECT ordinal, created, id FROM fca.create_many_report(NULL::plans.busy,
	'[{"id": 6, "a": 5}, {"id": 7}, {"id": 7}]');

-- The same under a trigger, in all that writes.
CREATE FUNCTION plans.evict_row() RETURNS trigger LANGUAGE plpgsql
	AS 'BEGIN PERFORM plans.evict(); RETURN coalesce(NEW, OLD); END';
CREATE TRIGGER evict BEFORE INSERT OR UPDATE OR DELETE ON plans.busy FOR EACH ROW
	EXECUTE FUNCTION plans.evict_row();
SELECT * FROM fca.update(NULL::plans.busy, 1, '{"b": 1}');
SELECT * FROM fca.upsert_many(NULL::plans.busy, '[{"id": 1, "b": 2}, {"id": 8, "a": 1}, {"id": 8, "b": 3}]');
SELECT fca.update_many(NULL::plans.busy, '{"a": 7}', '{"b": 4}'), fca.delete(NULL::plans.busy, 1),
	fca.delete_many(NULL::plans.busy, '{"id": [2, 3]}');

-- An error in the middle leaves nothing held: the same calls go on.
ALTER TABLE plans.busy ADD CHECK (b < 100);
SELECT state FROM generate_series(1, 3) AS i,
	test.fails('SELECT fca.update(NULL::plans.busy, 8, ''{"b": 100}'')');
SELECT * FROM fca.update(NULL::plans.busy, 8, '{"b": 99}');

-- The room for plans is the DBA's to say, within bounds.
SELECT setting, unit, min_val, context FROM pg_settings WHERE name = 'fca_repo.plan_cache_size';
\set VERBOSITY sqlstate
SET fca_repo.plan_cache_size = '1023kB';
\set VERBOSITY default
SET fca_repo.plan_cache = '1MB';
CREATE ROLE regress_fca_planner;
SET ROLE regress_fca_planner;
SET fca_repo.plan_cache_size = '2MB';
RESET ROLE;
DROP ROLE regress_fca_planner;

SET client_min_messages = warning;
DROP SCHEMA plans CASCADE;
