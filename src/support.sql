
-- What the planner asks of the functions below: how many rows, at what cost.

CREATE FUNCTION fca.planner_support(internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'fca_planner_support'
LANGUAGE C STRICT;
COMMENT ON FUNCTION fca.planner_support(internal) IS
'for the planner: how many rows a call gives, by its limit, its keys and the statistics of the relation, and at what cost';

CREATE FUNCTION fca.checked_max_rows(finder oid, VARIADIC arguments "any")
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_checked_max_rows'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fca.checked_max_rows(oid, "any") IS
'for the planner: the LIMIT of a finder''s query in the place of its call, after a check of the arguments of the call';
