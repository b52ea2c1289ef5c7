-- What all finders share: limits, pages, NULL keys; what differs is listed.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- Every finder that reads, by the catalog, and how it is called: a new one is tested too.
CREATE TEMP VIEW finder AS
SELECT p.*
FROM pg_proc AS p
	JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_type AS t ON t.oid = p.prorettype
WHERE p.pronamespace = 'fca'::regnamespace AND t.typtype = 'c'
	AND p.provolatile <> 'v'; -- the others lock
\set calls `cat "$PG_ABS_SRCDIR/sql/fixtures/calls.sql"`
CREATE TEMP TABLE call AS :calls;
SELECT count(*) >= 36 AS all_of_them FROM finder;

-- None of them is otherwise than this; none is overloaded.
SELECT proname AS differs FROM finder
WHERE NOT (proretset AND provolatile = 's' AND proparallel = 'r' AND NOT prosecdef AND proconfig IS NULL
	AND cardinality(proargnames) = pronargs AND '' <> ALL (proargnames)
	AND length(obj_description(oid, 'pg_proc')) > 10
	AND (SELECT count(*) FROM pg_proc AS o
		WHERE o.pronamespace = 'fca'::regnamespace AND o.proname = finder.proname) = 1);

-- ROWS 1 is promised for one unique key, and for nothing else.
SELECT proname AS differs FROM finder JOIN call ON call.name = proname
WHERE (prorows = 1) <> (pronargs = 1 AND NOT EXISTS (
		SELECT FROM pg_type WHERE pg_type.oid = proargtypes[0] AND typcategory = 'A')
	AND CASE WHEN condition IS NULL THEN prorows = 1 ELSE sort IS NULL END);

CREATE FUNCTION pg_temp.truth(source text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT r::text FROM %s)', source) INTO found;
	RETURN found;
END $$;
CREATE FUNCTION pg_temp.found(name name, VARIADIC arguments text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT r::text FROM fca.%I(%s) AS r)', name,
		array_to_string(arguments, ', '))
	INTO found;
	RETURN found;
END $$;

-- The values of a finder's keys for a number, and a condition with them.
CREATE FUNCTION pg_temp.keys(arguments json, i bigint) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(regexp_replace(a->>'value', '\mi\M', i::text, 'g') ORDER BY n), '{}')
	FROM json_array_elements(arguments) WITH ORDINALITY AS u (a, n) WHERE a->>'default' IS NULL
$$;
CREATE FUNCTION pg_temp.given(condition text, arguments json, keys text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..cardinality(keys) LOOP
		condition := replace(condition, format('{%s}', arguments->(i - 1)->>'name'), keys[i]);
	END LOOP;
	RETURN condition;
END $$;

-- How each list is called: with the keys that have the most rows.  What plain SQL gives is not known of every
-- finder; the whole list is then its own.
CREATE TEMP TABLE list AS
SELECT c.name, c.relation, k.keys, c.condition IS NOT NULL AS known, coalesce(c.newest, false) AS newest,
	ARRAY(SELECT a->>'name' FROM json_array_elements(c.arguments) AS a
		WHERE a->>'name' LIKE 'after\_%') AS after,
	CASE WHEN c.condition IS NULL
		THEN format('fca.%I(%s) AS r', c.name, array_to_string(k.keys || 'max_rows => NULL'::text, ', '))
		ELSE format('fca.%I AS r WHERE %s ORDER BY %s', c.relation,
			pg_temp.given(c.condition, c.arguments, k.keys),
			pg_temp.given(
				CASE WHEN c.newest THEN replace(c.sort, ' DESC', '') ELSE c.sort END, c.arguments, k.keys))
	END AS source
FROM call AS c, LATERAL (
	SELECT pg_temp.keys(c.arguments, i) AS keys FROM generate_series(1, 6) AS i
	ORDER BY cardinality(pg_temp.found(c.name,
		VARIADIC pg_temp.keys(c.arguments, i) || 'max_rows => NULL'::text)) DESC, i
	LIMIT 1) AS k
WHERE c.kind = 'finder' AND c.arguments::text LIKE '%"max_rows"%';
-- a window that has rows before and behind it
INSERT INTO list
SELECT name, relation, ARRAY['1', '''2026-03-01 02:00Z''', '''2026-03-01 07:00Z'''], known, newest, after,
	$$fca.transactions AS r WHERE account_id = 1 AND occurred_at >= '2026-03-01 02:00Z'
	AND occurred_at < '2026-03-01 07:00Z' ORDER BY occurred_at DESC, id DESC$$
FROM list WHERE name = 'find_transactions_between';
-- What is known is not empty.
SELECT count(*) FILTER (WHERE known) >= 20 AS lists,
	count(*) FILTER (WHERE known AND after <> '{}') >= 17 AS pages,
	array_agg(name ORDER BY name) FILTER (WHERE known AND cardinality(pg_temp.truth(source)) < 2) AS too_short
FROM list;
SELECT name AS differs FROM list WHERE after[cardinality(after)] <> 'after_id';

-- A list page by page, each behind the last row of the one before.
CREATE FUNCTION pg_temp.walk(l list, size bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	call text := format('fca.%I(%s)', l.name, array_to_string(l.keys || 'max_rows => $1'::text || ARRAY(
		SELECT format('%I => (SELECT %I FROM fca.%I WHERE id = $2)', a, substr(a, 7), l.relation)
		FROM unnest(l.after) AS a), ', '));
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
SELECT name AS differs, size FROM list, unnest(ARRAY[1, 2, 3, 5, 100]) AS size
WHERE after <> '{}' AND pg_temp.walk(list, size) <> pg_temp.truth(source);

-- Many rows, whose times and ids do not agree, in heaps of equal times or names.
BEGIN;
INSERT INTO fca.customers (customer_id, email, first_name, last_name, is_vip, created_at)
SELECT i, i, (ARRAY['Ann', 'Bob', 'Ann', ''])[1 + i % 4],
(ARRAY['Smith', 'Goldsmith', 'SMiTHERS'])[1 + i % 3], i % 50 <> 0, at
FROM (SELECT i, CASE i WHEN 7 THEN 'infinity' WHEN 8 THEN '-infinity'
		ELSE '2026-01-01Z'::timestamptz + i * 31 % 97 * interval '1 microsecond' END AS at
	FROM generate_series(1, 1100) AS i) AS v;
INSERT INTO fca.products (name, type)
SELECT (ARRAY['Saver', '', 'saver', 'Sa_ver', 'Gold', 'é', '"''\%'])[1 + i * 31 % 7], 'savings'
FROM generate_series(1, 1100) AS i;
INSERT INTO fca.accounts (account_number, customer_id, created_at)
SELECT i, 1, '2026-01-01Z'::timestamptz + i * 31 % 97 * interval '1 day' FROM generate_series(1, 1100) AS i;
INSERT INTO fca.transactions (account_id, reference, amount, description, category, occurred_at)
SELECT 1, i, i, '', 'food', '2026-03-01Z'::timestamptz + i * 31 % 97 * interval '5 minutes'
FROM generate_series(1, 2100) AS i;
INSERT INTO fca.conversations (customer_id, status, assigned_group, updated_at)
SELECT 2, 'escalated', 'fraud', '2026-04-01Z'::timestamptz + i * 31 % 97 * interval '1 hour'
FROM generate_series(1, 1100) AS i;
INSERT INTO fca.messages (conversation_id, role, content, requires_human, created_at)
SELECT 1, 'customer', '', true, '2026-04-02Z'::timestamptz + i * 31 % 97 * interval '1 second'
FROM generate_series(1, 1100) AS i;
INSERT INTO fca.faqs (question, answer, category, keywords)
SELECT (ARRAY['Card ', 'My card ', 'What '])[1 + i % 3] || i, '', 'cards',
(ARRAY['card', 'cards', NULL, 'a, CARD'])[1 + i % 4]
FROM generate_series(1, 1300) AS i;
-- Of what is known there are many rows now.
SELECT count(*) FILTER (WHERE cardinality(pg_temp.truth(source)) > 1000) >= 20 AS long_lists FROM list;
SELECT name AS differs, size FROM list, unnest(ARRAY[7, 97, 1000, 1001, 3000000000]) AS size
WHERE after <> '{}' AND pg_temp.walk(list, size) <> pg_temp.truth(source);

-- The first rows of a list, or the newest.
CREATE FUNCTION pg_temp.limited(whole text[], newest boolean,
	max_rows bigint) RETURNS text[] LANGUAGE sql AS $$
	SELECT CASE WHEN newest THEN whole[greatest(cardinality(whole) - max_rows, 0)::int + 1:]
		ELSE whole[:least(max_rows, 5000)::int] END
$$;

-- The default limit: there are more rows of what is known, and the first ones are given, or the newest.
SELECT name AS differs, max_rows, cardinality(whole) AS rows
FROM list JOIN finder AS f ON f.proname = name, pg_temp.truth(source) AS whole, LATERAL (
	SELECT pg_get_function_arg_default(f.oid, array_position(f.proargnames, 'max_rows'))::int) AS d (max_rows)
WHERE known AND cardinality(whole) <= max_rows
	OR (known OR after <> '{}')
	AND pg_temp.limited(whole, newest, max_rows) <> pg_temp.found(name, VARIADIC keys);

-- Any other limit; NULL is none, 0 gives nothing.
SELECT name AS differs, max_rows
FROM list, pg_temp.truth(source) AS whole,
	unnest(ARRAY[0, 1, 2, 999, 1000, 1001, 9223372036854775807, NULL]) AS max_rows,
	LATERAL (SELECT pg_temp.found(name, VARIADIC keys || format('max_rows => %L', max_rows))) AS f (found)
WHERE max_rows = 0 AND found <> '{}'
	OR coalesce(max_rows, 10000) > 9999 AND found <> whole
	OR (known OR after <> '{}') AND found <> pg_temp.limited(whole, newest, max_rows);
ROLLBACK;

-- A limit below zero is an error of every list, also where the key is NULL.
SELECT e.state, e.message, e.detail, e.hint, count(*) = (SELECT count(*) * 2 FROM list) AS of_every_list
FROM list, unnest(ARRAY[-1, -9223372036854775808]) AS max_rows, unnest(ARRAY[false, true]) AS null_key,
	test.fails(format('SELECT * FROM fca.%I(%s)', name, array_to_string(
		CASE WHEN null_key THEN array_fill('NULL'::text, ARRAY[cardinality(keys)]) ELSE keys END
		|| format('max_rows => %s', max_rows), ', '))) AS e
GROUP BY 1, 2, 3, 4 ORDER BY count(*), 3;

-- Half a place is an error of every list with two, also where nothing is wanted.
SELECT name AS differs, given, max_rows, e.state, e.message
FROM list, unnest(after) AS given, unnest(ARRAY['NULL', '0', '1']) AS max_rows,
	test.fails(format('SELECT * FROM fca.%I(%s)', name,
		array_to_string(keys || format('max_rows => %s', max_rows)
		|| format('%I => %s', given, CASE given WHEN 'after_id' THEN '1' ELSE '''2026-04-01Z''' END), ', ')))
	AS e
WHERE cardinality(after) > 1
	AND (e.state <> '22023' OR e.message NOT LIKE '% must be given together'
		OR EXISTS (SELECT FROM unnest(after) AS a WHERE strpos(e.message, a) = 0));
SELECT state, message FROM test.fails('SELECT fca.find_escalated(after_id => 1)');

-- A NULL key finds nothing, whatever the others are.
SELECT name AS differs, missing FROM list, generate_subscripts(keys, 1) AS missing
WHERE pg_temp.found(name, VARIADIC keys[:missing - 1] || 'NULL'::text || keys[missing + 1:]) <> '{}';

-- One-row finders and the list without a limit too.
SELECT count(*) >= 14 AS all_of_them FROM finder WHERE pronargs = 1;
SELECT proname AS differs FROM finder WHERE pronargs = 1 AND pg_temp.found(proname, 'NULL') <> '{}';
