
-- Rows that may be there already.

CREATE FUNCTION fca.upsert(model anyelement, data jsonb, conflict_columns text[] DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_upsert'
LANGUAGE C VOLATILE ROWS 1;
COMMENT ON FUNCTION fca.upsert(anyelement, jsonb, text[]) IS
'creates a row, or sets the given columns of the row that has the same conflict_columns (a unique index; by default the key), and gives it';

CREATE FUNCTION fca.upsert_many(model anyelement, rows jsonb, conflict_columns text[] DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_upsert_many'
LANGUAGE C VOLATILE ROWS 100;
COMMENT ON FUNCTION fca.upsert_many(anyelement, jsonb, text[]) IS
'upserts each object of an array, in that order, all or none, and gives the rows in that order; of one key given twice, the later wins for the columns that it gives';
