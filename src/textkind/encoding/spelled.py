"""The word n-grams of a text: where they stand, their buckets, and how they are written."""

import numpy as np

from textkind.encoding import ngram_kernels as kernels
from textkind.encoding.characters import character_table
from textkind.encoding.ngrams import NgramSettings
from textkind.encoding.tokens import ranks


def spelled_words(text: bytes, settings: NgramSettings, bits: int) -> list[tuple[int, str]]:
    """(bucket, n-gram) of every word n-gram of a text, in the order the kernel finds them."""
    if settings.words is None:
        return []
    hashes, spans = split_words(np.frombuffer(text, np.uint8), settings.symbols)
    shortest, longest = settings.words
    words = [text[begin:end].decode() for begin, end in spans]
    spelled = [
        " ".join(words[first : last + 1])
        for first in range(len(words))
        for last in range(first + shortest - 1, min(first + longest, len(words)))
    ]
    buckets = word_buckets(hashes, shortest, longest, bits)
    return list(zip(buckets.tolist(), spelled, strict=True))


def split_words(content: np.ndarray, symbols: bool) -> tuple[np.ndarray, np.ndarray]:
    """(U,) uint64 hashes of the words of a text, and (U, 2) int64 bytes where they stand.

    content (bytes,) uint8 is its UTF-8.
    """
    hashes = np.empty(content.size + 1, np.uint64)
    spans = np.empty((content.size + 1, 2), np.int64)
    units = kernels.split_words(content, 0, content.size, character_table(), symbols, hashes, spans)
    return hashes[:units], spans[:units]


def word_buckets(hashes: np.ndarray, shortest: int, longest: int, bits: int) -> np.ndarray:
    """(M,) int64 buckets of the n-grams of words, from their hashes (U,), in the kernel's order."""
    found = np.empty(hashes.size * longest + 1, np.uint64)
    written = kernels.word_ngrams(hashes, hashes.size, shortest, longest, found)
    return bucket_numbers(found[:written], bits, 0)


def unit_ranges(
    rest: np.ndarray, shortest: int, longest: int, is_alone: np.ndarray | bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """First and last unit (M,) of every n-gram, in the kernels' order.

    rest (U,) is how many units stand from each to the end of its stretch, itself included; where
    is_alone, all of them are an n-gram, though a shorter one than asked for.
    """
    numbers = np.clip(rest - shortest + 1, 0, longest - shortest + 1)
    numbers = np.where(is_alone, 1, numbers)
    first = np.repeat(np.arange(rest.size), numbers)
    return first, first + np.minimum(shortest - 1 + ranks(numbers), rest[first] - 1)


def bucket_numbers(hashes: np.ndarray, bits: int, base: int) -> np.ndarray:
    """(M,) int64 bucket numbers of (M,) n-gram hashes."""
    return base + (hashes >> np.uint64(64 - bits)).astype(np.int64)
