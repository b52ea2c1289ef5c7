"""Calls of every function, and what each must give.

A call is either one whose answer plain SQL gives as well (that is written here
without looking at how the module does it), or one with a known mistake, whose
SQLSTATEs are known, or a hostile one: any error that errors.py allows.
"""

import json
import random
import re

import errors
from wire import Answer
from values import BAD, GIANT, HOSTILE, TYPES, name, nested, quote
from world import RESOURCES


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
            steps = ["SAVEPOINT fuzz", ("call", self.call), ("fetch", self.fetch), "ROLLBACK TO fuzz", *plain,
                "ROLLBACK TO fuzz"]
            if not in_transaction:
                steps = ["BEGIN"] + steps + ["ROLLBACK"]
        elif self.write and self.plain:
            steps = ["SAVEPOINT fuzz", ("call", self.call), ("dump", self.dump), "ROLLBACK TO fuzz", *plain,
                ("plain_dump", self.dump), "ROLLBACK TO fuzz"]
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
            if call.state not in self.states and not (plain is not None
                and plain.state == call.state != "00000"):
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
            return None if all(row[4:] == b"f" for row in plain.rows) else ("differs",
                f"call: {call!r}\nplain: {plain!r}")
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
    return (
        f"{sql}::{of.base.split(' COLLATE')[0]}"
        if of.base != of.sql and column.type.startswith("w.")
        else sql
    )


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
        "ends_with": f'pg_catalog."right"({haystack}, pg_catalog.length({needle}))'
        f' OPERATOR(pg_catalog.=) {needle}',
    }[operator]
    return f"coalesce({test}, false)"


def columns_sql(relation):
    if relation.resource:
        return ", ".join(f"t.{name(c)}::{t}" for c, t in RESOURCES[relation.resource].columns)
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
            return chance.one([("null", f"({sql} IS NULL)"),
                ('{"is_null": false}', f"(NOT ({sql} IS NULL))")])
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
        for column in chance.some(chance.one([0, 0, 1, 2]),
            [c for c in relation.columns if wanted in TYPES[c.type].has]):
            direction = chance.one(["", " desc", " asc", " DESC nulls last", " nulls first"])
            given.append(name(column.name) + direction)
            descending = "desc" in direction.lower()
            keys.append((column.name, descending,
                "first" in direction if "nulls" in direction else descending))
        for key in relation.key:
            if all(k[0] != key for k in keys):
                keys.append((key, False, False))
        order = ", ".join(f"t.{name(c)}{' DESC' if d else ''} NULLS {'FIRST' if n else 'LAST'}"
            for c, d, n in keys)
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
        sql = self.wrap(chance, call) if chance.p(0.85) else chance.one([f"SELECT {call}",
            f"SELECT ({call}) IS NULL", f"EXPLAIN (COSTS OFF) SELECT * FROM {call}",
            f"SELECT count(*) FROM generate_series(1, 3) AS i, LATERAL {call} AS f",
            f"DO $do$ BEGIN PERFORM * FROM {call}; END $do$",
            f"SELECT {call} FROM generate_series(1, 2)",
            f"CREATE TEMP TABLE made ON COMMIT DROP AS SELECT * FROM {call}",
            f"SELECT CASE WHEN false THEN {call} END" if not signature["set"] else f"SELECT * FROM {call}"])
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
            value = (chance.one(BAD[column.type]) if column.type in BAD and chance.p(0.5)
                else chance.one(TYPES[column.type].values)[0])
            operator = chance.one([None, None, "eq", "gt", "in", "contains", "is_null", "nope"])
            if operator:
                value = f'{{"{operator}": {value}}}'
            members.append(f"{json.dumps(column.name, ensure_ascii=False)}: {value}")
        text = "{" + ", ".join(members) + "}"
        return quote(chance.one([text, text, f"[{text}]", f"[{text}, {text}]",
            f'{{"any_of": [{text}]}}'])) + "::jsonb"

    # Reads

    def read_list(self, chance, function):
        relation = self.relation(chance)
        if not relation.key:
            more = ", NULL" if function == "get_all" else ", '{}'"
            return Case(function, f"SELECT * FROM fca.{function}(NULL::{relation.model}{more})",
                states={"55000", "42501"})
        filters, condition = ("{}", "true") if function == "get_all" else self.filter(chance, relation)
        sort_by, order, _ = self.sort(chance, relation)
        skip = chance.one([None, 0, 0, 1, 3, 100])
        limit = self.limits(chance)
        arguments = [f"NULL::{relation.model}"] + ([] if function == "get_all"
            else [f"{quote(filters)}::jsonb"])
        arguments += [f"skip => {'NULL' if skip is None else skip}",
            f"max_rows => {'NULL' if limit is None else limit}", f"sort_by => {sort_by}"]
        states = None
        if chance.p(0.12):
            arguments, states = self.mistake(chance, relation, arguments)
        plain = (
            f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition} ORDER BY {order}"
            f" LIMIT {'ALL' if limit is None else limit} OFFSET {skip or 0}"
        )
        return Case(function, self.wrap(chance, f"fca.{function}({', '.join(arguments)})"), plain, states)

    def mistake(self, chance, relation, arguments):
        """One argument with a known mistake."""
        kinds = [("max_rows => ", "max_rows => -1", {"2201W"}),
            ("skip => ", "skip => -9223372036854775808", {"2201X"}),
            ("sort_by => ", "sort_by => 'no such'", {"42703", "22023"}),
            ("sort_by => ", "sort_by => '\"no such\"'", {"42703"}),
            ("sort_by => ", "sort_by => ''", {"22023"}),
            ("sort_by => ", f"sort_by => {quote(name(relation.key[0]) + ',' + name(relation.key[0]))}",
                {"22023"})]
        if "jsonb" in arguments[1]:
            for text, states in (("[]", {"22023"}), ("1", {"22023"}), ('{"no such": 1}', {"42703"}),
                ('{"any_of": 1}', {"22023", "42703"}), ('{"any_of": [{}]}', {"22023"}),
                (f'{{{json.dumps(relation.key[0])}: {{}}}}', {"22023"}),
                (f'{{{json.dumps(relation.key[0])}: {{"nope": 1}}}}', {"22023"}),
                (f'{{{json.dumps(relation.key[0])}: {{"in": 1}}}}', {"22023"}),
                (f'{{{json.dumps(relation.key[0])}: {{"is_null": 1}}}}', {"22023"}),
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
                value = (None if not column.not_null and chance.p(0.15)
                    else chance.one(TYPES[column.type].values))
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
        arguments = [f"NULL::{relation.model}", f"{quote(filters)}::jsonb", f"sort_by => {sort_by}",
            f"max_rows => {'NULL' if limit is None else limit}", f"after => {after}"]
        states = None
        if chance.p(0.1):
            arguments, states = self.mistake(chance, relation, arguments)
        plain = (
            f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition} ORDER BY {order}"
            f" LIMIT {'ALL' if limit is None else limit}"
        )
        return Case("get_page", self.wrap(chance, f"fca.get_page({', '.join(arguments)})"), plain, states)

    def make_find_one(self, chance):
        relation = self.relation(chance)
        filters, condition = self.filter(chance, relation, 2)
        return Case("find_one", self.wrap(chance,
            f"fca.find_one(NULL::{relation.model}, {quote(filters)}::jsonb)"),
            f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition}", shape="one")

    def make_count(self, chance):
        relation = self.relation(chance)
        filters, condition = self.filter(chance, relation)
        return Case("count", f"SELECT fca.count(NULL::{relation.model}, {quote(filters)}::jsonb)",
            f"SELECT pg_catalog.count(*) FROM {relation.sql} AS t WHERE {condition}")

    def make_count_estimate(self, chance):
        relation = self.relation(chance)
        filters, condition = self.filter(chance, relation)
        case = Case("count_estimate", f"SELECT fca.count_estimate(NULL::{relation.model},"
            f" {quote(filters)}::jsonb) >= 0",
            f"SELECT true FROM {relation.sql} AS t WHERE {condition} AND false UNION ALL SELECT true")
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
            return Case(function, f"SELECT * FROM fca.{function}(NULL::{relation.model}, 1)",
                states={"55000", "42501"})
        value = chance.one(TYPES[column.type].values)
        argument, _ = self.id_argument(chance, column, value)
        return relation, argument, compare(column, "=", value)

    def make_get_by_id(self, chance):
        found = self.by_key(chance, "get_by_id")
        if isinstance(found, Case):
            return found
        relation, argument, condition = found
        return Case("get_by_id", self.wrap(chance, f"fca.get_by_id(NULL::{relation.model}, {argument})"),
            f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition}", shape="one")

    def make_get_by_id_for_update(self, chance):
        found = self.by_key(chance, "get_by_id_for_update")
        if isinstance(found, Case):
            return found
        relation, argument, condition = found
        if relation.kind in ("nested", "watched", "grouped", "far"):
            return None
        nowait = chance.one(["", ", true", ", nowait => false", ", NULL"])
        return Case(
            "get_by_id_for_update",
            f"SELECT * FROM fca.get_by_id_for_update(NULL::{relation.model}, {argument}{nowait})",
            f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {condition} FOR UPDATE OF t",
            shape="one",
        )

    def make_exists(self, chance):
        found = self.by_key(chance, "exists")
        if isinstance(found, Case):
            return found
        relation, argument, condition = found
        return Case("exists", f"SELECT fca.exists(NULL::{relation.model}, {argument})",
            f"SELECT EXISTS (SELECT FROM {relation.sql} AS t WHERE {condition})")

    def id_array(self, chance, column):
        values = [chance.one(TYPES[column.type].values) for _ in range(chance.one([2, 0, 1, 3, 5]))]
        cast = chance.one(["integer", "bigint"]) if column.type == "integer" and all(abs(int(v[1])) < 2**31
            for v in values) else "bigint" if column.type == "integer" else self.id_argument(chance, column,
            values[0])[1] if values else TYPES[column.type].base.split(" COLLATE")[0]
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
            return Case("get_many", f"SELECT * FROM fca.get_many(NULL::{relation.model}, ARRAY[1])",
                states={"55000", "42501"})
        array, values = self.id_array(chance, column)
        arms = [f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {compare(column, '=', v)}"
            for v in values]
        plain = arms or f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE false"
        return Case("get_many", self.wrap(chance, f"fca.get_many(NULL::{relation.model}, {array})"), plain,
            shape="rows" if relation.unique else "bag")

    def make_get_children(self, chance):
        relation = self.relation(chance)
        columns = [c for c in relation.columns if "p" in TYPES[c.type].has
            and c.type not in ("char(4)", "bit(3)", "varbit(8)")]
        if not relation.key or not columns or relation.kind == "wide":
            return None
        column = chance.one(columns)
        array, values = self.id_array(chance, column)
        sort_by, order, _ = self.sort(chance, relation)
        limit = chance.one([10, None, 0, 1, 2, 5])
        arms = [f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE {compare(column, '=', v)}"
            f" ORDER BY {order} LIMIT {'ALL' if limit is None else limit}" for v in values]
        plain = arms or f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE false"
        arguments = [f"NULL::{relation.model}", quote(column.name), array,
            f"per_parent => {'NULL' if limit is None else limit}", f"sort_by => {sort_by}"]
        return Case("get_children", self.wrap(chance, f"fca.get_children({', '.join(arguments)})"), plain)

    # Finders

    def finder_case(self, chance, function):
        arguments, plain, shape, states = FINDERS[function].call(chance)
        return Case(function, self.wrap(chance, f"fca.{function}({', '.join(arguments)})"), plain, states,
            shape)

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
        plain = (
            f"INSERT INTO {relation.sql} AS t ({columns}) VALUES ({values}) RETURNING t.*" if data
            else f"INSERT INTO {relation.sql} AS t DEFAULT VALUES RETURNING t.*"
        )
        return Case("create", f"SELECT * FROM fca.create(NULL::{relation.model},"
            f" {quote(self.json_of(data))}::jsonb)", plain, dump=self.dump(relation), write=True)

    def make_create_many(self, chance):
        relation = self.writable(chance)
        rows = [self.data(chance, relation, complete=not chance.p(0.1)) for _ in range(chance.number(1, 4))]
        columns = list(dict.fromkeys(c for row in rows for c in row))
        if not columns:
            return None
        tuples = ", ".join(
            "(" + ", ".join(self.sql_of(row[c]) if c in row else "DEFAULT" for c in columns) + ")"
            for row in rows)
        plain = (
            f"INSERT INTO {relation.sql} AS t ({', '.join(map(name, columns))}) VALUES {tuples} RETURNING t.*"
        )
        call = (
            f"SELECT * FROM fca.create_many(NULL::{relation.model},"
            f" {quote('[' + ', '.join(map(self.json_of, rows)) + ']')}::jsonb)"
        )
        return Case("create_many", call, plain, dump=self.dump(relation), write=True)

    def changes(self, chance, relation):
        """The data of an update, and its SET."""
        data = {c: v for c, v in self.data(chance, relation).items()
            if c not in relation.key or chance.p(0.1)}
        updated_at = relation.column("updated_at")
        sets = [f"{name(c)} = {self.sql_of(v)}" for c, v in data.items()]
        if updated_at and "updated_at" not in data and updated_at.type in (
            "timestamptz", "timestamp", "date", "timestamp(0)"):
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
        plain = (
            f"UPDATE {relation.sql} AS t SET {sets} WHERE {compare(column, '=', value)} AND {condition}"
            " RETURNING t.*"
        )
        expected = f"{quote(filters)}::jsonb, " if conditional else ""
        function = "update_if" if conditional else "update"
        return Case(function, f"SELECT * FROM fca.{function}(NULL::{relation.model}, {argument},"
            f" {expected}{quote(self.json_of(data))}::jsonb)", plain, dump=self.dump(relation), write=True)

    def make_update_if(self, chance):
        return self.make_update(chance, True)

    def make_update_many(self, chance):
        relation = self.writable(chance)
        data, sets = self.changes(chance, relation)
        if not sets or not relation.columns:
            return None
        filters, condition = self.filter(chance, relation, chance.number(1, 2))
        plain = f"UPDATE {relation.sql} AS t SET {sets} WHERE {condition}"
        return Case("update_many", f"SELECT fca.update_many(NULL::{relation.model}, {quote(filters)}::jsonb,"
            f" {quote(self.json_of(data))}::jsonb)", plain, shape="count", dump=self.dump(relation),
            write=True)

    def make_delete_many(self, chance):
        relation = self.writable(chance)
        if not relation.columns:
            return None
        filters, condition = self.filter(chance, relation, chance.number(1, 2))
        return Case("delete_many", f"SELECT fca.delete_many(NULL::{relation.model}, {quote(filters)}::jsonb)",
            f"DELETE FROM {relation.sql} AS t WHERE {condition}", shape="count", dump=self.dump(relation),
            write=True)

    def make_delete(self, chance):
        relation = self.writable(chance)
        column = self.key_column(relation)
        if column is None:
            return None
        value = chance.one(TYPES[column.type].values)
        argument, _ = self.id_argument(chance, column, value)
        return Case("delete", f"SELECT fca.delete(NULL::{relation.model}, {argument})",
            f"DELETE FROM {relation.sql} AS t WHERE {compare(column, '=', value)}", shape="changed",
            dump=self.dump(relation), write=True)

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
            if updated_at and "updated_at" not in data and updated_at.type in (
                "timestamptz", "timestamp", "date", "timestamp(0)"):
                sets.append("updated_at = pg_catalog.now()")
            sets = sets or [f"{name(column.name)} = excluded.{name(column.name)}"]
            statements.append(
                f"INSERT INTO {relation.sql} AS t ({', '.join(map(name, data))}) VALUES"
                f" ({', '.join(map(self.sql_of, data.values()))})"
                f" ON CONFLICT ({name(column.name)}) DO UPDATE SET {', '.join(sets)} RETURNING t.*"
            )
        conflict = chance.one(["", f", ARRAY[{quote(column.name)}]", ", conflict_columns => NULL"])
        if function == "upsert":
            return Case(function, f"SELECT * FROM fca.upsert(NULL::{relation.model},"
                f" {quote(self.json_of(rows[0]))}::jsonb{conflict})", statements[0], dump=self.dump(relation),
                write=True)
        json_rows = "[" + ", ".join(map(self.json_of, rows)) + "]"
        return Case(function, f"SELECT * FROM fca.upsert_many(NULL::{relation.model},"
            f" {quote(json_rows)}::jsonb{conflict})", statements, dump=self.dump(relation), write=True)

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
        inserts = [f"INSERT INTO {relation.sql} AS t ({', '.join(map(name, row))}) VALUES"
            f" ({', '.join(map(self.sql_of, row.values()))}){key}" for row in rows]
        call = (
            f"SELECT created FROM fca.create_many_report(NULL::{relation.model},"
            f" {quote('[' + ', '.join(map(self.json_of, rows)) + ']')}::jsonb)"
        )
        plain = (
            "SELECT away.succeeds(insert)"
            f" FROM pg_catalog.unnest(ARRAY[{', '.join(map(quote, inserts))}]) AS insert"
        )
        return Case("create_many_report", call, plain, shape="report", dump=self.dump(relation), write=True)

    # Streams

    def make_open_cursor(self, chance):
        relation = self.relation(chance)
        if not relation.key:
            return None
        filters, condition = self.filter(chance, relation)
        sort_by, order, _ = self.sort(chance, relation)
        case = Case(
            "open_cursor", f"SELECT fca.open_cursor(NULL::{relation.model}, {quote(filters)}::jsonb,"
            f" {sort_by}, 'stream')", f"SELECT {columns_sql(relation)} FROM {relation.sql} AS t WHERE"
            f" {condition} ORDER BY {order} LIMIT 7",
        )
        case.fetch = "FETCH 7 FROM stream"
        return case

    def make_open_finder(self, chance):
        function = chance.one(sorted(FINDERS))
        arguments, plain, _, states = FINDERS[function].call(chance)
        if plain is None or states:
            return None
        pairs = [argument.split(" => ", 1) for argument in arguments]
        given = ", ".join(f"'{key}', {value}" for key, value in pairs)
        case = Case("open_finder", f"SELECT fca.open_finder('{function}', jsonb_build_object({given}),"
            " 'stream')", plain)
        case.fetch = "FETCH ALL FROM stream"
        return case


#
# Finders
#

# Values of a type that any of its arguments may have, beside the samples of sql/fixtures/calls.sql.
ANY = {
    "text": ["''", "'x'", "'%'", "'_'", "'a'", "'A'", "'i'", "'p'", "'q'", "'é'", "'100%'", "'card'", "'pin'",
        "E'\\\\'", "'C1@example.com'", "'rent'", "'cards'"],
    "bigint": ["1", "2", "3", "7", "(-1)", "9223372036854775807"],
    "integer": ["1", "2", "(-1)", "2147483647"],
    "numeric": ["1", "0.5", "(-1)", "'NaN'"],
    "boolean": ["true", "false"],
    "timestamptz": ["'2026-01-01Z'", "'2026-01-02Z'", "'2026-01-03 01:00Z'", "'infinity'", "'-infinity'"],
    "date": ["'2026-01-01'", "'2026-01-02'", "'infinity'"],
}

# Those that plain SQL has no equal of: only their errors are looked at.
HOSTILE_ONLY = {"create_tables"}


def qualified(sql):
    """What sql/fixtures/calls.sql has, where search_path may be hostile."""
    return re.sub(r" (=|<>|<=|>=|<|>) ", r" OPERATOR(pg_catalog.\1) ", sql)


def sorted_by(sort, backwards=False):
    """ORDER BY: a name is the relation's column there, and not the column of the result, which is a cast."""
    if sort is None:
        return ""
    keys = re.sub(r"(^|, )(\w+)((?: DESC)?)(?=, |$)", r"\1t.\2\3", qualified(sort))
    if backwards:
        keys = ", ".join(key[:-5] if key.endswith(" DESC") else f"{key} DESC" for key in keys.split(", "))
    return f" ORDER BY {keys}"


class Argument:
    """An argument of a finder, and the values that it is tried with."""

    def __init__(self, name, type_name, default, takes, samples):
        self.name = name
        self.type = type_name
        self.default = default
        self.takes = takes  # a pattern of what does not end in an error; or None
        self.element = type_name.replace("[]", "")
        # a text goes without a cast, as a column may be an enum
        cast = "" if self.element == "text" else f"::{self.element}"
        self.values = [f"{v}{cast}" for v in dict.fromkeys(samples + ANY.get(self.element, []))]

    @property
    def is_array(self):
        return self.type != self.element

    def value(self, chance):
        # seldom what would be an error
        if chance.p(0.1):
            return f"NULL::{self.element}"
        good = [v for v in self.values if self.is_taken(v)]
        return chance.one(good if self.takes and good and chance.p(0.9) else self.values)

    def is_taken(self, value):
        return (not self.takes or value.startswith("NULL")
            or re.search(self.takes, value.strip("E'")) is not None)


class Finder:
    """What the catalog and sql/fixtures/calls.sql say of one."""

    def __init__(self, row, samples):
        self.name = row["name"]
        self.resource = row["row_type"]
        self.locks = row["volatile"]
        self.condition = row["condition"]
        self.sort = row["sort"]
        self.newest = row["newest"]
        self.one_row = row["rows"] == 1 and not self.locks
        arguments = [Argument(a["name"], a["type"], a["default"], a["takes"], samples.get(a["single"], []))
            for a in row["arguments"]]
        self.keys = [a for a in arguments if a.default is None]
        self.limit = next((a for a in arguments if a.name == "max_rows" or a.name.startswith("per_")), None)
        self.place = [a for a in arguments if a.name.startswith("after_")]
        if self.one_row:
            errors.OF[self.name] = errors.ONE

    def call(self, chance):
        """Arguments, the same in plain SQL or None, how answers are compared; the SQLSTATEs of a mistake."""
        values = {}
        states = None
        for key in self.keys:
            if key.is_array:
                values[key.name] = [key.value(chance) for _ in range(chance.number(0, 4))]
            else:
                values[key.name] = key.value(chance)
                if not key.is_taken(values[key.name]):
                    states = {"22023"}
        arguments = [f"{k.name} => ARRAY[{', '.join(values[k.name])}]::{k.type}" if k.is_array
            else f"{k.name} => {values[k.name]}" for k in self.keys]
        limit = "ALL"
        if self.limit:
            default = int(self.limit.default)
            limit = chance.one([None, 100, 0, 1, 2, 3, 5, 10, 11, 20, 1000])
            if limit != default or chance.p(0.5):
                arguments.append(f"{self.limit.name} => {'NULL' if limit is None else limit}")
            limit = "ALL" if limit is None else limit
        if self.condition is None:
            return self.by_itself(chance, arguments, limit)
        behind = "true"
        if self.place and chance.p(0.5):
            picked = [chance.one(a.values) for a in self.place]
            arguments += [f"{a.name} => {v}" for a, v in zip(self.place, picked)]
            behind = self.behind(picked)
        return arguments, self.plain(values, behind,
            limit), "one" if self.sort is None and not self.is_batch else "rows", states

    @property
    def is_batch(self):
        return any(key.is_array for key in self.keys)

    def behind(self, values):
        """The rows strictly behind a place, key by key."""
        keys = [(key.split(" ")[0], "<" if key.endswith(" DESC") else ">") for key in self.sort.split(", ")]
        tests = []
        for i, (column, symbol) in enumerate(keys):
            before = [f"t.{keys[j][0]} = {values[j]}" for j in range(i)]
            tests.append("(" + " AND ".join(before + [f"t.{column} {symbol} {values[i]}"]) + ")")
        return qualified("(" + " OR ".join(tests) + ")")

    def plain(self, values, behind, limit):
        """A statement; of a finder of many keys one for each key in turn."""
        relation = f"fca.{RESOURCES[self.resource].relation}"
        columns = ", ".join(f"t.{name(c)}::{t}" for c, t in RESOURCES[self.resource].columns)
        array = next((key for key in self.keys if key.is_array), None)
        statements = []
        for one in values[array.name] if array else [None]:
            given = {**values, array.name: one} if array else values
            chosen = f"WHERE {qualified(self.condition)} AND {behind}{sorted_by(self.sort)}"
            chosen = re.sub(r"\{(\w+)\}", lambda found: given[found[1]], chosen)
            rows = f"{relation} AS t {chosen}"
            if self.sort:
                rows += f" LIMIT {limit}"
            if self.locks:
                rows += " FOR UPDATE OF t SKIP LOCKED"
            if self.newest:
                rows = f"(SELECT * FROM {rows}) AS t{sorted_by(self.sort, True)}"
            statements.append(f"SELECT {columns} FROM {rows}")
        return statements or [f"SELECT {columns} FROM {relation} AS t WHERE false"]

    def by_itself(self, chance, arguments, limit):
        """A page beside the same rows of the whole list: nothing else is known of the finder."""
        if not self.place:
            return arguments, None, "rows", None
        keys = [a for a in arguments if not a.startswith(f"{self.limit.name} => ")]
        whole = f"fca.{self.name}({', '.join([*keys, 'max_rows => NULL'])}) AS t"
        skip = chance.number(0, 5)
        plain = [f"SELECT * FROM {whole} LIMIT {limit}"]
        if skip:
            # one row by its number; where there is none, the first page
            nth = f"FROM {whole} OFFSET {skip - 1} LIMIT 1"
            arguments = arguments + [f"{a.name} => (SELECT t.{a.name[6:]} {nth})" for a in self.place]
            plain = [f"SELECT * FROM {whole} OFFSET CASE WHEN EXISTS (SELECT {nth}) THEN {skip} ELSE 0 END"
                f" LIMIT {limit}"]
        return arguments, plain, "rows", None


FINDERS = {}


def learn(rows, samples):
    """What sql/fixtures/calls.sql says, and each sample's values, as literals."""
    for row in rows:
        if row["kind"] in ("finder", "locking finder"):
            FINDERS[row["name"]] = Finder(row, samples)
