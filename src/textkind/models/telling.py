"""How much each token tells of the labels: a linear model over the training texts' tokens.

    scores = token_scores(tokens, targets, labels, size)             (V,) int32

What a token adds to a margin is its weight times its value in the text; of the weights that
the labels give it the largest counts, whichever way it points.
"""

import numpy as np

from textkind.data.labels import LabelSet
from textkind.encoding.rows import Rows
from textkind.encoding.tokens import Tokens
from textkind.models.problems import Problems, Stopping
from textkind.models.solvers import BinaryDescent
from textkind.models.trials import problem_classes

HIGHEST = 65_535  # score of the most telling token: whole numbers add up exactly
STRENGTH = 1.0  # what the linear model takes where nothing chooses it
STOPPING = Stopping(tolerance=1e-2, most_passes=20)  # a ranking of passages needs no more


def token_scores(
    tokens: Tokens,
    targets: np.ndarray,
    labels: LabelSet,
    size: int,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> np.ndarray:
    """(V,) int32 scores of 0 to HIGHEST; 0 for a token that no text has.

    targets is (N,) int32, or (N, K) uint8 for several labels, and size is V. The texts stand in an
    order that does not hang on the file's.
    """
    scores = np.zeros(size, np.int32)
    if tokens.ids.size == 0:
        return scores
    rows, rarity = weighted_rows(tokens, size)
    classes = problem_classes(len(labels), labels.several)
    costs = np.full((2, classes.size), STRENGTH, np.float32)
    solution = BinaryDescent(
        rows, size, Problems(targets, classes, costs), "squared_hinge",
        canonical=np.arange(len(tokens)), seed=seed, stopping=STOPPING, threads=threads,
    ).finish()  # fmt: skip
    weights = solution.weights.swapaxes(0, 1).reshape(size, -1)[:, : solution.problems]
    tells = np.abs(weights).max(axis=1) * rarity  # (V,)
    if tells.max() > 0:
        scores[:] = np.rint(tells * (HIGHEST / tells.max()))
    return scores


def weighted_rows(tokens: Tokens, size: int) -> tuple[Rows, np.ndarray]:
    """TF-IDF rows of unit length, counts by their logarithm, and the rarity (V,) of each token.

    Rarity is as in scikit-learn: log((1 + N) / (1 + texts with the token)) + 1.
    """
    texts = np.repeat(np.arange(len(tokens)), tokens.lengths)
    pairs, counts = np.unique(texts * size + tokens.ids, return_counts=True)
    texts, columns = np.divmod(pairs, size)
    frequency = np.bincount(columns, minlength=size)
    rarity = np.log((1 + len(tokens)) / (1 + frequency)) + 1
    values = (1 + np.log(counts)) * rarity[columns]
    norms = np.sqrt(np.bincount(texts, weights=values * values, minlength=len(tokens)))
    values /= norms[texts]
    ends = np.cumsum(np.bincount(texts, minlength=len(tokens)))
    starts = np.concatenate(([0], ends[:-1]))
    rows = Rows(starts, ends, ends, columns.astype(np.int32), values.astype(np.float32))
    return rows, rarity
