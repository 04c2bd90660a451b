"""The words of texts, or their runs of words, as hashes: which text has which."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.encoding.ngrams import NgramSettings, bits_for, hash_texts, text_buffers
from textkind.encoding.spelled import spelled_words


@dataclass(frozen=True, eq=False)
class HashedWords:
    """Pairs of a text and a word that it holds, each pair once.

    row     (M,) int64 texts, ascending
    bucket  (M,) int64 below 1 << bits; words may share one
    """

    row: np.ndarray
    bucket: np.ndarray
    bits: int
    settings: NgramSettings

    def bucket_of(self, word: str) -> int:
        """The bucket of a single word or run."""
        return spelled_words(word.encode(), self.settings, self.bits)[0][0]

    def spelled(self, bucket: int, texts: list[str]) -> str:
        """The word of a bucket that most of the texts, which all hold one, have."""
        found = Counter(
            word
            for text in texts
            for word in {
                word.lower()
                for own, word in spelled_words(text.encode(), self.settings, self.bits)
                if own == bucket
            }
        )
        return found.most_common(1)[0][0]


def hashed_words(
    texts: pa.LargeStringArray, length: int = 1, threads: int | None = None
) -> HashedWords:
    """The runs of `length` words of every text."""
    settings = NgramSettings(words=(length, length), minimum_document_frequency=1)
    _, offsets = text_buffers(texts)
    bits = bits_for(int(offsets[-1] - offsets[0]))
    rows = hash_texts(texts, settings, bits, threads)
    lengths = rows.ends - rows.starts
    behind = np.cumsum(lengths)
    total = int(behind[-1]) if behind.size else 0
    places = np.arange(total) + np.repeat(rows.starts - (behind - lengths), lengths)
    return HashedWords(
        np.repeat(np.arange(len(texts)), lengths), rows.columns[places].astype(np.int64),
        bits, settings,
    )  # fmt: skip
