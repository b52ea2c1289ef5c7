
-- The resources' relations as ordinary tables of the caller.

CREATE FUNCTION fca.create_tables()
RETURNS SETOF regclass
AS 'MODULE_PATHNAME', 'fca_create_tables'
LANGUAGE C VOLATILE ROWS 10;
COMMENT ON FUNCTION fca.create_tables() IS
'makes those of the resources'' relations in schema fca that are not there, as tables of the caller with keys, checks, indexes and a trigger for updated_at, and gives their names; what is there is left alone, but must have every column';
