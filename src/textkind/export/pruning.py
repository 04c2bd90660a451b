"""A smaller linear model: fewer n-grams, and numbers of fewer steps.

    kept = strongest(influence(model, rows), number)
    smaller = rounded_weights(narrowed(model, kept))

fastText keeps the n-grams whose vectors are longest (Joulin et al. 2016, "FastText.zip"). Here an
n-gram counts by how far it moves the logits of the texts that have it.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from textkind.encoding.more_ngrams import stored_places
from textkind.encoding.ngrams import NgramEncoder
from textkind.encoding.rows import Rows
from textkind.models.linear import LinearModel

RATIO = 1.05  # between neighbouring numbers of a grid: none is moved by more than 2.5 %
STEPS = 31  # of a weight on either side of 0; of a single problem the scale tells all but the sign
LEAST = 1e-4  # weights below it are as good as 0


def influence(model: LinearModel, rows: Rows) -> np.ndarray:
    """(V,) float64: the length of an n-gram's values in the texts, times its largest weight.

    rows are texts in the encoding of the model.
    """
    stored = stored_places(rows)
    values = rows.values[stored].astype(np.float64)
    squares = np.bincount(rows.columns[stored], values**2, minlength=len(model.encoder))
    return np.sqrt(squares) * np.abs(model.steps.astype(np.float64)).max(axis=1) * model.scales


def strongest(influences: np.ndarray, number: int) -> np.ndarray:
    """The columns of so many n-grams with the most influence, rising; of equals the first."""
    return np.sort(np.argsort(-influences, kind="stable")[:number])


def narrowed(model: LinearModel, columns: np.ndarray) -> LinearModel:
    """The model with these n-grams alone."""
    encoder = narrowed_encoder(model.encoder, columns)
    return replace(
        model, encoder=encoder, steps=model.steps[columns], scales=model.scales[columns]
    )  # fmt: skip


def narrowed_encoder(encoder: NgramEncoder, columns: np.ndarray) -> NgramEncoder:
    """The encoder of these n-grams alone, whose importance lies on a grid."""
    importance = on_grid(encoder.importance[columns], np.round)
    return replace(encoder, buckets=encoder.buckets[columns], importance=importance)


def rounded_weights(model: LinearModel, factor: float = 1.0) -> LinearModel:
    """The model with its weights times factor in STEPS of scales that lie on a grid."""
    weights = model.steps.astype(np.float32) * (model.scales * np.float32(factor))[:, None]
    largest = np.maximum(np.abs(weights).max(axis=1, initial=0), LEAST)
    single = weights.shape[1] == 1
    # of several problems up, so that no weight has more steps than there are
    scales = on_grid(largest, np.round if single else np.ceil) / np.float32(1 if single else STEPS)
    steps = np.clip(np.rint(weights / scales[:, None]), *((-1, 1) if single else (-STEPS, STEPS)))
    return replace(model, steps=steps.astype(np.int8), scales=scales)


def on_grid(numbers: np.ndarray, rounding: Any) -> np.ndarray:
    """Float32 numbers above 0 moved to the nearest power of RATIO that the rounding says."""
    powers = rounding(np.log(numbers.astype(np.float64)) / np.log(RATIO))
    return np.power(RATIO, powers).astype(np.float32)
