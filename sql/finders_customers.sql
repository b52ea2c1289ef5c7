-- The finders of customers: by unique key, VIPs, active ones, by name.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- A unique key finds its row, and the whole of it.
SELECT id, customer_id, email, first_name, last_name, phone, is_active, is_verified, is_vip, notes
FROM fca.find_by_email('c1@example.com');
SELECT id, email, first_name, last_name, notes FROM fca.find_by_business_id('CUST-000002');
SELECT count(*) AS customers,
	count(*) FILTER (WHERE e::text = c::text) AS by_email,
	count(*) FILTER (WHERE b::text = c::text) AS by_business_id
FROM fca.customers AS c, fca.find_by_email(c.email) AS e, fca.find_by_business_id(c.customer_id) AS b;

-- A miss and a NULL key find no row, not a row of NULLs; nothing is a wildcard.
SELECT email, (SELECT count(*) FROM fca.find_by_email(email)) AS rows
FROM unnest(
	ARRAY['c9@example.com', 'C1@EXAMPLE.COM', 'c1@example.com ', 'c_@example.com', 'c1%', '', NULL]) AS email;
SELECT business_id, (SELECT count(*) FROM fca.find_by_business_id(business_id)) AS rows
FROM unnest(ARRAY['CUST-000009', 'cust-000001', '1', 'CUST-00000_', 'CUST%', '', NULL]) AS business_id;

-- A key with anything in it; the caller's own transaction is visible, and its end is the caller's.
BEGIN;
INSERT INTO fca.customers (customer_id, email, first_name, last_name)
VALUES (E'''";\\%_ é', E'o''neill+"\\%_é"@example.com', '', '');
SELECT customer_id, email FROM fca.find_by_email(E'o''neill+"\\%_é"@example.com');
SELECT customer_id, email FROM fca.find_by_business_id(E'''";\\%_ é');
ROLLBACK;
SELECT count(*) FROM fca.find_by_business_id(E'''";\\%_ é');

-- VIPs and active customers: newest first, where times are equal the higher id first.
SELECT id, first_name, is_active FROM fca.find_vip_customers();
SELECT id, first_name, is_vip FROM fca.find_active_customers();
SELECT ARRAY(SELECT id FROM fca.find_vip_customers())
		= ARRAY(SELECT id FROM fca.customers WHERE is_vip ORDER BY created_at DESC, id DESC) AS vip,
	ARRAY(SELECT id FROM fca.find_active_customers())
		= ARRAY(SELECT id FROM fca.customers WHERE is_active ORDER BY created_at DESC, id DESC) AS active;
SELECT max_rows, ARRAY(SELECT id FROM fca.find_vip_customers(max_rows)) AS vip,
	ARRAY(SELECT id FROM fca.find_active_customers(max_rows)) AS active
FROM unnest(ARRAY[0, 1, 2, 5, 1000, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_vip_customers(-1)');
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_active_customers(-2)');

-- Pages start strictly behind the last row of the page before, also within equal times.
SELECT id FROM fca.find_active_customers(2);
SELECT id FROM fca.find_active_customers(2, '2026-01-05 10:00Z', 3);
SELECT id FROM fca.find_active_customers(2, '2026-01-05 10:00Z', 1);
SELECT id FROM fca.find_active_customers(2, '2026-01-01 10:00Z', 8);
SELECT id
FROM fca.find_vip_customers(max_rows => NULL, after_created_at => '2026-01-05 10:00Z', after_id => 3);

-- No row need have the values of the place.
SELECT after_at, after_id,
	ARRAY(SELECT id FROM fca.find_vip_customers(10, after_at::timestamptz, after_id)) AS vip
FROM (VALUES ('infinity', 0), ('2026-01-05 10:00Z', 9), ('2026-01-05 10:00Z', 2), ('2026-01-05 10:00Z', 0),
	('2026-01-04 00:00Z', 9), ('-infinity', 9)) AS place (after_at, after_id);
SELECT state, message, detail, hint
FROM test.fails($$SELECT * FROM fca.find_vip_customers(after_created_at => '2026-01-05 10:00Z')$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_active_customers(after_id => 3)');

-- Search: the first or the last name contains the text, literally, in any case.
SELECT name, ARRAY(SELECT id FROM fca.search_by_name(name)) AS found
FROM unnest(ARRAY['anna', 'ANNA', 'Annan', 'li', 'O''Neill', '''', '%', '_', '\', '0%_S', '100%_sure\', '\%',
	'"', 'ë', 'úñ', 'Zoë O', ' ', 'nobody', NULL]) AS name;

-- The same, said in plain SQL: also accents in the other case, and the order, which are the database's.
SELECT name AS differs
FROM unnest(
	ARRAY['anna', 'smith', 'SMITH', 'e', 'I', 'Ë', 'ÚÑE', 'BJÖRK', 'zoë', '%', '_', '\', '''', 'nn']) AS name
WHERE ARRAY(SELECT id FROM fca.search_by_name(name))
	<> ARRAY(SELECT id FROM fca.customers
		WHERE strpos(lower(first_name), lower(name)) > 0 OR strpos(lower(last_name), lower(name)) > 0
		ORDER BY last_name, first_name, id);

-- Where the names are equal the lower id comes first; limits; an empty name.
SELECT id, first_name, last_name FROM fca.search_by_name('Li');
SELECT max_rows, ARRAY(SELECT id FROM fca.search_by_name('anna', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 2, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails($$SELECT * FROM fca.search_by_name('anna', -1)$$);
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.search_by_name('')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.search_by_name(name => '', max_rows => 0)$$);

-- The other names of the same finders.
SELECT count(*) AS customers,
	count(*) FILTER (WHERE e::text = c::text) AS by_email,
	count(*) FILTER (WHERE b::text = c::text) AS by_business_id
FROM fca.customers AS c, fca.get_by_email(email => c.email) AS e,
	fca.get_by_customer_id(customer_id => c.customer_id) AS b;
SELECT (SELECT count(*) FROM fca.get_by_email('nobody')) AS email_miss,
	(SELECT count(*) FROM fca.get_by_email(NULL)) AS email_null,
	(SELECT count(*) FROM fca.get_by_customer_id('nobody')) AS id_miss,
	(SELECT count(*) FROM fca.get_by_customer_id(NULL)) AS id_null;
SELECT ARRAY(SELECT v::text FROM fca.get_vip_customers() AS v)
		= ARRAY(SELECT v::text FROM fca.find_vip_customers() AS v) AS same,
	ARRAY(SELECT id FROM fca.get_vip_customers(2)) AS page,
	ARRAY(SELECT id FROM fca.get_vip_customers(2, '2026-01-05 10:00Z', 1)) AS next_page;
SELECT state, message FROM test.fails('SELECT * FROM fca.get_vip_customers(-1)');
SELECT state, message FROM test.fails('SELECT * FROM fca.get_vip_customers(after_id => 3)');

-- In the select list, with another string type, and prepared.
SELECT (fca.find_by_email('c8@example.com')).last_name;
SELECT fca.find_by_email(email) IS NULL AS missing FROM unnest(ARRAY['c9@example.com', NULL]) AS email;
SELECT (fca.find_vip_customers(0)).id;
SELECT id FROM fca.find_by_email('c8@example.com'::varchar(20));
PREPARE by_email (text) AS SELECT id FROM fca.find_by_email($1);
EXECUTE by_email ('c7@example.com');
EXECUTE by_email (NULL);
DEALLOCATE by_email;

-- The signatures, and the table.
\set declared :srcdir /sql/fixtures/declared.sql
\set relation customers
\i :declared
