import itertools

import numpy as np
import pytest
import torch

from textkind.models.networks.rnn import Rnn, first_weights
from textkind.models.networks.settings import RnnSettings

CELLS = {"tanh": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def lively(network, seed=0):
    """Biases of zero would hide mistakes."""
    torch.manual_seed(seed)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return network


def batch(lengths, longest, seed=1):
    torch.manual_seed(seed)
    mask = torch.arange(longest)[None] < torch.tensor(lengths)[:, None]
    return torch.randint(0, 50, mask.shape) * mask, mask


def slopes(network, states):
    network.zero_grad()
    (states * torch.linspace(-1, 1, states.shape[-1]) + states.square()).sum().backward()
    return {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    ("cell", "directions", "units", "layers"),
    [*itertools.product(CELLS, (1, 2), (32,), (1,)), *itertools.product(CELLS, (2,), (20,), (2,))],
)
def test_the_compiled_loops_equal_pytorch_on_packed_texts(cell, directions, units, layers):
    settings = RnnSettings(
        width=24, cell=cell, units=units, layers=layers, directions=directions, dropout=0.0
    )
    network = lively(Rnn(50, 3, settings))
    ids, mask = batch([9, 1, 0, 13, 4, 4, 13, 7, 2], 13)
    ours, theirs = network.ragged_states(ids, mask), network.packed_states(ids, mask)
    torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=1e-5)
    mine, wanted = slopes(network, ours), slopes(network, theirs)
    assert set(mine) == set(wanted)
    for name, slope in wanted.items():
        torch.testing.assert_close(mine[name], slope, atol=2e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("cell", CELLS)
def test_the_compiled_loops_give_the_same_bits_with_any_number_of_threads(cell):
    network = lively(Rnn(50, 3, RnnSettings(width=16, cell=cell, units=32, dropout=0.0)))
    ids, mask = batch(list(range(12)), 12)
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(network.ragged_states(ids, mask).detach())
    torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_the_last_state_of_each_direction_is_that_of_the_last_token_it_reads():
    network = lively(Rnn(50, 3, RnnSettings(width=8, units=16, pooling="last", dropout=0.0)))
    ids, mask = batch([5, 3], 5)
    vectors = network.vectors(ids, mask)
    for row, length in enumerate((5, 3)):
        x = network.embedding(ids[row : row + 1, :length])
        _, (hidden, _) = network.layers[0](x)
        torch.testing.assert_close(vectors[row], hidden[:, 0].flatten(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("cell", "biases"), [("tanh", [0]), ("lstm", [0, 1, 0, 0]), ("gru", [0, 1, 0])]
)
def test_recurrent_weights_begin_orthogonal_and_gates_that_keep_the_state_open(cell, biases):
    layer = CELLS[cell](12, 16, batch_first=True)
    torch.manual_seed(0)
    first_weights(layer)
    for gate in layer.weight_hh_l0.detach().split(16):
        np.testing.assert_allclose(gate @ gate.T, np.eye(16), atol=1e-5)
    whole = (layer.bias_ih_l0 + layer.bias_hh_l0).detach()
    np.testing.assert_array_equal(whole, np.repeat(biases, 16))


def test_states_of_no_text_and_of_empty_texts_are_zeros():
    network = lively(Rnn(50, 3, RnnSettings(width=8, units=16, dropout=0.0)))
    ids, mask = batch([0, 0, 0], 2)
    assert not network.ragged_states(ids, mask).any()
    assert torch.isfinite(network(ids, mask)).all()
