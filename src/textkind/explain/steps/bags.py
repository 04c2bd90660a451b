"""The networks that read a text as a bag: mean pooling, and the perceptron."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from textkind.encoding.tokens import TokenEncoder
from textkind.explain.steps.networks import (
    ROWS,
    Reached,
    Read,
    array,
    embedding_step,
    lengths_of,
    nearest_table,
    pooled_step,
    pooling_step,
    reached,
    token_columns,
    unit_table,
)
from textkind.explain.trace import Columns, Shown, Step, by_falling, numbers, table
from textkind.models.networks.mean_pool import MeanPool
from textkind.models.networks.perceptron import ACTIVATIONS, Perceptron

BAG = "words of the bag"


def mean_pool_steps(network: MeanPool, read: Read, encoder: TokenEncoder, shown: Shown) -> Reached:
    """From tokens to the vector that the head reads."""
    top, names = shown.top, token_columns(read.tokens)
    x = network.embedding(read.ids)  # (1, T, D)
    first = embedding_step(x[read.mask], names, read.takes, ROWS, top)
    if network.pooling is not None:
        pooling, vector = pooling_step(network.pooling, x, read.mask, names, "token vectors", top)
    else:
        weights = read.mask / read.mask.sum().clamp(min=1)  # (1, T)
        how = "the mean, in which all weigh the same"
        if network.token_weights is not None:
            weights = weights * network.token_weights[read.ids]
            how = "the mean, each times the rarity of its token (SIF)"
        vector = (x * weights[:, :, None]).sum(dim=1)
        counts = "weight", array(weights[read.mask])
        pooling = pooled_step(how, counts, array(x[read.mask]), names, "token vectors", vector, top)
    nearest = nearest_table(
        array(vector)[0], array(network.embedding.weight), encoder.spellings(), top
    )
    steps = [first, replace(pooling, tables=(*pooling.tables, nearest))]
    if network.hidden is not None:
        units = torch.relu(network.hidden(vector))
        steps.append(hidden_step(vector, units, "relu", top))
        vector = units
    return reached(steps, vector, network.head)


def hidden_step(x: Tensor, units: Tensor, activation: str, top: int | None) -> Step:
    """A vector (1, D) through a hidden layer to its units (1, H)."""
    values = array(units)[0]
    active = int((values != 0).sum())
    behind = "" if activation == "none" else f" and {activation}"
    told = f"A linear layer{behind}: {active:,} of {values.size:,} units are not zero."
    return Step(
        "hidden layer", told, numbers("vector", array(x)[0]), numbers("vector", values),
        (unit_table(values, top),),
    )  # fmt: skip


def perceptron_steps(
    network: Perceptron, read: Read, encoder: TokenEncoder, shown: Shown
) -> Reached:
    """From tokens to the bag of words, and through the hidden layers.

    Without one the head is the table itself: it reads the bag.
    """
    weights = array(network.word_weights(read.ids, read.mask)[read.mask])  # (T,)
    ids, of, counts = np.unique(read.tokens.ids, return_inverse=True, return_counts=True)
    values = np.bincount(of, weights=weights, minlength=ids.size)
    rows = network.embedding(torch.from_numpy(ids.astype(np.int64)))  # (n, first units)
    order = by_falling(values)
    spellings = encoder.spellings()
    named = [spellings[one] for one in ids.tolist()]
    columns: Columns = [
        ("token", "text", [named[place] for place in order.tolist()]),
        ("id", "whole", ids[order]),
        ("times", "whole", counts[order]),
    ]
    told = "A bag: how often each word stands in the text."
    if network.inverse_frequency is not None:
        rarity = array(network.inverse_frequency)[ids]
        columns.append(("idf", "number", rarity[order]))
        told = "A bag: how often each word stands in the text, times its rarity, of length 1."
    columns += [
        ("value", "number", values[order]),
        ("row length", "number", lengths_of(array(rows))[order]),
    ]
    bag = numbers(BAG, values)
    steps = [Step("bag", told, read.takes, bag, (table("bag", columns, shown.top),))]
    summed = torch.from_numpy(values).float()[None]  # (1, n)
    if isinstance(network.head, torch.nn.Identity):
        return Reached(steps, summed, rows.T, network.bias, named, BAG)
    name = next(name for name, own in ACTIVATIONS.items() if own is network.activation)
    x = network.activation(summed @ rows + network.bias)
    steps.append(replace(hidden_step(summed, x, name, shown.top), takes=bag))
    for layer in network.layers:
        units = network.activation(layer(x))
        steps.append(hidden_step(x, units, name, shown.top))
        x = units
    return reached(steps, x, network.head)
