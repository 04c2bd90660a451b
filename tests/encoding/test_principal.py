"""The plane of most variance is that of scikit-learn's PCA, up to sign, dense and sparse."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random
from sklearn.decomposition import PCA

from textkind.encoding import principal
from textkind.encoding.principal import on_plane, principal_plane


def dense(rows=90, width=70, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, width)) * 0.9 ** np.arange(width) + 0.3).astype(np.float32)


def sparse(rows=90, width=400, seed=0):
    values = random(rows, width, 0.05, "csr", np.float32, seed)
    return csr_matrix(values.multiply(0.97 ** np.arange(width))).astype(np.float32)


@pytest.mark.parametrize(
    "vectors", [dense(), dense(20, 8), csr_matrix(dense(20, 8)), sparse(), sparse(400, 60)]
)
def test_points_and_shares_are_those_of_scikit_learn(vectors):
    plane = principal_plane(vectors)
    array = vectors if isinstance(vectors, np.ndarray) else vectors.toarray()
    theirs = PCA(2, svd_solver="full").fit(array.astype(np.float64))
    ours, expected = on_plane(plane, vectors), theirs.transform(array.astype(np.float64))
    signs = np.sign((ours * expected).sum(axis=0))
    np.testing.assert_allclose(ours, expected * signs, atol=2e-5)
    np.testing.assert_allclose(plane.explained, theirs.explained_variance_ratio_, rtol=1e-4)
    assert ours.dtype == np.float32
    farthest = ours[np.abs(ours).argmax(axis=0), [0, 1]]
    assert (farthest > 0).all()


def test_other_vectors_go_where_scikit_learn_puts_them():
    plane, theirs = principal_plane(dense()), PCA(2, svd_solver="full").fit(dense())
    others = dense(seed=1)
    signs = np.sign((plane.directions.T * theirs.components_).sum(axis=1))
    np.testing.assert_allclose(on_plane(plane, others), theirs.transform(others) * signs, atol=1e-4)


def test_the_sparse_road_gives_the_plane_of_the_dense_one(monkeypatch):
    vectors = sparse()
    found = principal_plane(vectors)
    monkeypatch.setattr(principal, "DENSE", 1000)
    plain = principal_plane(vectors)
    np.testing.assert_allclose(found.directions, plain.directions, atol=1e-5)
    np.testing.assert_allclose(found.explained, plain.explained, rtol=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
@pytest.mark.parametrize("rows", [1, 2, 80])
def test_equal_vectors_have_no_plane(kind, rows):
    vectors = kind(np.tile(dense(1), (rows, 1)))
    plane = principal_plane(vectors)
    assert plane.explained is None
    assert not on_plane(plane, vectors).any()


@pytest.mark.parametrize("vectors", [dense(30, 1), dense(2, 9)])
def test_where_one_direction_is_all_there_is_the_other_is_flat(vectors):
    plane = principal_plane(vectors)
    np.testing.assert_allclose(plane.explained, [1, 0], atol=1e-6)
    assert on_plane(plane, vectors)[:, 0].any()
    np.testing.assert_allclose(on_plane(plane, vectors)[:, 1], 0, atol=1e-5)
