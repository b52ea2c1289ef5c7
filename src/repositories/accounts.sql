
-- accounts

CREATE TYPE fca.account AS (
	id bigint,
	account_number text,
	customer_id bigint,
	product_id bigint,
	type text,
	status text,
	currency text,
	balance numeric(15,2),
	available_balance numeric(15,2),
	created_at timestamptz,
	updated_at timestamptz
);
COMMENT ON TYPE fca.account IS 'a row of fca.accounts: an account of a customer';

CREATE FUNCTION fca.find_by_account_number(account_number text)
RETURNS SETOF fca.account
AS 'MODULE_PATHNAME', 'fca_find_by_account_number'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_account_number(text) IS
'the account with this number, or no row';

CREATE FUNCTION fca.list_by_customer(customer_id bigint)
RETURNS SETOF fca.account
AS 'MODULE_PATHNAME', 'fca_list_by_customer'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.list_by_customer(bigint) IS
'all accounts of a customer (customers.id), newest first (created_at desc, id desc)';

CREATE FUNCTION fca.list_accounts_by_status(
	status text,
	max_rows bigint DEFAULT 100,
	after_created_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.account
AS 'MODULE_PATHNAME', 'fca_list_accounts_by_status'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.list_accounts_by_status(text, bigint, timestamptz, bigint) IS
'accounts with a status (active, frozen, closed), newest first (created_at desc, id desc); keyset page behind after_created_at, after_id';

CREATE FUNCTION fca.find_by_account_numbers(account_numbers text[])
RETURNS SETOF fca.account
AS 'MODULE_PATHNAME', 'fca_find_by_account_numbers'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_account_numbers(text[]) IS
'the accounts with these numbers, in the order of account_numbers; one given twice comes twice, a missing one is left out';

CREATE FUNCTION fca.list_by_customers(customer_ids bigint[])
RETURNS SETOF fca.account
AS 'MODULE_PATHNAME', 'fca_list_by_customers'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.list_by_customers(bigint[]) IS
'all accounts of each customer, in the order of customer_ids, newest first (created_at desc, id desc)';
