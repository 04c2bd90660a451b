"""Whether the nearest training texts agree, and groups of texts that lie together. Vectors in."""

import numpy as np

from textkind.encoding.similarity import most_similar
from textkind.mistakes.k_means import k_means
from textkind.seeds import generator

NEIGHBOURS = 5
CLUSTER = 50  # texts of a cluster, about
MOST_CLUSTERS = 20


def support(
    known: np.ndarray, labels: np.ndarray, vectors: np.ndarray, predicted: np.ndarray
) -> np.ndarray | None:
    """(N,) share of each text's nearest training texts that have the label predicted for it.

    known (M, D) and vectors (N, D) float32 of unit length, labels (M,) and predicted (N,) ids. None
    where there are fewer than NEIGHBOURS training texts.
    """
    if len(known) < NEIGHBOURS:
        return None
    near, _ = most_similar(vectors, known, NEIGHBOURS)
    same: np.ndarray = labels[near] == predicted[:, None]
    return same.mean(axis=1)


def clusters(vectors: np.ndarray, seed: int = 0) -> np.ndarray | None:
    """(N,) int cluster of each text by k-means (Lloyd 1982), MOST_CLUSTERS at most.

    None of fewer than two clusters' worth of texts.
    """
    number = min(MOST_CLUSTERS, len(vectors) // CLUSTER)
    if number < 2:
        return None
    found, _ = k_means(vectors, number, generator(seed, "clusters"))
    return np.unique(found, return_inverse=True)[1]
