"""One seed, with named children: split, order, bootstrap. Same seed and name, same numbers."""

import zlib

import numpy as np


def child_seed(seed: int, name: str) -> np.random.SeedSequence:
    """The seed sequence of one named purpose under the user's seed."""
    return np.random.SeedSequence([seed, zlib.crc32(name.encode())])


def generator(seed: int, name: str) -> np.random.Generator:
    """A random generator for one named purpose under the user's seed."""
    return np.random.default_rng(child_seed(seed, name))
