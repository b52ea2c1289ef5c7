-- update_if(): compare-and-set.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- The row changes while it is as expected, and not after.
SELECT id, status, escalation_id, assigned_group FROM fca.get_by_id(NULL::fca.conversation, 3);
SELECT id, status, assigned_group, updated_at > '2026-05-01Z' AS touched
FROM fca.update_if(NULL::fca.conversation, 3, '{"status": "escalated", "assigned_group": "loans"}',
	'{"status": "resolved"}');
SELECT id, status
FROM fca.update_if(NULL::fca.conversation, 3, '{"status": "escalated", "assigned_group": "loans"}',
	'{"status": "active"}');
SELECT id, status FROM fca.get_by_id(NULL::fca.conversation, 3);

-- Each kind of expectation, of customer 2: Anna, no phone, born on 2026-01-05.
SELECT expected,
	(SELECT count(*) FROM fca.update_if(NULL::fca.customer, 2, expected, '{"notes": "changed"}')) AS changed
FROM unnest(ARRAY[
	'{}',
	'{"phone": null}', '{"first_name": null}',
	'{"first_name": "Anna"}', '{"first_name": "anna"}',
	'{"first_name": ["Eve", "Anna"]}', '{"first_name": []}',
	'{"first_name": "Anna", "is_vip": false}', '{"first_name": "Anna", "is_vip": true}',
	'{"id": 2}', '{"id": 3}',
	'{"created_at": {"lt": "2026-01-06Z"}}', '{"created_at": {"gt": "2026-01-06Z"}}',
	'{"first_name": {"ne": "Eve"}}', '{"first_name": {"not_in": ["Anna"]}}',
	'{"phone": {"is_null": true}}', '{"phone": {"is_null": false}}',
	'{"last_name": {"starts_with": "Nú"}}', '{"last_name": {"contains": "%"}}',
	'{"any_of": [{"first_name": "Eve"}, {"is_active": true}]}', '{"none_of": [{"is_active": true}]}'
]::jsonb[]) AS expected;

-- No such row, no key; the other rows are as they were.
SELECT count(*) FROM fca.update_if(NULL::fca.customer, 99, '{}', '{"notes": "x"}');
SELECT count(*) FROM fca.update_if(NULL::fca.customer, NULL, '{}', '{"notes": "x"}');
SELECT count(*) FROM fca.customers WHERE notes IS NOT NULL;

-- A counter as version: what is expected and what is set may be one column.
CREATE SCHEMA cas;
CREATE TABLE cas.doc (id text PRIMARY KEY, version integer NOT NULL, body jsonb, updated_at timestamptz);
INSERT INTO cas.doc VALUES ('a', 1, '{"x": 1}', '2026-01-01Z'), ('b', 1, NULL, '2026-01-01Z');
SELECT id, version, body FROM fca.update_if(NULL::cas.doc, 'a', '{"version": 1}',
	'{"version": 2, "body": {"x": 2}}');
SELECT id, version, body FROM fca.update_if(NULL::cas.doc, 'a', '{"version": 1}',
	'{"version": 2, "body": {"x": 3}}');
SELECT id, version FROM fca.update_if(NULL::cas.doc, 'a', '{"version": 2}', '{"id": "c", "version": 3}');
SELECT id, version, updated_at > '2026-01-01Z' AS touched
FROM fca.update_if(NULL::cas.doc, 'b', '{"version": {"lte": 1}}', '{}');
SELECT id, version, updated_at = '2026-01-01Z' AS as_given
FROM fca.update_if(NULL::cas.doc, 'b', '{"version": 1}', '{"updated_at": "2026-01-01Z"}');
SELECT id, version, body FROM cas.doc ORDER BY id;

-- One call after another in a statement: only the first finds what it expects.
SELECT i, u.id, u.version
FROM generate_series(1, 3) AS i LEFT JOIN LATERAL
	fca.update_if(NULL::cas.doc, 'b', '{"version": 1}', jsonb_build_object('version', 10 + i)) AS u ON true;

-- Errors.
SELECT what, f.state, f.message, f."column"
FROM (VALUES
	('expected unknown', '{"nope": 1}', '{"version": 1}'),
	('data unknown', '{"version": 11}', '{"nope": 1}'),
	('operator unknown', '{"version": {"about": 1}}', '{"version": 1}'),
	('expected no fit', '{"version": "x"}', '{"version": 1}'),
	('data no fit', '{"version": 11}', '{"version": "x"}'),
	('NOT NULL', '{"version": 11}', '{"version": null}'),
	('NOT NULL, not as expected', '{"version": 1}', '{"version": null}'),
	('expected an array', '[]', '{"version": 1}'),
	('expected NULL', NULL, '{"version": 1}'),
	('data an array', '{"version": 11}', '[]'),
	('data NULL', '{"version": 11}', NULL)
) AS v (what, expected, data),
	test.fails(format('SELECT * FROM fca.update_if(NULL::cas.doc, ''b'', %L, %L)', expected, data)) AS f;
SELECT id, version FROM cas.doc ORDER BY id;
BEGIN READ ONLY;
SELECT state FROM test.fails($$SELECT * FROM fca.update_if(NULL::cas.doc, 'b', '{}', '{"version": 1}')$$);
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA cas CASCADE;
