"""Work of compiled kernels on as many threads as PyTorch has."""

from collections.abc import Callable

import torch

from textkind.parallel import run_ranges


def in_blocks(work: Callable[[int, int], None], number: int, size: int, worth_threads: int) -> None:
    """work(begin, end) over 0 .. number - 1: on torch's threads where size passes worth_threads."""
    run_ranges(work, number, torch.get_num_threads() if size > worth_threads else 1)
