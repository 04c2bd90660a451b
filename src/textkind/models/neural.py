"""The neural models: an encoder of tokens and a network, trained by one loop.

fit = fit_neural(train, validation, NeuralSettings(layers=CnnSettings()))
logits = fit.model.logits(texts)                        (N, K) float32
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from torch import nn

from textkind.data.corpus import Corpus, joined
from textkind.data.labels import LabelSet
from textkind.encoding.ngrams import canonical_order
from textkind.encoding.tokens import TokenEncoder, Tokens
from textkind.errors import SettingsError
from textkind.models.few_shot import few_shot_settings, with_label_names
from textkind.models.networks.pretrained_settings import (
    FrozenSettings,
    with_choices,
)
from textkind.models.networks.settings import NetworkSettings
from textkind.models.neural_settings import NeuralSettings, settings_to_json
from textkind.models.neural_state import parts_of, state_of
from textkind.models.neural_training import (
    FEW,
    check_finite,
    chosen_layers,
    examples_of,
    held_out_learned,
    places_of_refit,
)
from textkind.models.pretrained import Trainer, train_network
from textkind.models.quick_reading import QuickReader
from textkind.models.reading import Reading, long_facts, reading_of
from textkind.models.starting import Start, known_settings, start_of, started_network
from textkind.models.usual_training import usual_training
from textkind.progress import SILENT, Talk
from textkind.training.fit import Trained
from textkind.training.forward import outputs_and_vectors, torch_threads
from textkind.training.losses import head_of, logits_of, outputs_of
from textkind.training.tasks import Examples


@dataclass(frozen=True, eq=False)
class NeuralModel:
    """A fitted network with the encoder of its tokens.

    head says what the network's outputs are (training/losses.py), reading what is read of a text,
    precision what it computes in. facts is the JSON-able account of the fit.
    """

    labels: LabelSet
    name: str
    encoder: TokenEncoder
    network: nn.Module
    layers: NetworkSettings
    head: str
    reading: Reading
    facts: dict[str, Any]
    precision: str = "float32"

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits of texts."""
        return logits_of(self.head, self._read(texts, threads, vectors=False)[0])

    def vectors(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, W) float32: what the network's last layer reads of each text."""
        return self._read(texts, threads, logits=False)[1]

    def logits_and_vectors(
        self, texts: pa.LargeStringArray, threads: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both of one reading."""
        outputs, vectors = self._read(texts, threads)
        return logits_of(self.head, outputs), vectors

    def _read(
        self,
        texts: pa.LargeStringArray,
        threads: int | None,
        *,
        logits: bool = True,
        vectors: bool = True,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The network's outputs and vectors, those that are wanted."""
        width: int = self.network.vector_width  # type: ignore[assignment]
        widths = (
            outputs_of(self.head, len(self.labels)) if logits else None,
            width if vectors else None,
        )
        with torch_threads(threads):
            tokens = self.tokens(texts, threads)
            network = self.reader.network_for(tokens)
            return outputs_and_vectors(network, tokens, widths, precision=self.reader.precision)

    @cached_property
    def reader(self) -> QuickReader:
        """Which network computes: this, or one with a graph in it."""
        return QuickReader(self.network, self.precision)

    @property
    def reads_as_graph(self) -> bool:
        """Whether texts are read through onnxruntime by now."""
        return self.reader.can_be_graph and self.reader.quick is not None

    def tokens(self, texts: pa.LargeStringArray, threads: int | None = None) -> Tokens:
        """The tokens that are read of every text."""
        return self.reading.read(self.encoder.encode(texts, threads))

    def token_counts(
        self, texts: pa.LargeStringArray, threads: int | None = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """(N,) tokens of each text, and (N,) of them that are read; None where all are, always."""
        if not self.reading.has_limit:
            return None
        whole = self.encoder.encode(texts, threads)
        return whole.lengths, self.reading.read(whole).lengths

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """All there is to save: a JSON-able config, and named arrays."""
        return state_of(
            self.encoder, self.network, self.layers, self.head, self.reading, self.facts
        )

    @classmethod
    def from_state(
        cls, config: dict[str, Any], arrays: dict[str, np.ndarray], labels: LabelSet
    ) -> "NeuralModel":
        """The model that `state` described; ModelFolderError where that cannot be one."""
        return NeuralModel(labels, *parts_of(config, arrays, labels))


@dataclass(frozen=True, eq=False)
class NeuralFit:
    """A fitted model, and the validation logits of the fit that did not see validation."""

    model: NeuralModel
    validation_logits: np.ndarray | None


def fit_neural(
    train: Corpus,
    validation: Corpus | None,
    settings: NeuralSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
    trainer: Trainer = train_network,
) -> NeuralFit:
    """Train a network on train; validation says when to stop.

    With settings.refit the network is then trained once more on train + validation
    (`trained_again`), and the validation logits come from the fit before.

    Raises SettingsError, DataError, TrainingError, OutputError or MissingPackageError.
    """
    if validation is not None and len(validation) == 0:
        validation = None
    if train.soft is not None and settings.is_pretrained:
        raise SettingsError(
            "the head of a pretrained encoder is fitted to labels, not to probabilities",
            found=settings.network,
        )
    settings = few_shot_settings(settings, train, talk)
    with torch_threads(threads):
        model, trained = _fit(train, validation, settings, seed, threads, talk, trainer)
    if settings.refit and validation is not None and trained.facts["best"] is not None:
        model = trained_again(
            model, train, validation, settings,
            seed=seed, threads=threads, talk=talk, trainer=trainer,
        )  # fmt: skip
    return NeuralFit(model, trained.validation_logits)


def trained_again(
    model: NeuralModel,
    train: Corpus,
    validation: Corpus,
    settings: NeuralSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
    trainer: Trainer = train_network,
) -> NeuralModel:
    """A network that was trained on train by settings, anew from its start on train + validation.

    It is trained for as many epochs as were best, with what the first training chose, and has the
    time of the first by its number of texts: one that the budget ended within an epoch ends there.
    """
    layers, training, best = settings.layers, settings.training, model.facts["best"]
    if isinstance(layers, FrozenSettings):  # the head begins as it did the first time
        assert isinstance(model.layers, FrozenSettings)
        layers = replace(with_choices(layers, model.layers), label_names=model.facts["label_names"])
    whole, budget = joined(train, validation), training.budget
    limit = ""
    if budget is not None:
        budget *= len(whole) / len(train)
        limit = f", {budget:,.3g} minutes at most"
    again = replace(
        settings,
        layers=layers,
        long=model.reading.long,  # what auto chose for the first training
        training=replace(training, epochs=best["epoch"], budget=budget),
        places=places_of_refit(settings.places),
    )
    talk.note(f"training once more, on train and validation, {best['epoch']} epochs{limit}")
    with torch_threads(threads):
        refitted, told = _fit(whole, None, again, seed, threads, talk, trainer)
    facts = model.facts | {"texts": len(whole), "refit": told.facts}
    facts["settings"] = facts["settings"] | {"refit": True}
    return replace(refitted, facts=facts)


def _fit(
    train: Corpus,
    validation: Corpus | None,
    settings: NeuralSettings,
    seed: int,
    threads: int | None,
    talk: Talk,
    trainer: Trainer,
) -> tuple[NeuralModel, Trained]:
    # in an order of their own, so that the rows' order in the file changes nothing
    train = train.take(canonical_order(train.texts, train.targets))
    labels, rows = train.labels, len(train)
    train, has_names = with_label_names(train, settings.layers, talk)
    start = start_of(train, settings, seed=seed, threads=threads, talk=talk)
    settings = known_settings(settings, start)
    whole = start.encoder.encode(train.texts, threads)
    reading = reading_of(
        settings, whole, train.targets, labels, start.encoder.size,
        seed=seed, threads=threads, talk=talk,
    )  # fmt: skip
    ledgers = {}
    examples, ledgers["train"] = examples_of(train, start.encoder, whole, reading, talk, "training")
    held_out = None
    if validation is not None:
        whole = start.encoder.encode(validation.texts, threads)
        held_out, ledgers["validation"] = examples_of(
            validation, start.encoder, whole, reading, talk, "validation"
        )
    return trained_model(
        start, settings, reading, labels, examples, held_out, ledgers,
        counted=examples.tokens, looked_at=train.texts, rows=rows, has_names=has_names,
        seed=seed, threads=threads, talk=talk, trainer=trainer,
    )  # fmt: skip


def trained_model(
    start: Start,
    settings: NeuralSettings,
    reading: Reading,
    labels: LabelSet,
    examples: Examples,
    held_out: Examples | None,
    ledgers: dict[str, dict[str, int]],
    *,
    counted: Tokens,
    looked_at: pa.LargeStringArray,
    rows: int,
    has_names: bool,
    seed: int,
    threads: int | None,
    talk: Talk,
    trainer: Trainer = train_network,
) -> tuple[NeuralModel, Trained]:
    """Train a started network on examples, and make the model of it.

    counted are the tokens by which a network weighs its vocabulary, looked_at texts whose logits
    must be numbers, rows the texts that are learned from. TrainingError where they are not.
    """
    head = head_of(labels, settings.training.head)
    outputs = outputs_of(head, len(labels))
    network, layers = started_network(start, counted, outputs, settings, reading, seed)
    training = usual_training(settings.training, layers, network, examples.tokens)
    settings = replace(settings, training=training)
    with talk.task(f"training the {settings.network}"):
        trained = trainer(
            network, examples, held_out, labels, replace(settings, layers=layers),
            seed=seed, talk=talk,
        )  # fmt: skip
    layers = chosen_layers(layers, trained)
    facts = {
        "settings": settings_to_json(replace(settings, layers=layers)),
        "texts": rows + held_out_learned(trained, held_out),
        "label_names": has_names,
        "tokens": int(examples.tokens.offsets[-1]),
        "vocabulary": start.encoder.size,
        "long": long_facts(reading, ledgers),
        **start.facts,
        **trained.facts,
    }
    model = NeuralModel(
        labels, settings.network, start.encoder, network, layers, head, reading, facts
    )
    logits = trained.validation_logits
    check_finite(model.logits(looked_at.slice(0, FEW), threads) if logits is None else logits)
    return model, trained
