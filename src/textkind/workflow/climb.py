"""Climb: fit every rung on every fold, each in a process of its own, within one budget.

What is there already from an earlier, interrupted climb is kept.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textkind.data.split import Parts
from textkind.progress import Talk
from textkind.storage.part_files import write_part, write_texts
from textkind.workflow.isolated import Failure, run_isolated
from textkind.workflow.ladder import PRIOR, STACK, shares
from textkind.workflow.rung import OUTCOME, TEST, TRAIN, VALIDATION, Job

LEAST_SECONDS = 2.0  # of a rung: a process is hardly up in less


@dataclass(frozen=True)
class Climb:
    """What all fits have in common.

    folder   the unfinished comparison
    budget   seconds for all fits together; None: as long as they need
    origin   provenance as JSON
    """

    folder: Path
    rungs: tuple[str, ...]
    budget: float | None
    seed: int
    threads: int | None
    origin: dict[str, Any]

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


def climb(plan: Climb, folds: list[Parts], talk: Talk) -> dict[str, Failure]:
    """Fit each rung on each fold, unless it is there; the failures by name of rung.

    A rung that fails on one fold is not tried on the others.
    """
    labels = folds[0].train.labels
    failures: dict[str, Failure] = {}
    waiting = [
        (name, fold)
        for name in plan.rungs
        for fold in range(1, len(folds) + 1)
        if not (plan.place(fold) / name / OUTCOME).exists()
    ]
    spent = _seconds_before(plan, len(folds))
    for done, (name, fold) in enumerate(waiting):
        if name in failures:
            continue
        where = f" (fold {fold} of {len(folds)})" if len(folds) > 1 else ""
        share, limit = shares(plan.budget, spent, len(waiting) - done)
        if limit is not None and limit < LEAST_SECONDS:
            failures[name] = Failure(f"no time left{where}", "give a longer --budget")
            talk.note(f"{name}{where}: no time left")
            continue
        job = Job(
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
        )
        began = time.monotonic()
        with talk.task(f"{name}{where}"):
            failure = run_isolated(job, limit, _Named(name, talk))
        seconds = time.monotonic() - began
        spent += seconds
        if failure is not None:
            failures[name] = Failure(failure.reason + where, failure.hint)
        ending = f"finished after {seconds:.1f} s" if failure is None else failure.reason
        talk.note(f"{name}{where}: {ending}")
    return failures


def _members(plan: Climb, fold: int, failures: dict[str, Failure]) -> tuple[str, ...]:
    """The finished rungs of a fold that a stack may be made of."""
    return tuple(
        str(plan.place(fold) / name)
        for name in plan.rungs
        if name not in (PRIOR, STACK) and name not in failures
    )


def _seconds_before(plan: Climb, folds: int) -> float:
    """What the rungs that are there already took of the budget."""
    seconds = 0.0
    for name in plan.rungs:
        for fold in range(1, folds + 1):
            path = plan.place(fold) / name / OUTCOME
            if path.exists():
                seconds += json.loads(path.read_text(encoding="utf-8"))["seconds"]
    return seconds


class _Named(Talk):
    """Passes on what a rung tells, its name before each note."""

    def __init__(self, name: str, listener: Talk) -> None:
        self._name, self._listener = name, listener

    def note(self, message: str) -> None:
        self._listener.note(f"{self._name}: {message}")

    def advance(self, done: int, total: int, detail: str = "") -> None:
        self._listener.advance(done, total, detail)
