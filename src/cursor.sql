
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
