
-- The base repository: model is NULL::row_type, of a resource or of any table or view.
-- Reads are PARALLEL RESTRICTED, since the table may be a temporary one.

CREATE FUNCTION fca.create(model anyelement, data jsonb)
RETURNS anyelement
AS 'MODULE_PATHNAME', 'fca_create'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.create(anyelement, jsonb) IS
'creates a row from {"column": value, ...} and gives it; absent columns get their default';

CREATE FUNCTION fca.create_many(model anyelement, rows jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_create_many'
LANGUAGE C VOLATILE ROWS 100;
COMMENT ON FUNCTION fca.create_many(anyelement, jsonb) IS
'creates rows from [{"column": value, ...}, ...] in one statement, all or none, and gives them in that order; rows may have different keys';

CREATE FUNCTION fca.get_by_id(model anyelement, id anycompatible)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_by_id'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_by_id(anyelement, anycompatible) IS
'the row with this key, or no row';

CREATE FUNCTION fca.get_many(model anyelement, ids anycompatiblearray)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_many'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_many(anyelement, anycompatiblearray) IS
'the rows with these keys, in the order of ids; a key given twice comes twice, a missing one is left out';

CREATE FUNCTION fca.get_by_id_for_update(model anyelement, id anycompatible, nowait boolean DEFAULT false)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_by_id_for_update'
LANGUAGE C VOLATILE ROWS 1;
COMMENT ON FUNCTION fca.get_by_id_for_update(anyelement, anycompatible, boolean) IS
'the row with this key, locked until the transaction ends, or no row; waits for who has locked it, or with nowait is error 55P03';

CREATE FUNCTION fca.get_children(
	model anyelement,
	parent_column text,
	parent_ids anycompatiblearray,
	per_parent bigint DEFAULT 10,
	sort_by text DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_children'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_children(anyelement, text, anycompatiblearray, bigint, text) IS
'for each of parent_ids, in that order, the first per_parent rows whose parent_column is it, sorted as by get_all';

CREATE FUNCTION fca.get_all(
	model anyelement,
	skip bigint DEFAULT 0,
	max_rows bigint DEFAULT 100,
	sort_by text DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_all'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_all(anyelement, bigint, bigint, text) IS
'max_rows rows after the first skip, sorted by a list such as ''last_name, created_at desc'', by default and at last by the key';

CREATE FUNCTION fca.get_by_filters(
	model anyelement,
	filters jsonb,
	skip bigint DEFAULT 0,
	max_rows bigint DEFAULT 100,
	sort_by text DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_by_filters'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_by_filters(anyelement, jsonb, bigint, bigint, text) IS
'rows that match {"column": value, null, [values] or {"operator": value}, ...}: max_rows of them after the first skip, sorted as by get_all';

CREATE FUNCTION fca.get_page(
	model anyelement,
	filters jsonb DEFAULT '{}',
	sort_by text DEFAULT NULL,
	max_rows bigint DEFAULT 100,
	after jsonb DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_page'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_page(anyelement, jsonb, text, bigint, jsonb) IS
'a keyset page of the rows that match the filters, sorted as by get_all: max_rows of them behind after, the last row of the page before as to_jsonb(row)';

CREATE FUNCTION fca.find_one(model anyelement, filters jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_find_one'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_one(anyelement, jsonb) IS
'the row that matches the filters, or no row; more than one is an error';

CREATE FUNCTION fca.count(model anyelement, filters jsonb DEFAULT '{}')
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_count'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION fca.count(anyelement, jsonb) IS
'how many rows match the filters';

CREATE FUNCTION fca.count_estimate(model anyelement, filters jsonb DEFAULT '{}')
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_count_estimate'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION fca.count_estimate(anyelement, jsonb) IS
'how many rows match the filters, by the planner''s estimate, without reading any';

CREATE FUNCTION fca.exists(model anyelement, id anycompatible)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fca_exists'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION fca.exists(anyelement, anycompatible) IS
'is there a row with this key?';

CREATE FUNCTION fca.update(model anyelement, id anycompatible, data jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_update'
LANGUAGE C VOLATILE ROWS 1;
COMMENT ON FUNCTION fca.update(anyelement, anycompatible, jsonb) IS
'sets the columns of {"column": value, ...} in the row with this key and gives the changed row, or no row; sets updated_at unless it is given';

CREATE FUNCTION fca.update_if(model anyelement, id anycompatible, expected jsonb, data jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_update_if'
LANGUAGE C VOLATILE ROWS 1;
COMMENT ON FUNCTION fca.update_if(anyelement, anycompatible, jsonb, jsonb) IS
'the same only while the row still matches the filters of expected (compare-and-set); no row otherwise';

CREATE FUNCTION fca.update_many(model anyelement, filters jsonb, data jsonb)
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_update_many'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.update_many(anyelement, jsonb, jsonb) IS
'sets the columns of data in every row that matches the filters, at least one of which must be given; how many rows changed';

CREATE FUNCTION fca.delete(model anyelement, id anycompatible)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fca_delete'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.delete(anyelement, anycompatible) IS
'deletes the row with this key; was there one?';

CREATE FUNCTION fca.delete_many(model anyelement, filters jsonb)
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_delete_many'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.delete_many(anyelement, jsonb) IS
'deletes every row that matches the filters, at least one of which must be given; how many there were';
