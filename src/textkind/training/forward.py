"""Tokens through a network without learning: in batches by length, results in the rows' order."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from textkind.encoding.tokens import Tokens
from textkind.parallel import thread_count
from textkind.training.batches import batches_by_length, padded_batch
from textkind.training.devices import attention_kernels, length_multiple
from textkind.training.precision import reduced

# of a batch; gradients are not kept, so it may be large, but for a network with a number of its own
BATCH_TOKENS, BATCH_TEXTS = 8192, 512
RAGGED_TEXTS = 4096  # of a network that needs no padding, at once


def network_outputs(
    network: nn.Module,
    tokens: Tokens,
    width: int,
    *,
    vectors: bool = False,
    precision: str = "float32",
) -> np.ndarray:
    """(N, width) float32 logits, or the vectors that the network's head reads.

    precision is what the network computes in, float32 or bfloat16.
    """
    outputs = np.empty((len(tokens), width), np.float32)
    compute = network.vectors if vectors else network
    with evaluating(network), torch.inference_mode():
        if getattr(network, "reads_ragged", False):
            for begin in range(0, len(tokens), RAGGED_TEXTS):
                offsets = tokens.offsets[begin : begin + RAGGED_TEXTS + 1]
                found = network.ragged_vectors(tokens.ids, offsets)  # type: ignore[operator]
                found = found if vectors else network.head(found)  # type: ignore[operator]
                outputs[begin : begin + len(found)] = found.numpy()
            return outputs
        device = next(network.parameters()).device
        for rows, input_ids, mask in length_batches(network, tokens):
            with reduced(precision, device), attention_kernels(device):
                found = compute(input_ids, mask)  # type: ignore[operator]
            outputs[rows] = found.float().cpu().numpy()
    return outputs


def length_batches(
    network: nn.Module, tokens: Tokens
) -> Iterator[tuple[np.ndarray, Tensor, Tensor]]:
    """Rows, their ids (B, T) int64 and mask (B, T) bool where the network is; the longest first."""
    device = next(network.parameters()).device
    most = getattr(network, "positions_at_once", BATCH_TOKENS)
    for rows in batches_by_length(tokens, most, BATCH_TEXTS):
        batch = padded_batch(tokens, rows, length_multiple(device))
        yield (
            rows,
            torch.from_numpy(batch.input_ids).to(device),
            torch.from_numpy(batch.attention_mask).to(device),
        )


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network without dropout inside the block."""
    if not network.training:
        yield  # nothing to change, and to ask every part takes a tenth of one short text's time
        return
    network.eval()
    try:
        yield
    finally:
        network.train()


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """Torch on so many threads inside the block; None: one a core. It has one number for all."""
    before, wanted = torch.get_num_threads(), thread_count(threads)
    if before == wanted:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
