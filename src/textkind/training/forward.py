"""Tokens through a network without learning: in batches by length, results in the rows' order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from textkind.encoding.tokens import Tokens
from textkind.parallel import run_blocks, thread_count
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
    widths = (None, width) if vectors else (width, None)
    outputs, found = outputs_and_vectors(network, tokens, widths, precision=precision)
    return found if vectors else outputs


def outputs_and_vectors(
    network: nn.Module,
    tokens: Tokens,
    widths: tuple[int | None, int | None],
    *,
    precision: str = "float32",
) -> tuple[np.ndarray, np.ndarray]:
    """Both of one reading: (N, W) float32 each, by their widths; empty where that is None."""
    shapes = [(len(tokens), 0 if width is None else width) for width in widths]
    outputs, vectors = (np.empty(shape, np.float32) for shape in shapes)
    wants_outputs, wants_vectors = (width is not None for width in widths)

    def keep(rows: np.ndarray | slice, found: Tensor) -> None:
        """What the head reads of some rows, and what it makes of it where that is wanted."""
        if wants_outputs:
            outputs[rows] = network.head(found).float().cpu().numpy()  # type: ignore[operator]
        if wants_vectors:
            vectors[rows] = found.float().cpu().numpy()

    if getattr(network, "reads_ragged", False):
        with evaluating(network), torch.inference_mode():
            for begin in range(0, len(tokens), RAGGED_TEXTS):
                offsets = tokens.offsets[begin : begin + RAGGED_TEXTS + 1]
                found = network.ragged_vectors(tokens.ids, offsets)  # type: ignore[operator]
                keep(slice(begin, begin + len(found)), found)
        return outputs, vectors
    device = next(network.parameters()).device

    def work(rows: np.ndarray, input_ids: Tensor, mask: Tensor) -> None:
        with reduced(precision, device), attention_kernels(device):
            if wants_vectors:
                keep(rows, network.vectors(input_ids, mask))  # type: ignore[operator]
            else:
                outputs[rows] = network(input_ids, mask).float().cpu().numpy()

    over_batches(network, tokens, work)
    return outputs, vectors


def over_batches(
    network: nn.Module, tokens: Tokens, work: Callable[[np.ndarray, Tensor, Tensor], None]
) -> None:
    """work(rows, ids (B, T) int64, mask (B, T) bool) over all texts, by length, in batches.

    On the CPU several batches are worked on at once, each on its share of torch's threads: the
    threads of one batch wait for each other after each operation. The network does not learn.
    """
    device = next(network.parameters()).device
    is_cpu = device.type == "cpu"
    most, start = BATCH_TOKENS, None
    if is_cpu:
        most = getattr(network, "positions_at_once", most)
        start = getattr(network, "start_positions", start)
    batches = list(batches_by_length(tokens, most, BATCH_TEXTS, start))
    threads = torch.get_num_threads()
    at_once = max(1, min(threads, len(batches))) if is_cpu else 1

    def take(place: int) -> None:
        if torch.get_num_threads() != threads // at_once:  # a thread's own number
            torch.set_num_threads(threads // at_once)
        batch = padded_batch(tokens, batches[place], length_multiple(device))
        ids, mask = torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)
        with torch.inference_mode():
            work(batch.rows, ids.to(device), mask.to(device))

    with evaluating(network), torch_threads(threads // at_once):
        run_blocks(take, len(batches), at_once)


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
