"""Integrated gradients of a neural model, told of the characters of a text.

spans, found, unread = token_weights(model, text, wanted)       wanted (K,)
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from textkind.encoding.tokens import Tokens
from textkind.explain.integrated import MOST_TOKENS, Integrated, integrated_gradients
from textkind.explain.spans import merged, shared
from textkind.models.encoder_graph import GraphEncoder
from textkind.models.networks.windows import plain_network
from textkind.models.neural import NeuralModel
from textkind.training.forward import torch_threads
from textkind.training.losses import logits_of, outputs_of


@dataclass(frozen=True, eq=False)
class TokenWeights:
    """pieces (P, 2) characters and weights (P,) float64; read of `tokens` tokens."""

    pieces: np.ndarray
    weights: np.ndarray
    integrated: Integrated
    tokens: int
    read: int


def has_gradients(model: NeuralModel) -> bool:
    """Whether the network is as it was trained: in float32, and no graph of another library."""
    encoder = getattr(plain_network(model.network), "encoder", None)
    return model.precision == "float32" and not isinstance(encoder, GraphEncoder)


def token_weights(
    model: NeuralModel,
    text: str,
    wanted: np.ndarray,
    *,
    tolerance: float,
    most_steps: int,
    threads: int | None = None,
) -> TokenWeights | None:
    """What the tokens of a text add to the logits times `wanted` (K,).

    Tokens that share characters (bytes of one letter) are one piece; the weight of a run of tokens
    is divided equally among its tokens. Tokens that are not read have no piece. None where
    more than MOST_TOKENS are read.
    """
    whole = model.encoder.encode(pa.array([text], pa.large_string()), threads)
    kept = kept_places(model, whole)
    if kept.size > MOST_TOKENS:
        return None
    spans = model.encoder.spans(text)[kept]
    single = np.eye(outputs_of(model.head, len(model.labels)), dtype=np.float32)
    with torch_threads(threads):
        found = integrated_gradients(
            model.network, whole.ids[kept], logits_of(model.head, single) @ wanted,
            tolerance=tolerance, most_steps=most_steps,
        )  # fmt: skip
    plain = spans  # a run of tokens spans them: it is no piece
    inner = getattr(model.encoder, "tokens", None)
    if inner is not None:
        plain = spans[whole.ids[kept] < inner.size]
    pieces = merged(plain)
    weights = shared(spans, found.weights, pieces)
    return TokenWeights(pieces, weights, found, whole.ids.size, kept.size)


def kept_places(model: NeuralModel, whole: Tokens) -> np.ndarray:
    """(T,) int64: which tokens of a text the model reads, in their order."""
    reading = model.reading
    if reading.scores is not None:  # a score for each place, as it were a token of its own
        reading = replace(reading, scores=reading.scores[whole.ids])
    return reading.read(Tokens(np.arange(whole.ids.size), whole.offsets)).ids
