"""A graph of ONNX as it is written, node by node: the operators that our networks are made of.

    graph = Graph("int8")
    x = graph.input("x", "FLOAT", ("batch", "width"))
    y = graph.linear(x, layer)
    data = graph.file({"y": (y, "FLOAT", ("batch", 3))})

Values are names. In int8 the weights of linear layers are rounded once, a scale for each output,
and so are tables, a scale for each row; what weights are multiplied with is rounded in each
product, a scale for each call (onnxruntime's DynamicQuantizeMatMul). What a norm gives is evened
out before, by the sizes of evening.py; what an activation gives has a size for each row, for some
rows are many times as large as others. All else is float32.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from textkind.models.evening import Sizes, divisors
from textkind.models.networks.bert import Block
from textkind.optional import need

# Processors without 8-bit dot products add pairs in 16 bits: 255 * 63 * 2 still fits. With 7 bits
# the labels are the same on every machine.
MOST = 63
MOST_OF_TABLE = 127  # nothing is added up in few bits
OPSET, CONTRIB, VERSION = 20, 1, 10  # of ONNX, of onnxruntime's own operators, and of the file
OWN = "com.microsoft"
ACTIVATIONS = {  # operator and domain
    "gelu": ("Gelu", OWN),
    "gelu_new": ("FastGelu", OWN),
    "gelu_pytorch_tanh": ("FastGelu", OWN),
    "relu": ("Relu", ""),
}


class Graph:
    """Nodes and numbers of an ONNX graph as they are added; values go by their names.

    in_float are linear layers that stay in float32 whatever the precision; sizes, of
    largest_inputs, are for int8. MissingPackageError where onnx is not installed.
    """

    def __init__(
        self,
        precision: str,
        in_float: Collection[nn.Module] = (),
        sizes: Sizes | None = None,
    ) -> None:
        self.onnx = need("onnx", f"a graph in {precision}")
        self.precision, self.in_float = precision, in_float
        self.sizes = {} if sizes is None else sizes
        self.nodes: list[Any] = []
        self.numbers: list[Any] = []
        self.inputs: list[Any] = []

    def input(self, name: str, kind: str, axes: Sequence[str | int]) -> str:
        """An input of that name, the type as in onnx.TensorProto, axes with a name or a number."""
        self.inputs.append(self._told(name, kind, axes))
        return name

    def constant(self, values: Any, dtype: Any = None) -> str:
        """The name of an array or number that is part of the graph."""
        name = f"number_{len(self.numbers)}"
        self.numbers.append(self.onnx.numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(
        self, kind: str, inputs: list[str], outputs: int = 1, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add an operator; returns the names of its outputs."""
        names = [f"value_{len(self.nodes)}_{place}" for place in range(outputs)]
        node = self.onnx.helper.make_node(kind, inputs, names, domain=domain, **attributes)
        self.nodes.append(node)
        return names

    def one(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator of one output."""
        return self.add(kind, list(inputs), domain=domain, **attributes)[0]

    def cast(self, x: str, kind: str) -> str:
        """x as another type of onnx.TensorProto."""
        return self.one("Cast", x, to=getattr(self.onnx.TensorProto, kind))

    def integers(self, *numbers: int) -> str:
        """A list of int64: axes, shapes."""
        return self.constant(numbers, np.int64)

    def linear(self, x: str, part: nn.Linear, given_by: str) -> str:
        """x through a linear layer, in the graph's precision; given_by: a key of ROUNDED."""
        if self.precision == "float32" or part in self.in_float:
            return plain_product(self, x, part)
        return ROUNDED[given_by](self, x, part)

    def rows(self, table: Tensor, ids: str) -> str:
        """The rows of a table (V, D) at ids of any shape, kept in the graph's precision."""
        return ROWS[self.precision](self, numbers_of(table), ids)

    def normalized(self, x: str, norm: nn.LayerNorm) -> str:
        """The layer normalization of x."""
        scale, shift = (self.constant(numbers_of(values)) for values in (norm.weight, norm.bias))
        return self.one("LayerNormalization", x, scale, shift, axis=-1, epsilon=norm.eps)

    def normalized_sum(self, x: str, added: str, norm: nn.LayerNorm) -> str:
        """The layer normalization of x + added."""
        return self.normalized(self.one("Add", x, added), norm)

    def activated(self, x: str, activation: str) -> str:
        """x through one of ACTIVATIONS."""
        kind, domain = ACTIVATIONS[activation]
        return self.one(kind, x, domain=domain)

    def block(self, x: str, keys: str, scores: str, block: Block, activation: str) -> str:
        """x through one layer; scores are added to those of attention, "" for none."""
        whole = self.linear(x, block.query_key_value, "norm")
        parts = self.add("Split", [whole], 3, axis=-1, num_outputs=3)
        mixed = self.attention(parts, keys, scores, block.heads)
        added = self.linear(mixed, block.attention_out, "attention")
        x = self.normalized_sum(x, added, block.attention_norm)
        inner = self.activated(self.linear(x, block.inner, "norm"), activation)
        added = self.linear(inner, block.inner_out, "activation")
        return self.normalized_sum(x, added, block.inner_norm)

    def attention(self, parts: list[str], keys: str, scores: str, heads: int) -> str:
        """Values mixed by queries and keys, each (B, T, W); keys (B, T) int32, 0 where not read."""
        inputs = [*parts, "", keys, scores]
        return self.add("MultiHeadAttention", inputs, domain=OWN, num_heads=heads)[0]

    def file(self, outputs: Mapping[str, tuple[str, str, Sequence[str | int]]]) -> bytes:
        """The whole as a file of ONNX; outputs: name -> its value, type and axes."""
        helper = self.onnx.helper
        ends = [helper.make_node("Identity", [value], [name])
                for name, (value, _, _) in outputs.items()]  # fmt: skip
        told = [self._told(name, kind, axes) for name, (_, kind, axes) in outputs.items()]
        nodes = self.nodes + ends
        graph = helper.make_graph(nodes, "textkind", self.inputs, told, self.numbers)
        versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(OWN, CONTRIB)]
        made = helper.make_model(graph, opset_imports=versions, ir_version=VERSION)
        whole: bytes = made.SerializeToString()
        return whole

    def _told(self, name: str, kind: str, axes: Sequence[str | int]) -> Any:
        element = getattr(self.onnx.TensorProto, kind)
        return self.onnx.helper.make_tensor_value_info(name, element, list(axes))


def numbers_of(values: Tensor) -> np.ndarray:
    """A parameter as float32."""
    found: np.ndarray = values.detach().float().cpu().numpy()
    return found


def plain_product(graph: Graph, x: str, part: nn.Linear) -> str:
    """x through a linear layer in float32."""
    product = graph.one("MatMul", x, graph.constant(numbers_of(part.weight.T)))
    return graph.one("Add", product, graph.constant(numbers_of(part.bias)))


def rounded_product(graph: Graph, x: str, part: nn.Linear) -> str:
    """x through a linear layer whose weights are rounded to 7 bits."""
    return _product(graph, x, numbers_of(part.weight.T), numbers_of(part.bias))


def evened_product(graph: Graph, x: str, part: nn.Linear) -> str:
    """The same, inputs divided by their divisors where sizes are known."""
    weights = numbers_of(part.weight.T)
    if part in graph.sizes:
        parts = divisors(graph.sizes[part], weights)
        x = graph.one("Mul", x, graph.constant(1 / parts))
        weights = weights * parts[:, None]
    return _product(graph, x, weights, numbers_of(part.bias))


def row_product(graph: Graph, x: str, part: nn.Linear) -> str:
    """The same, rows with values above 1 divided by their largest.

    No activation of ours goes below -0.17; of rows without large values that would become more.
    """
    size = graph.one("ReduceMax", x, graph.integers(-1), keepdims=1)
    size = graph.one("Max", size, graph.constant(1, np.float32))
    even = graph.one("Div", x, size)
    product = _product(graph, even, numbers_of(part.weight.T))
    bias = graph.constant(numbers_of(part.bias))
    return graph.one("Add", graph.one("Mul", product, size), bias)


def _product(graph: Graph, x: str, weights: np.ndarray, bias: np.ndarray | None = None) -> str:
    """x times weights (inputs, outputs) in whole numbers, and the bias."""
    scales = np.maximum(np.abs(weights).max(axis=0), np.finfo(np.float32).tiny) / MOST
    rounded = np.rint(weights / scales).astype(np.int8)
    constants = [rounded, scales, np.zeros(len(scales), np.int8)]
    if bias is not None:
        constants.append(bias)
    inputs = [x, *(graph.constant(values) for values in constants)]
    return graph.add("DynamicQuantizeMatMul", inputs, domain=OWN)[0]


def plain_rows(graph: Graph, table: np.ndarray, ids: str) -> str:
    """Rows as they are."""
    return graph.one("Gather", graph.constant(table), ids)


def rounded_rows(graph: Graph, table: np.ndarray, ids: str) -> str:
    """Rows that are kept in 8 bits."""
    scales = np.abs(table).max(axis=1, keepdims=True) / np.float32(MOST_OF_TABLE)
    scales = np.maximum(scales, np.finfo(np.float32).tiny)
    rounded = np.rint(table / scales).astype(np.int8)
    whole = graph.cast(graph.one("Gather", graph.constant(rounded), ids), "FLOAT")
    return graph.one("Mul", whole, graph.one("Gather", graph.constant(scales), ids))


ROUNDED: Mapping[str, Callable[[Graph, str, nn.Linear], str]] = {  # by what gave the inputs
    "norm": evened_product,
    "attention": rounded_product,
    "activation": row_product,
}
ROWS: Mapping[str, Callable[[Graph, np.ndarray, str], str]] = {
    "float32": plain_rows,
    "int8": rounded_rows,
}
