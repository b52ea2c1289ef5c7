-- What the planner knows of a call: its rows, by the limit, the keys and the statistics.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
-- what it knows of a call that stays one
SET fca_repo.enable_inlining = off;

-- How many rows the planner expects from the call of a function.
CREATE FUNCTION pg_temp.expected(call text, schema text DEFAULT 'fca') RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) SELECT * FROM ' || schema || '.' || call INTO plan;
	RETURN plan->0->'Plan'->>'Plan Rows';
END $$;

SELECT call, pg_temp.expected(call) AS rows FROM unnest(ARRAY[
	-- a unique key
	$$find_by_email('x')$$, $$get_by_id(NULL::fca.customer, 5)$$,
	-- a limit, against 60 messages of which half are one conversation's
	'find_by_conversation(1)', 'find_by_conversation(1, 7)', 'find_by_conversation(1, NULL)',
	'find_by_conversation(1, 0)', 'find_by_conversation((SELECT 1), (SELECT 7))',
	-- no limit, by the average customer
	'list_by_customer(1)',
	-- many keys
	'find_by_emails(''{a,b,c}'')', 'find_by_emails(''{}'')', 'find_by_emails(NULL)',
		'list_by_customers(''{1,2,3}'')',
	'find_recent_messages_of(''{1,2}'', 5)', 'find_by_emails(ARRAY(SELECT ''x''::text))',
	-- a search: as declared, or the limit
	'search_by_keyword(''card'')', 'search_by_keyword(''card'', 3)',
	-- the base repository
	'get_all(NULL::fca.message, 0, 12)', 'get_all(NULL::fca.message)',
		'get_page(NULL::fca.message, max_rows => 3)',
	'get_many(NULL::fca.message, ''{1,2,3,4}''::int[])',
	'get_children(NULL::fca.message, ''conversation_id'', ''{1,2}''::int[], 4)']) WITH ORDINALITY
	AS u (call, n) ORDER BY n;

-- A join over a page looks its rows up; over all rows it does not.
CREATE TABLE public.planner_support AS SELECT i AS id, repeat('x', 50) AS note
FROM generate_series(1, 20000) AS i;
CREATE INDEX ON public.planner_support (id);
ANALYZE public.planner_support;
EXPLAIN (COSTS off) SELECT * FROM fca.find_recent_transactions(1, 5) AS t JOIN public.planner_support AS s
	USING (id);
EXPLAIN (COSTS off) SELECT * FROM fca.get_all(NULL::fca.transaction, max_rows => 100000) AS t
	JOIN public.planner_support AS s USING (id);

-- The planner asks before the call compares its signature: a function of another script may have any
-- arguments.
SELECT probin AS module FROM pg_proc WHERE oid = 'fca.find_escalated'::regproc \gset
CREATE FUNCTION public.other(a bigint) RETURNS SETOF fca.transaction
AS :'module', 'fca_find_by_references' LANGUAGE c STABLE ROWS 7 SUPPORT fca.planner_support;
CREATE FUNCTION public.another(a text, max_rows text) RETURNS SETOF fca.message
AS :'module', 'fca_find_by_conversation' LANGUAGE c STABLE ROWS 7 SUPPORT fca.planner_support;
EXPLAIN (COSTS off) SELECT * FROM public.other(5);
SELECT * FROM public.other(5);
SELECT pg_temp.expected('another(''1'', ''9'')', 'public');
SELECT * FROM public.another('1', '9');
DROP FUNCTION public.other, public.another;

-- Without the relation, what is declared is expected.
BEGIN;
DROP TABLE fca.messages;
SELECT pg_temp.expected('find_by_conversation(1)');
ROLLBACK;
DROP TABLE public.planner_support;
