"""For every text and filter its strongest window: convolution, then the maximum over time.

    words, places = different_words(input_ids, mask, vocabulary)
    greatest = window_max(embedding(words), places, mask, filters, windows)      (B, windows * F)
    greatest = plain_window_max(embedding(input_ids), mask, filters, windows)    the same

A text is read as if zero vectors stood before and behind it, as Kim (2014) does: every window with
at least one word counts, so that padding changes nothing, and a text may be shorter than a window.
A text without words gives zeros.

Two things make the first way quicker than a convolution, and neither changes the numbers. Forward:
the product of a word and a tap of a filter is the same wherever the word stands, so each different
word of the batch is multiplied once (long texts repeat most of theirs), and a window is a sum of
such products. Backward: only the strongest window of a text has a slope, so instead of products of
matrices there is one vector to add for each text, filter and tap.
"""

from itertools import accumulate
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor
from torch.autograd.function import once_differentiable

from textkind.models.networks.window_max_kernels import (
    LANES,
    add_slopes,
    number_words,
    strongest_windows,
)


def plain_window_max(x: Tensor, mask: Tensor, filters: Tensor, windows: tuple[int, ...]) -> Tensor:
    """(B, windows * F) from the vectors x (B, T, D), by PyTorch alone: on any device, any dtype.

    filters (sum of windows, F, D) holds the taps of all filters, those of the first window first.
    """
    lengths = mask.sum(dim=1)[:, None, None]  # (B, 1, 1)
    x = (x * mask[:, :, None]).transpose(1, 2)  # (B, D, T)
    found = []
    for window, taps in zip(windows, filters.split(windows), strict=True):
        strength = functional.conv1d(x, taps.permute(1, 2, 0), padding=window - 1)
        ends = torch.arange(strength.shape[2], device=mask.device)  # the window's last place
        is_behind = ends >= lengths + window - 1  # (B, 1, T + window - 1)
        found.append(strength.masked_fill(is_behind, -torch.inf).amax(dim=2))  # (B, F)
    return torch.cat(found, dim=1).masked_fill(~mask.any(dim=1)[:, None], 0.0)


def different_words(input_ids: Tensor, mask: Tensor, vocabulary: int) -> tuple[Tensor, Tensor]:
    """The different ids (U,) of the valid positions, and for each (B, T) its place among them."""
    places, lengths = input_ids.clone(), mask.sum(dim=1)
    words = np.zeros(max(1, min(vocabulary, places.numel())), np.int64)
    place_of = np.full(vocabulary, -1, np.int32)
    count = number_words(places.numpy(), lengths.numpy(), place_of, words)
    return torch.from_numpy(words[: max(1, count)]), places


def window_max(
    x: Tensor, places: Tensor, mask: Tensor, filters: Tensor, windows: tuple[int, ...]
) -> Tensor:
    """(B, windows * F) from words x (U, D) and their places (B, T); float32 on the CPU alone.

    What stands in places behind a text is not read.
    """
    number = filters.shape[1]
    filters = functional.pad(filters, (0, 0, 0, -number % LANES))  # (sum of windows, 16 n, D)
    found = WindowMax.apply(x, places, mask, filters, windows)
    return found.unflatten(1, (len(windows), -1))[:, :, :number].flatten(1)


class WindowMax(torch.autograd.Function):
    """The kernels as one step of autograd; the filters of a window are a multiple of sixteen."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, places: Tensor, mask: Tensor, filters: Tensor, windows: tuple[int, ...]
    ) -> Tensor:
        """As window_max."""
        lengths, blocks = mask.sum(dim=1), filters.shape[1] // LANES
        greatest = torch.zeros(len(places), len(windows) * filters.shape[1])
        at = torch.zeros_like(greatest)
        products = x @ filters.flatten(0, 1).T  # (U, sum of windows * F)
        for order, (first, window) in enumerate(taps_of(windows)):
            strongest_windows(
                products.numpy(), places.numpy(), lengths.numpy(),
                window, first, blocks, order * blocks, greatest.numpy(), at.numpy(),
            )  # fmt: skip
        ctx.windows = windows
        ctx.save_for_backward(x, places, lengths, filters, at)
        return greatest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, ...]:
        """Slopes by x and by filters."""
        x, places, lengths, filters, at = (tensor.detach() for tensor in ctx.saved_tensors)
        with_x = ctx.needs_input_grad[0]
        by_x, by_filters = torch.zeros_like(x), torch.zeros_like(filters)
        for order, (first, window) in enumerate(taps_of(ctx.windows)):
            taps = slice(first, first + window)
            add_slopes(
                slopes.contiguous().numpy(), at.numpy(), places.numpy(), lengths.numpy(),
                x.numpy(), filters[taps].numpy(), order * filters.shape[1],
                by_x.numpy(), by_filters[taps].numpy(), with_x,
            )  # fmt: skip
        return by_x if with_x else None, None, None, by_filters, None


def taps_of(windows: tuple[int, ...]) -> list[tuple[int, int]]:
    """For each window its first tap among all, and its number of them."""
    return list(zip(accumulate(windows, initial=0), windows, strict=False))
