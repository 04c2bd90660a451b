"""Mean pooling: a worked example, fastText's network by NumPy, and the weights of sif."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.models.networks.mean_pool import MeanPool  # noqa: E402
from textkind.models.networks.settings import MeanPoolSettings  # noqa: E402

# refund, invoice, password, apply, issue, reset
WORDS = [
    [0.9, 0.8, 0.1], [0.2, 0.9, 0.1], [0.1, 0.2, 0.95],
    [0.8, 0.7, 0.2], [0.2, 0.85, 0.15], [0.1, 0.25, 0.9],
]  # fmt: skip
KINDS = [[1, 0.6, 0.1], [0.2, 1, 0.1], [0.1, 0.1, 1]]  # refund, invoice, password


@pytest.fixture
def toy():
    network = MeanPool(6, 3, MeanPoolSettings(width=3, dropout=0.0))
    with torch.no_grad():
        network.embedding.weight.copy_(torch.tensor(WORDS))
        network.head.weight.copy_(torch.tensor(KINDS))
        network.head.bias.zero_()
    return network


def test_the_worked_example_comes_out_as_by_hand(toy, pad):
    batch = pad([[0, 3], [1, 4], [2, 5], [0]])
    vectors, logits = toy.vectors(*batch), toy(*batch)
    torch.testing.assert_close(vectors[0], torch.tensor([0.85, 0.75, 0.15]))
    torch.testing.assert_close(logits[0], torch.tensor([1.315, 0.935, 0.31]))
    assert logits.argmax(dim=1).tolist() == [0, 1, 2, 0]


def test_a_token_of_id_zero_counts_where_the_mask_says_so(toy, pad):
    ids, mask = pad([[0, 0, 3], [3]])
    torch.testing.assert_close(
        toy.vectors(ids, mask)[0], (2 * torch.tensor(WORDS[0]) + torch.tensor(WORDS[3])) / 3
    )
    torch.testing.assert_close(toy.vectors(ids, mask)[1], torch.tensor(WORDS[3]))


def test_the_hidden_layer_is_a_relu_over_the_mean(pad):
    network = MeanPool(9, 2, MeanPoolSettings(width=4, hidden=5, dropout=0.0))
    ids, mask = pad([[1, 2, 2], [8]])
    table, inner, head = (
        tensor.detach().numpy()
        for tensor in (network.embedding.weight, network.hidden.weight, network.head.weight)
    )
    mean = np.stack([table[[1, 2, 2]].mean(axis=0), table[8]])
    hidden = np.maximum(mean @ inner.T + network.hidden.bias.detach().numpy(), 0)
    expected = hidden @ head.T + network.head.bias.detach().numpy()
    np.testing.assert_allclose(network(ids, mask).detach(), expected, atol=1e-6)


def test_sif_weighs_a_token_by_its_rarity(pad):
    network = MeanPool(4, 2, MeanPoolSettings(width=3, pooling="sif"))
    ids, mask = pad([[1, 2, 2], [3]])
    vectors = network.embedding.weight.detach().numpy()
    mean = vectors[[1, 2, 2]].mean(axis=0)
    np.testing.assert_allclose(network.vectors(ids, mask)[0].detach(), mean, atol=1e-6)

    network.set_token_counts(np.array([0, 1, 900, 99]))
    weight = 1e-3 / (1e-3 + np.array([0, 0.001, 0.9, 0.099]))
    expected = (weight[1] * vectors[1] + 2 * weight[2] * vectors[2]) / 3
    np.testing.assert_allclose(network.token_weights, weight, rtol=1e-6)
    np.testing.assert_allclose(network.vectors(ids, mask)[0].detach(), expected, atol=1e-6)


def test_counts_change_nothing_where_the_pooling_is_another():
    network = MeanPool(4, 2, MeanPoolSettings(width=3))
    network.set_token_counts(np.array([0, 1, 900, 99]))
    assert "token_weights" not in network.state_dict()
