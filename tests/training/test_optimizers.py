"""Dense parameters move as PyTorch's optimizers move them."""

import pytest

torch = pytest.importorskip("torch")

from textkind.training.optimizers import (  # noqa: E402
    WORTH_THREADS,
    Move,
    dense_parameters,
    move_dense,
    move_dense_by_torch,
)


class Layers(torch.nn.Module):
    """Parameters of one, two and three dimensions, one of them fixed, and a token table."""

    token_tables = ("embedding.weight",)

    def __init__(self, width=6):
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            self.embedding = torch.nn.Embedding(5, width)
            self.convolution = torch.nn.Conv1d(width, 4, 3)
            self.scale = torch.nn.Parameter(torch.rand(width))
            self.number = torch.nn.Parameter(torch.tensor(0.5))
            self.fixed = torch.nn.Parameter(torch.rand(width, 2), requires_grad=False)
            self.head = torch.nn.Linear(width, width)

    def dense(self):
        return [self.convolution.weight, self.convolution.bias, self.scale, self.number,
                self.head.weight, self.head.bias]  # fmt: skip


def slopes_like(parameters, step):
    random = torch.Generator().manual_seed(step)
    return [torch.rand(one.shape, generator=random) - 0.3 for one in parameters]


def torchs_own(network, optimizer, decay):
    groups = [
        {"params": [one for one in network.dense() if one.ndim > 1], "weight_decay": decay},
        {"params": [one for one in network.dense() if one.ndim < 2], "weight_decay": 0.0},
    ]
    if optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=0.01)
    return torch.optim.SGD(groups, lr=0.01, momentum=0.9)


@pytest.mark.parametrize("move", [move_dense, move_dense_by_torch])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_dense_parameters_move_as_torchs_own_optimizers_move_them(move, optimizer, decay):
    ours, theirs = Layers(), Layers()
    parameters = dense_parameters(ours, optimizer, decay)
    reference = torchs_own(theirs, optimizer, decay)
    for step in range(1, 21):
        for one, other, slope in zip(
            ours.dense(), theirs.dense(), slopes_like(ours.dense(), step), strict=True
        ):
            one.grad, other.grad = slope.clone(), slope
        move(parameters, Move(0.01, step, 0.9))
        reference.step()
    for name, tensor in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], tensor, atol=1e-6, rtol=1e-6)


def test_large_parameters_are_moved_by_several_threads_to_the_same_bits():
    threads = torch.get_num_threads()
    width = int((WORTH_THREADS * 1.2) ** 0.5)
    found, expected = Layers(width), Layers(width)
    try:
        for number, network in ((2, found), (1, expected)):
            torch.set_num_threads(number)
            parameters = dense_parameters(network, "adamw", 0.1)
            for step in (1, 2):
                for one, slope in zip(
                    network.dense(), slopes_like(network.dense(), step), strict=True
                ):
                    one.grad = slope
                move_dense(parameters, Move(0.01, step, 0.9))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(found.head.weight, expected.head.weight)
    assert not torch.equal(found.head.weight, Layers(width).head.weight)


def test_fixed_parameters_and_token_tables_are_not_among_them():
    names = [one.name for one in dense_parameters(Layers(), "adamw", 0.1)]
    assert names == [
        "scale", "number", "convolution.weight", "convolution.bias", "head.weight", "head.bias",
    ]  # fmt: skip


def test_a_network_without_any_has_nothing_to_move():
    move_dense([], Move(0.1, 1, 0.9))
