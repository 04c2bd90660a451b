"""Cross-validate: read -> folds -> fit and predict each -> score every row once. No model stays."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textkind.data.corpus import Corpus
from textkind.data.folds import fold_parts
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import Parts
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import DataError, SettingsError, did_you_mean
from textkind.evaluation.differences import Pair, figure_differences
from textkind.evaluation.folds import corrected_t_test, over_folds
from textkind.evaluation.metrics import headline, prepare
from textkind.evaluation.scorecard import HEADLINE, HEADLINE_SEVERAL, score_part
from textkind.models.neural_settings import NeuralSettings
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Talk
from textkind.workflow.fold_process import FoldTask, in_own_process
from textkind.workflow.ladder import LADDER
from textkind.workflow.learn import ModelSettings
from textkind.workflow.parts import worthwhile_split
from textkind.workflow.slices import columns_to_slice, slice_facts
from textkind.workflow.told_rows import named, sureness, write_told_rows
from textkind.workflow.writers import format_of_output

HIGHEST = {
    "log_loss": math.inf,
    "brier": math.inf,
}  # the others are shares


@dataclass(frozen=True)
class CrossValidationSettings:
    """How often is fitted, what, on which rows, and where the out-of-fold answers go."""

    folds: int = 5
    model: ModelSettings = field(default_factory=LinearSettings)
    against: str | None = None  # a model of the ladder with its defaults, on the same folds
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    rule: RuleSettings = field(default_factory=RuleSettings)
    reading: ReadSettings = field(default_factory=ReadSettings)
    split: SplitSettings = field(default_factory=SplitSettings)  # its test share is not used
    slices: tuple[str, ...] = ()  # columns to slice by, beside those that are sliced by anyway
    out: Path | None = None  # .csv, .tsv, .jsonl or .parquet: every row with its answer
    overwrite: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.against is not None and self.against not in LADDER:
            raise SettingsError(
                "there is no such model",
                found=self.against,
                hint=did_you_mean(self.against, LADDER),
            )
        if isinstance(self.model, NeuralSettings):
            places = self.model.places
            kept = [name for name in ("checkpoints", "steps", "tensorboard")
                    if getattr(places, name) is not None]  # fmt: skip
            if kept:
                raise SettingsError(
                    "folds are trained one after the other, and would write to the same place",
                    found=kept[0],
                    hint="leave it out, or train once: textkind train",
                )
        if self.out is not None:
            format_of_output(self.out)


@dataclass(frozen=True, eq=False)
class CrossValidationResult:
    """Figures of rows that were each predicted once, by a fit that had not seen them.

    figures     a part of metrics.json, of all rows together; its intervals are over rows
    over_folds  name -> mean, deviation, low, high of each headline figure over the folds
    folds       of each fold its rows, those it was trained on, and its headline figures
    slices      the entry of metrics.json
    against     the other model, its over_folds, and both figures' differences over folds and rows
    rows        row, id, fold, gold, predicted, probability and text of every row, in file order
    """

    source: str
    read: int
    accepted: int
    rejected: int
    model: str
    figures: dict[str, Any]
    over_folds: dict[str, dict[str, Any]]
    folds: list[dict[str, Any]]
    slices: dict[str, Any] | None
    against: dict[str, Any] | None
    rows: list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class _OutOfFold:
    """Of every row of the corpus what its fold said: (N, K) probabilities, labels, fold from 1."""

    probabilities: np.ndarray
    predicted: np.ndarray
    fold: np.ndarray


def crossvalidate(
    source: object,
    settings: CrossValidationSettings = CrossValidationSettings(),
    talk: Talk = SILENT,
) -> CrossValidationResult:
    """Fit a model on folds of labelled text, each in a process of its own, and score every row.

    source is as for training. Labels are stratified over folds; equal texts, and rows of one
    group, are in one fold. Each fold splits its own validation part off what it learns from.
    Raises DataError, ColumnError, SettingsError, TrainingError or OutputError.
    """
    reading = read_corpus(source, settings.reading, talk=talk)
    corpus = reading.corpus
    folds = fold_parts(corpus, worthwhile_split(corpus, settings.split), settings.folds, talk=talk)
    for parts in folds:
        if not corpus.labels.several and len(np.unique(parts.train.targets)) < 2:
            raise DataError(
                "the training part of a fold has one label alone",
                where=reading.source,
                hint="give more rows of each label, or ask for more folds",
            )
    answers = _out_of_fold(corpus, folds, settings.model, settings, talk)
    by_fold = _by_fold(corpus, folds, answers)
    seed = settings.split.seed
    with talk.task("evaluating"):
        figures = score_part(
            answers.probabilities, answers.predicted, corpus.targets, corpus.labels, seed
        )
        beside = columns_to_slice(reading, settings.slices)
        slices = slice_facts(
            corpus, beside, answers.probabilities, answers.predicted,
            asked=settings.slices, seed=seed,
        )  # fmt: skip
    against = None
    if settings.against is not None:
        other_model = LADDER[settings.against]()
        other = _out_of_fold(corpus, folds, other_model, settings, talk)
        other_by_fold = _by_fold(corpus, folds, other)
        pair = Pair(other.probabilities, answers.probabilities, other.predicted, answers.predicted)
        against = {
            "model": settings.against,
            "over_folds": _over_folds(other_by_fold),
            "folds": _fold_differences(other_by_fold, by_fold),
            "rows": figure_differences(pair, corpus.targets, seed),
        }
    rows = _rows(corpus, answers)
    if settings.out is not None:
        several = corpus.labels.several
        write_told_rows(rows, tuple(rows[0]), several, settings.out, settings.overwrite)
        talk.note(f"{len(rows):,} rows with their out-of-fold answers are in {settings.out}")
    return CrossValidationResult(
        source=reading.source,
        read=reading.read,
        accepted=len(corpus),
        rejected=len(reading.rejected),
        model=settings.model.model,
        figures=figures,
        over_folds=_over_folds(by_fold),
        folds=by_fold,
        slices=slices,
        against=against,
        rows=rows,
    )


def _out_of_fold(
    corpus: Corpus,
    folds: list[Parts],
    model: ModelSettings,
    settings: CrossValidationSettings,
    talk: Talk,
) -> _OutOfFold:
    rows, labels = len(corpus), len(corpus.labels)
    given = np.zeros((rows, labels), np.float32)
    predicted = np.zeros(corpus.targets.shape, corpus.targets.dtype)
    fold_of = np.zeros(rows, np.int64)
    told: set[str] = set()
    with talk.task(f"fitting {model.model} on {len(folds)} folds"):
        for number, parts in enumerate(folds, 1):
            assert parts.test is not None
            task = FoldTask(
                parts.train,
                parts.validation,
                parts.test.texts,
                model,
                settings.calibration,
                settings.rule,
                settings.split.seed,
                settings.threads,
            )
            answer = in_own_process(task)
            place = _places(corpus, parts)
            given[place], predicted[place] = answer.probabilities, answer.predicted
            fold_of[place] = number
            for note in answer.notes:
                if note not in told:
                    told.add(note)
                    talk.note(f"{model.model}, fold {number}: {note}")
            talk.advance(number, len(folds))
    return _OutOfFold(given, predicted, fold_of)


def _places(corpus: Corpus, parts: Parts) -> np.ndarray:
    """Where the test rows of a fold stand in the corpus."""
    assert parts.test is not None
    return np.searchsorted(corpus.rows, parts.test.rows)


def _by_fold(corpus: Corpus, folds: list[Parts], answers: _OutOfFold) -> list[dict[str, Any]]:
    names = (*HEADLINE, *HEADLINE_SEVERAL) if corpus.labels.several else HEADLINE
    told = []
    for number, parts in enumerate(folds, 1):
        rows = _places(corpus, parts)
        found = headline(
            prepare(answers.probabilities[rows], answers.predicted[rows], corpus.targets[rows])
        )
        told.append(
            {
                "fold": number,
                "rows": len(rows),
                "learned_from": len(parts.train) + len(parts.validation),
                **{name: None if math.isnan(found[name]) else found[name] for name in names},
            }
        )
    return told


def _values(by_fold: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Name -> (J,) the figure of every fold, of those that are defined in all."""
    names = [name for name in by_fold[0] if name not in ("fold", "rows", "learned_from")]
    return {
        name: np.array([fold[name] for fold in by_fold])
        for name in names
        if all(fold[name] is not None for fold in by_fold)
    }


def _share(by_fold: list[dict[str, Any]]) -> float:
    """Rows tested by rows learned from, mean over the folds."""
    return float(np.mean([fold["rows"] / fold["learned_from"] for fold in by_fold]))


def _over_folds(by_fold: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    share = _share(by_fold)
    return {
        name: asdict(over_folds(values, share, 0.0, HIGHEST.get(name, 1.0)))
        for name, values in _values(by_fold).items()
    }


def _fold_differences(
    other: list[dict[str, Any]], by_fold: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Name -> the difference over folds, less the other model, its corrected interval and p."""
    share, others = _share(by_fold), _values(other)
    told = {}
    for name, values in _values(by_fold).items():
        if name in others:
            gaps = values - others[name]
            p = corrected_t_test(gaps, share)
            told[name] = asdict(over_folds(gaps, share)) | {"p": p}
    return told


def _rows(corpus: Corpus, answers: _OutOfFold) -> list[dict[str, Any]]:
    labels = corpus.labels
    sure = sureness(answers.probabilities, answers.predicted)
    return [
        {
            "row": int(corpus.rows[row]),
            **({} if corpus.ids is None else {"id": corpus.ids[row].as_py()}),
            "fold": int(answers.fold[row]),
            "gold": named(labels, corpus.targets[row]),
            "predicted": named(labels, answers.predicted[row]),
            "probability": float(sure[row]),
            "text": corpus.texts[row].as_py(),
        }
        for row in range(len(corpus))
    ]
