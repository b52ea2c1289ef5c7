-- Rows locked for their caller, as one session sees it.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- The longest waiting first, as find_escalated() has them.
SELECT ARRAY(SELECT id FROM fca.find_escalated(NULL)) AS escalated;
SELECT max_rows, ARRAY(SELECT id FROM fca.find_escalated_for_update(max_rows)) AS claimed
FROM unnest(ARRAY[0, 1, 2, 100, NULL]) AS max_rows;
SELECT c = e AS same
FROM fca.find_escalated_for_update() AS c, fca.find_escalated(1) AS e;
SELECT * FROM test.fails('SELECT * FROM fca.find_escalated_for_update(-1)');

-- A queue is worked off: each once, in order.
BEGIN;
CREATE TEMP TABLE worked (place serial, id bigint);
DO $$
DECLARE
	claimed bigint;
BEGIN
	LOOP
		SELECT id INTO claimed FROM fca.find_escalated_for_update();
		EXIT WHEN claimed IS NULL;
		PERFORM * FROM fca.update(NULL::fca.conversation, claimed, '{"status": "resolved"}');
		INSERT INTO worked (id) VALUES (claimed);
	END LOOP;
END $$;
SELECT array_agg(id ORDER BY place) AS worked FROM worked;
SELECT count(*) FROM fca.find_escalated();
ROLLBACK;
SELECT count(*) FROM fca.find_escalated();

-- A session that ends in the middle loses none.
BEGIN;
SELECT id FROM fca.find_escalated_for_update(2);
SELECT id, status FROM fca.update(NULL::fca.conversation, 1, '{"status": "resolved"}');
SELECT pg_backend_pid() AS gone \gset
\c -
SELECT set_config('test.gone', :'gone', false) IS NOT NULL AS reconnected;
DO $$ BEGIN
	FOR i IN 1..6000 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_get_activity(current_setting('test.gone')::integer));
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
SELECT id, status FROM fca.find_escalated_for_update(2);

-- By key: the row, or none; keys of any type.
CREATE SCHEMA locks;
SELECT id, first_name FROM fca.get_by_id_for_update(NULL::fca.customer, 2);
SELECT id, first_name FROM fca.get_by_id_for_update(NULL::fca.customer, 2, nowait => true);
SELECT id, first_name FROM fca.get_by_id_for_update(NULL::fca.customer, 2, nowait => NULL);
SELECT count(*) FROM fca.get_by_id_for_update(NULL::fca.customer, 99);
SELECT count(*) FROM fca.get_by_id_for_update(NULL::fca.customer, NULL, true);
CREATE TABLE locks.doc (code text PRIMARY KEY, n integer);
CREATE TABLE locks.thing (id uuid, n integer);
CREATE TABLE locks.keyless (n integer);
INSERT INTO locks.doc VALUES ('a''b', 1);
INSERT INTO locks.thing VALUES ('00000000-0000-0000-0000-000000000001', 1),
	('00000000-0000-0000-0000-000000000002', 2), ('00000000-0000-0000-0000-000000000002', 3);
SELECT * FROM fca.get_by_id_for_update(NULL::locks.doc, 'a''b'::text);
SELECT * FROM fca.get_by_id_for_update(NULL::locks.thing, '00000000-0000-0000-0000-000000000001'::uuid);
SELECT state, message, hint FROM test.fails(
	$$SELECT * FROM fca.get_by_id_for_update(NULL::locks.keyless, 1)$$);
SELECT state FROM test.fails($$SELECT * FROM fca.get_by_id_for_update(NULL::locks.thing,
	'00000000-0000-0000-0000-000000000002'::uuid)$$);

-- The lock is what FOR UPDATE takes; a read takes none.
BEGIN;
SELECT id FROM fca.get_by_id(NULL::fca.customer, 1);
SELECT count(*) AS locks FROM pg_locks
WHERE relation = 'fca.customers'::regclass AND pid = pg_backend_pid() AND mode = 'RowShareLock';
SELECT id FROM fca.get_by_id_for_update(NULL::fca.customer, 1);
SELECT count(*) AS locks FROM pg_locks
WHERE relation = 'fca.customers'::regclass AND pid = pg_backend_pid() AND mode = 'RowShareLock';
COMMIT;

-- Through a view, the table's row is locked.
CREATE VIEW locks.docs AS SELECT code AS id, n FROM locks.doc;
BEGIN;
SELECT * FROM fca.get_by_id_for_update(NULL::locks.docs, 'a''b'::text);
SELECT mode FROM pg_locks
WHERE relation = 'locks.doc'::regclass AND pid = pg_backend_pid() AND mode LIKE 'RowShare%';
COMMIT;

-- Who may not change a row may not lock it; nor does a read-only transaction.
CREATE ROLE regress_fca_reader;
GRANT USAGE ON SCHEMA fca, locks, test TO regress_fca_reader;
GRANT SELECT ON fca.conversations, locks.doc TO regress_fca_reader;
SET ROLE regress_fca_reader;
SELECT code FROM fca.get_by_id(NULL::locks.doc, 'a''b'::text);
SELECT state, message FROM test.fails($$SELECT * FROM fca.get_by_id_for_update(NULL::locks.doc, 'a'::text)$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.find_escalated_for_update()$$);
RESET ROLE;
BEGIN READ ONLY;
SELECT state FROM test.fails($$SELECT * FROM fca.get_by_id_for_update(NULL::locks.doc, 'a'::text)$$);
SELECT state FROM test.fails($$SELECT * FROM fca.find_escalated_for_update()$$);
ROLLBACK;

-- No row is locked where none is wanted.
BEGIN;
SELECT count(*) FROM fca.find_escalated_for_update(0);
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_locked;
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA locks CASCADE;
DROP OWNED BY regress_fca_reader;
DROP ROLE regress_fca_reader;
