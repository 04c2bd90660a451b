"""How well training texts prepare for a text: its words that are rare there, what they never had.

A share is unusual where only a tenth of the training texts have a higher one, each against all
others: a word that a training text alone has is as new in it as in a new text.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.text_keys import mixed
from textkind.encoding.words import WordEncoder, WordSettings, fit_words

RARE = 2  # training texts with a rare word, at most
UNUSUAL = 0.9  # quantile of the training texts from which on a share is unusual
LENGTHS = (0.005, 0.995)  # quantiles of the training texts between which a length is usual
ALL_WORDS = 2**31 - 1
ROW_BITS = 24  # of 64; the others hold a word, or the hash of a pair: few of millions share theirs
MOST_TEXTS = 1 << ROW_BITS


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Each (N,), of the texts; and what of them is unusual by the training texts.

    rare      share of a text's different words (with a letter) that stand in RARE training texts at
              most
    unseen    share of its different words and word pairs that stand in none
    words     its number of words
    """

    rare: np.ndarray
    unseen: np.ndarray
    words: np.ndarray
    most_rare: float
    most_unseen: float
    shortest: float
    longest: float

    @property
    def has_rare_words(self) -> np.ndarray:
        """(N,) bool."""
        return self.rare > self.most_rare

    @property
    def is_unlike(self) -> np.ndarray:
        """(N,) bool: by words and pairs, or by length."""
        return (
            (self.unseen > self.most_unseen)
            | (self.words < self.shortest)
            | (self.words > self.longest)
        )


def familiarity(
    train: pa.LargeStringArray, texts: pa.LargeStringArray, threads: int | None = None
) -> Familiarity:
    """What the training texts, one or more, say about N texts; MOST_TEXTS of both together at most.

    Numbers count as one word.
    """
    both = pc.replace_substring_regex(pa.concat_arrays([train, texts]), r"\d+", "0")
    encoder = fit_words(both, WordSettings(minimum_count=1, largest=ALL_WORDS), threads)
    tokens = encoder.encode(both, threads)
    words, ids = tokens.lengths, tokens.ids.astype(np.uint64)
    row = np.repeat(np.arange(len(words), dtype=np.uint64), words)
    rare, unseen, counted, ngrams = (np.zeros(len(words), np.int64) for _ in range(4))
    inside = row[1:] == row[:-1]
    pairs = mixed(ids[:-1] << np.uint64(32) | ids[1:], 0)[inside] >> np.uint64(ROW_BITS)
    for kind, place in ((ids, row), (pairs, row[1:][inside])):
        which, of, others = _in_others(kind, place, len(train))
        ngrams += np.bincount(of, minlength=len(words))
        unseen += np.bincount(of[others == 0], minlength=len(words))
        if kind is ids:
            has_letter = _has_letter(encoder)[which]
            counted += np.bincount(of[has_letter], minlength=len(words))
            rare += np.bincount(of[has_letter & (others <= RARE)], minlength=len(words))
    rare_share, unseen_share = rare / np.maximum(counted, 1), unseen / np.maximum(ngrams, 1)
    own, new = slice(0, len(train)), slice(len(train), None)
    shortest, longest = np.quantile(words[own], LENGTHS).tolist()
    return Familiarity(
        rare=rare_share[new],
        unseen=unseen_share[new],
        words=words[new],
        most_rare=float(np.quantile(rare_share[own], UNUSUAL)),
        most_unseen=float(np.quantile(unseen_share[own], UNUSUAL)),
        shortest=shortest,
        longest=longest,
    )


def _in_others(
    kinds: np.ndarray, rows: np.ndarray, learned: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each kind of a row once: the kind, the row, and how many other training rows have it.

    kinds (M,) uint64 below 2^40 and rows (M,) below 2^24; rows below `learned` are of training.
    """
    once = np.sort(kinds << np.uint64(ROW_BITS) | rows)  # np.unique takes a hundred times as long
    once = once[np.append(True, once[1:] != once[:-1])[: len(once)]]
    kind = (once >> np.uint64(ROW_BITS)).astype(np.int64)
    row = (once & np.uint64((1 << ROW_BITS) - 1)).astype(np.int64)
    number = np.cumsum(np.append(False, kind[1:] != kind[:-1])[: len(kind)])
    is_train = row < learned
    of_train = np.bincount(number[is_train], minlength=int(number[-1]) + 1 if len(number) else 0)
    return kind, row, of_train[number] - is_train


def _has_letter(encoder: WordEncoder) -> np.ndarray:
    """(V,) bool of the ids."""
    spelled = encoder.spellings()
    return np.fromiter((any(map(str.isalpha, word)) for word in spelled), bool, len(spelled))
