"""Kinds of wording: which texts are long, negate, ask, or hold words that training never had.

Plain counts of words: runs of letters and digits, in small letters.
"""

import re

import numpy as np
import pyarrow as pa

from textkind.mistakes.cues import NEGATION, cue_rows

WORD = re.compile(r"\w+")
FEWEST = 5  # texts of a group, or outside it: of fewer there is nothing to say
LENGTHS = (25, 50, 75)  # per cent of the texts that are shorter: four groups


def unseen_words(texts: pa.LargeStringArray, train: pa.LargeStringArray) -> np.ndarray:
    """(N,) int64: how many different words of each text stand in no training text."""
    known: set[str] = set()
    for text in train:
        known.update(WORD.findall(text.as_py().lower()))
    return np.array(
        [len(set(WORD.findall(text.as_py().lower())) - known) for text in texts], np.int64
    )


def wording_groups(texts: list[str], unseen: np.ndarray) -> dict[str, np.ndarray]:
    """Name -> (N,) bool, by the texts and the number of unseen words of each.

    The groups of one kind (length, negation, unseen words, ...) are all texts together, but for
    those of fewer than FEWEST texts, which are left out.
    """
    lowered = [text.lower() for text in texts]
    words = np.array([len(WORD.findall(text)) for text in lowered])
    negates = cue_rows(NEGATION, pa.array(texts, pa.large_string()))
    asks = np.array(["?" in text for text in texts], bool)
    counts = np.array([any(sign.isdigit() for sign in text) for text in texts], bool)
    groups = {
        **_by_length(words),
        "with a negation": negates,
        "without a negation": ~negates,
        "all words seen in training": unseen == 0,
        "one word unseen in training": unseen == 1,
        "two or more words unseen": unseen > 1,
        "with a question mark": asks,
        "without a question mark": ~asks,
        "with a digit": counts,
        "without a digit": ~counts,
    }
    return {
        name: mask for name, mask in groups.items() if FEWEST <= mask.sum() < len(mask) - FEWEST
    }


def _by_length(words: np.ndarray) -> dict[str, np.ndarray]:
    """Groups of about a quarter of the texts each, by their number of words."""
    edges = np.unique(np.percentile(words, LENGTHS).astype(np.int64))
    groups, low = {}, 0
    for edge in (*edges.tolist(), None):
        inside = (words >= low) & ((words <= edge) if edge is not None else True)
        if edge is None:
            groups[f"{low} words or more"] = inside
        else:
            groups[f"up to {edge} words" if low == 0 else f"{low} to {edge} words"] = inside
            low = edge + 1
    return groups
