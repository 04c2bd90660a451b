"""Long texts in a graph: windows that overlap are cut inside it, and what they give is pooled."""

import numpy as np
from torch import nn

from textkind.export.graphs.networks import headed, vectors_of
from textkind.export.graphs.parts import (
    Batch,
    beginning,
    block_before,
    counts,
    has_any,
    length,
    places,
    pooled,
    unsqueezed,
)
from textkind.models.graph import Graph, numbers_of
from textkind.models.networks.windows import WindowedNetwork, WindowReader


def outputs_of_texts(graph: Graph, network: nn.Module, batch: Batch) -> str:
    """(B, outputs) of a batch of texts through any network of ours, with windows or without."""
    if not isinstance(network, WindowedNetwork):
        return headed(graph, network, vectors_of(graph, network, batch))
    inner = network.inner
    windows, firsts, number = _windows(graph, network, batch)
    x = vectors_of(graph, inner, windows)  # (M, D)
    if network.pools_logits:
        x = headed(graph, inner, x)
    most = graph.one("ReduceMax", number, graph.integers(0), keepdims=1)  # (1, 1)
    every = places(graph, most)  # (N,)
    mask = graph.one("Less", every, number)  # (B, N)
    last = graph.one("Sub", number, graph.constant(1, np.int64))
    own = graph.one("Add", firsts, graph.one("Min", every, last))  # (B, N) places among all
    x = graph.one("Gather", x, own)  # (B, N, D), behind a text's windows the last one again
    if network.between is not None:
        x = _read_between(graph, network.between, x, mask)
        is_text = unsqueezed(graph, graph.cast(has_any(graph, batch.mask), "FLOAT"), 2)
        x = graph.one("Mul", x, is_text)
    x = pooled(graph, network.pooling, x, mask)
    return x if network.pools_logits else headed(graph, inner, x)


def _windows(graph: Graph, network: WindowedNetwork, batch: Batch) -> tuple[Batch, str, str]:
    """All windows as one batch, the first of each text (B, 1), and how many it has (B, 1)."""
    zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
    window = graph.constant(network.window, np.int64)
    step = graph.constant(network.window - network.overlap, np.int64)
    tokens = counts(graph, batch.mask)  # (B, 1)
    beyond = graph.one("Max", graph.one("Sub", tokens, window), zero)
    reached = graph.one("Sub", graph.one("Add", beyond, step), one)
    steps = graph.one("Div", reached, step)  # (B, 1) from the first window to the last
    number = graph.one("Add", steps, one)
    ends = graph.one("CumSum", number, zero)  # (B, 1)
    firsts = graph.one("Sub", ends, number)
    all_of_them = graph.one("ReduceSum", number, graph.integers(0), keepdims=1)
    every = unsqueezed(graph, places(graph, all_of_them), 0)  # (1, M)
    passed = graph.cast(graph.one("GreaterOrEqual", every, ends), "INT64")  # (B, M)
    text = graph.one("ReduceSum", passed, graph.integers(0), keepdims=0)  # (M,)

    def of_text(values: str) -> str:
        return graph.one("Gather", graph.one("Squeeze", values, graph.integers(1)), text)

    place = graph.one("Sub", graph.one("Squeeze", every, graph.integers(0)), of_text(firsts))
    spread = graph.one("Mul", place, of_text(beyond))
    begin = graph.one("Div", spread, graph.one("Max", of_text(steps), one))  # (M,)
    size = length(graph, batch.ids)
    room = graph.one("Min", size, window)
    start = graph.one("Add", graph.one("Mul", text, size), begin)  # in the flat ids
    flat = graph.one("Add", unsqueezed(graph, start, 1), places(graph, room))  # (M, L)

    def taken(values: str) -> str:
        return graph.one("Gather", graph.one("Reshape", values, graph.integers(-1)), flat)

    return Batch(taken(batch.ids), taken(batch.mask), batch.shift), firsts, number


def _read_between(graph: Graph, reader: WindowReader, x: str, mask: str) -> str:
    """The vectors of windows (B, N, D) through the transformer over them."""
    positions = beginning(graph, numbers_of(reader.positions), length(graph, x))
    x, keys = graph.one("Add", x, positions), graph.cast(mask, "INT32")
    for block in reader.blocks:
        x = block_before(graph, x, keys, block, None)  # type: ignore[arg-type]
    return x
