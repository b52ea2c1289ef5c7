-- Resources and models over foreign tables: here those of the same database, through a server.
\set before :DBNAME
SET client_min_messages = warning;
DROP DATABASE IF EXISTS fca_regress_foreign;
CREATE DATABASE fca_regress_foreign TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c fca_regress_foreign
SET client_min_messages = warning;
CREATE EXTENSION fca_repo;
CREATE EXTENSION postgres_fdw;
DO $$ BEGIN
	EXECUTE format('CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname %L, host %L, port %L,
		async_capable ''true'', use_remote_estimate ''true'')',
		current_database(), split_part(current_setting('unix_socket_directories'), ',', 1),
		current_setting('port'));
	EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user %L)', current_user);
END $$;
CREATE SCHEMA far;
CREATE TABLE far.talks (LIKE fca.conversation);
ALTER TABLE far.talks ADD PRIMARY KEY (id), ALTER status SET DEFAULT 'active';
INSERT INTO far.talks (id, customer_id, status, created_at, updated_at)
SELECT i, i % 3, (ARRAY['escalated', 'closed'])[1 + i % 2], '2026-01-01Z',
	CASE WHEN i % 10 > 0 THEN '2026-01-01Z'::timestamptz + i / 7 * interval '1 minute' END
FROM generate_series(1, 200) AS i;
ANALYZE far.talks;
IMPORT FOREIGN SCHEMA far LIMIT TO (talks) FROM SERVER far INTO fca;
ALTER FOREIGN TABLE fca.talks RENAME TO conversations;

-- Finders.
SELECT id, status FROM fca.find_escalated(3);
SELECT id, status FROM fca.find_escalated(3, '2026-01-01 00:01Z', 8);
SELECT id, updated_at IS NULL AS waits FROM fca.find_by_customer(1, 4);

-- Pages with NULLs, mixed directions and parts that could be read at the same time.
SELECT sort_by, (WITH RECURSIVE page AS (
		SELECT 0 AS n, ARRAY[]::bigint[] AS ids, NULL::jsonb AS last
		UNION ALL
		SELECT n + 1, ids || p.found, p.last
		FROM page, LATERAL (SELECT array_agg(c.id ORDER BY nth) AS found,
			(array_agg(to_jsonb(c) - 'nth' ORDER BY nth DESC))[1] AS last
			FROM fca.get_page(NULL::fca.conversation, '{}', sort_by, 17, page.last) WITH ORDINALITY AS c (id,
				customer_id, title, status, channel, summary, intent, sentiment, message_count, escalation_id,
				escalation_reason, priority, assigned_group, created_at, updated_at, nth)) AS p
		WHERE n < 20 AND p.found IS NOT NULL)
	SELECT ids FROM page ORDER BY n DESC LIMIT 1) = truth AS same
FROM (VALUES ('updated_at', ARRAY(SELECT id FROM far.talks ORDER BY updated_at, id)),
	('updated_at desc, id desc', ARRAY(SELECT id FROM far.talks ORDER BY updated_at DESC, id DESC)),
	('status, updated_at nulls first, id desc',
		ARRAY(SELECT id FROM far.talks ORDER BY status, updated_at NULLS FIRST, id DESC)))
	AS v (sort_by, truth);

-- Also where the server plans again by itself, since search_path or plan_cache_mode is another one: one part
-- is few rows, that are sorted here.
CREATE TABLE far.pair (id int PRIMARY KEY, a int);
INSERT INTO far.pair SELECT i, CASE WHEN i > 5 THEN i % 3 END FROM generate_series(1, 3000) AS i;
CREATE FOREIGN TABLE pair (id int NOT NULL, a int) SERVER far
	OPTIONS (schema_name 'far', table_name 'pair', use_remote_estimate 'false');
ANALYZE pair;
SELECT array_agg(id) AS ids, array_agg(a) AS as
FROM fca.get_page(NULL::pair, sort_by => 'a, id desc', max_rows => 8, after => '{"a": 1, "id": 20}');
SET search_path = far;
SELECT array_agg(id) AS ids, array_agg(a) AS as
FROM fca.get_page(NULL::public.pair, sort_by => 'a, id desc', max_rows => 8, after => '{"a": 1, "id": 20}');
SET plan_cache_mode = force_custom_plan;
SELECT array_agg(id) AS ids, array_agg(a) AS as
FROM fca.get_page(NULL::public.pair, sort_by => 'a, id desc', max_rows => 8, after => '{"a": 1, "id": 20}');
RESET plan_cache_mode;
RESET search_path;

-- The other server locks rows, but is not told to skip locked ones or not to wait for them.
SELECT fca.find_escalated_for_update(2);
SELECT fca.find_escalated_for_update(2);
SELECT fca.get_by_id_for_update(NULL::fca.conversation, 1, nowait => true);
SELECT id FROM fca.get_by_id_for_update(NULL::fca.conversation, 1);
BEGIN;
SELECT fca.open_finder('find_escalated_for_update');
ROLLBACK;
ALTER FOREIGN TABLE fca.conversations RENAME TO far_conversations;
CREATE VIEW fca.conversations AS TABLE fca.far_conversations;
SELECT fca.find_escalated_for_update(2);
DROP VIEW fca.conversations;
CREATE TABLE fca.conversations (LIKE fca.conversation) PARTITION BY RANGE (id);
CREATE TABLE fca.near_conversations PARTITION OF fca.conversations FOR VALUES FROM (1000) TO (2000);
INSERT INTO fca.conversations (id, status) VALUES (1000, 'escalated');
SELECT id FROM fca.find_escalated_for_update(2);
ALTER TABLE fca.conversations ATTACH PARTITION fca.far_conversations FOR VALUES FROM (0) TO (1000);
SELECT id FROM fca.find_escalated_for_update(2);
SELECT id FROM fca.find_escalated(2);
ALTER TABLE fca.conversations DETACH PARTITION fca.far_conversations;
DROP TABLE fca.conversations;
ALTER FOREIGN TABLE fca.far_conversations RENAME TO conversations;

-- A long list is sent to the other server, which may have an index.
SELECT fca.count(NULL::fca.conversation,
	(SELECT jsonb_build_object('id', jsonb_agg(i)) FROM generate_series(150, 250) AS i));

-- The base repository.
SELECT id, status FROM fca.create(NULL::fca.conversation,
	'{"id": 500, "customer_id": 7, "status": "active"}');
SELECT id, status FROM fca.update(NULL::fca.conversation, 500, '{"status": "closed"}');
SELECT id, status FROM fca.get_many(NULL::fca.conversation, ARRAY[500, 1]);
SELECT fca.count(NULL::fca.conversation, '{"customer_id": 7}'), fca.delete(NULL::fca.conversation, 500),
	fca.exists(NULL::fca.conversation, 500);

\c :before
DROP DATABASE fca_regress_foreign;
