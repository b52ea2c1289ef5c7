"""Runs the benchmark on the throwaway server that tools/bench.sh has started."""

import argparse
import asyncio
import os
import platform
import sys
import time

import asyncpg
import matplotlib
import sqlalchemy
import uvloop

from charts import draw
from database import Database
from measure import VERY_SLOW, VERY_SLOW_ROUNDS, Progress
from pgbench import BLOCKS, WARM_UP
from report import machine, settings, versions, write_report
from run_memory import measure_memory
from run_pgbench import PgbenchRuns
from run_python import PythonRuns

SETTINGS = ("shared_buffers", "work_mem", "maintenance_work_mem", "max_connections", "jit", "autovacuum",
            "fsync", "full_page_writes", "synchronous_commit", "max_wal_size", "checkpoint_timeout",
            "max_parallel_workers_per_gather", "random_page_cost", "plan_cache_mode")

# What differs between a full run and a quick one.
# clients: how many -> pgbench's modes -> rounds.
FULL = {"sizes": [10_000, 100_000, 1_000_000], "rounds": 7, "seconds": 0.1,
        "other_modes": ["extended", "simple"], "other_rounds": 3,
        "clients": {8: {"prepared": 3}, 64: {"prepared": 5, "extended": 2, "simple": 2}},
        "many_cases": 6, "many_seconds": 0.4, "many_calls": 150,
        "connections": 15, "python_calls": 300, "memory_calls": 1_000_000}
QUICK = {"sizes": [10_000, 100_000], "rounds": 3, "seconds": 0.03, "other_modes": ["simple"],
         "other_rounds": 1,
         "clients": {64: {"prepared": 3}}, "many_cases": 2, "many_seconds": 0.1, "many_calls": 60,
         "connections": 3, "python_calls": 30, "memory_calls": 50_000}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bindir", required=True)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")])
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    options = argparse.Namespace(**{**(QUICK if given.quick else FULL),
                                    **{name: value for name, value in vars(given).items()
                                       if value is not None}})
    # Fewer rounds were asked for: of everything.
    options.other_rounds = min(options.other_rounds, options.rounds)
    options.clients = {clients: {mode: min(rounds, options.rounds) for mode, rounds in modes.items()}
                       for clients, modes in options.clients.items()}
    if given.large and not given.sizes:
        options.sizes = options.sizes + [10_000_000]
    options.sizes = sorted(options.sizes)
    return options


def environment(options, database, load):
    """What was measured on, with what, and how."""
    sizes = ", ".join(f"{size:,}" for size in options.sizes)
    return f"""By `tools/bench.sh{' --quick' if options.quick else ''}` on {time.strftime('%Y-%m-%d')}.

- Machine: {machine()};
  load average {load:.1f} when it began. Server and clients share the cores.
- Versions: {versions(database)}; Python {platform.python_version()},
  SQLAlchemy {sqlalchemy.__version__}, asyncpg {asyncpg.__version__}, uvloop {uvloop.__version__},
  matplotlib {matplotlib.__version__}.
- Settings: {settings(database, SETTINGS)}.
- Data: databases with {sizes} rows in the largest tables (`bench/load.sql`); where no size is named, the
  largest.
- How: the alternatives run in turn, {options.rounds} rounds ({' and '.join(options.other_modes)} mode
  {options.other_rounds}). A figure of a round comes from one connection, whose first {WARM_UP} calls (of few:
  a quarter) are left out: the others are taken in {BLOCKS} blocks by the clock, and it is the mean of the
  middle half of these. Calls of {VERY_SLOW / 1000:.0f} ms and more: one in each of {VERY_SLOW_ROUNDS}
  connections. Shown are the median of the rounds, in microseconds unless a unit is named, and the median of
  the rounds' ratios, **fca_repo / other** (below 1, fca_repo is faster). ± is the distance of the ratio's
  quartiles in parts of its median: a smaller difference is told as noise.
- Raw SQL is a prepared statement in prepared mode, and ad hoc in simple and extended mode, where the server
  parses and plans each call.
"""


def main():
    options = parse()
    progress = Progress()
    load = os.getloadavg()[0]
    # What one deploys with asyncpg; every alternative of Python's runs on it.
    uvloop.install()
    os.environ.update(PGHOST=options.socket, PGUSER="postgres")
    databases = []
    for size in options.sizes:
        progress(f"loading {size:,} rows")
        database = Database(options.bindir, size)
        database.make()
        databases.append(database)
    largest = databases[-1]

    described = environment(options, largest, load)
    os.makedirs(options.output, exist_ok=True)
    records = []
    pgbench = PgbenchRuns(options.bindir, databases, options, progress, records)
    python = PythonRuns(largest, options, progress, options.socket, records)
    # Pages at a depth come last: what they read would change the table for all others.
    for work in (lambda: records.extend(measure_memory(largest, options.memory_calls, progress)),
                 lambda: asyncio.run(python.run()),
                 pgbench.calls, pgbench.clients, pgbench.lateral, pgbench.search, pgbench.growth,
                 pgbench.cold, pgbench.depth):
        work()
        # What has been measured is not lost if the rest is.
        write(options.output, described, records)
    progress(f"wrote {options.output}/results.md")


def write(folder, described, records):
    write_report(os.path.join(folder, "results.md"), records, described, draw(folder, records))


if __name__ == "__main__":
    sys.exit(main())
