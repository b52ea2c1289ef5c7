
-- customers

CREATE TYPE fca.customer AS (
	id bigint,
	customer_id text,
	email text,
	first_name text,
	last_name text,
	phone text,
	is_active boolean,
	is_verified boolean,
	is_vip boolean,
	notes text,
	created_at timestamptz,
	updated_at timestamptz
);
COMMENT ON TYPE fca.customer IS 'a row of fca.customers: a customer of the bank';

CREATE FUNCTION fca.find_by_email(email text)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_by_email'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_email(text) IS
'the customer with this e-mail address, or no row';

CREATE FUNCTION fca.get_by_email(email text)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_by_email'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_by_email(text) IS
'another name of fca.find_by_email';

CREATE FUNCTION fca.find_by_business_id(business_id text)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_by_business_id'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_business_id(text) IS
'the customer with this business id (customer_id, such as CUST-000001), or no row';

CREATE FUNCTION fca.get_by_customer_id(customer_id text)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_by_business_id'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_by_customer_id(text) IS
'another name of fca.find_by_business_id';

CREATE FUNCTION fca.find_vip_customers(
	max_rows bigint DEFAULT 50,
	after_created_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_vip_customers'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 50 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_vip_customers(bigint, timestamptz, bigint) IS
'VIP customers, newest first (created_at desc, id desc); keyset page behind after_created_at, after_id';

CREATE FUNCTION fca.get_vip_customers(
	max_rows bigint DEFAULT 50,
	after_created_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_vip_customers'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 50 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_vip_customers(bigint, timestamptz, bigint) IS
'another name of fca.find_vip_customers';

CREATE FUNCTION fca.find_active_customers(
	max_rows bigint DEFAULT 100,
	after_created_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_active_customers'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_active_customers(bigint, timestamptz, bigint) IS
'active customers, newest first (created_at desc, id desc); keyset page behind after_created_at, after_id';

CREATE FUNCTION fca.search_by_name(
	name text,
	max_rows bigint DEFAULT 100)
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_search_by_name'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.search_by_name(text, bigint) IS
'customers whose first or last name contains this text, in any case (last_name, first_name, id)';

CREATE FUNCTION fca.find_by_emails(emails text[])
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_by_emails'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_emails(text[]) IS
'the customers with these e-mail addresses, in the order of emails; one given twice comes twice, a missing one is left out';

CREATE FUNCTION fca.find_by_business_ids(business_ids text[])
RETURNS SETOF fca.customer
AS 'MODULE_PATHNAME', 'fca_find_by_business_ids'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_business_ids(text[]) IS
'the customers with these business ids, in the order of business_ids; one given twice comes twice, a missing one is left out';
