"""Runs pgbench and reads what it logged about every single call."""

import glob
import os
import re
import subprocess
import tempfile
from statistics import fmean

# The first calls of a connection load catalogs and plan; that is measured on its own.
WARM_UP = 100
BLOCKS = 20


class Pgbench:
    """pgbench of one PostgreSQL, on one database."""

    def __init__(self, bindir, database, facts):
        self.program = os.path.join(bindir, "pgbench")
        self.database = database
        self.facts = {**facts, "doomed": 0}

    def script(self, case, camp, mode):
        """The case in the words of a camp, as pgbench wants it in a mode."""
        lines = [case.script] if case.script else []
        values = {}
        for name, arg in case.args.items():
            if arg.number:
                lines.append(f"\\set {name} {arg.number}")
            values[name] = arg.literal(name) if mode == "simple" else arg.bound(name)
        lines.append(re.sub(r"\{(\w+)\}", lambda found: values[found[1]], case.sql[camp]) + ";")
        return "\n".join(lines) + "\n"

    def run(self, case, camp, mode, calls, clients=1):
        """Makes that many calls in each client; [(client, seconds since the epoch, microseconds)] of them."""
        script = self.script(case, camp, mode)
        fixed = {name: arg.fixed for name, arg in case.args.items() if arg.fixed}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "script.sql")
            with open(path, "w") as file:
                file.write(script)
            log = os.path.join(folder, "log")
            command = [self.program, "-n", "-M", mode, "-c", str(clients), "-j", str(min(clients, 2)),
                       "-t", str(calls), "-l", "--log-prefix", log, "-f", path, "--random-seed=42"]
            for name, value in {**self.facts, **fixed}.items():
                command += ["-D", f"{name}={value}"]
            done = subprocess.run(command + [self.database], capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"pgbench failed:\n{done.stderr}\n{script}")
            found = []
            for name in glob.glob(log + ".*"):
                with open(name) as file:
                    for line in file:
                        client, _, micros, _, second, fraction = line.split()[:6]
                        found.append((int(client), int(second) + int(fraction) / 1e6, int(micros)))
            return found


def latency(log):
    """Microseconds of a call of one client, without what slows only a part of a run.

    Time is taken by the clock between the ends of calls: what pgbench logs as the time of a call is 0
    where the answer was there before it looked, as when server and client share a core.  Of many calls,
    those after the first are taken in twenty blocks.  The mean of the middle half is the figure.
    """
    if len(log) == 1:
        return log[0][2]
    first = WARM_UP if len(log) >= 2 * WARM_UP else max(1, len(log) // 4)
    ends = [ended for _, ended, _ in log[first - 1:]]
    size = (len(ends) - 1) // BLOCKS if first == WARM_UP else 1
    return middle_mean([(ends[begin + size] - ends[begin]) / size * 1e6
                        for begin in range(0, (len(ends) - 1) // size * size, size)])


def middle_mean(figures):
    figures = sorted(figures)
    quarter = len(figures) // 4
    return fmean(figures[quarter:len(figures) - quarter])


def throughput(log):
    """Calls a second while nearly every client was warm and hardly one had finished."""
    clients = {}
    for client, ended, _ in log:
        clients.setdefault(client, []).append(ended)
    few = len(clients) // 10
    begin = sorted(sorted(ends)[min(WARM_UP, len(ends) // 4)] for ends in clients.values())[-1 - few]
    end = sorted(max(ends) for ends in clients.values())[few]
    if end <= begin:
        # Some client hardly ran at all: what remains is the whole.
        begin, end = min(ended for _, ended, _ in log), max(ended for _, ended, _ in log)
    inside = sum(1 for _, ended, _ in log if begin < ended <= end)
    return inside / (end - begin)
