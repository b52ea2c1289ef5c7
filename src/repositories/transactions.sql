
-- transactions

CREATE TYPE fca.transaction AS (
	id bigint,
	account_id bigint,
	reference text,
	amount numeric(15,2),
	currency text,
	description text,
	category text,
	merchant_name text,
	occurred_at timestamptz,
	created_at timestamptz,
	updated_at timestamptz
);
COMMENT ON TYPE fca.transaction IS 'a row of fca.transactions: what went in or out of an account';

CREATE FUNCTION fca.find_by_reference(reference text)
RETURNS SETOF fca.transaction
AS 'MODULE_PATHNAME', 'fca_find_by_reference'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_reference(text) IS
'the transaction with this reference, or no row';

CREATE FUNCTION fca.find_recent_transactions(
	account_id bigint,
	max_rows bigint DEFAULT 50,
	after_occurred_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.transaction
AS 'MODULE_PATHNAME', 'fca_find_recent_transactions'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 50 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_recent_transactions(bigint, bigint, timestamptz, bigint) IS
'transactions of an account (accounts.id), latest first (occurred_at desc, id desc); keyset page behind after_occurred_at, after_id';

CREATE FUNCTION fca.find_transactions_between(
	account_id bigint,
	since timestamptz,
	until timestamptz,
	max_rows bigint DEFAULT 1000,
	after_occurred_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.transaction
AS 'MODULE_PATHNAME', 'fca_find_transactions_between'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_transactions_between(bigint, timestamptz, timestamptz, bigint, timestamptz, bigint) IS
'transactions of an account (accounts.id) with since <= occurred_at < until, latest first (occurred_at desc, id desc); keyset page behind after_occurred_at, after_id';

CREATE FUNCTION fca.find_transactions_by_category(
	account_id bigint,
	category text,
	max_rows bigint DEFAULT 50,
	after_occurred_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.transaction
AS 'MODULE_PATHNAME', 'fca_find_transactions_by_category'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 50 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_transactions_by_category(bigint, text, bigint, timestamptz, bigint) IS
'transactions of an account (accounts.id) in a category, latest first (occurred_at desc, id desc); keyset page behind after_occurred_at, after_id';

CREATE FUNCTION fca.find_by_references(transaction_references text[])
RETURNS SETOF fca.transaction
AS 'MODULE_PATHNAME', 'fca_find_by_references'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_references(text[]) IS
'the transactions with these references, in the order of transaction_references; one given twice comes twice, a missing one is left out';

CREATE FUNCTION fca.find_recent_transactions_of(
	account_ids bigint[],
	per_account bigint DEFAULT 10)
RETURNS SETOF fca.transaction
AS 'MODULE_PATHNAME', 'fca_find_recent_transactions_of'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_recent_transactions_of(bigint[], bigint) IS
'the latest per_account transactions of each account, in the order of account_ids, latest first (occurred_at desc, id desc)';
