"""What is measured: every finder and every base function, with the SQL of each camp.

A finder is declared once.  From its declaration follow the call of fca_repo, the raw SQL of its first
page, and its two twins (an inlinable SQL function and a PL/pgSQL function).  What works on any model has
its raw SQL and the call of a generic PL/pgSQL function (generic.sql) written out.
"""

from dataclasses import dataclass, field

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
        return f":{name}" if self.type == "bigint" else "'" + self.text.format(f":{name}") + "'"

    def bound(self, name):
        """As its other modes take it: every value is a parameter."""
        if self.text == "{}":
            return f":{name}"
        before, after = self.text.split("{}")
        parts = [f"'{before}'" if before else "", f":{name}", f"'{after}'" if after else ""]
        return "(" + " || ".join(part for part in parts if part) + ")"

    def value(self, number):
        """One value, for clients other than pgbench."""
        return number if self.type == "bigint" else self.text.format(number)


def fact(type="text"):
    return Arg(type)


def const(value):
    return Arg("text", fixed=value)


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
    kind: str                      # what target it has: point, list, key read, filter, write, create ...
    args: dict
    sql: dict                      # camp -> SQL
    definitions: tuple = ()        # the twins' CREATE FUNCTION
    set_up: str = ""               # before each run; :calls is how many are coming
    clean_up: str = ""             # after each run
    variables: str = ""            # more of the pgbench script


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
        args = [f"{name} {arg.type}" for name, arg in self.args.items()]
        if self.max_rows:
            args.append(f"max_rows bigint DEFAULT {self.max_rows}")
        args += [f"after_{column} {type} DEFAULT NULL" for column, type in self.after.items()]
        # The argument, not the column of the same name.
        body = body.format(**{name: f"{self.name}.{name}" for name in self.args})
        rows = f" ROWS {self.max_rows}" if self.max_rows else " ROWS 1" if not self.order else ""
        return (f"CREATE FUNCTION {schema}.{self.name}({', '.join(args)}) RETURNS SETOF fca.{self.relation}"
                f" {head} STABLE PARALLEL SAFE{rows} AS $$ {body} $$")

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

    def case(self):
        call = f"{self.name}({', '.join('{' + name + '}' for name in self.args)})"
        return Case(
            self.name, "list" if self.order else "point", self.args,
            {OURS: f"SELECT * FROM fca.{call}",
             RAW: self.query("", self.max_rows or None),
             SQL: f"SELECT * FROM sql_twin.{call}",
             PLPGSQL: f"SELECT * FROM plpgsql_twin.{call}"},
            (self.sql_function(), self.plpgsql_function()))


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
