#!/usr/bin/python3
"""Calls of every function with hostile arguments, amid DDL and changes of role and settings.

    fuzz.py --host SOCKET_FOLDER --port PORT [--seed N] [--calls N] [--jobs N] [--giants] [--output FOLDER]

The server must be a throwaway one that has fca_repo installed: databases and roles are made in it.
A seed gives the same calls again, whatever the number of jobs.  A call that fails is shrunk, and
written as SQL that can be pasted into a regression test.
"""

import argparse
import collections
import functools
import json
import multiprocessing
import operator
import os
import re
import sys
import time
import zlib

import calls
import world
from calls import Chance, Maker
from values import TYPES
from wire import Connection, Lost
from world import BASE, ROLE, World

CALLS_OF_EPOCH = 2500
BATCH = 60
MAX_SHOWN = 12

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "sql", "fixtures")


def fixture(connection, name):
    """The rows of a query of sql/fixtures."""
    with open(os.path.join(FIXTURES, f"{name}.sql"), encoding="utf-8") as file:
        answer = connection.run([f"SELECT json_agg(q) FROM ({file.read()}) AS q"])[0]
    if answer.state != "00000":
        raise RuntimeError(f"{name}: {answer.state} {answer.message}")
    return json.loads(answer.rows[0][4:].decode())


def literals(connection, value):
    """The values of a sample, of which there are few."""
    each = ", ".join(f"quote_literal(({sql})::text)"
        for sql in (re.sub(r"\bi\b", str(i), value) for i in range(1, 7)))
    row = connection.run([f"SELECT json_build_array({each})"])[0].rows[0]
    return list(dict.fromkeys(json.loads(row[4:].decode())))


class Catalog:
    """What the server says of the extension; the seed's calls follow from it."""

    def __init__(self, connection):
        self.rows = fixture(connection, "calls")
        self.resources = fixture(connection, "resources")
        self.samples = {
            a["single"]: literals(connection, a["single"])
            for row in self.rows if "finder" in row["kind"] for a in row["arguments"] if a["single"]
        }
        self.functions = collections.defaultdict(list)
        for row in self.rows:
            arguments = [(a["name"] or "", a["type"], a["default"] is not None) for a in row["arguments"]]
            self.functions[row["name"]].append({"arguments": arguments, "set": row["set"],
                "volatile": row["volatile"]})

    def teach(self):
        world.learn(self.resources)
        calls.learn(self.rows, self.samples)


def must(connection, statements):
    for statement, answer in zip(statements, connection.run(statements)):
        if answer.state != "00000":
            raise RuntimeError(f"{answer.state} {answer.message}: {statement[:3000]}")


def states_of(case, answers):
    """By which a failure is known again."""
    return {what: answers[at].state for what, at in case.at.items() if at < len(answers)} if case else {}


class Server:
    def __init__(self, host, port):
        self.host = host
        self.port = port

    def connect(self, dbname="postgres"):
        return Connection(self.host, self.port, dbname)

    def prepare(self):
        """The database that all others are copies of; is there a foreign-data wrapper?"""
        connection = self.connect()
        must(connection, ["DROP DATABASE IF EXISTS fuzz_base WITH (FORCE)",
            "CREATE DATABASE fuzz_base TEMPLATE template0 ENCODING 'UTF8'"
            " LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"])
        connection.run([f"CREATE ROLE {ROLE}"])
        for setting in ("statement_timeout = '60s'", "lock_timeout = '20s'", "jit = off",
            "max_parallel_workers_per_gather = 0", "client_min_messages = warning",
            "idle_in_transaction_session_timeout = 0"):
            must(connection, [f"ALTER ROLE postgres SET {setting}"])
        connection.close()
        connection = self.connect("fuzz_base")
        has_foreign = connection.run(["CREATE EXTENSION postgres_fdw"])[0].state == "00000"
        must(connection, [BASE])
        if connection.run(["SELECT '<a/>'::xml"])[0].state != "00000":
            # built without it
            del TYPES["xml"]
        if has_foreign:
            must(connection, ["CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host"
                f" '{self.host}', port '{self.port}', dbname 'none')",
                "CREATE USER MAPPING FOR PUBLIC SERVER loop"
                " OPTIONS (user 'postgres', password_required 'false')",
                f"GRANT USAGE ON FOREIGN SERVER loop TO {ROLE}"])
        catalog = Catalog(connection)
        connection.close()
        return catalog, has_foreign

    def fresh(self, dbname):
        """A new copy of the base, and a connection to it."""
        connection = self.connect()
        for _ in range(20):
            answers = connection.run([f"DROP DATABASE IF EXISTS {dbname} WITH (FORCE)",
                f"CREATE DATABASE {dbname} TEMPLATE fuzz_base"])
            if answers[1].state == "00000":
                break
            time.sleep(0.5)
        else:
            raise RuntimeError(answers[1].message)
        connection.close()
        connection = self.connect(dbname)
        connection.run([f"ALTER SERVER loop OPTIONS (SET dbname '{dbname}')"])
        return connection


class Epoch:
    """A world and the calls in it, all of them told by the seed and a number."""

    def __init__(self, seed, number, catalog, has_foreign, giants):
        self.chance = Chance(f"{seed}/{number}")
        self.world = World(self.chance, has_foreign)
        self.maker = Maker(self.world, catalog.functions, giants)
        self.setup = list(self.world.setup)

    def step(self):
        """What happens next: (statements, None) or (statements, case)."""
        chance = self.chance
        chance.drawn = []
        draw = chance.draw(100)
        if draw >= 97:
            return self.world.as_owner(self.world.ddl(chance)), None
        if draw >= 90:
            return self.world.session(chance), None
        return self.call(chance)

    def call(self, chance):
        case = self.maker.case(chance)
        case.arrange(chance, self.world.in_transaction, keep=chance.p(0.3))
        return case.statements, case


class Worker:
    def __init__(self, server, options, catalog, has_foreign, number):
        self.server = server
        self.options = options
        self.catalog = catalog
        self.has_foreign = has_foreign
        self.dbname = f"fuzz_{number}"
        self.made = 0
        self.statements = 0
        self.compared = 0
        self.digest = 0  # of all that was sent, in whatever order of epochs
        self.by_function = collections.Counter()
        self.states = collections.Counter()
        self.failures = []

    def epoch(self, number):
        epoch = Epoch(self.options.seed, number, self.catalog, self.has_foreign, self.options.giants)
        connection = self.server.fresh(self.dbname)
        try:
            must(connection, epoch.setup)
        except RuntimeError as error:
            self.failures.append({"epoch": number, "call": 0, "kind": "setup", "text": str(error),
                "function": "setup", "state": ""})
            connection.close()
            return
        made = 0
        sum_of = 0
        while made < CALLS_OF_EPOCH:
            batch = []
            statements = []
            while len(statements) < BATCH:
                sent, case = epoch.step()
                batch.append((len(statements), sent, case, made + 1 if case else made))
                made += case is not None
                statements += sent
            sum_of = zlib.crc32("\0".join(statements).encode("utf-8", "surrogateescape"), sum_of)
            answers = connection.run(statements)
            self.statements += len(statements)
            for at, sent, case, nth in batch:
                got = answers[at : at + len(sent)]
                problem = case.problem(got) if case else self.trouble(sent, got)
                if case:
                    self.count(case, got)
                if problem:
                    call = got[case.at["call"]] if case and len(got) > case.at["call"] else None
                    self.failures.append({
                        "epoch": number, "call": nth, "kind": problem[0], "text": problem[1],
                        "function": case.function if case else "ddl",
                        "state": call.state if call else "", "states": states_of(case, got),
                        "sql": case.statements if case else sent,
                    })
                if problem and (problem[0] == "lost" or not case):
                    # the rest of the epoch stands on what failed
                    connection.close()
                    self.wait()
                    return
        self.digest ^= sum_of
        connection.close()

    def trouble(self, sent, got):
        for statement, answer in zip(sent, got):
            if answer.state != "00000":
                return ("ddl", f"{answer.state} {answer.message}: {statement}")
        return None

    def count(self, case, got):
        self.made += 1
        self.by_function[case.function] += 1
        if case.plain:
            self.compared += 1
        if len(got) > case.at["call"]:
            self.states[got[case.at["call"]].state] += 1

    def wait(self):
        """Until a server that was brought down is up again."""
        for _ in range(100):
            try:
                self.server.connect().close()
                return
            except (OSError, RuntimeError, Lost):
                time.sleep(0.3)


#
# Shrinking
#


class Shrinker:
    def __init__(self, worker, failure):
        self.worker = worker
        self.failure = failure
        self.tries = 0
        self.until = time.time() + worker.options.shrink_seconds
        epoch = Epoch(worker.options.seed, failure["epoch"], worker.catalog, worker.has_foreign,
            worker.options.giants)
        self.before = list(epoch.setup)
        made = 0
        while True:
            at = epoch.chance.getstate()
            sent, case = epoch.step()
            made += case is not None
            if made == failure["call"] and case:
                break
            # a call that changes nothing, or whose change is taken back, may still make a plan
            self.before += sent
        self.epoch = epoch
        self.case = case
        self.drawn = list(epoch.chance.drawn)

    def fails(self, before, case):
        """Does it fail in the same way, after no more than these statements?"""
        if time.time() > self.until:
            return False
        self.tries += 1
        try:
            connection = self.worker.server.fresh(self.worker.dbname)
        except (OSError, RuntimeError, Lost):
            self.worker.wait()
            return False
        try:
            if before:
                connection.run(before)
            answers = connection.run(case.statements)
            problem = case.problem(answers)
            if problem and problem[0] == "lost":
                self.worker.wait()
            if not problem or problem[0] != self.failure["kind"]:
                return False
            return states_of(case, answers) == self.failure["states"]
        finally:
            connection.close()

    def shrink(self):
        if not self.fails(self.before, self.case):
            return None
        self.shrink_to_related()
        self.shrink_before()
        self.shrink_case()
        self.shrink_before()
        return self

    def shrink_to_related(self):
        """Drops what names no relation of the call, if that is enough."""
        words = set(re.findall(r'(?:w|fca|pg_temp)\.(?:"(?:[^"]|"")+"|\w+)', "\n".join(self.case.statements)))
        if self.fails([], self.case):
            self.before = []
            return
        related = [s for s in self.before if any(word in s for word in words)]
        session = [s for s in self.before if any(word in s for word in words)
            or re.match("(RE)?SET |DISCARD|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|GRANT", s)]
        for fewer in (related, session):
            if len(fewer) < len(self.before) and self.fails(fewer, self.case):
                self.before = fewer
                return

    def shrink_before(self):
        """Drops statements, in ever smaller pieces."""
        size = max(len(self.before) // 2, 1)
        while size >= 1 and time.time() < self.until:
            at = 0
            while at < len(self.before):
                fewer = self.before[:at] + self.before[at + size :]
                if self.fails(fewer, self.case):
                    self.before = fewer
                else:
                    at += size
            size //= 2

    def remade(self, drawn):
        """The case that these draws give, in the same world."""
        chance = self.epoch.chance
        chance.forced = drawn
        chance.drawn = []
        chance.draw(100)
        try:
            return self.epoch.call(chance)[1]
        except Exception:
            return None

    def shrink_case(self):
        """Draws the simplest wherever it still fails."""
        drawn = self.drawn
        size = max(len(drawn) // 2, 1)
        while size >= 1 and time.time() < self.until:
            at = 1
            while at < len(drawn):
                if any(drawn[at : at + size]):
                    simpler = drawn[:at] + [0] * len(drawn[at : at + size]) + drawn[at + size :]
                    case = self.remade(simpler)
                    if (case and case.statements != self.case.statements
                        and len("".join(case.statements)) <= len("".join(self.case.statements))
                        and self.fails(self.before, case)):
                        drawn = simpler
                        self.case = case
                at += size
            size //= 2

    def sql(self):
        lines = [f"-- {self.failure['kind']}: " + self.failure["text"].replace("\n", "\n-- ")]
        for statement in [*self.before, *self.case.statements]:
            lines.append(statement.rstrip(";") + ";")
        return "\n".join(lines) + "\n"


def work(arguments):
    server, options, catalog, has_foreign, number, epochs = arguments
    catalog.teach()
    worker = Worker(server, options, catalog, has_foreign, number)
    for epoch in epochs:
        worker.epoch(epoch)
        if options.stop and time.time() > options.stop:
            break
    return worker


def signature(failure):
    return (failure["kind"], failure["function"], failure["state"], failure["text"][:25]
        if failure["kind"] in ("ddl", "setup", "internal") else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--calls", type=int, default=20000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="the first epoch, of %d calls" % CALLS_OF_EPOCH)
    parser.add_argument("--giants", action="store_true", help="also arguments of many megabytes")
    parser.add_argument("--shrink-seconds", type=int, default=60)
    parser.add_argument("--seconds", type=int, default=0, help="begin no further epoch after this time")
    parser.add_argument("--output", default=None, help="folder for the shrunk failures")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4), "big")
    started = time.time()
    options.stop = started + options.seconds if options.seconds else 0
    print(f"seed {options.seed}", flush=True)

    server = Server(options.host, options.port)
    catalog, has_foreign = server.prepare()
    catalog.teach()
    unknown = sorted(f for f in catalog.functions if f not in calls.FINDERS
        and not hasattr(Maker, f"make_{f}") and f not in calls.HOSTILE_ONLY)
    epochs = -(-options.calls // CALLS_OF_EPOCH)
    numbers = list(range(options.first, options.first + epochs))
    tasks = [(server, options, catalog, has_foreign, i, numbers[i :: options.jobs])
        for i in range(options.jobs)]
    if options.jobs == 1:
        workers = [work(tasks[0])]
    else:
        with multiprocessing.Pool(options.jobs) as pool:
            workers = pool.map(work, tasks, chunksize=1)

    seconds = time.time() - started
    made = sum(w.made for w in workers)
    states = sum((w.states for w in workers), collections.Counter())
    by_function = sum((w.by_function for w in workers), collections.Counter())
    failures = [f for w in workers for f in w.failures]
    print(f"{made} calls of {len(by_function)} functions ({sum(w.compared for w in workers)} compared with"
        f" plain SQL, {sum(w.statements for w in workers)} statements) in {seconds:.0f} s; digest"
        f" {functools.reduce(operator.xor, (w.digest for w in workers)):08x}")
    print("SQLSTATEs: " + ", ".join(f"{s} {n}" for s, n in states.most_common()))
    never = sorted(set(catalog.functions) - set(by_function))
    if never:
        print(f"never called: {', '.join(never)}")
    if unknown:
        print(f"without a generator of their own: {', '.join(unknown)}")

    shown = {}
    for failure in failures:
        shown.setdefault(signature(failure), []).append(failure)
    kinds = sorted(shown.items(), key=lambda item: -len(item[1]))
    for kind, same in kinds:
        print(f"{len(same)} x {kind}", flush=True)
    for i, (kind, same) in enumerate(kinds):
        failure = same[0]
        print(f"\n{len(same)} x {kind}: epoch {failure['epoch']}, call"
            f" {failure['call']}\n{failure['text'][:1500]}", flush=True)
        for statement in failure.get("sql", []):
            print(f"    {statement[:1500]}")
        if i < MAX_SHOWN and failure["kind"] not in ("ddl", "setup") and options.shrink_seconds:
            shrunk = Shrinker(workers[0], failure).shrink()
            if shrunk is None:
                print("    (it does not fail again)")
                continue
            text = shrunk.sql()
            print(f"shrunk in {shrunk.tries} tries:\n{text[:4000]}", flush=True)
            if options.output:
                path = os.path.join(options.output, f"failure_{i}.sql")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
    print(f"\n{len(failures)} failures")
    if failures:
        print(f"repeat: --seed {options.seed} --calls {options.calls}"
            + (" --giants" if options.giants else ""))
    return 1 if failures or never or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
