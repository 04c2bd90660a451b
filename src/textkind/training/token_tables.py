"""Token tables: the parameters with a row for every token, of which a batch touches a few hundred.

For a step the network is lent small tables of only the rows that its batch uses, and the ids are
renumbered to match; the gradient then has only those rows, and only they and their moments are
updated. So a step costs the same whatever the vocabulary, and no network needs to know of it.
A row that a batch does not use neither moves nor forgets its moments (as in lazy Adam).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from textkind.parallel import run_blocks
from textkind.training.token_table_kernels import adamw_rows, sgd_rows

WORTH_THREADS = 1 << 16  # numbers to update, below which one thread is as quick
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # as torch.optim.AdamW
KERNELS: dict[str, Callable[..., None]] = {"adamw": adamw_rows, "sgd": sgd_rows}


@dataclass(eq=False)
class TokenTable:
    """One table: where it hangs in the network, whole, and the moments of its optimizer."""

    path: str
    owner: nn.Module
    name: str
    whole: Tensor
    trained: bool
    moments: list[Tensor] = field(default_factory=list)
    part: Tensor | None = None


def token_tables(network: nn.Module, optimizer: str) -> list[TokenTable]:
    """The tables that the network names in `token_tables`, with moments of zero."""
    tables = []
    for path in network.token_tables:  # type: ignore[union-attr]
        place, _, name = str(path).rpartition(".")
        owner = network.get_submodule(place)
        whole = getattr(owner, name)
        trained = isinstance(whole, nn.Parameter) and whole.requires_grad
        table = TokenTable(str(path), owner, name, whole, trained)
        if trained:
            number = {"adamw": 2, "sgd": 1}[optimizer]
            table.moments = [torch.zeros_like(whole.detach()) for _ in range(number)]
        tables.append(table)
    return tables


def lend_rows(tables: list[TokenTable], rows: Tensor) -> list[Tensor]:
    """Hang the tables of `rows` (U,) int64 into the network; returns those that are trained."""
    lent = []
    for table in tables:
        part = table.whole.detach().index_select(0, rows)
        if isinstance(table.whole, nn.Parameter):
            table.part = nn.Parameter(part, requires_grad=table.trained)
            table.owner._parameters[table.name] = table.part
        else:
            table.part = part
            table.owner._buffers[table.name] = part
        if table.trained:
            lent.append(table.part)
    return lent


def take_back(tables: list[TokenTable]) -> None:
    """Hang the whole tables into the network again."""
    for table in tables:
        if isinstance(table.whole, nn.Parameter):
            table.owner._parameters[table.name] = table.whole
        else:
            table.owner._buffers[table.name] = table.whole
        table.part = None


def update_rows(
    tables: list[TokenTable], rows: Tensor, rate: float, steps: int, momentum: float
) -> None:
    """Step the lent rows by their gradients; `steps` counts from 1."""
    for table in tables:
        if not table.trained or table.part is None or table.part.grad is None:
            continue
        update = _update_on_cpu if table.whole.device.type == "cpu" else update_by_tensors
        update(table, rows, table.part.grad, rate, steps, momentum)


def update_by_tensors(
    table: TokenTable, rows: Tensor, slope: Tensor, rate: float, steps: int, momentum: float
) -> None:
    """The update in whole-tensor operations, on any device: the twin of the kernels."""
    moments = [moment.index_select(0, rows) for moment in table.moments]
    with torch.no_grad():
        if len(moments) == 2:
            first, second = moments
            first.mul_(BETA1).add_(slope, alpha=1 - BETA1)
            second.mul_(BETA2).addcmul_(slope, slope, value=1 - BETA2)
            spread = (second / (1 - BETA2**steps)).sqrt_().add_(EPSILON)
            move = (first / (1 - BETA1**steps)).div_(spread)
        else:
            move = moments[0].mul_(momentum).add_(slope)
        table.whole.index_add_(0, rows, move, alpha=-rate)
        for whole, moment in zip(table.moments, moments, strict=True):
            whole.index_copy_(0, rows, moment)


def _update_on_cpu(
    table: TokenTable, rows: Tensor, slope: Tensor, rate: float, steps: int, momentum: float
) -> None:
    whole, *moments = (
        tensor.detach().view(tensor.shape[0], -1).numpy()
        for tensor in (table.whole, *table.moments)
    )
    gradient = slope.contiguous().view(slope.shape[0], -1).numpy()
    if len(moments) == 2:
        kernel = KERNELS["adamw"]
        rests = [1 - BETA1, 1 - BETA2]
        settings = [rate, BETA1, BETA2, *rests, EPSILON, 1 - BETA1**steps, 1 - BETA2**steps]
    else:
        kernel, settings = KERNELS["sgd"], [rate, momentum]
    numbers = [np.float32(number) for number in settings]
    threads = torch.get_num_threads() if gradient.size > WORTH_THREADS else 1
    edges = np.linspace(0, len(gradient), threads + 1).astype(np.int64)

    def work(block: int) -> None:
        begin, end = edges[block], edges[block + 1]
        kernel(whole, *moments, rows.numpy(), gradient, begin, end, *numbers)

    run_blocks(work, threads, threads)
