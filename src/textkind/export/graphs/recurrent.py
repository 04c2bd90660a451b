"""The recurrent network as a graph: ONNX's own cells, told how long each text is."""

from typing import Any

import numpy as np
from torch import nn

from textkind.export.graphs.parts import Batch, counts, pooled, unsqueezed
from textkind.models.graph import Graph, numbers_of
from textkind.models.networks.rnn import Rnn

# mode -> operator, and where each of its gates stands among PyTorch's
CELLS = {"RNN_TANH": ("RNN", [0]), "LSTM": ("LSTM", [0, 3, 1, 2]), "GRU": ("GRU", [1, 0, 2])}


def rnn_vectors(graph: Graph, network: Rnn, batch: Batch) -> str:
    """Stacked layers over the valid positions, pooled."""
    mask = batch.mask
    number = graph.one("Max", counts(graph, mask), graph.constant(1, np.int64))
    lengths = graph.cast(graph.one("Squeeze", number, graph.integers(1)), "INT32")  # (B,)
    shown = unsqueezed(graph, graph.cast(mask, "FLOAT"), 2)
    x = graph.rows(network.embedding.weight[batch.shift :], batch.ids)
    for layer in network.layers:
        x = graph.one("Mul", _layer(graph, x, lengths, layer), shown)  # type: ignore[arg-type]
    if not network.reads_last:
        return pooled(graph, network.pooling, x, mask)
    last = pooled(graph, network.pooling, x, mask)
    first = graph.one("Gather", x, graph.constant(0, np.int64), axis=1)
    units = network.units
    parts = [_columns(graph, last, 0, units)]
    if network.vector_width > units:
        parts.append(_columns(graph, first, units, 2 * units))
    return graph.one("Concat", *parts, axis=1)


def _columns(graph: Graph, x: str, begin: int, end: int) -> str:
    return graph.one("Slice", x, graph.integers(begin), graph.integers(end), graph.integers(1))


def _layer(graph: Graph, x: str, lengths: str, layer: nn.RNNBase) -> str:
    """(B, T, D) -> (B, T, directions * units)."""
    kind, gates = CELLS[layer.mode]
    units = layer.hidden_size
    ways = ("", "_reverse")[: 2 if layer.bidirectional else 1]

    def ordered(name: str) -> np.ndarray:
        """(directions, gates * units, ...) in ONNX's order of gates."""
        found = [numbers_of(getattr(layer, f"{name}_l0{way}")) for way in ways]
        parts = [one.reshape(len(gates), units, *one.shape[1:])[gates] for one in found]
        return np.stack([part.reshape(-1, *part.shape[2:]) for part in parts])

    bias = np.concatenate([ordered("bias_ih"), ordered("bias_hh")], axis=1)
    constants = [ordered("weight_ih"), ordered("weight_hh"), bias]
    inputs = [graph.one("Transpose", x, perm=[1, 0, 2]), *map(graph.constant, constants), lengths]
    more: dict[str, Any] = {"linear_before_reset": 1} if kind == "GRU" else {}
    direction = "bidirectional" if layer.bidirectional else "forward"
    # the last states, and of an LSTM its cells, are outputs too; nobody reads them
    states = graph.add(kind, inputs, hidden_size=units, direction=direction, **more)[0]
    turned = graph.one("Transpose", states, perm=[2, 0, 1, 3])  # (T, ways, B, U) -> (B, T, ways, U)
    return graph.one("Reshape", turned, graph.integers(0, 0, -1))
