
-- A batch of which the good rows are kept.

CREATE FUNCTION fca.create_many_report(
	model anyelement,
	rows jsonb,
	OUT ordinal bigint,
	OUT created boolean,
	OUT id text,
	OUT sqlstate text,
	OUT message text,
	OUT column_name text,
	OUT constraint_name text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fca_create_many_report'
LANGUAGE C VOLATILE ROWS 100;
COMMENT ON FUNCTION fca.create_many_report(anyelement, jsonb) IS
'creates the good rows among [{"column": value, ...}, ...] and says for each, by its place from 1, its key or why it was not created';
