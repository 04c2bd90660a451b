"""The most similar of many vectors, exactly: by the cosine, block by block.

    places, cosines = most_similar(vectors, known, 5)       (N, 5) each, falling

Vectors are of unit length, (N, D) float32 as an array or as a SciPy CSR matrix.
"""

from typing import Any

import numpy as np

BLOCK = 1 << 24  # similarities held at a time


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """(N, D) float32 vectors by their lengths; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled.astype(np.float32, copy=False)


def cosines(vectors: Any, known: Any) -> np.ndarray:
    """(N, M) float32 inner products of two sets of vectors, both dense or both sparse."""
    found = vectors @ known.T
    return found if isinstance(found, np.ndarray) else found.toarray()


def most_similar(vectors: Any, known: Any, number: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, k) int64 places among M known vectors, and their (N, k) float32 cosines, falling.

    k is `number`, or M where it is less. Of equals the first come first.
    """
    number = min(number, known.shape[0])
    step = max(1, BLOCK // max(1, known.shape[0]))
    places = np.empty((vectors.shape[0], number), np.int64)
    values = np.empty((vectors.shape[0], number), np.float32)
    for start in range(0, vectors.shape[0] if number else 0, step):
        block = slice(start, start + step)
        found = cosines(vectors[block], known)
        chosen = np.sort(np.argpartition(found, -number, axis=1)[:, -number:], axis=1)
        near = np.take_along_axis(found, chosen, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        places[block] = np.take_along_axis(chosen, order, axis=1)
        values[block] = np.take_along_axis(near, order, axis=1)
    return places, values


def has_direction(vectors: Any) -> np.ndarray:
    """(N,) bool: whether a vector is other than all 0, so that its cosines mean something."""
    largest = abs(vectors).max(axis=1)
    return np.ravel(largest if isinstance(largest, np.ndarray) else largest.toarray()) > 0
