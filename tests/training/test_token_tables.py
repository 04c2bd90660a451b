"""Tables of only a batch's rows: the same steps as on the whole table."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.training.optimizers import Move, as_matrices, move_rows  # noqa: E402
from textkind.training.token_tables import (  # noqa: E402
    TokenTable,
    lend_rows,
    move_by_tensors,
    move_lent,
    take_back,
    token_tables,
)


class TwoTables(torch.nn.Module):
    """Two trained tables (one flat), a fixed one, and a buffer."""

    token_tables = ("embedding.weight", "importance", "fixed.weight", "rarity")

    def __init__(self, vocabulary=9, width=4):
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(1)
            self.embedding = torch.nn.Embedding(vocabulary, width)
            self.importance = torch.nn.Parameter(torch.rand(vocabulary))
            self.fixed = torch.nn.Embedding(vocabulary, width)
            self.fixed.weight.requires_grad_(False)
            self.register_buffer("rarity", torch.rand(vocabulary))

    def forward(self, ids):
        x = self.embedding(ids) * self.importance[ids][:, None] + self.fixed(ids)
        return (x * self.rarity[ids][:, None]).tanh().sum()


def lazy_step(network, tables, used, ids, rate, steps, momentum=0.9):
    """One step with the loop's tables; ids are places in `used`."""
    lend_rows(tables, used)
    network(ids).backward()
    move_lent(tables, used, Move(rate, steps, momentum))
    take_back(tables)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_steps_that_use_every_row_are_torchs_on_the_whole_table(optimizer):
    lazy, whole = TwoTables(), TwoTables()
    trained = [whole.embedding.weight, whole.importance]
    theirs = (
        torch.optim.AdamW(trained, lr=0.01, weight_decay=0)
        if optimizer == "adamw"
        else torch.optim.SGD(trained, lr=0.01, momentum=0.9)
    )
    tables = token_tables(lazy, optimizer)
    random = torch.Generator().manual_seed(3)
    for step in range(1, 21):
        used = torch.randperm(9, generator=random)
        places = torch.cat([torch.arange(9), torch.randint(9, (20,), generator=random)])
        lazy_step(lazy, tables, used, places, 0.01, step)
        theirs.zero_grad()
        whole(used[places]).backward()
        theirs.step()
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(lazy.state_dict()[name], tensor, atol=1e-6, rtol=1e-6)


def filled_table(rows, width, moments):
    random = torch.Generator().manual_seed(rows)

    def numbers(count=rows):
        return torch.rand(count, width, generator=random)

    owner = torch.nn.Embedding(rows, width, _weight=numbers())
    table = TokenTable("weight", owner, "weight", owner.weight, True)
    table.moments = [numbers() for _ in range(moments)]
    used = torch.randperm(rows, generator=random)[: rows // 2]
    return table, used, numbers(used.numel()) - 0.5


@pytest.mark.parametrize("moments", [1, 2])
@pytest.mark.parametrize(("rows", "width"), [(2, 1), (30, 7), (12_000, 100)])
def test_kernels_and_whole_tensor_operations_move_alike(moments, rows, width):
    found, used, slope = filled_table(rows, width, moments)
    expected, _, _ = filled_table(rows, width, moments)
    torch.set_num_threads(2)  # the largest is worth both
    for step in (1, 2, 1000):
        move = Move(0.01, step, 0.9)
        arrays = as_matrices([found.whole, *found.moments], rows)
        move_rows(arrays, used.numpy(), slope, move)
        move_by_tensors(expected, used, slope, move)
    torch.testing.assert_close(found.whole, expected.whole, atol=1e-6, rtol=1e-6)
    for one, other in zip(found.moments, expected.moments, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=2e-5)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_rows_that_a_batch_does_not_use_keep_weight_and_moments(optimizer):
    network = TwoTables()
    tables = token_tables(network, optimizer)
    lazy_step(network, tables, torch.arange(9), torch.arange(9), 0.1, 1)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    moments = [[moment.clone() for moment in table.moments] for table in tables]
    used, unused = torch.tensor([7, 2]), torch.tensor([0, 1, 3, 4, 5, 6, 8])
    lazy_step(network, tables, used, torch.tensor([0, 1, 1]), 0.1, 2)
    for table, old in zip(tables, moments, strict=True):
        now = network.state_dict()[table.path]
        assert torch.equal(now[unused], before[table.path][unused])
        assert torch.equal(now[used], before[table.path][used]) != table.trained
        for moment, earlier in zip(table.moments, old, strict=True):
            assert torch.equal(moment[unused], earlier[unused])
            assert not torch.equal(moment[used], earlier[used])


def test_every_table_is_lent_buffers_as_well_and_trained_ones_are_given_back():
    network = TwoTables()
    tables = token_tables(network, "adamw")
    used = torch.tensor([4, 0])
    whole = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    lent = lend_rows(tables, used)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, whole[name][used])
    assert [tensor.shape for tensor in lent] == [(2, 4), (2,)]
    assert not network.fixed.weight.requires_grad
    take_back(tables)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, whole[name])


def test_a_lent_network_computes_what_the_whole_one_does():
    network = TwoTables()
    tables = token_tables(network, "adamw")
    used = torch.tensor([4, 0, 8])
    expected = network(used[torch.tensor([0, 1, 2, 2])])
    lend_rows(tables, used)
    assert torch.equal(network(torch.tensor([0, 1, 2, 2])), expected)


def test_fixed_tables_have_no_moments():
    tables = token_tables(TwoTables(), "adamw")
    assert [len(table.moments) for table in tables] == [2, 2, 0, 0]
    assert [table.trained for table in tables] == [True, True, False, False]
    assert np.all([table.moments[0].eq(0).all() for table in tables[:2]])
