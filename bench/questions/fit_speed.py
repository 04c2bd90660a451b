"""How long from a list of strings in memory to a fitted model, at the peer's fixed setting?

fastText and Vowpal Wabbit read a file prepared before the clock runs: lower case, punctuation
apart, shuffled.
"""

from bench.data import LARGE, SMALL
from bench.measure import median
from bench.results import Answer, Row, at_least
from bench.sides import FASTTEXT, FIXED, LINEAR_SVC, WABBIT_1, WABBIT_10, Workers

CONTENDERS = [FIXED, LINEAR_SVC, FASTTEXT, WABBIT_1, WABBIT_10]
RATIOS = {  # peer's seconds over ours, to reach
    ("newsgroups20", LINEAR_SVC.name): 12.0,
    ("imdb", LINEAR_SVC.name): 15.0,
    ("imdb", FASTTEXT.name): 2.5,
    **{(name, LINEAR_SVC.name): 1.0 for name in SMALL},
}
ACCURACY = {"newsgroups20": 86.6}


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        for name in LARGE + SMALL:
            workers.load(CONTENDERS, [name])
            replies = workers.in_turn(CONTENDERS, runs, ("fit", "predict"))
            seconds = {contender: median(verbs["fit"]) for contender, verbs in replies.items()}
            accuracy = {
                contender: median(verbs["predict"], "accuracy")
                for contender, verbs in replies.items()
            }
            for contender, taken in seconds.items():
                ratio = taken / seconds[FIXED.name]
                rows.append(
                    {
                        "set": name,
                        "side": contender,
                        "fit s": taken,
                        "times ours": ratio,
                        "accuracy": accuracy[contender],
                    }
                )
                target = RATIOS.get((name, contender))
                if target is not None:
                    goals.append(at_least(f"{name}, fit, against {contender}", ratio, target, "x"))
            if name in ACCURACY:
                goals.append(
                    at_least(f"{name}, fixed setting", accuracy[FIXED.name], ACCURACY[name], " %")
                )
    return Answer(rows, goals)
