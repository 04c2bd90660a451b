"""What does Ray cost `textkind predict` with one worker, and what do two workers bring?

Tweets over and over with other noise words (bench/noisy.py) in shards of Parquet, labelled by the
linear model with its default features into a folder: in one process on one core; on Ray with one
worker, it and all of Ray's processes on that one core; on Ray with two workers on two cores.
Seconds count from the call to the last shard, the making of workers and the loading of models
included; the start of the cluster stands beside them. "steady" is the rate between the first and
the last shard, "CPU s" what all processes together used: where others keep the cores busy it still
tells what work Ray adds.

Simulated rows: workers on this machine that sleep as long as one worker took for a shard, more than
its cores could carry. They show what Ray's dispatch and the unequal ends of workers cost, and
nothing of disks and networks.
"""

import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.data import read_part
from bench.measure import Facts, alternate, median
from bench.noisy import write_noisy
from bench.places import DATA, ROOM
from bench.processes import told_by
from bench.results import Answer, Row, at_least, at_most
from textkind.models.settings import LinearSettings
from textkind.workflow.train import TrainSettings, train

SET = "tweeteval_sentiment"
MODEL = LinearSettings(features="both", strength=1.0, naive_bayes=False)
SHARDS = 40
PLAIN, ONE, TWO = "one process, one core", "Ray, 1 worker, one core", "Ray, 2 workers, two cores"
WORKERS = {PLAIN: 0, ONE: 1, TWO: 2}
SIMULATED = (1, 2, 4, 8, 16)
EACH = 16  # shards for each worker that sleeps
SPEED_UP, OVERHEAD = 1.8, 10.0


def ask(runs: int, texts: int = 1_000_000) -> Answer:
    ROOM.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        folder = Path(room)
        write_noisy(folder, read_part(DATA / SET, "train"), texts, -(-texts // SHARDS))
        train(DATA / SET / "train.csv", TrainSettings(out=folder / "model", model=MODEL))
        sides = {name: turn(folder, workers) for name, workers in WORKERS.items()}
        for side in sides.values():
            side()  # loads code, compiles kernels, brings the files into memory
        replies = alternate(sides, runs)
        services = [
            after - before
            for reply in replies[ONE]
            for before, after in itertools.pairwise(reply["written"])
        ]
        simulations = {
            workers: told_by(
                sys.executable,
                "bench.peers.our_cluster",
                do="simulate",
                workers=workers,
                services=list(itertools.islice(itertools.cycle(services), EACH * workers)),
            )
            for workers in SIMULATED
        }
    seconds = {name: median(facts) for name, facts in replies.items()}
    rows: list[Row] = [
        {
            "side": name,
            "texts": texts,
            "start s": median(facts, "start"),
            "seconds": seconds[name],
            "texts/s": texts / seconds[name],
            "of one process": seconds[PLAIN] / seconds[name],
            "CPU s": median(facts, "cpu"),
            "steady texts/s": max(steady(one, max(WORKERS[name], 1), texts) for one in facts),
        }
        for name, facts in replies.items()
    ]
    alone = rate(simulations[1], 1)
    rows += [
        {"side": f"simulated, {workers} workers", "of one worker": rate(facts, workers) / alone}
        for workers, facts in simulations.items()
    ]
    overhead = 100 * (seconds[ONE] / seconds[PLAIN] - 1)
    return Answer(
        rows,
        [
            at_least(f"{TWO}, of {PLAIN}", seconds[PLAIN] / seconds[TWO], SPEED_UP, "x"),
            at_most(f"{ONE}, beyond {PLAIN}", overhead, OVERHEAD, " %"),
        ],
    )


def turn(folder: Path, workers: int) -> Callable[[], Facts]:
    """A function that predicts once into a new folder."""

    def predict() -> Facts:
        with tempfile.TemporaryDirectory(dir=folder) as out:
            return told_by(
                sys.executable,
                "bench.peers.our_cluster",
                do="predict",
                cores=max(workers, 1),
                workers=workers,
                model=str(folder / "model"),
                shards=str(folder / "shards"),
                out=f"{out}/labelled",
            )

    return predict


def rate(facts: Facts, workers: int) -> float:
    """Shards a second between the first and the last: the first of each worker is behind us."""
    shards: float = (len(facts["written"]) - workers) / facts["written"][-1]
    return shards


def steady(facts: Facts, workers: int, texts: int) -> float:
    return rate(facts, workers) * texts / len(facts["written"])
