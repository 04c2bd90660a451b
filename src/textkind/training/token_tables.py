"""Token tables: the parameters with a row for every token, of which a batch touches a few hundred.

For a step the network is lent small tables of only the rows that its batch uses, and the ids are
renumbered to match; the gradient then has only those rows, and only they and their moments are
updated. So a step costs the same whatever the vocabulary, and no network needs to know of it.
A row that a batch does not use neither moves nor forgets its moments (as in lazy Adam).
"""

from dataclasses import dataclass, field

from torch import Tensor, nn

from textkind.training.optimizers import (
    Move,
    as_matrices,
    move_by_torch,
    move_rows,
    zero_moments,
)


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
            table.moments = zero_moments(whole, optimizer)
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


def move_lent(tables: list[TokenTable], rows: Tensor, move: Move) -> None:
    """Step the lent rows by their gradients."""
    for table in tables:
        if not table.trained or table.part is None or table.part.grad is None:
            continue
        if table.whole.device.type == "cpu":
            arrays = as_matrices([table.whole, *table.moments], len(table.whole))
            move_rows(arrays, rows.numpy(), table.part.grad, move)
        else:
            move_by_tensors(table, rows, table.part.grad, move)


def move_by_tensors(table: TokenTable, rows: Tensor, slope: Tensor, move: Move) -> None:
    """The same by PyTorch's optimizers on any device: rows are taken out, moved, and put back."""
    whole = [table.whole.detach(), *table.moments]
    values, *moments = parts = [tensor.index_select(0, rows) for tensor in whole]
    move_by_torch([values], [[moment] for moment in moments], [slope], move)
    for tensor, part in zip(whole, parts, strict=True):
        tensor.index_copy_(0, rows, part)
