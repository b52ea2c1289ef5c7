"""What pgbench measures: all calls, many clients, joins, depth, searches, growth, first calls."""

from cases import CASES, COLD, CONSTANT, LATERAL, OURS, RAW, REPRESENTATIVE, SEARCHES, depth, named
from measure import Alternative, Record, alternate, alternate_many, counts_alone
from pgbench import Pgbench


class PgbenchRuns:
    def __init__(self, bindir, databases, options, progress, records):
        self.databases = databases
        self.largest = databases[-1]
        self.programs = {db: Pgbench(bindir, db.name, db.facts) for db in databases}
        self.options = options
        self.progress = progress
        self.records = records

    def alternatives(self, case, database=None):
        database = database or self.largest
        return [Alternative(camp, self.programs[database], database, case, camp) for camp in case.sql]

    def keep(self, section, case, mode, figures, clients=1, n=None, unit="us"):
        self.records.append(Record(section, case.name, case.kind, mode, clients, n or self.largest.n, unit,
                                   figures))

    def in_turn(self, alternatives, mode="prepared"):
        counts = counts_alone(alternatives, mode, self.options.seconds)
        return alternate(alternatives, mode, self.options.rounds, counts)

    def calls(self):
        """Every finder and every base function, in each of pgbench's modes."""
        for number, case in enumerate(CASES, 1):
            self.progress(f"call {number} of {len(CASES)}: {case.name}")
            alternatives = self.alternatives(case)
            counts = counts_alone(alternatives, "prepared", self.options.seconds)
            self.keep("calls", case, "prepared",
                      alternate(alternatives, "prepared", self.options.rounds, counts))
            # Planning each call takes longer: fewer of them fill the time.
            fewer = {label: max(2, calls // 2) for label, calls in counts.items()}
            for mode in self.options.other_modes:
                if case.kind != "report":
                    self.keep("calls", case, mode,
                              alternate(alternatives, mode, self.options.other_rounds, fewer))
            if case.clean_up:
                self.largest.psql("VACUUM fca.messages")
        self.largest.psql("VACUUM ANALYZE fca.customers, fca.accounts, fca.messages")

    def clients(self):
        for clients, modes in self.options.clients.items():
            for case in named(REPRESENTATIVE[:self.options.many_cases]):
                self.progress(f"{clients} clients: {case.name}")
                for mode, rounds in modes.items():
                    figures = alternate_many(self.alternatives(case), mode, rounds,
                                             self.options.many_seconds, clients, self.options.many_calls)
                    self.keep("clients", case, mode, figures, clients, unit="calls/s")
        self.largest.psql("VACUUM fca.messages")

    def lateral(self):
        for case in LATERAL:
            self.progress(f"{case.calls:,} calls in a join: {case.name}")
            figures = self.in_turn(self.alternatives(case))
            self.keep("lateral", case, "prepared",
                      {camp: [micros / case.calls for micros in rounds] for camp, rounds in figures.items()})

    def search(self):
        for database in self.databases:
            if database.n > 1_000_000:
                continue
            for case in SEARCHES:
                self.progress(f"search of {database.n:,} FAQs: {case.name}")
                self.keep("search", case, "simple",
                          self.in_turn(self.alternatives(case, database), "simple"), n=database.n)

    def growth(self):
        """The same call in every database, in turn; only calls whose result does not grow."""
        if len(self.databases) < 2:
            return
        for case in named(CONSTANT):
            self.progress(f"growth: {case.name}")
            alternatives = [Alternative(f"{camp}, {db.n}", self.programs[db], db, case, camp)
                            for db in self.databases for camp in (OURS, RAW)]
            self.keep("growth", case, "prepared", self.in_turn(alternatives))

    def depth(self):
        """Pages of one account that has as many transactions as all others together."""
        db = self.largest
        size = min(db.n, 1_000_000)
        account = db.value("INSERT INTO fca.accounts (account_number, customer_id) VALUES ('whale', 1)"
                           " RETURNING id")
        self.progress(f"depth: loading {size:,} transactions of one account")
        db.psql(f"""
            INSERT INTO fca.transactions (account_id, reference, amount, description, occurred_at)
            SELECT {account}, 'WHALE-' || g, 1, 'Card payment number ' || g,
                   timestamptz '2020-01-01 00:00Z' + g * interval '1 s'
            FROM generate_series(1, {size}) AS g;
            VACUUM ANALYZE fca.transactions;""")
        alternatives = []
        for rows in (0, size // 100, size // 10, size // 10 * 9):
            place = rows and db.psql(
                f"SELECT occurred_at, id FROM fca.transactions WHERE account_id = {account}"
                f" ORDER BY occurred_at DESC, id DESC OFFSET {rows - 1} LIMIT 1")[0]
            case = depth(account, rows, place)
            alternatives += [Alternative(f"{camp}, {rows}", self.programs[db], db, case, camp)
                             for camp in case.sql if rows or camp != "OFFSET"]
        self.progress("depth: pages")
        self.records.append(Record("depth", "find_recent_transactions", "depth", "prepared", 1, db.n, "us",
                                   self.in_turn(alternatives)))

    def cold(self):
        """The first call of a connection, beside its third."""
        for case in named(COLD):
            self.progress(f"first call of a connection: {case.name}")
            figures = {}
            for _ in range(self.options.connections):
                for one in self.alternatives(case):
                    log = sorted(one.run("simple", 3), key=lambda call: call[1])
                    figures.setdefault(f"{one.camp}, first", []).append(log[0][2])
                    figures.setdefault(f"{one.camp}, third", []).append((log[2][1] - log[1][1]) * 1e6)
            self.keep("cold", case, "simple", figures)
