"""How fast, and in how much memory, are shards predicted to shards, and does a kill change a byte?

Tweets over and over with other noise words each time (bench/noisy.py), as shards of Parquet, and
linear models at their defaults and of words alone. Streamed: read from the disk, labelled, written
to the disk. In memory: all rows there, labelled at once. Each in a process of its own, in turn.
CPU seconds are less shaken by what else the machine does; streamed they hold the model's opening.

Then the command itself is killed -9 ten times, at moments drawn over the whole of its work, and
started again: the folder it ends with is compared, byte by byte, with that of a call that nobody
disturbed.
"""

import random
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.data import Part, read_part
from bench.measure import Facts, alternate, median
from bench.noisy import noisy_rows
from bench.places import DATA, ROOM, ROOT
from bench.processes import told_by
from bench.results import Answer, Goal, Row, at_least
from textkind.models.settings import LinearSettings
from textkind.workflow.train import TrainSettings, train

SET = "tweeteval_sentiment"
ROWS_A_SHARD = 20_000
KILLS = 10
SHARE = 0.8
STREAM, MEMORY = "streamed", "in memory"
MODELS = {
    "default": LinearSettings(),
    "words": LinearSettings(features="words", strength=0.25, naive_bayes=False),
}


def ask(runs: int, texts: int = 300_000) -> Answer:
    ROOM.mkdir(exist_ok=True)
    rows: list[Row] = []
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        folder = Path(room)
        write_shards(folder / "shards", read_part(DATA / SET, "train"), texts)
        for name, settings in MODELS.items():
            model = folder / name
            train(DATA / SET / "train.csv", TrainSettings(out=model, model=settings))
            replies = alternate(
                {
                    STREAM: partial(predicted, folder, model, stream=True),
                    MEMORY: partial(predicted, folder, model, stream=False),
                },
                runs,
            )
            rows += [row_of(f"{name}, {side}", facts) for side, facts in replies.items()]
            share = median(replies[MEMORY]) / median(replies[STREAM])
            goals.append(
                at_least(f"texts/s streamed, of those in memory, {name}", share, SHARE, "")
            )
        kills, differing = killed(folder, folder / "default")
        rows.append({"side": "killed", "kills": kills, "files that differ": differing})
        goals.append(
            Goal(
                f"the same bytes after {KILLS} kills",
                f"{KILLS} kills, 0 files that differ",
                f"{kills} kills, {differing} files that differ",
                kills == KILLS and differing == 0,
            )
        )
    return Answer(rows, goals)


def write_shards(folder: Path, part: Part, rows: int) -> None:
    """folder/part-*.parquet with the columns id and text."""
    folder.mkdir()
    texts: list[str] = []
    for number, (text, _) in enumerate(noisy_rows(part, rows), 1):
        texts.append(text)
        if len(texts) == ROWS_A_SHARD or number == rows:
            ids = pa.array(range(number - len(texts), number))
            table = pa.table({"id": ids, "text": texts})
            pq.write_table(table, folder / f"part-{-(-number // ROWS_A_SHARD):05d}.parquet")
            texts = []


def predicted(folder: Path, model: Path, *, stream: bool) -> Facts:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        return told_by(
            sys.executable,
            "bench.peers.our_prediction",
            model=str(model),
            shards=str(folder / "shards"),
            out=out,
            stream=stream,
        )


def row_of(side: str, replies: list[Facts]) -> Row:
    seconds = median(replies)
    return {
        "side": side,
        "texts": replies[0]["texts"],
        "seconds": seconds,
        "CPU s": median(replies, "cpu"),
        "texts/s": replies[0]["texts"] / seconds,
        "peak MB": max(reply["peak_mb"] for reply in replies),
    }


def killed(folder: Path, model: Path) -> tuple[int, int]:
    """How often the command was killed, and in how many files its folder then differs."""
    undisturbed, disturbed = folder / "undisturbed", folder / "disturbed"
    start = time.perf_counter()
    command(model, folder / "shards", undisturbed).wait()
    shards = len(list((folder / "shards").iterdir()))
    a_shard = (time.perf_counter() - start) / shards
    chance = random.Random(0)
    kills = 0
    for moment in sorted(chance.uniform(0, shards - 2) for _ in range(KILLS)):
        with command(model, folder / "shards", disturbed) as process:
            while process.poll() is None and finished(disturbed) < int(moment):
                time.sleep(a_shard / 20)
            time.sleep(chance.uniform(0, a_shard))
            if process.poll() is None:
                process.kill()
                kills += 1
    if command(model, folder / "shards", disturbed).wait():
        raise RuntimeError("the command failed after the last kill")
    expected, found = contents(undisturbed), contents(disturbed)
    names = expected.keys() | found.keys()
    return kills, sum(expected.get(name) != found.get(name) for name in names)


def command(model: Path, shards: Path, out: Path) -> subprocess.Popen[bytes]:
    asked = ["predict", str(model), str(shards), "-o", f"{out}/", "--quiet"]
    return subprocess.Popen(
        [sys.executable, "-m", "textkind", *asked], cwd=ROOT, stdout=subprocess.DEVNULL
    )


def finished(folder: Path) -> int:
    """How many files of predictions stand there."""
    return len(list(folder.glob("*.parquet")))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the lock, which is always empty."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }
