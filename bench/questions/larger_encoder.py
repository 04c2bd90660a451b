"""Does a larger encoder come through the same door, and what does it cost?

all-mpnet-base-v2, 109 million parameters, from a folder, fine-tuned once at the defaults.
"""

from bench.peers.larger_encoder import NAME, larger_encoder
from bench.results import Answer, Row, at_least
from bench.sides import OURS_PRETRAINED, Contender, Workers

TARGETS = {"banking77": 94.5, "sst2": 94.0}  # accuracy
SETS = tuple(TARGETS)


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    del runs  # one fit a set takes long enough
    setting = {"network": "pretrained", "encoder": str(larger_encoder())}
    rows: list[Row] = []
    goals = []
    for name in sets:
        side = Contender(name, OURS_PRETRAINED, setting)
        with Workers() as workers:
            workers.load([side], [name], order="delivered", warm_up=None)
            fit = workers.say(side, "fit")
            judged = workers.say(side, "judge")
        rows.append(
            {
                "set": name,
                "accuracy": judged["accuracy"],
                "fit s": fit["seconds"],
                "peak MB": fit["peak_mb"],
                "epochs": fit["epochs"],
                "precision": fit["precision"],
            }
        )
        goals.append(at_least(f"{name}, {NAME}", judged["accuracy"], TARGETS[name], " %"))
    return Answer(rows, goals)
