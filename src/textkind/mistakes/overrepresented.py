"""Words and word pairs that mistakes have more often than right answers.

Log-odds with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words"): what
is rare is pulled towards its share in all texts, so that a word of three texts does not lead the
list. A text counts once for a word, however often it repeats it.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from textkind.encoding.words import WordEncoder, WordSettings, fit_words
from textkind.evaluation.paired import holm

FEWEST_TEXTS = 5  # with an n-gram: with fewer, chance says most
LEVEL = 0.05
MOST = 20  # told


@dataclass(frozen=True, eq=False)
class TextNgrams:
    """Which texts hold which words and word pairs.

    rows, ngrams  (M,) int64, each pair of a text and an n-gram once; ngrams counts from 0
    words         (G, 2) int64 the ids of an n-gram's words; the second is 0 for a single word
    """

    rows: np.ndarray
    ngrams: np.ndarray
    words: np.ndarray
    encoder: WordEncoder

    def texts_with(self, chosen: np.ndarray) -> np.ndarray:
        """(G,) int64: how many of the texts chosen (N,) bool hold each n-gram."""
        return np.bincount(self.ngrams[chosen[self.rows]], minlength=len(self.words))

    def spelled(self, places: np.ndarray) -> list[str]:
        """The n-grams at some places."""
        words = self.encoder.spellings()
        return [
            words[first] if second == 0 else f"{words[first]} {words[second]}"
            for first, second in self.words[places].tolist()
        ]


@dataclass(frozen=True)
class Overrepresented:
    """An n-gram: how many mistakes hold it and how many texts, its log-odds, z and adjusted p."""

    ngram: str
    mistakes: int
    rows: int
    log_odds: float
    z: float
    p: float


def text_ngrams(texts: pa.LargeStringArray, threads: int | None = None) -> TextNgrams:
    """The words and word pairs that stand in FEWEST_TEXTS of N texts or more.

    Punctuation is a word, but in no pair.
    """
    encoder = fit_words(texts, WordSettings(minimum_count=FEWEST_TEXTS), threads)
    tokens = encoder.encode(texts, threads)
    row = np.repeat(np.arange(len(texts)), tokens.lengths)
    ids = tokens.ids.astype(np.int64)
    known = ids != encoder.unknown_id
    spelled = encoder.spellings()
    is_word = np.fromiter((word[:1].isalnum() for word in spelled), bool, len(spelled))
    paired = known & is_word[ids]
    pair = paired[1:] & paired[:-1] & (row[1:] == row[:-1])
    code = np.concatenate([ids[known] * encoder.size, (ids[:-1] * encoder.size + ids[1:])[pair]])
    row = np.concatenate([row[known], row[1:][pair]])
    once = np.sort(code * len(texts) + row)  # np.unique takes a hundred times as long
    once = once[np.append(True, once[1:] != once[:-1])[: len(once)]]
    code, row = np.divmod(once, max(len(texts), 1))
    starts = np.append(True, code[1:] != code[:-1])[: len(code)]
    place = np.cumsum(starts) - 1
    often = np.bincount(place) >= FEWEST_TEXTS if len(place) else np.zeros(0, bool)
    kept = often[place]
    words = np.stack(np.divmod(code[starts][often], encoder.size), axis=1)
    return TextNgrams(row[kept], (np.cumsum(often) - 1)[place[kept]], words, encoder)


def log_odds(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(G,) log-odds of each n-gram in the first group against the second, and its z.

    first and second (G,) are how many texts of either group hold each n-gram. The prior is their
    share in both together, as strong as the smaller group. 0 where there is nothing to compare.
    """
    first, second = first.astype(np.float64), second.astype(np.float64)
    both = first + second
    strength = min(first.sum(), second.sum())
    prior = both / max(both.sum(), 1) * strength
    total = first.sum(), second.sum()
    if strength == 0 or len(both) == 1:  # a lone n-gram is all there is on either side
        return np.zeros(len(both)), np.zeros(len(both))
    sides = [
        np.log((count + prior) / (whole + strength - count - prior))
        for count, whole in zip((first, second), total, strict=True)
    ]
    odds = sides[0] - sides[1]
    return odds, odds / np.sqrt(1 / (first + prior) + 1 / (second + prior))


def overrepresented(found: TextNgrams, wrong: np.ndarray) -> list[Overrepresented]:
    """N-grams that mistakes have more often, at most MOST, the surest first.

    wrong (N,) bool. p is one-sided, adjusted by Holm for all n-grams looked at; those of LEVEL or
    more are left out.
    """
    inside, outside = found.texts_with(wrong), found.texts_with(~wrong)
    if not inside.any() or not outside.any():
        return []
    odds, z = log_odds(inside, outside)
    p = holm(ndtr(-z))
    order = np.argsort(-z, kind="stable")[:MOST]
    order = order[p[order] < LEVEL]
    return [
        Overrepresented(
            ngram, int(inside[place]), int(inside[place] + outside[place]),
            float(odds[place]), float(z[place]), float(p[place]),
        )
        for place, ngram in zip(order, found.spelled(order), strict=True)
    ]  # fmt: skip


def telling(found: TextNgrams, chosen: np.ndarray, most: int) -> list[str]:
    """The n-grams that tell the texts chosen (N,) bool from all others, at most `most`."""
    odds, z = log_odds(found.texts_with(chosen), found.texts_with(~chosen))
    order = np.argsort(-z, kind="stable")[:most]
    return found.spelled(order[odds[order] > 0])
