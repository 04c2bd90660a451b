"""How much memory does a fit on 500,000 short rows take above the data?

The peak of the resident set during the fit less the resident set before it, in a process of its
own that has read the data and warmed up; for the fastText command the whole peak of its process,
since its data are a file.
"""

from bench.results import Answer, Row, at_most
from bench.sides import DEFAULT, FASTTEXT, FIXED, HASHED_SGD, Workers

NAMES = ["banking77", "sst2"]
ROWS = 500_000
TARGET = 250.0  # MB


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    for contender in [FIXED, DEFAULT, FASTTEXT, HASHED_SGD]:
        with Workers() as workers:
            workers.load([contender], NAMES, rows=ROWS)
            facts = workers.say(contender, "fit")
            accuracy = workers.say(contender, "predict")["accuracy"]
        memory: float = facts["peak_mb"] if "peak_mb" in facts else facts["growth_mb"]
        rows.append(
            {
                "side": contender.name,
                "rows": ROWS,
                "MB": memory,
                "fit s": facts["seconds"],
                "accuracy": accuracy,
            }
        )
        if contender in (FIXED, DEFAULT):
            goals.append(at_most(f"memory above the data, {contender.name}", memory, TARGET, " MB"))
    return Answer(rows, goals)
