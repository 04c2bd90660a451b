import numpy as np
import pytest
from sklearn.cluster import KMeans

from textkind.mistakes.k_means import k_means


def blobs(seed, clusters=6, each=40, width=5):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, width)) * 8
    points = np.repeat(centres, each, axis=0) + random.normal(size=(clusters * each, width))
    return points.astype(np.float32)


def cost(points, found, weights):
    """Weighted squared distances from the means of the clusters."""
    total = 0.0
    for cluster in np.unique(found):
        inside = found == cluster
        mean = np.average(points[inside], axis=0, weights=weights[inside])
        total += (weights[inside, None] * (points[inside] - mean) ** 2).sum()
    return total


@pytest.mark.parametrize("weighted", [False, True])
def test_clusters_are_as_tight_as_scikit_learns(weighted):
    points = blobs(1)
    weights = np.random.default_rng(2).random(len(points)) + 0.1 if weighted else None
    ones = np.ones(len(points)) if weights is None else weights
    ours = min(
        cost(points, k_means(points, 6, np.random.default_rng(seed), weights)[0], ones)
        for seed in range(5)
    )
    peer = KMeans(6, n_init=10, random_state=0).fit(points, sample_weight=weights)
    assert ours <= 1.001 * cost(points, peer.labels_, ones)


def test_each_vector_is_in_the_cluster_whose_centre_is_nearest():
    points = blobs(3)
    found, away = k_means(points, 6, np.random.default_rng(0))
    np.testing.assert_array_equal(found, away.argmin(axis=1))
    for cluster in range(6):
        centre = points[found == cluster].mean(axis=0)
        np.testing.assert_allclose(
            away[:, cluster], ((points - centre) ** 2).sum(axis=1), rtol=1e-3, atol=1e-3
        )


def test_there_are_no_more_clusters_than_different_vectors():
    points = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    found, away = k_means(points, 8, np.random.default_rng(0))
    assert away.shape == (30, 3)
    assert len(np.unique(found)) == 3
    assert len(np.unique(k_means(np.ones((5, 2)), 2, np.random.default_rng(0))[0])) == 1
