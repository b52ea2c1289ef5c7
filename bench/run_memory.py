"""What calls leave in the memory of a backend."""

from cases import CASES, OURS
from measure import Record

STAGES = "a new connection", "one call of everything", "1,000 calls more", "all calls more"

SIZE = ("SELECT sum(total_bytes), coalesce(sum(total_bytes) FILTER"
        " (WHERE name LIKE 'CachedPlan%' OR name LIKE 'fca_repo%'), 0) FROM pg_backend_memory_contexts;")


def sample(case):
    """One call of ours with some values, as plain SQL."""
    sql = case.sql[OURS].replace(":doomed", "1")
    for name, arg in case.args.items():
        if arg.number:
            value = arg.text.replace("{}", "1")
        else:
            value = arg.fixed or ("now" if arg.type == "timestamptz" else "a name")
        sql = sql.replace("{" + name + "}", value if arg.type == "bigint" else f"'{value}'")
    return sql.replace("BEGIN;\n", "").replace(";\nCOMMIT", "")


def measure_memory(database, calls, progress):
    """Bytes of one backend, all and those of its kept plans, at each stage: psql's session is the backend."""
    progress(f"memory: {calls:,} calls in one backend")
    quiet, heard = "\\o /dev/null\n", "\\o\n" + SIZE + "\n"
    everything = "".join(f"BEGIN;\n{sample(case)};\nROLLBACK;\n" for case in CASES)
    lines = database.psql(
        # The first reading of the view loads what reading it needs.
        quiet + SIZE + heard
        + quiet + everything + heard
        + quiet + "CALL bench.mix(1000);\n" + heard
        + quiet + f"CALL bench.mix({calls});\n" + heard)
    database.psql("VACUUM fca.customers, fca.messages")
    figures = {stage: [int(total), int(plans)] for stage, (total, plans) in zip(STAGES, lines)}
    return [Record("memory", "one backend", "memory", "simple", 1, calls, "bytes", figures)]
