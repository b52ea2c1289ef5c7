"""Writes instructions.md: what was counted, the targets, every figure."""

import subprocess
import time
from statistics import median

from cases import OURS, PLPGSQL, RAW, SQL
from report import FINDERS, Targets, machine, rows_of, section, settings, table, versions

MODES = ("prepared", "extended", "simple")
FUNCTION, COLD_MODE, JOIN = "in PL/pgSQL", "first call", "join"
TITLES = {"prepared": "Prepared", "extended": "Unnamed", "simple": "Simple", FUNCTION: "In PL/pgSQL",
          COLD_MODE: "First call", JOIN: "Join"}
TWINS = (SQL, PLPGSQL)
# Kinds of the cases with 1,000 rows.
MANY = ("create_many", "many")
ROUNDS = 3
SETTINGS = ("shared_buffers", "work_mem", "jit", "max_parallel_workers_per_gather", "random_page_cost",
            "plan_cache_mode", "track_counts", "autovacuum")

READS = ("get_by_id", "get_by_id_for_update", "exists", "get_many (10)")
WRITES = ("create", "update", "update_if", "upsert", "delete", "delete_many (1)")
# Kinds of work, by which records they have.
WORK = {
    "finders of one row": {"kind": "point"},
    "finders of lists": {"kind": "list"},
    "finders with ten keys": {"kind": "batch"},
    "base reads by key": {"case": READS},
    "writes of one row": {"case": WRITES},
    "1,000 rows in one call": {"kind": MANY},
}


def environment(database, options, rows):
    """What was counted on, with what, and how."""
    valgrind = subprocess.run(["valgrind", "--version"], check=True, capture_output=True, text=True).stdout
    quick = " --quick" if options.quick else ""
    return f"""By `tools/bench.sh --instructions{quick}` on {time.strftime('%Y-%m-%d')}.

- Machine: {machine()}. What else it does hardly matters.
- Versions: {versions(database)}; {valgrind.strip()}.
- Settings: {settings(database, SETTINGS)}.
- Data: {rows:,} rows in the largest tables (`bench/load.sql`); each camp has a copy of it in each mode.
- What: the instructions of the backend, from reading a call to having sent the answer, as callgrind
  counts them; those of the kernel and of the client are not among them. Each camp makes the same calls
  with the same values: {ROUNDS} rounds of {options.calls} (of writes, of twice as many; with 1,000 rows, one
  of 2), after at least 12 that are not counted, and by which a prepared statement has its lasting plan. Shown
  are the median of the rounds, and that of the rounds' ratios, **instructions of a camp / those of raw SQL
  that is sent in the same way**: below 1, the camp needs fewer. Between runs, ratios of reads differ by some
  thousandths (of one row, by up to a hundredth), those of writes, whose rows lie elsewhere, by some
  hundredths.
- Modes are pgbench's: *prepared* is a statement with a name, planned long before; *unnamed* is one without
  (pgbench's extended mode), which is planned at each call; *simple* has the values in its text, and is
  planned at each call. *In PL/pgSQL* is a loop in a PL/pgSQL function, around the call or around the same
  SQL. A *first call* is a new session's: prepared, planned, and what that needs loaded. A *join* is a LATERAL
  one in one statement; raw SQL becomes part of it.
- Not counted: create_many_report, for which there is no SQL.
"""


def how_often(case, calls):
    """Rounds, and calls of a round."""
    return (1, 2) if case.kind in MANY else (ROUNDS, 2 * calls if case.name in WRITES else calls)


class InstructionTargets(Targets):
    text = staticmethod("{:.3f}".format)

    def all(self, inlined):
        for work, limit in list(zip(WORK, (1.02, 1.01, 1.01))):
            self.at_most(f"{work}, prepared", limit, **WORK[work], mode="prepared")
        for mode in MODES[1:]:
            self.at_most(f"finders, {short(mode)}", 1.00, kind=FINDERS, mode=mode)
        for camp in TWINS:
            self.at_most(f"finders, unnamed and simple, against their {camp}", 1.00, camp, kind=FINDERS,
                         mode=MODES[1:])
        self.at_most("finders in a PL/pgSQL function", 1.02, kind=FINDERS, mode=FUNCTION)
        self.at_most("first call of a finder in a session, prepared", 1.3, kind=FINDERS, mode=COLD_MODE)
        self.at_most("finders in a join of 20,000 rows", 1.05, kind=FINDERS, mode=JOIN)
        self.at_most("get_by_id in a join of 20,000 rows", 1.05, case="get_by_id", mode=JOIN)
        self.at_most("base reads by key, prepared", 1.10, mode="prepared",
                     case=tuple(name for name in READS if name not in inlined))
        self.at_most("the same, of which the plan has only the query", 1.02, mode="prepared",
                     case=tuple(name for name in READS if name in inlined))
        self.at_most("writes of one row, prepared", 1.25, case=WRITES, mode="prepared")
        self.at_most("1,000 rows in one call, prepared", 1.05, kind=MANY, mode="prepared")
        return table(["work, against raw SQL", "target", "counted", ""],
                     [row[:3] + row[4:] for row in self.rows])

    def at_most(self, work, limit, theirs=RAW, **wanted):
        self.add(work, f"<= {limit:.2f}", self.ratios(theirs, **wanted), limit)


def ratios(records, camp, **wanted):
    return [record.ratio(camp, RAW) for record in rows_of(records, **wanted) if camp in record.figures]


def middle_and_worst(ratios):
    if not ratios:
        return ""
    return f"{median(ratios):.2f}" + (f" ({max(ratios):.2f})" if len(ratios) > 1 else "")


def summary(records):
    """One line for each kind of work: the median of its cases' ratios, and the worst."""
    columns = [mode for mode in TITLES if rows_of(records, mode=mode)]
    base = tuple(record.case for record in records if record.kind not in FINDERS)
    other = tuple(record.case for record in records
                  if not any(rows_of([record], **wanted) for wanted in WORK.values()))
    lines = [(f"**{work}**", wanted, OURS) for work, wanted in WORK.items()]
    lines += [("**other base functions**", {"case": other}, OURS),
              *((f"finders, as a twin: {camp}", {"kind": FINDERS}, camp) for camp in TWINS),
              (f"base functions, as a twin: {PLPGSQL}", {"case": base}, PLPGSQL)]
    return table(["instructions / those of raw SQL: median (worst)"] + [short(mode) for mode in columns],
                 [[work] + [middle_and_worst(ratios(records, camp, **wanted, mode=mode)) for mode in columns]
                  for work, wanted, camp in lines])


def short(mode):
    return TITLES[mode][0].lower() + TITLES[mode][1:]


def figures(records, mode):
    lines = []
    for record in rows_of(records, mode=mode):
        lines.append([record.case, f"{record.n:,.0f}", f"{record.median(RAW) / 1000:,.1f}"]
                     + [f"{record.ratio(camp, RAW):.3f}" if camp in record.figures else ""
                        for camp in (OURS, *TWINS)])
    return table(["call", "calls" if mode == JOIN else "rows", f"{RAW}, 1,000 instructions of a call",
                  f"**{OURS}** / {RAW}"] + [f"{camp} / {RAW}" for camp in TWINS], lines)


def write_report(path, records, inlined, environment):
    text = ["# Instructions\n", environment,
            section("Summary", "README's section on speed shows this table.\n", summary(records)),
            section("Targets", "All calls have to hold, and the worst is named.\n",
                    InstructionTargets(records).all(inlined)),
            section("Every figure", *[text for mode in TITLES if rows_of(records, mode=mode)
                                      for text in (f"### {TITLES[mode]}\n", figures(records, mode))])]
    with open(path, "w") as file:
        file.write("\n".join(text))
