import numpy as np
import pytest
import torch

from textkind.models.networks.cnn import Cnn
from textkind.models.networks.settings import CnnSettings
from textkind.models.networks.window_max import different_words, plain_window_max, window_max


def batch(lengths, longest, vocabulary=40, seed=0):
    torch.manual_seed(seed)
    mask = torch.arange(longest)[None] < torch.tensor(lengths)[:, None]
    return torch.randint(0, vocabulary, mask.shape) * mask, mask


def by_hand(x, lengths, filters, windows):
    """Every window of every text as Kim's equations have it, in NumPy loops."""
    number = filters.shape[1]
    found = np.zeros((len(x), len(windows) * number))
    for text, length in enumerate(lengths):
        first = 0
        for order, window in enumerate(windows):
            taps = filters[first : first + window]
            first += window
            nothing = np.zeros((window - 1, x.shape[2]))
            words = np.concatenate([nothing, x[text, :length], nothing])
            sums = [
                np.einsum("wd,wfd->f", words[t : t + window], taps)
                for t in range(length + window - 1)
            ]
            if length:
                found[text, order * number : (order + 1) * number] = np.max(sums, axis=0)
    return found


@pytest.mark.parametrize("windows", [(3, 4, 5), (1,), (2, 7)])
def test_both_ways_to_the_strongest_window_equal_the_equations(windows):
    lengths = [6, 1, 0, 9, 3]
    ids, mask = batch(lengths, 9)
    table, filters = torch.randn(40, 12), torch.randn(sum(windows), 10, 12)
    wanted = by_hand(table[ids].numpy(), lengths, filters.numpy(), windows)
    plain = plain_window_max(table[ids], mask, filters, windows)
    words, places = different_words(ids, mask, 40)
    quick = window_max(table[words], places, mask, filters, windows)
    np.testing.assert_allclose(plain, wanted, atol=1e-4)
    np.testing.assert_allclose(quick, wanted, atol=1e-4)


@pytest.mark.parametrize("filters", [16, 10])
def test_slopes_of_the_compiled_way_equal_autograd(filters):
    ids, mask = batch([6, 1, 0, 9, 3, 8], 9)
    found = []
    for quick in (True, False):
        torch.manual_seed(1)
        table = torch.randn(40, 12, requires_grad=True)
        taps = torch.randn(7, filters, 12, requires_grad=True)
        if quick:
            words, places = different_words(ids, mask, 40)
            strongest = window_max(table[words], places, mask, taps, (3, 4))
        else:
            strongest = plain_window_max(table[ids], mask, taps, (3, 4))
        (strongest * torch.linspace(-1, 1, strongest.shape[1])).sum().backward()
        found.append((table.grad, taps.grad))
    for mine, wanted in zip(*found, strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-5, rtol=1e-4)


def test_two_channels_tune_one_table_and_leave_the_other():
    network = Cnn(40, 2, CnnSettings(width=8, filters=16, channels="two"))
    ids, mask = batch([4, 6], 6)
    network(ids, mask).sum().backward()
    assert network.fixed.weight.grad is None
    assert network.embedding.weight.grad.abs().sum() > 0
    both = network.embedding.weight + network.fixed.weight
    x = plain_window_max(both[ids], mask, network.filters, network.windows)
    wanted = torch.relu(x + network.bias)
    torch.testing.assert_close(network.vectors(ids, mask), wanted, atol=1e-5, rtol=1e-5)


def test_a_static_embedding_gets_no_slope():
    network = Cnn(40, 2, CnnSettings(width=8, filters=16, channels="static"))
    ids, mask = batch([4, 6], 6)
    network(ids, mask).sum().backward()
    assert network.embedding.weight.grad is None
    assert network.filters.grad.abs().sum() > 0


def test_a_number_that_is_no_number_is_passed_on_and_not_hidden():
    network = Cnn(40, 2, CnnSettings(width=8, filters=16, dropout=0.0))
    with torch.no_grad():
        network.filters[0, 0, 0] = float("nan")
    ids, mask = batch([4, 6], 6)
    assert torch.isnan(network(ids, mask)).any()
