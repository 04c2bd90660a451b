"""Does our whole search take no longer than scikit-learn's single fit?"""

from bench.data import LARGE, SMALL
from bench.measure import median
from bench.results import Answer, Row, at_least
from bench.sides import DEFAULT, LINEAR_SVC, Workers

ACCURACY = {"imdb": 91.2}


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        for name in LARGE + SMALL:
            workers.load([DEFAULT, LINEAR_SVC], [name])
            replies = workers.in_turn([DEFAULT, LINEAR_SVC], runs, ("fit", "predict"))
            ours, peer = (median(replies[side.name]["fit"]) for side in (DEFAULT, LINEAR_SVC))
            accuracies = [
                median(replies[side.name]["predict"], "accuracy") for side in (DEFAULT, LINEAR_SVC)
            ]
            chosen = replies[DEFAULT.name]["fit"][-1].get("chosen")
            rows.append(
                {
                    "set": name,
                    "whole search s": ours,
                    "scikit-learn, one fit s": peer,
                    "times ours": peer / ours,
                    "accuracy": accuracies[0],
                    "scikit-learn": accuracies[1],
                    "chosen": chosen,
                }
            )
            goals.append(at_least(f"{name}, whole search against one fit", peer / ours, 1, "x"))
            if name in ACCURACY:
                goals.append(
                    at_least(
                        f"{name}, settings chosen on validation",
                        accuracies[0],
                        ACCURACY[name],
                        " %",
                    )
                )
    return Answer(rows, goals)
