"""A text as the linear model sees it: its n-grams, each as heavy as what the model makes of it."""

from typing import Any

import numpy as np
import pyarrow as pa

from textkind.encoding.latent import sparse_matrix
from textkind.encoding.ngrams import encode_ngrams
from textkind.models.linear import LinearModel

HEAVIEST = 512  # n-grams kept of a text: ten thousand long texts take 40 MB


def ngram_vectors(
    model: LinearModel, texts: pa.LargeStringArray, threads: int | None = None
) -> Any:
    """(N, V) float32 SciPy CSR matrix of unit length; zeros for a text without a known n-gram.

    An n-gram counts as in the model's sum, times the length of its weights over the labels: those
    that decide weigh most, and those that the model passes over nothing. Of each text the HEAVIEST
    are kept.
    """
    from scipy.sparse import csr_matrix

    found = sparse_matrix(encode_ngrams(model.encoder, texts, threads=threads), len(model.encoder))
    influence = np.sqrt((model.steps.astype(np.float32) ** 2).sum(axis=1)) * model.scales
    values = found.data * influence[found.indices]
    counts = np.diff(found.indptr)
    kept = np.ones(len(values), bool)
    for row in np.flatnonzero(counts > HEAVIEST):
        own = slice(found.indptr[row], found.indptr[row + 1])
        kept[own][np.argpartition(values[own], -HEAVIEST)[:-HEAVIEST]] = False
    rows = np.repeat(np.arange(len(counts)), counts)[kept]
    values = values[kept]
    lengths = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=len(counts)))
    values = np.divide(values, lengths[rows], out=np.zeros_like(values), where=values > 0)
    offsets = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(counts)))))
    return csr_matrix((values.astype(np.float32), found.indices[kept], offsets), found.shape)
