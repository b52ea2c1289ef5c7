-- A base repository in PL/pgSQL, for any table, as one writes it without an extension: the row type
-- names the table, and EXECUTE plans each call. Values go in by USING or as quoted literals.

CREATE SCHEMA generic;

CREATE FUNCTION generic.condition(filters jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT coalesce(string_agg(CASE jsonb_typeof(value)
         WHEN 'null' THEN format('%I IS NULL', key)
         WHEN 'array' THEN format('%I = ANY (%L)', key, ARRAY(SELECT jsonb_array_elements_text(value)))
         ELSE format('%I = %L', key, value #>> '{}') END, ' AND '), 'true')
FROM jsonb_each(filters)
$$;

CREATE FUNCTION generic.assignments(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
$$SELECT string_agg(format('%I = %L', key, value), ', ') FROM jsonb_each_text(data)$$;

CREATE FUNCTION generic.columns(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
$$SELECT string_agg(quote_ident(key), ', ') FROM jsonb_object_keys(data) AS key$$;

CREATE FUNCTION generic.get_by_id(model anyelement, id bigint)
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT * FROM %s WHERE id = $1', pg_typeof(model)) USING id;
END $$;

CREATE FUNCTION generic.get_by_id_for_update(model anyelement, id bigint)
RETURNS SETOF anyelement LANGUAGE plpgsql ROWS 1 AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT * FROM %s WHERE id = $1 FOR UPDATE', pg_typeof(model)) USING id;
END $$;

CREATE FUNCTION generic.exists(model anyelement, id bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  found boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE id = $1)', pg_typeof(model)) INTO found USING id;
  RETURN found;
END $$;

CREATE FUNCTION generic.get_many(model anyelement, ids bigint[])
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT t.* FROM unnest($1) WITH ORDINALITY AS k (id, n)'
    ' JOIN %s AS t ON t.id = k.id ORDER BY k.n', pg_typeof(model)) USING ids;
END $$;

CREATE FUNCTION generic.get_by_filters(model anyelement, filters jsonb, skip bigint DEFAULT 0,
  max_rows bigint DEFAULT 100, sort_by text DEFAULT 'id')
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT * FROM %s WHERE %s ORDER BY %I OFFSET $1 LIMIT $2',
    pg_typeof(model), generic.condition(filters), sort_by) USING skip, max_rows;
END $$;

-- sort_by: one column; after: the row behind which the page starts.
CREATE FUNCTION generic.get_page(model anyelement, filters jsonb DEFAULT '{}', sort_by text DEFAULT 'id',
  max_rows bigint DEFAULT 100, after jsonb DEFAULT NULL)
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE AS $$
DECLARE
  sort text := quote_ident(sort_by) || CASE WHEN sort_by <> 'id' THEN ', id' ELSE '' END;
  place text := 'true';
BEGIN
  IF after IS NOT NULL THEN
    place := format(CASE WHEN sort_by <> 'id' THEN '(%s) > (%L, %L)' ELSE '%s > %3$L' END,
      sort, after ->> sort_by, after ->> 'id');
  END IF;
  RETURN QUERY EXECUTE format('SELECT * FROM %s WHERE %s AND %s ORDER BY %s LIMIT $1',
    pg_typeof(model), generic.condition(filters), place, sort) USING max_rows;
END $$;

CREATE FUNCTION generic.get_children(
  model anyelement, parent_column text, parents bigint[], per_parent bigint, sort_by text)
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT t.* FROM unnest($1) WITH ORDINALITY AS k (parent, n)'
    ' CROSS JOIN LATERAL (SELECT * FROM %1$s AS c WHERE c.%2$I = k.parent ORDER BY %3$s, id LIMIT $2) AS t'
    ' ORDER BY k.n, %3$s, id', pg_typeof(model), parent_column, sort_by) USING parents, per_parent;
END $$;

CREATE FUNCTION generic.find_one(model anyelement, filters jsonb)
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE AS $$
DECLARE
  found bigint;
BEGIN
  RETURN QUERY EXECUTE format('SELECT * FROM %s WHERE %s LIMIT 2',
    pg_typeof(model), generic.condition(filters));
  GET DIAGNOSTICS found = ROW_COUNT;
  IF found > 1 THEN
    RAISE too_many_rows;
  END IF;
END $$;

CREATE FUNCTION generic.count(model anyelement, filters jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  found bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s WHERE %s', pg_typeof(model), generic.condition(filters)) INTO found;
  RETURN found;
END $$;

-- Volatile: EXPLAIN is not allowed in another.
CREATE FUNCTION generic.count_estimate(model anyelement, filters jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM %s WHERE %s',
    pg_typeof(model), generic.condition(filters)) INTO plan;
  RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;

CREATE FUNCTION generic.open_cursor(model anyelement, sort_by text, rows refcursor)
RETURNS refcursor LANGUAGE plpgsql STABLE AS $$
BEGIN
  OPEN rows FOR EXECUTE format('SELECT * FROM %s ORDER BY %I', pg_typeof(model), sort_by);
  RETURN rows;
END $$;

CREATE FUNCTION generic.open_active_customers(rows refcursor) RETURNS refcursor LANGUAGE plpgsql STABLE AS $$
BEGIN
  OPEN rows FOR SELECT * FROM fca.customers WHERE is_active ORDER BY created_at DESC, id DESC LIMIT 100;
  RETURN rows;
END $$;

CREATE FUNCTION generic.find_escalated_for_update(max_rows bigint DEFAULT 1)
RETURNS SETOF fca.conversations LANGUAGE plpgsql ROWS 1 AS $$
BEGIN
  RETURN QUERY SELECT * FROM fca.conversations WHERE status = 'escalated' ORDER BY updated_at, id
    LIMIT max_rows FOR UPDATE SKIP LOCKED;
END $$;

CREATE FUNCTION generic.create(model anyelement, data jsonb) RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)'
    ' RETURNING *', pg_typeof(model), generic.columns(data)) USING data;
END $$;

CREATE FUNCTION generic.create_many(model anyelement, rows jsonb)
RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('INSERT INTO %1$s (%2$s)'
    ' SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$s, $1) RETURNING *',
    pg_typeof(model), generic.columns(rows -> 0)) USING rows;
END $$;

-- Row by row: an error ends the subtransaction of its row only.
CREATE FUNCTION generic.create_many_report(model anyelement, rows jsonb,
  OUT ordinal bigint, OUT created boolean, OUT id text, OUT message text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  data jsonb;
BEGIN
  FOR data, ordinal IN SELECT * FROM jsonb_array_elements(rows) WITH ORDINALITY LOOP
    BEGIN
      EXECUTE format('INSERT INTO %1$s (%2$s)'
        ' SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1) RETURNING id',
        pg_typeof(model), generic.columns(data)) INTO id USING data;
      created := true;
      message := NULL;
    EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
      created := false;
      id := NULL;
      message := SQLERRM;
    END;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE FUNCTION generic.update(model anyelement, id bigint, data jsonb)
RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('UPDATE %s SET %s, updated_at = now() WHERE id = $1 RETURNING *',
    pg_typeof(model), generic.assignments(data)) USING id;
END $$;

CREATE FUNCTION generic.update_if(model anyelement, id bigint, expected jsonb, data jsonb)
RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('UPDATE %s SET %s, updated_at = now() WHERE id = $1 AND %s RETURNING *',
    pg_typeof(model), generic.assignments(data), generic.condition(expected)) USING id;
END $$;

CREATE FUNCTION generic.update_many(model anyelement, filters jsonb, data jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  changed bigint;
BEGIN
  EXECUTE format('UPDATE %s SET %s, updated_at = now() WHERE %s',
    pg_typeof(model), generic.assignments(data), generic.condition(filters));
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;

CREATE FUNCTION generic.upsert(model anyelement, data jsonb, conflict_columns text[], changed_columns text[])
RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)'
    ' ON CONFLICT (%3$s) DO UPDATE SET %4$s, updated_at = now() RETURNING *',
    pg_typeof(model), generic.columns(data),
    (SELECT string_agg(quote_ident(name), ', ') FROM unnest(conflict_columns) AS name),
    (SELECT string_agg(format('%1$I = EXCLUDED.%1$I', name), ', ') FROM unnest(changed_columns) AS name)
  ) USING data;
END $$;

CREATE FUNCTION generic.delete(model anyelement, id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  deleted bigint;
BEGIN
  EXECUTE format('DELETE FROM %s WHERE id = $1', pg_typeof(model)) USING id;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted > 0;
END $$;

CREATE FUNCTION generic.delete_many(model anyelement, filters jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  deleted bigint;
BEGIN
  EXECUTE format('DELETE FROM %s WHERE %s', pg_typeof(model), generic.condition(filters));
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END $$;

-- Many calls of fca_repo in one backend, to see what they leave in its memory: something of everything
-- that is cheap.  Work is committed now and then, so that rows which are changed often stay short.
CREATE PROCEDURE bench.mix(calls bigint) LANGUAGE plpgsql AS $$
DECLARE
  per_turn CONSTANT int := 40;
  few CONSTANT bigint := (SELECT value FROM bench.facts WHERE name = 'few');
  busy CONSTANT bigint := (SELECT value FROM bench.facts WHERE name = 'busy');
  k bigint;
  email text;
  made bigint;
  wrong CONSTANT jsonb[] := ARRAY['{"no such column": 1}', '{"email": "customer1@example.com"}',
    '{"conversation_id": "x"}', '[]'];
BEGIN
  FOR i IN 1 .. calls / per_turn LOOP
    k := 1 + i * 7919 % few;
    email := 'customer' || k || '@example.com';
    -- Finders
    PERFORM FROM fca.find_by_email(email);
    PERFORM FROM fca.get_by_customer_id('CUST-' || k);
    PERFORM FROM fca.find_by_account_number('ACC-' || k);
    PERFORM FROM fca.find_by_reference('TX-' || k);
    PERFORM FROM fca.find_by_ticket_id('T-' || i);
    PERFORM FROM fca.list_by_customer(k);
    PERFORM FROM fca.find_vip_customers(5);
    PERFORM FROM fca.find_active_customers(5, now(), i);
    PERFORM FROM fca.list_accounts_by_status('frozen', 5);
    PERFORM FROM fca.find_recent_transactions(1 + i % busy, 5);
    PERFORM FROM fca.find_transactions_by_category(1 + i % busy, 'travel', 5);
    PERFORM FROM fca.find_by_customer(1 + i % 100, 5);
    PERFORM FROM fca.find_escalated(5);
    PERFORM FROM fca.find_by_status('resolved', 5);
    PERFORM FROM fca.find_by_conversation(1 + i % busy, 5);
    PERFORM FROM fca.find_recent_messages(1 + i % busy, 5);
    PERFORM FROM fca.find_requiring_human(5);
    PERFORM FROM fca.find_by_type('type ' || i % 10, 5);
    PERFORM FROM fca.find_by_category('category ' || i % 50, 5);
    PERFORM FROM fca.find_by_emails(ARRAY[email, 'nobody']);
    PERFORM FROM fca.find_recent_transactions_of(ARRAY[1, 1 + i % busy], 3);
    -- Reads of any model
    PERFORM FROM fca.get_by_id(NULL::fca.account, k);
    PERFORM FROM fca.get_by_id_for_update(NULL::fca.customer, k);
    PERFORM FROM fca.get_many(NULL::fca.customer, ARRAY[k, 1, 2]);
    PERFORM FROM fca.get_children(NULL::fca.account, 'customer_id', ARRAY[k, 1], 3);
    PERFORM fca.exists(NULL::fca.message, i);
    PERFORM FROM fca.get_all(NULL::fca.product, i % 10, 5);
    PERFORM FROM fca.get_page(NULL::fca.account, max_rows => 5);
    PERFORM FROM fca.get_by_filters(NULL::fca.account, jsonb_build_object('customer_id', k));
    PERFORM FROM fca.find_one(NULL::fca.customer, jsonb_build_object('email', email));
    PERFORM fca.count(NULL::fca.account, jsonb_build_object('customer_id', k));
    PERFORM fca.count_estimate(NULL::fca.account, jsonb_build_object('customer_id', k));
    -- Writes
    made := (SELECT id FROM fca.create(NULL::fca.message,
      jsonb_build_object('conversation_id', k, 'role', 'agent', 'content', 'What the agent says')));
    PERFORM FROM fca.update(NULL::fca.message, made, '{"intent": "question"}');
    PERFORM fca.delete(NULL::fca.message, made);
    PERFORM FROM fca.update(NULL::fca.customer, k, '{"phone": "+44 1"}');
    PERFORM FROM fca.update_if(NULL::fca.customer, k, '{"phone": "+44 1"}', '{"notes": "called back"}');
    PERFORM fca.update_many(NULL::fca.customer, jsonb_build_object('id', k), '{"notes": null}');
    PERFORM FROM fca.upsert(NULL::fca.customer,
      jsonb_build_object('email', email, 'phone', '+44 2'), ARRAY['email']);
    -- A call that fails: an unknown column, a missing value, a value of the wrong type, no object.
    BEGIN
      PERFORM FROM fca.create(NULL::fca.message, wrong[1 + i % 4]);
      RAISE 'no error';
    EXCEPTION WHEN undefined_column OR not_null_violation OR data_exception THEN
    END;
    IF i % 100 = 0 THEN
      COMMIT;
    END IF;
  END LOOP;
END $$;
