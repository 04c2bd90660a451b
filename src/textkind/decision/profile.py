"""What validation looked like, as counts, and in which of its cells new texts fall.

    profile = profile_of(evidence, novelty)
    cells = text_cells(profile, decision, probabilities, texts)    (M,) int32

Four figures of a text are cut into cells: the label given, how sure the answer is, how long the
text is, and how novel it looks. The cells of all figures are numbered in one row, so that counts of
new texts are one array (evaluation/drift.py compares it with that of validation).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.decision.decision import Decision
from textkind.decision.evidence import Evidence, answers, first_labels, text_bytes
from textkind.decision.novelty import Novelty

CELLS = 10  # of length and novelty: tenths of the validation texts
# Of confidence. Tenths of it would be too fine: where a model is sure, a second fit on validation
# as well moves most texts from one to the next.
BORDERS = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
MOST_LABELS = 100  # with a cell of their own: the commonest of validation
OTHER, NONE = "(other labels)", "(no label)"
LABELS, CONFIDENCE, LENGTH, NOVELTY = "labels", "confidence", "length", "novelty"


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure: (C,) int64 counts of validation in its cells.

    first    number of its first cell in the row of all
    borders  (C - 1,) float64 between the cells; of the labels none
    """

    first: int
    counts: np.ndarray
    borders: np.ndarray


@dataclass(frozen=True, eq=False)
class Profile:
    """The figures by name, and where labels are counted.

    label_cells  (K + 1,) int32 the cell of each label, the last of no label
    own          ids of the labels with a cell of their own, in the order of their cells; after
                 those comes the cell of all others, where there are any, and of no label, where
                 texts may have several
    """

    figures: dict[str, Figure]
    label_cells: np.ndarray
    own: np.ndarray


def profile_of(evidence: Evidence, novelty: Novelty | None) -> Profile:
    """Of what validation showed."""
    labels = evidence.labels
    times = np.bincount(evidence.first, minlength=labels + 1)[:labels]
    own = np.sort(np.argsort(-times, kind="stable")[:MOST_LABELS])
    label_cells = np.full(labels + 1, len(own), np.int32)
    label_cells[own] = np.arange(len(own))
    label_cells[labels] += labels > len(own)
    cells = len(own) + (labels > len(own)) + evidence.several
    counts = np.bincount(label_cells[evidence.first], minlength=cells)
    figures = {LABELS: Figure(0, counts, np.empty(0))}
    values = {LENGTH: evidence.bytes}
    if novelty is not None:
        values[NOVELTY] = novelty.validation
    measured = {CONFIDENCE: (evidence.confidence, BORDERS)}
    measured |= {name: (seen, cell_borders(seen, CELLS)) for name, seen in values.items()}
    first = cells
    for name, (seen, borders) in measured.items():
        counts = np.bincount(np.searchsorted(borders, seen), minlength=len(borders) + 1)
        figures[name] = Figure(first, counts, borders)
        first += len(counts)
    return Profile(figures, label_cells, own)


def text_cells(
    profile: Profile, decision: Decision, probabilities: np.ndarray, texts: pa.LargeStringArray
) -> np.ndarray:
    """The cells of N texts by their (N, K) probabilities: (3 N,) int32, novelty aside."""
    confidence, predicted = answers(decision, probabilities)
    labels = profile.label_cells[first_labels(predicted, probabilities)]
    lengths = text_bytes(texts)
    return np.concatenate(
        [
            labels,
            value_cells(profile, CONFIDENCE, confidence),
            value_cells(profile, LENGTH, lengths),
        ]
    )


def value_cells(profile: Profile, name: str, values: np.ndarray) -> np.ndarray:
    """The cells of (N,) values of a figure: (N,) int32."""
    figure = profile.figures[name]
    return (figure.first + np.searchsorted(figure.borders, values)).astype(np.int32)


def profile_facts(profile: Profile, names: tuple[str, ...]) -> dict[str, Any]:
    """JSON-able: of each figure its cells and the counts of validation in them.

    A cell of the labels is told by its label, names being those of all; OTHER and NONE are no
    labels. A cell of what is measured is told by its upper border, the last by null.
    """
    told = {}
    for name, figure in profile.figures.items():
        cells: list[Any] = [*figure.borders.tolist(), None]
        if name == LABELS:
            cells = [names[label] for label in profile.own]
            cells += [OTHER] * (len(names) > len(cells))
            cells += [NONE] * (len(figure.counts) - len(cells))
        told[name] = {"cells": cells, "validation": figure.counts.tolist()}
    return told


def cell_borders(values: np.ndarray, cells: int) -> np.ndarray:
    """(C - 1,) rising borders that cut (N,) values into C cells of like size; C <= cells.

    A value on a border is in the cell below it. Fewer cells where many values are equal.
    """
    borders = np.quantile(values, np.arange(1, cells) / cells, method="inverted_cdf")
    return np.unique(borders[borders < values.max()])
