"""Gradients by step: autograd by hand is the judge, and memory is seen in their decay."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.explain.gradients import gradient_profile, step_gradients  # noqa: E402
from textkind.models.networks.mean_pool import MeanPool  # noqa: E402
from textkind.models.networks.settings import MeanPoolSettings  # noqa: E402

WIDTH = 4


class Recurrent(torch.nn.Module):
    """h = step(h, x) over the tokens; the last valid h is read."""

    def __init__(self, step):
        super().__init__()
        self.embedding = torch.nn.Embedding(12, WIDTH)
        self.head = torch.nn.Linear(WIDTH, 2)
        self.step = step

    def forward(self, input_ids, attention_mask):
        x = self.embedding(input_ids)
        state = torch.zeros(len(x), WIDTH)
        for place in range(x.shape[1]):
            moved = self.step(state, x[:, place])
            state = torch.where(attention_mask[:, place, None], moved, state)
        return self.head(state)


def plain_step(state, x):
    return torch.tanh(0.3 * state + x)  # small recurrent weights


def gated_step(state, x):
    return 0.999 * state + 0.1 * x  # the state goes on all but as it is, as behind an open gate


@pytest.fixture
def batch():
    ids = torch.randint(0, 12, (5, 15), generator=torch.Generator().manual_seed(0))
    return ids, torch.arange(15) < torch.tensor([15, 15, 10, 1, 0])[:, None]


def text_losses(logits):
    return logits.square().sum()


def test_the_norms_are_those_of_autograd(batch):
    network = Recurrent(plain_step)
    ids, mask = batch
    expected = np.full(ids.shape, np.nan)
    for row in range(len(ids)):
        length = int(mask[row].sum())
        x = network.embedding.weight.detach()[ids[row, :length]].requires_grad_()
        state = torch.zeros(WIDTH)
        for vector in x:
            state = plain_step(state, vector)
        if length:
            text_losses(network.head(state)).backward()
            expected[row, :length] = x.grad.norm(dim=1).numpy()
    norms = step_gradients(network, ids, mask, text_losses)
    assert norms.dtype == np.float32
    np.testing.assert_allclose(norms, expected, rtol=1e-4, atol=1e-9)


def test_the_gradient_vanishes_in_a_plain_recurrence_and_not_behind_a_gate(batch):
    profiles = {
        step: gradient_profile(
            step_gradients(Recurrent(step), *batch, text_losses), batch[1].numpy()
        )
        for step in (plain_step, gated_step)
    }
    plain, gated = (np.array(profiles[step]["norm"]) for step in (plain_step, gated_step))
    assert plain[10] < 1e-3 * plain[0]
    assert gated[10] > 0.3 * gated[0]


def test_the_network_is_read_as_it_is_and_left_as_it_was(batch):
    network = MeanPool(12, 2, MeanPoolSettings(width=4, dropout=0.9)).train()
    network.embedding.weight.requires_grad_(False)  # vectors that are not tuned
    first, again = (step_gradients(network, *batch, text_losses) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not network.embedding._forward_hooks


def test_the_hook_goes_where_the_loss_fails(batch):
    network = MeanPool(12, 2, MeanPoolSettings(width=4))
    with pytest.raises(ZeroDivisionError):
        step_gradients(network, *batch, lambda logits: 1 // 0)
    assert not network.embedding._forward_hooks


def test_the_profile_counts_back_from_the_last_valid_token():
    mask = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0]], bool)
    norms = np.array([[1, 2, 3], [4, 5, np.nan], [np.nan] * 3], np.float32)
    profile = gradient_profile(norms, mask)
    assert profile == {"distance": [0, 1, 2], "norm": [4.0, 3.0, 1.0], "texts": [2, 2, 1]}
    assert json.loads(json.dumps(profile)) == profile


def test_the_profile_of_no_token_is_empty():
    none = np.full((2, 3), np.nan, np.float32)
    assert gradient_profile(none, np.zeros((2, 3), bool)) == {
        "distance": [],
        "norm": [],
        "texts": [],
    }
