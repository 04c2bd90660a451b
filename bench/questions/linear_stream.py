"""How fast, and in how much memory, is a corpus learned that is streamed from shards?

Tweets over and over with other noise words each time (bench/noisy.py), as Parquet for us and, made
before the clock runs, as lines for Vowpal Wabbit. Ours from a stream, ours in memory, and theirs,
each in a process of its own, at the same number of passes over the texts. Ours counts reading,
checking, splitting and fitting; theirs reading and fitting. Memory is the most that the process
held, evaluation included. In memory is asked only of as many texts as the machine holds.
"""

import os
import sys
import tempfile
from pathlib import Path

from bench.data import read_part
from bench.measure import Facts, alternate, median
from bench.noisy import write_noisy
from bench.places import DATA, ROOM, environment_python
from bench.processes import told_by
from bench.results import Answer, Row, at_least, at_most

SET = "tweeteval_sentiment"
PASSES = 10
SETTING = {
    "features": "words",
    "word_ngrams": [1, 2],
    "naive_bayes": False,
    "strength": 0.25,
    "tolerance": 1e-9,  # so that no pass is the last before PASSES
    "most_passes": PASSES,
}
STREAM, MEMORY, WABBIT = "textkind, streamed", "textkind, in memory", "Vowpal Wabbit"
MEGABYTES, SHARE = 1500.0, 0.8
IN_MEMORY = 5600  # bytes a text: 1,662 MB were held for 300,000


def ask(runs: int, texts: int = 300_000) -> Answer:
    ROOM.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        folder = Path(room)
        write_noisy(folder, read_part(DATA / SET, "train"), texts)
        sides = {STREAM: lambda: ours(folder, stream=True), WABBIT: lambda: wabbit(folder)}
        if texts * IN_MEMORY < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
            sides[MEMORY] = lambda: ours(folder, stream=False)
        replies = alternate(sides, runs)
    seconds = {side: median(facts) for side, facts in replies.items()}
    rows: list[Row] = [
        {
            "side": side,
            "texts": texts,
            "passes": facts[0]["passes"],
            "seconds": seconds[side],
            "texts/s": texts / seconds[side],
            "peak MB": max(one["peak_mb"] for one in facts),
            "accuracy": median(facts, "accuracy"),
        }
        for side, facts in replies.items()
    ]
    peak = max(one["peak_mb"] for one in replies[STREAM])
    goals = [
        at_most(f"memory of streaming {texts:,} texts", peak, MEGABYTES, " MB"),
        at_least(
            "texts/s streamed, of Vowpal Wabbit's", seconds[WABBIT] / seconds[STREAM], 1.0, "x"
        ),
    ]
    if MEMORY in seconds:
        share = seconds[MEMORY] / seconds[STREAM]
        goals.append(at_least("texts/s streamed, of those in memory", share, SHARE, "x"))
    return Answer(rows, goals)


def ours(folder: Path, *, stream: bool) -> Facts:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        return told_by(
            sys.executable,
            "bench.peers.our_stream",
            shards=str(folder / "shards"),
            test=str(DATA / SET / "test.csv"),
            out=f"{out}/run",
            setting=SETTING,
            stream=stream,
        )


def wabbit(folder: Path) -> Facts:
    return told_by(
        str(environment_python("vowpalwabbit")),
        "bench.peers.vowpal_wabbit_stream",
        folder=str(folder),
        data=str(DATA / SET),
        loss="logistic",
        bits=22,
        passes=PASSES,
    )
