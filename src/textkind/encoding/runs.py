"""Runs of tokens as tokens of their own: what tells "not good" from "good, not" without order.

    encoder = fit_runs(words, texts, longest=2, buckets=1 << 16)     on the training part
    tokens = encoder.encode(other_texts)

Every run of 2 to `longest` neighbours is hashed into one of many buckets, as in fastText (Joulin et
al. 2017). A bucket that the training texts fill once or never has little to learn: it has no id,
and runs that fall into it are left out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.encoding.run_kernels import add_runs
from textkind.encoding.spelled import unit_ranges
from textkind.encoding.tokens import TokenEncoder, Tokens
from textkind.encoding.words import least_count

MOST_LONGEST = 10  # tokens of a run
MOST_BUCKETS = 1 << 24
BUCKET = ""  # spelling of a bucket


@dataclass(frozen=True, eq=False)
class RunEncoder:
    """The tokens of an encoder, then the buckets of their runs, as a TokenEncoder.

    filled  (F,) int64 rising: the buckets that have an id, tokens.size + 0 .. F - 1
    places  (buckets,) int32: the id of each bucket, -1 for one without
    """

    tokens: TokenEncoder
    longest: int
    filled: np.ndarray
    places: np.ndarray

    pad_id = 0

    @property
    def unknown_id(self) -> int:
        """That of the tokens."""
        return self.tokens.unknown_id

    @property
    def size(self) -> int:
        """How many ids there are."""
        return self.tokens.size + self.filled.size

    def spans(self, text: str) -> np.ndarray:
        """(T, 2) int64 characters where the tokens stand, then where their runs do."""
        spans = self.tokens.spans(text)
        plain = self.tokens.encode(pa.array([text], pa.large_string()))
        # without a bucket left out, runs come in the order of their first token
        every = np.arange(self.places.size, dtype=np.int32)
        buckets = _with_runs(plain, self.longest, every).ids[len(spans) :]
        first, last = unit_ranges(np.arange(len(spans), 0, -1), 2, self.longest)
        runs = np.stack([spans[first, 0], spans[last, 1]], axis=1)
        return np.concatenate([spans, runs[self.places[buckets] >= 0]])

    def encode(self, texts: pa.LargeStringArray, threads: int | None = None) -> Tokens:
        """The ids of N texts: the tokens in their order, then the buckets of their runs."""
        return _with_runs(self.tokens.encode(texts, threads), self.longest, self.places)

    def spellings(self) -> list[str]:
        """The token of every id; empty for buckets."""
        return self.tokens.spellings() + [BUCKET] * self.filled.size

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config with that of the tokens inside, and arrays."""
        config, arrays = self.tokens.state()
        told = {"longest": self.longest, "buckets": self.places.size, "tokens": config}
        return {"kind": "runs"} | told, arrays | {"filled": self.filled}


def fit_runs(
    tokens: TokenEncoder,
    texts: pa.LargeStringArray,
    *,
    longest: int,
    buckets: int,
    minimum_count: int | None = None,
    threads: int | None = None,
) -> RunEncoder:
    """The encoder of runs whose buckets the training texts fill minimum_count times or more.

    None: as often as a word must stand there.
    """
    least = least_count(minimum_count, len(texts))
    every = np.arange(buckets, dtype=np.int32) + np.int32(tokens.size)
    found = _with_runs(tokens.encode(texts, threads), longest, every)
    counts = np.bincount(found.ids, minlength=tokens.size + buckets)[tokens.size :]
    return runs_of(tokens, longest, np.flatnonzero(counts >= least), buckets)


def runs_of(tokens: TokenEncoder, longest: int, filled: np.ndarray, buckets: int) -> RunEncoder:
    """The encoder whose `filled` buckets have ids."""
    places = np.full(buckets, -1, np.int32)
    places[filled] = np.arange(filled.size) + tokens.size
    return RunEncoder(tokens, longest, filled, places)


def _with_runs(plain: Tokens, longest: int, places: np.ndarray) -> Tokens:
    found = np.empty(longest * plain.ids.size, np.int32)
    offsets = np.empty(len(plain) + 1, np.int64)
    used = add_runs(plain.ids, plain.offsets, longest, places, found, offsets)
    return Tokens(found[:used].copy(), offsets)
