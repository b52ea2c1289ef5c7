
-- Nothing is installed into a schema in which somebody else has put objects.

CREATE FUNCTION fca.guard_schema(extension_owner regrole)
RETURNS void
AS 'MODULE_PATHNAME', 'fca_guard_schema'
LANGUAGE C VOLATILE STRICT;
SELECT fca.guard_schema('@extowner@'::pg_catalog.regrole);
DROP FUNCTION fca.guard_schema(regrole);
