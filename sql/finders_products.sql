-- The finders of products: active ones, of a type or all, by name.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- Active ones only, by name; where names are equal the lower id first.
SELECT id, name, type, interest_rate, description FROM fca.find_by_type('savings');
SELECT id, name, type, is_active FROM fca.find_active_products();
SELECT ARRAY(SELECT p::text FROM fca.find_by_type('savings') AS p)
		= ARRAY(SELECT p::text FROM fca.products AS p WHERE type = 'savings' AND is_active
			ORDER BY name, id) AS by_type,
	ARRAY(SELECT p::text FROM fca.find_active_products() AS p)
		= ARRAY(SELECT p::text FROM fca.products AS p WHERE is_active ORDER BY name, id) AS active;

-- The type is equal, not alike; any text may be one.
SELECT type, ARRAY(SELECT id FROM fca.find_by_type(type)) AS found
FROM unnest(ARRAY['current', 'loan', 'Savings', 'saving', 'saving_', '%', '', 'no such type', NULL]) AS type;

-- Limits.
SELECT max_rows, ARRAY(SELECT id FROM fca.find_by_type('savings', max_rows)) AS savings,
	ARRAY(SELECT id FROM fca.find_active_products(max_rows)) AS active
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails($$SELECT * FROM fca.find_by_type('savings', -1)$$);
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_active_products(-1)');

-- Pages.
SELECT id FROM fca.find_active_products(2);
SELECT id FROM fca.find_active_products(1, 'Home loan', 5);
SELECT id FROM fca.find_active_products(2, 'Saver', 2);
SELECT id FROM fca.find_active_products(2, 'Saver', 3);
SELECT id FROM fca.find_by_type('savings', 1, after_name => 'Saver', after_id => 2);
SELECT after_name, after_id, ARRAY(SELECT id FROM fca.find_active_products(10, after_name, after_id)) AS found
FROM (VALUES ('', 0), ('Everyday', 0), ('Home loan', 9), ('Saver', -1), ('Savings', 0))
	AS place (after_name, after_id);
SELECT state, message, detail, hint FROM test.fails(
	$$SELECT * FROM fca.find_active_products(after_name => 'Saver')$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_active_products(after_id => 2)');
SELECT state, message FROM test.fails($$SELECT * FROM fca.find_by_type('savings', after_name => 'Saver')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.find_by_type('savings', after_id => 2)$$);

-- Names and types with anything in them, one row a page: each row once, in the database's order.
BEGIN;
INSERT INTO fca.products (name, type)
SELECT name, type
FROM unnest(ARRAY['', ' ', 'a"b', 'A_b', 'a%b', 'a\b', 'O''Hara', 'Ärger', 'ärger', 'Äpfel',
	'Zoë', 'zz', '100%', 'a"b']) AS name,
	unnest(ARRAY['it''s "odd" \%_é', 'savings']) AS type;
WITH RECURSIVE page AS (
	SELECT p.name, p.id, 1 AS number FROM fca.find_by_type('it''s "odd" \%_é', 1) AS p
	UNION ALL
	SELECT p.name, p.id, number + 1
	FROM page, fca.find_by_type('it''s "odd" \%_é', 1, page.name, page.id) AS p
	WHERE number < 100
)
SELECT count(*) AS pages,
	array_agg(id ORDER BY number) = ARRAY(SELECT id FROM fca.products
		WHERE type = 'it''s "odd" \%_é' ORDER BY name, id) AS same
FROM page;
WITH RECURSIVE page AS (
	SELECT p.name, p.id, 1 AS number FROM fca.find_active_products(1) AS p
	UNION ALL
	SELECT p.name, p.id, number + 1 FROM page, fca.find_active_products(1, page.name, page.id) AS p
	WHERE number < 100
)
SELECT count(*) AS pages,
	array_agg(id ORDER BY number) = ARRAY(SELECT id FROM fca.products WHERE is_active
		ORDER BY name, id) AS same
FROM page;
ROLLBACK;

-- Rows come and go between two pages: none of the others is skipped or repeated.
BEGIN;
SELECT id, name FROM fca.find_active_products(2);
INSERT INTO fca.products (name, type) VALUES ('Aaa', 'loan'), ('Home loan', 'loan'), ('Loan', 'loan');
UPDATE fca.accounts SET product_id = NULL WHERE product_id = 5;
DELETE FROM fca.products WHERE id = 5;
UPDATE fca.products SET is_active = false WHERE id = 2;
SELECT name, count(*) FROM fca.find_active_products(10, 'Home loan', 5) GROUP BY name
ORDER BY name COLLATE "C";
ROLLBACK;

-- The signatures, and the table.
\set declared :srcdir /sql/fixtures/declared.sql
\set relation products
\i :declared
