"""An encoder of BERT's kind whose matrix products are of 8-bit numbers, computed by onnxruntime.

    quick = Int8Encoder(bert, "gelu")          stands where the Bert stood
    states = quick(x, mask)                    (B, T, D) float32, (B, T) bool -> (B, T, W)

Weights are rounded once, a scale for each output; what they are multiplied with is rounded in
each product, a scale for each call (onnxruntime's DynamicQuantizeMatMul). All else is float32.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textkind.models.networks.bert import Bert, Block, distance_scores
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


class Graph:
    """Nodes and numbers of an ONNX graph as they are added."""

    def __init__(self) -> None:
        self.onnx = need("onnx", "reading in int8")
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
        """x through a linear layer whose weights are rounded to 7 bits."""
        weights = numbers_of(part.weight).T  # (inputs, outputs)
        scales = np.maximum(np.abs(weights).max(axis=0), np.finfo(np.float32).tiny) / MOST
        rounded = np.rint(weights / scales).astype(np.int8)
        constants = (rounded, scales, np.zeros(len(scales), np.int8), numbers_of(part.bias))
        inputs = [x, *(self.constant(np.ascontiguousarray(values)) for values in constants)]
        return self.add("DynamicQuantizeMatMul", inputs, domain=OWN)[0]

    def normalized(self, x: str, norm: nn.LayerNorm) -> str:
        """The layer normalization of x."""
        inputs = [x, *(self.constant(numbers_of(values)) for values in (norm.weight, norm.bias))]
        return self.add("LayerNormalization", inputs, axis=-1, epsilon=norm.eps)[0]

    def normalized_sum(self, x: str, added: str, norm: nn.LayerNorm) -> str:
        """The layer normalization of x + added."""
        scale, shift = (self.constant(numbers_of(values)) for values in (norm.weight, norm.bias))
        inputs = [x, added, scale, shift]
        return self.add("SkipLayerNormalization", inputs, domain=OWN, epsilon=norm.eps)[0]

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


class Int8Encoder(nn.Module):
    """The blocks of a Bert in onnxruntime; what is before the first is the Bert's own."""

    def __init__(self, bert: Bert, activation: str) -> None:
        super().__init__()
        self.runtime = need("onnxruntime", "reading in int8")
        self.positions, self.distances = bert.positions, bert.distances
        graph = Graph()
        x = graph.normalized("x", bert.norm)
        scores = "" if bert.distances is None else "scores"
        for block in bert.blocks:
            assert isinstance(block, Block)
            x = graph.block(x, "keys", scores, block, activation)
        self.graph = graph.model(["x", "keys", scores], x, bert.positions.shape[1])
        self.sessions: dict[int, Any] = {}  # by the number of threads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens' vectors (B, T, W), (B, T) bool -> the last states (B, T, W)."""
        x = x + self.positions[: x.shape[1]]
        given = {"x": x.numpy(), "keys": mask.to(torch.int32).numpy()}
        if self.distances is not None:
            given["scores"] = distance_scores(self.distances, x.shape[1]).numpy()
        (states,) = self.session().run(None, given)
        return torch.from_numpy(states)

    def session(self) -> Any:
        """Of as many threads as torch has now."""
        threads = torch.get_num_threads()
        if threads not in self.sessions:
            options = self.runtime.SessionOptions()
            options.intra_op_num_threads = threads
            options.log_severity_level = 3
            self.sessions[threads] = self.runtime.InferenceSession(
                self.graph, options, providers=["CPUExecutionProvider"]
            )
        return self.sessions[threads]
