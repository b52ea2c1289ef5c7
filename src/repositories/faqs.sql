
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
