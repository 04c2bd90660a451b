"""Distil: open the teacher -> read -> split -> ask the teacher -> learn -> measure -> write.

The student is small and fast; it follows the teacher's probabilities on the labelled texts that it
learns from and on texts without a label. Beside it the same model is fitted to the labels alone, so
that what the teacher adds is seen. What comes out is a run folder like any other.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading, Reading
from textkind.data.settings import ReadSettings
from textkind.data.soft import SoftTargets
from textkind.data.split import Parts
from textkind.decision.decision import decide
from textkind.errors import DataError, SettingsError, did_you_mean
from textkind.models.neural_settings import DISTILLED, NeuralSettings, default_settings
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Talk
from textkind.storage.run_folder import new_run_folder
from textkind.workflow.kept_texts import MOST_KEPT, check_number, kept_files
from textkind.workflow.learn import Learned, ModelSettings, learn
from textkind.workflow.origin import origin_of, run_folder_for
from textkind.workflow.parts import data_facts, read_unlabelled, split_readings
from textkind.workflow.scored_parts import scored_parts
from textkind.workflow.student_figures import (
    LABELS_ALONE,
    STUDENT,
    TEACHER,
    compared_facts,
    measured_learner,
    measured_model,
)
from textkind.workflow.teacher import (
    Teacher,
    fresh_texts,
    open_teacher,
    read_for,
    split_of,
    told_of_split,
)
from textkind.workflow.told import Account
from textkind.workflow.train import (
    RunResult,
    TrainSettings,
    fit_facts,
    named_parts,
    run_facts,
    unread_of_test,
    write_run,
)


@dataclass(frozen=True)
class Student:
    """A model that can learn from a teacher.

    settings  of the student
    alone     of the same kind of model where it learns from labels alone
    softens   whether it can compare itself with the teacher at a temperature
    """

    settings: Callable[[], LinearSettings | NeuralSettings]
    alone: Callable[[], LinearSettings | NeuralSettings]
    softens: bool


def _static() -> NeuralSettings:
    return default_settings("mean_pool", DISTILLED)


STUDENTS = {
    "linear": Student(lambda: LinearSettings(objective="logistic"), LinearSettings, softens=False),
    "static": Student(_static, _static, softens=True),
}


@dataclass(frozen=True)
class DistilSettings:
    """Everything a distillation needs beside its teacher and its data."""

    to: str = "linear"  # one of STUDENTS
    unlabelled: object = None  # a source of texts without labels; None: there are none
    label_share: float = 0.5  # of a labelled text's loss that its label has, the teacher the rest
    temperature: float = 1.0  # at which student and teacher are compared
    test: object = None  # a source of its own; None: split off
    validation: object = None  # a source of its own; None: split off
    out: Path | None = None  # the run folder; None: runs/NAME-student-1, or the next free number
    overwrite: bool = False
    reading: ReadSettings = field(default_factory=ReadSettings)
    split: Mapping[str, Any] = field(default_factory=dict)  # where not as the teacher's data was
    keep_texts: int = MOST_KEPT  # training texts that the run keeps at most; 0: none
    threads: int | None = None  # None: all cores
    command: str | None = None  # the command line that asked for the run, to be kept with it

    def __post_init__(self) -> None:
        if self.to not in STUDENTS:
            raise SettingsError(
                f"a student must be one of {', '.join(STUDENTS)}",
                found=self.to,
                hint=did_you_mean(self.to, STUDENTS),
            )
        check_number(self.keep_texts)
        if not 0 <= self.label_share <= 1:
            raise SettingsError("label_share must be 0 to 1", found=self.label_share)
        if not 0.1 <= self.temperature <= 100:
            raise SettingsError("temperature must be 0.1 to 100", found=self.temperature)
        if self.temperature != 1 and not STUDENTS[self.to].softens:
            raise SettingsError(
                f"a {self.to} student follows the probabilities as they are",
                found=f"temperature: {self.temperature:g}",
                hint="leave --temperature out, or pass --to static",
            )


def distil(
    model: str | Path,
    source: object,
    settings: DistilSettings = DistilSettings(),
    talk: Talk = SILENT,
) -> RunResult:
    """Let a small model learn from a big one, and write a run folder with the small one.

    model is a run folder or model folder of any kind; source is labelled text, as for train. The
    entry `distil` of the figures has the teacher, the student and the same model without a
    teacher side by side. Raises ModelFolderError, DataError, ColumnError, SettingsError or
    OutputError.
    """
    account = Account(talk)
    with account.step("open"), account.task("opening the teacher"):
        teacher = open_teacher(model)
    asked, kind = _train_settings(settings, teacher), STUDENTS[settings.to]
    out = run_folder_for(source, "student") if settings.out is None else Path(settings.out)
    with new_run_folder(out, overwrite=settings.overwrite) as folder:
        with account.step("read"):
            readings = read_for(teacher, source, asked, account)
            unlabelled = None
            if settings.unlabelled is not None:
                unlabelled = read_unlabelled(
                    settings.unlabelled, settings.reading, teacher.origin.columns, account
                )
        with account.step("split"):
            parts = split_readings(readings, asked, account)
            doubt = told_of_split(teacher, source, asked, readings["train"].corpus, parts)
            if doubt is not None:
                account.note(doubt)
        with account.step("ask"), account.task("asking the teacher"):
            taught, used = _taught(teacher, parts, unlabelled, settings, account)
            held_out = parts.validation
            if kind.settings().refit:  # its last fit learns from validation as well
                held_out = _asked(teacher, held_out, settings)
        with account.step("fit"):
            began = time.perf_counter()
            student = _learned(teacher, taught, held_out, kind.settings(), asked, account)
            seconds = time.perf_counter() - began
        with account.step("fit_alone"), account.task("fitting to the labels alone"):
            began = time.perf_counter()
            alone = _learned(teacher, parts.train, parts.validation, kind.alone(), asked, SILENT)
            seconds_alone = time.perf_counter() - began
        first = readings["train"]
        origin = origin_of(source, first.source, first.columns, len(taught), asked.split.seed)
        with account.step("evaluate"):
            measured = [
                measured_model(TEACHER, teacher.classifier, parts, teacher.folder, asked, None),
                measured_learner(STUDENT, student, parts, origin, asked, seconds),
                measured_learner(LABELS_ALONE, alone, parts, origin, asked, seconds_alone),
            ]
            assert parts.test is not None
            test = parts.test.open("evaluation of teacher and student")
            tested = test, measured[1].given
            found = scored_parts(student, parts, readings, tested, asked, account)
            unread = unread_of_test(student, parts, asked, account)
        told = {
            "to": settings.to,
            "label_share": settings.label_share,
            "temperature": settings.temperature,
            "unlabelled": _unlabelled_facts(unlabelled, used),
            **compared_facts(measured, test, asked.split.seed),
        }
        fit = fit_facts(student, asked, account) | unread
        kept = kept_files(
            student, named_parts(source, readings, parts, test, asked), asked.keep_texts,
            threads=asked.threads, talk=account,
        )  # fmt: skip
        more = {"distil": told, **kept.facts}
        data = data_facts(readings, parts)
        metrics = run_facts(found.figures, fit, data, parts.train.labels, asked, account, **more)
        with account.task("writing the run folder"):
            every: dict[str, CorpusReading | Reading] = dict(readings)
            if unlabelled is not None:
                every["unlabelled"] = unlabelled
            write_run(
                folder, student.classifier, origin, metrics, found, kept.files, every, account
            )
    talk.note(f"written to {out}")
    return RunResult(out, metrics, student.classifier)


def _train_settings(settings: DistilSettings, teacher: Teacher) -> TrainSettings:
    """The settings of a run that trains the student; its split is the teacher's unless asked."""
    split = replace(split_of(teacher), **settings.split)
    if settings.test is None and split.test_share == 0:
        raise SettingsError(
            "a student needs a test part", hint="leave out --test-share 0, or give --test"
        )
    return TrainSettings(
        test=settings.test,
        validation=settings.validation,
        out=settings.out,
        overwrite=settings.overwrite,
        reading=settings.reading,
        split=split,
        keep_texts=settings.keep_texts,
        model=STUDENTS[settings.to].settings(),
        threads=settings.threads,
        command=settings.command,
    )


def _taught(
    teacher: Teacher,
    parts: Parts,
    unlabelled: Reading | None,
    settings: DistilSettings,
    talk: Talk,
) -> tuple[Corpus, int]:
    """The training texts with what the teacher says of them, and how many have no label.

    Behind the labelled ones stand those without a label, whose targets are the teacher's answers.
    """
    assert parts.test is not None
    if len(parts.test.texts) == 0:
        raise DataError("no test text, so nothing can be compared", hint="give a test file")
    train, classifier = parts.train, teacher.classifier
    texts, targets = train.texts, train.targets
    if unlabelled is not None:
        known = [train.texts, parts.validation.texts, parts.test.texts]
        more = fresh_texts(unlabelled, known)
        left = len(unlabelled.table) - len(more)
        if left:
            talk.note(
                f"{left:,} of {len(unlabelled.table):,} texts without a label are empty, repeat "
                "another or stand in the labelled file, and are left out"
            )
        texts = pa.concat_arrays([texts, more])
    given = predict_probabilities(classifier, texts, settings.threads)
    fresh = len(texts) - len(train)
    answers = decide(classifier.decision, given[len(train) :]).astype(targets.dtype)
    shares = np.full(len(texts), settings.label_share, np.float32)
    shares[len(train) :] = 0
    taught = Corpus(
        texts,
        np.concatenate([targets, answers]),
        train.labels,
        np.concatenate([train.rows, np.arange(fresh)]),
        soft=SoftTargets(given, shares, settings.temperature),
    )
    return taught, fresh


def _asked(teacher: Teacher, part: Corpus, settings: DistilSettings) -> Corpus:
    """Labelled texts with what the teacher says of them."""
    given = predict_probabilities(teacher.classifier, part.texts, settings.threads)
    shares = np.full(len(part), settings.label_share, np.float32)
    return replace(part, soft=SoftTargets(given, shares, settings.temperature))


def _learned(
    teacher: Teacher,
    train: Corpus,
    validation: Corpus,
    model: ModelSettings,
    settings: TrainSettings,
    talk: Talk,
) -> Learned:
    return learn(
        train, validation, model, classes=teacher.classifier.classes,
        seed=settings.split.seed, threads=settings.threads, talk=talk,
    )  # fmt: skip


def _unlabelled_facts(reading: Reading | None, used: int) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {
        "source": reading.source,
        "read": reading.read,
        "accepted": len(reading.table),
        "rejected": len(reading.rejected),
        "used": used,
    }
