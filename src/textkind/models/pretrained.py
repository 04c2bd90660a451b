"""How a pretrained encoder is trained: head first, then all (Kumar et al. 2022).

The linear head is fitted to the encoder's vectors as they are, to its optimum; a frozen encoder is
then done. Any other is trained end to end from there: a head that fits already does not pull the
encoder about.
"""

from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import nn

from textkind.data.labels import LabelSet
from textkind.encoding.tokens import Tokens, take_tokens
from textkind.errors import DataError
from textkind.models.convex_head import STRENGTHS, Head, fit_head, heads_by_strength
from textkind.models.interpolation import (
    SHARES,
    USUAL_SHARE,
    Weights,
    best_between,
    go_between,
    weights_of,
)
from textkind.models.kept_states import can_keep_states, kept_states
from textkind.models.logit_adjustment import begin_adjusted
from textkind.models.low_rank import LARGE, low_rank, rank_of
from textkind.models.networks.bert import Bert
from textkind.models.networks.pretrained import (
    Pretrained,
    freeze_lowest,
    freeze_vectors,
    rate_factors,
)
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings
from textkind.models.networks.windows import plain_network, pooling_vectors
from textkind.models.neural_settings import NeuralSettings
from textkind.models.quick_reading import QuickReader
from textkind.progress import SILENT, Talk
from textkind.training.devices import device_of
from textkind.training.fit import Trained, fit_network
from textkind.training.forward import network_outputs
from textkind.training.imbalance import LOGIT_ADJUSTMENT, USUAL_EXPONENT, parse_imbalance
from textkind.training.losses import head_of, logits_of, outputs_of
from textkind.training.precision import probed_precision
from textkind.training.tasks import Examples
from textkind.training.validation import HIGHER_IS_BETTER, is_better, validation_figures

START_TOKENS = 2_000_000  # of texts, to which the head of a network is fitted before all is trained
USUAL_STRENGTH = 30.0  # of the head, where there is no validation to choose by
PROBED = 64  # texts that are read to see which precision is quicker


class Trainer(Protocol):
    """What trains a network in the place of `train_network`: as it does, perhaps elsewhere."""

    def __call__(  # noqa: D102
        self,
        network: nn.Module,
        examples: Examples,
        held_out: Examples | None,
        labels: LabelSet,
        settings: NeuralSettings,
        *,
        seed: int = 0,
        talk: Talk = SILENT,
    ) -> Trained: ...


def train_network(
    network: nn.Module,
    examples: Examples,
    held_out: Examples | None,
    labels: LabelSet,
    settings: NeuralSettings,
    *,
    seed: int = 0,
    talk: Talk = SILENT,
) -> Trained:
    """Train any network as its kind is trained; it ends with the weights that did best."""
    layers = settings.layers
    asked = parse_imbalance(settings.training.imbalance)
    if asked.method == LOGIT_ADJUSTMENT:
        head = head_of(labels, settings.training.head)
        exponent = USUAL_EXPONENT if asked.value is None else asked.value
        begin_adjusted(network, examples.targets, head, exponent)
    if not isinstance(layers, FrozenSettings):
        return fit_network(
            network, examples, held_out, labels, settings.training,
            places=settings.places, seed=seed, talk=talk,
        )  # fmt: skip
    if not isinstance(layers, PretrainedSettings):
        return start_head(network, examples, held_out, labels, settings, talk)
    whole, training = network, settings.training
    assert layers.freeze is not None  # known_settings
    if isinstance(network, Pretrained) and can_keep_states(
        network, layers, examples, held_out, training
    ):
        with talk.task(f"computing the {layers.freeze} lowest layers, which stay as they are"):
            whole, examples, held_out = kept_states(
                network, layers.freeze, examples, held_out, device_of(training.device)
            )
    few = enough_to_start(examples)
    started = start_head(whole, few, held_out, labels, settings, talk)
    trained = _trained_whole(network, whole, examples, held_out, labels, settings, seed, talk)
    return replace(trained, facts={"head": started.facts["head"]} | trained.facts)


def enough_to_start(examples: Examples) -> Examples:
    """The first texts, START_TOKENS tokens of them, and the first of each label.

    The head only begins with what it is fitted to, and examples come in an order that says nothing.
    """
    offsets, targets = examples.tokens.offsets, examples.targets
    most = max(1, int(np.searchsorted(offsets, START_TOKENS, side="right")) - 1)
    if most >= len(examples.tokens):
        return examples
    if targets.ndim == 2:
        firsts = targets.argmax(axis=0)[targets.any(axis=0)]
    else:
        firsts = np.unique(targets, return_index=True)[1]
    rows = np.union1d(np.arange(most), firsts)
    return replace(examples, tokens=take_tokens(examples.tokens, rows), targets=targets[rows])


def start_head(
    network: nn.Module,
    examples: Examples,
    held_out: Examples | None,
    labels: LabelSet,
    settings: NeuralSettings,
    talk: Talk = SILENT,
) -> Trained:
    """Fit the network's head to its vectors as they are.

    The strength is that of the settings, or the best on validation by their metric. With refit the
    head that a frozen encoder keeps is fitted on validation as well; the logits that are told are
    those before.
    """
    layers, metric = settings.layers, settings.training.metric
    imbalance = settings.training.imbalance
    assert isinstance(layers, FrozenSettings)
    if len(examples.tokens) == 0:
        raise DataError("there is no text to train on")
    kind = head_of(labels, settings.training.head)
    network.to(device_of(settings.training.device))
    asked = settings.training.precision
    reader = QuickReader(network, probed_reading(network, examples.tokens, asked, talk))

    def vectors_of(part: Examples) -> np.ndarray:
        quick, width = reader.network_for(part.tokens), int(network.vector_width)  # type: ignore[arg-type]
        return network_outputs(quick, part.tokens, width, vectors=True, precision=reader.precision)

    with talk.task("reading the texts with the encoder as it is"), pooling_vectors(network):
        vectors = vectors_of(examples)
        others = None if held_out is None else vectors_of(held_out)
    strength, tried, logits = USUAL_STRENGTH, [], None
    has_validation = False
    with talk.task("fitting the head"):
        if others is None or held_out is None:
            strength = layers.strength or USUAL_STRENGTH
            head = fit_head(
                vectors, examples.targets, len(labels), kind, strength, imbalance=imbalance
            )
        else:
            best = None
            strengths = STRENGTHS if layers.strength is None else (layers.strength,)
            for one, fitted in heads_by_strength(
                vectors, examples.targets, len(labels), kind, strengths, imbalance
            ):
                found = logits_of(kind, others @ fitted.weights.T + fitted.bias)
                figures = validation_figures(found, held_out.targets)
                tried.append(figures | {"strength": one})
                if is_better(figures, best, metric):
                    best, head, logits, strength = figures, fitted, found, one
                elif is_falling(tried, metric):
                    break
            if settings.refit and not isinstance(layers, PretrainedSettings):
                has_validation = True
                head = fit_head(
                    np.concatenate([vectors, others]),
                    np.concatenate([examples.targets, held_out.targets]),
                    len(labels), kind, strength, head, imbalance,
                )  # fmt: skip
    set_head(network, head)
    network.to("cpu").eval()
    head_facts = {"strength": strength, "tried": tried, "learned_validation": has_validation}
    return Trained({"head": head_facts, "best": None}, logits)


def probed_reading(network: nn.Module, tokens: Tokens, asked: str, talk: Talk = SILENT) -> str:
    """The precision in which the network reads texts: as asked, or the quicker one here."""
    device = next(network.parameters()).device
    few = take_tokens(tokens, np.arange(min(PROBED, len(tokens))))
    width: int = network.vector_width  # type: ignore[assignment]

    def attempt() -> None:
        network_outputs(network, few, width, vectors=True)

    return probed_precision(asked, device, attempt, talk)


def is_falling(tried: list[dict[str, float]], metric: str) -> bool:
    """Whether the last two of them did worse, each than the one before."""
    last = [one[metric] if HIGHER_IS_BETTER[metric] else -one[metric] for one in tried[-3:]]
    return len(last) == 3 and last[2] < last[1] < last[0]


def set_head(network: nn.Module, head: Head) -> None:
    """Give the network this head."""
    with torch.no_grad():
        own = plain_network(network)
        own.get_parameter("head.weight").copy_(torch.from_numpy(head.weights))
        own.get_parameter("head.bias").copy_(torch.from_numpy(head.bias))


def _trained_whole(
    network: nn.Module,
    whole: nn.Module,
    examples: Examples,
    held_out: Examples | None,
    labels: LabelSet,
    settings: NeuralSettings,
    seed: int,
    talk: Talk,
) -> Trained:
    """Train end to end from the head that fits.

    whole computes the network's logits: itself, or its upper layers over kept states.
    """
    layers, own = settings.layers, plain_network(network)
    assert isinstance(layers, PretrainedSettings)
    assert isinstance(own, Pretrained)
    assert layers.freeze is not None
    depth = own.architecture.layers
    freeze_lowest(network, layers.freeze, depth)
    if not settings.tune_vectors:
        freeze_vectors(own)
    rank = rank_of(layers.lora, own)
    if rank and layers.lora is None:
        talk.note(f"an encoder of over {LARGE:,} parameters: low-rank updates of rank {rank}")
    training, start = settings.training, weights_of(network)
    with low_rank(own, rank, seed):
        factors = rate_factors(network, layers.layer_decay, depth)
        whole.rate_factors = factors  # type: ignore[assignment]
        token_rate = training.token_rate * layers.layer_decay ** (depth + 1)
        training = replace(training, token_rate=token_rate)
        if layers.compiled and isinstance(own.encoder, Bert):
            own.encoder.compile_blocks()
        trained = fit_network(
            whole, examples, held_out, labels, training,
            places=settings.places, keeps_last=layers.interpolation is None, seed=seed, talk=talk,
        )  # fmt: skip
    return _interpolated(network, whole, start, trained, held_out, labels, settings)


def _interpolated(
    network: nn.Module,
    whole: nn.Module,
    start: Weights,
    trained: Trained,
    held_out: Examples | None,
    labels: LabelSet,
    settings: NeuralSettings,
) -> Trained:
    """Take the network back part of the way to its start, by validation or as the settings say.

    whole computes its logits: the network itself, or its upper layers over kept states.
    """
    layers, training = settings.layers, settings.training
    assert isinstance(layers, PretrainedSettings)
    share = layers.interpolation
    if held_out is None:
        share = USUAL_SHARE if share is None else share
        go_between(network, start, weights_of(network), share)
        return replace(trained, facts=trained.facts | {"interpolation": {"share": share}})
    head, precision = head_of(labels, training.head), trained.facts["precision"]
    tokens, outputs = held_out.tokens, outputs_of(head, len(labels))

    def logits() -> np.ndarray:
        return logits_of(head, network_outputs(whole, tokens, outputs, precision=precision))

    assert trained.validation_logits is not None
    whole.to(device_of(training.device))
    facts, best, found = best_between(
        network,
        start,
        logits,
        trained.validation_logits,
        held_out.targets,
        training.metric,
        SHARES if share is None else (share,),
    )
    whole.to("cpu").eval()
    told = trained.facts | {"interpolation": facts}
    if share is None:  # the network is at none of its epochs: what is kept is the last, less a part
        told["best"] = best | {"step": told["steps"], "epoch": told["epochs"]}
    return Trained(told, found)
