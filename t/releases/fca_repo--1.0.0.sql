\echo Use "CREATE EXTENSION fca_repo" to load this file. \quit

-- Nothing is installed or updated in a schema into which somebody else can have put something.

CREATE FUNCTION fca.guard_schema(extension_owner regrole)
RETURNS void
AS 'MODULE_PATHNAME', 'fca_guard_schema'
LANGUAGE C VOLATILE STRICT;
SELECT fca.guard_schema('@extowner@'::pg_catalog.regrole);
DROP FUNCTION fca.guard_schema(regrole);

-- What the planner asks of the functions below: how many rows, at what cost.

CREATE FUNCTION fca.planner_support(internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'fca_planner_support'
LANGUAGE C STRICT;
COMMENT ON FUNCTION fca.planner_support(internal) IS
'for the planner: how many rows a call gives, by its limit, its keys and the statistics of the relation, and at what cost';

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

-- conversations

CREATE TYPE fca.conversation AS (
	id bigint,
	customer_id bigint,
	title text,
	status text,
	channel text,
	summary text,
	intent text,
	sentiment text,
	message_count integer,
	escalation_id text,
	escalation_reason text,
	priority text,
	assigned_group text,
	created_at timestamptz,
	updated_at timestamptz
);
COMMENT ON TYPE fca.conversation IS 'a row of fca.conversations: a conversation of the support desk with a customer';

CREATE FUNCTION fca.find_by_customer(
	customer_id bigint,
	max_rows bigint DEFAULT 50,
	after_updated_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_by_customer'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 50 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_customer(bigint, bigint, timestamptz, bigint) IS
'conversations of a customer (customers.id), last changed first (updated_at desc, id desc); keyset page behind after_updated_at, after_id';

CREATE FUNCTION fca.find_escalated(
	max_rows bigint DEFAULT 100,
	after_updated_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_escalated'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_escalated(bigint, timestamptz, bigint) IS
'escalated conversations, longest waiting first (updated_at, id); keyset page behind after_updated_at, after_id';

CREATE FUNCTION fca.find_escalated_by_group(
	assigned_group text,
	max_rows bigint DEFAULT 100,
	after_updated_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_escalated_by_group'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_escalated_by_group(text, bigint, timestamptz, bigint) IS
'escalated conversations of a group, longest waiting first (updated_at, id); keyset page behind after_updated_at, after_id';

CREATE FUNCTION fca.find_by_ticket_id(ticket_id text)
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_by_ticket_id'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_ticket_id(text) IS
'the conversation with this ticket id (escalation_id), or no row';

CREATE FUNCTION fca.find_by_status(
	status text,
	max_rows bigint DEFAULT 100,
	after_updated_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_by_status'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_status(text, bigint, timestamptz, bigint) IS
'conversations with a status (active, resolved, escalated, closed), last changed first (updated_at desc, id desc); keyset page behind after_updated_at, after_id';

CREATE FUNCTION fca.find_by_ticket_ids(ticket_ids text[])
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_by_ticket_ids'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_ticket_ids(text[]) IS
'the conversations with these ticket ids, in the order of ticket_ids; one given twice comes twice, a missing one is left out';

CREATE FUNCTION fca.find_by_customers(
	customer_ids bigint[],
	per_customer bigint DEFAULT 10)
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_by_customers'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_customers(bigint[], bigint) IS
'the last changed per_customer conversations of each customer, in the order of customer_ids, last changed first (updated_at desc, id desc)';

CREATE FUNCTION fca.find_escalated_for_update(max_rows bigint DEFAULT 1)
RETURNS SETOF fca.conversation
AS 'MODULE_PATHNAME', 'fca_find_escalated_for_update'
LANGUAGE C VOLATILE ROWS 1 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_escalated_for_update(bigint) IS
'the longest waiting escalated conversations (updated_at, id), locked until the transaction ends; those that others have locked are left out';

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

-- faqs

CREATE TYPE fca.faq AS (
	id bigint,
	question text,
	answer text,
	category text,
	keywords text,
	is_active boolean
);
COMMENT ON TYPE fca.faq IS 'a row of fca.faqs: a question that customers ask often, and its answer';

CREATE FUNCTION fca.search_by_keyword(
	keyword text,
	max_rows bigint DEFAULT 10)
RETURNS SETOF fca.faq
AS 'MODULE_PATHNAME', 'fca_search_by_keyword'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.search_by_keyword(text, bigint) IS
'active FAQs whose question or keywords contain this text, in any case; first those with exactly this keyword, then those whose question starts with it, then the rest; then by id';

CREATE FUNCTION fca.find_by_category(
	category text,
	max_rows bigint DEFAULT 100,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.faq
AS 'MODULE_PATHNAME', 'fca_find_by_category'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_category(text, bigint, bigint) IS
'active FAQs of a category (id); keyset page behind after_id';

-- messages

CREATE TYPE fca.message AS (
	id bigint,
	conversation_id bigint,
	role text,
	content text,
	agent_name text,
	intent text,
	sentiment text,
	confidence_score integer,
	is_error boolean,
	requires_human boolean,
	metadata jsonb,
	created_at timestamptz,
	updated_at timestamptz
);
COMMENT ON TYPE fca.message IS 'a row of fca.messages: what was said in a conversation';

CREATE FUNCTION fca.find_by_conversation(
	conversation_id bigint,
	max_rows bigint DEFAULT 100,
	after_created_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.message
AS 'MODULE_PATHNAME', 'fca_find_by_conversation'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_by_conversation(bigint, bigint, timestamptz, bigint) IS
'messages of a conversation, oldest first (created_at, id); keyset page behind after_created_at, after_id';

CREATE FUNCTION fca.find_recent_messages(
	conversation_id bigint,
	max_rows bigint DEFAULT 20)
RETURNS SETOF fca.message
AS 'MODULE_PATHNAME', 'fca_find_recent_messages'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 20 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_recent_messages(bigint, bigint) IS
'the newest max_rows messages of a conversation, given oldest first (created_at, id): a model''s context window';

CREATE FUNCTION fca.find_requiring_human(
	max_rows bigint DEFAULT 100,
	after_created_at timestamptz DEFAULT NULL,
	after_id bigint DEFAULT NULL)
RETURNS SETOF fca.message
AS 'MODULE_PATHNAME', 'fca_find_requiring_human'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_requiring_human(bigint, timestamptz, bigint) IS
'messages that require a human, oldest first (created_at, id); keyset page behind after_created_at, after_id';

CREATE FUNCTION fca.find_recent_messages_of(
	conversation_ids bigint[],
	per_conversation bigint DEFAULT 20)
RETURNS SETOF fca.message
AS 'MODULE_PATHNAME', 'fca_find_recent_messages_of'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.find_recent_messages_of(bigint[], bigint) IS
'the newest per_conversation messages of each conversation, in the order of conversation_ids, given oldest first (created_at, id)';

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

-- The base repository: model is NULL::row_type, of a resource or of any table or view.
-- Reads are PARALLEL RESTRICTED, since the table may be a temporary one.

CREATE FUNCTION fca.create(model anyelement, data jsonb)
RETURNS anyelement
AS 'MODULE_PATHNAME', 'fca_create'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.create(anyelement, jsonb) IS
'creates a row from {"column": value, ...} and gives it; absent columns get their default';

CREATE FUNCTION fca.create_many(model anyelement, rows jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_create_many'
LANGUAGE C VOLATILE ROWS 100;
COMMENT ON FUNCTION fca.create_many(anyelement, jsonb) IS
'creates rows from [{"column": value, ...}, ...] in one statement, all or none, and gives them in that order; rows may have different keys';

CREATE FUNCTION fca.get_by_id(model anyelement, id anycompatible)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_by_id'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION fca.get_by_id(anyelement, anycompatible) IS
'the row with this key, or no row';

CREATE FUNCTION fca.get_many(model anyelement, ids anycompatiblearray)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_many'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_many(anyelement, anycompatiblearray) IS
'the rows with these keys, in the order of ids; a key given twice comes twice, a missing one is left out';

CREATE FUNCTION fca.get_by_id_for_update(model anyelement, id anycompatible, nowait boolean DEFAULT false)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_by_id_for_update'
LANGUAGE C VOLATILE ROWS 1;
COMMENT ON FUNCTION fca.get_by_id_for_update(anyelement, anycompatible, boolean) IS
'the row with this key, locked until the transaction ends, or no row; waits for who has locked it, or with nowait is error 55P03';

CREATE FUNCTION fca.get_children(
	model anyelement,
	parent_column text,
	parent_ids anycompatiblearray,
	per_parent bigint DEFAULT 10,
	sort_by text DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_children'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_children(anyelement, text, anycompatiblearray, bigint, text) IS
'for each of parent_ids, in that order, the first per_parent rows whose parent_column is it, sorted as by get_all';

CREATE FUNCTION fca.get_all(
	model anyelement,
	skip bigint DEFAULT 0,
	max_rows bigint DEFAULT 100,
	sort_by text DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_all'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_all(anyelement, bigint, bigint, text) IS
'max_rows rows after the first skip, sorted by a list such as ''last_name, created_at desc'', by default and at last by the key';

CREATE FUNCTION fca.get_by_filters(
	model anyelement,
	filters jsonb,
	skip bigint DEFAULT 0,
	max_rows bigint DEFAULT 100,
	sort_by text DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_by_filters'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_by_filters(anyelement, jsonb, bigint, bigint, text) IS
'rows that match {"column": value, null, [values] or {"operator": value}, ...}: max_rows of them after the first skip, sorted as by get_all';

CREATE FUNCTION fca.get_page(
	model anyelement,
	filters jsonb DEFAULT '{}',
	sort_by text DEFAULT NULL,
	max_rows bigint DEFAULT 100,
	after jsonb DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_get_page'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100 SUPPORT fca.planner_support;
COMMENT ON FUNCTION fca.get_page(anyelement, jsonb, text, bigint, jsonb) IS
'a keyset page of the rows that match the filters, sorted as by get_all: max_rows of them behind after, the last row of the page before as to_jsonb(row)';

CREATE FUNCTION fca.find_one(model anyelement, filters jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_find_one'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION fca.find_one(anyelement, jsonb) IS
'the row that matches the filters, or no row; more than one is an error';

CREATE FUNCTION fca.count(model anyelement, filters jsonb DEFAULT '{}')
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_count'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION fca.count(anyelement, jsonb) IS
'how many rows match the filters';

CREATE FUNCTION fca.count_estimate(model anyelement, filters jsonb DEFAULT '{}')
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_count_estimate'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION fca.count_estimate(anyelement, jsonb) IS
'how many rows match the filters, by the planner''s estimate, without reading any';

CREATE FUNCTION fca.exists(model anyelement, id anycompatible)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fca_exists'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION fca.exists(anyelement, anycompatible) IS
'is there a row with this key?';

CREATE FUNCTION fca.update(model anyelement, id anycompatible, data jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_update'
LANGUAGE C VOLATILE ROWS 1;
COMMENT ON FUNCTION fca.update(anyelement, anycompatible, jsonb) IS
'sets the columns of {"column": value, ...} in the row with this key and gives the changed row, or no row; sets updated_at unless it is given';

CREATE FUNCTION fca.update_if(model anyelement, id anycompatible, expected jsonb, data jsonb)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'fca_update_if'
LANGUAGE C VOLATILE ROWS 1;
COMMENT ON FUNCTION fca.update_if(anyelement, anycompatible, jsonb, jsonb) IS
'the same only while the row still matches the filters of expected (compare-and-set); no row otherwise';

CREATE FUNCTION fca.update_many(model anyelement, filters jsonb, data jsonb)
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_update_many'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.update_many(anyelement, jsonb, jsonb) IS
'sets the columns of data in every row that matches the filters, at least one of which must be given; how many rows changed';

CREATE FUNCTION fca.delete(model anyelement, id anycompatible)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fca_delete'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.delete(anyelement, anycompatible) IS
'deletes the row with this key; was there one?';

CREATE FUNCTION fca.delete_many(model anyelement, filters jsonb)
RETURNS bigint
AS 'MODULE_PATHNAME', 'fca_delete_many'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.delete_many(anyelement, jsonb) IS
'deletes every row that matches the filters, at least one of which must be given; how many there were';

-- Streams: cursors of the caller's transaction, read by FETCH.

CREATE FUNCTION fca.open_cursor(
	model anyelement,
	filters jsonb DEFAULT '{}',
	sort_by text DEFAULT NULL,
	cursor_name text DEFAULT NULL)
RETURNS refcursor
AS 'MODULE_PATHNAME', 'fca_open_cursor'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.open_cursor(anyelement, jsonb, text, text) IS
'opens a cursor over the rows that match the filters, sorted as by get_all, and gives its name';

CREATE FUNCTION fca.open_finder(
	finder text,
	arguments jsonb DEFAULT '{}',
	cursor_name text DEFAULT NULL)
RETURNS refcursor
AS 'MODULE_PATHNAME', 'fca_open_finder'
LANGUAGE C VOLATILE;
COMMENT ON FUNCTION fca.open_finder(text, jsonb, text) IS
'opens a cursor over the rows of a finder, called with {"argument": value, ...}, and gives its name';

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

-- The resources' relations as ordinary tables of the caller.

CREATE FUNCTION fca.create_tables()
RETURNS SETOF regclass
AS 'MODULE_PATHNAME', 'fca_create_tables'
LANGUAGE C VOLATILE ROWS 10;
COMMENT ON FUNCTION fca.create_tables() IS
'makes those of the resources'' relations in schema fca that are not there, as tables of the caller with keys, checks, indexes and a trigger for updated_at, and gives their names; what is there is left alone, but must have every column';

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
