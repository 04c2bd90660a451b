"""Runs of tokens as tokens of their own: what tells "not good" from "good, not" without order.

    encoder = RunEncoder(words, longest=2, buckets=1 << 17)

Every run of 2 to `longest` neighbours is hashed into one of the buckets behind the ids of the
tokens, as in fastText (Joulin et al. 2017).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.encoding.run_kernels import add_runs
from textkind.encoding.tokens import TokenEncoder, Tokens

MOST_LONGEST = 10  # tokens of a run
MOST_BUCKETS = 1 << 24
BUCKET = ""  # spelling of a bucket


@dataclass(frozen=True, eq=False)
class RunEncoder:
    """The tokens of an encoder, then the buckets of their runs, as a TokenEncoder."""

    tokens: TokenEncoder
    longest: int
    buckets: int

    pad_id = 0

    @property
    def unknown_id(self) -> int:
        """That of the tokens."""
        return self.tokens.unknown_id

    @property
    def size(self) -> int:
        """How many ids there are."""
        return self.tokens.size + self.buckets

    def encode(self, texts: pa.LargeStringArray, threads: int | None = None) -> Tokens:
        """The ids of N texts: the tokens in their order, then the buckets of their runs."""
        plain = self.tokens.encode(texts, threads)
        found = np.empty(self.longest * plain.ids.size, np.int32)
        offsets = np.empty(len(plain) + 1, np.int64)
        used = add_runs(
            plain.ids, plain.offsets, self.longest, self.tokens.size, self.buckets, found, offsets
        )
        return Tokens(found[:used].copy(), offsets)

    def spellings(self) -> list[str]:
        """The token of every id; empty for buckets."""
        return self.tokens.spellings() + [BUCKET] * self.buckets

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config with that of the tokens inside, and the arrays of the tokens."""
        config, arrays = self.tokens.state()
        told = {"longest": self.longest, "buckets": self.buckets, "tokens": config}
        return {"kind": "runs"} | told, arrays
