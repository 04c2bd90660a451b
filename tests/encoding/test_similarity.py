"""The most similar vectors are those that scikit-learn finds, dense and sparse, block by block."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from textkind.encoding import similarity
from textkind.encoding.similarity import cosines, has_direction, most_similar, unit_length


def drawn(rows, seed, zero=False):
    vectors = np.random.default_rng(seed).normal(size=(rows, 12)).astype(np.float32)
    vectors[np.abs(vectors) < 0.5] = 0
    if zero:
        vectors[0] = 0
    return unit_length(vectors)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_cosines_are_those_of_scikit_learn(kind):
    one, other = drawn(9, 0, zero=True), drawn(14, 1)
    np.testing.assert_allclose(
        cosines(kind(one), kind(other)), cosine_similarity(one, other), atol=1e-6
    )


@pytest.mark.parametrize("block", [1, 40, 1 << 24])
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_the_nearest_are_those_of_brute_force(monkeypatch, kind, block):
    monkeypatch.setattr(similarity, "BLOCK", block)
    known, vectors = drawn(40, 2), drawn(7, 3)
    places, values = most_similar(kind(vectors), kind(known), 5)
    search = NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute").fit(known)
    distances, expected = search.kneighbors(vectors)
    np.testing.assert_array_equal(places, expected)
    np.testing.assert_allclose(values, 1 - distances, atol=1e-6)
    assert (places.dtype, values.dtype) == (np.int64, np.float32)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 99))
def test_they_fall_and_nothing_left_out_is_nearer(known, number, seed):
    vectors, others = drawn(3, seed), drawn(known, seed + 1)
    places, values = most_similar(vectors, others, number)
    assert places.shape == values.shape == (3, min(known, number))
    assert (np.diff(values, axis=1) <= 0).all()
    for row, found in enumerate(places):
        left = np.delete(vectors[row] @ others.T, found)
        assert not left.size or left.max() <= values[row, -1] + 1e-6


def test_of_equals_the_first_come_first():
    known = np.eye(4, dtype=np.float32)[[0, 1, 0, 0]]
    places, values = most_similar(known[:1], known, 4)
    assert places.tolist() == [[0, 2, 3, 1]]
    assert values.tolist() == [[1, 1, 1, 0]]


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_without_vectors_nothing_is_near(kind):
    none, some = kind(np.zeros((0, 12), np.float32)), kind(drawn(3, 4))
    assert most_similar(some, none, 5)[0].shape == (3, 0)
    assert most_similar(none, some, 2)[0].shape == (0, 2)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_a_vector_of_zeros_has_no_direction(kind):
    vectors = drawn(4, 5, zero=True)
    vectors[1] = -np.abs(vectors[1])
    assert has_direction(kind(vectors)).tolist() == [False, True, True, True]
