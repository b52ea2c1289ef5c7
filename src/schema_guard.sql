
-- Nothing is installed or updated in a schema into which somebody else can have put something.

CREATE FUNCTION fca.guard_schema(extension_owner regrole)
RETURNS void
AS 'MODULE_PATHNAME', 'fca_guard_schema'
LANGUAGE C VOLATILE STRICT;
SELECT fca.guard_schema('@extowner@'::pg_catalog.regrole);
DROP FUNCTION fca.guard_schema(regrole);
