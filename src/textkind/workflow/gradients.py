"""What metrics.json says of vanishing gradients: the loss's gradient by distance from the end.

For a network that reads in order, before and after its training; and for a recurrent network the
three cells beside each other before any training, in one direction, whose last state is read.
There the gradient of the first tokens has the whole way back through the text to go.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from textkind.data.corpus import Corpus
from textkind.encoding.cuts import first_tokens
from textkind.encoding.ngrams import canonical_order
from textkind.explain.gradients import gradient_profile, step_gradients
from textkind.models.networks.settings import RnnSettings
from textkind.models.networks.table import build_network
from textkind.models.networks.windows import plain_network
from textkind.models.neural import NeuralModel
from textkind.seeds import generator
from textkind.training.batches import Batch, padded_batch
from textkind.training.forward import torch_threads
from textkind.training.losses import Loss, loss_targets, outputs_of, text_losses

CANDIDATES = 512  # texts drawn, of which the longest are looked at
MOST_TEXTS, MOST_TOKENS = 24, 101  # a smooth line, distances up to 100, below a second
LEAST_TOKENS = 2  # with one token there is no distance to see
CELLS = {"tanh": "tanh", "lstm": "LSTM", "gru": "GRU"}  # and how they are written


def gradient_facts(
    model: NeuralModel, train: Corpus, *, seed: int = 0, threads: int | None = None
) -> dict[str, Any] | None:
    """The entry fit.gradients: JSON-able; None where no text has LEAST_TOKENS tokens.

    texts      how many training texts were looked at, and the fewest and most tokens of them
    distance   tokens from the end of the text, as far as at least half of the texts reach
    series     lists of the mean norm at every distance, each with its group and name: the group
               "network" before and after training, the group "cells" before training
    """
    batch, targets = _sample(model, train, seed, threads)
    if batch is None:
        return None
    lengths = batch.attention_mask.sum(axis=1)
    loss = Loss(model.head)
    wanted = loss_targets(loss, targets, len(train.labels))
    mask = torch.from_numpy(batch.attention_mask)
    series = []
    with torch_threads(threads):
        for group, name, network, input_ids in _networks(model, batch, seed):
            norms = step_gradients(
                network,
                torch.from_numpy(input_ids),
                mask,
                lambda logits: text_losses(loss, logits.float(), wanted).sum(),
            )
            profile = gradient_profile(norms, batch.attention_mask)
            far = np.array(profile["texts"]) * 2 >= lengths.size
            told = np.array(profile["norm"])[far]
            if np.isfinite(told).all():
                shown = [float(f"{norm:.5g}") for norm in told]
                series.append({"group": group, "name": name, "norm": shown})
    return {
        "texts": int(lengths.size),
        "shortest": int(lengths.min()),
        "longest": int(lengths.max()),
        "distance": np.array(profile["distance"])[far].tolist(),
        "series": series,
    }


def _sample(
    model: NeuralModel, train: Corpus, seed: int, threads: int | None
) -> tuple[Batch | None, np.ndarray]:
    """The longest of some texts that the seed draws, in any order of the rows, and their targets.

    None where there are none.
    """
    order = canonical_order(train.texts, train.targets)
    drawn = generator(seed, "gradients").permutation(order.size)[:CANDIDATES]
    some = train.take(order[drawn])
    tokens = first_tokens(model.tokens(some.texts, threads), MOST_TOKENS)
    tokens = first_tokens(tokens, model.reading.max_tokens)  # one window, where there are windows
    longest = np.argsort(-tokens.lengths, kind="stable")[:MOST_TEXTS]
    longest = longest[tokens.lengths[longest] >= LEAST_TOKENS]
    batch = padded_batch(tokens, longest) if longest.size else None
    return batch, some.targets[longest]


def _networks(
    model: NeuralModel, batch: Batch, seed: int
) -> Iterator[tuple[str, str, nn.Module, np.ndarray]]:
    """Group, name, network and (B, T) input ids of each series."""
    size, outputs = model.encoder.size, outputs_of(model.head, len(model.labels))
    first = build_network(model.name, size, outputs, model.layers, seed)
    trained = plain_network(model.network)
    if model.facts.get("vectors") is not None:
        # reading the file again would take longer than all of this: the tuned vectors stand in
        for name in first.vector_tables:  # type: ignore[union-attr]
            first.get_parameter(name).data = trained.get_parameter(name).data
    yield "network", "before training", first, batch.input_ids
    yield "network", "after training", trained, batch.input_ids
    if not isinstance(model.layers, RnnSettings):
        return
    used, input_ids = np.unique(batch.input_ids, return_inverse=True)
    input_ids = input_ids.reshape(batch.input_ids.shape)
    vectors = first.get_parameter("embedding.weight").data[torch.from_numpy(used)]
    for cell, written in CELLS.items():
        layers = replace(model.layers, cell=cell, directions=1, pooling="last")
        network = build_network(model.name, used.size, outputs, layers, seed)
        network.get_parameter("embedding.weight").data = vectors
        yield "cells", written, network, input_ids
