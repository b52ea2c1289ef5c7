
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
