"""Which errors a call may give: those of the contract, and PostgreSQL's own for the same mistake."""

# Of any function: what the parser, the types and the rights say before it is run,
# and the errors that the caller's own tables, triggers and settings raise.
COMMON = {
    "00000": "it succeeds",
    "0A000": "a value that no type accepts (anyarray); a statement that PostgreSQL does not support for the"
    " relation",
    "21000": "a subquery of the arguments, or ON CONFLICT, gives more than one row",
    "22001": "a value is too long for its column",
    "22003": "a number is out of range",
    "22004": "NULL where an array allows none",
    "22007": "no date or time",
    "22008": "a date or time is out of range",
    "22023": "the contract's: an argument that is not what it must be",
    "22021": "a character that the encoding lacks",
    "22026": "a bit string of another length",
    "22P02": "a text that the type does not take",
    "22P03": "a binary value that the type does not take",
    "22P05": "\\u0000, which no text holds",
    "22009": "a time zone is out of range",
    "2200N": "no XML",
    "2200M": "no XML document",
    "2201W": "the contract's: max_rows is negative",
    "2201X": "the contract's: skip is negative",
    "2202E": "an array whose parts do not match",
    "23502": "NOT NULL",
    "23503": "a foreign key",
    "23505": "a unique key",
    "23514": "a check, of a table, a domain or a partition",
    "23P01": "an exclusion constraint",
    "25006": "a write in a read-only transaction",
    "34000": "no such cursor",
    "3F000": "no such schema",
    "40001": "a row has changed since the snapshot of the transaction",
    "40P01": "a deadlock",
    "42501": "no privilege",
    "42601": "a function that returns a set where none may be",
    "42602": "an invalid name",
    "42622": "a name is too long",
    "42701": "a column is named twice",
    "42702": "an ambiguous column, of the caller's trigger",
    "42703": "the contract's: no such column",
    "42704": "no such type (a model's), no such object",
    "42725": "an ambiguous call",
    "42804": "a type that does not fit a polymorphic argument",
    "42809": "the contract's: the model is not a row type of a table or view",
    "42846": "no such cast in the arguments",
    "42883": "no such function of these types; the contract's: the type lacks the operator",
    "42P01": "the contract's: the relation is not there",
    "42P18": "a polymorphic argument of no type",
    "42P22": "no collation for a comparison",
    "42P21": "different collations",
    "42P16": "the hostile statement itself: a table of a pseudo-type",
    "42803": "the hostile statement itself",
    "428C9": "a generated column is given a value",
    "54000": "the contract's: filters too deep or too many; PostgreSQL's limits of jsonb, arrays and rows",
    "54001": "JSON nested deeper than the stack",
    "54011": "more columns than a row has",
    "54023": "more arguments than a function has",
    "55000": "the contract's: no single key column; a view or materialized view that cannot be changed or"
    " read",
    "55006": "the table is in use by the caller's own statement",
    "55P04": "a new label of an enum in the same transaction",
    "P0001": "raised by the caller's own trigger",
    "22000": "the caller's data",
    "22012": "the caller's data",
}

ONE = {"P0003": "more than one row has the key"}
WRITE = {"P0002": "a trigger or rule discarded the row", "P0003": "a rule made more rows",
    "44000": "WITH CHECK OPTION of a view", "27000": "a trigger changed the row that is changed"}

# Of one function, beyond these; of a finder of one row, ONE.
OF = {
    "find_one": ONE,
    "get_by_id": ONE,
    "get_many": ONE,
    "get_by_id_for_update": {**ONE, "55P03": "locked, with nowait"},
    "create": WRITE,
    "create_many": WRITE,
    "create_many_report": WRITE,
    "update": WRITE,
    "update_if": WRITE,
    "update_many": WRITE,
    "delete": WRITE,
    "delete_many": WRITE,
    "upsert": {**WRITE, "42P10": "no unique index on the conflict columns"},
    "upsert_many": {**WRITE, "42P10": "no unique index on the conflict columns"},
    "open_cursor": {"42P03": "a cursor of that name is open", "25P01": "no transaction block"},
    "open_finder": {"42P03": "a cursor of that name is open", "25P01": "no transaction block"},
    "create_tables": {"42P07": "a name is taken"},
}

def allowed(function, answer):
    return answer.state in COMMON or answer.state in OF.get(function, ())


def is_leak(state, message):
    """A warning that tells of a fault of the module, not of the caller."""
    return any(word in message for word in ("leak", "problem in alloc", "still referenced", "unexpected",
        "transaction left", "not owned", "corrupt"))


def same_mistake(call, plain):
    """Two errors for one mistake: plain SQL checks in another order."""
    if call.state == "00000" or plain.state == "00000":
        return False
    # a value is read before the statement is planned and checked
    bad_value = ("22", "23", "42804", "428C9", "44000")
    if call.state.startswith(bad_value) and plain.state.startswith(bad_value):
        return True
    # privileges come first; plain SQL looks for the columns before
    return call.state == "42501" and plain.state == "42703"
