"""From a text to the logits of a network: tokens, what of them is read, and the network's steps."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from textkind.encoding.tokens import TokenEncoder, Tokens
from textkind.explain.steps.attention import pretrained_steps, transformer_steps
from textkind.explain.steps.bags import mean_pool_steps, perceptron_steps
from textkind.explain.steps.networks import Reached, Read, read_of
from textkind.explain.steps.sequences import cnn_steps, rnn_steps
from textkind.explain.steps.texts import (
    as_read,
    reading_step,
    text_step,
    token_step,
    tokens_of,
)
from textkind.explain.steps.windows import through_head, windowed_steps
from textkind.explain.tokens import has_gradients, kept_places
from textkind.explain.trace import Shown, Step, by_falling, numbers, table
from textkind.models.encoder_graph import GraphEncoder
from textkind.models.networks.cnn import Cnn
from textkind.models.networks.mean_pool import MeanPool
from textkind.models.networks.perceptron import Perceptron
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.rnn import Rnn
from textkind.models.networks.transformer import Transformer
from textkind.models.networks.windows import WindowedNetwork, plain_network
from textkind.models.neural import NeuralModel
from textkind.training.forward import evaluating

# network -> its steps from tokens to what its head reads
STEPS: dict[type[nn.Module], Callable[[Any, Read, TokenEncoder, Shown], Reached]] = {
    MeanPool: mean_pool_steps,
    Perceptron: perceptron_steps,
    Cnn: cnn_steps,
    Rnn: rnn_steps,
    Transformer: transformer_steps,
    Pretrained: pretrained_steps,
}


def neural_steps(
    model: NeuralModel, text: str, logits: np.ndarray, shown: Shown
) -> tuple[Step, ...]:
    """The steps from a text to its logits (K,), which are those that the model gave."""
    encoder, top = model.encoder, shown.top
    characters, told = as_read(encoder, text)
    tokens = tokens_of(encoder, text)
    steps = [
        text_step(text, characters, told, top),
        token_step(encoder, len(characters), tokens, top),
    ]
    rows = kept_places(model, Tokens(tokens.ids, np.array([0, len(tokens)])))
    if rows.size < len(tokens):
        steps.append(reading_step(model.reading, tokens, rows, top))
        tokens = tokens.take(rows)
    network = plain_road(model)
    read = read_of(tokens, steps[-1].gives)
    own = plain_network(network)

    def inner(part: Read) -> Reached:
        return STEPS[type(own)](own, part, encoder, shown)

    with evaluating(network), torch.inference_mode():
        if isinstance(network, WindowedNetwork):
            found, plain = windowed_steps(network, read, inner, model.head, shown)
        else:
            found, plain = through_head(inner(read), model.head, shown)
    steps += [with_origins(step, model.facts) for step in found]
    if network is not model.network or model.reads_as_graph:
        steps.append(precision_step(model, plain, logits, shown))
    return tuple(steps)


def plain_road(model: NeuralModel) -> nn.Module:
    """The model's network as PyTorch computes it in float32.

    A copy where the model reads as a graph or in fewer digits; of a graph the weights are those
    that it was made of.
    """
    if has_gradients(model):
        return model.network
    copied = copy.deepcopy(model.network).float().eval()
    own: Any = plain_network(copied)
    if isinstance(getattr(own, "encoder", None), GraphEncoder):
        own.encoder = own.encoder.bert
    return copied


def with_origins(step: Step, facts: dict[str, Any]) -> Step:
    """The step, its sentence telling where weights come from that training did not begin."""
    more = ""
    if step.name == "embedding" and facts.get("vectors") is not None:
        more = f" Training began at the vectors {facts['vectors']}."
    if step.name == "head" and facts.get("zero_shot") is not None:
        more = (
            " The weights of a label are the direction of the sentences that name it, over the "
            f"temperature {facts['zero_shot']['temperature']:.4g}."
        )
    return replace(step, sentence=step.sentence + more)


def precision_step(model: NeuralModel, plain: np.ndarray, logits: np.ndarray, shown: Shown) -> Step:
    """The logits of the plain road to those that the model gave, by a graph or in fewer digits."""
    order = by_falling(logits)
    columns = [
        ("label", "text", np.array(shown.labels, object)[order]),
        ("as traced", "signed", plain[order]),
        ("as read", "signed", logits[order]),
        ("difference", "signed", (logits - plain)[order]),
    ]
    encoder = getattr(plain_network(model.network), "encoder", None)
    how = getattr(encoder, "precision", model.precision)
    through = (
        " through a graph" if model.reads_as_graph or isinstance(encoder, GraphEncoder) else ""
    )
    told = (
        f"So far all was computed in float32 by PyTorch. The model reads in {how}{through}, and "
        "what it gave is what is decided by."
    )
    return Step(
        "precision", told, numbers("logits", plain), numbers("logits", logits),
        (table("precision", columns, shown.top),),
    )  # fmt: skip
