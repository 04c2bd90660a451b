"""How large is the saved model, and what does leaving out negligible weights cost?

The accuracy of the model in memory is compared with that of the model loaded from its folder.
"""

import tempfile

from bench.results import Answer, Goal, Row
from bench.sides import DEFAULT, FASTTEXT, FIXED, LINEAR_SVC, OURS, WABBIT_10, Workers

NAMES = ("imdb", "banking77")
CONTENDERS = [FIXED, DEFAULT, LINEAR_SVC, FASTTEXT, WABBIT_10]
TARGET = 10.0  # MB
LOSS = 0.1  # points of accuracy


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        for name in NAMES:
            workers.load(CONTENDERS, [name])
            for contender in CONTENDERS:
                workers.say(contender, "fit")
                fitted = workers.say(contender, "predict")["accuracy"]
                with tempfile.TemporaryDirectory() as folder:
                    size = workers.of(contender).ask("save", folder=folder)["mb"]
                    row: Row = {"set": name, "side": contender.name, "MB": size, "accuracy": fitted}
                    if contender.side == OURS:
                        loaded = workers.of(contender).ask("accuracy_loaded", folder=folder)[
                            "accuracy"
                        ]
                        row["accuracy after loading"] = loaded
                        reached = size <= TARGET and abs(loaded - fitted) <= LOSS
                        measured = f"{size:.1f} MB, {loaded - fitted:+.2f} points"
                        goals.append(
                            Goal(
                                f"model folder, {name}, {contender.name}",
                                f"{TARGET:g} MB, {LOSS} points",
                                measured,
                                reached,
                            )
                        )
                rows.append(row)
    return Answer(rows, goals)
