"""The word n-grams of a text written out, each with the bucket that its hash falls into."""

import numpy as np

from textkind.encoding import ngram_kernels as kernels
from textkind.encoding.characters import character_table
from textkind.encoding.ngrams import NgramSettings


def spelled_words(text: bytes, settings: NgramSettings, bits: int) -> list[tuple[int, str]]:
    """(bucket, n-gram) of every word n-gram of a text, in the order the kernel finds them."""
    if settings.words is None:
        return []
    content = np.frombuffer(text, np.uint8)
    hashes = np.empty(content.size + 1, np.uint64)
    spans = np.empty((content.size + 1, 2), np.int64)
    units = kernels.split_words(
        content, 0, content.size, character_table(), settings.symbols, hashes, spans
    )
    shortest, longest = settings.words
    found = np.empty(units * longest + 1, np.uint64)
    written = kernels.word_ngrams(hashes, units, shortest, longest, found)
    words = [text[begin:end].decode() for begin, end in spans[:units]]
    spelled = [
        " ".join(words[first : last + 1])
        for first in range(units)
        for last in range(first + shortest - 1, min(first + longest, units))
    ]
    return list(zip(bucket_numbers(found[:written], bits, 0).tolist(), spelled, strict=True))


def bucket_numbers(hashes: np.ndarray, bits: int, base: int) -> np.ndarray:
    """(M,) int64 bucket numbers of (M,) n-gram hashes."""
    return base + (hashes >> np.uint64(64 - bits)).astype(np.int64)
