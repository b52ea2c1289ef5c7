"""Counts the instructions of calls, on the throwaway server that tools/bench.sh has started.

How long a call takes depends on what else the machine does; how many instructions its backend needs does
not.  callgrind counts them.  Each camp has one backend in each mode, on its own copy of the database: all
begin with the same tables, and make the same calls with the same values.
"""

import argparse
import os
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from statistics import mean

import libpq
from cases import CASES, COLD, LATERAL, OURS, PLPGSQL, RAW, REPRESENTATIVE, SQL, Arg
from database import Database
from measure import Progress, Record
from report import FINDERS
from report_instructions import (COLD_MODE, FUNCTION, JOIN, MODES, environment, how_often, write_report)

CAMPS = (PLPGSQL, OURS, SQL, RAW)
ROWS = 10_000
# A prepared statement has its lasting plan after five calls; these are not counted.
WARM_UP = 12
# What differs between a full run and a quick one: the calls of a round, and the cases (None: all).
FULL = {"calls": 15, "cases": None}
QUICK = {"calls": 10, "cases": [*REPRESENTATIVE, "find_by_emails", "find_by_conversation", "exists",
                                "get_many (10)", "update"]}


def parse():
    parser = argparse.ArgumentParser()
    for name in "bindir", "socket", "output", "restart", "counts":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cases", nargs="+")
    given = parser.parse_args()
    return argparse.Namespace(**{**(QUICK if given.quick else FULL),
                                 **{name: value for name, value in vars(given).items() if value is not None}})


class Counter:
    """A session whose backend runs below callgrind, which writes down and forgets what it has counted
    whenever pg_trigger_depth() begins."""

    def __init__(self, library, database, folder):
        self.session = libpq.Session(library, database)
        self.file = os.path.join(folder, str(self.session.pid))
        self.marks = 0
        # The first ones load what a mark needs.
        for _ in range(3):
            self.mark()
        self.empty = self.mark()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()

    def mark(self):
        """The instructions since the mark before."""
        self.session.simple("SELECT pg_catalog.pg_trigger_depth()")
        self.marks += 1
        path = f"{self.file}.{self.marks}"
        with open(path) as file:
            total = re.search(r"^totals: (\d+)", file.read(), re.M)
        os.remove(path)
        return int(total[1])

    def count(self, work):
        """The instructions of some work."""
        # What a backend reports once a second is not to be counted with it.
        self.session.simple("SELECT pg_catalog.pg_stat_force_next_flush()")
        self.mark()
        work()
        return self.mark() - self.empty


NAME = re.compile(r"\{(\w+)\}")


class Call:
    """A case in the words of a camp, in one session."""

    def __init__(self, session, case, camp, facts):
        self.session = session
        self.parts = case.sql[camp].replace(":doomed", "{doomed}").split(";\n")
        # What a script of pgbench counts is an argument, too.
        self.args = {**case.args, "doomed": Arg("bigint")}
        self.names = [list(dict.fromkeys(NAME.findall(part))) for part in self.parts]
        self.facts = facts
        self.doomed = 0

    def varies(self, name):
        return bool(self.args[name].number) or name == "doomed"

    def values(self, calls):
        """The arguments of some calls, as texts: always the same, but for rows to delete, which are new."""
        drawn, taken = random.Random(42), []
        for _ in range(calls):
            self.doomed += 1
            values, numbers = {}, {}
            for name, arg in self.args.items():
                if arg.number:
                    low, high, divisor = re.fullmatch(r"random\((\d+), :?(\w+)(?: / (\d+))?\)",
                                                      arg.number).groups()
                    # What is drawn alike is the same thing in the words of different camps.
                    if arg.number not in numbers:
                        numbers[arg.number] = drawn.randint(int(low), int(self.facts.get(high, high))
                                                            // int(divisor or 1))
                    values[name] = str(arg.value(numbers[arg.number]))
                else:
                    values[name] = arg.fixed or self.facts.get(name, str(self.doomed))
            taken.append(values)
        return taken

    def run(self, mode, values):
        """One call; gives how many rows it had."""
        return sum(self.send(mode, part, names, values) for part, names in zip(self.parts, self.names))

    def send(self, mode, sql, names, values):
        if mode == "simple":
            return self.session.simple(NAME.sub(lambda found: self.literal(found[1], values), sql))[0]
        send = self.session.prepared if mode == "prepared" else self.session.extended
        return send(NAME.sub(lambda found: f"${names.index(found[1]) + 1}", sql),
                    [values[name] for name in names])[0]

    def literal(self, name, values):
        value = values[name]
        return value if self.args[name].type == "bigint" else "'" + value.replace("'", "''") + "'"

    def explain(self):
        """The kept plan of the prepared statement."""
        sql, names = self.parts[0], self.names[0]
        [values] = self.values(1)
        name = self.session.names[NAME.sub(lambda found: f"${names.index(found[1]) + 1}", sql)]
        given = ", ".join(self.literal(name, values) for name in names)
        return "\n".join(self.session.simple(
            f"EXPLAIN (VERBOSE, COSTS OFF) EXECUTE {name}{f'({given})' if given else ''}")[2])

    def make_loop(self, function):
        """Makes a PL/pgSQL function with a loop of calls, as one writes them: into a variable where there is
        one row, else a loop over the rows."""
        sql, names = self.parts[0], self.names[0]
        [values] = self.values(1)
        rows, columns, _ = self.session.simple(NAME.sub(lambda found: self.literal(found[1], values), sql))
        call = NAME.sub(lambda found: f"a_{found[1]}", sql)
        call = call if columns == 0 else f"{call} INTO r" if rows <= 1 else f"FOR r IN {call} LOOP END LOOP"
        types = {name: self.args[name].type for name in names}
        given = [f"v_{name} {type}{'[]' if self.varies(name) else ''}" for name, type in types.items()]
        local = [f"a_{name} {type}{'' if self.varies(name) else f' := v_{name}'};"
                 for name, type in types.items()]
        taken = [f"a_{name} := v_{name}[i];" for name in names if self.varies(name)]
        self.session.simple(f"CREATE FUNCTION {function}({', '.join(['calls int', *given])}) RETURNS void"
                            f" LANGUAGE plpgsql AS $body$ DECLARE r record; {' '.join(local)} BEGIN"
                            f" FOR i IN 1..calls LOOP {' '.join(taken)} {call}; END LOOP; END $body$")

    def run_loop(self, function, calls, values):
        """Runs the loop; the values may be those of more calls."""
        given = [array([each[name] for each in values]) if self.varies(name) else values[0][name]
                 for name in self.names[0]]
        places = ", ".join(f"${place}" for place in range(1, len(given) + 2))
        self.session.prepared(f"SELECT {function}({places})", [str(calls), *given])


def writes(case):
    return not case.sql[RAW].startswith(("SELECT", "BEGIN"))


VACUUM = "VACUUM fca.customers, fca.accounts, fca.messages"


def array(values):
    return "{" + ",".join('"' + re.sub(r'(["\\])', r"\\\1", value) + '"' for value in values) + "}"


class Runs:
    def __init__(self, library, facts, cases, options, progress):
        self.library = library
        self.facts = facts
        self.cases = cases
        self.options = options
        self.progress = progress
        self.found = {}       # (mode, case's name) -> {camp: instructions of a call}
        self.rows = {}        # case's name -> {camp: rows of a call}
        self.inlined = set()  # the cases of ours whose kept plan calls no function

    def cases_of(self, mode, camp):
        names = {case.name for case in self.cases}
        joined = [case for case in LATERAL
                  if RAW in case.sql and not names.isdisjoint((case.name, case.name.split(" ")[0]))]
        return [case for case in (joined if mode == JOIN else self.cases) if camp in case.sql]

    def keep(self, mode, case, camp, instructions):
        self.found.setdefault((mode, case.name), {})[camp] = instructions

    def calls(self, database, mode, camp):
        """Every case of a camp, in one session."""
        with Counter(self.library, database, self.options.counts) as counter:
            for case in self.cases_of(mode, camp):
                rounds, calls = how_often(case, self.options.calls)
                call = Call(counter.session, case, camp, self.facts)
                if writes(case):
                    # What earlier cases have left is not to be met.
                    counter.session.simple(VACUUM)
                if case.set_up:
                    counter.session.simple(case.set_up.replace("{calls}", str(20 * (WARM_UP + calls))))
                if mode != FUNCTION:
                    self.keep(mode, case, camp, self.in_turn(counter, case, camp, mode, call, rounds, calls))
                elif len(call.parts) == 1:
                    self.keep(mode, case, camp, self.in_function(counter, case, call, rounds, calls))
                if case.clean_up:
                    counter.session.simple(case.clean_up)
        self.progress(f"{mode}: {camp}")

    def in_turn(self, counter, case, camp, mode, call, rounds, calls):
        """Instructions of a call in each round."""
        for values in call.values(max(WARM_UP, calls)):
            call.run(mode, values)
        counted, rows = [], []
        for _ in range(rounds):
            values = call.values(calls)
            counted.append(counter.count(lambda: rows.extend([call.run(mode, each) for each in values])))
        if mode == "prepared":
            self.rows.setdefault(case.name, {})[camp] = mean(rows)
            if camp == OURS and not re.search(r'\bfca\."?\w+"?\(', call.explain()):
                self.inlined.add(case.name)
        return [count / calls for count in counted]

    def in_function(self, counter, case, call, rounds, calls):
        """What a loop needs more that makes twice the calls, in each round."""
        function = f"pg_temp.loop_{counter.marks}"
        call.make_loop(function)

        def count(loops):
            values = call.values(2 * calls)
            if writes(case):
                counter.session.simple(VACUUM)
            return counter.count(lambda: call.run_loop(function, loops * calls, values))
        call.run_loop(function, WARM_UP + calls, call.values(WARM_UP + calls))
        return [(count(2) - count(1)) / calls for _ in range(rounds)]

    def joins(self, database, camp):
        """The LATERAL joins of a camp, after a short one that loads what they need."""
        with Counter(self.library, database, self.options.counts) as counter:
            for case in self.cases_of(JOIN, camp):
                parts = case.sql[camp].split(";\n")
                for part in parts:
                    counter.session.simple(part.replace(
                        "bench.calls", "(SELECT * FROM bench.calls ORDER BY n LIMIT 20)"))
                counted = counter.count(lambda: [counter.session.simple(part) for part in parts])
                self.keep(JOIN, case, camp, [counted / case.calls])
        self.progress(f"{JOIN}: {camp}")

    def first_calls(self):
        """What is also measured as the first call of a session."""
        return [case for case in self.cases if case.kind in FINDERS or case.name in COLD]

    def warm(self, database):
        """The pages, and the files that the first session of a database writes."""
        with Counter(self.library, database, self.options.counts) as counter:
            for case in self.first_calls():
                for camp in case.sql:
                    call = Call(counter.session, case, camp, self.facts)
                    call.run("prepared", call.values(1)[0])

    def first_call(self, database, case, camp):
        with Counter(self.library, database, self.options.counts) as counter:
            call = Call(counter.session, case, camp, self.facts)
            [values] = call.values(1)
            self.keep(COLD_MODE, case, camp, [counter.count(lambda: call.run("prepared", values))])

    def records(self):
        """What has raw SQL to be compared with."""
        kinds = {case.name: case.kind for case in self.cases}
        rows = {**{(JOIN, case.name): case.calls for case in LATERAL},
                **{(mode, name): self.rows[name][RAW] for mode, name in self.found if mode != JOIN}}
        return [Record("instructions", name, kinds.get(name) or kinds[name.split(" ")[0]], mode, 1,
                       rows[mode, name], "instructions", figures)
                for (mode, name), figures in self.found.items() if RAW in figures]

    def check(self):
        """Those that are compared must have done the same."""
        for case in self.cases:
            if case.kind in FINDERS and len({round(rows, 9) for rows in self.rows[case.name].values()}) > 1:
                raise RuntimeError(f"{case.name} gives different numbers of rows: {self.rows[case.name]}")


def main():
    options = parse()
    progress = Progress()
    os.environ.update(PGHOST=options.socket, PGUSER="postgres")
    progress(f"loading {ROWS:,} rows")
    database = Database(options.bindir, ROWS)
    database.make()
    cases = [case for case in CASES if RAW in case.sql and case.name in (options.cases or [case.name])]
    if unknown := set(options.cases or []) - {case.name for case in cases}:
        sys.exit(f"no such case: {', '.join(unknown)}")
    described = environment(database, options, ROWS)
    runs = Runs(libpq.load(options.bindir), database.facts, cases, options, progress)
    jobs = [(mode, camp) for mode in (JOIN, *MODES, FUNCTION) for camp in CAMPS if runs.cases_of(mode, camp)]
    copies = {job: f"copy_{number}" for number, job in enumerate([*jobs, COLD_MODE])}
    for name in copies.values():
        database.psql(f"CREATE DATABASE {name} TEMPLATE {database.name}")
    progress("starting the server again, below callgrind")
    subprocess.run([options.restart], check=True)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        done = [threads.submit(runs.joins, copies[job], job[1]) if job[0] == JOIN
                else threads.submit(runs.calls, copies[job], *job) for job in jobs]
        done.append(threads.submit(runs.warm, copies[COLD_MODE]))
        for each in done:
            each.result()
        progress(f"first calls of {len(runs.first_calls())} cases")
        for each in [threads.submit(runs.first_call, copies[COLD_MODE], case, camp)
                     for case in runs.first_calls() for camp in case.sql]:
            each.result()
    runs.check()
    os.makedirs(options.output, exist_ok=True)
    path = os.path.join(options.output, "instructions.md")
    write_report(path, runs.records(), runs.inlined, described)
    progress(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
