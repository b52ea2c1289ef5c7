"""Types of columns, and values of them: as JSON, and as the text of an SQL literal."""

import json


def quote(text):
    """An SQL literal, whatever the setting of standard_conforming_strings."""
    quoted = text.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in text else "'" + quoted + "'"


def name(text):
    return '"' + text.replace('"', '""') + '"'


TEXTS = [
    "", "a", "A", "b", "Ab", "%", "_", "a%", "\\", "\\\\", "'", '"', "a'b", " ", "a ", "$1", "{}", "null",
    "NULL", "é", "É", "ß", "İ", "ı", "Σ", "ς", "😀", "e\u0301", "\u0001", "\u007f", "\t", "a\nb", "\ufeff",
    "\u202e", "\uffff", "\U0010ffff",
    "active", "card", "1", "-1", "x" * 70,
]


class Type:
    """A type of columns.

    sql: as a column has it; base: what its values are compared as; has: which
    operators it has (e: equality, o: order, t: text, p: can be paged by).
    """

    def __init__(self, sql, values, has="eop", base=None):
        self.sql = sql
        self.base = base or sql
        self.has = has
        # (JSON text, text of a literal)
        self.values = [
            value if isinstance(value, tuple) else (json.dumps(value, ensure_ascii=False), plain(value))
            for value in values
        ]


def plain(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts(count=None):
    return TEXTS[:count]


MOOD = ["low", "Mid'dle", "a", "high"]

TYPES = {
    t.sql: t
    for t in (
        Type("integer", [0, 1, 2, 3, -1, 2147483647, -2147483648, ('"2"', "2")]),
        Type("smallint", [0, 1, 2, -32768, 32767]),
        Type("bigint", [0, 1, 2, -1, 9223372036854775807, -9223372036854775808, 9007199254740993]),
        Type("numeric(10,2)", [0, 1, ("1.5", "1.5"), ("-99999999.99", "-99999999.99"), ('"NaN"', "NaN"),
            ("1e2", "100")], base="numeric"),
        Type("numeric", [0, 1, ("1e-30", "1e-30"), ("1e300", "1e300"), ('"Infinity"', "Infinity"),
            ('"NaN"', "NaN")]),
        Type("real", [0, 1, ("1.5", "1.5"), ('"NaN"', "NaN"), ('"-Infinity"', "-Infinity")]),
        Type("double precision", [0, 1, ("0.1", "0.1"), ('"NaN"', "NaN"), ('"Infinity"', "Infinity"),
            ("1e308", "1e308")]),
        Type("text", texts(), "eopt"),
        Type('text COLLATE "C"', texts(), "eopt", 'text COLLATE "C"'),
        Type("varchar(5)", [t for t in texts() if len(t) <= 5], "eopt", "varchar"),
        Type("char(4)", ["", "a", "ab", "é", "😀"], "eop", "bpchar"),
        Type("name", ["", "a", "A", "é", "%"], "eopt"),
        Type('"char"', ["", "a", "A"], "e"),
        Type("boolean", [True, False, ('"t"', "true"), ('"off"', "false")]),
        Type("date", ["2024-02-29", "infinity", "-infinity", "0044-03-15 BC", "2024-03-01"]),
        Type("timestamptz", ["2024-02-29 12:00:00+00", "infinity", "2024-02-29 12:00:00.000001+00",
            "4713-01-01 00:00:00+00 BC"]),
        Type("timestamp", ["2024-02-29 12:00:00", "-infinity", "294276-12-31 23:59:59.999999"]),
        Type("timestamp(0)", ["2024-02-29 12:00:00", "2024-02-29 12:00:01"], base="timestamp"),
        Type("time", ["00:00", "24:00", "12:30:15.5"]),
        Type("timetz", ["00:00+00", "23:59:59+13"]),
        Type("interval", ["1 day", "24:00", "-1 month", "0", "178000000 years"]),
        Type("uuid", [f"{d * 8}-0000-4000-8000-00000000000{n}" for d in "0af" for n in "12"]),
        Type("jsonb", [("1", "1"), ("true", "true"), ('"a"', '"a"'), ('"%"', '"%"')], "e"),
        Type("json", [("1", "1"), ('"a"', '"a"')], ""),
        Type("bytea", ["\\x", "\\x00", "\\xdeadbeef"]),
        Type("inet", ["::1", "10.0.0.1", "10.0.0.0/8"]),
        Type("cidr", ["10.0.0.0/8", "::/0"]),
        Type("macaddr", ["08:00:2b:01:02:03", "00:00:00:00:00:00"]),
        Type("bit(3)", ["101", "000"], base='pg_catalog."bit"'),
        Type("varbit(8)", ["", "1", "10101010"], base="varbit"),
        Type("integer[]", [("[]", "{}"), ("[1,null]", "{1,NULL}"), ("[[1,2],[3,4]]", "{{1,2},{3,4}}"),
            ('"[0:1]={5,6}"', "[0:1]={5,6}")], "eo"),
        Type("text[]", [("[]", "{}"), ('["NULL",null]', '{"NULL",NULL}'), ('["a,b","{"]', '{"a,b","{"}')],
            "eo"),
        Type("int4range", ["empty", "[1,5)", "(,)"], "eop"),
        Type("int4multirange", ["{}", "{[1,2),[5,)}"], "eop"),
        Type("point", ["(0,0)", "(NaN,1e300)"], ""),
        Type("box", ["(1,1),(0,0)"], ""),
        Type("circle", ["<(0,0),1>"], ""),
        Type("xml", ["<a/>"], ""),
        Type("tsvector", ["", "'a':1"], "eop"),
        Type("tsquery", ["'a' & 'b'"], "eop"),
        Type("money", ["$1.00", "-$92,233,720,368,547,758.08"], "eop"),
        Type("oid", [0, 1, 4294967295]),
        Type("regclass", ["pg_class", "-"], "e"),
        Type("pg_lsn", ["0/0", "FFFFFFFF/FFFFFFFF"]),
        Type("xid", ["0", "5"], "e"),
        Type("tid", ["(0,1)", "(4294967295,65535)"], "eop"),
        Type("int2vector", [("[]", ""), ("[1,2]", "1 2"), ('"3"', "3")], "eo"),
        Type("oidvector", [("[]", ""), ("[1,4294967295]", "1 4294967295")], "eo"),
        Type("w.mood", MOOD),
        Type("w.label", ["a", "b", "é", "%"], "eopt", "text"),
        Type("w.positive", [1, 2, 2147483647], "eop", "integer"),
        Type("w.pair", [('{"a":1,"b":"x"}', '(1,x)'), ('{}', "(,)"), ('"(2,)"', "(2,)")], "eo"),
        Type("w.whole_pair", [('{"a":1,"b":"x"}', "(1,x)")], "eo", "w.pair"),
        Type("w.pair[]", [("[]", "{}"), ('[{"a":1,"b":"y"},null]', '{"(1,y)",NULL}')], "eo"),
        Type("w.label[]", [("[]", "{}"), ('["a","b"]', "{a,b}")], "eo"),
    )
}

KEYS = ["integer", "bigint", "uuid", "text", "varchar(5)", "w.positive", "date", 'text COLLATE "C"']

# What does not fit: each as JSON text.
BAD = {
    "integer": ['"x"', "1.5", "1e10", "true", '""', '"\\u0001"'],
    "smallint": ["40000", '"x"'],
    "bigint": ["1e30", '"9223372036854775808"'],
    "numeric": ['"x"', '"--1"'],
    "numeric(10,2)": ['"x"', '"1,5"'],
    "boolean": ['"maybe"', "2"],
    "date": ['"2024-13-01"', '"yesterdayish"', "20249999"],
    "timestamptz": ['"x"', '"2024-01-01 25:00"', '"2024-01-01 00:00 Nowhere/City"'],
    "timestamp": ['"x"', '"300000-01-01"'],
    "interval": ['"1 parsec"'],
    "uuid": ['"x"', "1"],
    "inet": ['"x"', '"1.2.3.4/99"'],
    "bytea": ['"\\\\xf"', '"\\\\xzz"'],
    "integer[]": ["[1,[2]]", '["x"]', "[[1],[2,3]]", "{}", '"{1"', "[[[[[[[1]]]]]]]"],
    "text[]": ['"{"', "[[],[1]]"],
    "int4range": ['"[5,1]"', "[]", '"x"'],
    "w.mood": ['"none"', "1", '"' + "x" * 100 + '"'],
    "w.positive": ['"x"', "1e10"],
    "w.pair": ['{"c":1}', '{"a":"x"}', '"(1"', '"(1,2,3)"'],
    "tid": ['"x"'],
    "pg_lsn": ['"x"'],
    "money": ['"x"'],
    "time": ['"25:00"'],
    "real": ["1e60", '"x"'],
    "double precision": ["1e400", '"x"'],
}


def nested(depth, inner="1", opening="[", closing="]"):
    """An SQL expression for JSON of that depth, without its length in the statement."""
    return (
        f"(repeat({quote(opening)}, {depth}) || {quote(inner)} || repeat({quote(closing)}, {depth}))::jsonb"
    )


# Arguments for a type of a parameter: SQL expressions, of it or of another type.
HOSTILE = {
    "jsonb": [
        "NULL", "NULL::jsonb", "'{}'", "'[]'", "'null'", "'1'", "'\"x\"'", "'true'", "'[1]'", "'[{}]'",
        "'[null]'", "'[[]]'", "'{\"\":1}'", "'{\"id\":null}'", "'{\"id\":{}}'", "'{\"id\":[]}'",
        "'{\"id\":[null]}'", "'{\"id\":1}'", "'{\"id\":1.5}'", "'{\"id\":\"x\"}'", "'{\"id\":1e400}'",
        "'{\"id\":true}'", "'{\"id\":{\"eq\":1}}'", "'{\"id\":{\"gt\":null}}'", "'{\"id\":{\"in\":1}}'",
        "'{\"id\":{\"eq\":{\"eq\":1}}}'", "'{\"nope\":1}'", "'{\"any_of\":[]}'", "'{\"any_of\":[{}]}'",
        "'{\"none_of\":[{\"id\":1}],\"all_of\":[]}'", "'{\"any_of\":{\"id\":1}}'",
        "'{\"id\":{\"not_in\":[]}}'", "'{\"none_of\":[]}'", "'{\"ctid\":1}'", "'{\"tableoid\":1}'",
        "'{\"xmin\":1}'", "'{\"oid\":1}'", "'{\"id\":{\"ne\":[1]}}'", "'[{\"id\":1},{\"id\":1}]'",
        "'[{\"id\":1},2]'", "'[{\"id\":901},{\"id\":902,\"nope\":1}]'", "'[{},{}]'",
        "jsonb_build_object(repeat('k', 100), 1)", "jsonb_build_object(repeat('k', 100000), 1)",
        "jsonb_build_object('id', repeat('9', 1000))", "jsonb_build_object('id', repeat('x', 100000))",
        "jsonb_build_object('id', 10::numeric ^ 1000)",
        nested(1000), nested(1000, '{"id":1}', '{"all_of":['.replace('"', '"'), "]}"),
        nested(1000, "1", '{"id":', "}"),
        nested(31, '{"id":1}', '{"all_of":[', "]}"), nested(32, '{"id":1}', '{"none_of":[', "]}"),
        nested(33, '{"id":1}', '{"any_of":[', "]}"),
        "(SELECT jsonb_build_object('id', jsonb_agg(i)) FROM generate_series(1, 5000) AS i)",
        "(SELECT jsonb_build_object('any_of', jsonb_agg(jsonb_build_object('id', i))) FROM"
        " generate_series(1, 1000) AS i)",
        "(SELECT jsonb_build_object('any_of', jsonb_agg(jsonb_build_object('id', i))) FROM"
        " generate_series(1, 1001) AS i)",
        "(SELECT jsonb_object_agg('k' || i, i) FROM generate_series(1, 2000) AS i)",
        "'{\"e\\u0301\":1}'", "'{\"id\\u0001\":1}'", "to_jsonb('NaN'::float8)", "'x'", "'{'", "1",
        "'{\"id\":1}'::text", "'{\"id\":1}'::json",
    ],
    "text": [
        "NULL", "NULL::text", "''", "' '", "'id'", "'ID desc'", "'id desc nulls last'", "'id,id'",
        "'id asc desc'", "'nope'", "',' ", "'id,'", "'\"id\"'", "'\"id'", "'\"\"'", "'id; drop table x'",
        "'id -- '", "'id nulls'", "'1'", "'id collate \"C\"'", "'lower(id)'", "E'id\\n,\\tname'", "'é'",
        "'😀'", "'%'", "E'\\\\'", "'_'", "'x''y'", "repeat('x', 63)", "repeat('x', 64)", "repeat('é', 40)",
        "repeat('id,', 1000)", "repeat('x', 100000)", "repeat('%', 1000)", "E'\\u0001'", "E'\\x7f'",
        "'active'", "'escalated'", "'closed'", "'loan'", "'customer'", "'find_by_email'",
        "'find_by_customer'", "'c'", "'\"id\" DESC NULLS FIRST'", "'ctid'", "'tableoid'", "'id using <'",
        "'id::text'", "chr(1114111)", "1", "'1'::bytea", "ARRAY['x']", "'{}'::jsonb", "'x'::varchar(1)",
        "'x'::char(3)", "'x'::name", "NULL::name", "'infinity'::date",
    ],
    "text[]": [
        "NULL", "NULL::text[]", "'{}'", "'{NULL}'", "ARRAY['id']", "ARRAY['id', 'id']", "ARRAY['id', NULL]",
        "ARRAY['nope']", "ARRAY['']", "ARRAY[['id'],['name']]", "'[5:5]={id}'::text[]",
        "ARRAY(SELECT 'c' || i FROM generate_series(1, 2000) AS i)",
        "ARRAY['c1@example.com', NULL, 'c1@example.com', '']", "ARRAY['CUST-000001']",
        "ARRAY['ACC-1', 'ACC-2']", "ARRAY['TX-1', repeat('x', 100000)]", "ARRAY['ESC-1', 'é']", "ARRAY[1]",
        "'x'", "'{'", "'{{a},{b,c}}'", "'x'::text", "array_fill('ACC-1'::text, ARRAY[2, 3])",
    ],
    "bigint": [
        "NULL", "NULL::bigint", "0", "1", "2", "5", "10", "11", "100", "1000", "1001", "-1",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "2147483648",
        "1.5", "'1'", "'x'", "''", "' 7 '", "true", "'NaN'::float8", "'Infinity'::float8", "1::smallint",
        "1::numeric", "'1'::text", "1e3", "'9e99'::numeric",
    ],
    "bigint[]": [
        "NULL", "NULL::bigint[]", "'{}'", "'{NULL}'", "ARRAY[1, 2, NULL, 1]", "ARRAY[[1, 2], [3, 4]]",
        "'[-5:-4]={1,2}'", "ARRAY(SELECT generate_series(1, 3000))", "ARRAY[1.5]",
        "ARRAY['1']", "ARRAY[9223372036854775807]", "'{1'", "ARRAY[1]::smallint[]", "'1 2'::int2vector",
    ],
    "timestamptz": [
        "NULL", "NULL::timestamptz", "pg_catalog.now()", "'infinity'", "'-infinity'", "'2026-01-01Z'",
        "'2026-02-01 00:00:00Z'", "'4714-11-24 00:00:00+00 BC'", "'294276-12-31 23:59:59.999999+00'",
        "'x'", "''", "1", "'2026-01-01'::date", "'infinity'::date", "'294276-01-01'::timestamp",
        "'2026-01-01'::timestamp",
    ],
    "boolean": ["NULL", "true", "false", "'t'", "'maybe'", "1"],
    "anycompatible": [
        "NULL", "NULL::int", "NULL::text", "1", "2", "-1", "0", "1.5", "1::bigint", "1::smallint",
        "1::numeric", "'1'", "'1'::text", "''", "'x'", "'x'::text", "'1'::name", "'x'::varchar(3)",
        "9223372036854775807", "99999999999999999999", "'NaN'::float8", "'NaN'::numeric",
        "'Infinity'::float8", "true", "'2024-02-29'::date", "pg_catalog.now()", "'infinity'::timestamptz",
        "gen_random_uuid()", "'00000000-0000-4000-8000-000000000001'::uuid", "'{}'::jsonb", "'null'::jsonb",
        "'{}'::json", "ROW(1, 2)", "ROW()", "ROW(1, 'x')::w.pair", "ARRAY[1]", "'{}'::int[]",
        "'low'::w.mood", "1::w.positive", "'a'::w.label", "'(0,0)'::point", "'<a/>'::xml", "'1'::oid",
        "'pg_class'::regclass", "'\\x00'::bytea", "'[1,2)'::int4range", "'(0,1)'::tid", "'1'::\"char\"",
        "repeat('x', 100000)", "'a'::text COLLATE \"C\"", "NULL::w.pair", "'1 2'::int2vector",
        "'10.0.0.1'::inet", "'1'::bit", "'1 day'::interval", "$$\u00e9$$",
    ],
    "anycompatiblearray": [
        "NULL", "NULL::int[]", "'{}'::int[]", "ARRAY[1, 2, 3]", "ARRAY[1, NULL, 1]", "ARRAY[NULL]",
        "ARRAY[NULL]::int[]", "ARRAY[[1, 2], [2, 1]]", "ARRAY['1', '2']", "ARRAY['x']::text[]",
        "ARRAY[1.5]", "ARRAY[1]::bigint[]", "ARRAY[1]::numeric[]", "ARRAY(SELECT generate_series(1, 3000))",
        "ARRAY[gen_random_uuid()]", "ARRAY['low']::w.mood[]", "ARRAY[1]::w.positive[]",
        "ARRAY['a']::w.label[]", "ARRAY[ROW(1, 'x')::w.pair]", "ARRAY[ROW(1)]", "ARRAY['{}']::jsonb[]",
        "ARRAY['(0,0)']::point[]", "'1 2'::int2vector", "'1 2'::oidvector", "ARRAY[true]",
        "'x'", "1", "ARRAY[pg_catalog.now()]", "ARRAY['a']::varchar[]", "ARRAY['a']::char(2)[]",
        "ARRAY['a']::name[]", "'[3:4]={1,2}'::int[]", "ARRAY['[1,2)']::int4range[]", "ARRAY[ARRAY[ARRAY[1]]]",
    ],
    "anyelement": [
        "NULL", "NULL::integer", "NULL::text", "NULL::record", "ROW(1, 2)", "ROW()", "NULL::w.pair",
        "NULL::w.whole_pair", "NULL::w.mood", "NULL::jsonb", "NULL::integer[]", "NULL::w.pair[]",
        "NULL::anyarray", "NULL::void", "NULL::w.label", "NULL::unknown", "NULL::pg_catalog.pg_class",
        "NULL::pg_catalog.pg_type", "NULL::pg_catalog.pg_attribute", "NULL::pg_catalog.pg_statistic",
        "NULL::pg_catalog.pg_tables", "NULL::information_schema.columns", "NULL::pg_catalog.pg_settings",
        "NULL::pg_catalog.pg_largeobject", "NULL::w.no_such", "NULL::int4range", "1", "'x'::text",
        "NULL::fca.customer[]", "NULL::fca.customer", "NULL::fca.message", "NULL::pg_catalog.pg_index",
        "NULL::pg_catalog.pg_trigger",
    ],
}
for alias, of in (("refcursor", "text"), ("integer", "bigint")):
    HOSTILE[alias] = HOSTILE[of]

# Rare, since each of them costs a second or so.
GIANT = {
    "jsonb": [
        "jsonb_build_object('id', repeat('x', 50000000))",
        "(SELECT jsonb_agg(jsonb_build_object('id', i + 1000)) FROM generate_series(1, 20000) AS i)",
        "(SELECT jsonb_build_object('id', jsonb_agg(i)) FROM generate_series(1, 100000) AS i)",
        "(SELECT jsonb_build_object('id', jsonb_build_object('not_in', jsonb_agg(i))) FROM"
        " generate_series(1, 100000) AS i)",
        nested(5000),
    ],
    "text": ["repeat('id,', 100000)", "repeat('x', 5000000)", "repeat('\"id\", ', 5000)"],
    "text[]": ["ARRAY(SELECT 'c' || i || '@example.com' FROM generate_series(1, 100000) AS i)"],
    "bigint[]": ["ARRAY(SELECT generate_series(1, 100000))"],
    "anycompatiblearray": ["ARRAY(SELECT generate_series(1, 100000))",
        "ARRAY(SELECT i::text FROM generate_series(1, 100000) AS i)"],
    "anycompatible": ["repeat('x', 50000000)", "10::numeric ^ 5000"],
}
