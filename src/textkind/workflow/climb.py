"""Climb: fit every rung on every fold, each in a process of its own, within one budget.

What is there already from an earlier, interrupted climb is kept, and so is what it spent.
"""

import contextlib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textkind.data.labels import LabelSet
from textkind.data.split import Parts
from textkind.errors import OutputError
from textkind.progress import Talk
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.part_files import write_part, write_texts
from textkind.storage.place import replace_bytes
from textkind.workflow.isolated import LEAST_SECONDS, Failure
from textkind.workflow.job_runner import JobRunner, LocalRunner
from textkind.workflow.ladder import PRIOR, STACK, shares
from textkind.workflow.rung import OUTCOME, TEST, TRAIN, VALIDATION, Job

SPENT = "spent.json"  # seconds of all fits so far, those that failed or were cut off among them


@dataclass(frozen=True)
class Climb:
    """What all fits have in common.

    folder   the unfinished comparison
    budget   seconds for all fits together; None: as long as they need
    origin   provenance as JSON
    encoder  that the models start from which start from one, and its revision; None: the usual one
    """

    folder: Path
    rungs: tuple[str, ...]
    budget: float | None
    seed: int
    threads: int | None
    origin: dict[str, Any]
    encoder: str | None = None
    revision: str | None = None

    def place(self, fold: int) -> Path:
        """The folder of a fold, counted from 1."""
        return self.folder / f"fold-{fold}"


def write_parts(folder: Path, folds: list[Parts]) -> None:
    """The parts of every fold as files, the test part without labels; those there are replaced."""
    for number, parts in enumerate(folds, 1):
        place = folder / f"fold-{number}"
        place.mkdir(exist_ok=True)
        write_part(place / TRAIN, parts.train)
        if len(parts.validation):
            write_part(place / VALIDATION, parts.validation)
        assert parts.test is not None
        write_texts(place / TEST, parts.test.texts)


def climb(
    plan: Climb, folds: list[Parts], talk: Talk, runner: JobRunner | None = None
) -> dict[str, Failure]:
    """Fit each rung on each fold, unless it is there; the failures by name of rung.

    A rung that fails on one fold is not begun on the others. Without a runner the jobs are done
    here, one after the other.
    """
    runner = LocalRunner() if runner is None else runner
    failures: dict[str, Failure] = {}
    waiting = deque(
        (name, fold)
        for name in plan.rungs
        for fold in range(1, len(folds) + 1)
        if name == STACK or not _is_done(plan, name, fold, failures)
    )
    running: dict[str, _Begun] = {}  # by the folder that it fills
    spent = _spent_before(plan)
    while waiting or running:
        while waiting and len(running) < runner.at_once and not _must_wait(waiting[0][0], running):
            name, fold = waiting.popleft()
            if name in failures or _is_done(plan, name, fold, failures):
                continue
            where = f" (fold {fold} of {len(folds)})" if len(folds) > 1 else ""
            reserved = sum(begun.share for begun in running.values() if begun.share is not None)
            share, limit = shares(plan.budget, spent + reserved, len(waiting) + 1)
            if limit is not None and limit < LEAST_SECONDS:
                failures[name] = Failure(f"no time left{where}", "give a longer --budget")
                talk.note(f"{name}{where}: no time left")
                continue
            job = _job(plan, name, fold, folds[0].train.labels, share, failures)
            running[job.out] = _Begun(name, where, share, time.monotonic())
            runner.begin(job, limit, _Named(name, talk))
        if not running:
            continue
        try:
            with talk.task(", ".join(begun.name + begun.where for begun in running.values())):
                ended = runner.next_end()
        except BaseException:
            now = time.monotonic()
            with contextlib.suppress(OutputError):  # what ended the climb is the news
                _keep_spent(plan, spent + sum(now - begun.began for begun in running.values()))
            raise
        begun, failure = running.pop(ended.job.out), ended.failure
        spent += ended.seconds
        _keep_spent(plan, spent)
        if failure is not None:
            failures[begun.name] = Failure(failure.reason + begun.where, failure.hint)
        ending = f"finished after {ended.seconds:.1f} s" if failure is None else failure.reason
        talk.note(f"{begun.name}{begun.where}: {ending}")
    return failures


@dataclass(frozen=True)
class _Begun:
    """A fit that is running: its rung, its fold in words, the seconds it should take, its start."""

    name: str
    where: str
    share: float | None
    began: float


def _must_wait(name: str, running: Mapping[str, _Begun]) -> bool:
    """Whether a rung is made of others that have not ended yet."""
    return name == STACK and any(begun.name != STACK for begun in running.values())


def _job(
    plan: Climb,
    name: str,
    fold: int,
    labels: LabelSet,
    share: float | None,
    failures: Mapping[str, Failure],
) -> Job:
    return Job(
        rung=name,
        parts=str(plan.place(fold)),
        out=str(plan.place(fold) / name),
        labels=labels.names,
        several=labels.several,
        seed=plan.seed,
        threads=plan.threads,
        seconds=share,
        members=_members(plan, fold, failures) if name == STACK else (),
        origin=plan.origin,
        encoder=plan.encoder,
        revision=plan.revision,
    )


def _members(plan: Climb, fold: int, failures: Mapping[str, Failure]) -> tuple[str, ...]:
    """The finished rungs of a fold that a stack may be made of."""
    return tuple(
        str(plan.place(fold) / name)
        for name in plan.rungs
        if name not in (PRIOR, STACK) and name not in failures
    )


def _is_done(plan: Climb, name: str, fold: int, failures: Mapping[str, Failure]) -> bool:
    """Whether a rung is there from an earlier climb, and a stack was offered the members of now."""
    path = plan.place(fold) / name / OUTCOME
    if name != STACK or not path.exists():
        return path.exists()
    offered = parse_document(path.read_bytes(), str(path))["offered"]
    return offered == [Path(member).name for member in _members(plan, fold, failures)]


def _spent_before(plan: Climb) -> float:
    """Seconds that an earlier climb here has spent."""
    path = plan.folder / SPENT
    return float(parse_document(path.read_bytes(), str(path))["seconds"]) if path.exists() else 0.0


def _keep_spent(plan: Climb, seconds: float) -> None:
    replace_bytes(plan.folder / SPENT, document_bytes({"seconds": seconds}))


class _Named(Talk):
    """Passes on what a rung tells, its name before each note."""

    def __init__(self, name: str, listener: Talk) -> None:
        self._name, self._listener = name, listener

    def note(self, message: str) -> None:
        self._listener.note(f"{self._name}: {message}")

    def advance(self, done: int, total: int, detail: str = "") -> None:
        self._listener.advance(done, total, detail)
