"""What all networks have: token vectors at the start, a head at the end.

Everything is computed by PyTorch's plain operations, of one text without padding.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textkind.encoding.tokens import Tokens
from textkind.explain.steps.texts import TextTokens
from textkind.explain.trace import (
    Columns,
    Quantity,
    Shown,
    Step,
    Table,
    by_falling,
    numbers,
    strongest,
    sum_rows,
    table,
)
from textkind.models.networks.pooling import (
    AttentionPooling,
    PlainPooling,
    last_valid,
    masked_mean,
)
from textkind.models.networks.pretrained import FirstState
from textkind.training.batches import padded_batch
from textkind.training.losses import logits_of

ROWS = "Each id takes its row of the embedding."
HEAD = "Each logit is the vector times the weights of a label, and its bias."
ONE_OUTPUT = " The head has one output z; the logits are -z/2 and z/2."
MOST_NEAREST = 100  # tokens of a vocabulary that are told, also where nothing is cut
COMPONENTS = 4  # of a token's vector, which has too many to be shown


@dataclass(frozen=True, eq=False)
class Read:
    """What a network reads of one text: its tokens, and the same as a batch of one.

    ids (1, T) int64 and mask (1, T) bool; T is 1 where there is no token.
    """

    tokens: TextTokens
    ids: Tensor
    mask: Tensor
    takes: Quantity


def read_of(tokens: TextTokens, takes: Quantity) -> Read:
    """Tokens, called as the step before calls them, as a network takes them."""
    one = Tokens(tokens.ids, np.array([0, len(tokens)]))
    batch = padded_batch(one, np.zeros(1, np.int64))
    ids, mask = torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)
    return Read(tokens, ids, mask, takes)


@dataclass(frozen=True, eq=False)
class Reached:
    """The steps of a network to what its head reads: (1, W), with names of the W numbers.

    weights (O, W) and bias (O,) are the head's; takes is what the vector is called.
    """

    steps: list[Step]
    vector: Tensor
    weights: Tensor
    bias: Tensor
    names: list[str]
    takes: str = "vector"


def reached(steps: list[Step], vector: Tensor, head: Any) -> Reached:
    """Steps to a vector whose numbers are told by their places, from 1."""
    names = [f"{place + 1}" for place in range(vector.shape[1])]
    return Reached(steps, vector, head.weight, head.bias, names)


def array(x: Tensor) -> np.ndarray:
    """A tensor as an array of float32."""
    found: np.ndarray = x.detach().float().numpy()
    return found


def token_columns(tokens: TextTokens) -> Columns:
    """What a row of every token begins with."""
    return [("place", "whole", tokens.places), ("token", "text", tokens.spelled)]


def embedding_step(
    x: Tensor, names: Columns, takes: Quantity, sentence: str, top: int | None
) -> Step:
    """Tokens to their vectors x (T, D)."""
    vectors = array(x)
    columns = [*names, ("length", "number", lengths_of(vectors))]
    columns += [
        (f"{place + 1}.", "signed", vectors[:, place])
        for place in range(min(COMPONENTS, vectors.shape[1]))
    ]
    return Step(
        "embedding", sentence, takes, numbers("token vectors", vectors),
        (table("vectors", columns, top),),
    )  # fmt: skip


def lengths_of(vectors: np.ndarray) -> np.ndarray:
    """(T,) Euclidean lengths of vectors (T, D)."""
    return np.linalg.norm(vectors, axis=1)


def unit_table(values: np.ndarray, top: int | None, name: str = "units") -> Table:
    """The units of a vector (D,) by their numbers, from 1, the largest values first."""
    order = by_falling(np.abs(values))
    return table(name, [("unit", "whole", order + 1), ("value", "signed", values[order])], top)


def nearest_table(
    vector: np.ndarray, words: np.ndarray, spellings: list[str], top: int | None
) -> Table:
    """The tokens whose vectors, rows of words (V, D), point most the way of a vector (D,)."""
    lengths = lengths_of(words)
    cosines = words @ vector / np.maximum(lengths * np.linalg.norm(vector), 1e-12)
    has_both = (lengths > 0) & np.array(list(map(bool, spellings)), bool)
    order = np.flatnonzero(has_both)
    order = order[by_falling(cosines[order])]
    first = order[: MOST_NEAREST if top is None else top].tolist()
    columns = [
        ("token", "text", [spellings[place] for place in first]),
        ("cosine", "signed", cosines[first]),
    ]
    return replace(table("nearest tokens", columns, None), of=order.size)


def pooling_step(
    pooling: nn.Module, states: Tensor, mask: Tensor, names: Columns, takes: str, top: int | None
) -> tuple[Step, Tensor]:
    """States (1, T, D) to one vector (1, D), which is returned too.

    mask (1, T) says which positions count, names are the columns that a row of each begins with;
    takes is what the states are.
    """
    vector = pooling(states, mask)
    counted = states[mask]
    how, column, counts = shares_of(pooling, counted)
    step = pooled_step(how, (column, counts), array(counted), names, takes, vector, top)
    return step, vector


def pooled_step(
    how: str,
    counts: tuple[str, np.ndarray],
    vectors: np.ndarray,
    names: Columns,
    takes: str,
    vector: Tensor,
    top: int | None,
) -> Step:
    """Vectors (T, D) to one (1, D); counts (T,) and their name say what each of them counts.

    Where tables are cut, those that count most are shown, in the order of the text.
    """
    title, shares = counts
    columns = [*names, ("length", "number", lengths_of(vectors)), (title, "share", shares)]
    positions = strongest("positions", columns, shares, top)
    pooled = array(vector)[0]
    return Step(
        "pooling", f"The vectors become one: {how}.",
        numbers(takes, vectors), numbers("vector", pooled),
        (positions, unit_table(pooled, top)),
    )  # fmt: skip


def shares_of(pooling: nn.Module, states: Tensor) -> tuple[str, str, np.ndarray]:
    """How states (T, D) are pooled, and what each counts (T,) with the name of that."""
    number = len(states)
    if not number:
        return "there is none, so it is zero", "weight", np.empty(0)
    if isinstance(pooling, AttentionPooling):
        weights = array((states @ pooling.query).softmax(dim=0))
        return "the mean by learned weights", "weight", weights
    if isinstance(pooling, FirstState):
        return "the first alone", "weight", (np.arange(number) == 0) * 1.0
    assert isinstance(pooling, PlainPooling)
    if pooling.pool is masked_mean:
        return "the mean, in which all weigh the same", "weight", np.full(number, 1 / number)
    if pooling.pool is last_valid:
        return "the last alone", "weight", (np.arange(number) == number - 1) * 1.0
    winners = array(states).argmax(axis=0)  # (D,)
    won = np.bincount(winners, minlength=number) / states.shape[1]
    return "of each unit the greatest number; told is the share that each won", "won", won


def head_step(own: Reached, kind: str, shown: Shown) -> tuple[Step, np.ndarray]:
    """The vector (W,) that the head reads to the logits (K,), which are returned too.

    kind is what the head's outputs are (training/losses.py).
    """
    vector = array(own.vector)[0].astype(np.float64)
    weights, bias = (array(one).astype(np.float64) for one in (own.weights, own.bias))
    by_label, own_bias = logits_of(kind, weights.T), logits_of(kind, bias[None])[0]  # (W, K), (K,)
    additions = vector[:, None] * by_label
    products = additions.sum(axis=0)
    logits = products + own_bias
    order = by_falling(logits)
    columns: Columns = [
        ("label", "text", np.array(shown.labels, object)[order]),
        ("vector x weights", "signed", products[order]),
        ("bias", "signed", own_bias[order]),
        ("logit", "signed", logits[order]),
    ]
    units = by_falling(np.abs(additions[:, shown.first]))
    added: Columns = [
        ("unit", "text", [own.names[unit] for unit in units.tolist()]),
        ("value", "signed", vector[units]),
        *((shown.labels[label], "signed", additions[units, label]) for label in shown.columns),
    ]
    ends = sum_rows(additions[units], own_bias, shown)
    tables = (table("logits", columns, shown.top), table("additions", added, shown.top, ends))
    told = HEAD + (ONE_OUTPUT if kind == "binary" else "")
    step = Step("head", told, numbers(own.takes, vector), numbers("logits", logits), tables)
    return step, logits
