"""Which texts are most worth a label: those that the model is unsure of, and not all alike."""

import numpy as np

from textkind.mistakes.k_means import k_means
from textkind.seeds import generator

POOL = 10  # unsure texts looked at, for each that is chosen


def uncertainty(probabilities: np.ndarray, *, several: bool) -> np.ndarray:
    """(N,) 0 to 1 of (N, K) probabilities: 1 less the margin between the two likeliest labels.

    Of several labels: of the label whose probability is nearest to one half.
    """
    if several:
        nearest: np.ndarray = np.abs(probabilities - 0.5).min(axis=1)
        return 1 - 2 * nearest
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    return 1 - (top[:, 1] - top[:, 0])


def worth_labelling(
    unsure: np.ndarray, vectors: np.ndarray, number: int, seed: int = 0
) -> np.ndarray:
    """Places of at most `number` texts, the most unsure first.

    unsure (N,) is their uncertainty, vectors (N, D) float32 say what lies together. Of the POOL
    times as many most unsure, `number` clusters are made, by k-means weighted by uncertainty, and
    the text nearest to the centre of each is taken (Zhdanov 2019, "Diverse mini-batch active
    learning").
    """
    order = np.argsort(-unsure, kind="stable")
    if len(order) <= number:
        return order
    pool = order[: POOL * number]
    weights = np.maximum(unsure[pool], 1e-6)
    found, away = k_means(vectors[pool], number, generator(seed, "worth labelling"), weights)
    chosen = [
        pool[inside[np.argmin(away[inside, cluster])]]
        for cluster in range(away.shape[1])
        if len(inside := np.flatnonzero(found == cluster))
    ]
    rest = pool[~np.isin(pool, chosen)][: number - len(chosen)]
    picked = np.concatenate([chosen, rest]).astype(np.int64)
    return picked[np.argsort(-unsure[picked], kind="stable")]
