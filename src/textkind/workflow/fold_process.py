"""One fold in a process of its own: fit, predict, and the end, which gives all memory back.

    python -m textkind.workflow.fold_process

What it does comes by standard input and its answer goes to standard output, as Python objects
between two of our own processes; nothing of it is kept. The test texts come without their labels.
"""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import textkind
from textkind.classifier import predict_probabilities
from textkind.data.corpus import Corpus
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import decide
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import TextkindError, TrainingError
from textkind.progress import Talk
from textkind.workflow.learn import ModelSettings, learn


@dataclass(frozen=True, eq=False)
class FoldTask:
    """What to learn from, how, and the texts (N,) to label then."""

    train: Corpus
    validation: Corpus
    texts: pa.LargeStringArray
    model: ModelSettings
    calibration: CalibrationSettings
    rule: RuleSettings
    seed: int
    threads: int | None


@dataclass(frozen=True, eq=False)
class FoldAnswer:
    """Probabilities (N, K), labels as `decide` gives them, and what was told on the way."""

    probabilities: np.ndarray
    predicted: np.ndarray
    notes: list[str]


def in_own_process(task: FoldTask) -> FoldAnswer:
    """Do the task in another process.

    Raises what the fit raised of our errors, and TrainingError where the process ended otherwise.
    """
    home = str(Path(textkind.__file__).parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", "textkind.workflow.fold_process"],
        input=pickle.dumps(task),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )
    if done.returncode == 0:
        answer: FoldAnswer | TextkindError = pickle.loads(done.stdout)
        if isinstance(answer, TextkindError):
            raise answer
        return answer
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    reason = f"ended by signal {-done.returncode}" if done.returncode < 0 else "failed"
    hint = "the memory may not have been enough" if done.returncode == -9 else ""
    raise TrainingError(
        f"the process of a fold {reason}" + (f": {lines[-1][:200]}" if lines else ""), hint=hint
    )


def answered(task: FoldTask) -> FoldAnswer:
    """Fit and predict, here."""
    talk = _Listener()
    learned = learn(
        task.train,
        task.validation,
        task.model,
        calibration=task.calibration,
        rule=task.rule,
        seed=task.seed,
        threads=task.threads,
        talk=talk,
    )
    given = predict_probabilities(learned.classifier, task.texts, task.threads)
    return FoldAnswer(given, decide(learned.classifier.decision, given), talk.notes)


class _Listener(Talk):
    """Remembers the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def main() -> None:
    """The process: what libraries print goes to standard error, the answer alone to output."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    task = pickle.load(sys.stdin.buffer)
    answer: Any
    try:
        answer = answered(task)
    except TextkindError as error:
        answer = error
    with replies:
        pickle.dump(answer, replies)


if __name__ == "__main__":
    # under its own name, so that what is pickled here is known there
    from textkind.workflow import fold_process

    fold_process.main()
