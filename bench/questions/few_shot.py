"""How good is an encoder that has seen 8 or 16 texts a class, and how long does it take?

Five draws from the training part of banking77, through the public API; judged on the whole test
part. Nothing is chosen but on the drawn texts.
"""

from statistics import mean

from bench.measure import Facts
from bench.results import Answer, Row, at_least, at_most
from bench.sides import OURS_NEURAL, Contender, Workers

SET, DRAWS = "banking77", 5
SETTING: Facts = {"network": "pretrained", "validation_share": 0.0}
TARGETS = {8: 86.0, 16: 89.5}  # texts a class: accuracy
SECONDS = 60.0


def ask(runs: int) -> Answer:
    del runs  # the draws are the turns
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        side = Contender(SETTING["network"], OURS_NEURAL, SETTING)
        workers.load([side], [SET], warm_up=None)
        for texts, target in TARGETS.items():
            accuracy, seconds = [], []
            for seed in range(DRAWS):
                worker = workers.of(side)
                worker.ask("draw", texts=texts, seed=seed)
                seconds.append(worker.ask("fit", setting=SETTING | {"seed": seed})["seconds"])
                accuracy.append(worker.ask("predict")["accuracy"])
            rows.append(
                {
                    "texts a class": texts,
                    "model": side.name,
                    "accuracy": mean(accuracy),
                    "lowest": min(accuracy),
                    "highest": max(accuracy),
                    "fit s": mean(seconds),
                    "longest fit s": max(seconds),
                }
            )
            what = f"{SET}, {texts} texts a class"
            goals.append(at_least(what, mean(accuracy), target, " %"))
            goals.append(at_most(f"{what}, longest fit", max(seconds), SECONDS, " s"))
    return Answer(rows, goals)
