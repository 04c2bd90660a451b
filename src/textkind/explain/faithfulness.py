"""Whether weights are to be believed: what becomes of a text without its heaviest words.

    words = word_weights(text, pieces, weights)
    found = faithfulness(text, *words, probability, seed=0)      probability: texts -> (N,)

Comprehensiveness is how far the label's probability falls when the heaviest words are taken out,
sufficiency how far it falls when only they stay, each the mean over several shares of the words
(DeYoung et al. 2020, "ERASER: A Benchmark to Evaluate Rationalized NLP Models"). Words drawn at
random are what both are measured against.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.explain.occlusion import chunks
from textkind.explain.spans import shared

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)  # of the words, as in DeYoung et al.
DRAWS = 10  # orders of the words drawn at random


@dataclass(frozen=True)
class Curve:
    """The label's probability without so many words, and with nothing but them, by share."""

    without: tuple[float, ...]
    alone: tuple[float, ...]


@dataclass(frozen=True)
class Faithfulness:
    """A high comprehensiveness and a low sufficiency are good; at random is what drawn words give.

    shares       of the words, rounded up: where the curves are taken
    whole        the label's probability of the whole text
    heaviest     curve of the words with the highest weights
    random       the mean curve of words drawn at random
    """

    comprehensiveness: float
    sufficiency: float
    random_comprehensiveness: float
    random_sufficiency: float
    shares: tuple[float, ...]
    whole: float
    heaviest: Curve
    random: Curve


def word_weights(
    text: str, pieces: np.ndarray, weights: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """The words of a text (W, 2), `most` or fewer, and the weights of pieces as theirs (W,)."""
    words, _ = chunks(text, most)
    return words, shared(pieces, weights, words)


def faithfulness(
    text: str,
    words: np.ndarray,
    weights: np.ndarray,
    probability: Callable[[pa.LargeStringArray], np.ndarray],
    seed: int = 0,
) -> Faithfulness | None:
    """Both figures of the words (W, 2) of a text by their weights (W,), highest first.

    None of a text without a word. All variants of the text are read at once.
    """
    if len(words) == 0:
        return None
    draw = np.random.default_rng(seed).permutation
    orders = [np.argsort(-weights, kind="stable"), *(draw(len(words)) for _ in range(DRAWS))]
    numbers = [max(1, int(np.ceil(share * len(words)))) for share in SHARES]
    variants = [text]
    for order in orders:
        for number in numbers:
            is_taken = np.zeros(len(words), bool)
            is_taken[order[:number]] = True
            variants += [without(text, words[is_taken]), without(text, words[~is_taken])]
    found = probability(pa.array(variants, pa.large_string())).astype(np.float64)
    whole, curves = float(found[0]), found[1:].reshape(len(orders), len(SHARES), 2)
    fallen = whole - curves.mean(axis=1)  # (orders, 2)
    chance = fallen[1:].mean(axis=0)
    return Faithfulness(
        comprehensiveness=float(fallen[0, 0]),
        sufficiency=float(fallen[0, 1]),
        random_comprehensiveness=float(chance[0]),
        random_sufficiency=float(chance[1]),
        shares=SHARES,
        whole=whole,
        heaviest=_curve(curves[0]),
        random=_curve(curves[1:].mean(axis=0)),
    )


def without(text: str, spans: np.ndarray) -> str:
    """The text without the characters of spans (S, 2), which rise and share none."""
    edges = [0, *spans.ravel().tolist(), len(text)]
    return "".join(text[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True))


def _curve(values: np.ndarray) -> Curve:
    """Of (shares, 2)."""
    return Curve(tuple(values[:, 0].tolist()), tuple(values[:, 1].tolist()))
