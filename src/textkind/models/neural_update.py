"""A network learns on: from its parameters, by the usual loop, on a replay sample and new texts.

Its tokens stay those it has, and its head grows by the new labels. The sample holds what was
learned where it is (experience replay: Robins 1995; Chaudhry et al. 2019, "On tiny episodic
memories in continual learning"). Where no label is new the rate is lower than at first.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from textkind.data.corpus import Corpus, joined
from textkind.data.labels import LabelSet
from textkind.encoding.ngrams import canonical_order
from textkind.encoding.tokens import Tokens, take_tokens
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings
from textkind.models.networks.table import build_network
from textkind.models.networks.windows import reading_network
from textkind.models.neural import NeuralFit, NeuralModel
from textkind.models.neural_settings import settings_of_json, settings_to_json
from textkind.models.neural_training import (
    FEW,
    check_finite,
    chosen_layers,
    examples_of,
    held_out_learned,
)
from textkind.models.pretrained import train_network
from textkind.models.reading import long_facts
from textkind.models.replay import Replay
from textkind.progress import SILENT, Talk
from textkind.training.forward import torch_threads
from textkind.training.imbalance import LOGIT_ADJUSTMENT, NONE, parse_imbalance
from textkind.training.losses import head_of, outputs_of
from textkind.training.settings import USUAL_RATE, TrainingSettings

RATE_SHARE = 0.3  # of the first training's learning rate, where no label is new


def update_neural(
    model: NeuralModel,
    replay: Replay,
    train: Corpus,
    validation: Corpus,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> NeuralFit:
    """Go on from a trained network with its settings, on a replay sample and new texts.

    train and validation have the labels of the replay sample, among them those of the model. The
    validation logits are of the replay's validation texts, and behind them of the new ones. Where
    the network has learned from the former, their logits are those of then and what the update adds
    to them. Raises SettingsError, TrainingError, OutputError or MissingPackageError.
    """
    settings = settings_of_json(model.facts["settings"])
    labels = train.labels
    learned = joined(replay.train, train)
    order = canonical_order(learned.texts, learned.targets)
    learned = learned.take(order)
    held_out = joined(replay.held_out, validation)
    with torch_threads(threads):
        head = model.head if model.head != "binary" or len(labels) == 2 else head_of(labels, "auto")
        asked = replace(
            settings,
            layers=model.layers,
            long=model.reading.long,
            training=_training(settings.training, head, grows=labels != model.labels),
        )
        if isinstance(model.layers, PretrainedSettings):  # the head was fitted by validation
            asked = replace(asked, layers=replace(model.layers, strength=None))
        ledgers = {}
        whole = model.encoder.encode(learned.texts, threads)
        examples, ledgers["train"] = examples_of(
            learned, model.encoder, whole, model.reading, talk, "training"
        )
        fresh = np.flatnonzero(order >= len(replay.train))
        _tell_unknown(take_tokens(whole, fresh), model.encoder.unknown_id, talk)
        others = None
        if len(held_out):
            whole = model.encoder.encode(held_out.texts, threads)
            others, ledgers["validation"] = examples_of(
                held_out, model.encoder, whole, model.reading, talk, "validation"
            )
        network = grown_network(model, labels, head, seed)
        if settings.vectors is not None and not settings.tune_vectors:
            network.embedding.weight.requires_grad_(False)  # type: ignore[union-attr]
        with talk.task(f"going on with the {model.name}"):
            trained = train_network(network, examples, others, labels, asked, seed=seed, talk=talk)
        layers = chosen_layers(model.layers, trained)
        facts = {
            **{name: told for name, told in model.facts.items() if name != "refit"},
            "settings": settings_to_json(replace(settings, layers=layers)),
            "update_rate": asked.training.learning_rate,
            "texts": len(learned) + held_out_learned(trained, others),
            "tokens": int(examples.tokens.offsets[-1]),
            "long": long_facts(model.reading, ledgers),
            **trained.facts,
        }
        updated = NeuralModel(
            labels, model.name, model.encoder, network, layers, head, model.reading, facts
        )
        logits = trained.validation_logits
        few = learned.texts.slice(0, FEW)
        check_finite(updated.logits(few, threads) if logits is None else logits)
        has_learned = replay.learned and type(model.layers) is not FrozenSettings
        if logits is not None and has_learned and len(replay.held_out):
            logits = logits.copy()
            of_model = labels.ids_of(model.labels)
            seen = replay.logits - model.logits(replay.held_out.texts, threads)
            logits[np.ix_(np.arange(len(replay.held_out)), of_model)] += seen
    return NeuralFit(updated, logits)


def _training(training: TrainingSettings, head: str, *, grows: bool) -> TrainingSettings:
    """The settings to go on by: where no label is new, at a lower rate.

    A network that began where all labels are as likely has that in its bias already.
    """
    method = parse_imbalance(training.imbalance).method
    return replace(
        training,
        head=head,
        learning_rate=(training.learning_rate or USUAL_RATE) * (1 if grows else RATE_SHARE),
        imbalance=NONE if method == LOGIT_ADJUSTMENT else training.imbalance,
    )


def grown_network(model: NeuralModel, labels: LabelSet, head: str, seed: int) -> nn.Module:
    """A network with the model's parameters and an output for each label of a wider set.

    What belongs to a new label begins as it would in a network that is not trained, its logit at
    the mean of the others.
    """
    outputs = outputs_of(head, len(labels))
    long, most = model.reading.long, model.reading.max_tokens
    network = build_network(model.name, model.encoder.size, outputs, model.layers, seed)
    network = reading_network(network, outputs, long, most, seed)
    of_model = torch.from_numpy(labels.ids_of(model.labels))
    before, state = outputs_of(model.head, len(model.labels)), network.state_dict()
    for name, old in model.network.state_dict().items():
        new = state[name]
        if new.shape != old.shape:
            old = _grown(new, old, of_model, before)
        new.copy_(old)
    return network.eval()


def _grown(new: Tensor, old: Tensor, of_model: Tensor, before: int) -> Tensor:
    """A parameter with rows for more outputs: old ones in their places, of the others those of new.

    The one output m of two labels becomes -m/2 and m/2.
    """
    found = new.clone()
    axes = [axis for axis in range(new.dim()) if new.shape[axis] != old.shape[axis]]
    if before == 1:
        for axis in axes:
            old = torch.cat([-old / 2, old / 2], dim=axis)
    if new.dim() == 1:
        found.fill_(float(old.mean()))
    places = [of_model if axis in axes else torch.arange(new.shape[axis]) for axis in
              range(new.dim())]  # fmt: skip
    found[torch.meshgrid(*places, indexing="ij")] = old
    return found


def _tell_unknown(tokens: Tokens, unknown_id: int, talk: Talk) -> None:
    """A note on the tokens of the new texts that the network does not know."""
    unknown = int((tokens.ids == unknown_id).sum())
    if unknown:
        talk.note(
            f"{unknown:,} of {tokens.ids.size:,} tokens of the new texts are words that the "
            f"network does not know, and cannot learn by going on: training anew learns them"
        )
