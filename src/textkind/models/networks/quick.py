"""Whether the kernels beside the networks can compute something, and on how many threads."""

from collections.abc import Callable

import torch
from torch import Tensor

from textkind.parallel import run_ranges


def quick_here(x: Tensor) -> bool:
    """True for float32 on the CPU, outside autocast, where nothing traces the computation."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
    )


def in_blocks(work: Callable[[int, int], None], number: int, size: int, worth_threads: int) -> None:
    """work(begin, end) over 0 .. number - 1: on torch's threads where size passes worth_threads."""
    run_ranges(work, number, torch.get_num_threads() if size > worth_threads else 1)
