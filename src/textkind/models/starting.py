"""What a neural training starts from: an encoder fitted on the training texts, and vectors."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from textkind.data.corpus import Corpus
from textkind.encoding.runs import fit_runs
from textkind.encoding.subwords import fit_subwords, subwords_from_bytes, subwords_from_file
from textkind.encoding.tokens import TokenEncoder, Tokens
from textkind.encoding.word_vectors import read_vectors, start_vectors, vector_words
from textkind.encoding.words import fit_words
from textkind.errors import ModelFolderError
from textkind.models.encoder_folder import EncoderFolder, open_encoder, read_weights
from textkind.models.networks.pretrained_settings import OWN, FrozenSettings, PretrainedSettings
from textkind.models.networks.settings import NetworkSettings, name_of
from textkind.models.networks.table import build_network
from textkind.models.networks.windows import reading_network
from textkind.models.neural_settings import DISTILLED, NeuralSettings
from textkind.models.reading import Reading
from textkind.models.static_vectors import StaticVectors, distilled
from textkind.progress import SILENT, Talk
from textkind.training.memory import check_memory

# The commonest words of a file of vectors are known even where no training text has them: their
# vectors say what they are like.
MOST_EXTRA_WORDS = 50_000
# Frequent tokens of distilled vectors are played down by a / (a + p), as Arora et al. (2017) have
# it; and vectors are made as long as this, so that a text's mean is large beside the head's first
# weights, which then need few epochs.
RARITY, LENGTH = 1e-3, 30.0


@dataclass(frozen=True, eq=False)
class Start:
    """An encoder, and (V, D) float32 vectors of its tokens or None; facts is JSON-able.

    pretrained is the folder whose weights the network starts from, or None.
    """

    encoder: TokenEncoder
    vectors: np.ndarray | None
    facts: dict[str, Any]
    pretrained: EncoderFolder | None = None


def start_of(
    train: Corpus,
    settings: NeuralSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> Start:
    """Fit the encoder on the training texts, and nothing else, and read the vectors."""
    if isinstance(settings.layers, FrozenSettings):
        return _pretrained_start(settings, talk)
    if settings.vectors == DISTILLED:
        return _distilled_start(train, settings, threads, talk)
    if settings.vectors is not None:
        return _words_start(train, settings, Path(settings.vectors), seed, threads, talk)
    encoder: TokenEncoder
    if settings.tokens == "words":
        encoder = fit_words(train.texts, settings.words, threads)
    elif settings.tokenizer is not None:
        encoder = subwords_from_file(settings.tokenizer)
    else:
        encoder = fit_subwords(train.texts, replace(settings.subwords, model=settings.tokens))
    return Start(with_runs(encoder, train, settings, threads), None, {})


def with_runs(
    encoder: TokenEncoder, train: Corpus, settings: NeuralSettings, threads: int | None
) -> TokenEncoder:
    """The encoder, with the runs of its tokens where n-grams are asked for."""
    if settings.ngrams == 1:
        return encoder
    return fit_runs(
        encoder, train.texts,
        longest=settings.ngrams, buckets=settings.buckets,
        minimum_count=settings.words.minimum_count, threads=threads,
    )  # fmt: skip


def _words_start(
    train: Corpus,
    settings: NeuralSettings,
    path: Path,
    seed: int,
    threads: int | None,
    talk: Talk,
) -> Start:
    """Words of the training texts and of a file of vectors, with the vectors of the file."""
    extra = vector_words(path, MOST_EXTRA_WORDS)
    words = fit_words(train.texts, settings.words, threads, extra=extra)
    encoder = with_runs(words, train, settings, threads)
    found = read_vectors(path, encoder.spellings(), talk=talk)
    vectors = start_vectors(found, seed=seed)
    facts = {
        "vectors": found.name,
        "vectors_sha256": hashlib.sha256(found.vectors.tobytes()).hexdigest(),
        "vectors_found": int(found.found.sum()),
        "vectors_dimension": found.dimension,
    }
    return Start(encoder, vectors, facts)


def _distilled_start(
    train: Corpus, settings: NeuralSettings, threads: int | None, talk: Talk
) -> Start:
    """Tokens of a pretrained encoder, and static vectors of them, frequent ones played down."""
    static = distilled(settings.encoder, revision=settings.revision, talk=talk)
    encoder = subwords_from_bytes(static.tokenizer_json)
    tokens = encoder.encode(train.texts, threads)
    counts = np.bincount(tokens.ids, minlength=encoder.size)
    share = (counts + 1) / (counts.sum() + counts.size)
    vectors = static.vectors * (RARITY / (RARITY + share)).astype(np.float32)[:, None]
    scale = LENGTH / np.sqrt(np.square(vectors).sum(axis=1).mean())
    facts = {
        "vectors": f"distilled from {static.name}",
        "vectors_dimension": vectors.shape[1],
        **_encoder_facts(static),
    }
    whole = with_runs(encoder, train, settings, threads)
    start = np.zeros((whole.size, vectors.shape[1]), np.float32)
    np.multiply(vectors, scale, out=start[: encoder.size])
    return Start(whole, start, facts)


def _pretrained_start(settings: NeuralSettings, talk: Talk) -> Start:
    """The tokens of a pretrained encoder, which has learned on other texts than these."""
    folder = open_encoder(settings.encoder, settings.revision)
    told = "" if folder.revision is None else f" at revision {folder.revision}"
    unit = " to unit length" if folder.normalize else ""
    talk.note(
        f"the pretrained encoder is {folder.name}{told}, {folder.architecture.layers} layers, "
        f"trained with states pooled by {folder.pooling}{unit}"
    )
    return Start(folder.tokenizer, None, _encoder_facts(folder), folder)


def _encoder_facts(encoder: EncoderFolder | StaticVectors) -> dict[str, Any]:
    return {
        "encoder": encoder.name,
        "encoder_sha256": encoder.sha256,
        "encoder_revision": encoder.revision,
    }


def started_network(
    start: Start,
    tokens: Tokens,
    outputs: int,
    settings: NeuralSettings,
    reading: Reading,
    seed: int,
) -> tuple[nn.Module, NetworkSettings]:
    """The network with its first weights, and its settings; tokens are those of training.

    TrainingError where its tables could not be trained in the memory there is.
    """
    if start.pretrained is not None:
        layers = settings.layers
        assert isinstance(layers, FrozenSettings)
        network = _pretrained_network(start, start.pretrained, layers, outputs, seed)
    else:
        network, layers = _drawn_network(start, tokens, outputs, settings, seed)
    network = reading_network(network, outputs, reading.long, reading.max_tokens, seed)
    network.origin = _origin(start, layers, reading)  # type: ignore[assignment]
    return network, layers


def _origin(start: Start, layers: NetworkSettings, reading: Reading) -> str:
    """What a network was made from, as JSON: a checkpoint must be of the same.

    Its first weights are read, drawn by the seed or computed from these, so checksums of what is
    read stand for them.
    """
    told = {
        "layers": [name_of(layers), asdict(layers)],
        "long": asdict(reading.long),
        "max_tokens": reading.max_tokens,
        "read": [start.facts.get(name) for name in ("encoder_sha256", "vectors_sha256")],
    }
    return json.dumps(told, sort_keys=True)


def _drawn_network(
    start: Start, tokens: Tokens, outputs: int, settings: NeuralSettings, seed: int
) -> tuple[nn.Module, NetworkSettings]:
    """A network whose weights are drawn, but for the vectors it starts from; and its settings."""
    layers, size = settings.layers, start.encoder.size
    if start.vectors is not None and hasattr(layers, "width"):
        layers = replace(layers, width=start.vectors.shape[1])
    check_memory(size, getattr(layers, "width", 0) or _first_units(layers, outputs))
    network = build_network(settings.network, size, outputs, layers, seed)
    if start.vectors is not None:
        with torch.no_grad():
            for name in network.vector_tables:  # type: ignore[union-attr]
                network.get_parameter(name).copy_(torch.from_numpy(start.vectors))
        if not settings.tune_vectors:
            network.embedding.weight.requires_grad_(False)  # type: ignore[union-attr]
    counts = np.bincount(tokens.ids, minlength=size)
    if hasattr(network, "set_token_counts"):
        network.set_token_counts(counts)  # type: ignore[operator]
    if hasattr(network, "set_document_counts"):
        network.set_document_counts(document_counts(tokens, size), len(tokens))  # type: ignore[operator]
    return network, layers


def known_settings(settings: NeuralSettings, start: Start) -> NeuralSettings:
    """The settings with what the folder of a pretrained encoder says; SettingsError as theirs.

    Where it is open how many layers stay as they are, that is the lower half of them with few_shot,
    and else none.
    """
    folder, layers = start.pretrained, settings.layers
    if folder is None:
        return settings
    assert isinstance(layers, FrozenSettings)
    layers = replace(
        layers,
        architecture=folder.architecture,
        pooling=folder.pooling if layers.pooling == OWN else layers.pooling,
        normalize=folder.normalize if layers.normalize is None else layers.normalize,
    )
    if isinstance(layers, PretrainedSettings) and layers.freeze is None:
        layers = replace(layers, freeze=folder.architecture.layers // 2 if layers.few_shot else 0)
    return replace(settings, layers=layers)


def _pretrained_network(
    start: Start, folder: EncoderFolder, layers: FrozenSettings, outputs: int, seed: int
) -> nn.Module:
    """A Pretrained with the weights of the folder; its head is that of no training yet."""
    size, shift = start.encoder.size, folder.tokenizer.shift
    check_memory(size, folder.architecture.token_width)
    with torch.device("meta"):  # its weights are read, not drawn
        network = build_network(name_of(layers), size, outputs, layers, seed)
    table, state = read_weights(folder)
    most = max(folder.frame, default=0)
    if size - shift > len(table) or most >= len(table):
        raise ModelFolderError(
            "the tokenizer does not fit the encoder: it has more tokens",
            found=[size - shift, len(table)],
            where=str(folder.path),
        )
    own = torch.zeros(size, table.shape[1])
    own[shift:] = table[: size - shift]
    network.embedding.weight = nn.Parameter(own)  # type: ignore[union-attr]
    network.frame = nn.Parameter(table[list(folder.frame)].clone())
    network.encoder.load_state_dict(state, assign=True)  # type: ignore[union-attr]
    for part in (network.pooling, network.head):
        part.to_empty(device="cpu")  # type: ignore[union-attr]
        for parameter in part.parameters():  # type: ignore[union-attr]
            nn.init.zeros_(parameter)
    return network


def document_counts(tokens: Tokens, size: int) -> np.ndarray:
    """(V,) int64: how many texts hold each token."""
    row = np.repeat(np.arange(len(tokens)), tokens.lengths)
    pairs = np.unique(row * size + tokens.ids)
    return np.bincount(pairs % size, minlength=size)


def _first_units(layers: NetworkSettings, outputs: int) -> int:
    hidden = getattr(layers, "hidden", ())
    return hidden[0] if hidden else outputs
