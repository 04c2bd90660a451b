"""An encoder of BERT's kind as a graph that onnxruntime computes: in float32, or in 8-bit numbers.

    quick = GraphEncoder(bert, "gelu", "int8")         stands where the Bert stood
    states = quick(x, mask)                    (B, T, D) float32, (B, T) bool -> (B, T, W)
    network = with_graph(network, "float32")           a whole network that reads through one

onnxruntime lays out weights once for its products; PyTorch does so in each, which takes half of
the time of one short text. In int8 weights are rounded once, a scale for each output; what they
are multiplied with is rounded in each product, a scale for each call (onnxruntime's
DynamicQuantizeMatMul). All else is float32.
"""

import copy
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textkind.models.networks.bert import Bert, Block, distance_scores
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.windows import plain_network
from textkind.optional import need

# Processors without 8-bit dot products add pairs in 16 bits: 255 * 63 * 2 still fits. With 7 bits
# the labels are the same on every machine.
MOST = 63
OPSET, CONTRIB = 20, 1  # of ONNX, and of onnxruntime's own operators
OWN = "com.microsoft"
ACTIVATIONS = {  # operator and domain
    "gelu": ("Gelu", OWN),
    "gelu_new": ("FastGelu", OWN),
    "gelu_pytorch_tanh": ("FastGelu", OWN),
    "relu": ("Relu", ""),
}
# name: its type and axes; keys are 1 where a position may be looked at
INPUTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "x": ("FLOAT", ("batch", "length", "width")),
    "keys": ("INT32", ("batch", "length")),
    "scores": ("FLOAT", ("one", "heads", "length", "length")),
}
_STARTING = threading.Lock()  # of a session: batches are read on several threads


class Graph:
    """Nodes and numbers of an ONNX graph as they are added."""

    def __init__(self, precision: str) -> None:
        self.onnx = need("onnx", f"reading in {precision}")
        self.precision = precision
        self.nodes: list[Any] = []
        self.numbers: list[Any] = []

    def constant(self, values: np.ndarray) -> str:
        """The name of an array that is part of the graph."""
        name = f"number_{len(self.numbers)}"
        self.numbers.append(self.onnx.numpy_helper.from_array(values, name))
        return name

    def add(
        self, kind: str, inputs: list[str], outputs: int = 1, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add an operator; returns the names of its outputs."""
        names = [f"value_{len(self.nodes)}_{place}" for place in range(outputs)]
        node = self.onnx.helper.make_node(kind, inputs, names, domain=domain, **attributes)
        self.nodes.append(node)
        return names

    def linear(self, x: str, part: nn.Linear) -> str:
        """x through a linear layer, in the graph's precision."""
        return PRODUCTS[self.precision](self, x, part)

    def normalized(self, x: str, norm: nn.LayerNorm) -> str:
        """The layer normalization of x."""
        inputs = [x, *(self.constant(numbers_of(values)) for values in (norm.weight, norm.bias))]
        return self.add("LayerNormalization", inputs, axis=-1, epsilon=norm.eps)[0]

    def normalized_sum(self, x: str, added: str, norm: nn.LayerNorm) -> str:
        """The layer normalization of x + added."""
        return self.normalized(self.add("Add", [x, added])[0], norm)

    def block(self, x: str, keys: str, scores: str, block: Block, activation: str) -> str:
        """x through one layer; scores are added to those of attention, "" for none."""
        parts = self.add(
            "Split", [self.linear(x, block.query_key_value)], 3, axis=-1, num_outputs=3
        )
        inputs = [*parts, "", keys, scores]
        mixed = self.add("MultiHeadAttention", inputs, domain=OWN, num_heads=block.heads)[0]
        x = self.normalized_sum(x, self.linear(mixed, block.attention_out), block.attention_norm)
        kind, domain = ACTIVATIONS[activation]
        inner = self.add(kind, [self.linear(x, block.inner)], domain=domain)[0]
        return self.normalized_sum(x, self.linear(inner, block.inner_out), block.inner_norm)

    def model(self, inputs: list[str], output: str, width: int) -> bytes:
        """The whole as a file of ONNX, its inputs among those of INPUTS."""
        helper, types = self.onnx.helper, self.onnx.TensorProto
        told = [helper.make_tensor_value_info(name, getattr(types, kind), [*axes])
                for name, (kind, axes) in INPUTS.items() if name in inputs]  # fmt: skip
        states = helper.make_tensor_value_info(output, types.FLOAT, ["batch", "length", width])
        graph = helper.make_graph(self.nodes, "encoder", told, [states], self.numbers)
        versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(OWN, CONTRIB)]
        made = helper.make_model(graph, opset_imports=versions, ir_version=10)
        whole: bytes = made.SerializeToString()
        return whole


def numbers_of(values: Tensor) -> np.ndarray:
    """A parameter as float32."""
    found: np.ndarray = values.detach().float().cpu().numpy()
    return found


def plain_product(graph: Graph, x: str, part: nn.Linear) -> str:
    """x through a linear layer in float32."""
    product = graph.add("MatMul", [x, graph.constant(numbers_of(part.weight.T))])[0]
    return graph.add("Add", [product, graph.constant(numbers_of(part.bias))])[0]


def rounded_product(graph: Graph, x: str, part: nn.Linear) -> str:
    """x through a linear layer whose weights are rounded to 7 bits."""
    weights = numbers_of(part.weight.T)  # (inputs, outputs)
    scales = np.maximum(np.abs(weights).max(axis=0), np.finfo(np.float32).tiny) / MOST
    rounded = np.rint(weights / scales).astype(np.int8)
    constants = (rounded, scales, np.zeros(len(scales), np.int8), numbers_of(part.bias))
    inputs = [x, *(graph.constant(values) for values in constants)]
    return graph.add("DynamicQuantizeMatMul", inputs, domain=OWN)[0]


PRODUCTS: Mapping[str, Callable[[Graph, str, nn.Linear], str]] = {
    "float32": plain_product,
    "int8": rounded_product,
}


def written(bert: Bert, activation: str, precision: str) -> bytes:
    """The blocks of a Bert as a file of ONNX; what is before the first norm is the Bert's own."""
    graph = Graph(precision)
    x = graph.normalized("x", bert.norm)
    scores = "" if bert.distances is None else "scores"
    for block in bert.blocks:
        assert isinstance(block, Block)
        x = graph.block(x, "keys", scores, block, activation)
    return graph.model(["x", "keys", scores], x, bert.positions.shape[1])


class GraphEncoder(nn.Module):
    """A Bert whose blocks onnxruntime computes.

    MissingPackageError where onnx or onnxruntime is not installed.
    """

    def __init__(self, bert: Bert, activation: str, precision: str) -> None:
        super().__init__()
        need("onnx", f"reading in {precision}")
        self.runtime = need("onnxruntime", f"reading in {precision}")
        self.bert, self.activation, self.precision = bert, activation, precision
        self.sessions: dict[int, Any] = {}  # by the number of threads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens' vectors (B, T, W), (B, T) bool -> the last states (B, T, W)."""
        x = x + self.bert.positions[: x.shape[1]]
        given = {"x": x.numpy(), "keys": mask.to(torch.int32).numpy()}
        if self.bert.distances is not None:
            given["scores"] = distance_scores(self.bert.distances, x.shape[1]).numpy()
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
                    written(self.bert, self.activation, self.precision),
                    options,
                    providers=["CPUExecutionProvider"],
                )
        return self.sessions[threads]

    def __reduce__(self) -> tuple[type, tuple[Bert, str, str]]:
        """Copies and pickles leave the sessions behind."""
        return GraphEncoder, (self.bert, self.activation, self.precision)


def has_bert(network: nn.Module) -> bool:
    """Whether the network reads with an encoder that can be written as a graph."""
    own = plain_network(network)
    return isinstance(own, Pretrained) and isinstance(own.encoder, Bert)


def with_graph(network: nn.Module, precision: str) -> nn.Module:
    """The network with its encoder as a graph, where it has_bert; all else is shared with it."""
    own = plain_network(network)
    assert isinstance(own, Pretrained)
    assert isinstance(own.encoder, Bert)
    quick = GraphEncoder(own.encoder, own.architecture.activation, precision)
    shared = {id(part): part for part in own.children()}  # of what has been copied already
    copied = copy.deepcopy(network, shared | {id(own.encoder): quick})
    return copied.eval()
