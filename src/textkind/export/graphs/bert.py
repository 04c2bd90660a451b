"""Pretrained encoders of BERT's kind as a graph: the frame about a text, positions, blocks."""

import numpy as np

from textkind.export.graphs.parts import (
    Batch,
    beginning,
    counts,
    length,
    places,
    pooled,
    unsqueezed,
)
from textkind.models.encoder_graph import encoded
from textkind.models.graph import Graph, numbers_of
from textkind.models.networks.bert import Bert, distance_buckets
from textkind.models.networks.pretrained import Pretrained

SMALLEST = 1e-12  # of a vector's length, as torch's normalize has it


def pretrained_vectors(graph: Graph, network: Pretrained, batch: Batch) -> str:
    """[CLS] tokens [SEP] through the encoder, pooled; of unit length where it was trained so."""
    bert = network.encoder
    assert isinstance(bert, Bert)
    x, mask = _framed(graph, network, batch)
    number = length(graph, x)
    x = graph.one("Add", x, beginning(graph, numbers_of(bert.positions), number))
    scores = "" if bert.distances is None else _distance_scores(graph, bert, number)
    keys = graph.cast(mask, "INT32")
    states = encoded(graph, x, keys, scores, bert, network.architecture.activation)
    found = pooled(graph, network.pooling, states, mask)
    if not network.normalize:
        return found
    size = graph.one("ReduceL2", found, graph.integers(1), keepdims=1)
    return graph.one("Div", found, graph.one("Max", size, graph.constant(SMALLEST, np.float32)))


def _framed(graph: Graph, network: Pretrained, batch: Batch) -> tuple[str, str]:
    """Vectors (B, T + S, D) with those of the frame about each text, and their mask."""
    before, behind = network.architecture.before, network.architecture.behind
    frame = numbers_of(network.frame)
    x = graph.rows(network.embedding.weight[batch.shift :], batch.ids)  # (B, T, D)
    room = graph.integers(0, before, 0, 0, behind, 0)
    x = graph.one("Pad", x, room, graph.constant(0, np.float32))
    every = places(graph, length(graph, x))  # (T + S,)
    number = counts(graph, batch.mask)  # (B, 1)
    for place in range(before):
        here = graph.one("Equal", every, graph.constant(place, np.int64))
        x = graph.one("Where", unsqueezed(graph, here, 0, 2), graph.constant(frame[place]), x)
    for place in range(before, before + behind):
        here = graph.one("Equal", every, graph.one("Add", number, graph.constant(place, np.int64)))
        x = graph.one("Where", unsqueezed(graph, here, 2), graph.constant(frame[place]), x)
    end = graph.one("Add", number, graph.constant(before + behind, np.int64))
    return x, graph.one("Less", every, end)


def _distance_scores(graph: Graph, bert: Bert, number: str) -> str:
    """(1, H, N, N): what each head adds to the score of a key for how far it is away."""
    assert bert.distances is not None
    most = len(bert.positions)
    table = numbers_of(bert.distances.weight)  # (buckets, H)
    buckets = distance_buckets(most, len(table), bert.distances.weight.device).numpy()
    # of distances -(most - 1) .. most - 1: a query at the end, then one at the beginning
    by_distance = table[np.concatenate([buckets[-1], buckets[0, 1:]])]
    every = places(graph, number)
    distance = graph.one("Sub", unsqueezed(graph, every, 0), unsqueezed(graph, every, 1))
    index = graph.one("Add", distance, graph.constant(most - 1, np.int64))  # (N, N)
    scores = graph.one("Gather", graph.constant(by_distance), index)  # (N, N, H)
    return unsqueezed(graph, graph.one("Transpose", scores, perm=[2, 0, 1]), 0)
