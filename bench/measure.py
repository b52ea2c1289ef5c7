"""Measures alternatives in turn, round by round, and keeps what was measured."""

import sys
import time
from dataclasses import dataclass
from statistics import median, quantiles

from pgbench import BLOCKS, WARM_UP, latency, throughput


# Microseconds of a call beside which those of a new connection do not count.
SLOW = 5000

# Of searches and pages as slow as this, each round makes a single one, and few rounds do.
VERY_SLOW = 150_000
VERY_SLOW_ROUNDS = 3


@dataclass
class Record:
    """The alternatives of one piece of work: their figures of each round."""

    section: str
    case: str
    kind: str
    mode: str
    clients: int
    n: int
    unit: str
    figures: dict          # alternative -> [figure of each round]

    def median(self, label):
        return median(self.figures[label])

    def ratios(self, ours, theirs):
        """Ours / theirs of each round: what slows the machine for a while slows both."""
        return [a / b for a, b in zip(self.figures[ours], self.figures[theirs])]

    def ratio(self, ours, theirs):
        return median(self.ratios(ours, theirs))

    def spread(self, ours, theirs):
        """Between the quartiles of the ratio, in parts of its median."""
        return spread(self.ratios(ours, theirs))


def spread(figures):
    if len(figures) < 2:
        return 0.0
    low, middle, high = quantiles(figures, n=4, method="inclusive")
    return (high - low) / middle


@dataclass(frozen=True)
class Alternative:
    """One way to do the work: a case in the words of a camp, in some database."""

    label: str
    pgbench: object
    database: object
    case: object
    camp: str

    def run(self, mode, calls, clients=1):
        if self.case.set_up:
            self.database.psql(self.case.set_up.replace("{calls}", str(calls)))
        try:
            return self.pgbench.run(self.case, self.camp, mode, calls, clients)
        finally:
            if self.case.clean_up:
                self.database.psql(self.case.clean_up)


def calls_alone(alternative, mode, seconds):
    """How many calls of one client fill the time."""
    # Two calls show what is slow by far; a fast one needs more.
    micros = min(micros for _, _, micros in alternative.run(mode, 2))
    if micros >= VERY_SLOW and alternative.case.kind in ("search", "depth"):
        return 1
    if micros < SLOW:
        # Of a fast call, the first ones of a connection say nothing.
        micros = latency(alternative.run(mode, 2 * WARM_UP + BLOCKS))
    return max(2, min(20000, int(seconds * 1e6 / micros)))


def counts_alone(alternatives, mode, seconds):
    """How many calls of one client fill the time, of each alternative."""
    return {one.label: calls_alone(one, mode, seconds) for one in alternatives}


def alternate(alternatives, mode, rounds, counts):
    """Microseconds of a call, of each alternative and round, one client."""
    figures = {one.label: [] for one in alternatives}
    for number in range(rounds):
        for one in alternatives:
            calls = counts[one.label]
            if calls > 1 or number < VERY_SLOW_ROUNDS:
                figures[one.label].append(
                    latency(one.run(mode, calls + WARM_UP if calls >= WARM_UP else calls)))
    return figures


def alternate_many(alternatives, mode, rounds, seconds, clients, fewest):
    """Calls a second of many clients, of each alternative and round."""
    calls = {}
    for one in alternatives:
        alone = calls_alone(one, mode, seconds)
        # Two cores or more serve them; the calls of a client must be many beside those that warm it up.
        calls[one.label] = max(fewest, 2 * alone // clients)
    figures = {one.label: [] for one in alternatives}
    for _ in range(rounds):
        for one in alternatives:
            figures[one.label].append(throughput(one.run(mode, calls[one.label], clients)))
    return figures


class Progress:
    """One line for each piece of work, with the time since the start."""

    def __init__(self):
        self.begin = time.monotonic()

    def __call__(self, text):
        seconds = int(time.monotonic() - self.begin)
        print(f"[{seconds // 60:2}:{seconds % 60:02}] {text}", file=sys.stderr, flush=True)
