"""Several processes train one network: each takes a share of every batch, gradients are summed.

Started by Ray Train (scale/training.py), which joins them; by torchrun, which tells each process
its place in the environment; or on several GPUs by `accelerate launch`, which calls torchrun; with
--cpu, that starts one process however many are asked for. All processes hold all texts, so they
agree on batches and rows without talking. What clocks or other hardware could decide differently,
the first decides for all.
"""

import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textkind.optional import need


@dataclass(frozen=True)
class Processes:
    """How many there are, and which one this is."""

    number: int = 1
    place: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this one writes files and speaks."""
        return self.place == 0

    def share(self, rows: np.ndarray) -> np.ndarray:
        """Its part of a batch; texts of like length are dealt out in turn."""
        return rows[self.place :: self.number]


def joined_processes() -> Processes:
    """The processes of the launcher that started this one; one where there was none."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return Processes(torch.distributed.get_world_size(), torch.distributed.get_rank())
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return Processes()
    state = need("accelerate", "training on several processes").PartialState(
        cpu=not torch.cuda.is_available()
    )
    return Processes(state.num_processes, state.process_index)


def sum_over_processes(processes: Processes, tensors: list[Tensor]) -> None:
    """Replace each tensor by its sum over all processes, in place and in one message."""
    if processes.number == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    torch.distributed.all_reduce(flat)
    begin = 0
    for tensor in tensors:
        tensor.copy_(flat[begin : begin + tensor.numel()].view_as(tensor))
        begin += tensor.numel()


def take_from_first(processes: Processes, tensors: list[Tensor]) -> None:
    """Replace each tensor by the first process's, in place.

    They may have been computed by each: another processor rounds otherwise.
    """
    if processes.number > 1:
        for tensor in tensors:
            torch.distributed.broadcast(tensor, 0)


def agreed(processes: Processes, value: float) -> float:
    """The first process's value, everywhere: clocks and probes differ from process to process."""
    if processes.number == 1:
        return value
    told = torch.tensor([value], dtype=torch.float64)
    if torch.cuda.is_available():
        told = told.cuda()
    torch.distributed.broadcast(told, 0)
    return float(told[0])
