"""Ragged tokens cut to what can be read of every text: its beginning, both ends, or passages.

Each takes Tokens and gives Tokens of as many texts; a text that is short enough stays whole.
"""

import numpy as np

from textkind.encoding.tokens import Tokens


def kept_ranges(
    tokens: Tokens, texts: np.ndarray, begins: np.ndarray, lengths: np.ndarray
) -> Tokens:
    """Of every text only some ranges, one behind the other.

    Range r of (R,) int64 each is lengths[r] tokens of text texts[r], from its token begins[r] on;
    texts never falls.
    """
    first = tokens.offsets[:-1][texts] + begins  # (R,) where each range begins in the flat ids
    behind = np.cumsum(lengths)  # (R,) where it ends among those kept
    total = int(behind[-1]) if behind.size else 0
    places = np.arange(total) + np.repeat(first - (behind - lengths), lengths)
    kept = np.bincount(texts, weights=lengths, minlength=len(tokens)).astype(np.int64)
    return Tokens(tokens.ids[places], np.concatenate(([0], np.cumsum(kept))))


def first_tokens(tokens: Tokens, longest: int | None) -> Tokens:
    """The first `longest` tokens of every text; None: all."""
    lengths = tokens.lengths
    if longest is None or not (lengths > longest).any():
        return tokens
    texts = np.arange(len(tokens))
    return kept_ranges(tokens, texts, np.zeros_like(texts), np.minimum(lengths, longest))


def head_and_tail(tokens: Tokens, head: int, tail: int) -> Tokens:
    """The first `head` and the last `tail` tokens of every text that has more than both."""
    lengths = tokens.lengths
    is_long = lengths > head + tail
    if not is_long.any():
        return tokens
    begins = np.zeros((len(tokens), 2), np.int64)  # of head and tail
    kept = np.stack([lengths, np.zeros_like(lengths)], axis=1)
    begins[is_long, 1] = lengths[is_long] - tail
    kept[is_long] = head, tail
    texts = np.repeat(np.arange(len(tokens)), 2)
    return kept_ranges(tokens, texts, begins.ravel(), kept.ravel())


def telling_passages(tokens: Tokens, scores: np.ndarray, passage: int, most: int) -> Tokens:
    """The passages with the highest sum of scores of texts with over `most` tokens, in their order.

    A long text is cut into passages of `passage` tokens, the last of which may be shorter, and of
    these as many are kept as fit. scores is (V,) int64, one a token id: of whole numbers the sums
    are exact, so that a choice does not hang on the texts beside it. Of equal passages the earlier
    ones are kept.
    """
    lengths = tokens.lengths
    is_long = lengths > most
    if not is_long.any():
        return tokens
    counts = -(-lengths // passage)  # (N,) passages of each text
    texts = np.repeat(np.arange(len(tokens)), counts)  # (P,)
    firsts = np.concatenate(([0], np.cumsum(counts)))[:-1]  # (N,) the first passage of each text
    begins = (np.arange(texts.size) - firsts[texts]) * passage
    sizes = np.minimum(passage, lengths[texts] - begins)
    sums = np.add.reduceat(scores[tokens.ids], tokens.offsets[:-1][texts] + begins)  # (P,)
    order = np.lexsort((-sums, texts))  # stable: equal ones stay in their order
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size) - firsts[texts]
    kept = np.flatnonzero((rank < most // passage) | ~is_long[texts])
    return kept_ranges(tokens, texts[kept], begins[kept], sizes[kept])
