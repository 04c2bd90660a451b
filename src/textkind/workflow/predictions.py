"""Probabilities to columns: label, probability and the next best, beside the input's own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.classifier import Classifier
from textkind.decision.decision import decide
from textkind.errors import SettingsError


@dataclass(frozen=True)
class PredictionColumns:
    """The names of the columns that prediction adds, clear of those that are there.

    best     label and probability; for several labels the lists of those given
    ranked   (label, probability) of the second best on, or of several labels from the best on
    more     what else was asked for, such as the tokens that were read
    """

    best: tuple[str, str]
    ranked: tuple[tuple[str, str], ...]
    more: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All of them, in their order."""
        return [*self.best, *(name for pair in self.ranked for name in pair), *self.more]


def prediction_columns(
    taken: list[str], *, several: bool, top: int, labels: int, more: tuple[str, ...] = ()
) -> tuple[PredictionColumns, list[str]]:
    """Names for the `top` best labels, and a note where names had to be changed.

    All names are changed together, so that they stay alike.
    """
    if top < 1:
        raise SettingsError("the labels to tell must be 1 or more", found=top)
    first = 1 if several else 2
    ranks = range(first, min(top, labels) + 1) if top > 1 else range(0)
    plain = PredictionColumns(
        ("labels", "probabilities") if several else ("label", "probability"),
        tuple((f"label_{rank}", f"probability_{rank}") for rank in ranks),
        more,
    )
    prefix, columns = "", plain
    while clash := set(columns.names) & set(taken):
        prefix += "predicted_"
        columns = PredictionColumns(
            (prefix + plain.best[0], prefix + plain.best[1]),
            tuple((prefix + label, prefix + share) for label, share in plain.ranked),
            tuple(prefix + name for name in plain.more),
        )
        clashing = sorted(clash)
    if not prefix:
        return columns, []
    told = ", ".join(map(repr, columns.names))
    note = f"the input has a column {clashing[0]!r} of its own: predictions are written as {told}"
    return columns, [note]


def with_predictions(
    table: pa.Table,
    columns: PredictionColumns,
    classifier: Classifier,
    probabilities: np.ndarray,
    labelled: np.ndarray,
    more: Sequence[pa.Array] = (),
) -> pa.Table:
    """The table with the columns of prediction; probabilities is (N, K) float32.

    labelled (N,) bool: the rows whose label is told. more are the other columns.
    """
    names = _names(classifier)
    if classifier.labels.several:
        given = decide(classifier.decision, probabilities)
        added = list(label_lists(classifier, given, probabilities))
        order = _ranked(probabilities, len(columns.ranked))
    else:
        chosen = decide(classifier.decision, probabilities)
        rows = np.arange(len(chosen))
        added = [names.take(pa.array(chosen)), pa.array(probabilities[rows, chosen])]
        others = probabilities.copy()
        others[rows, chosen] = np.inf  # first, also where a rule gave another than the likeliest
        order = _ranked(others, len(columns.ranked) + 1)[:, 1:]
    for rank in range(order.shape[1]):
        ids = order[:, rank]
        added.append(names.take(pa.array(ids)))
        added.append(pa.array(np.take_along_axis(probabilities, ids[:, None], axis=1)[:, 0]))
    if not labelled.all():
        added[0] = pc.if_else(pa.array(labelled), added[0], pa.scalar(None, added[0].type))
    for name, column in zip(columns.names, [*added, *more], strict=True):
        table = table.append_column(name, column)
    return table


def _ranked(probabilities: np.ndarray, count: int) -> np.ndarray:
    """(N, count) label ids by falling probability, equal ones in label order."""
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :count]


def label_lists(
    classifier: Classifier, given: np.ndarray, probabilities: np.ndarray
) -> tuple[pa.LargeListArray, pa.LargeListArray]:
    """The labels given (N, K) to rows and their probabilities, as lists, most probable first."""
    names = _names(classifier)
    row, label = np.nonzero(given)
    shares = probabilities[row, label]
    order = np.lexsort((label, -shares, row))
    ends = np.concatenate([[0], np.cumsum(given.sum(axis=1, dtype=np.int64))])
    offsets = pa.array(ends, pa.int64())
    return (
        pa.LargeListArray.from_arrays(offsets, names.take(pa.array(label[order]))),
        pa.LargeListArray.from_arrays(offsets, pa.array(shares[order])),
    )


def _names(classifier: Classifier) -> pa.LargeStringArray:
    return pa.array([str(name) for name in classifier.labels.names], pa.large_string())
