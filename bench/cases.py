"""What is measured: every finder and every base function, with the SQL of each camp.

What a finder takes, with which values, and what it gives in plain SQL, is read of sql/fixtures/calls.sql.
From that follow the call of fca_repo, the raw SQL of its first page, and its two twins (an inlinable SQL
function and a PL/pgSQL function); of a finder that calls.sql does not know in plain SQL, the call alone.
What works on any model has its raw SQL and the call of a generic PL/pgSQL function (generic.sql) written
out.
"""

import json
import os
import re
from dataclasses import dataclass, replace

OURS, RAW, SQL, PLPGSQL = "fca_repo", "raw SQL", "SQL function", "PL/pgSQL"
# Python's.
ASYNCPG = "asyncpg, raw SQL"
ALCHEMY, ALCHEMY_CORE = "SQLAlchemy", "SQLAlchemy, multi-row INSERT"
BATCH, SINGLY = "one call", "one by one"


@dataclass(frozen=True)
class Arg:
    """An argument of a call: a number that pgbench draws, alone or inside of a text; or a fixed value,
    given here or found in bench.facts under the argument's name."""

    type: str
    number: str = ""     # pgbench's expression
    text: str = "{}"     # the value, with the number in it
    fixed: str = ""

    def literal(self, name):
        """As pgbench's simple mode takes it: every value stands in the text."""
        return f":{name}" if self.type == "bigint" else "'" + self.text.replace("{}", f":{name}") + "'"

    def bound(self, name):
        """As its other modes take it: every value is a parameter."""
        if self.text == "{}":
            return f":{name}"
        before, after = self.text.split("{}")
        parts = [f"'{before}'" if before else "", f":{name}", f"'{after}'" if after else ""]
        joined = "(" + " || ".join(part for part in parts if part) + ")"
        return joined if self.type == "text" else f"{joined}::{self.type}"

    def value(self, number):
        """One value, for clients other than pgbench."""
        return number if self.type == "bigint" else self.text.replace("{}", str(number))


def const(value, type="text"):
    return Arg(type, fixed=value)


EMAIL = Arg("text", "random(1, :few)", "customer{}@example.com")
BUSINESS_ID = Arg("text", "random(1, :few)", "CUST-{}")
ANY = Arg("bigint", "random(1, :few)")
BUSY = Arg("bigint", "random(1, :busy)")
HAS_ACCOUNTS = Arg("bigint", "random(1, :few / 4)")


@dataclass(frozen=True)
class Case:
    """One call, in the SQL of each camp; {name} stands for an argument."""

    name: str
    kind: str                      # what target it has: point, list, batch, key, filter, create, ...
    args: dict
    sql: dict                      # camp -> SQL
    set_up: str = ""               # SQL before each run; {calls} is how many are coming
    clean_up: str = ""             # SQL after each run
    script: str = ""               # the begin of the pgbench script
    calls: int = 1                 # how many calls one statement makes


def keys(text="{}", count=10):
    """So many keys."""
    return const("{" + ",".join(text.format(number) for number in range(1, 2 * count, 2)) + "}",
                 "bigint[]" if text == "{}" else "text[]")


TEN = keys()


class Finder:
    """A finder, by its row of sql/fixtures/calls.sql."""

    def __init__(self, row, database):
        self.name = row["name"]
        self.row_type = row["row_type"]
        self.relation = row["relation"]
        self.where = row["condition"] and indexable(row["condition"])
        self.order = row["sort"] or ""
        self.newest = row["newest"]     # the last rows, turned round
        keys = [arg for arg in row["arguments"] if arg["default"] is None]
        self.args = {arg["name"]: argument(arg, database) for arg in keys}
        # the argument whose elements the rows are for, in turn
        self.each = next((arg["name"] for arg in keys if arg["type"].endswith("[]")), None)
        limits = [arg for arg in row["arguments"]
                  if arg["name"] == "max_rows" or arg["name"].startswith("per_")]
        self.limit, self.rows = (limits[0]["name"], int(limits[0]["default"])) if limits else (None, None)
        # the place behind which a page starts: column -> type
        self.after = {arg["name"][6:]: arg["type"] for arg in row["arguments"]
                      if arg["name"].startswith("after_")}

    def chosen(self, limit, page="", where=None):
        """The rows of one key, or of all."""
        sql = f"SELECT * FROM fca.{self.relation} WHERE {where or self.where}"
        if page:
            sql += f" AND {page}"
        if self.order:
            sql += f" ORDER BY {self.order}"
        if limit is not None:
            sql += f" LIMIT {limit}"
        return sql

    def query(self, limit, page=""):
        """The SELECT; page is one more condition."""
        given = self.order.replace(" DESC", "") if self.newest else self.order
        if not self.each:
            sql = self.chosen(limit, page)
            return f"SELECT * FROM ({sql}) AS newest ORDER BY {given}" if self.newest else sql
        keys = f"unnest({{{self.each}}}::{self.args[self.each].type}) WITH ORDINALITY AS keys (key, place)"
        where = self.where.replace(f"{{{self.each}}}", "keys.key")
        if not self.order:
            return f"SELECT t.* FROM {keys} JOIN fca.{self.relation} AS t ON t.{where} ORDER BY keys.place"
        order = ", ".join("t." + part for part in given.split(", "))
        return (f"SELECT t.* FROM {keys} CROSS JOIN LATERAL ({self.chosen(limit, where=where)}) AS t"
                f" ORDER BY keys.place, {order}")

    def place(self):
        """Strictly behind the row before, by one comparison that an index serves."""
        columns = list(self.after)
        sign = "<" if "DESC" in self.order else ">"
        return f"({', '.join(columns)}) {sign} ({', '.join('after_' + c for c in columns)})"

    def twin(self, schema, head, body):
        """A function that does what the finder does."""
        args = [f"{name} {arg.type}" for name, arg in self.args.items()]
        args += [f"{self.limit} bigint DEFAULT {self.rows}"] if self.limit else []
        args += [f"after_{column} {type} DEFAULT NULL" for column, type in self.after.items()]
        rows = ("" if self.each else f" ROWS {self.rows}" if self.limit
                else " ROWS 1" if not self.order else "")
        # The argument, not the column of the same name.
        body = body.format(**{name: f"{self.name}.{name}" for name in self.args})
        return (f"CREATE FUNCTION {schema}.{self.name}({', '.join(args)}) RETURNS SETOF fca.{self.relation}"
                f" STABLE PARALLEL SAFE {head}{rows} AS $$ {body} $$")

    def sql_function(self):
        """Inlined into the caller's query, where a page without a place loses the condition of it."""
        page = f"(after_id IS NULL OR {self.place()})" if self.after else ""
        return self.twin("sql_twin", "LANGUAGE sql", self.query(self.limit, page))

    def plpgsql_function(self):
        """A statement for the first page and one for the others: each can use the index."""
        body = f"RETURN QUERY {self.query(self.limit)};"
        if self.after:
            body = (f"IF after_id IS NULL THEN {body} ELSE"
                    f" RETURN QUERY {self.query(self.limit, self.place())}; END IF;")
        conflict = "" if self.each else "#variable_conflict use_column\n"
        return self.twin("plpgsql_twin", "LANGUAGE plpgsql", f"{conflict}BEGIN {body} END")

    def twins(self):
        return (self.sql_function(), self.plpgsql_function()) if self.where else ()

    def case(self):
        call = f"{self.name}({', '.join('{' + name + '}' for name in self.args)})"
        sql = {OURS: f"SELECT * FROM fca.{call}"}
        if self.where:
            sql.update({RAW: self.query(self.rows), SQL: f"SELECT * FROM sql_twin.{call}",
                        PLPGSQL: f"SELECT * FROM plpgsql_twin.{call}"})
        kind = "batch" if self.each else "list" if self.order or self.limit else "point"
        return Case(self.name, kind, self.args, sql)


def indexable(condition):
    """A search as one writes it where a trigram index is to serve it."""
    return re.sub(r"pg_catalog\.strpos\(pg_catalog\.lower\((\w+)\), pg_catalog\.lower\((\{\w+\})\)\) > 0",
                  r"\1 ILIKE '%' || \2 || '%'", condition)


def argument(row, database):
    """An argument, with the values that calls.sql has for the benchmark's data, or one of its column."""
    if not row["known"]:
        return const(database.value("SELECT " + re.sub(r"\bi\b", "1", row["value"])), row["type"])
    if row["bench"] is None:
        return Arg(row["type"])
    if row["type"].endswith("[]"):
        return keys(row["bench"])
    if row["drawn"] is None:
        return const(row["bench"], row["type"])
    return Arg(row["type"], row["drawn"], row["bench"])


def message(content):
    return '{"conversation_id": {}, "role": "agent", "content": "' + content + '", "intent": "question"}'


NEW_MESSAGE = Arg("jsonb", "random(1, :busy)", message("What the agent says to the customer"))
RAW_INSERT = ("INSERT INTO fca.messages (conversation_id, role, content, intent)"
              " VALUES ({conversation_id}, 'agent', 'What the agent says to the customer', 'question')")
# What is created goes again: the next camp finds the table as it was.
FORGET = "DELETE FROM fca.messages WHERE id > (SELECT value::bigint FROM bench.facts WHERE name = 'n');"
MANY = "(SELECT rows FROM bench.batches WHERE name = '{}')"
# Existing rows to delete, one for each call.
DOOMED = ("INSERT INTO fca.messages (id, conversation_id, role, content)"
          " SELECT 1000000000 + g, 1 + g % 10, 'agent', 'Soon gone' FROM generate_series(1, {calls}) AS g;")
NEXT_DOOMED = "\\set doomed :doomed + 1"

BASE = [
    Case("get_by_id", "key", {"id": ANY}, {
        OURS: "SELECT * FROM fca.get_by_id(NULL::fca.customer, {id}::bigint)",
        RAW: "SELECT * FROM fca.customers WHERE id = {id}",
        PLPGSQL: "SELECT * FROM generic.get_by_id(NULL::fca.customers, {id})"}),
    Case("get_by_id_for_update", "key", {"id": ANY}, {
        OURS: "SELECT * FROM fca.get_by_id_for_update(NULL::fca.customer, {id}::bigint)",
        RAW: "SELECT * FROM fca.customers WHERE id = {id} FOR UPDATE",
        PLPGSQL: "SELECT * FROM generic.get_by_id_for_update(NULL::fca.customers, {id})"}),
    Case("exists", "key", {"id": ANY}, {
        OURS: "SELECT fca.exists(NULL::fca.customer, {id}::bigint)",
        RAW: "SELECT EXISTS (SELECT FROM fca.customers WHERE id = {id})",
        PLPGSQL: "SELECT generic.exists(NULL::fca.customers, {id})"}),
    Case("get_many (10)", "key", {"ids": TEN}, {
        OURS: "SELECT * FROM fca.get_many(NULL::fca.customer, {ids}::bigint[])",
        RAW: "SELECT t.* FROM unnest({ids}::bigint[]) WITH ORDINALITY AS k (id, n)"
             " JOIN fca.customers AS t ON t.id = k.id ORDER BY k.n",
        PLPGSQL: "SELECT * FROM generic.get_many(NULL::fca.customers, {ids})"}),
    Case("get_many (1,000)", "many", {"ids": keys(count=1000)}, {
        OURS: "SELECT * FROM fca.get_many(NULL::fca.message, {ids}::bigint[])",
        RAW: "SELECT t.* FROM unnest({ids}::bigint[]) WITH ORDINALITY AS k (id, n)"
             " JOIN fca.messages AS t ON t.id = k.id ORDER BY k.n",
        PLPGSQL: "SELECT * FROM generic.get_many(NULL::fca.messages, {ids})"}),
    Case("get_children (10 x 10)", "other", {"ids": TEN}, {
        OURS: "SELECT * FROM fca.get_children(NULL::fca.transaction, 'account_id', {ids}::bigint[], 10,"
              " 'occurred_at desc')",
        RAW: "SELECT t.* FROM unnest({ids}::bigint[]) WITH ORDINALITY AS k (id, n)"
             " CROSS JOIN LATERAL (SELECT * FROM fca.transactions AS t WHERE t.account_id = k.id"
             " ORDER BY occurred_at DESC, id LIMIT 10) AS t ORDER BY k.n, t.occurred_at DESC, t.id",
        PLPGSQL: "SELECT * FROM generic.get_children(NULL::fca.transactions, 'account_id', {ids}, 10,"
                 " 'occurred_at DESC')"}),
    Case("get_all (100)", "other", {}, {
        OURS: "SELECT * FROM fca.get_all(NULL::fca.account)",
        RAW: "SELECT * FROM fca.accounts ORDER BY id LIMIT 100",
        PLPGSQL: "SELECT * FROM generic.get_by_filters(NULL::fca.accounts, '{}')"}),
    Case("get_page (100)", "other", {}, {
        OURS: "SELECT * FROM fca.get_page(NULL::fca.account)",
        RAW: "SELECT * FROM fca.accounts ORDER BY id LIMIT 100",
        PLPGSQL: "SELECT * FROM generic.get_page(NULL::fca.accounts)"}),
    Case("get_page (100), the next", "other", {"after": const('{"id": 100}', "jsonb")}, {
        OURS: "SELECT * FROM fca.get_page(NULL::fca.account, after => {after})",
        RAW: "SELECT * FROM fca.accounts WHERE id > 100 ORDER BY id LIMIT 100",
        PLPGSQL: "SELECT * FROM generic.get_page(NULL::fca.accounts, after => {after})"}),
    Case("get_by_filters (4)", "filter",
         {"filters": Arg("jsonb", "random(1, :few / 4)", '{"customer_id": {}}'),
          "customer_id": HAS_ACCOUNTS}, {
        OURS: "SELECT * FROM fca.get_by_filters(NULL::fca.account, {filters})",
        RAW: "SELECT * FROM fca.accounts WHERE customer_id = {customer_id} ORDER BY id LIMIT 100",
        PLPGSQL: "SELECT * FROM generic.get_by_filters(NULL::fca.accounts, {filters})"}),
    Case("get_by_filters (2 keys)", "filter",
         {"filters": Arg("jsonb", "random(1, :few / 4)",
                         '{"customer_id": {}, "status": ["active", "frozen"]}'),
          "customer_id": HAS_ACCOUNTS}, {
        OURS: "SELECT * FROM fca.get_by_filters(NULL::fca.account, {filters})",
        RAW: "SELECT * FROM fca.accounts WHERE customer_id = {customer_id}"
             " AND status IN ('active', 'frozen') ORDER BY id LIMIT 100",
        PLPGSQL: "SELECT * FROM generic.get_by_filters(NULL::fca.accounts, {filters})"}),
    Case("find_one", "filter", {"filters": Arg("jsonb", "random(1, :few)", '{"customer_id": "CUST-{}"}'),
                                "customer_id": BUSINESS_ID}, {
        OURS: "SELECT * FROM fca.find_one(NULL::fca.customer, {filters})",
        RAW: "SELECT * FROM fca.customers WHERE customer_id = {customer_id} LIMIT 2",
        PLPGSQL: "SELECT * FROM generic.find_one(NULL::fca.customers, {filters})"}),
    Case("count", "other", {"filters": Arg("jsonb", "random(1, :few / 4)", '{"customer_id": {}}'),
                            "customer_id": HAS_ACCOUNTS}, {
        OURS: "SELECT fca.count(NULL::fca.account, {filters})",
        RAW: "SELECT count(*) FROM fca.accounts WHERE customer_id = {customer_id}",
        PLPGSQL: "SELECT generic.count(NULL::fca.accounts, {filters})"}),
    Case("count_estimate", "other", {"filters": Arg("jsonb", "random(1, :few / 4)", '{"customer_id": {}}'),
                                     "customer_id": HAS_ACCOUNTS}, {
        OURS: "SELECT fca.count_estimate(NULL::fca.account, {filters})",
        # The count itself: EXPLAIN gives no number.
        RAW: "SELECT count(*) FROM fca.accounts WHERE customer_id = {customer_id}",
        PLPGSQL: "SELECT generic.count_estimate(NULL::fca.accounts, {filters})"}),
    Case("open_cursor, fetch 100", "other", {}, {
        OURS: "BEGIN;\nSELECT fca.open_cursor(NULL::fca.account, sort_by => 'id', cursor_name => 'c');\n"
              "FETCH 100 FROM c;\nCOMMIT",
        RAW: "BEGIN;\nDECLARE c CURSOR FOR SELECT * FROM fca.accounts ORDER BY id;\n"
             "FETCH 100 FROM c;\nCOMMIT",
        PLPGSQL: "BEGIN;\nSELECT generic.open_cursor(NULL::fca.accounts, 'id', 'c');\n"
                 "FETCH 100 FROM c;\nCOMMIT"}),
    Case("open_finder, fetch 100", "other", {}, {
        OURS: "BEGIN;\nSELECT fca.open_finder('find_active_customers', cursor_name => 'c');\n"
              "FETCH 100 FROM c;\nCOMMIT",
        RAW: "BEGIN;\nDECLARE c CURSOR FOR SELECT * FROM fca.customers WHERE is_active"
             " ORDER BY created_at DESC, id DESC LIMIT 100;\nFETCH 100 FROM c;\nCOMMIT",
        PLPGSQL: "BEGIN;\nSELECT generic.open_active_customers('c');\nFETCH 100 FROM c;\nCOMMIT"}),
    Case("find_escalated_for_update", "other", {}, {
        OURS: "SELECT * FROM fca.find_escalated_for_update()",
        RAW: "SELECT * FROM fca.conversations WHERE status = 'escalated' ORDER BY updated_at, id"
             " LIMIT 1 FOR UPDATE SKIP LOCKED",
        PLPGSQL: "SELECT * FROM generic.find_escalated_for_update()"}),
    Case("create", "create", {"data": NEW_MESSAGE, "conversation_id": BUSY}, {
        OURS: "SELECT * FROM fca.create(NULL::fca.message, {data})",
        RAW: RAW_INSERT + " RETURNING *",
        PLPGSQL: "SELECT * FROM generic.create(NULL::fca.messages, {data})"}, clean_up=FORGET),
    Case("create_many (1,000)", "create_many", {}, {
        OURS: "SELECT * FROM fca.create_many(NULL::fca.message, " + MANY.replace("{}", "1000") + ")",
        RAW: "INSERT INTO fca.messages (conversation_id, role, content, intent)"
             " SELECT conversation_id, role, content, intent"
             " FROM jsonb_populate_recordset(NULL::fca.messages, "
             + MANY.replace("{}", "1000") + ") RETURNING *",
        PLPGSQL: "SELECT * FROM generic.create_many(NULL::fca.messages, " + MANY.replace("{}", "1000") + ")"},
        clean_up=FORGET),
    Case("create_many_report (10,000)", "report", {}, {
        OURS: "SELECT * FROM fca.create_many_report(NULL::fca.message, " + MANY.replace("{}", "10000") + ")",
        "fca_repo, 100 bad": "SELECT * FROM fca.create_many_report(NULL::fca.message, "
                             + MANY.replace("{}", "10000, 100 bad") + ")",
        "PL/pgSQL, 100 bad": "SELECT * FROM generic.create_many_report(NULL::fca.messages, "
                             + MANY.replace("{}", "10000, 100 bad") + ")"}, clean_up=FORGET),
    Case("update", "key", {"id": ANY, "data": const('{"notes": "called back", "phone": "+44 1"}', "jsonb")}, {
        OURS: "SELECT * FROM fca.update(NULL::fca.customer, {id}::bigint, {data})",
        RAW: "UPDATE fca.customers SET notes = 'called back', phone = '+44 1', updated_at = now()"
             " WHERE id = {id} RETURNING *",
        PLPGSQL: "SELECT * FROM generic.update(NULL::fca.customers, {id}, {data})"}),
    Case("update_if", "other", {"id": ANY, "expected": const('{"is_active": [true, false]}', "jsonb"),
                                "data": const('{"notes": "called back"}', "jsonb")}, {
        OURS: "SELECT * FROM fca.update_if(NULL::fca.customer, {id}::bigint, {expected}, {data})",
        RAW: "UPDATE fca.customers SET notes = 'called back', updated_at = now()"
             " WHERE id = {id} AND is_active IN (true, false) RETURNING *",
        PLPGSQL: "SELECT * FROM generic.update_if(NULL::fca.customers, {id}, {expected}, {data})"}),
    Case("update_many (4)", "other",
         {"filters": Arg("jsonb", "random(1, :few / 4)", '{"customer_id": {}}'), "customer_id": HAS_ACCOUNTS,
          "data": const('{"balance": 5}', "jsonb")}, {
        OURS: "SELECT fca.update_many(NULL::fca.account, {filters}, {data})",
        RAW: "UPDATE fca.accounts SET balance = 5, updated_at = now() WHERE customer_id = {customer_id}",
        PLPGSQL: "SELECT generic.update_many(NULL::fca.accounts, {filters}, {data})"}),
    Case("upsert", "key",
         {"data": Arg("jsonb", "random(1, :few)", '{"email": "customer{}@example.com", "phone": "+44 2"}'),
          "whole": Arg("jsonb", "random(1, :few)", '{"email": "customer{}@example.com", "phone": "+44 2",'
                       ' "customer_id": "CUST-new", "first_name": "A", "last_name": "B"}'), "email": EMAIL}, {
        OURS: "SELECT * FROM fca.upsert(NULL::fca.customer, {data}, ARRAY['email'])",
        RAW: "INSERT INTO fca.customers (email, phone, customer_id, first_name, last_name)"
             " VALUES ({email}, '+44 2', 'CUST-new', 'A', 'B') ON CONFLICT (email)"
             " DO UPDATE SET phone = EXCLUDED.phone, updated_at = now() RETURNING *",
        PLPGSQL: "SELECT * FROM generic.upsert(NULL::fca.customers, {whole}, ARRAY['email'],"
                 " ARRAY['phone'])"}),
    Case("delete", "key", {}, {
        OURS: "SELECT fca.delete(NULL::fca.message, 1000000000::bigint + :doomed)",
        RAW: "DELETE FROM fca.messages WHERE id = 1000000000::bigint + :doomed",
        PLPGSQL: "SELECT generic.delete(NULL::fca.messages, 1000000000::bigint + :doomed)"},
        set_up=DOOMED, clean_up=FORGET, script=NEXT_DOOMED),
    Case("delete_many (1)", "other", {}, {
        OURS: "SELECT fca.delete_many(NULL::fca.message,"
              " ('{\"id\": ' || (1000000000 + :doomed) || '}')::jsonb)",
        RAW: "DELETE FROM fca.messages WHERE id = 1000000000::bigint + :doomed",
        PLPGSQL: "SELECT generic.delete_many(NULL::fca.messages,"
                 " ('{\"id\": ' || (1000000000 + :doomed) || '}')::jsonb)"},
        set_up=DOOMED, clean_up=FORGET, script=NEXT_DOOMED),
]

# These are filled by learn().
FINDERS = []
CASES = []
SEARCHES = []


def learn(database):
    """The finders, from a database that has them and the data."""
    if FINDERS:
        return
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql", "fixtures", "calls.sql")
    with open(path) as file:
        rows = json.loads(database.value(f"SELECT jsonb_agg(q) FROM ({file.read()}) AS q"))
    FINDERS.extend(Finder(row, database) for row in rows if row["kind"] == "finder")
    CASES.extend([finder.case() for finder in FINDERS] + BASE)
    SEARCHES.extend([search("quokka", "rare"), search("mortgage", "common"),
                     search("kk", "rare, two letters"), search("ca", "common, two letters"),
                     search("z", "one letter")])


# What is also run with many clients, at every size (results that do not grow), and as a first call.
REPRESENTATIVE = ["find_by_email", "find_recent_transactions", "create", "get_by_id", "get_by_filters (4)",
                  "find_active_customers"]
CONSTANT = ["find_by_email", "find_by_reference", "get_by_id", "find_recent_transactions",
            "find_by_conversation", "get_by_filters (4)"]
COLD = ["find_by_email", "find_recent_transactions", "get_by_id", "get_by_filters (4)"]


def named(names):
    return [case for name in names for case in CASES if case.name == name]


# Memoize would leave calls out.
JOIN = "SET enable_memoize = off;\n"


def lateral(name, call, query):
    """20,000 calls in one statement; what the sum reads is one column."""
    sql = JOIN + "SELECT sum(x.id) FROM bench.calls AS c CROSS JOIN LATERAL {} AS x"
    return Case(name, "lateral", {}, {
        OURS: sql.replace("{}", f"fca.{call}"),
        RAW: sql.replace("{}", f"({query})"),
        SQL: sql.replace("{}", f"sql_twin.{call}"),
        PLPGSQL: sql.replace("{}", f"plpgsql_twin.{call}")}, calls=20000)


def base_join(name, kind, result, ours, generic, query=None, calls=2000):
    """The same for the base repository, whose twin plans each call."""
    sql = f"SELECT {result} FROM bench.calls AS c CROSS JOIN LATERAL {{}} AS x WHERE c.n <= {calls}"
    camps = {OURS: sql.replace("{}", f"fca.{ours}"), RAW: query and sql.replace("{}", f"({query})"),
             PLPGSQL: sql.replace("{}", f"generic.{generic}")}
    return Case(name, kind, {}, {camp: JOIN + text for camp, text in camps.items() if text}, calls=calls)


def write_join(name, result, ours, generic, relation):
    """Writes, which are taken back.  Plain SQL has none inside of a join."""
    case = base_join(name, "key", result, ours, generic, calls=1000)
    return replace(case, sql={camp: f"BEGIN;\n{text};\nROLLBACK" for camp, text in case.sql.items()},
                   clean_up=f"VACUUM fca.{relation};")


LATERAL = [
    lateral("find_by_email", "find_by_email(c.email)", "SELECT * FROM fca.customers WHERE email = c.email"),
    lateral("find_recent_transactions (10)", "find_recent_transactions(c.account_id, 10)",
            "SELECT * FROM fca.transactions WHERE account_id = c.account_id"
            " ORDER BY occurred_at DESC, id DESC LIMIT 10"),
    base_join("get_by_id", "key", "sum(x.id)", "get_by_id(NULL::fca.customer, c.id)",
              "get_by_id(NULL::fca.customers, c.id)", "SELECT * FROM fca.customers WHERE id = c.id",
              calls=20000),
    base_join("exists", "key", "count(x)", "exists(NULL::fca.customer, c.id)",
              "exists(NULL::fca.customers, c.id)",
              "SELECT EXISTS (SELECT FROM fca.customers WHERE id = c.id)"),
    base_join("get_many (10)", "key", "sum(x.id)", "get_many(NULL::fca.customer, c.ids)",
              "get_many(NULL::fca.customers, c.ids)",
              "SELECT t.* FROM unnest(c.ids) WITH ORDINALITY AS k (id, n)"
              " JOIN fca.customers AS t ON t.id = k.id ORDER BY k.n"),
    base_join("get_by_filters (4)", "filter", "sum(x.id)", "get_by_filters(NULL::fca.account, c.filters)",
              "get_by_filters(NULL::fca.accounts, c.filters)",
              "SELECT * FROM fca.accounts WHERE customer_id = c.customer_id ORDER BY id LIMIT 100"),
    base_join("find_one", "filter", "sum(x.id)", "find_one(NULL::fca.customer, c.one)",
              "find_one(NULL::fca.customers, c.one)",
              "SELECT * FROM fca.customers WHERE email = c.email LIMIT 2"),
    base_join("count", "other", "sum(x)", "count(NULL::fca.account, c.filters)",
              "count(NULL::fca.accounts, c.filters)",
              "SELECT count(*) AS x FROM fca.accounts WHERE customer_id = c.customer_id"),
    write_join("update", "sum(x.id)", "update(NULL::fca.customer, c.id, c.data)",
               "update(NULL::fca.customers, c.id, c.data)", "customers"),
    write_join("upsert", "sum(x.id)", "upsert(NULL::fca.customer, c.part, ARRAY['email'])",
               "upsert(NULL::fca.customers, c.whole, ARRAY['email'], ARRAY['phone'])", "customers"),
    write_join("delete", "count(x)", "delete(NULL::fca.message, c.n)",
               "delete(NULL::fca.messages, c.n)", "messages"),
]


SCAN = "ILIKE scan"


def search(keyword, what):
    """search_by_keyword, beside the same query on a copy of the table without trigram index."""
    finder = next(finder for finder in FINDERS if finder.name == "search_by_keyword")
    case = finder.case()
    return Case(what, "search", {"keyword": const(keyword)},
                {**case.sql, SCAN: case.sql[RAW].replace("fca.faqs", "bench.faqs_scan")})


def depth(account, rows, place):
    """The page behind a row of one account with very many transactions."""
    columns = f"account_id = {account}"
    order = "ORDER BY occurred_at DESC, id DESC"
    call = f"find_recent_transactions({account}" + (f", 50, '{place[0]}', {place[1]})" if place else ")")
    behind = f" AND (occurred_at, id) < ('{place[0]}', {place[1]})" if place else ""
    return Case(str(rows), "depth", {}, {
        OURS: f"SELECT * FROM fca.{call}",
        RAW: f"SELECT * FROM fca.transactions WHERE {columns}{behind} {order} LIMIT 50",
        PLPGSQL: f"SELECT * FROM plpgsql_twin.{call}",
        "OFFSET": f"SELECT * FROM fca.transactions WHERE {columns} {order} LIMIT 50 OFFSET {rows}"})
