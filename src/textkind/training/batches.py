"""Rows to batches: texts of like length together, so that hardly a position is padding.

An epoch's batches follow from the seed and the epoch's number alone, so that a training that was
interrupted meets the same ones again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from textkind.encoding.tokens import Tokens
from textkind.seeds import generator
from textkind.training.batch_kernels import cheapest_cuts, pad_rows
from textkind.training.imbalance import ROOT_SAMPLING, SAMPLING

POOL = 8192  # texts that are sorted by length together
JITTER = 0.2  # of a text's length: neighbours by length change from epoch to epoch


@dataclass(frozen=True, eq=False)
class Batch:
    """Some texts side by side.

    rows            (B,) int64, which texts
    input_ids       (B, T) int64, T being at least the tokens of the longest, and 1
    attention_mask  (B, T) bool
    """

    rows: np.ndarray
    input_ids: np.ndarray
    attention_mask: np.ndarray


def padded_batch(tokens: Tokens, rows: np.ndarray, multiple: int = 1) -> Batch:
    """The batch of those rows; T is rounded up to a multiple."""
    lengths = tokens.offsets[rows + 1] - tokens.offsets[rows]
    longest = max(1, int(lengths.max(initial=0)))
    shape = rows.size, -(-longest // multiple) * multiple
    input_ids, attention_mask = np.empty(shape, np.int64), np.empty(shape, np.bool_)
    pad_rows(tokens.ids, tokens.offsets, rows, input_ids, attention_mask)
    return Batch(rows, input_ids, attention_mask)


def drop_tokens(batch: Batch, share: float, unknown_id: int, random: np.random.Generator) -> None:
    """Let that share of the batch's tokens, drawn at random, read as unknown, in place.

    A network then learns what to make of an unknown word, and not to lean on a single one (Iyyer et
    al. 2015, who leave the words out).
    """
    drawn = random.random(batch.input_ids.shape, np.float32) < share
    batch.input_ids[drawn & batch.attention_mask] = unknown_id


def cut_by_budget(
    rows: np.ndarray, lengths: np.ndarray, most_tokens: int, most_texts: int
) -> Iterator[np.ndarray]:
    """Cut rows into runs: longest times number at most `most_tokens`, and `most_texts` texts.

    A text longer than the budget is a batch by itself. lengths are those of `rows`.
    """
    begin, longest = 0, 0
    for place, length in enumerate(np.maximum(lengths, 1).tolist()):
        longer = max(longest, length)
        number = place - begin + 1
        if number > 1 and (longer * number > most_tokens or number > most_texts):
            yield rows[begin:place]
            begin, longer = place, length
        longest = longer
    if begin < rows.size:
        yield rows[begin:]


def batches_by_length(
    tokens: Tokens, most_tokens: int, most_texts: int, start: int | None = None
) -> Iterator[np.ndarray]:
    """Every row once, the longest first: for prediction.

    start is what a batch costs beside its positions, as a number of these: the batches are then
    those that cost least together. None: as few as fit the budget.
    """
    order = np.argsort(-tokens.lengths, kind="stable")
    lengths = tokens.lengths[order]
    if start is None:
        return cut_by_budget(order, lengths, most_tokens, most_texts)
    return cut_by_cost(order, lengths, most_tokens, most_texts, start)


def cut_by_cost(
    rows: np.ndarray, lengths: np.ndarray, most_tokens: int, most_texts: int, start: int
) -> Iterator[np.ndarray]:
    """Cut rows, the longest first, within the same limits, so that all batches cost least."""
    begins = cheapest_cuts(np.maximum(lengths, 1), most_tokens, most_texts, start)
    cuts = [rows.size]
    while cuts[-1]:
        cuts.append(int(begins[cuts[-1]]))
    for begin, end in pairwise(reversed(cuts)):
        yield rows[begin:end]


def epoch_batches(
    lengths: np.ndarray,
    most_tokens: int,
    most_texts: int,
    *,
    seed: int,
    epoch: int,
    weights: np.ndarray | None = None,
    edges: np.ndarray | None = None,
) -> list[np.ndarray]:
    """The batches of one epoch: row numbers of pools sorted by length, in random order.

    With `weights` (N,) rows are drawn with replacement, in proportion to them, N in all. Without,
    `edges` cut the rows into stretches, and the batches of a stretch come together: of rows on disk
    only those of one stretch are read at a time.
    """
    random = generator(seed, f"order {epoch}")
    number = lengths.size
    if weights is not None:
        rows = random.choice(number, number, p=weights / weights.sum())
        return _pooled(rows, lengths, most_tokens, most_texts, random)
    edges = np.array([0, number]) if edges is None else edges
    batches: list[np.ndarray] = []
    for stretch in random.permutation(edges.size - 1) if edges.size > 2 else [0]:
        begin, end = edges[stretch], edges[stretch + 1]
        rows = begin + random.permutation(end - begin)
        batches += _pooled(rows, lengths, most_tokens, most_texts, random)
    return batches


def _pooled(
    rows: np.ndarray,
    lengths: np.ndarray,
    most_tokens: int,
    most_texts: int,
    random: np.random.Generator,
) -> list[np.ndarray]:
    """Batches of the rows, pools of them sorted by length, in random order."""
    batches: list[np.ndarray] = []
    for begin in range(0, rows.size, POOL):
        pool = rows[begin : begin + POOL]
        jittered = lengths[pool] * random.uniform(1 - JITTER, 1 + JITTER, pool.size)
        pool = pool[np.argsort(jittered, kind="stable")]
        batches += cut_by_budget(pool, lengths[pool], most_tokens, most_texts)
    return [batches[place] for place in random.permutation(len(batches))]


def sampling_weights(targets: np.ndarray, imbalance: str) -> np.ndarray | None:
    """(N,) how often a text is drawn, relatively; None: every text once.

    sampling: each label as often as any other; root-sampling: between that and the data. With
    several labels a text counts by its rarest; one without a label counts by their number.
    """
    power = {SAMPLING: 1.0, ROOT_SAMPLING: 0.5}.get(imbalance)
    if power is None:
        return None
    if targets.ndim == 1:
        return (1 / np.bincount(targets)[targets]) ** power
    bare = targets.sum(axis=1) == 0
    shares = np.append(targets.sum(axis=0), bare.sum())
    member = np.column_stack([targets, bare])
    rarest = np.where(member, shares, shares.max() + 1).min(axis=1)
    return (1 / rarest) ** power
