"""Pooling: NumPy over the valid positions of each text is the judge."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.models.networks import pooling  # noqa: E402

MASK = torch.tensor(
    [[True, True, True, True], [True, True, False, False], [False] * 4, [True, False, False, False]]
)


def softmax_mean(x, scores):
    weights = np.exp(scores) / np.exp(scores).sum()
    return weights @ x


# name -> ours of (x, mask, scores), and what it is for the valid vectors of one text
CASES = {
    "mean": (lambda x, mask, s: pooling.masked_mean(x, mask), lambda x, s: x.mean(axis=0)),
    "max": (lambda x, mask, s: pooling.masked_max(x, mask), lambda x, s: x.max(axis=0)),
    "last": (lambda x, mask, s: pooling.last_valid(x, mask), lambda x, s: x[-1]),
    "attention": (pooling.masked_attention, softmax_mean),
    "sum": (pooling.weighted_sum, lambda x, s: s @ x),
}


def numbers():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(4, 4, 5, generator=generator) - 2  # mostly below zero, for the maximum
    return x.requires_grad_(), (4 * torch.randn(4, 4, generator=generator)).requires_grad_()


@pytest.mark.parametrize("name", CASES)
def test_pooling_is_over_the_valid_positions_alone(name):
    (x, scores), (ours, judge) = numbers(), CASES[name]
    pooled = ours(x, MASK, scores).detach().numpy()
    for row, mask in enumerate(MASK.numpy()):
        expected = np.zeros(5)
        if mask.any():
            expected = judge(x.detach().numpy()[row, mask], scores.detach().numpy()[row, mask])
        np.testing.assert_allclose(pooled[row], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_what_is_masked_gets_a_gradient_of_zero(name):
    x, scores = numbers()
    CASES[name][0](x, MASK, scores).square().sum().backward()
    assert x.grad.isfinite().all()
    assert (x.grad[~MASK] == 0).all()
    assert (x.grad[0] != 0).any()
    if scores.grad is not None:
        assert scores.grad.isfinite().all()
        assert (scores.grad[~MASK] == 0).all()


@pytest.mark.parametrize("name", pooling.POOLINGS)
def test_every_pooling_of_the_table_makes_one_vector(name):
    x, _ = numbers()
    pooled = pooling.POOLINGS[name](5)(x, MASK)
    assert pooled.shape == (4, 5)
    assert (pooled[2] == 0).all()


def test_attention_begins_as_the_mean():
    x, _ = numbers()
    attention = pooling.POOLINGS["attention"](5)
    torch.testing.assert_close(attention(x, MASK), pooling.masked_mean(x, MASK))


def test_attention_looks_where_its_query_points():
    x, _ = numbers()
    attention = pooling.AttentionPooling(5)
    with torch.no_grad():
        attention.query.copy_(1000 * x[0, 2])  # no other vector reaches as far along itself
    scores = x[0] @ x[0, 2]
    torch.testing.assert_close(attention(x, MASK)[0], x[0, scores.argmax()])
