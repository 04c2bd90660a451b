"""How fast do strings become labels, in a batch and one by one, through the public API?

fastText's batch is one run of its command, start and loading included, on a file prepared before;
its one text goes through the pipe of a running command.
"""

from bench.measure import Facts, median
from bench.results import Answer, Row, at_least, at_most
from bench.sides import FASTTEXT, FIXED, LINEAR_SVC, WABBIT_10, Workers

CONTENDERS = [FIXED, LINEAR_SVC, FASTTEXT, WABBIT_10]
BATCH = {"imdb": 50_000, "banking77": 700_000}  # texts a second
ONE = 0.05  # ms
ONE_WORDS = 15


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        for name, target in BATCH.items():
            workers.load(CONTENDERS, [name])
            for contender in CONTENDERS:
                workers.say(contender, "fit")
            replies = workers.in_turn(CONTENDERS, max(runs, 5), ("predict", "predict_one"))
            probability = [workers.of(FIXED).ask("probabilities_one") for _ in range(runs)]
            for side, verbs in replies.items():
                rows.append(row(name, side, verbs))
            rows.append(
                {
                    "set": name,
                    "side": "textkind, predict_proba",
                    f"one text of {ONE_WORDS} words, ms": 1000 * median(probability),
                }
            )
            ours = median(replies[FIXED.name]["predict"], "docs_s")
            goals.append(at_least(f"predict in batch, {name}", ours, target, " docs/s"))
            milliseconds = 1000 * median(replies[FIXED.name]["predict_one"])
            goals.append(at_most(f"predict one text, model of {name}", milliseconds, ONE, " ms"))
    return Answer(rows, goals)


def row(name: str, side: str, verbs: dict[str, list[Facts]]) -> Row:
    return {
        "set": name,
        "side": side,
        "docs/s": median(verbs["predict"], "docs_s"),
        f"one text of {ONE_WORDS} words, ms": 1000 * median(verbs["predict_one"]),
    }
