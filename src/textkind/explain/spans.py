"""Weights of stretches of a text, told of its pieces instead; their sum stays.

pieces = merged(spans)                           (P, 2) that share no character
weights = shared(spans, additions, pieces)       (M,) additions of spans (M, 2) -> (P,)
"""

import numpy as np

from textkind.encoding.tokens import ranks


def shared(spans: np.ndarray, weights: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """(P,) float64: what spans (M, 2) with weights (M,) add, told of pieces (P, 2) instead.

    Pieces rise and have nothing in common. Each weight is divided equally among the pieces that
    its span touches: it stands for all of them together, and so the Shapley value would divide it.
    A span that touches none counts for the piece before it, at the beginning for the first.
    """
    if len(pieces) == 0 or len(spans) == 0:
        return np.zeros(len(pieces))
    first = np.searchsorted(pieces[:, 1], spans[:, 0], side="right")
    last = np.searchsorted(pieces[:, 0], spans[:, 1], side="left") - 1
    lost = last < first
    first[lost] = last[lost] = np.maximum(last[lost], 0)
    touched = last - first + 1
    places = np.repeat(first, touched) + ranks(touched)
    return np.bincount(places, np.repeat(weights / touched, touched), minlength=len(pieces))


def merged(spans: np.ndarray) -> np.ndarray:
    """Pieces (P, 2), rising, that have nothing in common: spans (M, 2) that overlap become one.

    Empty spans are left out.
    """
    spans = np.unique(spans[spans[:, 0] < spans[:, 1]], axis=0)
    if len(spans) == 0:
        return spans
    reach = np.maximum.accumulate(spans[:, 1])
    is_new = np.concatenate(([True], spans[1:, 0] >= reach[:-1]))
    begins = np.flatnonzero(is_new)
    return np.stack([spans[begins, 0], np.maximum.reduceat(spans[:, 1], begins)], axis=1)
