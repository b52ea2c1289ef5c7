"""What is measured: every finder and every base function, with the SQL of each camp.

A finder is declared once.  From its declaration follow the call of fca_repo, the raw SQL of its first
page, and its two twins (an inlinable SQL function and a PL/pgSQL function); from that of a batch, the same
for many keys.  What works on any model has its raw SQL and the call of a generic PL/pgSQL function
(generic.sql) written out.
"""

from dataclasses import dataclass, field, replace

OURS, RAW, SQL, PLPGSQL = "fca_repo", "raw SQL", "SQL function", "PL/pgSQL"


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


def fact(type="text"):
    return Arg(type)


def const(value, type="text"):
    return Arg(type, fixed=value)


EMAIL = Arg("text", "random(1, :few)", "customer{}@example.com")
BUSINESS_ID = Arg("text", "random(1, :few)", "CUST-{}")
ACCOUNT_NUMBER = Arg("text", "random(1, :few)", "ACC-{}")
REFERENCE = Arg("text", "random(1, :n)", "TX-{}")
TICKET = Arg("text", "random(1, :few / 20)", "T-{}")
GROUP = Arg("text", "random(0, 4)", "group {}")
PRODUCT_TYPE = Arg("text", "random(0, 9)", "type {}")
FAQ_CATEGORY = Arg("text", "random(0, 49)", "category {}")
ANY = Arg("bigint", "random(1, :few)")
ANY_OF_N = Arg("bigint", "random(1, :n)")
BUSY = Arg("bigint", "random(1, :busy)")
TALKER = Arg("bigint", "random(1, :talkers)")
HAS_ACCOUNTS = Arg("bigint", "random(1, :few / 4)")


@dataclass(frozen=True)
class Case:
    """One call, in the SQL of each camp; {name} stands for an argument."""

    name: str
    kind: str                      # what target it has: point, list, batch, key, filter, create, create_many, other
    args: dict
    sql: dict                      # camp -> SQL
    set_up: str = ""               # SQL before each run; {calls} is how many are coming
    clean_up: str = ""             # SQL after each run
    script: str = ""               # the begin of the pgbench script
    calls: int = 1                 # how many calls one statement makes


def twin(schema, finder, more, head, body):
    """A function that does what the finder does; more: its arguments that have defaults."""
    args = [f"{name} {arg.type}" for name, arg in finder.args.items()] + more
    # The argument, not the column of the same name.
    body = body.format(**{name: f"{finder.name}.{name}" for name in finder.args})
    return (f"CREATE FUNCTION {schema}.{finder.name}({', '.join(args)}) RETURNS SETOF fca.{finder.relation}"
            f" STABLE PARALLEL SAFE {head} AS $$ {body} $$")


def finder_case(finder, kind, raw):
    call = f"{finder.name}({', '.join('{' + name + '}' for name in finder.args)})"
    return Case(finder.name, kind, finder.args,
                {OURS: f"SELECT * FROM fca.{call}",
                 RAW: raw,
                 SQL: f"SELECT * FROM sql_twin.{call}",
                 PLPGSQL: f"SELECT * FROM plpgsql_twin.{call}"})


@dataclass(frozen=True)
class Finder:
    """A finder: what it reads, and how its rows are sorted."""

    name: str
    relation: str
    args: dict                     # name -> Arg
    where: str                     # with {name} for the arguments
    order: str = ""
    after: dict = field(default_factory=dict)   # the place behind which a page starts: column -> type
    max_rows: int = 0              # 0: no such argument
    newest: bool = False           # the last rows, turned round

    def query(self, page="", limit=None):
        """The SELECT; page is one more condition."""
        sql = f"SELECT * FROM fca.{self.relation} WHERE {self.where}"
        if page:
            sql += f" AND {page}"
        if self.order:
            sql += f" ORDER BY {self.order}"
        if limit is not None:
            sql += f" LIMIT {limit}"
        if self.newest:
            sql = f"SELECT * FROM ({sql}) AS newest ORDER BY {self.order.replace(' DESC', '')}"
        return sql

    def place(self):
        """Strictly behind the row before, by one comparison that an index serves."""
        columns = list(self.after)
        sign = "<" if "DESC" in self.order else ">"
        return f"({', '.join(columns)}) {sign} ({', '.join('after_' + c for c in columns)})"

    def twin(self, schema, head, body):
        more = [f"max_rows bigint DEFAULT {self.max_rows}"] if self.max_rows else []
        more += [f"after_{column} {type} DEFAULT NULL" for column, type in self.after.items()]
        rows = f" ROWS {self.max_rows}" if self.max_rows else " ROWS 1" if not self.order else ""
        return twin(schema, self, more, head + rows, body)

    def sql_function(self):
        """Inlined into the caller's query, where a page without a place loses the condition of it."""
        page = f"(after_id IS NULL OR {self.place()})" if self.after else ""
        return self.twin("sql_twin", "LANGUAGE sql", self.query(page, "max_rows" if self.max_rows else None))

    def plpgsql_function(self):
        """A statement for the first page and one for the others: each can use the index."""
        limit = "max_rows" if self.max_rows else None
        body = f"RETURN QUERY {self.query('', limit)};"
        if self.after:
            body = (f"IF after_id IS NULL THEN {body} ELSE"
                    f" RETURN QUERY {self.query(self.place(), limit)}; END IF;")
        return self.twin("plpgsql_twin", "LANGUAGE plpgsql",
                         f"#variable_conflict use_column\nBEGIN {body} END")

    def twins(self):
        return self.sql_function(), self.plpgsql_function()

    def case(self):
        return finder_case(self, "list" if self.order else "point", self.query("", self.max_rows or None))


@dataclass(frozen=True)
class Batch:
    """A finder for many keys: the rows of each, in the order of the keys."""

    name: str
    relation: str
    column: str
    key: str                       # the argument
    arg: Arg
    order: str = ""                # of the rows of one key, where there are several
    limit: str = ""                # the argument that limits them
    rows: int = 0                  # its default
    newest: bool = False           # the last rows, turned round

    @property
    def args(self):
        return {self.key: self.arg}

    def query(self, limit):
        keys = f"unnest({{{self.key}}}::{self.arg.type}) WITH ORDINALITY AS keys (key, place)"
        if not self.order:
            return (f"SELECT t.* FROM {keys} JOIN fca.{self.relation} AS t ON t.{self.column} = keys.key"
                    " ORDER BY keys.place")
        rows = (f"SELECT * FROM fca.{self.relation} AS r WHERE r.{self.column} = keys.key"
                f" ORDER BY {', '.join('r.' + part for part in self.order.split(', '))}")
        if self.limit:
            rows += f" LIMIT {limit}"
        given = self.order.replace(" DESC", "") if self.newest else self.order
        return (f"SELECT t.* FROM {keys} CROSS JOIN LATERAL ({rows}) AS t"
                f" ORDER BY keys.place, {', '.join('t.' + part for part in given.split(', '))}")

    def twins(self):
        more = [f"{self.limit} bigint DEFAULT {self.rows}"] if self.limit else []
        query = self.query(self.limit)
        return (twin("sql_twin", self, more, "LANGUAGE sql", query),
                twin("plpgsql_twin", self, more, "LANGUAGE plpgsql", f"BEGIN RETURN QUERY {query}; END"))

    def case(self):
        return finder_case(self, "batch", self.query(self.rows))


CREATED = {"created_at": "timestamptz", "id": "bigint"}
UPDATED = {"updated_at": "timestamptz", "id": "bigint"}
OCCURRED = {"occurred_at": "timestamptz", "id": "bigint"}
NAMED = {"name": "text", "id": "bigint"}

FINDERS = [
    Finder("find_by_email", "customers", {"email": EMAIL}, "email = {email}"),
    Finder("find_by_business_id", "customers", {"business_id": BUSINESS_ID}, "customer_id = {business_id}"),
    Finder("find_vip_customers", "customers", {}, "is_vip", "created_at DESC, id DESC", CREATED, 50),
    Finder("find_active_customers", "customers", {}, "is_active", "created_at DESC, id DESC", CREATED, 100),
    Finder("search_by_name", "customers", {"name": fact()},
           "(first_name ILIKE '%' || {name} || '%' OR last_name ILIKE '%' || {name} || '%')",
           "last_name, first_name, id", {}, 100),
    Finder("find_by_account_number", "accounts", {"account_number": ACCOUNT_NUMBER},
           "account_number = {account_number}"),
    Finder("list_by_customer", "accounts", {"customer_id": HAS_ACCOUNTS}, "customer_id = {customer_id}",
           "created_at DESC, id DESC"),
    Finder("list_accounts_by_status", "accounts", {"status": const("frozen")}, "status = {status}",
           "created_at DESC, id DESC", CREATED, 100),
    Finder("find_by_reference", "transactions", {"reference": REFERENCE}, "reference = {reference}"),
    Finder("find_recent_transactions", "transactions", {"account_id": BUSY}, "account_id = {account_id}",
           "occurred_at DESC, id DESC", OCCURRED, 50),
    Finder("find_transactions_between", "transactions",
           {"account_id": BUSY, "since": fact("timestamptz"), "until": fact("timestamptz")},
           "account_id = {account_id} AND occurred_at >= {since} AND occurred_at < {until}",
           "occurred_at DESC, id DESC", OCCURRED, 1000),
    Finder("find_transactions_by_category", "transactions", {"account_id": BUSY, "category": const("travel")},
           "account_id = {account_id} AND category = {category}", "occurred_at DESC, id DESC", OCCURRED, 50),
    Finder("find_by_customer", "conversations", {"customer_id": TALKER}, "customer_id = {customer_id}",
           "updated_at DESC, id DESC", UPDATED, 50),
    Finder("find_escalated", "conversations", {}, "status = 'escalated'", "updated_at, id", UPDATED, 100),
    Finder("find_escalated_by_group", "conversations", {"assigned_group": GROUP},
           "status = 'escalated' AND assigned_group = {assigned_group}", "updated_at, id", UPDATED, 100),
    Finder("find_by_ticket_id", "conversations", {"ticket_id": TICKET}, "escalation_id = {ticket_id}"),
    Finder("find_by_status", "conversations", {"status": const("active")}, "status = {status}",
           "updated_at DESC, id DESC", UPDATED, 100),
    Finder("find_by_conversation", "messages", {"conversation_id": BUSY}, "conversation_id = {conversation_id}",
           "created_at, id", CREATED, 100),
    Finder("find_recent_messages", "messages", {"conversation_id": BUSY}, "conversation_id = {conversation_id}",
           "created_at DESC, id DESC", {}, 20, newest=True),
    Finder("find_requiring_human", "messages", {}, "requires_human", "created_at, id", CREATED, 100),
    Finder("find_by_type", "products", {"type": PRODUCT_TYPE}, "is_active AND type = {type}", "name, id", NAMED, 100),
    Finder("find_active_products", "products", {}, "is_active", "name, id", NAMED, 100),
    Finder("search_by_keyword", "faqs", {"keyword": const("quokka")},
           "is_active AND (question ILIKE '%' || {keyword} || '%' OR keywords ILIKE '%' || {keyword} || '%')",
           "CASE WHEN EXISTS (SELECT FROM unnest(string_to_array(keywords, ',')) AS k(word)"
           " WHERE btrim(k.word) ILIKE {keyword}) THEN 1 WHEN question ILIKE {keyword} || '%' THEN 2 ELSE 3 END, id",
           {}, 10),
    Finder("find_by_category", "faqs", {"category": FAQ_CATEGORY}, "is_active AND category = {category}", "id",
           {"id": "bigint"}, 100),
]


def alias(name, finder, column=None):
    """The same finder under another name, and with its argument under another."""
    found = next(one for one in FINDERS if one.name == finder)
    if column is None:
        return replace(found, name=name)
    return replace(found, name=name, args={column: list(found.args.values())[0]}, where=f"{column} = {{{column}}}")


FINDERS += [alias("get_by_email", "find_by_email"), alias("get_by_customer_id", "find_by_business_id", "customer_id"),
            alias("get_vip_customers", "find_vip_customers")]

NUMBERS = range(1, 38, 4)


def keys(text, numbers=NUMBERS):
    """Ten keys."""
    return const("{" + ",".join(text.format(number) for number in numbers) + "}",
                 "bigint[]" if text == "{}" else "text[]")


TEN = keys("{}")

BATCHES = [
    Batch("find_by_emails", "customers", "email", "emails", keys("customer{}@example.com")),
    Batch("find_by_business_ids", "customers", "customer_id", "business_ids", keys("CUST-{}")),
    Batch("find_by_account_numbers", "accounts", "account_number", "account_numbers", keys("ACC-{}")),
    Batch("find_by_references", "transactions", "reference", "transaction_references", keys("TX-{}")),
    Batch("find_by_ticket_ids", "conversations", "escalation_id", "ticket_ids", keys("T-{}", range(1, 21, 2))),
    Batch("list_by_customers", "accounts", "customer_id", "customer_ids", TEN, "created_at DESC, id DESC"),
    Batch("find_recent_transactions_of", "transactions", "account_id", "account_ids", TEN,
          "occurred_at DESC, id DESC", "per_account", 10),
    Batch("find_by_customers", "conversations", "customer_id", "customer_ids", TEN, "updated_at DESC, id DESC",
          "per_customer", 10),
    Batch("find_recent_messages_of", "messages", "conversation_id", "conversation_ids", TEN,
          "created_at DESC, id DESC", "per_conversation", 20, newest=True),
]


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
    Case("get_children (10 x 10)", "other", {"ids": TEN}, {
        OURS: "SELECT * FROM fca.get_children(NULL::fca.transaction, 'account_id', {ids}::bigint[], 10, 'occurred_at desc')",
        RAW: "SELECT t.* FROM unnest({ids}::bigint[]) WITH ORDINALITY AS k (id, n)"
             " CROSS JOIN LATERAL (SELECT * FROM fca.transactions AS t WHERE t.account_id = k.id"
             " ORDER BY occurred_at DESC, id LIMIT 10) AS t ORDER BY k.n, t.occurred_at DESC, t.id",
        PLPGSQL: "SELECT * FROM generic.get_children(NULL::fca.transactions, 'account_id', {ids}, 10, 'occurred_at DESC')"}),
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
         {"filters": Arg("jsonb", "random(1, :few / 4)", '{"customer_id": {}}'), "customer_id": HAS_ACCOUNTS}, {
        OURS: "SELECT * FROM fca.get_by_filters(NULL::fca.account, {filters})",
        RAW: "SELECT * FROM fca.accounts WHERE customer_id = {customer_id} ORDER BY id LIMIT 100",
        PLPGSQL: "SELECT * FROM generic.get_by_filters(NULL::fca.accounts, {filters})"}),
    Case("get_by_filters (2 keys)", "filter",
         {"filters": Arg("jsonb", "random(1, :few / 4)", '{"customer_id": {}, "status": ["active", "frozen"]}'),
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
        RAW: "BEGIN;\nDECLARE c CURSOR FOR SELECT * FROM fca.accounts ORDER BY id;\nFETCH 100 FROM c;\nCOMMIT",
        PLPGSQL: "BEGIN;\nSELECT generic.open_cursor(NULL::fca.accounts, 'id', 'c');\nFETCH 100 FROM c;\nCOMMIT"}),
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
             " SELECT conversation_id, role, content, intent FROM jsonb_populate_recordset(NULL::fca.messages, "
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
        PLPGSQL: "SELECT * FROM generic.upsert(NULL::fca.customers, {whole}, ARRAY['email'], ARRAY['phone'])"}),
    Case("delete", "key", {}, {
        OURS: "SELECT fca.delete(NULL::fca.message, 1000000000::bigint + :doomed)",
        RAW: "DELETE FROM fca.messages WHERE id = 1000000000::bigint + :doomed",
        PLPGSQL: "SELECT generic.delete(NULL::fca.messages, 1000000000::bigint + :doomed)"},
        set_up=DOOMED, clean_up=FORGET, script=NEXT_DOOMED),
    Case("delete_many (1)", "other", {}, {
        OURS: "SELECT fca.delete_many(NULL::fca.message, ('{\"id\": ' || (1000000000 + :doomed) || '}')::jsonb)",
        RAW: "DELETE FROM fca.messages WHERE id = 1000000000::bigint + :doomed",
        PLPGSQL: "SELECT generic.delete_many(NULL::fca.messages, ('{\"id\": ' || (1000000000 + :doomed) || '}')::jsonb)"},
        set_up=DOOMED, clean_up=FORGET, script=NEXT_DOOMED),
]

CASES = [finder.case() for finder in FINDERS + BATCHES] + BASE

# What is also run with many clients, at every size (results that do not grow), and as a first call.
REPRESENTATIVE = ["find_by_email", "find_recent_transactions", "create", "get_by_id", "get_by_filters (4)",
                  "find_active_customers"]
CONSTANT = ["find_by_email", "find_by_reference", "get_by_id", "find_recent_transactions", "find_by_conversation",
            "get_by_filters (4)"]
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
            "SELECT * FROM fca.transactions WHERE account_id = c.account_id ORDER BY occurred_at DESC, id DESC LIMIT 10"),
    base_join("get_by_id", "key", "sum(x.id)", "get_by_id(NULL::fca.customer, c.id)",
              "get_by_id(NULL::fca.customers, c.id)", "SELECT * FROM fca.customers WHERE id = c.id"),
    base_join("exists", "key", "count(x)", "exists(NULL::fca.customer, c.id)", "exists(NULL::fca.customers, c.id)",
              "SELECT EXISTS (SELECT FROM fca.customers WHERE id = c.id)"),
    base_join("get_many (10)", "key", "sum(x.id)", "get_many(NULL::fca.customer, c.ids)",
              "get_many(NULL::fca.customers, c.ids)",
              "SELECT t.* FROM unnest(c.ids) WITH ORDINALITY AS k (id, n) JOIN fca.customers AS t ON t.id = k.id"
              " ORDER BY k.n"),
    base_join("get_by_filters (4)", "filter", "sum(x.id)", "get_by_filters(NULL::fca.account, c.filters)",
              "get_by_filters(NULL::fca.accounts, c.filters)",
              "SELECT * FROM fca.accounts WHERE customer_id = c.customer_id ORDER BY id LIMIT 100"),
    base_join("find_one", "filter", "sum(x.id)", "find_one(NULL::fca.customer, c.one)",
              "find_one(NULL::fca.customers, c.one)", "SELECT * FROM fca.customers WHERE email = c.email LIMIT 2"),
    base_join("count", "other", "sum(x)", "count(NULL::fca.account, c.filters)",
              "count(NULL::fca.accounts, c.filters)",
              "SELECT count(*) AS x FROM fca.accounts WHERE customer_id = c.customer_id"),
    write_join("update", "sum(x.id)", "update(NULL::fca.customer, c.id, c.data)",
               "update(NULL::fca.customers, c.id, c.data)", "customers"),
    write_join("upsert", "sum(x.id)", "upsert(NULL::fca.customer, c.part, ARRAY['email'])",
               "upsert(NULL::fca.customers, c.whole, ARRAY['email'], ARRAY['phone'])", "customers"),
    write_join("delete", "count(x)", "delete(NULL::fca.message, c.n)", "delete(NULL::fca.messages, c.n)", "messages"),
]


SCAN = "ILIKE scan"


def search(keyword, what):
    """search_by_keyword, beside the same query on a copy of the table without trigram index."""
    finder = next(finder for finder in FINDERS if finder.name == "search_by_keyword")
    case = finder.case()
    return Case(what, "search", {"keyword": const(keyword)},
                {**case.sql, SCAN: case.sql[RAW].replace("fca.faqs", "bench.faqs_scan")})


SEARCHES = [search("quokka", "rare"), search("mortgage", "common"), search("kk", "rare, two letters"),
            search("ca", "common, two letters"), search("z", "one letter")]


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
