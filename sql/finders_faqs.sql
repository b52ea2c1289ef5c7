-- The finders of FAQs: search by keyword, best first; by category.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- First where it is one of the keywords, then where the question starts with it, then the rest.
SELECT id, question, keywords FROM fca.search_by_keyword('card');

-- Literally, in any case, in the question or the keywords; active FAQs only.
SELECT keyword, ARRAY(SELECT id FROM fca.search_by_keyword(keyword)) AS found
FROM unnest(ARRAY['CARD', 'wh', 'pin', 'PIN', 'los', 'atm', 'card machine', 'card,', ' secret', 'secret ',
	'my', 'in the app', '?', '100%', '%', '_', '\', 'a_b', 'c\d', 'a%', '%%', '0% o', 'étranger', 'l''é',
	'"devises"', '''', 'question', 'nothing', ' ', NULL]) AS keyword;

-- The whole row, and accents in the other case, which the database's locale decides.
SELECT id, answer, category, keywords, is_active FROM fca.search_by_keyword('étranger');
SELECT (SELECT count(*) FROM fca.search_by_keyword('ÉTRANGER')) = (lower('É') = 'é')::int AS same;

-- The ranks, on FAQs which a pattern would confuse.
BEGIN;
DELETE FROM fca.faqs;
INSERT INTO fca.faqs (id, question, answer, keywords) VALUES
	(1, 'about a_b', '', 'axb'),
	(2, 'axb, then a_b', '', 'a_bc, xa_b'),
	(3, 'A_B starts it', '', NULL),
	(4, 'about', '', E'x,\tA_b\r\n,y'),
	(5, '', '', 'a_b'),
	(6, 'a_b', '', 'a_b'),
	(7, 'axb', '', 'axb,aab'),
	(8, 'about', '', 'a _b,a_ b'),
	(9, 'about', '', ',,a_b a_b,'),
	(10, 'about 50% "off"', '', '50% "off"'),
	(11, '50%% off', '', '50%%'),
	(12, 'C:\dir', '', 'a\,b'),
	(13, 'about C:\dir', '', 'C:\dir'),
	(14, 'about', '', 'a _b, xa_b');
SELECT keyword, ARRAY(SELECT id FROM fca.search_by_keyword(keyword)) AS found
FROM unnest(ARRAY['a_b', 'A_B', 'axb', '50%', '50%%', '50% "off"', 'c:\', 'c:\dir',
	'a\', '\', '%', 'a_b,', ',', 'a_b a_b']) AS keyword;

-- The same, said in plain SQL.
SELECT keyword AS differs FROM unnest(ARRAY['a_b', 'A_B', 'axb', '50%', '50%%', '50% "off"', 'c:\', 'c:\dir',
	'a\', '\', '%', 'a_b,', ',', 'a_b a_b', 'axb,aab', 'about', 'x', 'A', 'a_', 'b']) AS keyword
WHERE ARRAY(SELECT f::text FROM fca.search_by_keyword(keyword, NULL) AS f)
	<> ARRAY(SELECT r::text FROM fca.faqs AS r
		WHERE strpos(lower(question), lower(keyword)) > 0 OR strpos(lower(keywords), lower(keyword)) > 0
		ORDER BY CASE
			WHEN lower(keyword) = ANY (regexp_split_to_array(lower(btrim(keywords, E' \t\r\n')),
				'[[:space:]]*,[[:space:]]*')) THEN 1
			WHEN starts_with(lower(question), lower(keyword)) THEN 2
			ELSE 3 END, id);
ROLLBACK;

-- Limits: the best ones stay.
SELECT max_rows, ARRAY(SELECT id FROM fca.search_by_keyword('card', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 2, 3, 4, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails($$SELECT * FROM fca.search_by_keyword('card', -1)$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.search_by_keyword(NULL, -1)');
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.search_by_keyword('')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.search_by_keyword(keyword => '', max_rows => 0)$$);

-- By category: active ones, by id; the category is equal, not alike.
SELECT id, question, category FROM fca.find_by_category('cards');
SELECT category, ARRAY(SELECT id FROM fca.find_by_category(category)) AS found
FROM unnest(ARRAY['other', 'safety', 'voyage', 'Cards', 'card', 'card_', '%', '', NULL]) AS category;
SELECT max_rows, ARRAY(SELECT id FROM fca.find_by_category('cards', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails($$SELECT * FROM fca.find_by_category('cards', -1)$$);
BEGIN;
UPDATE fca.faqs SET category = 'it''s "50%" \_é' WHERE id IN (2, 6, 7);
SELECT id, category FROM fca.find_by_category('it''s "50%" \_é');
ROLLBACK;

-- Pages: the place is an id alone.
SELECT id FROM fca.find_by_category('cards', 2);
SELECT id FROM fca.find_by_category('cards', 2, 2);
SELECT id FROM fca.find_by_category('cards', 2, after_id => 3);
SELECT id FROM fca.find_by_category('cards', after_id => -5);

-- The signatures, and the table.
\set declared :srcdir /sql/fixtures/declared.sql
\set relation faqs
\i :declared
