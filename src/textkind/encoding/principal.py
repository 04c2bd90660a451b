"""The plane in which vectors vary most: principal components (Pearson 1901), exactly.

    plane = principal_plane(vectors)
    points = on_plane(plane, other_vectors)                 (N, 2) float32

Vectors are (N, D) float32, an array or a SciPy CSR matrix; of the latter nothing is made dense.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from textkind.seeds import generator

DENSE = 50  # vectors or directions, up to which a sparse matrix is taken apart as a dense one


@dataclass(frozen=True, eq=False)
class Plane:
    """mean (D,) and directions (D, 2), float64.

    explained (2,) is the share of the variance along each; None where nothing varies.
    """

    mean: np.ndarray
    directions: np.ndarray
    explained: np.ndarray | None


def principal_plane(vectors: Any) -> Plane:
    """The two directions of most variance, each towards its farthest vector; zeros beyond those."""
    mean = np.asarray(vectors.mean(axis=0, dtype=np.float64)).ravel()
    is_sparse = not isinstance(vectors, np.ndarray)
    squares = vectors.data.astype(np.float64) ** 2 if is_sparse else vectors.astype(np.float64) ** 2
    variance = float(squares.sum()) / max(1, vectors.shape[0]) - float(mean @ mean)
    directions = np.zeros((mean.size, 2))
    if variance <= 1e-9:  # float32 tells no less from none
        return Plane(mean, directions, None)
    if is_sparse and min(vectors.shape) > DENSE:
        found, strengths = _largest(vectors, mean)
    else:
        centred = (vectors.toarray() if is_sparse else vectors) - mean
        _, strengths, rows = np.linalg.svd(centred, full_matrices=False)
        found, strengths = rows[:2].T, strengths[:2]
    directions[:, : found.shape[1]] = found
    explained = np.zeros(2)
    explained[: len(strengths)] = strengths**2 / vectors.shape[0] / variance
    points = on_plane(Plane(mean, directions, None), vectors)
    farthest = points[np.abs(points).argmax(axis=0), [0, 1]]
    return Plane(mean, directions * np.where(farthest < 0, -1, 1), explained)


def on_plane(plane: Plane, vectors: Any) -> np.ndarray:
    """(N, 2) float32 coordinates of vectors, those of the mean 0."""
    return (vectors @ plane.directions - plane.mean @ plane.directions).astype(np.float32)


def _largest(vectors: Any, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(D, 2) directions of a sparse matrix less its mean, and their (2,) singular values."""
    from scipy.sparse.linalg import LinearOperator, svds

    rows, matrix = vectors.shape[0], vectors.astype(np.float64)
    centred = LinearOperator(
        matrix.shape,
        matvec=lambda one: matrix @ one.ravel() - mean @ one.ravel(),
        rmatvec=lambda one: matrix.T @ one.ravel() - mean * one.sum(),
        dtype=np.float64,
    )
    start = generator(0, "principal plane").standard_normal(min(rows, mean.size))
    _, strengths, found = svds(centred, k=2, v0=start)
    order = np.argsort(-strengths)
    return found[order].T, strengths[order]
