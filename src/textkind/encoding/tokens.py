"""Token ids of many texts in flat arrays, and what every encoder of tokens can do."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Tokens:
    """Ragged token ids: text i has ids[offsets[i]:offsets[i + 1]].

    ids is (M,) int32, offsets is (N + 1,) int64 and begins with 0.
    """

    ids: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return self.offsets.size - 1

    @property
    def lengths(self) -> np.ndarray:
        """(N,) int64 tokens of every text."""
        return np.diff(self.offsets)

    def release(self) -> None:
        """Give memory back that is held for ids on disk; nothing where they are in memory."""


class TokenEncoder(Protocol):
    """Texts to token ids 0..size-1; id 0 is padding and stands for no token.

    `encode` cuts nothing off and adds no special tokens.
    """

    @property
    def unknown_id(self) -> int:
        """The id of what has no id of its own."""
        ...

    @property
    def size(self) -> int:
        """How many ids there are, padding included."""
        ...

    def encode(self, texts: pa.LargeStringArray, threads: int | None = None) -> Tokens:
        """The tokens of N texts."""
        ...

    def spans(self, text: str) -> np.ndarray:
        """(T, 2) int64: from which character of a text to which each of its T tokens stands.

        Those of `encode`, in its order. Tokens may share characters; one that stands for none of
        the text is empty: it ends where it starts.
        """
        ...

    def spellings(self) -> list[str]:
        """The token of every id, as text."""
        ...

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config with "kind", and named arrays."""
        ...


def character_places(content: np.ndarray) -> np.ndarray:
    """(bytes + 1,) int64: how many characters begin before each byte of UTF-8, and before its end.

    content is (bytes,) uint8.
    """
    return np.concatenate(([0], np.cumsum((content & 0xC0) != 0x80)))


def ranks(numbers: np.ndarray) -> np.ndarray:
    """(sum,) int64: 0, 1 .. n - 1 for each n of numbers (R,), one after the other."""
    return np.arange(numbers.sum()) - np.repeat(np.cumsum(numbers) - numbers, numbers)


def take_tokens(tokens: Tokens, rows: np.ndarray) -> Tokens:
    """The texts at `rows`, in that order."""
    lengths = tokens.lengths[rows]
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    places = np.repeat(tokens.offsets[:-1][rows], lengths) + ranks(lengths)
    return Tokens(tokens.ids[places], offsets)
