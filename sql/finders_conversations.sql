-- The finders of conversations: by customer, escalated ones, by ticket, by status.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- In the fixture later rows changed later; here id and time do not agree.
INSERT INTO fca.conversations (customer_id, title, status, assigned_group, escalation_id, updated_at)
VALUES (1, 'waits since March', 'escalated', 'fraud', 'ESC-21', '2026-03-01Z'),
	(1, 'waits as long', 'escalated', 'fraud', 'ESC-22', '2026-03-01Z'),
	(1, 'in no group', 'escalated', NULL, NULL, '2026-04-01 00:01Z'),
	(1, 'no longer escalated', 'resolved', 'fraud', 'ESC-24', '2026-03-15Z'),
	(1, 'oldest', 'active', 'it''s "50%" \_é', E'''";\\%_ é', '2026-02-01Z');

-- Of a customer: last changed first, where times are equal the higher id first.
SELECT id, title, status FROM fca.find_by_customer(1);
SELECT customer_id, cardinality(found) AS rows,
	found = ARRAY(SELECT r::text FROM fca.conversations AS r
		WHERE r.customer_id = c.customer_id ORDER BY updated_at DESC, id DESC) AS same
FROM unnest(ARRAY[1, 2, 3, 4, 99, NULL]) AS c (customer_id),
	LATERAL (SELECT ARRAY(SELECT f::text FROM fca.find_by_customer(c.customer_id) AS f)) AS list (found);
SELECT max_rows, ARRAY(SELECT id FROM fca.find_by_customer(1, max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_by_customer(1, -1)');
SELECT id FROM fca.find_by_customer(1, 2, '2026-04-01 00:01Z', 23);
SELECT id FROM fca.find_by_customer(1, 2, '2026-03-01Z', 22);
SELECT id FROM fca.find_by_customer(1, 2, '2026-02-01Z', 25);
SELECT state, message, detail, hint
FROM test.fails($$SELECT * FROM fca.find_by_customer(1, after_updated_at => '2026-04-01Z')$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_by_customer(1, after_id => 3)');

-- Escalated: longest waiting first, where times are equal the lower id first.
SELECT id, title, assigned_group FROM fca.find_escalated();
SELECT ARRAY(SELECT f::text FROM fca.find_escalated() AS f)
	= ARRAY(SELECT r::text FROM fca.conversations AS r WHERE status = 'escalated'
		ORDER BY updated_at, id) AS same;
SELECT max_rows, ARRAY(SELECT id FROM fca.find_escalated(max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_escalated(-1)');
SELECT id FROM fca.find_escalated(2, '2026-03-01Z', 21);
SELECT id FROM fca.find_escalated(2, '2026-04-01 00:01Z', 3);
SELECT id FROM fca.find_escalated(2, '2026-04-01 00:06Z', 18);
SELECT state, message, detail, hint FROM test.fails(
	$$SELECT * FROM fca.find_escalated(after_updated_at => '2026-04-01Z')$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_escalated(after_id => 3)');

-- Escalated of a group: equal, not alike; NULL is not the conversations without a group.
SELECT id, title FROM fca.find_escalated_by_group('fraud');
SELECT assigned_group, ARRAY(SELECT id FROM fca.find_escalated_by_group(assigned_group)) AS found
FROM unnest(ARRAY['fraud', 'loans', 'FRAUD', 'fra_d', 'f%', '', 'it''s "50%" \_é', NULL]) AS assigned_group;
SELECT assigned_group AS differs FROM unnest(ARRAY['fraud', 'loans']) AS g (assigned_group)
WHERE ARRAY(SELECT f::text FROM fca.find_escalated_by_group(g.assigned_group) AS f)
	<> ARRAY(SELECT r::text FROM fca.conversations AS r
		WHERE status = 'escalated' AND r.assigned_group = g.assigned_group ORDER BY updated_at, id);
SELECT max_rows, ARRAY(SELECT id FROM fca.find_escalated_by_group('fraud', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails(
	$$SELECT * FROM fca.find_escalated_by_group('fraud', -1)$$);
SELECT id FROM fca.find_escalated_by_group('fraud', 2, '2026-03-01Z', 21);
SELECT id FROM fca.find_escalated_by_group('fraud', 2, '2026-04-01 00:06Z', 18);
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.find_escalated_by_group('fraud', after_updated_at => '2026-04-01Z')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.find_escalated_by_group('fraud', after_id => 3)$$);
UPDATE fca.conversations SET assigned_group = 'it''s "50%" \_é', updated_at = '2026-03-20Z' WHERE id = 21;
SELECT id, assigned_group FROM fca.find_escalated_by_group('it''s "50%" \_é');
SELECT id FROM fca.find_escalated_by_group('fraud', 1);

-- The ticket finds its conversation, whatever its status; a miss and NULL find no row.
SELECT id, title, status, escalation_id FROM fca.find_by_ticket_id('ESC-6');
SELECT id, title, status FROM fca.find_by_ticket_id('ESC-24');
SELECT id, title FROM fca.find_by_ticket_id(ticket_id => E'''";\\%_ é');
SELECT count(*) AS tickets, count(*) FILTER (WHERE f::text = r::text) AS found
FROM fca.conversations AS r, fca.find_by_ticket_id(r.escalation_id) AS f;
SELECT count(escalation_id) AS tickets FROM fca.conversations;
SELECT ticket_id, (SELECT count(*) FROM fca.find_by_ticket_id(ticket_id)) AS rows
FROM unnest(ARRAY['ESC-7', 'esc-6', 'ESC-_', 'ESC%', '6', '', NULL]) AS ticket_id;

-- By status: last changed first.
SELECT status, ARRAY(SELECT id FROM fca.find_by_status(status)) AS found
FROM unnest(ARRAY['active', 'resolved', 'escalated', 'closed', NULL]) AS status;
SELECT status AS differs FROM unnest(ARRAY['active', 'resolved', 'escalated', 'closed']) AS s (status)
WHERE ARRAY(SELECT f::text FROM fca.find_by_status(s.status) AS f)
	<> ARRAY(SELECT r::text FROM fca.conversations AS r WHERE r.status = s.status
		ORDER BY updated_at DESC, id DESC);
SELECT max_rows, ARRAY(SELECT id FROM fca.find_by_status('active', max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails($$SELECT * FROM fca.find_by_status('active', -1)$$);
SELECT id FROM fca.find_by_status('active', 2, '2026-04-01 00:03Z', 10);
SELECT id FROM fca.find_by_status('active', 2, '2026-02-01Z', 25);
SELECT state, message FROM test.fails(
	$$SELECT * FROM fca.find_by_status('active', after_updated_at => '2026-04-01Z')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.find_by_status('active', after_id => 3)$$);

-- A status that there is not, though it may be one of another resource.
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.find_by_status('frozen')$$);
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.find_by_status('Active')$$);
SELECT state, message, hint FROM test.fails($$SELECT * FROM fca.find_by_status('')$$);
SELECT state, message FROM test.fails($$SELECT * FROM fca.find_by_status('it''s "5%" \_é', 0)$$);
SELECT state, message = 'invalid status "' || repeat('x', 100) || '"' AS whole
FROM test.fails(format('SELECT * FROM fca.find_by_status(%L)', repeat('x', 100)));

-- The signatures, and the table.
\set declared :srcdir /sql/fixtures/declared.sql
\set relation conversations
\i :declared
