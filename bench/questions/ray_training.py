"""What does Ray cost `textkind train` with one worker, and what do two workers bring?

The bundled encoder is trained on each set for an epoch, one thread a worker: in one process, and on
a cluster that lives as long as the command, with one worker and with two. Nothing is dropped, so
all three should give the same loss at every look at validation. Texts a second are those of the
loop alone; the seconds of the whole command, with the start of the cluster, stand beside them.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import Facts, alternate, median
from bench.places import DATA, ROOM
from bench.questions.tuning import told_by
from bench.results import Answer, Goal, Row, at_least, at_most

PLAIN, ONE, TWO = "one process", "Ray, 1 worker", "Ray, 2 workers"
SIDES = {PLAIN: (), ONE: ("--ray-workers", "1"), TWO: ("--ray-workers", "2")}
MODEL = (
    *("--model", "pretrained", "--epochs", "1", "--dropout", "0", "--precision", "float32"),
    *("--interpolation", "1", "--no-refit", "--threads", "1", "--keep-texts", "0", "--map", "none"),
)
# Ray says so to its workers; the heads that are fitted hang on it in the fourth figure
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
SPEED_UP = 1.5  # gradients of all parameters are summed after each batch
NEAR = 1e-4  # nats


def ask(runs: int, sets: tuple[str, ...] = ("trec",)) -> Answer:
    rows: list[Row] = []
    goals: list[Goal] = []
    for name in sets:
        replies = alternate({side: turn(name, words) for side, words in SIDES.items()}, runs)
        speed = {side: median(facts, "texts/s") for side, facts in replies.items()}
        expected = replies[PLAIN][0]["losses"]
        gaps = {
            side: max(gap(one["losses"], expected) for one in facts)
            for side, facts in replies.items()
        }
        rows += [
            {
                "set": name,
                "side": side,
                "texts/s": speed[side],
                "of one process": speed[side] / speed[PLAIN],
                "command s": median(facts),
                "farthest loss": gaps[side],
                "test %": 100 * facts[0]["accuracy"],
            }
            for side, facts in replies.items()
        ]
        goals += [
            at_least(f"{name}: {TWO}, of {ONE}", speed[TWO] / speed[ONE], SPEED_UP, "x"),
            at_most(f"{name}: loss, {TWO} beside {PLAIN}", gaps[TWO], NEAR, ""),
        ]
    return Answer(rows, goals)


def turn(name: str, words: tuple[str, ...]) -> Callable[[], Facts]:
    """A function that trains once, on a cluster where words say how many workers there are."""
    files = (str(DATA / name / "train.csv"), "--test", str(DATA / name / "test.csv"))
    cluster = ("--ray", "local", *words) if words else ()

    def fit() -> Facts:
        ROOM.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ROOM) as room:
            began = time.perf_counter()
            out = ("--out", str(Path(room) / "run"))
            told = told_by("train", *files, *MODEL, *cluster, *out, variables=ONE_THREAD)
            seconds = time.perf_counter() - began
        trained = told["fit"]
        return {
            "seconds": seconds,
            "texts/s": trained["texts"] * trained["epochs"] / trained["training_seconds"],
            "losses": [look["log_loss"] for look in trained["history"]],
            "accuracy": told["test"]["accuracy"]["value"],
        }

    return fit


def gap(losses: list[float], expected: list[float]) -> float:
    """How far they are apart at most."""
    return max(abs(one - other) for one, other in zip(losses, expected, strict=True))
