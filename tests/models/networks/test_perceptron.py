"""The perceptron: its bag of words, and what it can learn with a hidden layer and without."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfTransformer

torch = pytest.importorskip("torch")

from textkind.models.networks.perceptron import Perceptron  # noqa: E402
from textkind.models.networks.settings import PerceptronSettings  # noqa: E402

NOT, BAD, GOOD = 0, 1, 2
TEXTS, IS_GOOD = [[BAD], [GOOD], [NOT, BAD], [NOT, GOOD]], [0.0, 1.0, 1.0, 0.0]
RAGGED = [[3, 1, 1, 7, 3, 3], [0, 0, 5], [9], [], [4, 4, 4, 4], [1, 2, 3, 0, 5]]


def bags(rows, vocabulary):
    """(N, V) counts of each id."""
    return np.stack([np.bincount(row, minlength=vocabulary) for row in rows]).astype(float)


def right_answers(seed, hidden, pad):
    """How many of the four texts are right after some training."""
    torch.manual_seed(seed)
    settings = PerceptronSettings(hidden=hidden, weighting="count", dropout=0.0)
    network, batch, targets = Perceptron(3, 1, settings), pad(TEXTS), torch.tensor(IS_GOOD)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
    for _ in range(80):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(*batch)[:, 0], targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return int(((network(*batch)[:, 0] > 0) == targets.bool()).sum())


@pytest.mark.parametrize("seed", range(5))
def test_a_hidden_layer_learns_that_not_turns_a_word_round(seed, pad):
    with torch.random.fork_rng():
        assert right_answers(seed, (16,), pad) == 4


@pytest.mark.parametrize("seed", range(5))
def test_the_log_linear_model_cannot_learn_that_not_turns_a_word_round(seed, pad):
    with torch.random.fork_rng():
        assert right_answers(seed, (), pad) < 4


@pytest.mark.parametrize("weighting", ["count", "tfidf"])
def test_layers_without_a_non_linearity_are_one_linear_layer(weighting, pad):
    settings = PerceptronSettings(
        hidden=(6, 5, 4), activation="none", weighting=weighting, dropout=0.0
    )
    deep = Perceptron(10, 3, settings)
    flat = Perceptron(10, 3, PerceptronSettings(hidden=(), weighting=weighting, dropout=0.0))
    with torch.no_grad():
        matrix, bias = deep.embedding.weight, deep.bias
        for layer in (*deep.layers, deep.head):
            matrix, bias = matrix @ layer.weight.T, bias @ layer.weight.T + layer.bias
        flat.embedding.weight.copy_(matrix)
        flat.bias.copy_(bias)
        torch.testing.assert_close(deep(*pad(RAGGED)), flat(*pad(RAGGED)), atol=1e-5, rtol=1e-5)


def test_counts_are_a_matrix_product_with_the_bag_of_words(pad):
    network = Perceptron(10, 3, PerceptronSettings(hidden=(), weighting="count"))
    expected = bags(RAGGED, 10) @ network.embedding.weight.detach().numpy()
    np.testing.assert_allclose(network(*pad(RAGGED)).detach(), expected, atol=1e-6)


@pytest.mark.parametrize("length", [6, 11])
def test_tfidf_is_that_of_scikit_learn(length, pad):
    random = np.random.default_rng(0)
    train = (random.random((40, 10)) < random.random(10)).astype(float)
    judge = TfidfTransformer().fit(csr_array(train))
    network = Perceptron(10, 10, PerceptronSettings(hidden=(), weighting="tfidf"))
    network.set_document_counts(train.sum(axis=0).astype(int), len(train))
    with torch.no_grad():
        network.embedding.weight.copy_(torch.eye(10))  # then the logits are the values themselves
    expected = judge.transform(csr_array(bags(RAGGED, 10))).toarray()
    np.testing.assert_allclose(network(*pad(RAGGED, length)).detach(), expected, atol=1e-6)


def test_document_counts_change_nothing_where_words_are_counted():
    network = Perceptron(4, 2, PerceptronSettings(weighting="count"))
    network.set_document_counts(np.array([1, 2, 3, 0]), 3)
    assert "inverse_frequency" not in network.state_dict()
