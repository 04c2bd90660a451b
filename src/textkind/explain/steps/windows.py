"""A text of several windows: the road of the one that says most, and what all of them come to."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from textkind.explain.steps.networks import (
    Reached,
    Read,
    array,
    head_step,
    lengths_of,
    reached,
    read_of,
    shares_of,
    unit_table,
)
from textkind.explain.trace import Columns, Quantity, Shown, Step, numbers, strongest
from textkind.models.networks.windows import WindowedNetwork, window_places
from textkind.training.losses import logits_of


def windowed_steps(
    network: WindowedNetwork, read: Read, inner: Callable[[Read], Reached], kind: str, shown: Shown
) -> tuple[list[Step], np.ndarray]:
    """From tokens to the logits (K,), which are returned too; inner is the road in a window.

    kind is what the head's outputs are. Of several windows the road of one is told: of that which
    speaks most for the most probable label, or where windows are read together weighs most.
    """
    number = torch.tensor([len(read.tokens)])
    texts, begins, _ = window_places(number, network.window, network.overlap)
    if len(begins) == 1 and network.between is None:
        return through_head(inner(read), kind, shown)
    found = network.window_vectors(read.ids, read.mask, texts, begins)  # (M, D) or (M, outputs)
    x, mask = found[None], torch.ones(1, len(found), dtype=torch.bool)
    by_window = None  # (M, K)
    if network.between is None:
        by_window = logits_of(kind, array(network.head(found)))
    else:
        x = network.between(x, mask) * read.mask.any()
    pooled = network.pooling(x, mask)
    fragment, title, counts = shares_of(network.pooling, x[0])
    best = int(np.argmax(counts if by_window is None else by_window[:, shown.first]))
    length = min(network.window, len(read.tokens))
    first = int(begins[best])
    tokens = read.tokens.take(np.arange(first, first + length))
    told = f"The text is read in {len(found):,} windows. This is the road of window {best + 1}."
    choice = Step("window", told, read.takes, Quantity("tokens of the window", (length,)))
    steps, logits = through_head(inner(read_of(tokens, choice.gives)), kind, shown)
    told = f"What the windows gave becomes one: {fragment}."
    if network.between is not None:
        told = f"A transformer layer reads what the windows gave; then it becomes one: {fragment}."
    from_place = read.tokens.places[begins.numpy()] if length else np.zeros(len(found), np.int64)
    columns: Columns = [
        ("window", "whole", np.arange(1, len(found) + 1)),
        ("from place", "whole", from_place),
        ("to place", "whole", from_place + max(0, length - 1)),
        ("length", "number", lengths_of(array(found))),
        (title, "share", counts),
    ]
    if by_window is not None:
        columns += [(shown.labels[k], "signed", by_window[:, k]) for k in shown.columns]
    windows = (strongest("windows", columns, counts, shown.top),)
    outputs = array(pooled)
    if network.pools_logits or isinstance(network.inner.head, nn.Identity):
        pooled_logits = logits_of(kind, outputs)[0]
        gives = numbers("logits", pooled_logits)
        last = Step("windows", told, numbers("logits", logits), gives, windows)
        return [choice, *steps, last], pooled_logits
    takes, gives = numbers("vector", array(found)[best]), numbers("vector", outputs[0])
    last = Step("windows", told, takes, gives, (*windows, unit_table(outputs[0], shown.top)))
    ends, logits = through_head(reached([], pooled, network.inner.head), kind, shown)
    return [choice, *steps[:-1], last, *ends], logits


def through_head(own: Reached, kind: str, shown: Shown) -> tuple[list[Step], np.ndarray]:
    """The steps of a road, with the head's, and the logits (K,)."""
    step, logits = head_step(own, kind, shown)
    return [*own.steps, step], logits
