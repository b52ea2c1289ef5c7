"""Writes results.md: what was measured on, every figure, and the targets."""

import os
import platform
from statistics import median

from cases import ALCHEMY, ALCHEMY_CORE, ASYNCPG, BATCH, OURS, PLPGSQL, RAW, SCAN, SINGLY, SQL
from run_memory import STAGES

CAMPS = (RAW, SQL, PLPGSQL)
# The kinds of cases that are finders.
FINDERS = ("point", "list", "batch")


def rows_of(records, **wanted):
    """Records whose fields are as wanted; a tuple means one of these."""
    def fits(record):
        return all(getattr(record, name) in value if isinstance(value, tuple)
                   else getattr(record, name) == value for name, value in wanted.items())
    return [record for record in records if fits(record)]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def time_text(micros):
    if micros >= 1e6:
        return f"{micros / 1e6:.2f} s"
    if micros >= 1e4:
        return f"{micros / 1e3:.1f} ms"
    return f"{micros:.1f}" if micros < 1000 else f"{micros:.0f}"


def ratio_text(ratio):
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}" if ratio >= 0.01 else f"1/{1 / ratio:.0f}"


def part_text(ratio):
    """A small ratio as a part of one: 1/7.3."""
    if ratio > 0.5:
        return ratio_text(ratio)
    return f"1/{1 / ratio:.1f}" if ratio > 1 / 20 else f"1/{1 / ratio:.0f}"


#
# What it was measured on
#

def processor():
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {system()}, Linux {platform.release()}"


def versions(database):
    extension = database.value("SELECT extversion FROM pg_extension WHERE extname = 'fca_repo'")
    return f"fca_repo {extension}; " + database.value("SELECT split_part(version(), ' on ', 1)")


def settings(database, names):
    return ", ".join(f"{name} = {database.value(f'SHOW {name}')}" for name in names)


#
# Targets
#

CALL, JOINED = "a client's call, round trip included", "the call itself, in a join"


class Targets:
    """The table of targets: what is asked, what was measured, whether it holds, and for clients' calls what
    SQL without any function reaches: no function can be much better."""

    text = staticmethod(ratio_text)

    def __init__(self, records):
        self.records = records
        self.rows = []

    def add(self, work, asked, figures, limit, raw=(), higher=False):
        """figures, and raw for SQL without a function: (what, ratio); all must hold, the worst is shown."""
        def text(figures):
            # As the target is given: 1/6, or 0.5.
            form = part_text if "1/" in asked else self.text
            good = [what for what, ratio in figures if (ratio >= limit if higher else ratio <= limit)]
            what, worst = (min if higher else max)(figures, key=lambda figure: figure[1])
            if len(figures) == 1:
                return form(worst), bool(good)
            middle = form(median(ratio for _, ratio in figures))
            return (f"{len(good)} of {len(figures)} hold; median {middle}, worst {form(worst)} ({what})",
                    len(good) == len(figures))

        if not figures:
            self.rows.append((work, asked, "not measured", "", "-"))
            return
        measured, met = text(figures)
        self.rows.append((work, asked, measured, text(raw)[0] if raw else "",
                          "met" if met else "**not met**"))

    def ratios(self, theirs, ours=OURS, **wanted):
        """(case and mode, ratio) of the records that have both."""
        return [(record.case if record.mode == "python" else f"{record.case}, {record.mode}",
                 record.ratio(ours, theirs))
                for record in rows_of(self.records, **wanted)
                if ours in record.figures and theirs in record.figures]

    def prepared(self, theirs, **wanted):
        """The same for raw SQL where it is prepared."""
        return self.ratios(theirs, RAW, **{**wanted, "mode": "prepared"})

    def all(self):
        calls = {"section": "calls"}
        finders = {"kind": FINDERS, **calls}
        search = {"section": "search",
                  "n": max((r.n for r in rows_of(self.records, section="search")), default=0)}
        self.add("lists, prepared, against raw prepared", "<= 1.10",
                 self.ratios(RAW, kind="list", mode="prepared", **calls), 1.10)
        self.add("ten keys in one call, prepared, against raw prepared", "<= 1.10",
                 self.ratios(RAW, kind="batch", mode="prepared", **calls), 1.10)
        self.add("one row, prepared, against raw prepared", "<= 1.15",
                 self.ratios(RAW, kind="point", mode="prepared", **calls), 1.15)
        for camp in (PLPGSQL, SQL):
            self.add(f"each finder, each mode, against its {camp} twin", "<= 1.0",
                     self.ratios(camp, **finders), 1.0, self.prepared(camp, **finders))
        self.add("lists, simple and extended, against ad-hoc SQL", "<= 0.9",
                 self.ratios(RAW, kind="list", mode=("simple", "extended"), **calls), 0.9)
        self.add("finders in a join, against PL/pgSQL", "<= 0.8",
                 self.ratios(PLPGSQL, section="lateral", kind="lateral"), 0.8)
        for work, kind, asked, limit in (("base reads and writes by key", "key", "<= 0.5", 0.5),
                                         ("get_by_filters", "filter", "<= 0.25", 0.25)):
            for how, chosen in ((CALL, calls), (JOINED, {"section": "lateral"})):
                figures, raw = (
                    [figure for figure in ratios(PLPGSQL, kind=kind, **chosen)
                     if not figure[0].startswith("find_one")]
                    for ratios in (self.ratios, self.prepared))
                self.add(f"{work}, against PL/pgSQL with EXECUTE: {how}", asked, figures, limit,
                         raw if how == CALL else ())
        self.add("create, against a prepared INSERT", "<= 1.3",
                 self.ratios(RAW, kind="create", mode="prepared", **calls), 1.3)
        self.add("create_many, against INSERT .. SELECT from jsonb_populate_recordset", "<= 1.3",
                 self.ratios(RAW, kind="create_many", mode="prepared", **calls), 1.3)
        for work, kind, camp, asked, limit in (
                ("point finders", "point", ALCHEMY, "<= 1/6", 1 / 6),
                ("50-row lists", "list", ALCHEMY, "<= 1/4", 1 / 4),
                ("create_many", "create_many", ALCHEMY, "<= 1/30", 1 / 30),
                ("create_many", "create_many", ALCHEMY_CORE, "<= 1/30", 1 / 30)):
            chosen = {"section": "python", "kind": kind}
            self.add(f"Python, {work}, against {camp}", asked, self.ratios(camp, **chosen), limit,
                     self.ratios(camp, ASYNCPG, **chosen))
        self.depth()
        self.add("search for a rare keyword, against the scan", "<= 1/100",
                 self.ratios(SCAN, case="rare", **search), 1 / 100)
        self.add("search for a common keyword, against the scan", "<= 1/3",
                 self.ratios(SCAN, case="common", **search), 1 / 3)
        self.growth()
        self.add("64 clients, throughput against raw prepared", ">= 0.9",
                 self.ratios(RAW, section="clients", clients=64, mode="prepared"), 0.9, higher=True)
        self.memory()
        return table(["work", "target", "measured", "raw SQL itself, prepared", ""], self.rows)

    def depth(self):
        for record in rows_of(self.records, section="depth"):
            deepest = max(int(label.rsplit(", ", 1)[1]) for label in record.figures)
            self.add(f"a page at depth {deepest:,}, against the first", "<= 1.1",
                     [("", record.ratio(f"{OURS}, {deepest}", f"{OURS}, 0"))], 1.1)

    def growth(self):
        found = rows_of(self.records, section="growth")
        small, large = sizes_of(found[0]) if found else (10_000, 1_000_000)
        self.add(f"{large:,} rows against {small:,}, the same call", "<= 1.3",
                 [(record.case, record.ratio(f"{OURS}, {large}", f"{OURS}, {small}")) for record in found],
                 1.3)

    def memory(self):
        for record in rows_of(self.records, section="memory"):
            before, after = (record.figures[stage][0] for stage in STAGES[2:])
            self.rows.append((f"growth of a backend's memory over {record.n:,} calls", "0",
                              f"{after - before:,} bytes", "", "met" if after <= before else "**not met**"))
            kept = record.figures[STAGES[1]][1] - record.figures[STAGES[0]][1]
            self.rows.append(("kept plans of a backend that has called everything", "<= 2 MB",
                              f"{kept / 2**20:.2f} MB", "", "met" if kept <= 2 * 2**20 else "**not met**"))


def sizes_of(record):
    """The smallest size, and the largest up to a million rows."""
    sizes = sorted({int(label.rsplit(", ", 1)[1]) for label in record.figures})
    return sizes[0], max([size for size in sizes[1:] if size <= 1_000_000], default=sizes[-1])


#
# Every figure
#

def ratio_with_spread(record, ours, theirs):
    """The ratio, its spread, and whether it is no more than noise: within the spread of 1."""
    ratio, spread = record.ratio(ours, theirs), record.spread(ours, theirs)
    if len(record.figures[ours]) < 2:
        return f"{ratio_text(ratio)} (one round)"
    told = f"{ratio_text(ratio)} ±{spread * 100:.0f} %"
    return f"{told} (noise)" if abs(ratio - 1) <= spread else "**" + told.replace(" ", "** ", 1)


def compared(records, camps, first="call", unit="us"):
    """One line for each record: our figure, and of each camp its own, the ratio and the ratio's spread."""
    camps = [camp for camp in camps if any(camp in record.figures for record in records)]
    lines = []
    for record in records:
        line = [record.case, time_text(record.median(OURS))]
        for camp in camps:
            if camp in record.figures:
                line.append(f"{time_text(record.median(camp))} → {ratio_with_spread(record, OURS, camp)}")
            else:
                line.append("")
        lines.append(line)
    return table([first, f"{OURS}, {unit}"] + [f"{camp}, {unit} → ratio" for camp in camps], lines)


def section(title, *paragraphs):
    return "\n".join(["## " + title, "", *paragraphs])


def calls(records):
    text = []
    for mode in ("prepared", "extended", "simple"):
        found = rows_of(records, section="calls", mode=mode)
        if not found:
            continue
        text += [f"### {mode.capitalize()} mode", "", compared(rows_of(found, kind=FINDERS), CAMPS, "finder"),
                 compared([record for record in found if record.kind not in (*FINDERS, "report")], CAMPS,
                          "base repository")]
    return section("Every call, one client", *text)


def clients(records):
    text = []
    for count in sorted({record.clients for record in rows_of(records, section="clients")}):
        for mode in ("prepared", "extended", "simple"):
            found = rows_of(records, section="clients", clients=count, mode=mode)
            if not found:
                continue
            rows = [[record.case, f"{record.median(OURS):,.0f}"]
                    + [f"{record.median(camp):,.0f} → {ratio_with_spread(record, OURS, camp)}"
                       if camp in record.figures else "" for camp in CAMPS]
                    for record in found]
            text.append(f"### {count} clients, {mode} mode\n\n"
                        + table(["call", f"{OURS}, calls/s"] + [f"{camp} → ratio" for camp in CAMPS], rows))
    return section("Many clients: calls a second (more is better)",
                   "A representative part of the calls, over the time in which all clients are warm.\n",
                   *text)


def lateral(records):
    def figures(record, camp):
        if camp not in record.figures:
            return ""
        return f"{record.median(camp):.2f} → {ratio_with_spread(record, OURS, camp)}"

    rows = [[record.case, f"{record.median(OURS):.2f}"] + [figures(record, camp) for camp in CAMPS]
            for record in rows_of(records, section="lateral")]
    return section("Many calls in one LATERAL join",
                   "Microseconds of one call, without a client's round trip: 20,000 calls of a finder or of"
                   " get_by_id in a statement, 2,000 of another base function, 1,000 of one that writes"
                   " (taken back in the end, which the time includes). Raw SQL and the inlined function"
                   " become part of the join, which may then read each row once.\n",
                   table(["call", f"{OURS}, us"] + [f"{camp}, us → ratio" for camp in CAMPS], rows))


def python(records):
    found = rows_of(records, section="python")
    return section("From Python",
                   f"asyncpg that calls {OURS}, beside the same SQL prepared by asyncpg, which gives records"
                   " too, and SQLAlchemy's asyncio session over asyncpg, which gives objects; all under"
                   " uvloop, in one open transaction and one session (but for a unit of work each).\n",
                   compared(found, (ASYNCPG, ALCHEMY, ALCHEMY_CORE)),
                   "The ratios to SQLAlchemy again, beside those that raw SQL reaches:\n",
                   table(["call"] + [f"{camp} / {theirs}" for theirs in (ALCHEMY, ALCHEMY_CORE)
                                     for camp in (OURS, ASYNCPG)],
                         [[record.case] + [ratio_text(record.ratio(camp, theirs))
                                           if theirs in record.figures else ""
                                           for theirs in (ALCHEMY, ALCHEMY_CORE) for camp in (OURS, ASYNCPG)]
                          for record in found]))


def batches(records):
    rows = [[record.case, time_text(record.median(BATCH)), time_text(record.median(SINGLY)),
             ratio_with_spread(record, BATCH, SINGLY)]
            for record in rows_of(records, section="batches")]
    reports = rows_of(records, kind="report", mode="prepared")
    text = [table(["work", "one call, us", "one by one, us", "ratio"], rows)]
    for record in reports:
        text.append(table([record.case, "us", "ratio to all good"],
                          [[label, time_text(record.median(label)), ratio_text(record.ratio(label, OURS))]
                           for label in record.figures]))
    return section("Batches, beside the same keys one by one", *text)


def depth(records):
    text = []
    for record in rows_of(records, section="depth"):
        depths = sorted({int(label.rsplit(", ", 1)[1]) for label in record.figures})
        camps = list(dict.fromkeys(label.rsplit(", ", 1)[0] for label in record.figures))
        text.append(table([f"{record.case}, page behind row"] + [f"{camp}, us" for camp in camps],
                          [[f"{rows:,}"] + [time_text(record.median(f"{camp}, {rows}"))
                                            if f"{camp}, {rows}" in record.figures else "" for camp in camps]
                           for rows in depths]))
    return section("Depth of a page", *text)


def search(records):
    text = []
    for n in sorted({record.n for record in rows_of(records, section="search")}):
        text += [f"### {n:,} FAQs", "",
                 compared(rows_of(records, section="search", n=n), (SCAN, *CAMPS), "keyword")]
    return section("search_by_keyword",
                   "A rare keyword is in ten FAQs, a common one in a tenth of them; the common two letters"
                   " (ca) and the one letter (z) are in many; one or two letters are too few for the trigram"
                   " index.\n", *text)


def growth(records):
    found = rows_of(records, section="growth")
    labels = list(found[0].figures) if found else []
    return section("The same call in smaller and larger databases",
                   table(["call"] + [f"{camp}, {int(n):,} rows, us" for camp, n in
                                     (label.rsplit(", ", 1) for label in labels)],
                         [[record.case] + [time_text(record.median(label)) for label in labels]
                          for record in found]))


def cold(records):
    rows = []
    for record in rows_of(records, section="cold"):
        for label in [label for label in record.figures if label.endswith(", first")]:
            camp = label.rsplit(", ", 1)[0]
            first, third = record.median(label), record.median(f"{camp}, third")
            rows.append([record.case, camp, f"{first:.0f}", f"{third:.0f}", f"{first - third:.0f}"])
    return section("The first call of a connection",
                   "It loads catalogs, the module where there is one, and plans.\n",
                   table(["call", "camp", "first, us", "third, us", "difference, us"], rows))


def memory(records):
    return section("Memory of a backend", *[
        table(["after", "all, bytes", "kept plans, bytes"],
              [[stage.replace("all calls", f"{record.n:,} calls"), f"{total:,}", f"{plans:,}"]
               for stage, (total, plans) in record.figures.items()])
        for record in rows_of(records, section="memory")])


def write_report(path, records, environment, charts):
    """results.md: how it was measured, charts, figures, targets."""
    sections = {"calls": calls, "clients": clients, "lateral": lateral, "python": python, "batches": batches,
                "depth": depth, "search": search, "growth": growth, "cold": cold, "memory": memory}
    measured = {record.section for record in records}
    text = ["# Measured\n", environment,
            section("Targets",
                    "Ratios are time of fca_repo / time of the other. Where several calls count, all have to"
                    " hold, and the worst is named. The column *raw SQL itself* is what the same SQL without"
                    " any function reaches against the same other, sent by the same client: a target that it"
                    " misses is beyond what the round trip leaves.\n",
                    Targets(records).all()),
            *[f"![{title}]({name})\n" for name, title in charts],
            *[write(records) for name, write in sections.items() if name in measured]]
    with open(path, "w") as file:
        file.write("\n".join(text))
