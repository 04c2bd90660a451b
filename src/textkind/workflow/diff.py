"""Diff: load two models -> read -> predict with both -> compare. What changed, row by row."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.read import CorpusReading, read_corpus, read_table, texts_of
from textkind.data.settings import ReadSettings
from textkind.decision.decision import decide
from textkind.errors import DataError, SettingsError, did_you_mean
from textkind.evaluation.differences import (
    CHANGES,
    Pair,
    agreement,
    changes,
    figure_differences,
    is_worse,
    label_differences,
    slice_differences,
)
from textkind.evaluation.scorecard import HEADLINE, HEADLINE_SEVERAL
from textkind.evaluation.slices import compared_figure
from textkind.progress import SILENT, Talk
from textkind.workflow.origin import any_classifier, file_digest
from textkind.workflow.slices import columns_to_slice, slices_of
from textkind.workflow.told_rows import named, sureness, write_told_rows
from textkind.workflow.writers import format_of_output

COLUMNS = ("row", "change", "gold", "first", "first_probability", "second", "second_probability",
           "text")  # fmt: skip


@dataclass(frozen=True)
class DiffSettings:
    """How texts are read, what decides, and where the changed rows go."""

    reading: ReadSettings = field(default_factory=ReadSettings)
    labelled: bool = True  # False: texts without labels, of which only agreement can be told
    figure: str | None = None  # that must not get worse; None: accuracy, or micro F1 of several
    level: float = 0.05  # a difference for the worse is significant where p is below
    slices: tuple[str, ...] = ()  # columns to slice by, beside those that are sliced by anyway
    out: Path | None = None  # .csv, .tsv, .jsonl or .parquet: every changed row
    overwrite: bool = False
    seed: int = 0  # of the bootstrap
    threads: int | None = None

    def __post_init__(self) -> None:
        known = (*HEADLINE, *HEADLINE_SEVERAL)
        if self.figure is not None and self.figure not in known:
            raise SettingsError(
                "there is no such figure", found=self.figure, hint=did_you_mean(self.figure, known)
            )
        if not 0 < self.level < 1:
            raise SettingsError("the level must be above 0 and below 1", found=self.level)
        if not self.labelled and (self.figure is not None or self.slices):
            raise SettingsError(
                "without labels there is no figure and no slice to compare",
                hint="leave out the figure and the slices, or give a labelled file",
            )
        if self.out is not None:
            format_of_output(self.out)


@dataclass(frozen=True, eq=False)
class DiffResult:
    """What changed from the first model to the second; read = accepted + rejected.

    left_out    rows with a label that only one of the models knows; they are not compared
    agreement   rows given the same labels, and Cohen's kappa
    changes     how many rows each of CHANGES happened to; of texts without labels "changed" alone
    figures     name -> first, second, value, low, high, p; None of texts without labels
    labels, slices   the same of each label, and of each slice
    verdict     figure, level, p, whether it is a regression; None of texts without labels
    rows        every changed row: row, change, text, gold, labels and probabilities of both
    """

    source: str
    read: int
    accepted: int
    rejected: int
    left_out: int
    several: bool
    agreement: dict[str, Any]
    changes: dict[str, int]
    figures: dict[str, dict[str, Any]] | None
    labels: list[dict[str, Any]] | None
    slices: list[dict[str, Any]] | None
    verdict: dict[str, Any] | None
    rows: list[dict[str, Any]]


def diff(
    first: str | Path | Classifier,
    second: str | Path | Classifier,
    source: object,
    settings: DiffSettings = DiffSettings(),
    talk: Talk = SILENT,
) -> DiffResult:
    """Compare two models, the second as what would replace the first, on texts new to both.

    Each is a run folder, a model folder, or a classifier in memory; source is as for training.
    Labels of both are compared by name; rows whose label only one of them knows are left out, and
    counted. Raises ModelFolderError, DataError, ColumnError, SettingsError or OutputError.
    """
    loaded = [any_classifier(model) for model in (first, second)]
    classifiers = [classifier for classifier, _ in loaded]
    labels = _joint_labels(*(classifier.labels for classifier in classifiers))
    trained = next((origin.columns for _, origin in loaded if origin is not None), None)
    digest = file_digest(source)
    if digest is not None and digest in [origin.sha256 for _, origin in loaded if origin]:
        talk.note("these are the texts that a model was trained on: new texts will do worse")
    if settings.labelled:
        reading: Any = read_corpus(
            source, settings.reading, labels=labels, trained=trained, talk=talk
        )
        corpus = reading.corpus
    else:
        reading = read_table(source, settings.reading, trained=trained, talk=talk)
        corpus = _unlabelled(texts_of(reading, reading.columns), labels, reading.rows)
    with talk.task("predicting"):
        given = [predict_probabilities(one, corpus.texts, settings.threads) for one in classifiers]
    pair = pair_of(classifiers, given, labels)
    common = [name in classifiers[0].labels.names and name in classifiers[1].labels.names
              for name in labels.names]  # fmt: skip
    kept = _known_to_both(corpus, np.array(common))
    if settings.labelled and not kept.any():
        raise DataError("no row has a label that both models know", where=reading.source)
    left_out = int((~kept).sum())
    if left_out:
        talk.note(f"{left_out:,} rows have a label that only one of the models knows: left out")
    corpus, pair = corpus.take(np.flatnonzero(kept)), pair.take(kept)
    with talk.task("comparing"):
        compared = _compared(corpus, pair, reading, kept, settings) if settings.labelled else {}
        kinds, told = _told_changes(corpus, pair, settings.labelled)
        rows = _changed_rows(corpus, pair, kinds, settings.labelled)
    if settings.out is not None:
        write_told_rows(rows, COLUMNS, labels.several, settings.out, settings.overwrite)
        talk.note(f"{len(rows):,} changed rows are written to {settings.out}")
    return DiffResult(
        source=reading.source,
        read=reading.read,
        accepted=len(kept),
        rejected=len(reading.rejected),
        left_out=left_out,
        several=labels.several,
        agreement=agreement(pair),
        changes=told,
        rows=rows,
        **({"figures": None, "labels": None, "slices": None, "verdict": None} | compared),
    )


def _joint_labels(first: LabelSet, second: LabelSet) -> LabelSet:
    """The labels of both; SettingsError where they cannot be compared."""
    if first.several != second.several:
        raise SettingsError(
            "one model gives one label a text, the other several: they cannot be compared",
            hint="compare models of one kind",
        )
    if not set(first.names) & set(second.names):
        raise SettingsError(
            "the two models have no label in common",
            found=(first.names[0], second.names[0]),
            hint="compare models that were trained for the same labels",
        )
    return LabelSet(tuple(sorted({*first.names, *second.names})), first.several)


def pair_of(classifiers: list[Classifier], given: list[np.ndarray], labels: LabelSet) -> Pair:
    """Both models' answers by joint label ids; a label that one lacks has probability 0 there."""
    wide, decided = [], []
    for classifier, probabilities in zip(classifiers, given, strict=True):
        ids = labels.ids_of(classifier.labels)
        all_given = np.zeros((len(probabilities), len(labels)), np.float32)
        all_given[:, ids] = probabilities
        answer = decide(classifier.decision, probabilities)
        if labels.several:
            whole = np.zeros(all_given.shape, np.uint8)
            whole[:, ids] = answer
        else:
            whole = ids[answer].astype(np.int32)
        wide.append(all_given)
        decided.append(whole)
    return Pair(*wide, *decided)


def _unlabelled(texts: pa.LargeStringArray, labels: LabelSet, rows: np.ndarray) -> Corpus:
    shape = (len(texts), len(labels)) if labels.several else len(texts)
    return Corpus(texts, np.zeros(shape, np.uint8 if labels.several else np.int32), labels, rows)


def _known_to_both(corpus: Corpus, common: np.ndarray) -> np.ndarray:
    """(N,) bool: the rows without a gold label that only one model knows."""
    if corpus.labels.several:
        return ~(corpus.targets[:, ~common] != 0).any(axis=1)
    return common[corpus.targets]


def _compared(
    corpus: Corpus, pair: Pair, reading: CorpusReading, kept: np.ndarray, settings: DiffSettings
) -> dict[str, Any]:
    targets, seed, names = corpus.targets, settings.seed, corpus.labels.names
    several = corpus.labels.several
    all_figures = figure_differences(pair, targets, seed)
    chosen = (*HEADLINE, *HEADLINE_SEVERAL) if several else HEADLINE
    figures = {name: all_figures[name] for name in chosen}
    figure = compared_figure(several) if settings.figure is None else settings.figure
    if figure not in figures:
        raise SettingsError(
            "a figure of texts with several labels, where these have one", found=figure
        )
    decisive = figures[figure]
    if decisive["value"] is None:
        raise DataError(f"{figure} is undefined on these rows, so it cannot decide")
    worse = is_worse(figure, decisive["value"])
    beside = columns_to_slice(reading, settings.slices, np.flatnonzero(kept))
    slices = slices_of(corpus, beside, settings.slices)
    return {
        "figures": figures,
        "labels": [
            {"label": name} | one
            for name, one in zip(names, label_differences(pair, targets, seed), strict=True)
        ],
        "slices": slice_differences(slices, pair, targets, seed),
        "verdict": {
            "figure": figure,
            "level": settings.level,
            "p": decisive["p"],
            "regression": bool(worse and decisive["p"] < settings.level),
        },
    }


def _told_changes(corpus: Corpus, pair: Pair, labelled: bool) -> tuple[np.ndarray, dict[str, int]]:
    """What became of each row, -1 where nothing did, and how many rows that was."""
    if labelled:
        kinds = changes(pair, corpus.targets)
        return kinds, {name: int((kinds == place).sum()) for place, name in enumerate(CHANGES)}
    differs = pair.first_labels != pair.second_labels
    changed = differs.any(axis=1) if corpus.labels.several else differs
    return np.where(changed, 0, -1), {"changed": int(changed.sum())}


def _changed_rows(
    corpus: Corpus, pair: Pair, kinds: np.ndarray, labelled: bool
) -> list[dict[str, Any]]:
    """The changed rows as records, by kind, within it the surest of the second model first."""
    sure = [sureness(given, labels)
            for given, labels in ((pair.first, pair.first_labels),
                                  (pair.second, pair.second_labels))]  # fmt: skip
    changed = np.flatnonzero(kinds >= 0)
    changed = changed[np.lexsort((-sure[1][changed], kinds[changed]))]
    records = []
    for row in changed:
        record: dict[str, Any] = {"row": int(corpus.rows[row])}
        if corpus.ids is not None:
            record["id"] = corpus.ids[row].as_py()
        if labelled:
            record["change"] = CHANGES[kinds[row]]
            record["gold"] = named(corpus.labels, corpus.targets[row])
        record |= {
            "first": named(corpus.labels, pair.first_labels[row]),
            "first_probability": float(sure[0][row]),
            "second": named(corpus.labels, pair.second_labels[row]),
            "second_probability": float(sure[1][row]),
            "text": corpus.texts[row].as_py(),
        }
        records.append(record)
    return records
