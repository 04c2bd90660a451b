"""Texts as short vectors without a network: TF-IDF of words, cut to its strongest directions.

    space = fit_latent(texts)
    vectors = latent_vectors(space, other_texts)            (N, D) float32 of unit length

Latent semantic analysis (Deerwester et al. 1990), by a randomised SVD (Halko et al. 2011).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.encoding.ngrams import (
    NgramEncoder,
    NgramSettings,
    canonical_order,
    encode_ngrams,
    fit_ngrams,
)
from textkind.encoding.rows import Rows
from textkind.encoding.similarity import unit_length
from textkind.seeds import generator

SAMPLE = 5_000  # texts that the directions are found in
WIDTH = 64
SPARE, POWERS = 10, 4  # directions beside those asked for, and steps, of the randomised SVD
SMALLEST = 1e-10  # of the strongest, squared: float32 tells no smaller one from noise


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """The encoder of words, and (V, D) float32 directions."""

    encoder: NgramEncoder
    directions: np.ndarray


def fit_latent(
    texts: pa.LargeStringArray, *, width: int = WIDTH, seed: int = 0, threads: int | None = None
) -> LatentSpace:
    """The directions of some texts; their order changes nothing."""
    order = canonical_order(texts, np.zeros(len(texts), np.int32))[:SAMPLE]
    settings = NgramSettings(words=(1, 1), symbols=False, minimum_document_frequency=1)
    encoder, rows = fit_ngrams(texts.take(pa.array(order)), settings, threads=threads)
    matrix = sparse_matrix(rows, len(encoder))
    width = min(width, min(matrix.shape) - 1)
    if width < 1:
        return LatentSpace(encoder, np.zeros((len(encoder), 1), np.float32))
    probe = generator(seed, "latent").standard_normal((matrix.shape[1], width + SPARE), np.float32)
    basis = leading(matrix @ probe)
    for _ in range(POWERS):
        basis = leading(matrix @ (matrix.T @ basis))
    directions = leading(matrix.T @ basis)[:, :width]
    return LatentSpace(encoder, np.ascontiguousarray(directions))


def leading(columns: np.ndarray) -> np.ndarray:
    """(V, D) float32 left singular vectors of (V, D) columns, the strongest first.

    By the columns' products, in float64: the few of a tall matrix are found far sooner than by QR.
    Those that are next to nothing are left out.
    """
    columns = columns.astype(np.float64)
    strengths, turns = np.linalg.eigh(columns.T @ columns)
    kept = np.flatnonzero(strengths > strengths[-1] * SMALLEST)[::-1]
    return (columns @ (turns[:, kept] / np.sqrt(strengths[kept]))).astype(np.float32)


def latent_vectors(
    space: LatentSpace, texts: pa.LargeStringArray, threads: int | None = None
) -> np.ndarray:
    """(N, D) float32 of unit length; zeros for a text without a known word."""
    rows = encode_ngrams(space.encoder, texts, threads=threads)
    return unit_length(sparse_matrix(rows, len(space.encoder)) @ space.directions)


def sparse_matrix(rows: Rows, columns: int) -> Any:
    """(N, columns) float32 SciPy CSR matrix of rows that may have gaps between them."""
    from scipy.sparse import csr_matrix

    lengths = rows.ends - rows.starts
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    places = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - rows.starts, lengths)
    return csr_matrix((rows.values[places], rows.columns[places], offsets), (len(rows), columns))
