-- What all finders share: what the catalog says of them, limits, pages, NULL keys.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

CREATE TEMP VIEW finder AS
SELECT p.*
FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_type AS t ON t.oid = p.prorettype
WHERE p.pronamespace = 'fca'::regnamespace AND t.typtype = 'c'
	AND p.proname <> 'find_escalated_for_update'; -- which writes: it locks

-- The signatures.
\pset format unaligned
SELECT format('%s(%s)', proname, replace(pg_get_function_arguments(oid), 'timestamp with time zone', 'timestamptz')) AS finder,
	pg_get_function_result(oid) AS result, prorows AS rows
FROM finder ORDER BY proname COLLATE "C";
\pset format aligned

-- None of them is otherwise than this; none is overloaded.
SELECT proname AS differs FROM finder
WHERE NOT (proretset AND provolatile = 's' AND proparallel = 'r' AND NOT prosecdef AND proconfig IS NULL
	AND cardinality(proargnames) = pronargs AND '' <> ALL (proargnames)
	AND length(obj_description(oid, 'pg_proc')) > 10
	AND (SELECT count(*) FROM pg_proc AS o WHERE o.pronamespace = 'fca'::regnamespace AND o.proname = finder.proname) = 1);

-- ROWS 1 is promised for unique keys, and for nothing else.
SELECT proname FROM finder WHERE prorows = 1 ORDER BY proname COLLATE "C";

-- How each list is called, and in plain SQL which rows it gives in which order.
CREATE TEMP TABLE list (name name, keys text[], source text);
INSERT INTO list VALUES
	('find_vip_customers', '{}', 'fca.customers WHERE is_vip ORDER BY created_at DESC, id DESC'),
	('get_vip_customers', '{}', 'fca.customers WHERE is_vip ORDER BY created_at DESC, id DESC'),
	('find_active_customers', '{}', 'fca.customers WHERE is_active ORDER BY created_at DESC, id DESC'),
	('search_by_name', '{''smith''}', $$fca.customers WHERE strpos(lower(first_name), 'smith') > 0
		OR strpos(lower(last_name), 'smith') > 0 ORDER BY last_name, first_name, id$$),
	('find_by_type', '{''savings''}', $$fca.products WHERE is_active AND type = 'savings' ORDER BY name, id$$),
	('find_active_products', '{}', 'fca.products WHERE is_active ORDER BY name, id'),
	('list_accounts_by_status', '{''active''}', $$fca.accounts WHERE status = 'active' ORDER BY created_at DESC, id DESC$$),
	('find_recent_transactions', '{1}', 'fca.transactions WHERE account_id = 1 ORDER BY occurred_at DESC, id DESC'),
	('find_transactions_between', '{1,''2026-03-01 02:00Z'',''2026-03-01 07:00Z''}',
		$$fca.transactions WHERE account_id = 1 AND occurred_at >= '2026-03-01 02:00Z' AND occurred_at < '2026-03-01 07:00Z'
		ORDER BY occurred_at DESC, id DESC$$),
	('find_transactions_by_category', '{1,''food''}',
		$$fca.transactions WHERE account_id = 1 AND category = 'food' ORDER BY occurred_at DESC, id DESC$$),
	('find_by_customer', '{1}', 'fca.conversations WHERE customer_id = 1 ORDER BY updated_at DESC, id DESC'),
	('find_escalated', '{}', $$fca.conversations WHERE status = 'escalated' ORDER BY updated_at, id$$),
	('find_escalated_by_group', '{''fraud''}',
		$$fca.conversations WHERE status = 'escalated' AND assigned_group = 'fraud' ORDER BY updated_at, id$$),
	('find_by_status', '{''escalated''}', $$fca.conversations WHERE status = 'escalated' ORDER BY updated_at DESC, id DESC$$),
	('find_by_conversation', '{1}', 'fca.messages WHERE conversation_id = 1 ORDER BY created_at, id'),
	('find_recent_messages', '{1}', 'fca.messages WHERE conversation_id = 1 ORDER BY created_at, id'),
	('find_requiring_human', '{}', 'fca.messages WHERE requires_human ORDER BY created_at, id'),
	('search_by_keyword', '{''card''}', $$fca.faqs WHERE is_active
		AND (strpos(lower(question), 'card') > 0 OR strpos(lower(keywords), 'card') > 0)
		ORDER BY CASE WHEN 'card' = ANY (string_to_array(replace(lower(keywords), ' ', ''), ',')) THEN 1
			WHEN starts_with(lower(question), 'card') THEN 2 ELSE 3 END, id$$),
	('find_by_category', '{''cards''}', $$fca.faqs WHERE is_active AND category = 'cards' ORDER BY id$$);

-- No list is forgotten here.
SELECT proname FROM finder WHERE 'max_rows' = ANY (proargnames) EXCEPT SELECT name FROM list;
SELECT name FROM list EXCEPT SELECT proname FROM finder;

-- The arguments that name the place behind which a page starts.
CREATE TEMP VIEW place AS
SELECT l.*, ARRAY(SELECT a FROM unnest(f.proargnames) WITH ORDINALITY AS u (a, n) WHERE starts_with(a, 'after_') ORDER BY n) AS after
FROM list AS l JOIN finder AS f ON f.proname = l.name;
SELECT after, count(*) AS lists FROM place GROUP BY after ORDER BY count(*) DESC, after[1] COLLATE "C";

CREATE FUNCTION pg_temp.truth(source text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT r::text FROM %s)', regexp_replace(source, ' ', ' AS r ')) INTO found;
	RETURN found;
END $$;

CREATE FUNCTION pg_temp.found(name name, VARIADIC arguments text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT r::text FROM fca.%I(%s) AS r)', name, array_to_string(arguments, ', ')) INTO found;
	RETURN found;
END $$;

-- A list page by page, each behind the last row of the one before.
CREATE FUNCTION pg_temp.walk(name name, keys text[], after text[], source text, size bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	call text := format('fca.%I(%s)', name, array_to_string(keys || 'max_rows => $1'::text || ARRAY(
		SELECT format('%I => (SELECT %I FROM %s WHERE id = $2)', a, substr(a, 7), split_part(source, ' ', 1))
		FROM unnest(after) AS a), ', '));
	found text[] := '{}';
	page text[];
	last bigint;
BEGIN
	LOOP
		EXECUTE format('SELECT array_agg(r::text ORDER BY n), (array_agg(id ORDER BY n DESC))[1]'
				' FROM (SELECT r, id, row_number() OVER () AS n FROM %s AS r) AS page', call)
			INTO page, last USING size, last;
		EXIT WHEN page IS NULL;
		IF cardinality(page) > size THEN
			RAISE EXCEPTION 'a page of % rows', cardinality(page);
		ELSIF cardinality(found) % size <> 0 THEN
			RAISE EXCEPTION 'a page behind a short one';
		ELSIF cardinality(found) > 10000 THEN
			RAISE EXCEPTION 'no end of pages';
		END IF;
		found := found || page;
	END LOOP;
	RETURN found;
END $$;

-- Every keyset walk gives the whole list, whatever the size of a page.
SELECT name, cardinality(whole) AS rows, array_agg(pg_temp.walk(name, keys, after, source, size) = whole ORDER BY size) AS same
FROM place, pg_temp.truth(source) AS whole, unnest(ARRAY[1, 2, 3, 5, 100]) AS size
WHERE after <> '{}'
GROUP BY name, whole ORDER BY name COLLATE "C";

-- Many rows, whose times and ids do not agree, in heaps of equal times or names.
BEGIN;
INSERT INTO fca.customers (customer_id, email, first_name, last_name, is_vip, created_at)
SELECT i, i, (ARRAY['Ann', 'Bob', 'Ann', ''])[1 + i % 4], (ARRAY['Smith', 'Goldsmith', 'SMiTHERS'])[1 + i % 3], i % 50 <> 0, at
FROM (SELECT i, CASE i WHEN 7 THEN 'infinity' WHEN 8 THEN '-infinity'
		ELSE '2026-01-01Z'::timestamptz + i * 31 % 97 * interval '1 microsecond' END AS at
	FROM generate_series(1, 1100) AS i) AS v;
INSERT INTO fca.products (name, type)
SELECT (ARRAY['Saver', '', 'saver', 'Sa_ver', 'Gold', 'é', '"''\%'])[1 + i * 31 % 7], 'savings' FROM generate_series(1, 1100) AS i;
INSERT INTO fca.accounts (account_number, customer_id, created_at)
SELECT i, 1, '2026-01-01Z'::timestamptz + i * 31 % 97 * interval '1 day' FROM generate_series(1, 1100) AS i;
INSERT INTO fca.transactions (account_id, reference, amount, description, category, occurred_at)
SELECT 1, i, i, '', 'food', '2026-03-01Z'::timestamptz + i * 31 % 97 * interval '5 minutes' FROM generate_series(1, 2100) AS i;
INSERT INTO fca.conversations (customer_id, status, assigned_group, updated_at)
SELECT 1, 'escalated', 'fraud', '2026-04-01Z'::timestamptz + i * 31 % 97 * interval '1 hour' FROM generate_series(1, 1100) AS i;
INSERT INTO fca.messages (conversation_id, role, content, requires_human, created_at)
SELECT 1, 'customer', '', true, '2026-04-02Z'::timestamptz + i * 31 % 97 * interval '1 second' FROM generate_series(1, 1100) AS i;
INSERT INTO fca.faqs (question, answer, category, keywords)
SELECT (ARRAY['Card ', 'My card ', 'What '])[1 + i % 3] || i, '', 'cards', (ARRAY['card', 'cards', NULL, 'a, CARD'])[1 + i % 4]
FROM generate_series(1, 1300) AS i;
SELECT name, cardinality(whole) AS rows, array_agg(pg_temp.walk(name, keys, after, source, size) = whole ORDER BY size) AS same
FROM place, pg_temp.truth(source) AS whole, unnest(ARRAY[7, 97, 1000, 1001, 3000000000]) AS size
WHERE after <> '{}'
GROUP BY name, whole ORDER BY name COLLATE "C";

-- The default limit: there are more rows, and the first ones are given, or the newest.
SELECT name, max_rows, cardinality(whole) > max_rows AS more,
	CASE name WHEN 'find_recent_messages' THEN whole[cardinality(whole) - max_rows + 1:] ELSE whole[:max_rows] END
		= pg_temp.found(name, VARIADIC keys) AS same
FROM list JOIN finder AS f ON f.proname = name, pg_temp.truth(source) AS whole,
	LATERAL (SELECT pg_get_function_arg_default(f.oid, array_position(f.proargnames, 'max_rows'))::int) AS d (max_rows)
ORDER BY name COLLATE "C";

-- Any other limit; NULL is none, 0 gives nothing.
SELECT max_rows, count(*) AS lists,
	count(*) FILTER (WHERE found = CASE name WHEN 'find_recent_messages'
		THEN whole[greatest(cardinality(whole) - max_rows, 0)::int + 1:] ELSE whole[:least(max_rows, 5000)::int] END) AS same,
	count(*) FILTER (WHERE found = whole) AS whole
FROM list, pg_temp.truth(source) AS whole,
	unnest(ARRAY[0, 1, 2, 999, 1000, 1001, 9223372036854775807, NULL]) AS max_rows,
	LATERAL (SELECT pg_temp.found(name, VARIADIC keys || format('max_rows => %L', max_rows))) AS f (found)
GROUP BY max_rows ORDER BY max_rows;
ROLLBACK;

-- A limit below zero is an error of every list, also where the key is NULL.
SELECT e.state, e.message, e.detail, e.hint, count(*) AS lists
FROM list, unnest(ARRAY[-1, -9223372036854775808]) AS max_rows, unnest(ARRAY[false, true]) AS null_key,
	test.fails(format('SELECT * FROM fca.%I(%s)', name, array_to_string(
		CASE WHEN null_key THEN array_fill('NULL'::text, ARRAY[cardinality(keys)]) ELSE keys END
		|| format('max_rows => %s', max_rows), ', '))) AS e
GROUP BY 1, 2, 3, 4 ORDER BY count(*), 3;

-- Half a place is an error of every list with two, also where nothing is wanted.
SELECT name, e.state, e.message, count(*) AS calls
FROM place, unnest(after) AS given, unnest(ARRAY['NULL', '0', '1']) AS max_rows,
	test.fails(format('SELECT * FROM fca.%I(%s)', name, array_to_string(keys || format('max_rows => %s', max_rows)
		|| format('%I => %s', given, CASE given WHEN 'after_id' THEN '1' ELSE '''2026-04-01Z''' END), ', '))) AS e
WHERE cardinality(after) > 1
GROUP BY 1, 2, 3 ORDER BY name COLLATE "C";

-- A NULL key finds nothing, whatever the others are.
SELECT count(*) AS calls, count(*) FILTER (WHERE found <> '{}') AS found
FROM list, generate_subscripts(keys, 1) AS missing,
	LATERAL (SELECT pg_temp.found(name, VARIADIC keys[:missing - 1] || 'NULL'::text || keys[missing + 1:])) AS f (found);

-- One-row finders and the list without a limit too.
SELECT proname, (SELECT cardinality(pg_temp.found(proname, 'NULL'))) AS found
FROM finder WHERE pronargs = 1 ORDER BY proname COLLATE "C";
