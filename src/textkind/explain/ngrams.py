"""Why the linear model says what it says, exactly: the n-grams of a text and what each adds.

The text is hashed again with its n-grams written out; the additions and the bias sum to the
logits. N-grams that share a hash bucket are told together.
"""

from dataclasses import dataclass

import numpy as np

from textkind.encoding.ngrams import LOGARITHMS, NgramEncoder
from textkind.explain.explanation import NgramWeight
from textkind.explain.ngram_places import NgramPlaces, letter_places, split, word_places
from textkind.explain.spans import shared
from textkind.models.linear import LinearModel
from textkind.models.trials import margins_to_logits


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one n-gram of a text adds to each logit.

    kind is word, character or bias; weights is (K,) float32.
    """

    ngram: str
    kind: str
    count: int
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class NgramMargins:
    """What every different n-gram of a text adds to the margins of a linear model.

    places   its n-grams by kind, word before character
    columns  (C,) of the vocabulary, rising
    counts   (C,) how often each stands in the text
    values   (C,) float32 value of the feature times the scale of its weights
    """

    places: tuple[NgramPlaces, ...]
    columns: np.ndarray
    counts: np.ndarray
    values: np.ndarray

    def additions(self, model: LinearModel, wanted: np.ndarray) -> np.ndarray:
        """(C,) float64: what each adds to the logits times `wanted` (K,)."""
        return self.values * (model.steps[self.columns] @ on_margins(model, wanted))


def ngram_margins(model: LinearModel, text: str) -> NgramMargins:
    """The n-grams of a text, where they stand, and what they add."""
    encoder = model.encoder
    found = (word_places(text, encoder), letter_places(text, encoder))
    places = tuple(one for one in found if one is not None)
    every = np.concatenate([one.columns for one in places])
    columns, counts = np.unique(every[every >= 0], return_counts=True)
    values = weights_of(encoder, columns, counts) * model.scales[columns]
    return NgramMargins(places, columns, counts, values)


def on_margins(model: LinearModel, wanted: np.ndarray) -> np.ndarray:
    """(P,) float64: what margins are multiplied with to give the logits times `wanted` (K,)."""
    margins = np.eye(model.biases.size)
    return margins_to_logits(margins, len(model.labels)) @ wanted


def contributions(model: LinearModel, text: str, limit: int | None = 10) -> list[Contribution]:
    """The n-grams of a text that add most to its logits, the bias last.

    Without a limit the additions of all together are the logits, to float32 rounding of the sum.
    """
    found = ngram_margins(model, text)
    margins = found.values[:, None] * model.steps[found.columns]
    additions = margins_to_logits(margins.astype(np.float32), len(model.labels))
    order = np.argsort(-np.abs(additions).max(axis=1, initial=0), kind="stable")[:limit]
    names = spellings(found, order)
    told = [
        Contribution(ngram, kind, int(found.counts[place]), additions[place])
        for place, (ngram, kind) in zip(order.tolist(), names, strict=True)
    ]
    return [*told, Contribution("", "bias", 1, bias_logits(model))]


def bias_logits(model: LinearModel) -> np.ndarray:
    """(K,) float32 logits of a text without a known n-gram."""
    return margins_to_logits(model.biases[None], len(model.labels))[0]


def spellings(found: NgramMargins, chosen: np.ndarray) -> list[tuple[str, str]]:
    """Spelling and kind of some of the columns, by their numbers among them, as first met."""
    told: list[tuple[str, str]] = [("", "")] * len(chosen)
    wanted = found.columns[chosen]
    for one in found.places:
        columns, first = np.unique(one.columns, return_index=True)
        at = np.minimum(np.searchsorted(columns, wanted), columns.size - 1)
        for place in np.flatnonzero(columns[at] == wanted) if columns.size else ():
            told[place] = (one.spelling(int(first[at[place]])), one.kind)
    return told


def explained_ngrams(
    model: LinearModel, text: str, wanted: np.ndarray, limit: int | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[NgramWeight, ...]]:
    """What the words of a text add to its logits times `wanted` (K,), and what its n-grams add.

    Returns the words' characters (P, 2), their weights (P,) float64, and the `limit` heaviest
    n-grams, the heaviest first. An n-gram's addition is divided equally among the places where it
    stands, and there among the words it touches (spans.shared), so both add up to the same.
    All but white space is a word here, but what a model without symbols and characters passes over.
    """
    found = ngram_margins(model, text)
    additions = found.additions(model, wanted)
    settings = model.encoder.settings
    _, pieces = split(text, settings.symbols or settings.characters is not None)
    weights = np.zeros(len(pieces))
    each = additions / found.counts
    for one in found.places:
        known = one.columns >= 0
        own = each[np.searchsorted(found.columns, one.columns[known])]
        if one.kind == "word":  # of its own words, not of a symbol that stands between them
            by_word = shared(one.spans[known], own, one.units)
            weights += np.bincount(
                np.searchsorted(pieces[:, 0], one.units[:, 0]), by_word, minlength=len(pieces)
            )
        else:
            weights += shared(one.spans[known], own, pieces)
    order = np.argsort(-np.abs(additions), kind="stable")[:limit]
    told = tuple(
        NgramWeight(ngram, kind, int(found.counts[place]), float(additions[place]))
        for place, (ngram, kind) in zip(order.tolist(), spellings(found, order), strict=True)
    )
    return pieces, weights, told


def term_frequency(encoder: NgramEncoder, counts: np.ndarray) -> np.ndarray:
    """(n,) float32: what standing `counts` times in a text comes to."""
    if encoder.settings.sublinear:
        return LOGARITHMS[np.minimum(counts, LOGARITHMS.size - 1)]
    return counts.astype(np.float32)


def weights_of(encoder: NgramEncoder, columns: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(n,) float32 feature values of columns that stand `counts` times in one text."""
    values = term_frequency(encoder, counts) * encoder.importance[columns]
    is_word = encoder.is_word[columns]
    for block in (is_word, ~is_word):
        length = np.sqrt(np.square(values[block]).sum())
        if length > 0:
            values[block] /= length
    return values
