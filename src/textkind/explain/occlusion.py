"""Leave one out: how a difference of logits falls when a word is taken out of a text.

    pieces = chunks(text, most=256)
    weights = fallen(text, pieces, differences)        differences: texts -> (N,)

It asks nothing of a model but its logits (occlusion, Zeiler & Fergus 2014; leave one out, Li,
Monroe & Jurafsky 2016). The weights need not add up to anything.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from textkind.explain.ngram_places import split
from textkind.explain.settings import MOST_PIECES

MOST_CHARACTERS = 1 << 24  # of all variants of a text together


def chunks(text: str, most: int = MOST_PIECES) -> tuple[np.ndarray, int]:
    """Characters (P, 2) of the words of a text, and how many words are one piece.

    All but white space is a word. Where there are more than `most`, or where the text is so long
    that its variants would have more than MOST_CHARACTERS, neighbours are taken together.
    """
    _, words = split(text, symbols=True)
    most = max(1, min(most, MOST_CHARACTERS // max(1, len(text))))
    size = max(1, -(-len(words) // most))
    begins = np.arange(0, len(words), size)
    ends = np.minimum(begins + size, len(words)) - 1
    return np.stack([words[begins, 0], words[ends, 1]], axis=1), size


def fallen(
    text: str, pieces: np.ndarray, differences: Callable[[pa.LargeStringArray], np.ndarray]
) -> tuple[float, np.ndarray]:
    """The difference of the whole text, and (P,) how much less it is without each piece.

    The text and all variants are read at once.
    """
    variants = [text[:start] + text[end:] for start, end in pieces.tolist()]
    found = differences(pa.array([text, *variants], pa.large_string())).astype(np.float64)
    return float(found[0]), found[0] - found[1:]
