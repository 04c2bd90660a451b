"""Weights in 8 bits: near, and never so large that 16 bits cannot hold the sum of a pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("torch")

from textkind.models.graph import in_pairs, rounded_weights

NUMBERS = st.floats(-300, 300, width=32)


@given(arrays(np.float32, st.tuples(st.integers(1, 7), st.integers(1, 3)), elements=NUMBERS))
def test_pairs_fit_into_sixteen_bits_and_change_no_more_than_they_must(weights):
    found = in_pairs(weights)
    plain = np.clip(np.rint(weights), -127, 127)
    sums = np.add.reduceat(np.abs(found), np.arange(0, len(found), 2), axis=0)
    assert (255 * sums <= 32767).all()
    fits = np.add.reduceat(np.abs(plain), np.arange(0, len(found), 2), axis=0) <= 128
    same = np.repeat(fits, 2, axis=0)[: len(found)]
    np.testing.assert_array_equal(found[same], plain[same])
    assert (np.abs(found) <= np.abs(plain)).all()
    assert (found * plain >= 0).all()


def test_rounded_weights_are_nearer_than_seven_bits():
    weights = np.random.default_rng(0).standard_normal((384, 20)).astype(np.float32)
    rounded, scales = rounded_weights(weights)
    assert rounded.dtype == np.int8
    error = np.square(rounded * scales - weights).mean()
    seven = np.abs(weights).max(axis=0) / 63
    assert error < 0.5 * np.square(np.rint(weights / seven) * seven - weights).mean()


def test_weights_of_zero_stay_zero():
    rounded, scales = rounded_weights(np.zeros((3, 2), np.float32))
    assert not rounded.any()
    assert np.isfinite(scales).all()
