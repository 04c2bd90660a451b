"""One fold in a process of its own: fit, predict, and the end, which gives all memory back.

    python -m textkind.workflow.fold_process FOLDER

Task and answer go through a folder: texts as Arrow files, numbers as safetensors, the rest as JSON.
The test texts come without their labels.
"""

import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.classifier import predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import decide
from textkind.decision.rule_settings import RuleSettings
from textkind.environment import own_environment
from textkind.errors import TextkindError
from textkind.progress import Notes
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.part_files import read_part, read_texts, write_part, write_texts
from textkind.storage.place import write_bytes
from textkind.storage.tensors import parse_tensors, tensor_bytes
from textkind.workflow.failures import why_ended, write_failure
from textkind.workflow.learn import ModelSettings, learn
from textkind.workflow.settings_as_json import model_of_json, model_to_json, rule_to_json

TRAIN, VALIDATION, TEXTS = "train.arrow", "validation.arrow", "texts.arrow"
TASK, NOTES, ANSWERS = "task.json", "notes.json", "answers.safetensors"


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
        raise why_ended(folder, done.returncode, done.stderr.decode(errors="replace"))


def write_task(folder: Path, task: FoldTask) -> None:
    """Fill the folder; OutputError where the disk refuses."""
    write_part(folder / TRAIN, task.train)
    if len(task.validation):
        write_part(folder / VALIDATION, task.validation)
    write_texts(folder / TEXTS, task.texts)
    told = {
        "labels": list(task.train.labels.names),
        "several": task.train.labels.several,
        "model": model_to_json(task.model),
        "calibration": asdict(task.calibration),
        "rule": rule_to_json(task.rule),
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
        model_of_json(told["model"]),
        CalibrationSettings(**told["calibration"]),
        RuleSettings(**told["rule"]),
        told["seed"],
        told["threads"],
    )


def read_answer(folder: Path) -> FoldAnswer:
    """What the process left."""
    arrays = parse_tensors((folder / ANSWERS).read_bytes(), ANSWERS)
    notes = parse_document((folder / NOTES).read_bytes(), NOTES)["notes"]
    return FoldAnswer(arrays["probabilities"], arrays["predicted"], notes)


def answered(task: FoldTask) -> FoldAnswer:
    """Fit and predict, here."""
    talk = Notes()
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
    return FoldAnswer(given, decide(learned.classifier.decision, given), talk.told)


def main(folder: Path) -> int:
    """Do the task of the folder; 0 where the answer is in it, 1 where why there is none."""
    try:
        answer = answered(read_task(folder))
    except TextkindError as error:
        write_failure(folder, error)
        return 1
    arrays = {"probabilities": answer.probabilities, "predicted": answer.predicted}
    write_bytes(folder / ANSWERS, tensor_bytes(arrays))
    write_bytes(folder / NOTES, document_bytes({"notes": answer.notes}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
