
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
