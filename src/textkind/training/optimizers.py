"""AdamW (Loshchilov and Hutter 2019) and SGD with momentum: moments, and the move of a step.

On the CPU kernels of our own move whole parameters and rows of token tables alike; elsewhere
PyTorch's fused optimizers move the parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from textkind.training.optimizer_kernels import adamw_rows, sgd_rows
from textkind.training.threads import in_blocks

WORTH_THREADS = 1 << 18  # numbers to move, below which one thread is as quick
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # as torch.optim.AdamW
MOMENTS = {"adamw": 2, "sgd": 1}


@dataclass(frozen=True)
class Move:
    """What a step's moves have in common: its rate, its number from 1, and SGD's momentum."""

    rate: float
    number: int
    momentum: float


@dataclass(eq=False)
class DenseParameter:
    """A trained parameter that is no token table; every step moves all of it.

    decay is its weight decay, factor what its learning rate is multiplied with; arrays are it and
    its moments as matrices, on the CPU; rows numbers the rows of those.
    """

    name: str
    values: nn.Parameter
    moments: list[Tensor]
    decay: float
    arrays: list[np.ndarray]
    rows: np.ndarray
    factor: float = 1.0


def zero_moments(values: Tensor, optimizer: str) -> list[Tensor]:
    """AdamW's two moments, SGD's one."""
    return [torch.zeros_like(values.detach()) for _ in range(MOMENTS[optimizer])]


def dense_parameters(
    network: nn.Module, optimizer: str, weight_decay: float
) -> list[DenseParameter]:
    """The trained parameters that are not token tables, at the `rate_factors` of the network.

    Only matrices decay: a bias or a scale has no reason to be small.
    """
    tables = set(network.token_tables)  # type: ignore[arg-type]
    factors: Mapping[str, float] = getattr(network, "rate_factors", {})
    found = []
    for name, values in network.named_parameters():
        if not values.requires_grad or name in tables:
            continue
        is_matrix = values.ndim > 1
        number = values.shape[0] if is_matrix else 1
        moments = zero_moments(values, optimizer)
        on_cpu = values.device.type == "cpu"
        arrays = as_matrices([values, *moments], number) if on_cpu else []
        decay = weight_decay if is_matrix else 0.0
        rows, factor = np.arange(number), factors.get(name, 1.0)
        found.append(DenseParameter(name, values, moments, decay, arrays, rows, factor))
    return found


def move_dense(parameters: list[DenseParameter], move: Move) -> None:
    """Step all of them by their gradients."""
    if parameters and parameters[0].values.device.type != "cpu":
        move_dense_by_torch(parameters, move)
        return
    for one in parameters:
        assert one.values.grad is not None
        own = replace(move, rate=move.rate * one.factor)
        move_rows(one.arrays, one.rows, one.values.grad, own, one.decay)


def move_dense_by_torch(parameters: list[DenseParameter], move: Move) -> None:
    """The same by PyTorch's fused optimizers, on any device that has them."""
    for decay, factor in sorted({(one.decay, one.factor) for one in parameters}):
        group = [one for one in parameters if (one.decay, one.factor) == (decay, factor)]
        slopes = [one.values.grad for one in group if one.values.grad is not None]
        moments = [list(same) for same in zip(*(one.moments for one in group), strict=True)]
        own = replace(move, rate=move.rate * factor)
        move_by_torch([one.values for one in group], moments, slopes, own, decay)


def move_by_torch(
    values: Sequence[Tensor],
    moments: list[list[Tensor]],
    slopes: list[Tensor],
    move: Move,
    decay: float = 0.0,
) -> None:
    """Step tensors in place by PyTorch's fused optimizers: all first moments, then all second."""
    with torch.no_grad():
        if len(moments) == 2:
            first, second = moments
            number = torch.full((len(values),), move.number - 1.0, device=values[0].device)
            before = list(number.unbind())
            adamw(
                list(values), slopes, first, second, [], before, fused=True, amsgrad=False,
                beta1=BETA1, beta2=BETA2, lr=move.rate, weight_decay=decay, eps=EPSILON,
                maximize=False,
            )  # fmt: skip
        else:
            sgd(
                list(values), slopes, list(moments[0]), fused=True, weight_decay=decay,
                momentum=move.momentum, lr=move.rate, dampening=0.0, nesterov=False,
                maximize=False,
            )  # fmt: skip


def move_rows(
    arrays: list[np.ndarray], rows: np.ndarray, slopes: Tensor, move: Move, decay: float = 0.0
) -> None:
    """Step some rows on the CPU: arrays are values and moments (V, D), slopes (U, ...) of rows."""
    gradient = slopes.contiguous().view(rows.size, -1).numpy()
    if len(arrays) == 3:
        kernel: Callable[..., None] = adamw_rows
        corrections = 1 - BETA1**move.number, 1 - BETA2**move.number
        kept = 1 - move.rate * decay
        numbers = [move.rate, kept, BETA1, BETA2, 1 - BETA1, 1 - BETA2, EPSILON, *corrections]
    else:
        kernel, numbers = sgd_rows, [move.rate, decay, move.momentum]
    rounded = [np.float32(number) for number in numbers]

    def work(begin: int, end: int) -> None:
        kernel(*arrays, rows, gradient, begin, end, *rounded)

    in_blocks(work, rows.size, gradient.size, WORTH_THREADS)


def as_matrices(tensors: list[Tensor], rows: int) -> list[np.ndarray]:
    """Tensors of the CPU as arrays of so many rows, which share their memory."""
    return [tensor.detach().view(rows, -1).numpy() for tensor in tensors]
