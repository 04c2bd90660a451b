"""An encoder of BERT's kind as a graph that onnxruntime computes: in float32, or in 8-bit numbers.

    quick = GraphEncoder(bert, "gelu", "int8")         stands where the Bert stood
    states = quick(x, mask)                    (B, T, D) float32, (B, T) bool -> (B, T, W)
    network = with_graph(network, "float32")           a whole network that reads through one

onnxruntime lays out weights once for its products; PyTorch does so in each, which takes half of
the time of one short text. What int8 rounds, and how: graph.py.
"""

import copy
import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from textkind.models.evening import Sizes, largest_inputs
from textkind.models.graph import Graph
from textkind.models.networks.bert import Bert, Block, distance_scores
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.pretrained_settings import Architecture
from textkind.models.networks.windows import plain_network
from textkind.optional import need

X, KEYS, SCORES = "x", "keys", "scores"  # inputs; keys are 1 where a position may be looked at
_STARTING = threading.Lock()  # of a session: batches are read on several threads


def written(bert: Bert, activation: str, precision: str, sizes: Sizes) -> bytes:
    """The blocks of a Bert as a file of ONNX; what is before the first norm is the Bert's own."""
    graph = Graph(precision, sizes=sizes)
    x = graph.input(X, "FLOAT", ("batch", "length", "width"))
    keys, scores = graph.input(KEYS, "INT32", ("batch", "length")), ""
    if bert.distances is not None:
        scores = graph.input(SCORES, "FLOAT", ("one", "heads", "length", "length"))
    states = encoded(graph, x, keys, scores, bert, activation)
    return graph.file({"states": (states, "FLOAT", ("batch", "length", "width"))})


def encoded(graph: Graph, x: str, keys: str, scores: str, bert: Bert, activation: str) -> str:
    """x, with its positions, through the first norm and the blocks of a Bert."""
    x = graph.normalized(x, bert.norm)
    for block in bert.blocks:
        assert isinstance(block, Block)
        x = graph.block(x, keys, scores, block, activation)
    return x


class GraphEncoder(nn.Module):
    """A Bert whose blocks onnxruntime computes; sizes of its layers' inputs are for int8.

    MissingPackageError where onnx or onnxruntime is not installed.
    """

    def __init__(
        self, bert: Bert, activation: str, precision: str, sizes: Sizes | None = None
    ) -> None:
        super().__init__()
        self.sizes = {} if sizes is None else sizes
        need("onnx", f"reading in {precision}")
        self.runtime = need("onnxruntime", f"reading in {precision}")
        self.bert, self.activation, self.precision = bert, activation, precision
        self.sessions: dict[int, Any] = {}  # by the number of threads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens' vectors (B, T, W), (B, T) bool -> the last states (B, T, W)."""
        x = x + self.bert.positions[: x.shape[1]]
        given = {X: x.numpy(), KEYS: mask.to(torch.int32).numpy()}
        if self.bert.distances is not None:
            given[SCORES] = distance_scores(self.bert.distances, x.shape[1]).numpy()
        (states,) = self.session().run(None, given)
        return torch.from_numpy(states)

    def session(self) -> Any:
        """Of as many threads as torch has now."""
        threads = torch.get_num_threads()
        with _STARTING:
            if threads not in self.sessions:
                options = self.runtime.SessionOptions()
                options.intra_op_num_threads = threads
                options.log_severity_level = 3
                # above, sums and norms are fused into an operator that takes four times as long
                level = self.runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
                options.graph_optimization_level = level
                self.sessions[threads] = self.runtime.InferenceSession(
                    written(self.bert, self.activation, self.precision, self.sizes),
                    options,
                    providers=["CPUExecutionProvider"],
                )
        return self.sessions[threads]

    def __reduce__(self) -> tuple[type, tuple[Bert, str, str, Sizes]]:
        """Copies and pickles leave the sessions behind."""
        return GraphEncoder, (self.bert, self.activation, self.precision, self.sizes)


def has_bert(network: nn.Module) -> bool:
    """Whether the network reads with an encoder that can be written as a graph."""
    own = plain_network(network)
    return isinstance(own, Pretrained) and isinstance(own.encoder, Bert)


def with_graph(network: nn.Module, precision: str) -> nn.Module:
    """The network with its encoder as a graph, where it has_bert; all else is shared with it."""
    sizes = largest_inputs(network) if precision == "int8" else {}
    return with_encoder(
        network, lambda bert, shape: GraphEncoder(bert, shape.activation, precision, sizes)
    )


def with_encoder(network: nn.Module, made: Callable[[Bert, Architecture], nn.Module]) -> nn.Module:
    """The network with what is made of its Bert in the place of that, for reading alone."""
    own = plain_network(network)
    assert isinstance(own, Pretrained)
    assert isinstance(own.encoder, Bert)
    shared = {id(part): part for part in own.children()}  # of what has been copied already
    encoder = made(own.encoder, own.architecture)
    copied = copy.deepcopy(network, shared | {id(own.encoder): encoder})
    return copied.eval()
