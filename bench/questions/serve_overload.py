"""Ten times as many clients as the service can queue for: it refuses, goes on, and recovers.

64 connections that ask without a pause are all that it can answer; then 640 do. The queue holds 64
requests, so that what is answered does not wait longer than before; the rest is 503.
"""

from bench.checked_load import checked_load
from bench.results import Answer, Goal, Row, at_most
from bench.served import PORT, SHORT, linear_run, mixed_requests
from bench.services import answers, ours

CONNECTIONS, TIMES = 64, 10
SECONDS = 10.0
SPREAD = 2.0
MOMENTS = {"before": 1, "overload": TIMES, "after": 1}


def ask(runs: int) -> Answer:
    run = linear_run(SHORT)
    requests = mixed_requests([run])
    rows: list[Row] = []
    with ours("overload", PORT, f"model={run}", "--max-queue", str(CONNECTIONS)) as service:
        checked_load(service, requests, connections=CONNECTIONS, seconds=3.0, rate=None)
        for moment, times in MOMENTS.items():
            facts = checked_load(
                service, requests, connections=times * CONNECTIONS, seconds=SECONDS, rate=None
            )
            rows.append({"moment": moment, "connections": times * CONNECTIONS, **facts})
        alive = service.process.poll() is None and answers(service.address + "/readyz")
    before, during, after = rows
    bad = sum(
        int(str(row[name])) for row in rows for name in ("wrong", "other", "broken", "unanswered")
    )
    goals: list[Goal] = [
        at_most("answers wrong, lost, or other than 200 and 503", bad + (not alive), 0, ""),
        at_most("p99 of the answered, beside before", ratio(during, before), SPREAD, "x"),
        at_most("p99 afterwards, beside before", ratio(after, before), SPREAD, "x"),
    ]
    return Answer(rows, goals)


def ratio(row: Row, other: Row) -> float:
    return float(str(row["p99_ms"])) / float(str(other["p99_ms"]))
