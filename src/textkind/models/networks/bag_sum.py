"""For every text a weighted sum of rows of a table, without the (B, T, D) vectors in between.

    pooled = bag_sum(table, input_ids, weights)         (V, D), (B, T), (B, T) -> (B, D)
    pooled = ragged_mean(table, None, ids, offsets)     of texts that are only read, unpadded

Its memory does not grow with the length of the texts, and the slopes go straight to the rows.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from textkind.models.networks.bag_sum_kernels import add_row_slopes, mean_rows, sum_rows
from textkind.training.threads import in_blocks

WORTH_THREADS = 1 << 17  # numbers to add up, below which one thread is as quick


def bag_sum(table: Tensor, input_ids: Tensor, weights: Tensor) -> Tensor:
    """(B, D) from the table (V, D) float32 and constant weights (B, T) float32; CPU alone.

    What weighs 0 is not read.
    """
    return BagSum.apply(table, input_ids, weights)


class BagSum(torch.autograd.Function):
    """The kernels as one step of autograd."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, input_ids: Tensor, weights: Tensor) -> Tensor:
        """As bag_sum."""
        sums = torch.zeros(len(input_ids), table.shape[1])
        arrays = table.detach().numpy(), input_ids.numpy(), weights.numpy()

        def work(begin: int, end: int) -> None:
            sum_rows(*arrays, begin, end, sums.numpy())

        in_blocks(work, len(input_ids), input_ids.numel() * table.shape[1], WORTH_THREADS)
        ctx.shape = table.shape
        ctx.save_for_backward(input_ids, weights)
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, ...]:
        """Slopes by the table."""
        if not ctx.needs_input_grad[0]:
            return None, None, None
        input_ids, weights = (tensor.detach() for tensor in ctx.saved_tensors)
        by_table = torch.zeros(ctx.shape)
        arrays = slopes.contiguous().numpy(), input_ids.numpy(), weights.numpy()

        def work(begin: int, end: int) -> None:  # of the columns: no two threads share a number
            add_row_slopes(*arrays, begin, end, by_table.numpy())

        in_blocks(work, ctx.shape[1], input_ids.numel() * ctx.shape[1], WORTH_THREADS)
        return by_table, None, None


def ragged_mean(
    table: Tensor, weights: Tensor | None, ids: np.ndarray, offsets: np.ndarray
) -> Tensor:
    """The weighted mean rows of N texts without padding: (N, D), CPU alone, no slopes.

    ids (M,) int32 and offsets (N + 1,) int64 as in Tokens; weights (V,) or None. It is divided by
    the number of tokens, not by the sum of weights.
    """
    means = torch.zeros(offsets.size - 1, table.shape[1])
    of_tokens = np.empty(0, np.float32) if weights is None else weights.numpy()
    arrays = table.detach().numpy(), of_tokens, ids, offsets

    def work(begin: int, end: int) -> None:
        mean_rows(*arrays, begin, end, means.numpy())

    in_blocks(work, len(means), int(offsets[-1] - offsets[0]) * table.shape[1], WORTH_THREADS)
    return means
