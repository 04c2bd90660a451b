"""Dropout from hashes: the share, the scale, the slopes, and that nothing links its draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from textkind.models.networks.dropout import WORTH_THREADS, Dropout, dropped  # noqa: E402

KEYS = [123_456_789, 3_987_654_321]
UINT32 = st.integers(0, (1 << 32) - 1)


def kept(number, share, keys=KEYS):
    return dropped(torch.ones(number), share, keys).numpy() > 0


def twin(number, share, keys):
    """The kernel's hash, in whole-array operations."""
    bits = np.arange(number, dtype=np.uint32) + np.uint32(keys[0])
    bits ^= bits >> 16
    bits *= np.uint32(0x7FEB352D)
    bits ^= bits >> 15
    bits ^= np.uint32(keys[1])
    bits *= np.uint32(0x846CA68B)
    bits ^= bits >> 16
    return bits >= np.uint32(share * 2**32)


@given(st.integers(1, 5000), st.floats(0, 0.99), st.tuples(UINT32, UINT32))
@settings(deadline=None, max_examples=50)
def test_what_is_kept_is_that_of_a_numpy_twin(number, share, keys):
    assert np.array_equal(kept(number, share, list(keys)), twin(number, share, keys))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_is_left_out_and_the_rest_scaled_in_any_shape(share):
    x = torch.randn(200, 30, 50).transpose(0, 1)
    out = dropped(x, share, KEYS)
    zeros = out == 0
    deviation = (share * (1 - share) / x.numel()) ** 0.5
    assert abs(float(zeros.float().mean()) - share) < 5 * deviation
    torch.testing.assert_close(out[~zeros], x[~zeros] / (1 - share))


def test_neighbours_rows_and_calls_are_drawn_independently():
    draws = np.stack([kept(1 << 16, 0.5, [key, 7 * key + 1]) for key in range(1, 9)])
    signs = np.where(draws, 1.0, -1.0)
    bound = 5 / (1 << 16) ** 0.5  # five standard deviations of a mean of signs
    for distance in (1, 2, 3, 64, 100, 128, 256):
        products = (signs[:, distance:] * signs[:, :-distance]).mean(axis=1)
        assert np.abs(products).max() < bound * 1.01
    between = signs @ signs.T / signs.shape[1] - np.eye(len(signs))
    assert np.abs(between).max() < bound


def test_every_place_is_left_out_as_often_as_any_other():
    random = np.random.default_rng(0)
    keys = random.integers(0, 1 << 32, (4000, 2)).tolist()
    counts = sum((~kept(500, 0.3, pair)).astype(int) for pair in keys)
    squares = ((counts - 1200) ** 2 / (4000 * 0.3 * 0.7)).sum()  # chi-square, 500 degrees
    assert 500 - 6 * 1000**0.5 < squares < 500 + 6 * 1000**0.5


@pytest.mark.parametrize("shape", [(7,), (4, 5, 6), (0, 3)])
def test_slopes_reach_what_was_kept_with_its_scale(shape):
    layer = Dropout(0.4)
    x = torch.rand(shape, requires_grad=True)
    out = layer(x + 1)
    out.backward(torch.full(shape, 2.0))
    torch.testing.assert_close(x.grad, (out.detach() != 0) * 2.0 / 0.6)


def test_slopes_are_those_of_finite_differences():
    x = torch.rand(6, dtype=torch.float64)
    weights = torch.rand(6)

    def value(x):
        torch.manual_seed(3)
        return (Dropout(0.5)(x.float() ** 2) * weights).sum()

    slope = torch.autograd.functional.jacobian(value, x)
    for place in range(6):
        step = torch.zeros(6, dtype=torch.float64)
        step[place] = 1e-2
        expected = (value(x + step) - value(x - step)) / 2e-2
        torch.testing.assert_close(slope[place].float(), expected, atol=1e-3, rtol=1e-2)


def test_threads_change_nothing():
    x, before = torch.randn(WORTH_THREADS + 999), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(dropped(x, 0.2, KEYS))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_one_seed_draws_the_same_and_the_next_call_does_not():
    layer, x = Dropout(0.5), torch.ones(1000)
    torch.manual_seed(5)
    first, second = layer(x), layer(x)
    torch.manual_seed(5)
    assert torch.equal(first, layer(x))
    assert not torch.equal(first, second)


def test_outside_of_training_and_without_a_share_nothing_changes():
    x = torch.rand(50)
    assert Dropout(0.0)(x) is x
    assert Dropout(0.5).eval()(x) is x


def test_other_types_are_left_to_torch():
    out = Dropout(0.5)(torch.ones(1000, dtype=torch.float64))
    assert out.dtype == torch.float64
    assert set(out.tolist()) == {0.0, 2.0}


def test_bfloat16_drops_what_float32_drops_inside_autocast_too():
    layer, x = Dropout(0.4), torch.rand(50, 8).bfloat16().requires_grad_()
    torch.manual_seed(3)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x)
    torch.manual_seed(3)
    torch.testing.assert_close(out, layer(x.detach().float()))
    assert out.dtype == torch.float32
    out.sum().backward()
    torch.testing.assert_close(x.grad, ((out.detach() != 0) / 0.6).bfloat16())
