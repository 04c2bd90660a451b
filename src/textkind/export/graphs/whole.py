"""A whole classifier as one graph: token ids in; logits, probabilities and labels out.

    data = text_graph(classifier, "float32")        the bytes of a model.onnx

input_ids       (batch, length) int64, the ids of the tokenizer's file, without special tokens
attention_mask  (batch, length) int64, 1 where there is a token; length is 1 at least
"""

from collections.abc import Collection

import numpy as np
from torch import nn

from textkind.classifier import Classifier
from textkind.encoding.runs import RunEncoder
from textkind.encoding.subwords import SubwordEncoder
from textkind.encoding.tokens import TokenEncoder
from textkind.errors import SettingsError
from textkind.export.graphs.decision import calibrated, decided
from textkind.export.graphs.parts import Batch
from textkind.export.graphs.windows import outputs_of_texts
from textkind.models.evening import Sizes
from textkind.models.graph import Graph
from textkind.models.networks.bert import Bert
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.windows import plain_network
from textkind.models.neural import NeuralModel

INPUTS = ("input_ids", "attention_mask")
OUTPUTS = ("logits", "probabilities", "labels")
MOST_BYTES = (1 << 31) - 1  # of a file of protobuf


def text_graph(
    classifier: Classifier,
    precision: str,
    in_float: Collection[nn.Module] = (),
    sizes: Sizes | None = None,
) -> bytes:
    """The file of ONNX; in_float are linear layers that int8 leaves as they are, sizes theirs.

    SettingsError for a network that cannot be written so, MissingPackageError without onnx.
    """
    model = classifier.model
    assert isinstance(model, NeuralModel)
    check_network(model)
    graph = Graph(precision, in_float, sizes)
    ids, told = (graph.input(name, "INT64", ("batch", "length")) for name in INPUTS)
    mask = graph.one("Greater", told, graph.constant(0, np.int64))
    outputs = outputs_of_texts(graph, model.network, Batch(ids, mask, shift_of(model.encoder)))
    if model.head == "binary":
        outputs = graph.one("Mul", outputs, graph.constant([[-0.5, 0.5]], np.float32))
    decision, several, labels = classifier.decision, classifier.labels.several, len(model.labels)
    probabilities = calibrated(graph, decision, outputs)
    chosen = decided(graph, decision, outputs, probabilities)
    rows = ("batch", labels)
    return graph.file(
        {
            "logits": (outputs, "FLOAT", rows),
            "probabilities": (probabilities, "FLOAT", rows),
            "labels": (chosen, "INT64", rows if several else ("batch",)),
        }
    )


def check_network(model: NeuralModel) -> None:
    """SettingsError where the network is none that can be written as a graph."""
    own = plain_network(model.network)
    if isinstance(own, Pretrained) and not isinstance(own.encoder, Bert):
        family = (own.architecture.config or {}).get("model_type")
        raise SettingsError(
            "encoders of this family are computed by transformers, and cannot be written as ONNX",
            found=family,
            hint="train with an encoder of BERT's kind (BERT, MiniLM, BGE, E5, RoBERTa, MPNet, "
            "DistilBERT), or export --to huggingface",
        )
    size = sum(parameter.nbytes for parameter in model.network.parameters())
    if size > MOST_BYTES:
        raise SettingsError(
            f"a file of ONNX holds at most {MOST_BYTES:,} bytes", found=size,
            hint="distil it: textkind distil",
        )  # fmt: skip


def shift_of(encoder: TokenEncoder) -> int:
    """How many ids the encoder has before those of the tokenizer's file."""
    if isinstance(encoder, RunEncoder):
        return shift_of(encoder.tokens)
    return encoder.shift if isinstance(encoder, SubwordEncoder) else 0
