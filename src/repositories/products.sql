
-- products

CREATE TYPE fca.product AS (
	id bigint,
	name text,
	type text,
	description text,
	interest_rate numeric(7,4),
	features jsonb,
	requirements jsonb,
	is_active boolean,
	created_at timestamptz,
	updated_at timestamptz
);
COMMENT ON TYPE fca.product IS 'a row of fca.products: what the bank offers';

CREATE FUNCTION fca.find_by_type(
	type text,
	max_rows bigint DEFAULT 100,
	after_name text DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.product
AS 'MODULE_PATHNAME', 'fca_find_by_type'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_type(text, bigint, text, bigint) IS
'active products of a type, by name (name, id); keyset page behind after_name, after_id';

CREATE FUNCTION fca.find_active_products(
	max_rows bigint DEFAULT 100,
	after_name text DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.product
AS 'MODULE_PATHNAME', 'fca_find_active_products'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_active_products(bigint, text, bigint) IS
'active products, by name (name, id); keyset page behind after_name, after_id';
