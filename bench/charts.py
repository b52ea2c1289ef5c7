"""The charts of the results: one picture for each question that a reader has."""

import os

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.ticker  # noqa: E402

from cases import OURS, PLPGSQL, RAW, SCAN, SEARCHES, SQL  # noqa: E402
from report import FINDERS, rows_of  # noqa: E402
from run_python import ALCHEMY, ALCHEMY_CORE, ASYNCPG  # noqa: E402

# Colours that differ for colour-blind eyes too (Okabe and Ito), and for each a marker of its own.
LOOKS = {OURS: ("#0072b2", "o"), RAW: ("#767676", "s"), SQL: ("#e69f00", "D"), PLPGSQL: ("#d55e00", "^"),
         SCAN: ("#d55e00", "v"), "OFFSET": ("#cc79a7", "v"),
         ASYNCPG: ("#767676", "s"), ALCHEMY: ("#d55e00", "^"), ALCHEMY_CORE: ("#e69f00", "D")}

TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10)
NAMES = {1e-1: "0.1 us", 1: "1 us", 1e1: "10 us", 1e2: "100 us", 1e3: "1 ms", 1e4: "10 ms",
         1e5: "100 ms", 1e6: "1 s", 1e7: "10 s"}

# The same figures give the same file, word for word.
matplotlib.rcParams.update({"svg.hashsalt": "fca_repo", "font.size": 9, "axes.spines.top": False,
                            "axes.spines.right": False, "axes.axisbelow": True, "axes.titlesize": 10})


def save(figure, folder, name):
    figure.savefig(os.path.join(folder, name), metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    plt.close(figure)


def dots(records, camps, title):
    """One line of dots for each call: the ratio to each camp, where 1/2 and 2 lie as far from 1."""
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.2 * len(records)))
    for camp in camps:
        points = [(record.ratio(OURS, camp), place) for place, record in enumerate(records)
                  if camp in record.figures]
        if points:
            colour, marker = LOOKS[camp]
            axes.scatter(*zip(*points), s=26, color=colour, marker=marker, alpha=0.85,
                         label=f"against {camp}")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    low, high = min(low, 0.65), max(high, 1.6)
    axes.set_xlim(low, high)
    # As many as can be read.
    ticks = [tick for tick in TICKS
             if low <= tick <= high and (high / low < 40 or tick not in (0.3, 0.7, 1.5, 3))]
    axes.set_xticks(ticks, [f"{tick:g}" if tick >= 0.1 else f"1/{1 / tick:.0f}" for tick in ticks])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.set_yticks(range(len(records)), [record.case for record in records])
    axes.set_ylim(len(records) - 0.4, -0.6)
    axes.grid(True, axis="x", color="#cccccc", linewidth=0.6)
    axes.grid(True, axis="y", color="#eeeeee", linewidth=0.6)
    axes.set_xlabel(f"time of {OURS} / time of the other: below 1, {OURS} is faster")
    # Beside no dot.
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=4, frameon=False, handletextpad=0.1,
                columnspacing=1)
    axes.set_title(f"{title}\n(left of the line, below 1: {OURS} is faster)", loc="left", pad=24)
    return figure


def lines(axes, series, x_label, title):
    """series: camp -> [(x, microseconds)]"""
    for camp, points in series.items():
        colour, marker = LOOKS[camp]
        axes.plot(*zip(*points), marker=marker, markersize=5, label=camp, color=colour)
    places = sorted({x for points in series.values() for x, _ in points})
    if places[0] == 0:
        axes.set_xscale("symlog", linthresh=places[1] / 2 if len(places) > 1 else 1)
    else:
        axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:,}" for place in places])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.set_yscale("log")
    figures = [micros for points in series.values() for _, micros in points]
    axes.set_ylim(min(figures) / 2, max(figures) * 2)
    low, high = axes.get_ylim()
    ticks = [tick for tick in NAMES if low <= tick <= high]
    axes.set_yticks(ticks, [NAMES[tick] for tick in ticks])
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.set_xlabel(x_label)
    axes.set_title(title, loc="left")


def depth_chart(records, _, title):
    record = records[0]
    series = {}
    for label in record.figures:
        camp, rows = label.rsplit(", ", 1)
        series.setdefault(camp, []).append((int(rows), record.median(label)))
    figure, axes = plt.subplots(figsize=(8, 3.6))
    lines(axes, series, "rows before the page", f"{title}\n(time of a call: lower is faster)")
    axes.legend(frameon=True)
    return figure


def search_chart(records, _, title):
    cases = [case.name for case in SEARCHES if rows_of(records, case=case.name)]
    figure, grid = plt.subplots(2, 3, figsize=(9.5, 5.6))
    figure.suptitle(f"{title} (time of a call: lower is faster)", x=0.01, ha="left", fontsize=10)
    for axes, case in zip(grid.flat, cases):
        series = {}
        for record in sorted(rows_of(records, case=case), key=lambda record: record.n):
            for camp in (OURS, RAW, SCAN):
                series.setdefault(camp, []).append((record.n, record.median(camp)))
        lines(axes, series, "FAQs", case)
    for axes in grid.flat[len(cases):]:
        axes.set_axis_off()
    grid.flat[-1].legend(*grid.flat[0].get_legend_handles_labels(), loc="center", frameon=False)
    figure.tight_layout()
    return figure


def draw(folder, records):
    """Draws what was measured; [(file, title)]."""
    def prepared(**wanted):
        return rows_of(records, section="calls", mode="prepared", **wanted)

    camps = (RAW, SQL, PLPGSQL)
    finders = prepared(kind=FINDERS)
    base = [record for record in prepared() if record.kind not in (*FINDERS, "report")]
    # name, title, what is drawn, how, and beside what
    wanted = [
        ("finders.svg", "Every finder, a client's call in prepared mode", finders, dots, camps),
        ("base.svg", "The base repository, a client's call in prepared mode", base, dots, camps),
        ("join.svg", "Calls in a LATERAL join, without round trips",
         rows_of(records, section="lateral"), dots, camps),
        ("python.svg", "From Python: asyncpg that calls fca_repo, beside raw SQL and SQLAlchemy",
         rows_of(records, section="python"), dots, (ASYNCPG, ALCHEMY, ALCHEMY_CORE)),
        ("depth.svg", "A page of 50 rows, by the rows before it",
         rows_of(records, section="depth"), depth_chart, ()),
        ("search.svg", "search_by_keyword", rows_of(records, section="search"), search_chart, ())]
    charts = []
    for name, title, found, make, others in wanted:
        if found:
            save(make(found, others, title), folder, name)
            charts.append((name, title))
    return charts
