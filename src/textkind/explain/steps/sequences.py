"""The networks that read a text in its order: filters over windows, and recurrent cells."""

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from textkind.encoding.tokens import TokenEncoder
from textkind.explain.steps.networks import (
    ROWS,
    Reached,
    Read,
    array,
    embedding_step,
    lengths_of,
    pooled_step,
    pooling_step,
    reached,
    token_columns,
    unit_table,
)
from textkind.explain.trace import (
    Columns,
    Shown,
    Step,
    Table,
    by_falling,
    numbers,
    strongest,
    table,
)
from textkind.models.networks.cnn import Cnn
from textkind.models.networks.pooling import last_valid
from textkind.models.networks.rnn import Rnn
from textkind.models.networks.window_max import plain_window_max


def cnn_steps(network: Cnn, read: Read, encoder: TokenEncoder, shown: Shown) -> Reached:
    """From tokens to the vector that the head reads: every filter at its strongest."""
    x = network.embedded(read.ids)  # (1, T, D)
    told = ROWS
    if network.fixed is not None:
        told = "Each id takes its rows of two embeddings, the tuned and the fixed; they are added."
    first = embedding_step(x[read.mask], token_columns(read.tokens), read.takes, told, shown.top)
    greatest = plain_window_max(x, read.mask, network.filters, network.windows)
    vector = torch.relu(greatest + network.bias) * read.mask.any()
    values = array(vector)[0]
    tables: tuple[Table, ...] = (unit_table(values, shown.top),)
    if len(read.tokens):
        sizes, ends = winning_windows(network, x)
        tables = window_tables(read, sizes, ends, array(greatest)[0], network, values, shown.top)
    told = (
        f"{values.size:,} filters slide over the words; each keeps its greatest number, with its "
        f"bias and relu: {int((values > 0).sum()):,} are above zero."
    )
    step = Step("filters", told, first.gives, numbers("vector", values), tables)
    return reached([first, step], vector, network.head)


def winning_windows(network: Cnn, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """For each filter its number of words, and the place of the last word of its best window.

    x (1, T, D), T at least 1; a place may lie behind the text, which ends in zero vectors.
    """
    sizes, ends = [], []
    for size, taps in zip(network.windows, network.filters.split(network.windows), strict=True):
        strength = functional.conv1d(x.transpose(1, 2), taps.permute(1, 2, 0), padding=size - 1)
        ends.append(strength[0].argmax(dim=1).numpy())
        sizes.append(np.full(len(ends[-1]), size))
    return np.concatenate(sizes), np.concatenate(ends)


def window_tables(
    read: Read,
    sizes: np.ndarray,
    ends: np.ndarray,
    greatest: np.ndarray,
    network: Cnn,
    values: np.ndarray,
    top: int | None,
) -> tuple[Table, ...]:
    """Which window each filter chose, the strongest first; and the windows most chosen."""
    spelled = read.tokens.spelled
    texts = [
        " ".join(spelled[max(0, end - size + 1) : end + 1])
        for size, end in zip(sizes.tolist(), ends.tolist(), strict=True)
    ]
    order = by_falling(values)
    columns: Columns = [
        ("unit", "whole", order + 1),
        ("of words", "whole", sizes[order]),
        ("won by", "text", [texts[place] for place in order.tolist()]),
        ("greatest", "signed", greatest[order]),
        ("bias", "signed", array(network.bias)[order]),
        ("value", "number", values[order]),
    ]
    windows, firsts, of = np.unique(
        np.stack([ends, sizes], axis=1), axis=0, return_index=True, return_inverse=True
    )
    won = np.bincount(of.ravel())
    sums = np.bincount(of.ravel(), weights=values)
    best = by_falling(sums)
    chosen: Columns = [
        ("window", "text", [texts[place] for place in firsts[best].tolist()]),
        ("of words", "whole", windows[best, 1]),
        ("filters", "whole", won[best]),
        ("sum of values", "number", sums[best]),
    ]
    return table("filters", columns, top), table("windows", chosen, top)


def rnn_steps(network: Rnn, read: Read, encoder: TokenEncoder, shown: Shown) -> Reached:
    """From tokens to the vector that the head reads: the states along the text, pooled."""
    top, names = shown.top, token_columns(read.tokens)
    embedded = network.embedding(read.ids)  # (1, T, D)
    first = embedding_step(embedded[read.mask], names, read.takes, ROWS, top)
    x, layers = embedded, []
    for layer in network.layers:
        x = layer(x)[0] * read.mask[:, :, None]
        layers.append(array(x[read.mask]))
    states = layers[-1]
    ways = {"": states[:, : network.units]}
    if states.shape[1] > network.units:
        ways = {" forward": ways[""], " backward": states[::-1, network.units :]}
    columns: Columns = [*names]
    moves = []
    for name, own in ways.items():
        moved = lengths_of(np.diff(own, axis=0, prepend=np.zeros((1, own.shape[1]))))
        lengths = lengths_of(own)
        if name == " backward":
            lengths, moved = lengths[::-1], moved[::-1]
        columns += [(f"length{name}", "number", lengths), (f"moved{name}", "number", moved)]
        moves.append(moved)
    told = (
        f"A cell reads token by token; what it holds, {network.units:,} numbers a direction, is "
        "its state. How far each token moves it is told."
    )
    tables = [strongest("states", columns, np.max(moves, axis=0), top)]
    if len(layers) > 1:
        told += f" {len(layers)} layers stand on each other; the states are those of the last."
        means = [float(lengths_of(one).mean()) if len(one) else 0.0 for one in layers]
        numbered = list(range(1, len(layers) + 1))
        tables.append(
            table("layers", [("layer", "whole", numbered), ("mean length", "number", means)], None)
        )
    step = Step("states", told, first.gives, numbers("states", states), tuple(tables))
    if network.reads_last:
        pooling, vector = last_states(network, x, read, names, len(ways), top)
    else:
        pooling, vector = pooling_step(network.pooling, x, read.mask, names, "states", top)
    return reached([first, step, pooling], vector, network.head)


def last_states(
    network: Rnn, x: Tensor, read: Read, names: Columns, ways: int, top: int | None
) -> tuple[Step, Tensor]:
    """The last state of each direction; backwards the last token that is read is the first."""
    number, units = len(read.tokens), network.units
    vector = torch.cat([last_valid(x, read.mask)[:, :units], x[:, 0, units:]], dim=1)
    places = np.arange(number)
    counts = ((places == number - 1) * 1.0 + (ways == 2) * (places == 0)) / ways
    how = "the last of each direction" if ways == 2 else "the last alone"
    states = array(x[read.mask])
    return pooled_step(how, ("part", counts), states, names, "states", vector, top), vector
