"""Texts of a source, with their labels where it has some that a model knows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.data.columns import Columns
from textkind.data.labels import LabelSet
from textkind.data.read import read_corpus, read_table, texts_of
from textkind.data.settings import ReadSettings
from textkind.progress import Talk


@dataclass(frozen=True, eq=False)
class PerhapsLabelled:
    """The N texts that can be used of those read; targets is None where there are no labels.

    rows (N,) int64 are their places in the source.
    """

    texts: pa.LargeStringArray
    rows: np.ndarray
    targets: np.ndarray | None
    read: int
    rejected: int
    source: str


def read_perhaps_labelled(
    source: object, settings: ReadSettings, labels: LabelSet, trained: Columns | None, talk: Talk
) -> PerhapsLabelled:
    """Read as for prediction and, where there is a column of labels, as for evaluation.

    That is the column that the settings name, or the model's own; a row without one of its labels
    is then rejected.
    """
    reading = read_table(source, settings, trained=trained, talk=talk)
    texts, rows, targets = texts_of(reading, reading.columns), reading.rows, None
    rejected = len(reading.rejected)
    if _has_labels(reading.table.column_names, settings, trained):
        labelled = read_corpus(reading.table, settings, labels=labels, trained=trained)
        texts, targets = labelled.corpus.texts, labelled.corpus.targets
        rows = reading.rows[labelled.corpus.rows - 1]  # places in the table, counted from 1
        rejected += len(labelled.rejected)
    return PerhapsLabelled(texts, rows, targets, reading.read, rejected, reading.source)


def _has_labels(names: list[str], reading: ReadSettings, trained: Columns | None) -> bool:
    """Whether labels are asked for, or the columns of the model's own are there."""
    if reading.label is not None or reading.label_columns:
        return True
    return trained is not None and bool(trained.label_names) and set(trained.label_names) <= set(
        names
    )  # fmt: skip
