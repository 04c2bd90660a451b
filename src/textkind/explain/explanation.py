"""What an explanation is: the pieces of a text, and what each adds to a difference of logits.

wanted = contrast(labels=3, label=0, against=None, several=False)       (K,)
difference = wanted @ logits
pieces = pieces_of(text, spans, weights)
"""

from dataclasses import dataclass

import numpy as np

from textkind.explain.faithfulness import Faithfulness


@dataclass(frozen=True)
class Piece:
    """Characters start to end of a text, and what they add; text is that stretch itself."""

    text: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class NgramWeight:
    """An n-gram of the linear model: kind is word or character, weight is what all of it adds."""

    ngram: str
    kind: str
    count: int
    weight: float


@dataclass(frozen=True)
class Completeness:
    """Whether the weights add up to what they should: the difference less that of the baseline.

    total      the sum of all weights
    error      how far that is from what it should be
    tolerance  the greatest error that passes
    steps      between baseline and text, of integrated gradients; None: there are none
    """

    total: float
    error: float
    tolerance: float
    passed: bool
    steps: int | None = None


@dataclass(frozen=True)
class Explanation:
    """Why a text has a label, or why this one and not another.

    against              the other label; None: the rest (see contrast)
    probability          of the label, calibrated
    method               weights, gradients or leave-one-out
    difference           of the logits: what is explained
    baseline             what the text is compared with, in words
    baseline_difference  the difference there; None: there is no such text (leave-one-out)
    pieces               in the order of the text, no two with a character in common
    ngrams               of the linear model the n-grams, the heaviest first; None of others
    notes                what a reader has to know
    faithfulness         what becomes of the text without its heaviest words; None: not asked for
    """

    label: str
    against: str | None
    probability: float
    method: str
    difference: float
    baseline: str
    baseline_difference: float | None
    completeness: Completeness | None
    pieces: tuple[Piece, ...]
    ngrams: tuple[NgramWeight, ...] | None = None
    notes: tuple[str, ...] = ()
    faithfulness: Faithfulness | None = None


def contrast(labels: int, label: int, against: int | None, several: bool) -> np.ndarray:
    """(K,) float64: what logits are multiplied with to give the difference that is explained.

    The logit of the label less that of the other; without another less the mean of all others.
    Where a text may have several labels they do not compete: then it is the logit alone.
    """
    wanted = np.zeros(labels)
    if against is not None:
        wanted[against] = -1.0
    elif not several and labels > 1:
        wanted[:] = -1 / (labels - 1)
    wanted[label] = 1.0
    return wanted


def pieces_of(text: str, spans: np.ndarray, weights: np.ndarray) -> tuple[Piece, ...]:
    """Pieces at spans (P, 2) of characters with weights (P,)."""
    return tuple(
        Piece(text[start:end], start, end, weight)
        for (start, end), weight in zip(spans.tolist(), weights.tolist(), strict=True)
    )
