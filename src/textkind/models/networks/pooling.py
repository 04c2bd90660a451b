"""From a vector for each token to one for the text: over the valid positions alone.

    pooled = masked_mean(x, mask)                (B, T, D), (B, T) bool -> (B, D)

A text without a valid position gives zeros, and its gradients are zeros too.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """The mean over the valid positions: x (B, T, D), mask (B, T) bool -> (B, D)."""
    number = mask.sum(dim=1, keepdim=True).clamp(min=1)  # (B, 1)
    return weighted_sum(x, mask, mask / number)


def weighted_sum(x: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """The sum over the valid positions of weight times vector: (B, D)."""
    return (x * (weights * mask)[:, :, None]).sum(dim=1)


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    """The greatest number of each dimension over the valid positions: (B, D)."""
    greatest = x.masked_fill(~mask[:, :, None], -torch.inf).amax(dim=1)  # (B, D)
    return greatest.masked_fill(~mask.any(dim=1)[:, None], 0.0)


def masked_attention(x: Tensor, mask: Tensor, scores: Tensor) -> Tensor:
    """The mean weighted by the softmax of scores (B, T) over the valid positions: (B, D)."""
    # the least number and not -inf: a row of -inf alone would be nan, in its gradient too
    least = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, least).softmax(dim=1)  # (B, T)
    return weighted_sum(x, mask, weights)


def last_valid(x: Tensor, mask: Tensor) -> Tensor:
    """The vector of the last valid position: (B, D)."""
    places = torch.arange(mask.shape[1], device=mask.device)  # (T,)
    last = (places * mask).amax(dim=1)  # (B,), 0 where nothing is valid
    found = x[torch.arange(len(x), device=x.device), last]  # (B, D)
    return found.masked_fill(~mask.any(dim=1)[:, None], 0.0)


class PlainPooling(nn.Module):
    """A pooling function that has no weights."""

    def __init__(self, pool: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), (B, T) bool -> (B, D)."""
        return self.pool(x, mask)


class AttentionPooling(nn.Module):
    """A mean whose weights follow from a learned query (Yang et al. 2016, without its layer).

    The query begins at zero, where every position weighs the same.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), (B, T) bool -> (B, D)."""
        return masked_attention(x, mask, x @ self.query)


# name -> the module that pools vectors of a given width
POOLINGS: dict[str, Callable[[int], nn.Module]] = {
    "mean": lambda width: PlainPooling(masked_mean),
    "max": lambda width: PlainPooling(masked_max),
    "last": lambda width: PlainPooling(last_valid),
    "attention": AttentionPooling,
}
