"""Timing in processes: each side lives in one of its own, data and kernels ready, awaiting turns.

The two ends speak lines of JSON: a request names a verb and its arguments, the reply holds plain
facts. `Worker` is the end of the bench, `serve` the end of the side. Standard library only: the
peers' environments import it too.
"""

import contextlib
import ctypes
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

from bench.data import DataSet, Part, load, spread
from bench.places import ROOM, ROOT

WARM_UP_ROWS = 1000
Facts = dict[str, Any]


class Side(Protocol):
    """What is measured: ours or a peer."""

    model: Any  # the fitted model, if the process holds it

    def take(self, data: DataSet) -> None:
        """Whatever the side needs before the clock runs, such as a file in its own format."""

    def fit(self, setting: Facts) -> Facts:
        """From the training texts to a fitted model; `peak_mb` among the facts of a command."""

    def predict(self, texts: list[str]) -> list[str]:
        """The label name of each text."""

    def save(self, folder: Path) -> None:
        """The fitted model into an empty folder."""

    def features(self, setting: Facts) -> Facts:
        """From the training texts to a sparse matrix of weighted features.

        NotImplementedError where the side makes none.
        """


class TrainingAlone:
    """The part of a Side that is never asked of one whose training alone is measured."""

    def predict(self, texts: list[str]) -> list[str]:
        raise NotImplementedError("only the training is measured")

    def save(self, folder: Path) -> None:
        raise NotImplementedError("only the training is measured")

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("the ids are made before the clock runs")


class Worker:
    """A side in its own process."""

    def __init__(
        self, python: Path, module: str, environment: dict[str, str] | None = None
    ) -> None:
        ROOM.mkdir(exist_ok=True)
        self.module = module
        self.log = (ROOM / f"{module}.log").open("w")
        self.process = subprocess.Popen(
            [str(python), "-m", module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def ask(self, verb: str, **arguments: Any) -> Facts:
        """One request and its reply; RuntimeError with the end of its log if the side failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # of a side that has ended: told below
            self.process.stdin.write(json.dumps({"verb": verb, **arguments}) + "\n")
            self.process.stdin.flush()
        reply = self.process.stdout.readline()
        if not reply:
            tail = Path(self.log.name).read_text()[-2000:]
            raise RuntimeError(f"{self.module} ended during {verb!r}:\n{tail}")
        facts: Facts = json.loads(reply)
        return facts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.log.close()


def alternate(turns: dict[str, Callable[[], Facts]], runs: int) -> dict[str, list[Facts]]:
    """Each side's replies when all take turns: what slows the machine slows them all."""
    replies: dict[str, list[Facts]] = {name: [] for name in turns}
    for _ in range(runs):
        for name, turn in turns.items():
            replies[name].append(turn())
    return replies


def median(replies: list[Facts], fact: str = "seconds") -> float:
    return statistics.median(reply[fact] for reply in replies)


def resident_mb(line: str) -> float:
    """VmRSS (now) or VmHWM (peak) of this process in MB of 1,000,000 bytes."""
    for text in Path("/proc/self/status").read_text().splitlines():
        if text.startswith(line):
            return int(text.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"no {line} in /proc/self/status")


def forget_peak() -> None:
    """Gives freed memory back and sets VmHWM to VmRSS: malloc_trim(3); proc(5), clear_refs."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def timed_each(work: Callable[[list[str]], object], texts: list[str]) -> float:
    """Median seconds of the work on one text."""
    seconds = []
    for text in texts:
        start = time.perf_counter()
        work([text])
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


class Desk:
    """The verbs a side answers: each does one thing and says how long it took."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.data = DataSet(Part([], []), Part([], []))

    def load(self, names: list[str], order: str = "delivered", rows: int | None = None) -> Facts:
        self.data = load(names, order, rows)
        self.side.take(self.data)
        texts = self.data.train.texts
        return {"rows": len(texts), "bytes": sum(len(text.encode()) for text in texts)}

    def warm(self, setting: Facts, work: str) -> Facts:
        """The same work, fit or features, on few rows: compiles kernels, loads code."""
        part = spread(self.data.train, WARM_UP_ROWS)
        self.side.take(DataSet(part, part))
        if work == "fit":
            self.side.fit(setting)
            self.side.predict(part.texts)
        else:
            self.side.features(setting)
        self.side.take(self.data)
        return {}

    def fit(self, setting: Facts) -> Facts:
        self.side.model = (
            None  # the model of an earlier fit is not part of the memory before this one
        )
        forget_peak()
        before = resident_mb("VmRSS")
        start = time.perf_counter()
        facts = self.side.fit(setting)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "growth_mb": resident_mb("VmHWM") - before, **facts}

    def predict(self, labels: bool = False) -> Facts:
        """The whole test part in one call; with the labels that were given if asked."""
        test = self.data.test
        start = time.perf_counter()
        predicted = self.side.predict(test.texts)
        seconds = time.perf_counter() - start
        right = sum(a == b for a, b in zip(predicted, test.labels, strict=True))
        facts: Facts = {
            "seconds": seconds,
            "docs_s": len(predicted) / seconds,
            "accuracy": 100 * right / len(predicted),
        }
        return facts | {"labels": predicted} if labels else facts

    def predict_one(self, calls: int = 300, words: int = 15) -> Facts:
        """One text of `words` words at a time: median over calls, each with another text."""
        return {"seconds": self.one_by_one(self.side.predict, calls, words)}

    def predict_each(self, calls: int = 200) -> Facts:
        """The first texts of the test part as they are, one at a time: median."""
        return {"seconds": timed_each(self.side.predict, self.data.test.texts[:calls])}

    def one_by_one(self, work: Callable[[list[str]], object], calls: int, words: int) -> float:
        texts = [
            " ".join(text.split()[:words])
            for text in self.data.test.texts
            if len(text.split()) >= words
        ]
        return timed_each(work, (texts * calls)[:calls])

    def features(self, setting: Facts) -> Facts:
        gc.collect()
        start = time.perf_counter()
        facts = self.side.features(setting)
        return {"seconds": time.perf_counter() - start, **facts}

    def save(self, folder: str) -> Facts:
        """MB of the saved model; the folder is left in place."""
        self.side.save(Path(folder))
        return {
            "mb": sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
            / 1e6
        }


def serve(desk: Desk) -> None:
    """Answers requests from stdin until it closes; what the side itself prints goes to the log."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        facts = getattr(desk, request.pop("verb"))(**request)
        replies.write(json.dumps(facts) + "\n")
        replies.flush()
