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

CREATE FUNCTION generic.get_by_id(model anyelement, id bigint, lock text DEFAULT '')
RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT * FROM %s WHERE id = $1%s', pg_typeof(model), lock) USING id;
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

CREATE FUNCTION generic.find_one(model anyelement, filters jsonb)
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE AS $$
DECLARE
  found bigint;
BEGIN
  RETURN QUERY EXECUTE format('SELECT * FROM %s WHERE %s LIMIT 2', pg_typeof(model), generic.condition(filters));
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

CREATE FUNCTION generic.create(model anyelement, data jsonb) RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)'
    ' RETURNING *', pg_typeof(model), generic.columns(data)) USING data;
END $$;

CREATE FUNCTION generic.create_many(model anyelement, rows jsonb)
RETURNS SETOF anyelement LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$s, $1)'
    ' RETURNING *', pg_typeof(model), generic.columns(rows -> 0)) USING rows;
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
      EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1) RETURNING id',
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
    (SELECT string_agg(format('%1$I = EXCLUDED.%1$I', name), ', ') FROM unnest(changed_columns) AS name)) USING data;
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

-- Many calls of fca_repo in one backend, to see what they leave in its memory.
CREATE FUNCTION bench.mix(calls bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. calls / 5 LOOP
    PERFORM FROM fca.find_by_email('customer' || i % 500 || '@example.com');
    PERFORM FROM fca.find_recent_transactions(1 + i % 10, 10);
    PERFORM FROM fca.get_by_id(NULL::fca.account, 1 + i % 100);
    PERFORM FROM fca.get_by_filters(NULL::fca.account, jsonb_build_object('customer_id', i % 100));
    PERFORM fca.exists(NULL::fca.message, i);
  END LOOP;
END $$;
