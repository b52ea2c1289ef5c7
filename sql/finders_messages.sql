-- The finders of messages: of a conversation, the newest of it, those that require a human.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\pset null '(null)'

-- In the fixture later rows were sent later; here id and time do not agree.
INSERT INTO fca.messages (conversation_id, role, content, requires_human, created_at)
VALUES (3, 'customer', 'sent fourth', true, '2026-04-03 00:00Z'),
	(3, 'agent', 'sent first', false, '2026-04-01 00:00Z'),
	(3, 'customer', 'sent third', true, '2026-04-02 00:00:01.000001Z'),
	(3, 'system', 'sent fifth', false, '2026-04-03 00:00Z'),
	(3, 'human_agent', 'sent second', true, '2026-04-01 00:00Z');

-- Of a conversation: oldest first, where times are equal the lower id first.
SELECT id, role, content FROM fca.find_by_conversation(3);
SELECT conversation_id, cardinality(found) AS rows,
	found = ARRAY(SELECT r::text FROM fca.messages AS r
		WHERE r.conversation_id = c.conversation_id ORDER BY created_at, id) AS same
FROM unnest(ARRAY[1, 2, 3, 4, 99, NULL]) AS c (conversation_id),
	LATERAL (SELECT ARRAY(SELECT f::text FROM fca.find_by_conversation(c.conversation_id) AS f))
	AS list (found);
SELECT max_rows, ARRAY(SELECT id FROM fca.find_by_conversation(3, max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_by_conversation(3, -1)');

-- Pages.
SELECT id FROM fca.find_by_conversation(1, 3);
SELECT id FROM fca.find_by_conversation(1, 3, '2026-04-02 00:00:02Z', 6);
SELECT id FROM fca.find_by_conversation(3, 2, '2026-04-01Z', 62);
SELECT id FROM fca.find_by_conversation(3, 2, '2026-04-02 00:00:01.000001Z', 63);
SELECT id FROM fca.find_by_conversation(3, 2, '2026-04-03Z', 64);
SELECT state, message, detail, hint
FROM test.fails($$SELECT * FROM fca.find_by_conversation(1, after_created_at => '2026-04-02Z')$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_by_conversation(1, after_id => 3)');

-- The newest ones, given oldest first; also where equal times are cut.
SELECT ARRAY(SELECT id FROM fca.find_recent_messages(1)) AS found;
SELECT max_rows, ARRAY(SELECT id FROM fca.find_recent_messages(3, max_rows)) AS found
FROM unnest(ARRAY[0, 1, 2, 3, 4, 5, 6, 1001, NULL]) AS max_rows;
SELECT content FROM fca.find_recent_messages(conversation_id => 3, max_rows => 3);
SELECT c.id, max_rows AS differs
FROM fca.conversations AS c, generate_series(0, 32) AS max_rows
WHERE ARRAY(SELECT f::text FROM fca.find_recent_messages(c.id, max_rows) AS f)
	<> ARRAY(SELECT text FROM (SELECT r::text AS text, created_at, id FROM fca.messages AS r
			WHERE r.conversation_id = c.id ORDER BY created_at DESC, id DESC LIMIT max_rows) AS newest
		ORDER BY created_at, id);
SELECT count(*) FROM fca.find_recent_messages(NULL);
SELECT count(*) FROM fca.find_recent_messages(99, NULL);
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_recent_messages(1, -1)');
SELECT state, message FROM test.fails('SELECT * FROM fca.find_recent_messages(NULL, -1)');

-- Those that require a human, of all conversations: longest waiting first.
SELECT id, conversation_id FROM fca.find_requiring_human();
SELECT ARRAY(SELECT f::text FROM fca.find_requiring_human() AS f)
	= ARRAY(SELECT r::text FROM fca.messages AS r WHERE requires_human ORDER BY created_at, id) AS same;
SELECT max_rows, ARRAY(SELECT id FROM fca.find_requiring_human(max_rows)) AS found
FROM unnest(ARRAY[0, 1, 3, 1001, NULL]) AS max_rows;
SELECT state, message, detail, hint FROM test.fails('SELECT * FROM fca.find_requiring_human(-1)');
SELECT id FROM fca.find_requiring_human(2, '2026-04-01Z', 65);
SELECT id FROM fca.find_requiring_human(2, '2026-04-02 00:00:01Z', 5);
SELECT id FROM fca.find_requiring_human(2, '2026-04-03Z', 61);
SELECT state, message, detail, hint FROM test.fails(
	$$SELECT * FROM fca.find_requiring_human(after_created_at => '2026-04-02Z')$$);
SELECT state, message FROM test.fails('SELECT * FROM fca.find_requiring_human(after_id => 3)');

-- Rows come and go between two pages: none of the others is skipped or repeated.
BEGIN;
SELECT id FROM fca.find_by_conversation(3, 3);
INSERT INTO fca.messages (id, conversation_id, role, content, created_at)
VALUES (101, 3, 'agent', 'before the place', '2026-04-01 12:00Z'),
(102, 3, 'agent', 'next', '2026-04-02 00:00:01.000001Z'),
	(103, 3, 'agent', 'last', '2026-04-04Z'),
	(-1, 3, 'agent', 'same time, lower id', '2026-04-02 00:00:01.000001Z');
DELETE FROM fca.messages WHERE id IN (63, 64);
SELECT id, content FROM fca.find_by_conversation(3, 10, '2026-04-02 00:00:01.000001Z', 63);
ROLLBACK;

-- The signatures, and the table.
\set declared :srcdir /sql/fixtures/declared.sql
\set relation messages
\i :declared
