"""The networks whose positions look at each other: the transformer and pretrained encoders."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

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
    shares_of,
    token_columns,
    unit_table,
)
from textkind.explain.trace import Columns, Shown, Step, Table, numbers, strongest, table
from textkind.models.networks.bert import Bert
from textkind.models.networks.pretrained import FirstState, Pretrained
from textkind.models.networks.transformer import Transformer, allowed_keys, rotated, rotations

ALL = "all positions, on average"
Rotation = tuple[Tensor, Tensor] | None


def attention_weights(
    block: Any,
    x: Tensor,
    allowed: Tensor | None,
    rotation: Rotation = None,
) -> Tensor:
    """How much each position looks at each: (T, T), rows sum to 1, the mean over the heads.

    x (1, T, D) is what the block's queries and keys are made of; allowed and rotation are as the
    block takes them.
    """
    _, length, width = x.shape
    parts = block.query_key_value(x).view(1, length, 3, block.heads, width // block.heads)
    query_key = parts.permute(2, 0, 3, 1, 4)[:2]  # (2, 1, H, T, D / H)
    if rotation is not None:
        query_key = rotated(query_key, *rotation)
    query, key = query_key
    scores = query @ key.transpose(-1, -2) / math.sqrt(width // block.heads)
    if allowed is not None and allowed.dtype == torch.bool:
        scores = scores.masked_fill(~allowed, -torch.inf)
    elif allowed is not None:
        scores = scores + allowed
    return scores.softmax(dim=-1)[0].mean(dim=0)


def transformer_steps(
    network: Transformer, read: Read, encoder: TokenEncoder, shown: Shown
) -> Reached:
    """From tokens to the vector that the head reads."""
    top, names, mask = shown.top, token_columns(read.tokens), read.mask
    embedded = network.embedding(read.ids)  # (1, T, D)
    first = embedding_step(embedded[read.mask], names, read.takes, ROWS, top)
    told = "Queries and keys are turned by where the tokens stand; "
    x, rotation = embedded, None
    if network.positions is not None:
        told = "The vector of its position is added to each token; "
        x = x + network.positions[: x.shape[1]]
    if network.front is not None:
        told += "a learned vector stands before them; "
        x = torch.cat([network.front.expand(1, 1, -1), x], dim=1)
        mask = functional.pad(mask, (1, 0), value=True)
        names = framed_columns(names, ["(front)"], [])
    if network.positions is None:
        rotation = rotations(x.shape[1], x.shape[2] // network.heads, x.device)
    allowed, states, looks = allowed_keys(mask), [x], []
    blocks: Any = network.blocks
    for block in blocks:
        looks.append(attention_weights(block, block.attention_norm(x), allowed, rotation))
        x = block(x, allowed, rotation)
        states.append(x)
    x = network.norm(x)
    told += "each layer lets all look at each other, then changes each by itself."
    layers = layers_step(
        told, embedded[read.mask], [one[mask] for one in (*states, x)],
        [one[mask[0]][:, mask[0]] for one in looks], names, network.front is not None, top,
    )  # fmt: skip
    if network.pooling is not None:
        pooling, vector = pooling_step(network.pooling, x, mask, names, "states", top)
    else:
        vector = x[:, 0] * read.mask.any()
        how, column, counts = shares_of(FirstState(), x[mask])
        pooling = pooled_step(how, (column, counts), array(x[mask]), names, "states", vector, top)
    return reached([first, layers, pooling], vector, network.head)


def framed_columns(names: Columns, before: Sequence[str], behind: Sequence[str]) -> Columns:
    """Columns of tokens (place and spelling) with those of special ones about them."""
    (place, whole, places), (token, text, spelled) = names
    numbered = [None] * len(before) + list(places) + [None] * len(behind)
    return [(place, whole, numbered), (token, text, [*before, *spelled, *behind])]


def layers_step(
    sentence: str,
    embedded: Tensor,
    states: list[Tensor],
    looks: list[Tensor],
    names: Columns,
    from_first: bool,
    top: int | None,
) -> Step:
    """Token vectors (T, D) to the last of the states, (P, W) of each layer, the lowest first.

    looks (P, P) is how much each position looks at each, of each layer; none where that is not
    known. It is told of the first position, or of all on average.
    """
    found = [array(one) for one in states]
    mean_length = [float(lengths_of(one).mean()) if len(one) else 0.0 for one in found]
    alike = [1.0, *(mean_cosine(below, one) for below, one in pairwise(found))]
    columns: Columns = [
        ("layer", "whole", list(range(len(found)))),
        ("mean length", "number", mean_length),
        ("cosine with below", "number", alike),
    ]
    tables = [table("layers", columns, None)]
    if looks:
        sentence += f" Attention is that of {'the first position' if from_first else ALL}."
        tables.append(attention_table(looks, names, from_first, top))
    return Step("layers", sentence, numbers("token vectors", array(embedded)),
                numbers("states", found[-1]), tuple(tables))  # fmt: skip


def attention_table(
    looks: list[Tensor], names: Columns, from_first: bool, top: int | None
) -> Table:
    """What attention (P, P) of each layer gives to each position; the most looked-at are shown."""
    given = np.stack([array(one[0] if from_first else one.mean(dim=0)) for one in looks])  # (L, P)
    columns = [*names, *((f"layer {place + 1}", "share", row) for place, row in enumerate(given))]
    return strongest("attention", columns, given.max(axis=0, initial=0), top)


def mean_cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Of vectors (P, W) in the same places; 0 where there is none."""
    products = (first * second).sum(axis=1)
    lengths = np.maximum(lengths_of(first) * lengths_of(second), 1e-12)
    return float((products / lengths).mean()) if len(first) else 0.0


def pretrained_steps(
    network: Pretrained, read: Read, tokens: TokenEncoder, shown: Shown
) -> Reached:
    """From tokens to the vector that the head reads."""
    top, before = shown.top, network.architecture.before
    special = frame_names(tokens, len(network.frame))
    names = framed_columns(token_columns(read.tokens), special[:before], special[before:])
    x, mask = network.framed(read.ids, read.mask)  # (1, T + S, D)
    told = "Each id takes its row of the embedding; the special tokens about a text have their own."
    first = embedding_step(x[mask], names, read.takes, told, top)
    encoder = network.encoder
    told = f"An encoder of {network.architecture.layers} layers reads them in their places."
    if isinstance(encoder, Bert):
        states, looks = bert_states(encoder, x, mask)
    else:
        states, looks = foreign_states(encoder, x, mask), []
        told += " What its attention looks at is not told of this family."
    is_first = isinstance(network.pooling, FirstState)
    valid = mask[0]
    layers = layers_step(
        told, x[mask], [one[mask] for one in states], [one[valid][:, valid] for one in looks],
        names, is_first, top,
    )  # fmt: skip
    pooling, vector = pooling_step(network.pooling, states[-1], mask, names, "states", top)
    steps = [first, layers, pooling]
    if network.normalize:
        unit = functional.normalize(vector.float(), dim=1)
        told = "The vector is divided by its length."
        values = array(unit)[0]
        steps.append(
            Step("unit length", told, numbers("vector", array(vector)[0]),
                 numbers("vector", values), (unit_table(values, top),))
        )  # fmt: skip
        vector = unit
    return reached(steps, vector, network.head)


def frame_names(tokens: Any, number: int) -> list[str]:
    """The special tokens about a text as the encoder's tokenizer writes them: [CLS], [SEP]."""
    found: list[str] = tokens.library.encode("", add_special_tokens=True).tokens
    return found if len(found) == number else [f"(special {one})" for one in range(1, number + 1)]


def bert_states(encoder: Bert, x: Tensor, mask: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The states (1, P, W) below the first layer and behind each, and each one's attention."""
    allowed = encoder.allowed(mask)
    states, looks = [encoder.below(x, mask, 0)], []
    for block in encoder.blocks:
        looks.append(attention_weights(block, states[-1], allowed))
        states.append(block(states[-1], allowed))
    return states, looks


def foreign_states(encoder: Any, x: Tensor, mask: Tensor) -> list[Tensor]:
    """The states (1, P, W) that the library transformers tells, the last being those it ends in."""
    found = encoder.told(x, mask, output_hidden_states=True)
    return [*found.hidden_states[:-1], found.last_hidden_state]
