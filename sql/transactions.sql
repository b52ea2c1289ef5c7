-- Every call is part of the caller's transaction, and none of them ends it.
\getenv srcdir PG_ABS_SRCDIR
\set desk :srcdir /sql/fixtures/desk.sql
\i :desk
\set SHOW_CONTEXT never

-- The digest of every row: is all as it was?
CREATE FUNCTION test.digest() RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(md5(row), '' ORDER BY md5(row))) FROM (
		SELECT t::text FROM fca.customers t UNION ALL SELECT t::text FROM fca.products t
		UNION ALL SELECT t::text FROM fca.accounts t UNION ALL SELECT t::text FROM fca.transactions t
		UNION ALL SELECT t::text FROM fca.conversations t UNION ALL SELECT t::text FROM fca.messages t
		UNION ALL SELECT t::text FROM fca.faqs t) AS rows (row)
$$;
SELECT test.digest() AS before \gset

-- Each write, in one block; the repository sees what it did before.
CREATE PROCEDURE test.write_all() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fca.create(NULL::fca.faq, '{"question": "new?", "answer": "yes", "category": "new"}');
	PERFORM fca.create_many(NULL::fca.faq,
		'[{"question": "a?", "answer": "a", "category": "new"}, {"question": "b?", "answer": "b"}]');
	PERFORM fca.update(NULL::fca.customer, 1, '{"notes": "changed"}');
	PERFORM fca.update_many(NULL::fca.conversation, '{"status": "escalated"}', '{"status": "closed"}');
	PERFORM fca.delete(NULL::fca.message, 5);
	PERFORM fca.delete_many(NULL::fca.message, '{"role": "system"}');
	RAISE NOTICE 'new faqs %, notes %, escalated %, message 5 %, system messages %',
		(SELECT count(*) FROM fca.find_by_category('new')),
		(SELECT notes FROM fca.find_by_email('c1@example.com')),
		(SELECT count(*) FROM fca.find_escalated()),
		fca.exists(NULL::fca.message, 5),
		fca.count(NULL::fca.message, '{"role": "system"}');
END $$;

-- ROLLBACK
BEGIN;
CALL test.write_all();
-- plain SQL and repositories see each other's rows
UPDATE fca.customers SET email = 'new@example.com' WHERE id = 2;
SELECT id FROM fca.find_by_email('new@example.com');
SELECT id FROM fca.find_by_email('c2@example.com');
SELECT notes FROM fca.customers WHERE id = 1;
ROLLBACK;
SELECT test.digest() = :'before' AS unchanged;
SELECT id FROM fca.find_by_email('c2@example.com');

-- ROLLBACK TO: what was done before the savepoint stays
BEGIN;
SELECT notes FROM fca.update(NULL::fca.customer, 2, '{"notes": "stays"}');
SAVEPOINT s;
CALL test.write_all();
ROLLBACK TO s;
SELECT id, notes FROM fca.get_many(NULL::fca.customer, ARRAY[1, 2]);
SELECT count(*) FROM fca.find_escalated();
CALL test.write_all();
RELEASE s;
SELECT id, notes FROM fca.get_many(NULL::fca.customer, ARRAY[1, 2]);
ROLLBACK;
SELECT test.digest() = :'before' AS unchanged;

-- an exception block: the writes in it are gone, and the transaction goes on
DO $$
BEGIN
	PERFORM fca.update(NULL::fca.customer, 3, '{"phone": "outer"}');
	BEGIN
		CALL test.write_all();
		PERFORM fca.create(NULL::fca.customer,
			'{"customer_id": "CUST-000001", "email": "x", "first_name": "x", "last_name": "x"}');
	EXCEPTION WHEN unique_violation THEN
		RAISE NOTICE 'caught %', SQLERRM;
	END;
	RAISE NOTICE 'phone %, notes %, escalated %', (SELECT phone FROM fca.get_by_id(NULL::fca.customer, 3)),
		(SELECT notes FROM fca.get_by_id(NULL::fca.customer, 1)), (SELECT count(*) FROM fca.find_escalated());
	RAISE EXCEPTION 'all of it';
EXCEPTION WHEN raise_exception THEN NULL;
END $$;
SELECT test.digest() = :'before' AS unchanged;

-- a failed statement is taken back whole: the good row is gone with the bad one
SELECT state, message, "column", "table"
FROM test.fails($$SELECT fca.create_many(NULL::fca.faq,
	'[{"question": "q", "answer": "a"}, {"question": null, "answer": "a"}]')$$) \gx
SELECT test.digest() = :'before' AS unchanged;

-- nothing of ours ends a transaction: id, savepoint and cursor are still there
BEGIN;
SELECT pg_current_xact_id() AS xact \gset
DECLARE c CURSOR FOR SELECT id FROM fca.find_active_customers(3);
FETCH 1 FROM c;
SAVEPOINT s;
CALL test.write_all();
SELECT fca.create_tables();
SELECT fca.delete_many(NULL::fca.customer, '{"id": [5, 8]}');
FETCH ALL FROM c;
SELECT pg_current_xact_id() = :'xact' AS same_transaction;
ROLLBACK TO s;
ROLLBACK;

-- create_tables() too is taken back
BEGIN;
DROP TABLE fca.faqs;
SELECT fca.create_tables();
SELECT count(*) FROM fca.find_by_category('cards');
ROLLBACK;
SELECT count(*) FROM fca.find_by_category('cards');

-- the caller may end its own: what it committed stays, the rest is gone
CREATE PROCEDURE test.commit_one() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fca.create(NULL::fca.faq, '{"question": "kept?", "answer": "yes", "category": "kept"}');
	COMMIT;
	PERFORM fca.create(NULL::fca.faq, '{"question": "kept?", "answer": "no", "category": "kept"}');
	ROLLBACK;
END $$;
CALL test.commit_one();
SELECT answer FROM fca.find_by_category('kept');
SELECT fca.delete_many(NULL::fca.faq, '{"category": "kept"}');
SELECT test.digest() = :'before' AS unchanged;

-- a write sees at once what another in the same statement did; a read does not
BEGIN;
SELECT (fca.create(NULL::fca.faq, '{"question": "q?", "answer": "a", "category": "new"}')).category,
	fca.update_many(NULL::fca.faq, '{"category": "new"}', '{"answer": "b"}'),
	fca.count(NULL::fca.faq, '{"category": "new"}');
SELECT answer FROM fca.find_by_category('new');
ROLLBACK;

-- a read-only transaction refuses each write
BEGIN READ ONLY;
SELECT f.state, f.message FROM unnest(ARRAY[
	$$SELECT fca.create(NULL::fca.faq, '{"question": "q", "answer": "a"}')$$,
	$$SELECT fca.create_many(NULL::fca.faq, '[{"question": "q", "answer": "a"}]')$$,
	$$SELECT fca.update(NULL::fca.faq, 1, '{"answer": "a"}')$$,
	$$SELECT fca.update(NULL::fca.faq, 999, '{"answer": "a"}')$$,
	$$SELECT fca.update_many(NULL::fca.faq, '{"id": 1}', '{"answer": "a"}')$$,
	$$SELECT fca.delete(NULL::fca.faq, 1)$$,
	$$SELECT fca.delete_many(NULL::fca.faq, '{"id": 999}')$$,
	$$SELECT fca.create_tables()$$]) AS statement, test.fails(statement) AS f;
SELECT id FROM fca.find_by_email('c1@example.com');
SELECT fca.count(NULL::fca.faq);
COMMIT;

-- but lets temporary tables be written
CREATE TEMP TABLE notes (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, note text);
BEGIN READ ONLY;
SELECT * FROM fca.create(NULL::notes, '{"note": "one"}');
SELECT * FROM fca.create_many(NULL::notes, '[{"note": "two"}, {"id": 7}]');
SELECT * FROM fca.update(NULL::notes, 1, '{"note": "first"}');
SELECT fca.update_many(NULL::notes, '{"note": null}', '{"note": "seven"}');
SELECT fca.delete(NULL::notes, 2), fca.delete_many(NULL::notes, '{"note": "none"}');
SELECT * FROM fca.get_all(NULL::notes);
COMMIT;

-- Repositories in the triggers of tables that repositories write.
BEGIN;
CREATE FUNCTION test.count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fca.update(NULL::fca.conversation, NEW.conversation_id, jsonb_build_object('message_count',
		fca.count(NULL::fca.message, jsonb_build_object('conversation_id', NEW.conversation_id))));
	RETURN NULL;
END $$;
CREATE TRIGGER count_messages AFTER INSERT ON fca.messages FOR EACH ROW
	EXECUTE FUNCTION test.count_messages();
SELECT conversation_id, content FROM fca.create_many(NULL::fca.message,
	'[{"conversation_id": 3, "role": "customer", "content": "one"},
	  {"conversation_id": 4, "role": "customer", "content": "two", "is_error": true},
	  {"conversation_id": 3, "role": "agent", "content": "three"}]');
SELECT id, message_count FROM fca.get_many(NULL::fca.conversation, ARRAY[3, 4]);

-- a trigger before the row, which fills it by a finder
CREATE FUNCTION test.name_merchant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.merchant_name := (SELECT first_name FROM fca.list_by_customer(2) AS a,
		fca.get_by_id(NULL::fca.customer, a.customer_id) LIMIT 1);
	RETURN NEW;
END $$;
CREATE TRIGGER name_merchant BEFORE INSERT ON fca.transactions FOR EACH ROW
	EXECUTE FUNCTION test.name_merchant();
SELECT reference, merchant_name FROM fca.create(NULL::fca.transaction,
	'{"account_id": 1, "reference": "TX-T", "amount": 1, "description": "d"}');

-- recursion: the same repository, the same kind of call, each with its own row
CREATE FUNCTION test.ask_again() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	depth int := NEW.category::int;
	made fca.faq;
BEGIN
	IF depth < 3 THEN
		made := fca.create(NULL::fca.faq,
			jsonb_build_object('question', NEW.question || '?', 'answer', '', 'category', depth + 1));
		NEW.answer := made.question || ' of ' || NEW.question;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER ask_again BEFORE INSERT ON fca.faqs FOR EACH ROW EXECUTE FUNCTION test.ask_again();
SELECT question, answer, category FROM fca.create(NULL::fca.faq,
	'{"question": "why", "answer": "", "category": "0"}');
SELECT question, answer, category FROM fca.create_many(NULL::fca.faq,
	'[{"question": "how", "answer": "", "category": "2"},
	{"question": "who", "answer": "", "category": "3"}]');
SELECT question, answer, category FROM fca.get_by_filters(NULL::fca.faq, '{"category": ["0", "1", "2", "3"]}',
	sort_by => 'category, question');

-- without an end it is an error, and the session lives on
SELECT state FROM test.fails(
	$$SELECT fca.create(NULL::fca.faq, '{"question": "q", "answer": "", "category": "-1000000"}')$$);
SELECT answer FROM fca.create(NULL::fca.faq, '{"question": "when", "answer": "", "category": "2"}');
ROLLBACK;

-- a trigger that asks for more kinds of query than are kept, while its own runs
BEGIN;
CREATE FUNCTION test.ask_much() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	names text[] := ARRAY['id', 'question', 'answer', 'category', 'keywords', 'is_active'];
	asked bigint := 0;
BEGIN
	DISCARD PLANS;
	FOR i IN 0..299 LOOP
		-- absent, null or a list: each i gives another set of filters
		asked := asked + fca.count(NULL::fca.faq, (
			SELECT coalesce(jsonb_object_agg(names[n],
				CASE i / (3 ^ (n - 1))::int % 3 WHEN 1 THEN 'null' ELSE '[]'::jsonb END), '{}')
			FROM generate_series(1, 6) AS n WHERE i / (3 ^ (n - 1))::int % 3 > 0));
	END LOOP;
	RETURN NEW;
END $$;
CREATE TRIGGER ask_much BEFORE INSERT OR UPDATE ON fca.faqs FOR EACH ROW EXECUTE FUNCTION test.ask_much();
SELECT question, answer FROM fca.create_many(NULL::fca.faq,
	'[{"question": "q1", "answer": "a1"}, {"question": "q2", "answer": "a2"}]');
SELECT question, answer FROM fca.update(NULL::fca.faq, 1, '{"answer": "a3"}');
SELECT fca.update_many(NULL::fca.faq, '{"id": [1, 2]}', '{"answer": "a4"}');
SELECT answer FROM fca.get_many(NULL::fca.faq, ARRAY[2, 1]);
ROLLBACK;

-- a trigger that fails at the second row leaves nothing of the first
BEGIN;
CREATE FUNCTION test.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.answer = 'bad' THEN
		RAISE EXCEPTION 'refused' USING ERRCODE = 'P0009';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON fca.faqs FOR EACH ROW EXECUTE FUNCTION test.refuse();
SELECT state, message FROM test.fails($$SELECT fca.create_many(NULL::fca.faq,
	'[{"question": "q1", "answer": "good"}, {"question": "q2", "answer": "bad"}]')$$);
SELECT state, message FROM test.fails(
	$$SELECT fca.update_many(NULL::fca.faq, '{"category": "cards"}', '{"answer": "bad"}')$$);
SELECT test.digest() = :'before' AS unchanged;
ROLLBACK;

-- a deferred trigger calls repositories while the transaction commits
CREATE FUNCTION test.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fca.update(NULL::fca.faq, NEW.id, '{"category": "committed"}');
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON fca.faqs DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION test.at_commit();
BEGIN;
SELECT category FROM fca.create(NULL::fca.faq, '{"question": "q", "answer": "a", "category": "open"}');
COMMIT;
SELECT question FROM fca.find_by_category('committed');
SELECT fca.delete_many(NULL::fca.faq, '{"category": "committed"}');
SELECT test.digest() = :'before' AS unchanged;

DROP TRIGGER at_commit ON fca.faqs;
DROP FUNCTION test.at_commit, test.digest;
DROP PROCEDURE test.write_all, test.commit_one;
DROP TABLE notes;
