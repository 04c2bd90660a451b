"""k-means (Lloyd 1982) begun by k-means++ (Arthur & Vassilvitskii 2007).

scikit-learn has it where importing takes longer than all of the clustering here.
"""

import numpy as np

STEPS = 100  # most; a dozen is usual


def k_means(
    vectors: np.ndarray, number: int, random: np.random.Generator, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) int64 cluster of each vector, and (N, C) float64 squared distances from all centres.

    vectors (N, D), weights (N,) above 0. C is `number`, or how many vectors differ; a centre that
    loses its last vector stays where it is.
    """
    points = vectors.astype(np.float64)
    weights = np.ones(len(points)) if weights is None else weights.astype(np.float64)
    centres = _first_centres(points, number, random, weights)
    nearest = np.full(len(points), -1)
    for _ in range(STEPS):
        away = _squared_distances(points, centres)
        before, nearest = nearest, away.argmin(axis=1)
        if np.array_equal(before, nearest):
            break
        member = (nearest[:, None] == np.arange(len(centres))) * weights[:, None]
        heavy = member.sum(axis=0)
        held = heavy > 0
        centres[held] = (member.T @ points)[held] / heavy[held, None]
    return nearest, _squared_distances(points, centres)


def _first_centres(
    points: np.ndarray, number: int, random: np.random.Generator, weights: np.ndarray
) -> np.ndarray:
    """Points drawn one after another by their squared distance from those drawn before."""
    chances = weights
    chosen: list[int] = []
    closest = np.full(len(points), np.inf)
    while len(chosen) < number and chances.sum() > 0:
        chosen.append(int(random.choice(len(points), p=chances / chances.sum())))
        away = ((points - points[chosen[-1]]) ** 2).sum(axis=1)  # exactly 0 of an equal point
        closest = np.minimum(closest, away)
        chances = weights * closest
    return points[chosen]


def _squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    found = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
    return np.maximum(found, 0)
