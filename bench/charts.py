"""The charts of the results: one picture for each question that a reader has."""

import os

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.ticker  # noqa: E402

from cases import OURS, PLPGSQL, RAW, SCAN, SQL  # noqa: E402
from report import rows_of  # noqa: E402
from run_python import ALCHEMY, ALCHEMY_CORE  # noqa: E402

COLOURS = {OURS: "#1b6ca8", RAW: "#888888", SQL: "#e0a030", PLPGSQL: "#c0504d", SCAN: "#c0504d", "OFFSET": "#7b4fa3",
           ALCHEMY: "#c0504d", ALCHEMY_CORE: "#e0a030"}

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10)

# The same figures give the same file, word for word.
matplotlib.rcParams.update({"svg.hashsalt": "fca_repo", "font.size": 9, "axes.spines.top": False,
                            "axes.spines.right": False, "axes.axisbelow": True})


def save(figure, folder, name):
    figure.tight_layout()
    figure.savefig(os.path.join(folder, name), metadata={"Date": None, "Creator": None})
    plt.close(figure)


def dots(records, camps, label, title):
    """One line of dots for each call: the ratio to each camp, on a scale where 1/2 and 2 lie as far from 1."""
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.22 * len(records)))
    for camp in camps:
        points = [(record.ratio(OURS, camp), place) for place, record in enumerate(records) if camp in record.figures]
        if points:
            axes.scatter(*zip(*points), s=26, color=COLOURS[camp], label=f"against {camp}")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" if tick >= 0.1 else f"1/{1 / tick:.0f}" for tick in ticks])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.set_yticks(range(len(records)), [record.case for record in records])
    axes.invert_yaxis()
    axes.grid(True, axis="x", color="#dddddd", linewidth=0.6)
    axes.set_xlabel(label)
    axes.set_title(title, loc="left")
    axes.legend(loc="best", frameon=True)
    return figure


def lines(series, x_label, title):
    """series: camp -> [(x, microseconds)]"""
    figure, axes = plt.subplots(figsize=(8, 3.6))
    for camp, points in series.items():
        axes.plot(*zip(*points), marker="o", label=camp, color=COLOURS.get(camp))
    axes.set_xscale("symlog", linthresh=1000) if min(x for points in series.values() for x, _ in points) == 0 \
        else axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.set_xlabel(x_label)
    axes.set_ylabel("microseconds")
    axes.set_title(title, loc="left")
    axes.legend(frameon=True)
    return figure


def depth_series(record):
    series = {}
    for label in record.figures:
        camp, rows = label.rsplit(", ", 1)
        series.setdefault(camp, []).append((int(rows), record.median(label)))
    return series


def search_series(records, case):
    series = {}
    for record in sorted(rows_of(records, section="search", case=case), key=lambda record: record.n):
        for camp in (OURS, RAW, SCAN):
            series.setdefault(camp, []).append((record.n, record.median(camp)))
    return series


def draw(folder, records):
    """Draws what was measured; [(file, title)]."""
    camps = (RAW, SQL, PLPGSQL)
    ratio = f"time of {OURS} / time of the other (less is better)"
    finders = rows_of(records, section="calls", mode="prepared", kind=("point", "list"))
    base = [record for record in rows_of(records, section="calls", mode="prepared")
            if record.kind not in ("point", "list", "report")]
    drawn = [("finders.svg", "Finders, prepared mode", finders and (lambda title: dots(finders, camps, ratio, title))),
             ("base.svg", "Base repository, prepared mode", base and (lambda title: dots(base, camps, ratio, title)))]
    found = rows_of(records, section="python")
    drawn.append(("python.svg", "From Python: asyncpg calling fca_repo, beside SQLAlchemy",
                  found and (lambda title: dots(found, (ALCHEMY, ALCHEMY_CORE), ratio, title))))
    deep = rows_of(records, section="depth")
    drawn.append(("depth.svg", "A page of 50 rows, by the rows before it",
                  deep and (lambda title: lines(depth_series(deep[0]), "rows before the page", title))))
    for case in ("rare", "common"):
        series = search_series(records, case)
        drawn.append((f"search_{case}.svg", f"search_by_keyword, {case} keyword",
                      series and (lambda title, series=series: lines(series, "FAQs", title))))
    charts = []
    for name, title, make in drawn:
        if make:
            save(make(title), folder, name)
            charts.append((name, title))
    return charts
