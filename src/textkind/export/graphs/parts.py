"""What the graphs of several networks are made of: batches of tokens, pooling, attention blocks.

Each function adds to a Graph what a function or module of models/networks computes, and names the
value. A batch is at least one position long, masked where a text has no token.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from textkind.models.graph import Graph, numbers_of
from textkind.models.networks.pooling import (
    AttentionPooling,
    PlainPooling,
    last_valid,
    masked_max,
    masked_mean,
)
from textkind.models.networks.pretrained import FirstState
from textkind.models.networks.transformer import Block, rotations

LEAST = np.finfo(np.float32).min


@dataclass(frozen=True)
class Batch:
    """The names of a batch in a graph.

    ids     (B, T) int64
    mask    (B, T) bool
    shift   ids that the encoder has before those of the tokenizer's file: tables begin behind them
    """

    ids: str
    mask: str
    shift: int = 0


def counts(graph: Graph, mask: str) -> str:
    """(B, 1) int64: the valid positions of each text."""
    return graph.one("ReduceSum", graph.cast(mask, "INT64"), graph.integers(1), keepdims=1)


def has_any(graph: Graph, mask: str) -> str:
    """(B, 1) bool: whether a text has a valid position."""
    return graph.one("Greater", counts(graph, mask), graph.constant(0, np.int64))


def length(graph: Graph, x: str, axis: int = 1) -> str:
    """(1,) int64: how long an axis is."""
    return graph.one("Shape", x, start=axis, end=axis + 1)


def places(graph: Graph, number: str) -> str:
    """(N,) int64: 0, 1 .. N - 1 for N in a (1,) int64."""
    zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
    return graph.one("Range", zero, graph.one("Squeeze", number), one)


def unsqueezed(graph: Graph, x: str, *axes: int) -> str:
    """x with axes of length 1 at these places."""
    return graph.one("Unsqueeze", x, graph.integers(*axes))


def weighted_sum(graph: Graph, x: str, weights: str) -> str:
    """(B, D) of x (B, T, D) and weights (B, T)."""
    mixed = graph.one("MatMul", unsqueezed(graph, weights, 1), x)
    return graph.one("Squeeze", mixed, graph.integers(1))


def mean_weights(graph: Graph, mask: str) -> str:
    """(B, T) float32: 1 / n at each of a text's n valid positions."""
    number = graph.one("Max", counts(graph, mask), graph.constant(1, np.int64))
    return graph.one("Div", graph.cast(mask, "FLOAT"), graph.cast(number, "FLOAT"))


def _mean(graph: Graph, x: str, mask: str) -> str:
    return weighted_sum(graph, x, mean_weights(graph, mask))


def _max(graph: Graph, x: str, mask: str) -> str:
    least = graph.constant(-np.inf, np.float32)
    seen = graph.one("Where", unsqueezed(graph, mask, 2), x, least)
    greatest = graph.one("ReduceMax", seen, graph.integers(1), keepdims=0)
    zero = graph.constant(0, np.float32)
    return graph.one("Where", has_any(graph, mask), greatest, zero)


def _last(graph: Graph, x: str, mask: str) -> str:
    every = places(graph, length(graph, mask))
    last = graph.one("Sub", counts(graph, mask), graph.constant(1, np.int64))
    is_last = graph.one("And", graph.one("Equal", every, last), mask)
    return weighted_sum(graph, x, graph.cast(is_last, "FLOAT"))


PLAIN: dict[Callable[..., object], Callable[[Graph, str, str], str]] = {
    masked_mean: _mean,
    masked_max: _max,
    last_valid: _last,
}


def pooled(graph: Graph, pooling: nn.Module, x: str, mask: str) -> str:
    """x (B, T, D) through a module of POOLINGS, or the first state: (B, D)."""
    if isinstance(pooling, FirstState):
        return graph.one("Gather", x, graph.constant(0, np.int64), axis=1)
    if isinstance(pooling, PlainPooling):
        return PLAIN[pooling.pool](graph, x, mask)
    assert isinstance(pooling, AttentionPooling)
    query = graph.constant(numbers_of(pooling.query)[:, None])
    scores = graph.one("Squeeze", graph.one("MatMul", x, query), graph.integers(2))
    seen = graph.one("Where", mask, scores, graph.constant(LEAST))
    weights = graph.one("Softmax", seen, axis=1)
    return weighted_sum(graph, x, graph.one("Mul", weights, graph.cast(mask, "FLOAT")))


def beginning(graph: Graph, table: np.ndarray, number: str) -> str:
    """The first N rows of a table, N in a (1,) int64."""
    return graph.one("Slice", graph.constant(table), graph.integers(0), number, graph.integers(0))


@dataclass(frozen=True)
class Turns:
    """Cosine and sine (1, T, 1, W / 2 H) of the rotations of each position."""

    cosine: str
    sine: str


def turns_of(graph: Graph, longest: int, width: int, number: str) -> Turns:
    """The rotations of N positions of `longest`, of heads of this width."""
    tables = rotations(longest, width, None)  # type: ignore[arg-type]
    found = (beginning(graph, numbers_of(table), number) for table in tables)
    return Turns(*(unsqueezed(graph, table, 0, 2) for table in found))


def block_before(graph: Graph, x: str, keys: str, block: Block, turns: Turns | None) -> str:
    """x through a block that normalises before each part; keys (B, T) int32."""
    parts = graph.add(
        "Split",
        [graph.linear(graph.normalized(x, block.attention_norm), block.query_key_value, "norm")],
        3,
        axis=-1,
        num_outputs=3,
    )
    if turns is not None:
        parts[:2] = [_turned(graph, part, block.heads, turns) for part in parts[:2]]
    mixed = graph.attention(parts, keys, "", block.heads)
    x = graph.one("Add", x, graph.linear(mixed, block.attention_out, "attention"))
    inner = graph.linear(graph.normalized(x, block.inner_norm), block.inner, "norm")
    added = graph.linear(graph.activated(inner, "gelu"), block.inner_out, "activation")
    return graph.one("Add", x, added)


def _turned(graph: Graph, x: str, heads: int, turns: Turns) -> str:
    apart = graph.one("Reshape", x, graph.integers(0, 0, heads, -1))
    first, second = graph.add("Split", [apart], 2, axis=-1, num_outputs=2)

    def product(left: str, right: str) -> str:
        return graph.one("Mul", left, right)

    turned = graph.one(
        "Concat",
        graph.one("Sub", product(first, turns.cosine), product(second, turns.sine)),
        graph.one("Add", product(second, turns.cosine), product(first, turns.sine)),
        axis=-1,
    )
    return graph.one("Reshape", turned, graph.integers(0, 0, -1))
