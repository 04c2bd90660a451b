"""Naive Bayes log-count ratios as a feature weighting.

For class k, r_jk = log(p_j / |p|) - log(q_j / |q|), with p_j the smoothed weight of n-gram j in
texts of the class and q_j in the others (Wang and Manning 2012). They scale each class's features
by r_jk; we scale features once, by the mean of |r_jk| over classes, the sign being the solver's to
find, which is the same for two classes. As they do, it is interpolated with no scaling.
"""

import numpy as np

from textkind.encoding.rows import Rows
from textkind.models.descent import compiled

SMOOTHING = 1.0
SHARE = 0.25  # of the ratio against its mean: their beta


@compiled
def weight_by_class(starts, ends, columns, values, targets, sums):
    """Add every n-gram's weights to sums (V, K) float64 by the text's label."""
    for row in range(starts.size):
        for i in range(starts[row], ends[row]):
            sums[columns[i], targets[row]] += values[i]


def ratio_scale(rows: Rows, is_word: np.ndarray, targets: np.ndarray, classes: int) -> np.ndarray:
    """(V,) float32 scale of every column, of mean 1 among words and among characters.

    is_word (V,) bool tells the columns of words; targets (N,) int32 label ids.
    """
    sums = np.zeros((is_word.size, classes))
    weight_by_class(rows.starts, rows.ends, rows.columns, rows.values, targets, sums)
    return scale_of_sums(sums, is_word)


def scale_of_sums(sums: np.ndarray, is_word: np.ndarray) -> np.ndarray:
    """The same by the sums (V, K) of every column's weights in the texts of each class."""
    scale = np.ones(is_word.size, np.float32)
    for block in (is_word, ~is_word):
        if block.any():
            scale[block] = block_scale(sums[block])
    return scale


def block_scale(sums: np.ndarray) -> np.ndarray:
    """The scale of columns whose weights by class are sums (V, K)."""
    others = sums.sum(axis=1, keepdims=True) - sums
    inside = np.log((sums + SMOOTHING) / (sums + SMOOTHING).sum(axis=0))
    outside = np.log((others + SMOOTHING) / (others + SMOOTHING).sum(axis=0))
    ratio = np.abs(inside - outside).mean(axis=1)
    return (1 - SHARE) + SHARE * ratio / max(float(ratio.mean()), 1e-12)
