"""One fold in a process of its own: fit, predict, and the end, which gives all memory back.

    python -m textkind.workflow.fold_process FOLDER

Task and answer go through a folder: texts as Arrow files, numbers as safetensors, the rest as JSON.
The test texts come without their labels.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind import errors
from textkind.classifier import predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import decide
from textkind.decision.rule_settings import RuleSettings
from textkind.environment import own_environment
from textkind.errors import TextkindError, TrainingError
from textkind.models.neural_settings import NeuralSettings, settings_of_json, settings_to_json
from textkind.models.prior import PriorSettings
from textkind.models.settings import linear_settings_of_json
from textkind.progress import Talk
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.part_files import read_part, read_texts, write_part, write_texts
from textkind.storage.place import write_bytes
from textkind.storage.tensors import parse_tensors, tensor_bytes
from textkind.workflow.learn import ModelSettings, learn

TRAIN, VALIDATION, TEXTS = "train.arrow", "validation.arrow", "texts.arrow"
TASK, FAILURE, NOTES, ANSWERS = "task.json", "failure.json", "notes.json", "answers.safetensors"
PATHS = ("tokenizer", "encoder", "vectors")  # of neural settings, which a model folder cuts


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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_task(folder, task)
        done = subprocess.run(
            [sys.executable, "-m", "textkind.workflow.fold_process", name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=own_environment(),
            check=False,
        )
        if done.returncode == 0:
            return read_answer(folder)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    reason = f"ended by signal {-done.returncode}" if done.returncode < 0 else "failed"
    hint = "the memory may not have been enough" if done.returncode == -9 else ""
    raise TrainingError(
        f"the process of a fold {reason}" + (f": {lines[-1][:200]}" if lines else ""), hint=hint
    )


def write_task(folder: Path, task: FoldTask) -> None:
    """Fill the folder; OutputError where the disk refuses."""
    write_part(folder / TRAIN, task.train)
    if len(task.validation):
        write_part(folder / VALIDATION, task.validation)
    write_texts(folder / TEXTS, task.texts)
    model: dict[str, Any] = asdict(task.model)
    if isinstance(task.model, NeuralSettings):
        model = settings_to_json(task.model)
        model |= {name: _told_path(getattr(task.model, name)) for name in PATHS}
    rule = asdict(task.rule)
    if isinstance(task.rule.costs, Path):
        rule["costs"] = str(task.rule.costs)
    told = {
        "labels": list(task.train.labels.names),
        "several": task.train.labels.several,
        "kind": type(task.model).__name__,
        "model": model,
        "calibration": asdict(task.calibration),
        "rule": rule,
        "seed": task.seed,
        "threads": task.threads,
    }
    write_bytes(folder / TASK, document_bytes(told))


def read_task(folder: Path) -> FoldTask:
    """What write_task wrote; the rows of each part are counted from 0."""
    told = parse_document((folder / TASK).read_bytes(), TASK)
    labels = LabelSet(tuple(told["labels"]), told["several"])
    train = read_part(folder / TRAIN, labels)
    validation = train.take(np.empty(0, np.int64))
    if (folder / VALIDATION).exists():
        validation = read_part(folder / VALIDATION, labels)
    return FoldTask(
        train,
        validation,
        read_texts(folder / TEXTS),
        MODEL_OF[told["kind"]](told["model"]),
        CalibrationSettings(**told["calibration"]),
        RuleSettings(**told["rule"]),
        told["seed"],
        told["threads"],
    )


def read_answer(folder: Path) -> FoldAnswer:
    """What the process left; raises the error that it told."""
    if (folder / FAILURE).exists():
        told = parse_document((folder / FAILURE).read_bytes(), FAILURE)
        kind = getattr(errors, told.pop("kind"))
        raise kind(told.pop("problem"), **told)
    arrays = parse_tensors((folder / ANSWERS).read_bytes(), ANSWERS)
    notes = parse_document((folder / NOTES).read_bytes(), NOTES)["notes"]
    return FoldAnswer(arrays["probabilities"], arrays["predicted"], notes)


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


def main(folder: Path) -> None:
    """Do the task of the folder; the answer, or why there is none, goes there too."""
    try:
        answer = answered(read_task(folder))
    except TextkindError as error:
        found = error.found
        told = {
            "kind": type(error).__name__,
            "problem": error.args[0],
            "found": found if isinstance(found, str | int | float | None) else str(found),
            "where": error.where,
            "hint": error.hint,
        }
        write_bytes(folder / FAILURE, document_bytes(told))
        return
    arrays = {"probabilities": answer.probabilities, "predicted": answer.predicted}
    write_bytes(folder / ANSWERS, tensor_bytes(arrays))
    write_bytes(folder / NOTES, document_bytes({"notes": answer.notes}))


def _told_path(path: Path | str | None) -> str | None:
    return None if path is None else str(path)


MODEL_OF: Mapping[str, Callable[[dict[str, Any]], ModelSettings]] = {
    "LinearSettings": linear_settings_of_json,
    "NeuralSettings": settings_of_json,
    "PriorSettings": lambda told: PriorSettings(**told),
}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
