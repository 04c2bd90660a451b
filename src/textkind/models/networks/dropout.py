"""Dropout (Srivastava et al. 2014) without a mask in memory.

PyTorch draws one number after the other, on one core. Here a hash of its place says whether a
number is left out: all cores and all lanes of a register draw at once, and backward draws again.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textkind.models.networks.dropout_kernels import drop
from textkind.models.networks.quick import kernels_take
from textkind.training.threads import in_blocks

WORTH_THREADS = 1 << 18  # numbers, below which one thread is as quick


class Dropout(nn.Module):
    """In training each number is 0 with probability `share`, the others times 1 / (1 - share).

    Two keys are drawn from PyTorch's generator for each call.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape, unchanged outside of training; on the CPU bfloat16 becomes float32."""
        if not self.training or self.share == 0:
            return x
        if x.dtype == torch.bfloat16 and x.device.type == "cpu":
            x = x.float()
        if not kernels_take(x):
            return functional.dropout(x, self.share)
        return HashedDropout.apply(x, self.share, torch.randint(1 << 32, (2,)).tolist())

    def extra_repr(self) -> str:
        """The share, for the printed network."""
        return f"share={self.share}"


class HashedDropout(torch.autograd.Function):
    """The kernel as one step of autograd."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, share: float, keys: list[int]) -> Tensor:
        """x, with some of its numbers 0."""
        ctx.share, ctx.keys = share, keys
        return dropped(x, share, keys)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, ...]:
        """The slopes, with the same numbers 0."""
        return dropped(slopes, ctx.share, ctx.keys), None, None


def dropped(x: Tensor, share: float, keys: list[int]) -> Tensor:
    """x (float32 on the CPU) with the numbers left out that the two keys, of 32 bits, choose."""
    x = x.contiguous()
    out = torch.empty_like(x)
    arrays = x.detach().view(-1).numpy(), out.view(-1).numpy()
    first, second = (np.uint32(key) for key in keys)
    least, scale = np.uint32(share * (1 << 32)), np.float32(1 / (1 - share))

    def work(begin: int, end: int) -> None:
        drop(arrays[0], begin, end, first, second, least, scale, arrays[1])

    in_blocks(work, x.numel(), x.numel(), WORTH_THREADS)
    return out
