"""The networks as graphs: what the head reads of a batch, for each of models/networks.

    x = vectors_of(graph, network, batch)                   (B, D)

A table says which function adds which module; windows are a network around a network.
"""

from collections.abc import Callable
from itertools import accumulate

import numpy as np
from torch import nn

from textkind.export.graphs.bert import pretrained_vectors
from textkind.export.graphs.parts import (
    Batch,
    beginning,
    block_before,
    counts,
    has_any,
    length,
    mean_weights,
    places,
    pooled,
    turns_of,
    unsqueezed,
    weighted_sum,
)
from textkind.export.graphs.recurrent import rnn_vectors
from textkind.models.graph import Graph, numbers_of, plain_product
from textkind.models.networks.cnn import Cnn
from textkind.models.networks.mean_pool import MeanPool
from textkind.models.networks.perceptron import ACTIVATIONS, Perceptron
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.rnn import Rnn
from textkind.models.networks.transformer import Transformer

NONLINEAR = {"relu": ("Relu",), "tanh": ("Tanh",), "gelu": ("Gelu",), "none": ()}


def mean_pool_vectors(graph: Graph, network: MeanPool, batch: Batch) -> str:
    """Pooled vectors, through the hidden layer where there is one."""
    x = graph.rows(network.embedding.weight[batch.shift :], batch.ids)  # (B, T, D)
    if network.pooling is not None:
        x = pooled(graph, network.pooling, x, batch.mask)
    else:
        weights = mean_weights(graph, batch.mask)
        if network.token_weights is not None:
            rarity = graph.constant(numbers_of(network.token_weights)[batch.shift :])
            weights = graph.one("Mul", weights, graph.one("Gather", rarity, batch.ids))
        x = weighted_sum(graph, x, weights)
    if network.hidden is None:
        return x
    return graph.one("Relu", plain_product(graph, x, network.hidden))


def perceptron_vectors(graph: Graph, network: Perceptron, batch: Batch) -> str:
    """The bag of words through all layers but the head."""
    x = graph.rows(network.embedding.weight[batch.shift :], batch.ids)
    weights = graph.cast(batch.mask, "FLOAT")
    if network.inverse_frequency is not None:
        rarity = graph.constant(numbers_of(network.inverse_frequency)[batch.shift :])
        weights = graph.one("Mul", weights, graph.one("Gather", rarity, batch.ids))
        weights = graph.one("Div", weights, _bag_lengths(graph, batch.ids, weights))
    x = graph.one("Add", weighted_sum(graph, x, weights), graph.constant(numbers_of(network.bias)))
    activation = next(
        name for name, function in ACTIVATIONS.items() if function is network.activation
    )
    x = _through(graph, x, activation)
    for layer in network.layers:
        x = _through(graph, plain_product(graph, x, layer), activation)  # type: ignore[arg-type]
    return x


def _through(graph: Graph, x: str, activation: str) -> str:
    for kind in NONLINEAR[activation]:
        x = graph.one(kind, x)
    return x


def _bag_lengths(graph: Graph, ids: str, weights: str) -> str:
    """(B, 1): the Euclidean length of each bag; the same ids, sorted, are added up."""
    size = length(graph, ids)
    rising, order = graph.add("TopK", [ids, size], 2, axis=1, largest=0, sorted=1)
    one, zero = graph.integers(1), graph.integers(0)
    axis = graph.integers(1)
    behind = graph.one("Slice", rising, one, size, axis)
    before = graph.one("Slice", rising, zero, graph.one("Sub", size, one), axis)
    is_new = graph.cast(graph.one("Greater", behind, before), "INT64")  # (B, T - 1)
    is_new = graph.one("Pad", is_new, graph.integers(0, 1, 0, 0), graph.constant(0, np.int64))
    run = graph.one("CumSum", is_new, graph.constant(1, np.int64))
    sorted_weights = graph.one("GatherElements", weights, order, axis=1)
    empty = graph.one("Mul", weights, graph.constant(0, np.float32))
    sums = graph.one("ScatterElements", empty, run, sorted_weights, axis=1, reduction="add")
    lengths = graph.one("ReduceL2", sums, graph.integers(1), keepdims=1)
    return graph.one("Max", lengths, graph.constant(1e-12, np.float32))


def cnn_vectors(graph: Graph, network: Cnn, batch: Batch) -> str:
    """Each filter at its strongest window, zeros for an empty text."""
    table = network.embedding.weight
    if network.fixed is not None:
        table = table + network.fixed.weight
    mask = batch.mask
    x = graph.rows(table[batch.shift :], batch.ids)
    x = graph.one("Mul", x, unsqueezed(graph, graph.cast(mask, "FLOAT"), 2))
    x = graph.one("Transpose", x, perm=[0, 2, 1])  # (B, D, T)
    filters, number = numbers_of(network.filters), counts(graph, mask)
    found = []
    for window, behind in zip(network.windows, accumulate(network.windows), strict=True):
        taps = graph.constant(filters[behind - window : behind].transpose(1, 2, 0))  # (F, D, taps)
        strength = graph.one("Conv", x, taps, pads=[window - 1, window - 1])
        ends = places(graph, length(graph, strength, 2))  # the window's last place
        limit = graph.one("Add", number, graph.constant(window - 1, np.int64))  # (B, 1)
        is_behind = unsqueezed(graph, graph.one("GreaterOrEqual", ends, limit), 1)
        least = graph.constant(-np.inf, np.float32)
        seen = graph.one("Where", is_behind, least, strength)
        found.append(graph.one("ReduceMax", seen, graph.integers(2), keepdims=0))
    greatest = graph.one("Concat", *found, axis=1)
    risen = graph.one("Relu", graph.one("Add", greatest, graph.constant(numbers_of(network.bias))))
    return graph.one("Where", has_any(graph, mask), risen, graph.constant(0, np.float32))


def transformer_vectors(graph: Graph, network: Transformer, batch: Batch) -> str:
    """Blocks that normalise before each part, the last norm, pooling."""
    x, mask = graph.rows(network.embedding.weight[batch.shift :], batch.ids), batch.mask
    if network.positions is not None:
        x = graph.one(
            "Add", x, beginning(graph, numbers_of(network.positions), length(graph, batch.ids))
        )
    keys = graph.cast(mask, "INT32")
    if network.front is not None:
        # a row for each text: zero times a count of its tokens, plus the vector
        rows = graph.one(
            "Mul", graph.cast(counts(graph, mask), "FLOAT"), graph.constant(0.0, np.float32)
        )
        front = graph.one("Add", rows, graph.constant(numbers_of(network.front)))  # (B, D)
        x = graph.one("Concat", unsqueezed(graph, front, 1), x, axis=1)
        keys = graph.one("Pad", keys, graph.integers(0, 1, 0, 0), graph.constant(1, np.int32))
    turns = None
    if network.positions is None:
        width = network.vector_width // network.heads
        turns = turns_of(graph, network.longest + 1, width, length(graph, x))
    for block in network.blocks:
        x = block_before(graph, x, keys, block, turns)  # type: ignore[arg-type]
    if network.pooling is not None:
        return pooled(graph, network.pooling, graph.normalized(x, network.norm), mask)
    first = graph.one("Gather", x, graph.constant(0, np.int64), axis=1)
    state, zero = graph.normalized(first, network.norm), graph.constant(0, np.float32)
    return graph.one("Where", has_any(graph, mask), state, zero)


VECTORS: dict[type[nn.Module], Callable[..., str]] = {
    MeanPool: mean_pool_vectors,
    Perceptron: perceptron_vectors,
    Cnn: cnn_vectors,
    Rnn: rnn_vectors,
    Transformer: transformer_vectors,
    Pretrained: pretrained_vectors,
}


def vectors_of(graph: Graph, network: nn.Module, batch: Batch) -> str:
    """What the last layer of a network without windows reads: (B, D)."""
    return VECTORS[type(network)](graph, network, batch)


def headed(graph: Graph, network: nn.Module, x: str) -> str:
    """The network's outputs (B, outputs) of what its head reads; the head stays in float32."""
    head = network.head
    return x if isinstance(head, nn.Identity) else plain_product(graph, x, head)  # type: ignore[arg-type]
