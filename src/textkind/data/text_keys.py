"""A 64-bit key for each text after normalisation: equal keys are duplicates, order is random.

Two texts are duplicates where they are the same after Unicode lower-casing and after every run of
white space has become one space, with none at the ends. Among a million different texts, two
have the same key by chance once in forty million.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.collect import string_buffers
from textkind.seeds import child_seed


def text_keys(texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) uint64 keys of the normalised texts; they depend on nothing but the text."""
    from textkind.data.text_key_kernels import hash_normalised

    keys = np.empty(len(texts), np.uint64)
    ascii_only = pc.equal(pc.utf8_length(texts), pc.binary_length(texts))
    plain = np.flatnonzero(ascii_only.to_numpy(zero_copy_only=False))
    other = np.flatnonzero(~ascii_only.to_numpy(zero_copy_only=False))
    # The kernel lowers ASCII itself; only texts with other letters pay for Unicode's tables.
    for rows, strings in (
        (plain, texts),
        (other, pc.utf8_lower(texts.take(pa.array(other)))),
    ):
        offsets, data = string_buffers(strings)
        places = rows if strings is texts else np.arange(len(rows))
        hash_normalised(data, offsets - offsets[0], places, rows, keys)
    return keys


def mixed(keys: np.ndarray, salt: int | np.ndarray) -> np.ndarray:
    """(N,) uint64 keys shuffled by a salt: the finish of SplitMix64 (Steele et al. 2014)."""
    salted = np.asarray(salt).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = keys.astype(np.uint64) ^ salted
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def salt_of(seed: int, name: str) -> np.ndarray:
    """A salt (1,) uint64 of one named purpose under the user's seed."""
    return child_seed(seed, name).generate_state(1, np.uint64)


def row_keys(keys: np.ndarray, targets: np.ndarray, salt: np.ndarray) -> np.ndarray:
    """(N,) uint64 keys of text and labels together: a random order that no file order changes."""
    if targets.ndim == 1:
        labels = mixed(targets, 1)
    else:
        labels = np.zeros(len(targets), np.uint64)
        row, label = np.nonzero(targets)
        np.add.at(labels, row, mixed(label, 1))
    return mixed(mixed(keys, salt) + labels, 2)
