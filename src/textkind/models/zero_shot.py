"""A classifier without a labelled text: each label is the vector of its name and description.

    model = zero_shot_model(names, ZeroShotSettings())
    logits = model.logits(texts)                            (N, K) float32

A frozen encoder whose head is not fitted but written: a row of it is the mean, of unit length, of
the vectors of a label's sentences, over the temperature; so a logit is a cosine over the
temperature (label embeddings as in Radford et al. 2021, with sentences for prompts).
"""

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.label_names import LabelNames, words_of
from textkind.encoding.tokens import Tokens
from textkind.models.convex_head import Head
from textkind.models.networks.pretrained_settings import FrozenSettings
from textkind.models.neural import NeuralModel
from textkind.models.neural_settings import NeuralSettings, settings_to_json
from textkind.models.pretrained import set_head
from textkind.models.reading import long_facts, reading_of
from textkind.models.starting import known_settings, start_of, started_network
from textkind.models.zero_shot_settings import ZeroShotSettings
from textkind.progress import SILENT, Talk
from textkind.training.forward import network_outputs, torch_threads
from textkind.training.settings import TrainingSettings


def zero_shot_model(
    names: LabelNames,
    settings: ZeroShotSettings = ZeroShotSettings(),
    unlabelled: pa.LargeStringArray | None = None,
    *,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> NeuralModel:
    """A model of the kind frozen, its head made of the labels' sentences.

    With unlabelled texts, of the kind that will come, cosines are measured from their mean: what
    all of them share tells no label. Raises SettingsError, ModelFolderError or
    MissingPackageError.
    """
    sentences, owners = sentences_of(names, settings.templates)
    told = sum(bool(text) for text in names.descriptions)
    if 0 < told < len(names.labels):
        talk.note(
            f"{len(names.labels) - told:,} of {len(names.labels):,} labels lack a description"
        )
    corpus = Corpus(
        pa.array(sentences, pa.large_string()), owners, names.labels,
        np.arange(len(owners), dtype=np.int64),
    )  # fmt: skip
    asked = NeuralSettings(
        layers=FrozenSettings(normalize=True),
        encoder=settings.encoder,
        revision=settings.revision,
        training=TrainingSettings(head="softmax"),
    )
    with torch_threads(threads):
        start = start_of(corpus, asked, threads=threads, talk=talk)
        known = known_settings(asked, start)
        whole = start.encoder.encode(corpus.texts, threads)
        reading = reading_of(
            known, whole, owners, names.labels, start.encoder.size,
            seed=0, threads=threads, talk=talk,
        )  # fmt: skip
        network, layers = started_network(start, whole, len(names.labels), known, reading, 0)

        def vectors_of(tokens: Tokens) -> np.ndarray:
            width: int = network.vector_width  # type: ignore[assignment]
            return network_outputs(network, reading.read(tokens), width, vectors=True)

        center = None
        if unlabelled is not None and len(unlabelled):
            with talk.task("reading the unlabelled texts"):
                center = vectors_of(start.encoder.encode(unlabelled, threads)).mean(axis=0)
        rows = label_vectors(vectors_of(whole), owners, centered=center is not None)
        set_head(network, label_head(rows, center, settings.temperature))
    network.eval()
    facts = {
        "settings": settings_to_json(known),
        "texts": 0,
        "tokens": int(whole.offsets[-1]),
        "vocabulary": start.encoder.size,
        "long": long_facts(reading, {}),
        "zero_shot": {
            "templates": list(settings.templates),
            "temperature": settings.temperature,
            "descriptions": told,
            "centered_on": 0 if center is None or unlabelled is None else len(unlabelled),
        },
        **start.facts,
    }
    return NeuralModel(
        names.labels, "frozen", start.encoder, network, layers, "softmax", reading, facts
    )


def sentences_of(names: LabelNames, templates: tuple[str, ...]) -> tuple[list[str], np.ndarray]:
    """All sentences of all labels, and the (S,) int32 id of each sentence's label."""
    sentences, owners = [], []
    for number, (name, told) in enumerate(zip(names.labels.names, names.descriptions, strict=True)):
        own = [template.replace("{label}", words_of(name)) for template in templates]
        own += [told] if told else []
        sentences += own
        owners += [number] * len(own)
    return sentences, np.array(owners, np.int32)


def label_vectors(vectors: np.ndarray, owners: np.ndarray, *, centered: bool) -> np.ndarray:
    """(K, W) float32 of unit length: the mean of each label's (S, W) sentence vectors.

    centered: the mean over the labels is taken away first.
    """
    sums = np.zeros((int(owners.max()) + 1, vectors.shape[1]))
    np.add.at(sums, owners, vectors)
    rows = _unit(sums)
    return (_unit(rows - rows.mean(axis=0)) if centered else rows).astype(np.float32)


def label_head(rows: np.ndarray, center: np.ndarray | None, temperature: float) -> Head:
    """The head whose logits are rows @ (vector - center) / temperature."""
    weights = rows / np.float32(temperature)
    bias = np.zeros(len(rows), np.float32) if center is None else -weights @ center
    return Head(weights, bias.astype(np.float32))


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-12)
