"""The relations that are called upon, what is known of them, and what happens to them.

The generator never asks the server: it knows every column by what it has itself
made, so that a seed gives the same calls again.
"""

import copy

from values import KEYS, TYPES, name, quote

ROLE = "fuzz_user"

# What every database of a run has, made once.
BASE = f"""
CREATE EXTENSION fca_repo;
SELECT fca.create_tables();
CREATE SCHEMA w;
CREATE SCHEMA evil;
CREATE SCHEMA away;
CREATE TYPE w.mood AS ENUM ('low', 'Mid''dle', 'a', 'high');
CREATE DOMAIN w.label AS text;
CREATE DOMAIN w.positive AS integer CHECK (VALUE > 0);
CREATE TYPE w.pair AS (a integer, b text);
CREATE DOMAIN w.whole_pair AS w.pair CHECK ((VALUE).a OPERATOR(pg_catalog.>) -5);
-- what a hostile search_path would have run instead of PostgreSQL's own
CREATE FUNCTION evil.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION SQLSTATE 'EV000' USING MESSAGE = 'evil code was run'; END $$;
CREATE FUNCTION evil.trap(varchar, varchar) RETURNS boolean LANGUAGE sql
	AS 'SELECT evil.trap($1::text, $2::text)';
CREATE FUNCTION evil.trap(bigint, integer) RETURNS boolean LANGUAGE sql
	AS 'SELECT evil.trap(NULL::text, NULL)';
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = evil.trap);
CREATE OPERATOR evil.= (LEFTARG = varchar, RIGHTARG = varchar, PROCEDURE = evil.trap);
CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = integer, PROCEDURE = evil.trap);
CREATE OPERATOR evil.~~* (LEFTARG = text, RIGHTARG = text, PROCEDURE = evil.trap);
CREATE FUNCTION evil.lower(varchar) RETURNS text LANGUAGE sql AS $$
SELECT evil.trap(NULL::text, NULL)::text $$;
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT CASE WHEN evil.trap(NULL::text, NULL)
	THEN pg_catalog.now() END $$;
CREATE FUNCTION evil.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS $$ SELECT 1
FROM (SELECT evil.trap(NULL::text, NULL)) AS x $$;
CREATE FUNCTION evil.count() RETURNS bigint LANGUAGE sql AS $$
SELECT evil.trap(NULL::text, NULL)::int::bigint $$;
CREATE FUNCTION away.succeeds(statement text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN EXECUTE statement; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN false; END $$;
GRANT USAGE ON SCHEMA fca, w, evil, away TO {ROLE};
GRANT CREATE ON SCHEMA w TO {ROLE};
"""

# The desk: the resources' own tables.  Keys and texts come from the hostile pools too.
DESK = """
INSERT INTO fca.customers (id, customer_id, email, first_name, last_name, is_active, is_vip, created_at,
	updated_at)
SELECT i, 'CUST-' || lpad(i::text, 6, '0'), 'c' || i || '@example.com',
(ARRAY['a', 'A', 'Zoë', '100%'])[1 + i % 4], (ARRAY['Li', 'b_', 'O''Neill'])[1 + i % 3],
	i % 4 > 0, i % 3 = 0, '2026-01-01Z'::timestamptz + i / 3 * interval '1 day', '2026-01-01Z'
FROM generate_series(1, 12) AS i;
INSERT INTO fca.products (id, name, type, is_active, created_at, updated_at)
SELECT i, (ARRAY['p', 'q', 'é'])[1 + i % 3], (ARRAY['loan', 'current'])[1 + i % 2], i % 5 > 0, '2026-01-01Z',
'2026-01-01Z' FROM generate_series(1, 8) AS i;
INSERT INTO fca.accounts (id, account_number, customer_id, product_id, status, created_at, updated_at)
SELECT i, 'ACC-' || i, 1 + i % 4, 1 + i % 3, (ARRAY['active', 'closed'])[1 + i % 2],
'2026-01-01Z'::timestamptz + i / 4 * interval '1 day', '2026-01-01Z' FROM generate_series(1, 14) AS i;
INSERT INTO fca.transactions (id, account_id, reference, amount, description, category, occurred_at,
	created_at, updated_at)
SELECT i, 1 + i % 3, 'TX-' || i, i, 'd', (ARRAY['rent', 'food', NULL])[1 + i % 3],
'2026-01-01Z'::timestamptz + i / 5 * interval '1 day', '2026-01-01Z', '2026-01-01Z'
FROM generate_series(1, 30) AS i;
INSERT INTO fca.conversations (id, customer_id, status, escalation_id, assigned_group, created_at, updated_at)
SELECT i, 1 + i % 4, (ARRAY['active', 'escalated', 'closed'])[1 + i % 3], CASE WHEN i % 3 = 1
THEN 'ESC-' || i END, (ARRAY['loans', 'fraud'])[1 + i % 2], '2026-01-01Z',
	'2026-01-01Z'::timestamptz + i / 4 * interval '1 day' FROM generate_series(1, 20) AS i;
INSERT INTO fca.messages (id, conversation_id, role, content, requires_human, created_at, updated_at)
SELECT i, 1 + i % 5, 'agent', repeat('m', i), i % 3 = 0,
'2026-01-01Z'::timestamptz + i / 6 * interval '1 hour', '2026-01-01Z' FROM generate_series(1, 40) AS i;
INSERT INTO fca.faqs (id, question, answer, category, keywords, is_active)
SELECT i, (ARRAY['card lost', 'PIN', '100% card', 'a_b'])[1 + i % 4], 'a',
(ARRAY['cards', 'other', NULL])[1 + i % 3], (ARRAY['card, pin', NULL, 'é,CARD', 'card'])[1 + i % 4], i % 6 > 0
FROM generate_series(1, 16) AS i;
"""

class Resource:
    def __init__(self, row):
        self.row_type = row["row_type"]
        self.relation = row["relation"]
        # each column, and its type as a cast has it
        self.columns = [(column["name"], column["type"]) for column in row["columns"]]


RESOURCES = {}


def learn(rows):
    """What sql/fixtures/resources.sql says."""
    for row in rows:
        RESOURCES[row["row_type"]] = Resource(row)


class Column:
    def __init__(self, column, type_name, not_null=False, generated=""):
        self.name = column
        self.type = type_name
        self.not_null = not_null
        self.generated = generated  # "": no; else what it is by


class Relation:
    """What is known: enough to write plain SQL."""

    def __init__(self, kind, sql, columns, key, **facts):
        self.kind = kind
        self.sql = sql  # its name
        self.model = facts.get("model", sql)  # the row type's name
        self.columns = columns
        self.key = key  # names of the columns it is sorted by; [] where there is none
        self.single = facts.get("single", key[0] if len(key) == 1 else None)
        self.unique = facts.get("unique", len(key) == 1)  # may be the conflict column
        self.changeable = facts.get("changeable", True)  # by DDL
        self.plain_writes = facts.get("plain_writes", True)  # are writes those of plain SQL?
        self.resource = facts.get("resource")
        self.dropped = 0

    def column(self, wanted):
        for column in self.columns:
            if column.name == wanted:
                return column
        return None


COLUMN_NAMES = [
    "name", "status", "_x", "select", "user", "order", "Order", "Two Words", 'q"uote', "o'clock",
    "back\\slash", "ünï", "日本", "r", "k", "n", "any_of", "all_of",
    "eq", "comma,name", "$1", "UPPER", "value", "x" * 63, "é" * 31, "desc", "nulls", "fca_rows", "excluded",
    "ctid2", "new", "old", "a.b", "--", ";",
]


def literal(chance, column, null=0.2):
    if not column.not_null and chance.p(null):
        return "NULL"
    return quote(chance.one(TYPES[column.type].values)[1])


def until_18(setting):
    """Switches off a setting that 19 does not have, or not off; whatever the search_path is."""
    return (
        f"SELECT pg_catalog.set_config('{setting}', 'off', false)"
        " WHERE pg_catalog.current_setting('server_version_num')::pg_catalog.int4"
        " OPERATOR(pg_catalog.<) 190000"
    )


class World:
    """Everything that statements change, and what it was when transactions began."""

    def __init__(self, chance, has_foreign):
        self.role = None
        self.in_transaction = False
        self.saved = []  # of savepoints: (name, state)
        self.before = None  # the transaction
        self.serial = 0
        self.relations = {}
        self.setup = []
        self.build(chance, has_foreign)

    # What a transaction's end may bring back.
    def state(self):
        return copy.deepcopy((self.role, self.relations))

    def restore(self, state):
        self.role, self.relations = copy.deepcopy(state)

    # Setup

    def random_columns(self, chance, count, only=None):
        types = only or list(TYPES)
        names = list(COLUMN_NAMES)
        chance.shuffle(names)
        columns = [Column(names[i], chance.one(types), chance.p(0.15)) for i in range(count)]
        if chance.p(0.3):
            columns.append(Column("updated_at", chance.one(["timestamptz", "timestamp", "date", "text"])))
        return columns

    def key_column(self, chance, column=None):
        return Column(column or chance.one(["id", "Key", "nr"]), chance.one(KEYS), True)

    def definition(self, columns, key):
        parts = [
            f"{name(c.name)} {c.type}{' NOT NULL' if c.not_null else ''}"
            f"{' ' + c.generated if c.generated else ''}"
            for c in columns
        ]
        if key:
            parts.append(f"PRIMARY KEY ({', '.join(map(name, key))})")
        return ", ".join(parts)

    def rows(self, chance, table, columns, key, count):
        """INSERT, with different keys."""
        given = [c for c in columns if not c.generated or "DEFAULT" in c.generated]
        seen = set()
        tuples = []
        keys = [c for c in given if c.name in key]
        for _ in range(count):
            row = {c.name: literal(chance, c) for c in given}
            for c in keys:
                row[c.name] = quote(chance.one(TYPES[c.type].values)[1])
            mark = tuple(row[c.name] for c in keys)
            if keys and mark in seen:
                continue
            seen.add(mark)
            tuples.append("(" + ", ".join(row[c.name] for c in given) + ")")
        if not tuples or not given:
            return []
        return [f"INSERT INTO {table} ({', '.join(name(c.name) for c in given)}) VALUES {', '.join(tuples)}"]

    def add(self, relation, *statements):
        self.relations[relation.kind] = relation
        self.setup.extend(statements)

    def table(self, chance, kind, columns, key, options="", create="CREATE TABLE", sql=None, rows=None,
        **facts):
        sql = sql or f"w.{kind}"
        statements = [f"{create} {sql} ({self.definition(columns, key)}){options}"]
        statements += facts.pop("between", [])
        statements += self.rows(chance, sql, columns, key or [c.name for c in columns if c.name == "id"],
            chance.number(8, 20) if rows is None else rows)
        relation = Relation(kind, sql, columns, key or [c.name for c in columns if c.name == "id"], **facts)
        self.add(relation, *statements)
        return relation

    def build(self, chance, has_foreign):
        some = lambda n=6, only=None: self.random_columns(chance, chance.number(2, n), only)
        for kind in ("plain", "plain2", "plain3"):
            key = self.key_column(chance)
            self.table(chance, kind, [key] + some(8), [key.name])
            if chance.p(0.5):
                self.setup.append(f"ANALYZE w.{kind}")
        key = [Column("a", "integer", True), Column("b", "text", True)]
        self.table(chance, "pairs", key + some(), ["a", "b"], single=None, unique=False)
        key = [Column("id", "integer", True), Column("b", "text", True)]
        self.table(chance, "pairs_id", [key[1]] + some() + [key[0]], ["b", "id"], single="id", unique=False,
            plain_writes=False)
        self.table(chance, "keyless", some(), [], unique=False)
        self.table(chance, "only_id", [Column("id", "integer", True)] + some(), [], unique=False)
        key = self.key_column(chance)
        self.table(chance, "fleeting", [key] + some(), [key.name], create="CREATE TEMP TABLE",
            sql="pg_temp.fleeting")
        key = Column("id", "integer", True)
        self.table(
            chance, "parted", [key] + some(), ["id"], options=" PARTITION BY HASH (id)",
            between=[f"CREATE TABLE w.parted_{i} PARTITION OF w.parted"
                f" FOR VALUES WITH (MODULUS 3, REMAINDER {i})" for i in range(3)],
        )
        key = Column("id", "bigint", True)
        self.table(
            chance, "ranged", [key] + some(), ["id"], options=" PARTITION BY RANGE (id)",
            between=["CREATE TABLE w.ranged_1 PARTITION OF w.ranged FOR VALUES FROM (MINVALUE) TO (2)",
                "CREATE TABLE w.ranged_2 PARTITION OF w.ranged DEFAULT"],
        )
        key = Column("id", "integer", True)
        parent = self.table(chance, "parent", [key] + some(4), ["id"], plain_writes=True)
        self.setup.append("CREATE TABLE w.child (more text DEFAULT 'more') INHERITS (w.parent)")
        rows = self.rows(chance, "w.child", parent.columns, [], 3)
        # the keys of the child must be others
        self.setup += [rows[0], "CREATE SEQUENCE w.hundreds START 100",
            "UPDATE w.child SET id = nextval('w.hundreds')"]
        columns = [Column("id", "integer", True),
            Column("twice", "bigint", generated="GENERATED ALWAYS AS (id::bigint * 2) STORED")] + some()
        self.table(chance, "computed", columns, ["id"], changeable=False)
        columns = [Column("id", "bigint", True, "GENERATED ALWAYS AS IDENTITY")] + some()
        self.table(chance, "numbered", columns, ["id"], rows=0, plain_writes=False)
        columns = [Column("id", "integer", True, "GENERATED BY DEFAULT AS IDENTITY")] + some()
        self.table(chance, "numbered2", columns, ["id"])
        key = Column("id", "integer", True)
        relation = self.table(chance, "holes", [Column("gone1", "text"), key] + some()
            + [Column("gone2", "w.pair")], ["id"])
        self.setup.append("ALTER TABLE w.holes DROP COLUMN gone1, DROP COLUMN gone2")
        relation.columns = [c for c in relation.columns if not c.name.startswith("gone")]
        key = Column("id", "integer", True)
        relation = self.table(chance, "source", [key] + some(), ["id"], changeable=False)
        columns = copy.deepcopy(relation.columns)
        names = ", ".join(name(c.name) for c in columns)
        self.add(Relation("view", "w.view", columns, ["id"], unique=False, changeable=False),
            f"CREATE VIEW w.view AS SELECT {names} FROM w.source")
        self.add(
            Relation("checked", "w.checked", copy.deepcopy(columns), ["id"], unique=False, changeable=False),
            f"CREATE VIEW w.checked WITH (security_barrier) AS SELECT {names} FROM w.source WHERE id > 0"
            " WITH CHECK OPTION",
        )
        self.add(
            Relation("snapshot", "w.snapshot", copy.deepcopy(columns), ["id"], unique=False,
                changeable=False),
            f"CREATE MATERIALIZED VIEW w.snapshot AS SELECT {names} FROM w.source",
        )
        self.add(
            Relation("grouped", "w.grouped", [Column("id", "integer"), Column("n", "bigint")], ["id"],
                unique=False, changeable=False, plain_writes=False),
            "CREATE VIEW w.grouped AS SELECT id, count(*) AS n FROM w.source GROUP BY id",
        )
        self.add(
            Relation("instead", "w.instead", [Column("id", "integer"), Column("v", "text")], ["id"],
                unique=False, changeable=False, plain_writes=False),
            "CREATE VIEW w.instead AS SELECT 1 AS id, 'x'::text AS v UNION ALL SELECT 2, 'y'",
            "CREATE FUNCTION w.instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP"
            " OPERATOR(pg_catalog.=) 'DELETE' THEN RETURN OLD; END IF; IF NEW.v OPERATOR(pg_catalog.=) '%'"
            " THEN RETURN NULL; END IF; RETURN NEW; END $$",
            "CREATE TRIGGER t INSTEAD OF INSERT OR UPDATE OR DELETE ON w.instead"
            " FOR EACH ROW EXECUTE FUNCTION w.instead()",
        )
        key = Column("id", "integer", True)
        self.table(chance, "guarded", [key] + some(), ["id"])
        self.setup += [
            "ALTER TABLE w.guarded ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY p ON w.guarded USING (id % 2 = 0)",
            f"ALTER TABLE w.guarded OWNER TO {ROLE}" if chance.p(0.3)
            else "ALTER TABLE w.guarded FORCE ROW LEVEL SECURITY",
        ]
        wide = [Column("id", "integer", True)] + [Column(f"c{i}", "integer") for i in range(1, 1600)]
        self.add(
            Relation("wide", "w.wide", wide, ["id"], changeable=False),
            f"CREATE TABLE w.wide ({self.definition(wide, ['id'])})",
            "INSERT INTO w.wide (id, c1, c1599) VALUES (1, 2, 3), (2, NULL, 0)",
        )
        self.add(Relation("nothing", "w.nothing", [], [], unique=False, changeable=False, plain_writes=False),
            "CREATE TABLE w.nothing ()", "INSERT INTO w.nothing DEFAULT VALUES")
        key = self.key_column(chance, 'the "Key"')
        self.table(chance, "odd", [key] + some(), [key.name], sql='w."odd ""name"", --"')
        key = Column("id", "integer", True)
        self.table(chance, "dropping", [key, Column("v", "text")], ["id"], plain_writes=False,
            changeable=False)
        self.setup += [
            "CREATE FUNCTION w.dropping() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN"
            " NEW.v ~ '^[aA]' THEN NULL ELSE NEW END; END $$",
            "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON w.dropping"
            " FOR EACH ROW EXECUTE FUNCTION w.dropping()",
        ]
        key = Column("id", "integer", True)
        self.table(chance, "ruled", [key, Column("v", "text")], ["id"], plain_writes=False, changeable=False)
        self.setup.append(
            chance.one(
                [
                    "CREATE RULE r AS ON INSERT TO w.ruled DO INSTEAD NOTHING",
                    "CREATE RULE r AS ON INSERT TO w.ruled WHERE new.v = 'a' DO INSTEAD NOTHING",
                    "CREATE RULE r AS ON INSERT TO w.ruled DO ALSO INSERT INTO w.nothing DEFAULT VALUES",
                    "CREATE RULE r AS ON UPDATE TO w.ruled DO INSTEAD NOTHING",
                    "CREATE RULE r AS ON UPDATE TO w.ruled DO INSTEAD NOTIFY x",
                    "CREATE RULE r AS ON DELETE TO w.ruled DO INSTEAD (DELETE FROM w.nothing; NOTIFY x)",
                    "CREATE RULE r AS ON DELETE TO w.ruled WHERE old.id > 1 DO INSTEAD NOTHING",
                ]
            )
        )
        # what is called calls again
        key = Column("id", "integer", True)
        self.table(chance, "nested", [key, Column("v", "text"), Column("n", "bigint")], ["id"],
            plain_writes=False, changeable=False)
        self.setup += [
            "ALTER TABLE w.nested ALTER n SET DEFAULT fca.count(NULL::fca.faq, '{\"id\": {\"gt\": 3}}')",
            "CREATE FUNCTION w.nested() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN"
            " FOR r IN SELECT * FROM fca.get_by_filters(NULL::w.nested, jsonb_build_object('id',"
            " jsonb_build_object('gt', NEW.id)), max_rows => 2) LOOP NULL; END LOOP;"
            " PERFORM fca.exists(NULL::w.nested, NEW.id); PERFORM fca.update(NULL::w.nested, NEW.id + 1,"
            " '{\"v\": \"n\"}') WHERE pg_trigger_depth() < 3;"
            " RETURN NEW; END $$",
            "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON w.nested FOR EACH ROW EXECUTE FUNCTION w.nested()",
            "CREATE FUNCTION w.seen(integer) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT"
            " fca.exists(NULL::fca.customer, $1) $$",
        ]
        key = Column("id", "integer", True)
        self.table(chance, "watched", [key, Column("v", "text")], ["id"], plain_writes=False,
            changeable=False)
        self.setup += ["ALTER TABLE w.watched ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            "CREATE POLICY p ON w.watched USING (w.seen(id))"]
        self.setup += [
            "CREATE TABLE w.tied (id integer PRIMARY KEY,"
            " up integer REFERENCES w.tied DEFERRABLE INITIALLY DEFERRED,"
            " u integer UNIQUE DEFERRABLE INITIALLY DEFERRED, s int4range,"
            " EXCLUDE USING gist (s WITH &&), CHECK (u <> 3))",
            "INSERT INTO w.tied VALUES (1, NULL, 1, '[1,2)'), (2, 1, 2, NULL)",
        ]
        self.relations["tied"] = Relation(
            "tied", "w.tied", [Column("id", "integer", True), Column("up", "integer"), Column("u", "integer"),
                Column("s", "int4range")], ["id"], changeable=False
        )
        if has_foreign:
            columns = [Column("id", "integer", True)] + some(4,
                ["integer", "text", "boolean", "date", "jsonb", "numeric(10,2)", "uuid"])
            self.table(chance, "far_source", columns, ["id"], sql="away.source", changeable=False)
            del self.relations["far_source"]
            options = self.definition(columns, [])
            self.add(
                Relation("far", "w.far", copy.deepcopy(columns), ["id"], unique=False, changeable=False,
                    plain_writes=False),
                f"CREATE FOREIGN TABLE w.far ({options}) SERVER loop"
                " OPTIONS (schema_name 'away', table_name 'source')",
            )
        self.setup.append("CREATE TABLE w.vectors (id integer PRIMARY KEY, i int2vector, o oidvector, p"
            " pg_catalog.pg_class, a aclitem, z w.whole_pair[])")
        self.setup.append("INSERT INTO w.vectors VALUES (1, '1 2', '3', NULL, NULL, '{\"(1,x)\"}'), (2, '',"
            " '', NULL, 'postgres=r/postgres', '{}')")
        self.relations["vectors"] = Relation("vectors", "w.vectors", [Column("id", "integer", True)], ["id"],
            changeable=False, plain_writes=False)
        for kind, columns, key in (
            ("pg_class", [("oid", "oid"), ("relname", "name"), ("relkind", '"char"'),
                ("relnatts", "smallint")], ["oid"]),
            ("pg_attribute", [("attrelid", "oid"), ("attnum", "smallint"), ("attname", "name")],
                ["attrelid", "attnum"]),
            ("pg_enum", [("oid", "oid"), ("enumlabel", "name"), ("enumsortorder", "real")], ["oid"]),
        ):
            self.relations[kind] = Relation(
                kind, f"pg_catalog.{kind}", [Column(c, t, True) for c, t in columns], key, changeable=False,
                plain_writes=False, unique=False
            )
        for resource in RESOURCES:
            columns = [Column(c, t) for c, t in RESOURCES[resource].columns if t in TYPES]
            self.relations[resource] = Relation(
                resource, f"fca.{RESOURCES[resource].relation}", columns, ["id"], model=f"fca.{resource}",
                resource=resource, changeable=False, plain_writes=False
            )
        self.setup.append(DESK.strip())
        self.setup.extend(self.variants(chance))
        self.setup += [
            f"GRANT SELECT ON ALL TABLES IN SCHEMA fca TO {ROLE}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA w TO {ROLE}",
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA w, fca TO {ROLE}",
            f"GRANT ALL ON pg_temp.fleeting TO {ROLE}",
        ]
        for table in ("w.plain3", "w.pairs", "fca.accounts"):
            if chance.p(0.3):
                self.setup.append(f"REVOKE {chance.one(['ALL', 'SELECT', 'UPDATE', 'INSERT', 'DELETE'])} ON"
                    f" {table} FROM {ROLE}")

    def narrow(self, resource, columns):
        """Leaves out columns whose values are read as those of another type."""
        relation = self.relations[resource]
        relation.columns = [c for c in relation.columns if c.name not in columns]

    def variants(self, chance):
        """The finders' relations as a user may have them."""
        kind = chance.number(0, 7)
        if kind == 1:
            self.narrow("message", ["conversation_id", "role", "created_at", "updated_at"])
            return [
                "ALTER TABLE fca.messages RENAME TO messages_kept",
                "CREATE TYPE w.speaker AS ENUM ('agent', 'customer', 'system')",
                "CREATE TABLE w.sayings AS SELECT id AS nr, conversation_id::integer AS talk,"
                " role::w.speaker AS who, content::varchar(200) AS said,"
                " requires_human, created_at::timestamp AS at FROM fca.messages_kept",
                "CREATE VIEW fca.messages AS SELECT nr AS id, talk AS conversation_id, who AS role, said AS"
                " content, NULL::text AS agent_name, NULL::varchar AS intent,"
                " NULL::name AS sentiment, NULL::integer AS confidence_score, false AS is_error,"
                " requires_human, '{}'::jsonb AS metadata, at AS created_at, at AS updated_at FROM w.sayings",
            ]
        if kind == 2:
            return [
                "ALTER TABLE fca.transactions RENAME TO transactions_kept",
                "CREATE TABLE fca.transactions (LIKE fca.transactions_kept INCLUDING DEFAULTS)"
                " PARTITION BY RANGE (occurred_at)",
                "CREATE TABLE fca.transactions_old PARTITION OF fca.transactions"
                " FOR VALUES FROM (MINVALUE) TO ('2026-01-03Z')",
                "CREATE TABLE fca.transactions_new PARTITION OF fca.transactions DEFAULT",
                "INSERT INTO fca.transactions SELECT * FROM fca.transactions_kept",
            ]
        if kind == 3:
            return ["ALTER TABLE fca.faqs ALTER category TYPE varchar(10), ALTER keywords TYPE varchar(20)"]
        if kind == 4:
            return ["ALTER TABLE fca.products DROP COLUMN description",
                "ALTER TABLE fca.customers ADD COLUMN extra w.pair DEFAULT ROW(1, 'x')"]
        if kind == 5:
            return ["ALTER TABLE fca.faqs RENAME TO faqs_away",
                "ALTER TABLE fca.conversations DISABLE TRIGGER USER"]
        if kind == 6:
            self.narrow("customer", ["email", "created_at"])
            return [
                "ALTER TABLE fca.customers ALTER id DROP IDENTITY",
                "ALTER TABLE fca.customers ALTER id TYPE numeric, ALTER created_at TYPE timestamp,"
                " ALTER email TYPE char(30)",
                "ALTER TABLE fca.accounts ALTER status DROP DEFAULT, ALTER status TYPE name",
            ]
        if kind == 7:
            # workers are slow to start: not in every world
            return ["SET max_parallel_workers_per_gather = 1",
                "SELECT set_config(name, 'regress', false) FROM pg_settings WHERE name IN"
                " ('force_parallel_mode', 'debug_parallel_query')"] if chance.p(0.3) else []
        return []

    # What happens between calls

    def as_owner(self, statements):
        """Run as superuser, whatever the role is."""
        if self.role is None:
            return list(statements)
        return ["RESET ROLE", *statements, f"SET ROLE {self.role}"]

    def ddl(self, chance):
        """A change of a table; its statements."""
        relation = chance.one([r for r in self.relations.values() if r.changeable])
        free = [c for c in relation.columns if c.name not in relation.key and c.name != relation.single]
        what = chance.one(["add", "add", "drop", "drop", "rename", "retype", "index", "rls", "grant",
            "analyze", "rename_table", "comment", "default", "storage", "recreate"])
        table = relation.sql
        kind = relation.kind
        if what == "add":
            self.serial += 1
            column = Column(f"Added {self.serial}", chance.one(list(TYPES)))
            relation.columns.append(column)
            default = "" if chance.p(0.5) else f" DEFAULT {quote(chance.one(TYPES[column.type].values)[1])}"
            return [f"ALTER TABLE {table} ADD COLUMN {name(column.name)} {column.type}{default}"]
        if what == "drop" and len(free) > 1:
            column = chance.one(free)
            relation.columns = [c for c in relation.columns if c is not column]
            return [f"ALTER TABLE {table} DROP COLUMN {name(column.name)} CASCADE"]
        if what == "rename" and free:
            column = chance.one(free)
            self.serial += 1
            old = column.name
            column.name = f"Renamed {self.serial}"
            return [f"ALTER TABLE {table} RENAME COLUMN {name(old)} TO {name(column.name)}"]
        if what == "retype" and free:
            column = chance.one(free)
            if column.generated:
                return []
            column.type = chance.one(["text", "varchar(5)", "w.mood", "integer", "bytea", "w.pair",
                "integer[]", "w.label"])
            statements = [f"ALTER TABLE {table} ALTER {name(column.name)} DROP NOT NULL, ALTER"
                f" {name(column.name)} DROP DEFAULT"]
            statements.append(f"ALTER TABLE {table} ALTER {name(column.name)} TYPE {column.type} USING NULL")
            column.not_null = False
            return statements
        if what == "index" and relation.columns:
            column = chance.one(relation.columns)
            if "o" in TYPES[column.type].has:
                return [f"CREATE INDEX ON {table}"
                    f" ({name(column.name)}{chance.one(['', ' DESC', ' NULLS FIRST'])})"]
        if what == "rls" and kind not in ("fleeting",):
            return [
                f"ALTER TABLE {table} {chance.one(['ENABLE', 'DISABLE', 'FORCE', 'NO FORCE'])}"
                " ROW LEVEL SECURITY",
                f"DROP POLICY IF EXISTS fuzz ON {table}",
                f"CREATE POLICY fuzz ON {table} USING"
                f" ({chance.one(['true', 'false', 'random() >= 0', 'NULL'])})",
            ]
        if what == "grant":
            right = chance.one(["SELECT", "INSERT", "UPDATE", "DELETE", "ALL"])
            column = name(chance.one(relation.columns).name) if relation.columns and chance.p(
                0.4) and right not in ("DELETE",) else None
            right += f" ({column})" if column else ""
            return [chance.one([f"GRANT {right} ON {table} TO {ROLE}",
                f"REVOKE {right} ON {table} FROM {ROLE}"])]
        if what == "analyze" and not self.in_transaction:
            return [chance.one(["ANALYZE", "VACUUM"]) + f" {table}"]
        if what == "rename_table" and table.startswith("w.") and kind not in ("parent",):
            self.serial += 1
            new = f"Table {self.serial}"
            relation.sql = relation.model = f"w.{name(new)}"
            return [f"ALTER TABLE {table} RENAME TO {name(new)}"]
        if what == "default" and free:
            column = chance.one(free)
            if not column.generated:
                return [f"ALTER TABLE {table} ALTER {name(column.name)} SET DEFAULT"
                    f" {quote(chance.one(TYPES[column.type].values)[1])}"]
        if what == "recreate" and kind.startswith("plain") and self.role is None:
            key = self.key_column(chance)
            relation.columns = [key] + self.random_columns(chance, chance.number(1, 5))
            relation.key = [key.name]
            relation.single = key.name
            return [
                f"DROP TABLE {table} CASCADE",
                f"CREATE TABLE {table} ({self.definition(relation.columns, relation.key)})",
                *self.rows(chance, table, relation.columns, relation.key, chance.number(0, 12)),
                f"GRANT ALL ON {table} TO {ROLE}",
            ]
        return [f"COMMENT ON TABLE {table} IS 'x'"]

    def setting(self, chance):
        """A setting that must not change any answer, beyond what it changes in plain SQL."""
        return chance.one(
            [
                "SET search_path = evil, pg_catalog", "SET search_path = evil, w, public",
                "SET search_path = ''", "SET search_path = pg_temp, w", "RESET search_path",
                "RESET search_path", "SET plan_cache_mode = force_generic_plan",
                "SET plan_cache_mode = force_custom_plan", "RESET plan_cache_mode",
                "SET enable_seqscan = off", "RESET enable_seqscan", "SET enable_indexscan = off",
                "RESET enable_indexscan", "SET enable_sort = off", "RESET enable_sort",
                "SET work_mem = '64kB'", "RESET work_mem", "SET TimeZone = 'Asia/Kathmandu'",
                "SET TimeZone = 'UTC'", "SET DateStyle = 'SQL, DMY'", "RESET DateStyle",
                "SET IntervalStyle = 'iso_8601'", "RESET IntervalStyle", "SET quote_all_identifiers = on",
                "RESET quote_all_identifiers", "SET transform_null_equals = on",
                "RESET transform_null_equals",
                until_18("standard_conforming_strings"), "RESET standard_conforming_strings",
                "SET bytea_output = escape", "RESET bytea_output", "SET extra_float_digits = -5",
                "RESET extra_float_digits", "SET row_security = off", "RESET row_security",
                "RESET row_security", "SET lc_monetary = 'C'", "SET enable_bitmapscan = off",
                "RESET enable_bitmapscan", "SET from_collapse_limit = 1",
                "SET enable_partition_pruning = off", "SET constraint_exclusion = on",
                until_18("escape_string_warning"), "SET backslash_quote = on", "SET xmloption = document",
                "RESET xmloption", "SET enable_mergejoin = off", "SET enable_hashjoin = off",
                "SET enable_nestloop = off",
                "RESET enable_nestloop", "SET enable_memoize = off", "SET cursor_tuple_fraction = 1",
            ]
        )

    def session(self, chance):
        """A change of role, settings, transaction or caches; its statements."""
        what = chance.one(["setting", "setting", "role", "role", "discard", "begin", "begin", "savepoint",
            "rollback_to", "commit", "rollback", "privilege"])
        if what == "setting":
            return [self.setting(chance)]
        if what == "role":
            self.role = None if self.role else ROLE
            return [f"SET ROLE {self.role}"] if self.role else ["RESET ROLE"]
        if what == "discard":
            if self.in_transaction or chance.p(0.7):
                return [f"DISCARD {chance.one(['PLANS', 'SEQUENCES'])}"]
            # the temporary table goes too, and comes again
            self.role = None
            fleeting = self.relations["fleeting"]
            key = self.key_column(chance)
            fleeting.columns = [key] + self.random_columns(chance, chance.number(1, 5))
            fleeting.key, fleeting.single = [key.name], key.name
            return [
                "DISCARD ALL",
                f"CREATE TEMP TABLE fleeting ({self.definition(fleeting.columns, fleeting.key)})",
                *self.rows(chance, "pg_temp.fleeting", fleeting.columns, fleeting.key, 6),
                f"GRANT ALL ON pg_temp.fleeting TO {ROLE}",
            ]
        if what == "begin" and not self.in_transaction:
            self.in_transaction = True
            self.before = self.state()
            self.saved = []
            return [chance.one(["BEGIN", "BEGIN", "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ"])]
        if not self.in_transaction:
            return []
        if what == "savepoint" and len(self.saved) < 5:
            self.serial += 1
            self.saved.append((f"s{self.serial}", self.state()))
            return [f"SAVEPOINT s{self.serial}"]
        if what == "rollback_to" and self.saved:
            at = chance.number(0, len(self.saved) - 1)
            del self.saved[at + 1 :]
            self.restore(self.saved[at][1])
            return [f"ROLLBACK TO SAVEPOINT {self.saved[at][0]}"]
        if what in ("commit", "rollback"):
            return self.end(what == "commit")
        return []

    def end(self, keep):
        self.in_transaction = False
        if not keep:
            self.restore(self.before)
        self.saved = []
        return ["COMMIT"] if keep else ["ROLLBACK"]
