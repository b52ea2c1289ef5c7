"""Calls of every function, and what each must give.

A call is either one whose answer plain SQL gives as well (that is written here
without looking at how the module does it), or one with a known mistake, whose
SQLSTATEs are known, or a hostile one: any error that errors.py allows.
"""

import json
import random

import errors
from wire import Answer
from values import BAD, GIANT, HOSTILE, TYPES, name, nested, quote
from world import RESOURCES, resource_columns


class Chance(random.Random):
    """Draws of which each may be forced: a failing call is shrunk by drawing less."""

    def __init__(self, seed):
        super().__init__(seed)
        self.drawn = []
        self.forced = None

    def draw(self, n):
        """From 0 to n - 1; 0 is the simplest."""
        if self.forced is not None:
            value = self.forced[len(self.drawn)] if len(self.drawn) < len(self.forced) else 0
            value = min(value, n - 1)
        else:
            value = int(self.random() * n)
        self.drawn.append(value)
        return value

    def p(self, probability):
        return self.draw(1000) >= 1000 * (1 - probability)

    def one(self, items):
        return items[self.draw(len(items))]

    def number(self, low, high):
        return low + self.draw(high - low + 1)

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = i - self.draw(i + 1)
            items[i], items[j] = items[j], items[i]

    def some(self, count, items):
        items = list(items)
        self.shuffle(items)
        return items[:count]


class Case:
    """What is sent, and what must come of it."""

    def __init__(self, function, call, plain=None, states=None, shape="rows", dump=None, write=False):
        self.function = function
        self.call = call
        # the same in plain SQL: a statement, or some whose rows follow one another
        self.plain = [plain] if isinstance(plain, str) else plain
        self.states = states  # of a mistake: one of these must be the call's
        self.shape = shape  # how answers are compared: see same()
        self.fetch = None  # what reads the rows of a cursor
        self.dump = dump  # shows what a write has done
        self.write = write
        self.statements = []
        self.at = {}

    def arrange(self, chance, in_transaction, keep):
        """The statements, and which of them are looked at."""
        plain = [("plain", sql) for sql in self.plain or []]
        if self.fetch:
            steps = ["SAVEPOINT fuzz", ("call", self.call), ("fetch", self.fetch), "ROLLBACK TO fuzz", *plain, "ROLLBACK TO fuzz"]
            if not in_transaction:
                steps = ["BEGIN"] + steps + ["ROLLBACK"]
        elif self.write and self.plain:
            steps = ["SAVEPOINT fuzz", ("call", self.call), ("dump", self.dump), "ROLLBACK TO fuzz", *plain, ("plain_dump", self.dump), "ROLLBACK TO fuzz"]
            if not in_transaction:
                steps = ["BEGIN"] + steps + ["ROLLBACK"]
        elif in_transaction:
            steps = ["SAVEPOINT fuzz", ("call", self.call), "ROLLBACK TO fuzz"]
            if self.plain:
                steps += [*plain, "ROLLBACK TO fuzz"]
        elif self.write and not keep:
            steps = ["BEGIN", ("call", self.call), "ROLLBACK"]
        else:
            steps = [("call", self.call), *plain]
        for step in steps:
            if isinstance(step, tuple):
                self.at.setdefault(step[0], len(self.statements))
                step = step[1]
            self.statements.append(step)
        return self

    def problem(self, answers):
        """What is wrong with the answers: (kind, text), or None."""
        for answer, statement in zip(answers, self.statements):
            if answer.state == "LOST":
                return ("lost", f"the server is gone: {answer.message}\n{statement}")
            for state, message in answer.warnings:
                if errors.is_leak(state, message):
                    return ("warning", message)
        if len(answers) < len(self.statements):
            return ("lost", "not answered")
        call = answers[self.at["call"]]
        plain = self.joined(answers) if self.plain else None
        if call.state.startswith("XX") and not (plain is not None and plain.state == call.state):
            return ("internal", f"{call.state} {call.message}")
        if call.state == "EV000":
            return ("evil", call.message)
        if call.state == "57014":
            return ("timeout", call.message)
        if self.states is not None:
            if call.state not in self.states and not (plain is not None and plain.state == call.state != "00000"):
                return ("mistake", f"got {call.state} {call.message}, wanted one of {sorted(self.states)}")
            return None
        if plain is None:
            if not errors.allowed(self.function, call):
                return ("state", f"{call.state} {call.message} is not expected of {self.function}")
            return None
        if self.fetch and call.state == "00000":
            # what is read late may fail late
            call = answers[self.at["fetch"]]
        if self.shape == "one" and len(plain.rows) > 1:
            return None if call.state == "P0003" else ("differs", f"call: {call!r}\nplain: {plain!r}")
        if self.shape == "bag" and call.state == "P0003" and plain.state == "00000":
            # a key of two rows, which only a relation can have whose key is not unique
            return None if len(plain.rows) > 1 else ("differs", f"call: {call!r}\nplain: {plain!r}")
        if call.state == "0A000" and "can start behind a row" in call.message:
            # the relation's column is finer than the row type's
            return None
        if self.shape == "report" and call.state in ("42501", "42809") and plain.state == "00000":
            # what is wrong with every row is an error of the call
            return None if all(row[4:] == b"f" for row in plain.rows) else ("differs", f"call: {call!r}\nplain: {plain!r}")
        if call.state != plain.state:
            if errors.same_mistake(call, plain):
                return None
            return ("differs", f"call: {call!r}\nplain: {plain!r}")
        if call.state != "00000":
            return None
        if not self.same(call, plain):
            return ("differs", f"call: {call!r}\nplain: {plain!r}")
        if self.dump:
            after, wanted = answers[self.at["dump"]], answers[self.at["plain_dump"]]
            if after.state != wanted.state or sorted(after.rows) != sorted(wanted.rows):
                return ("effect", f"after the call: {after!r}\nafter plain SQL: {wanted!r}")
        return None

    def joined(self, answers):
        """The answer of plain SQL, of one statement or of some."""
        first = self.at["plain"]
        some = answers[first : first + len(self.plain)]
        if len(some) == 1:
            return some[0]
        all_of = Answer()
        for answer in some:
            if answer.state != "00000":
                return answer
            all_of.rows += answer.rows
        return all_of

    def same(self, call, plain):
        if self.shape == "bag":
            return sorted(call.rows) == sorted(plain.rows)
        if self.shape == "count":
            # of rows changed: in the value, and in the command tag
            return call.rows and call.rows[0][4:] == plain.tag.split()[-1].encode()
        if self.shape == "changed":
            return call.rows and call.rows[0][4:] == (b"f" if plain.tag.split()[-1] == "0" else b"t")
        return call.rows == plain.rows


#
# Pieces of plain SQL.  Operators and functions are qualified: search_path may be hostile.
#

SYMBOLS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def operand(column):
    """The column as what its values are compared as."""
    of = TYPES[column.type]
    sql = f"t.{name(column.name)}"
    return f"{sql}::{of.base.split(' COLLATE')[0]}" if of.base != of.sql and column.type.startswith("w.") else sql


def value_sql(column, value):
    return f"{quote(value[1])}::{TYPES[column.type].base.split(' COLLATE')[0]}"


def compare(column, symbol, value):
    return f"coalesce({operand(column)} OPERATOR(pg_catalog.{symbol}) {value_sql(column, value)}, false)"


def contains(column, operator, text):
    collation = ' COLLATE "C"' if "COLLATE" in column.type or column.type == "name" else ""
    haystack = f"pg_catalog.lower(t.{name(column.name)}::text{collation})"
    needle = f"pg_catalog.lower({quote(text)}::text{collation})"
    test = {
        "contains": f"pg_catalog.strpos({haystack}, {needle}) OPERATOR(pg_catalog.>) 0",
        "starts_with": f"pg_catalog.starts_with({haystack}, {needle})",
        "ends_with": f'pg_catalog."right"({haystack}, pg_catalog.length({needle})) OPERATOR(pg_catalog.=) {needle}',
    }[operator]
    return f"coalesce({test}, false)"


def columns_sql(relation):
    if relation.resource:
        return ", ".join(f"t.{name(c)}::{t}" for c, t in resource_columns(relation.resource))
    return "t.*"


class Maker:
    """Makes the calls of one epoch, upon its world."""

    def __init__(self, world, catalog, giants):
        self.world = world
        self.catalog = catalog  # name -> [signature, ...]
        self.giants = giants
        self.names = sorted(catalog)

    # Arguments

    def relation(self, chance, writes=False):
        relations = self.world.relations
        kinds = list(relations)
        relation = relations[chance.one(kinds)]
        # wide rows are slow, and seldom needed
        if relation.kind == "wide" and not chance.p(0.1):
            relation = relations["plain"]
        return relation

    def filter(self, chance, relation, tests=None):
        """JSON text, SQL text."""
        parts = []
        sql = []
        columns = [c for c in relation.columns if len(c.name.encode()) < 64]
        for column in chance.some(chance.one([1, 0, 1, 2, 3]) if tests is None else tests, columns):
            json_text, test = self.test(chance, column)
            parts.append(f"{json.dumps(column.name, ensure_ascii=False)}: {json_text}")
            sql.append(test)
        if chance.p(0.15):
            group = chance.one(["any_of", "all_of", "none_of"])
            if columns and not relation.column(group):
                members = [self.filter(chance, relation, 1) for _ in range(chance.number(1, 3))]
                parts.append(f'"{group}": [{", ".join(m[0] for m in members)}]')
                joined = (" OR " if group != "all_of" else " AND ").join(m[1] for m in members)
                sql.append(f"NOT ({joined})" if group == "none_of" else f"({joined})")
        return "{" + ", ".join(parts) + "}", "(" + " AND ".join(sql or ["true"]) + ")"

    def test(self, chance, column):
        of = TYPES[column.type]
        sql = f"t.{name(column.name)}"
        value = lambda: chance.one(of.values)
        if "e" not in of.has or chance.p(0.1):
            return chance.one([("null", f"({sql} IS NULL)"), ('{"is_null": false}', f"(NOT ({sql} IS NULL))")])
        operators = ["plain", "eq", "ne", "in", "list", "not_in"]
        if "o" in of.has:
            operators += ["gt", "gte", "lt", "lte"]
        if "t" in of.has:
            operators += ["contains", "starts_with", "ends_with"]
        operator = chance.one(operators)
        if operator in ("plain", "eq", "ne"):
            one = value()
            # an array is a list of values, an object holds operators
            if operator == "plain" and one[0][0] in "[{":
                operator = "eq"
            test = compare(column, "=", one)
            if operator == "ne":
                test = f"(NOT {test})"
            return one[0] if operator == "plain" else f'{{"{operator}": {one[0]}}}', test
        if operator in ("in", "list", "not_in"):
            some = [value() for _ in range(chance.number(1, 3))]
            tests = [compare(column, "=", v) for v in some]
            texts = [v[0] for v in some]
            if chance.p(0.15):
                texts.append("null")
                tests.append(f"{sql} IS NULL")
            test = "(" + " OR ".join(tests) + ")"
            if operator == "not_in":
                test = f"(NOT {test})"
            texts = "[" + ", ".join(texts) + "]"
            return texts if operator == "list" else f'{{"{operator}": {texts}}}', test
        if operator in SYMBOLS:
            one = value()
            return f'{{"{operator}": {one[0]}}}', compare(column, SYMBOLS[operator], one)
        text = chance.one([v[1] for v in of.values if v[1]])
        return f'{{"{operator}": {json.dumps(text, ensure_ascii=False)}}}', contains(column, operator, text)

    def sort(self, chance, relation, pageable=False):
        """sort_by, and the keys: (column, descending, nulls first)."""
        wanted = "p" if pageable else "o"
        given = []
        keys = []
        for column in chance.some(chance.one([0, 0, 1, 2]), [c for c in relation.columns if wanted in TYPES[c.type].has]):
            direction = chance.one(["", " desc", " asc", " DESC nulls last", " nulls first"])
            given.append(name(column.name) + direction)
            descending = "desc" in direction.lower()
            keys.append((column.name, descending, "first" in direction if "nulls" in direction else descending))
        for key in relation.key:
            if all(k[0] != key for k in keys):
                keys.append((key, False, False))
        order = ", ".join(f"t.{name(c)}{' DESC' if d else ''} NULLS {'FIRST' if n else 'LAST'}" for c, d, n in keys)
        return quote(", ".join(given)) if given else "NULL", order, keys

    def limits(self, chance):
        return chance.one([None, 100, 0, 1, 2, 5, 10, 11, 100, 1001, 9223372036854775807])

    def wrap(self, chance, call, rows=True):
        """The same call in another place of a statement."""
        if not rows:
            return f"SELECT {call}"
        way = chance.number(0, 11)
        if way == 9:
            return f"WITH q AS MATERIALIZED (SELECT * FROM {call}) SELECT * FROM q"
        if way == 10:
            return f"SELECT f.* FROM (VALUES (1)) AS one (x), LATERAL {call} AS f"
        if way == 11:
            return f"SELECT * FROM {call} AS f WHERE (SELECT true)"
        return f"SELECT * FROM {call}"

    def key_column(self, relation):
        return relation.column(relation.single) if relation.single else None

    def hostile(self, chance, type_name):
        if self.giants and chance.draw(100000) > 99900 and type_name in GIANT:
            return chance.one(GIANT[type_name])
        pool = HOSTILE.get(type_name)
        return chance.one(pool) if pool else "NULL"

    # Calls

    def case(self, chance):
        function = chance.one(self.names)
        if chance.p(0.3):
            return self.hostile_case(chance, function)
        maker = getattr(self, f"make_{function}", None)
        if maker is None and function in FINDERS:
            return self.finder_case(chance, function)
        case = maker(chance) if maker else None
        return case or self.hostile_case(chance, function)

    def hostile_case(self, chance, function):
        """Any arguments, of any type."""
        signature = chance.one(self.catalog[function])
        given = []
        for argument, type_name, has_default in signature["arguments"]:
            if has_default and chance.p(0.4):
                continue
            if type_name == "anyelement" and chance.p(0.75):
                value = f"NULL::{self.hostile_relation(chance, signature).model}"
            elif type_name == "jsonb" and chance.p(0.35):
                value = self.near_miss(chance)
            else:
                value = self.hostile(chance, type_name)
                if type_name == "anyelement" and signature["volatile"] and "pg_catalog." in value:
                    value = "NULL::int"
            given.append(f"{argument} => {value}")
        call = f"fca.{function}({', '.join(given)})"
        sql = self.wrap(chance, call) if chance.p(0.85) else chance.one([f"SELECT {call}", f"SELECT ({call}) IS NULL", f"EXPLAIN (COSTS OFF) SELECT * FROM {call}",
            f"SELECT count(*) FROM generate_series(1, 3) AS i, LATERAL {call} AS f", f"DO $do$ BEGIN PERFORM * FROM {call}; END $do$",
            f"SELECT {call} FROM generate_series(1, 2)", f"CREATE TEMP TABLE made ON COMMIT DROP AS SELECT * FROM {call}", f"SELECT CASE WHEN false THEN {call} END" if not signature["set"] else f"SELECT * FROM {call}"])
        return Case(function, sql, write=signature["volatile"] or True)

    def hostile_relation(self, chance, signature):
        """A superuser who deletes rows of the catalogs ends the server, in plain SQL too."""
        while True:
            relation = self.relation(chance)
            if not signature["volatile"] or not relation.sql.startswith("pg_catalog."):
                return relation

    def near_miss(self, chance):
        """JSON of a relation's columns, with values that may not fit."""
        relation = self.relation(chance)
        members = []
        for column in chance.some(chance.number(0, 4), relation.columns):
            value = chance.one(BAD[column.type]) if column.type in BAD and chance.p(0.5) else chance.one(TYPES[column.type].values)[0]
            operator = chance.one([None, None, "eq", "gt", "in", "contains", "is_null", "nope"])
            if operator:
                value = f'{{"{operator}": {value}}}'
            members.append(f"{json.dumps(column.name, ensure_ascii=False)}: {value}")
        text = "{" + ", ".join(members) + "}"
        return quote(chance.one([text, text, f"[{text}]", f"[{text}, {text}]", f'{{"any_of": [{text}]}}'])) + "::jsonb"

    # Reads

    def read_list(self, chance, function):
        relation = self.relation(chance)
        if not relation.key:
            return Case(function, f"SELECT * FROM fca.{function}(NULL::{relation.model}{', NULL' if function == 'get_all' else chr(44) + chr(39) + '{}' + chr(39)})", states={"55000", "42501"})
        filters, condition = ("{}", "true") if function == "get_all" else self.filter(chance, relation)
        sort_by, order, _ = self.sort(chance, relation)
        skip = chance.one([None, 0, 0, 1, 3, 100])
        limit = self.limits(chance)
        arguments = [f"NULL::{relation.model}"] + ([] if function == "get_all" else [f"{quote(filters)}::jsonb"])
        arguments += [f"skip => {'NULL' if skip is None else skip}", f"max_rows => {'NULL' if limit is None else limit}", f"sort_by => {sort_by}"]
        states = None
        if chance.p(0.12):
            arguments, states = self.mistake(chance, relation, arguments)
        plain = f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition} ORDER BY {order} LIMIT {'ALL' if limit is None else limit} OFFSET {skip or 0}"
        return Case(function, self.wrap(chance, f"fca.{function}({', '.join(arguments)})"), plain, states)

    def mistake(self, chance, relation, arguments):
        """One argument with a known mistake."""
        kinds = [("max_rows => ", "max_rows => -1", {"2201W"}), ("skip => ", "skip => -9223372036854775808", {"2201X"}), ("sort_by => ", "sort_by => 'no such'", {"42703", "22023"}),
            ("sort_by => ", "sort_by => '\"no such\"'", {"42703"}), ("sort_by => ", "sort_by => ''", {"22023"}), ("sort_by => ", f"sort_by => {quote(name(relation.key[0]) + ',' + name(relation.key[0]))}", {"22023"})]
        if "jsonb" in arguments[1]:
            for text, states in (("[]", {"22023"}), ("1", {"22023"}), ('{"no such": 1}', {"42703"}), ('{"any_of": 1}', {"22023", "42703"}), ('{"any_of": [{}]}', {"22023"}), (f'{{{json.dumps(relation.key[0])}: {{}}}}', {"22023"}),
                (f'{{{json.dumps(relation.key[0])}: {{"nope": 1}}}}', {"22023"}), (f'{{{json.dumps(relation.key[0])}: {{"in": 1}}}}', {"22023"}), (f'{{{json.dumps(relation.key[0])}: {{"is_null": 1}}}}', {"22023"}),
                (f'{{{json.dumps(relation.key[0])}: {{"gt": null}}}}', {"22023", "42883"})):
                if "any_of" in text and relation.column("any_of"):
                    continue
                kinds.append((None, text, states))
        start, wrong, states = chance.one(kinds)
        if start is None:
            return [arguments[0], f"{quote(wrong)}::jsonb"] + arguments[2:], states
        if not any(a.startswith(start) for a in arguments):
            return arguments, None
        return [wrong if a.startswith(start) else a for a in arguments], states

    def make_get_all(self, chance):
        return self.read_list(chance, "get_all")

    def make_get_by_filters(self, chance):
        return self.read_list(chance, "get_by_filters")

    def make_get_page(self, chance):
        relation = self.relation(chance)
        if not relation.key or any("p" not in TYPES[relation.column(k).type].has for k in relation.key):
            return None
        filters, condition = self.filter(chance, relation)
        sort_by, order, keys = self.sort(chance, relation, pageable=True)
        limit = self.limits(chance)
        place = []
        behind = []
        equal = []
        if chance.p(0.7):
            for key, descending, nulls_first in keys:
                column = relation.column(key)
                value = None if not column.not_null and chance.p(0.15) else chance.one(TYPES[column.type].values)
                place.append(f"{json.dumps(key, ensure_ascii=False)}: {value[0] if value else 'null'}")
                sql = f"t.{name(key)}"
                if value:
                    test = compare(column, "<" if descending else ">", value)
                    if not nulls_first:
                        test = f"({test} OR {sql} IS NULL)"
                else:
                    test = f"(NOT ({sql} IS NULL))" if nulls_first else "false"
                behind.append(" AND ".join(equal + [test]))
                equal.append(compare(column, "=", value) if value else f"{sql} IS NULL")
            condition += " AND (" + " OR ".join(f"({b})" for b in behind) + ")"
        after = quote("{" + ", ".join(place) + "}") + "::jsonb" if place else "NULL"
        arguments = [f"NULL::{relation.model}", f"{quote(filters)}::jsonb", f"sort_by => {sort_by}", f"max_rows => {'NULL' if limit is None else limit}", f"after => {after}"]
        states = None
        if chance.p(0.1):
            arguments, states = self.mistake(chance, relation, arguments)
        plain = f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition} ORDER BY {order} LIMIT {'ALL' if limit is None else limit}"
        return Case("get_page", self.wrap(chance, f"fca.get_page({', '.join(arguments)})"), plain, states)

    def make_find_one(self, chance):
        relation = self.relation(chance)
        filters, condition = self.filter(chance, relation, 2)
        return Case("find_one", self.wrap(chance, f"fca.find_one(NULL::{relation.model}, {quote(filters)}::jsonb)"), f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition}", shape="one")

    def make_count(self, chance):
        relation = self.relation(chance)
        filters, condition = self.filter(chance, relation)
        return Case("count", f"SELECT fca.count(NULL::{relation.model}, {quote(filters)}::jsonb)", f"SELECT pg_catalog.count(*) FROM {relation.sql} AS t WHERE {condition}")

    def make_count_estimate(self, chance):
        relation = self.relation(chance)
        filters, condition = self.filter(chance, relation)
        case = Case("count_estimate", f"SELECT fca.count_estimate(NULL::{relation.model}, {quote(filters)}::jsonb) >= 0", f"SELECT true FROM {relation.sql} AS t WHERE {condition} AND false UNION ALL SELECT true")
        return case

    def id_argument(self, chance, column, value):
        """An id in a type that the column is compared with."""
        of = TYPES[column.type]
        cast = of.base.split(" COLLATE")[0]
        if "t" in of.has:
            cast = "text"
        elif column.type in ("integer", "bigint", "w.positive"):
            cast = chance.one([cast, "bigint", "integer"] if abs(int(value[1])) < 2**31 else ["bigint"])
        elif chance.p(0.3):
            cast = "text"
        return f"{quote(value[1])}::{cast}", cast

    def by_key(self, chance, function):
        relation = self.relation(chance)
        column = self.key_column(relation)
        if column is None:
            return Case(function, f"SELECT * FROM fca.{function}(NULL::{relation.model}, 1)", states={"55000", "42501"})
        value = chance.one(TYPES[column.type].values)
        argument, _ = self.id_argument(chance, column, value)
        return relation, argument, compare(column, "=", value)

    def make_get_by_id(self, chance):
        found = self.by_key(chance, "get_by_id")
        if isinstance(found, Case):
            return found
        relation, argument, condition = found
        return Case("get_by_id", self.wrap(chance, f"fca.get_by_id(NULL::{relation.model}, {argument})"), f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition}", shape="one")

    def make_get_by_id_for_update(self, chance):
        found = self.by_key(chance, "get_by_id_for_update")
        if isinstance(found, Case):
            return found
        relation, argument, condition = found
        if relation.kind in ("nested", "watched", "grouped", "far"):
            return None
        nowait = chance.one(["", ", true", ", nowait => false", ", NULL"])
        return Case(
            "get_by_id_for_update", f"SELECT * FROM fca.get_by_id_for_update(NULL::{relation.model}, {argument}{nowait})",
            f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition} FOR UPDATE OF t", shape="one",
        )

    def make_exists(self, chance):
        found = self.by_key(chance, "exists")
        if isinstance(found, Case):
            return found
        relation, argument, condition = found
        return Case("exists", f"SELECT fca.exists(NULL::{relation.model}, {argument})", f"SELECT EXISTS (SELECT FROM {relation.sql} AS t WHERE {condition})")

    def id_array(self, chance, column):
        values = [chance.one(TYPES[column.type].values) for _ in range(chance.one([2, 0, 1, 3, 5]))]
        cast = chance.one(["integer", "bigint"]) if column.type == "integer" and all(abs(int(v[1])) < 2**31 for v in values) else "bigint" if column.type == "integer" else self.id_argument(chance, column, values[0])[1] if values else TYPES[column.type].base.split(" COLLATE")[0]
        if column.type in ("bigint", "w.positive"):
            cast = "bigint"
        elements = [quote(v[1]) for v in values]
        if chance.p(0.1):
            elements.append("NULL")
        return f"ARRAY[{', '.join(elements)}]::{cast}[]", values

    def make_get_many(self, chance):
        relation = self.relation(chance)
        column = self.key_column(relation)
        if column is None:
            return Case("get_many", f"SELECT * FROM fca.get_many(NULL::{relation.model}, ARRAY[1])", states={"55000", "42501"})
        array, values = self.id_array(chance, column)
        arms = [f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {compare(column, '=', v)}" for v in values]
        plain = arms or f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE false"
        return Case("get_many", self.wrap(chance, f"fca.get_many(NULL::{relation.model}, {array})"), plain, shape="rows" if relation.unique else "bag")

    def make_get_children(self, chance):
        relation = self.relation(chance)
        columns = [c for c in relation.columns if "p" in TYPES[c.type].has and c.type not in ("char(4)", "bit(3)", "varbit(8)")]
        if not relation.key or not columns or relation.kind == "wide":
            return None
        column = chance.one(columns)
        array, values = self.id_array(chance, column)
        sort_by, order, _ = self.sort(chance, relation)
        limit = chance.one([10, None, 0, 1, 2, 5])
        arms = [f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {compare(column, '=', v)} ORDER BY {order} LIMIT {'ALL' if limit is None else limit}" for v in values]
        plain = arms or f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE false"
        arguments = [f"NULL::{relation.model}", quote(column.name), array, f"per_parent => {'NULL' if limit is None else limit}", f"sort_by => {sort_by}"]
        return Case("get_children", self.wrap(chance, f"fca.get_children({', '.join(arguments)})"), plain)

    # Finders

    def finder(self, chance, function):
        """A finder's arguments, and its rows in plain SQL."""
        resource, condition, order, arguments = FINDERS[function](self, chance)
        relation = self.world.relations[resource]
        select = f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE "
        if isinstance(order, list):
            # for each key in turn
            return arguments, [f"{select}{c}{o}" for c, o in zip(condition, order)] or [f"{select}false"], "rows"
        if order.startswith("newest:"):
            inner = f"SELECT * FROM {relation.sql} AS t WHERE {condition} ORDER BY t.created_at DESC, t.id DESC LIMIT {order[7:]}"
            return arguments, [f"SELECT {columns_sql(relation)} FROM ({inner}) AS t ORDER BY t.created_at, t.id"], "rows"
        return arguments, [f"{select}{condition}{order}"], "one" if order == "" else "rows"

    def finder_case(self, chance, function):
        arguments, plain, shape = self.finder(chance, function)
        return Case(function, self.wrap(chance, f"fca.{function}({', '.join(arguments)})"), plain, shape=shape)

    # Writes

    def data(self, chance, relation, key_value=None, complete=False):
        """JSON members and SQL values by column."""
        given = {}
        for column in relation.columns:
            if column.generated and "DEFAULT" not in column.generated:
                continue
            if column.name in relation.key and column.name != relation.single:
                pass
            elif column.generated:
                # what a sequence gives would be another number each time
                given[column.name] = chance.one(TYPES[column.type].values)
                continue
            elif not (complete and (column.not_null or column.name in relation.key)) and not chance.p(0.5):
                continue
            if relation.kind == "wide" and len(given) > 5:
                break
            if not column.not_null and chance.p(0.15):
                given[column.name] = ("null", None)
            else:
                given[column.name] = chance.one(TYPES[column.type].values)
        return given

    def json_of(self, data):
        return "{" + ", ".join(f"{json.dumps(c, ensure_ascii=False)}: {v[0]}" for c, v in data.items()) + "}"

    def sql_of(self, value):
        return "NULL" if value[1] is None else quote(value[1])

    def writable(self, chance):
        relation = self.relation(chance)
        if not relation.plain_writes or relation.resource:
            kinds = [r for r in self.world.relations.values() if r.plain_writes and r.kind != "wide"]
            relation = chance.one(kinds)
        return relation

    def dump(self, relation):
        return f"SELECT * FROM {relation.sql}"

    def make_create(self, chance):
        relation = self.writable(chance)
        data = self.data(chance, relation, complete=not chance.p(0.1))
        columns = ", ".join(name(c) for c in data)
        values = ", ".join(self.sql_of(v) for v in data.values())
        plain = f"INSERT INTO {relation.sql} AS t ({columns}) VALUES ({values}) RETURNING t.*" if data else f"INSERT INTO {relation.sql} AS t DEFAULT VALUES RETURNING t.*"
        return Case("create", f"SELECT * FROM fca.create(NULL::{relation.model}, {quote(self.json_of(data))}::jsonb)", plain, dump=self.dump(relation), write=True)

    def make_create_many(self, chance):
        relation = self.writable(chance)
        rows = [self.data(chance, relation, complete=not chance.p(0.1)) for _ in range(chance.number(1, 4))]
        columns = list(dict.fromkeys(c for row in rows for c in row))
        if not columns:
            return None
        tuples = ", ".join("(" + ", ".join(self.sql_of(row[c]) if c in row else "DEFAULT" for c in columns) + ")" for row in rows)
        plain = f"INSERT INTO {relation.sql} AS t ({', '.join(map(name, columns))}) VALUES {tuples} RETURNING t.*"
        call = f"SELECT * FROM fca.create_many(NULL::{relation.model}, {quote('[' + ', '.join(map(self.json_of, rows)) + ']')}::jsonb)"
        return Case("create_many", call, plain, dump=self.dump(relation), write=True)

    def changes(self, chance, relation):
        """The data of an update, and its SET."""
        data = {c: v for c, v in self.data(chance, relation).items() if c not in relation.key or chance.p(0.1)}
        updated_at = relation.column("updated_at")
        sets = [f"{name(c)} = {self.sql_of(v)}" for c, v in data.items()]
        if updated_at and "updated_at" not in data and updated_at.type in ("timestamptz", "timestamp", "date", "timestamp(0)"):
            sets.append("updated_at = pg_catalog.now()")
        if not sets:
            return None, None
        return data, ", ".join(sets)

    def make_update(self, chance, conditional=False):
        relation = self.writable(chance)
        column = self.key_column(relation)
        data, sets = self.changes(chance, relation)
        if column is None or not sets:
            return None
        value = chance.one(TYPES[column.type].values)
        argument, _ = self.id_argument(chance, column, value)
        filters, condition = self.filter(chance, relation) if conditional else (None, "true")
        plain = f"UPDATE {relation.sql} AS t SET {sets} WHERE {compare(column, '=', value)} AND {condition} RETURNING t.*"
        expected = f"{quote(filters)}::jsonb, " if conditional else ""
        function = "update_if" if conditional else "update"
        return Case(function, f"SELECT * FROM fca.{function}(NULL::{relation.model}, {argument}, {expected}{quote(self.json_of(data))}::jsonb)", plain, dump=self.dump(relation), write=True)

    def make_update_if(self, chance):
        return self.make_update(chance, True)

    def make_update_many(self, chance):
        relation = self.writable(chance)
        data, sets = self.changes(chance, relation)
        if not sets or not relation.columns:
            return None
        filters, condition = self.filter(chance, relation, chance.number(1, 2))
        plain = f"UPDATE {relation.sql} AS t SET {sets} WHERE {condition}"
        return Case("update_many", f"SELECT fca.update_many(NULL::{relation.model}, {quote(filters)}::jsonb, {quote(self.json_of(data))}::jsonb)", plain, shape="count", dump=self.dump(relation), write=True)

    def make_delete_many(self, chance):
        relation = self.writable(chance)
        if not relation.columns:
            return None
        filters, condition = self.filter(chance, relation, chance.number(1, 2))
        return Case("delete_many", f"SELECT fca.delete_many(NULL::{relation.model}, {quote(filters)}::jsonb)", f"DELETE FROM {relation.sql} AS t WHERE {condition}", shape="count", dump=self.dump(relation), write=True)

    def make_delete(self, chance):
        relation = self.writable(chance)
        column = self.key_column(relation)
        if column is None:
            return None
        value = chance.one(TYPES[column.type].values)
        argument, _ = self.id_argument(chance, column, value)
        return Case("delete", f"SELECT fca.delete(NULL::{relation.model}, {argument})", f"DELETE FROM {relation.sql} AS t WHERE {compare(column, '=', value)}", shape="changed", dump=self.dump(relation), write=True)

    def upsert_rows(self, chance, function, count):
        relation = self.writable(chance)
        column = self.key_column(relation)
        if column is None or not relation.unique or relation.kind in ("tied", "guarded", "parent"):
            return None
        rows = [self.data(chance, relation, complete=True) for _ in range(count)]
        updated_at = relation.column("updated_at")
        statements = []
        for data in rows:
            sets = [f"{name(c)} = excluded.{name(c)}" for c in data if c != column.name]
            if updated_at and "updated_at" not in data and updated_at.type in ("timestamptz", "timestamp", "date", "timestamp(0)"):
                sets.append("updated_at = pg_catalog.now()")
            sets = sets or [f"{name(column.name)} = excluded.{name(column.name)}"]
            statements.append(
                f"INSERT INTO {relation.sql} AS t ({', '.join(map(name, data))}) VALUES ({', '.join(map(self.sql_of, data.values()))})"
                f" ON CONFLICT ({name(column.name)}) DO UPDATE SET {', '.join(sets)} RETURNING t.*"
            )
        conflict = chance.one(["", f", ARRAY[{quote(column.name)}]", ", conflict_columns => NULL"])
        if function == "upsert":
            return Case(function, f"SELECT * FROM fca.upsert(NULL::{relation.model}, {quote(self.json_of(rows[0]))}::jsonb{conflict})", statements[0], dump=self.dump(relation), write=True)
        json_rows = "[" + ", ".join(map(self.json_of, rows)) + "]"
        return Case(function, f"SELECT * FROM fca.upsert_many(NULL::{relation.model}, {quote(json_rows)}::jsonb{conflict})", statements, dump=self.dump(relation), write=True)

    def make_upsert(self, chance):
        return self.upsert_rows(chance, "upsert", 1)

    def make_upsert_many(self, chance):
        return self.upsert_rows(chance, "upsert_many", chance.number(1, 4))

    def make_create_many_report(self, chance):
        """A row is created where an INSERT of it alone succeeds."""
        relation = self.writable(chance)
        rows = [self.data(chance, relation, complete=not chance.p(0.2)) for _ in range(chance.number(1, 5))]
        if not all(rows) or relation.kind == "tied":
            return None
        # the key is read, which needs the right to
        key = f" RETURNING t.{name(relation.single)}" if relation.single else ""
        inserts = [f"INSERT INTO {relation.sql} AS t ({', '.join(map(name, row))}) VALUES ({', '.join(map(self.sql_of, row.values()))}){key}" for row in rows]
        call = f"SELECT created FROM fca.create_many_report(NULL::{relation.model}, {quote('[' + ', '.join(map(self.json_of, rows)) + ']')}::jsonb)"
        plain = f"SELECT away.succeeds(insert) FROM pg_catalog.unnest(ARRAY[{', '.join(map(quote, inserts))}]) AS insert"
        return Case("create_many_report", call, plain, shape="report", dump=self.dump(relation), write=True)

    # Streams

    def make_open_cursor(self, chance):
        relation = self.relation(chance)
        if not relation.key:
            return None
        filters, condition = self.filter(chance, relation)
        sort_by, order, _ = self.sort(chance, relation)
        case = Case(
            "open_cursor", f"SELECT fca.open_cursor(NULL::{relation.model}, {quote(filters)}::jsonb, {sort_by}, 'stream')", f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition} ORDER BY {order} LIMIT 7",
        )
        case.fetch = "FETCH 7 FROM stream"
        return case


    def make_open_finder(self, chance):
        function = chance.one(sorted(FINDERS))
        if function in ALIASES:
            return None
        arguments, plain, _ = self.finder(chance, function)
        given = ", ".join(f"'{a.split(' => ')[0]}', {a.split(' => ')[1]}" for a in arguments)
        case = Case("open_finder", f"SELECT fca.open_finder('{function}', jsonb_build_object({given}), 'stream')", plain)
        case.fetch = "FETCH ALL FROM stream"
        return case


#
# Finders, as the contract has them
#

# The same finder under another name; a stream knows only the one.
ALIASES = {}


def keyset(chance, columns, descending, values):
    """A page's limit and place: arguments, condition, limit."""
    limit = chance.one([None, 100, 0, 1, 2, 5, 10, 11, 1000])
    arguments = [f"max_rows => {'NULL' if limit is None else limit}"] if limit != 100 or chance.p(0.5) else ["max_rows => 100"]
    condition = ""
    if chance.p(0.5):
        picked = [chance.one(v) for v in values]
        symbol = "<" if descending else ">"
        arguments += [f"after_{c} => {v}" for c, v in zip(columns, picked)]
        tests = []
        for i in range(len(columns)):
            tests.append(" AND ".join([f"t.{columns[j]} OPERATOR(pg_catalog.=) {picked[j]}" for j in range(i)] + [f"t.{columns[i]} OPERATOR(pg_catalog.{symbol}) {picked[i]}"]))
        condition = " AND (" + " OR ".join(f"({t})" for t in tests) + ")"
    direction = " DESC" if descending else ""
    order = " ORDER BY " + ", ".join(f"t.{c}{direction}" for c in columns) + f" LIMIT {'ALL' if limit is None else limit}"
    return arguments, condition, order


TIMES = ["'2026-01-01Z'::timestamptz", "'2026-01-02Z'::timestamptz", "'2026-01-03 01:00Z'::timestamptz", "'infinity'::timestamptz", "'-infinity'::timestamptz"]
IDS = ["1::bigint", "2::bigint", "3::bigint", "7::bigint", "(-1)::bigint", "9223372036854775807::bigint"]
STRINGS = {
    "email": ["'c1@example.com'", "'c2@example.com'", "''", "'x'", "'C1@example.com'", "NULL::text"],
    "customer_id": ["'CUST-000001'", "'CUST-000002'", "''", "'%'", "NULL::text"],
    "account_number": ["'ACC-1'", "'ACC-2'", "'x'", "NULL::text"],
    "reference": ["'TX-1'", "'TX-2'", "'x'", "NULL::text"],
    "escalation_id": ["'ESC-1'", "'ESC-4'", "'x'", "NULL::text"],
    "category": ["'rent'", "'food'", "'cards'", "'x'", "NULL::text"],
    "assigned_group": ["'loans'", "'fraud'", "'x'", "NULL::text"],
    "type": ["'loan'", "'current'", "'x'", "NULL::text"],
    "status": ["'active'", "'closed'", "NULL::text"],
    "parts": ["'a'", "'A'", "'%'", "'_'", "'100%'", "'card'", "'i'", "'pin'", "'é'", "E'\\\\'", "NULL::text"],
}


def equal(column, value):
    return f"t.{column} OPERATOR(pg_catalog.=) {value}"


def lookup(resource, argument, column):
    def make(maker, chance):
        value = chance.one(STRINGS[column])
        return resource, equal(column, value), "", [f"{argument} => {value}"]

    return make


def lookups(resource, argument, column):
    def make(maker, chance):
        values = [chance.one(STRINGS[column]) for _ in range(chance.number(0, 4))]
        return resource, [equal(column, v) for v in values], [""] * len(values), [f"{argument} => ARRAY[{', '.join(values)}]::text[]"]

    return make


def paged(resource, given, columns, descending, fixed="true"):
    """given: (argument, column, values)."""

    def make(maker, chance):
        arguments = []
        tests = [fixed]
        for argument, column, values in given:
            value = chance.one(values)
            arguments.append(f"{argument} => {value}")
            tests.append(equal(column, value))
        values = [IDS if c == "id" else ["'p'", "'q'", "'é'", "''"] if c == "name" else TIMES for c in columns]
        more, place, order = keyset(chance, columns, descending, values)
        return resource, " AND ".join(tests) + place, order, arguments + more

    return make


def each(resource, argument, column, limit_name, order, reverse=None):
    def make(maker, chance):
        values = [chance.one(IDS + ["NULL::bigint"]) for _ in range(chance.number(0, 4))]
        arguments = [f"{argument} => ARRAY[{', '.join(values)}]::bigint[]"]
        limit = "ALL"
        if limit_name:
            limit = chance.one(["1", "10", "0", "3", "ALL"])
            arguments.append(f"{limit_name} => {'NULL' if limit == 'ALL' else limit}")
        conditions = [equal(column, v) for v in values]
        if reverse:
            # the newest, given oldest first
            table = f"fca.{RESOURCES[resource][0]}"
            conditions = [f"t.id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT n.id FROM {table} AS n WHERE n.{column} OPERATOR(pg_catalog.=) {v} ORDER BY n.created_at DESC, n.id DESC LIMIT {limit}))" for v in values]
            return resource, conditions, [f" ORDER BY {reverse}"] * len(values), arguments
        return resource, conditions, [f" ORDER BY {order} LIMIT {limit}"] * len(values), arguments

    return make


def newest(maker, chance):
    value = chance.one(IDS + ["NULL::bigint"])
    limit = chance.one(["20", "0", "1", "3", "ALL"])
    return "message", equal("conversation_id", value), f"newest:{limit}", [f"conversation_id => {value}", f"max_rows => {'NULL' if limit == 'ALL' else limit}"]


def part(column, value):
    return f"coalesce(pg_catalog.strpos(pg_catalog.lower(t.{column}::text), pg_catalog.lower({value})) OPERATOR(pg_catalog.>) 0, false)"


def by_name(maker, chance):
    value = chance.one(STRINGS["parts"])
    limit = chance.one(["100", "0", "1", "3", "ALL"])
    return "customer", f"({part('first_name', value)} OR {part('last_name', value)})", f" ORDER BY t.last_name, t.first_name, t.id LIMIT {limit}", [f"name => {value}", f"max_rows => {'NULL' if limit == 'ALL' else limit}"]


def by_keyword(maker, chance):
    value = chance.one(STRINGS["parts"])
    limit = chance.one(["10", "0", "1", "3", "ALL"])
    exact = f"EXISTS (SELECT FROM pg_catalog.regexp_split_to_table(pg_catalog.lower(t.keywords::text), ',') AS k WHERE pg_catalog.btrim(k, E' \\t\\r\\n') OPERATOR(pg_catalog.=) pg_catalog.lower({value}))"
    starts = f"pg_catalog.starts_with(pg_catalog.lower(t.question::text), pg_catalog.lower({value}))"
    return (
        "faq", f"t.is_active AND ({part('question', value)} OR {part('keywords', value)})",
        f" ORDER BY CASE WHEN {exact} THEN 1 WHEN {starts} THEN 2 ELSE 3 END, t.id LIMIT {limit}", [f"keyword => {value}", f"max_rows => {'NULL' if limit == 'ALL' else limit}"],
    )


def between(maker, chance):
    account, since, until = chance.one(IDS), chance.one(TIMES), chance.one(TIMES)
    more, place, order = keyset(chance, ["occurred_at", "id"], True, [TIMES, IDS])
    return (
        "transaction", f"{equal('account_id', account)} AND t.occurred_at OPERATOR(pg_catalog.>=) {since} AND t.occurred_at OPERATOR(pg_catalog.<) {until}{place}", order,
        [f"account_id => {account}", f"since => {since}", f"until => {until}"] + more,
    )


def all_of_customer(maker, chance):
    value = chance.one(IDS + ["NULL::bigint"])
    return "account", equal("customer_id", value), " ORDER BY t.created_at DESC, t.id DESC", [f"customer_id => {value}"]


def locked(maker, chance):
    limit = chance.one(["1", "0", "3", "ALL"])
    return "conversation", equal("status", "'escalated'"), f" ORDER BY t.updated_at, t.id LIMIT {limit} FOR UPDATE OF t SKIP LOCKED", [f"max_rows => {'NULL' if limit == 'ALL' else limit}"]


# Those that plain SQL has no equal of: only their errors are looked at.
HOSTILE_ONLY = {"create_tables"}

ESCALATED = equal("status", "'escalated'")
FINDERS = {
    "find_by_email": lookup("customer", "email", "email"),
    "get_by_email": lookup("customer", "email", "email"),
    "find_by_business_id": lookup("customer", "business_id", "customer_id"),
    "get_by_customer_id": lookup("customer", "customer_id", "customer_id"),
    "find_vip_customers": paged("customer", [], ["created_at", "id"], True, "t.is_vip"),
    "get_vip_customers": paged("customer", [], ["created_at", "id"], True, "t.is_vip"),
    "find_active_customers": paged("customer", [], ["created_at", "id"], True, "t.is_active"),
    "search_by_name": by_name,
    "find_by_account_number": lookup("account", "account_number", "account_number"),
    "list_by_customer": all_of_customer,
    "list_accounts_by_status": paged("account", [("status", "status", STRINGS["status"])], ["created_at", "id"], True),
    "find_by_reference": lookup("transaction", "reference", "reference"),
    "find_recent_transactions": paged("transaction", [("account_id", "account_id", IDS)], ["occurred_at", "id"], True),
    "find_transactions_between": between,
    "find_transactions_by_category": paged("transaction", [("account_id", "account_id", IDS), ("category", "category", STRINGS["category"])], ["occurred_at", "id"], True),
    "find_by_customer": paged("conversation", [("customer_id", "customer_id", IDS)], ["updated_at", "id"], True),
    "find_escalated": paged("conversation", [], ["updated_at", "id"], False, ESCALATED),
    "find_escalated_by_group": paged("conversation", [("assigned_group", "assigned_group", STRINGS["assigned_group"])], ["updated_at", "id"], False, ESCALATED),
    "find_escalated_for_update": locked,
    "find_by_ticket_id": lookup("conversation", "ticket_id", "escalation_id"),
    "find_by_status": paged("conversation", [("status", "status", STRINGS["status"])], ["updated_at", "id"], True),
    "find_by_conversation": paged("message", [("conversation_id", "conversation_id", IDS)], ["created_at", "id"], False),
    "find_recent_messages": newest,
    "find_requiring_human": paged("message", [], ["created_at", "id"], False, "t.requires_human"),
    "find_by_type": paged("product", [("type", "type", STRINGS["type"])], ["name", "id"], False, "t.is_active"),
    "find_active_products": paged("product", [], ["name", "id"], False, "t.is_active"),
    "search_by_keyword": by_keyword,
    "find_by_category": paged("faq", [("category", "category", STRINGS["category"])], ["id"], False, "t.is_active"),
    "find_by_emails": lookups("customer", "emails", "email"),
    "find_by_business_ids": lookups("customer", "business_ids", "customer_id"),
    "find_by_account_numbers": lookups("account", "account_numbers", "account_number"),
    "list_by_customers": each("account", "customer_ids", "customer_id", None, "t.created_at DESC, t.id DESC"),
    "find_by_references": lookups("transaction", "transaction_references", "reference"),
    "find_recent_transactions_of": each("transaction", "account_ids", "account_id", "per_account", "t.occurred_at DESC, t.id DESC"),
    "find_by_ticket_ids": lookups("conversation", "ticket_ids", "escalation_id"),
    "find_by_customers": each("conversation", "customer_ids", "customer_id", "per_customer", "t.updated_at DESC, t.id DESC"),
    "find_recent_messages_of": each("message", "conversation_ids", "conversation_id", "per_conversation", None, "t.created_at, t.id"),
}
