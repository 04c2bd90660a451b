"""Fitted encoders and encoded rows changed together: other weights, or n-grams of one kind only."""

from dataclasses import replace

import numpy as np

from textkind.encoding import row_kernels as kernels
from textkind.encoding.ngrams import NgramEncoder, half_precision
from textkind.encoding.rows import Rows
from textkind.parallel import run_blocks


def rescale(
    encoder: NgramEncoder, rows: Rows, scale: np.ndarray, threads: int | None = None
) -> NgramEncoder:
    """Weigh every column by `scale` (V,) float32 besides; changes rows in place."""
    wider, exact_scale = rescaled(encoder, scale)
    rescale_rows(rows, exact_scale, threads)
    return wider


def rescaled(encoder: NgramEncoder, scale: np.ndarray) -> tuple[NgramEncoder, np.ndarray]:
    """The encoder that weighs so, and the scale (V,) float32 that its rounded weights come to."""
    wider = replace(encoder, importance=half_precision(encoder.importance * scale))
    return wider, wider.importance / encoder.importance


def rescale_rows(rows: Rows, scale: np.ndarray, threads: int | None = None) -> None:
    """Multiply the weights of all rows by those of their columns, in place."""
    edges = np.linspace(0, len(rows), min(len(rows) // 1024, 64) + 2).astype(np.int64)

    def work(block: int) -> None:
        kernels.rescale_rows(
            edges[block], edges[block + 1], rows.starts, rows.middles, rows.ends,
            rows.columns, rows.values, scale,
        )  # fmt: skip

    run_blocks(work, len(edges) - 1, threads)


def narrow(encoder: NgramEncoder, kind: str, parts: list[Rows]) -> tuple[NgramEncoder, np.ndarray]:
    """An encoder of words or characters only, out of one of both, and which columns stayed (V,).

    parts hold rows of that kind only; their columns are renumbered in place.
    """
    stays = encoder.is_word if kind == "words" else ~encoder.is_word
    number = (np.cumsum(stays) - 1).astype(np.int32)
    for rows in parts:
        kernels.renumber_rows(rows.starts, rows.ends, rows.columns, number)
    settings = (
        replace(encoder.settings, characters=None)
        if kind == "words"
        else replace(encoder.settings, words=None)
    )
    narrowed = NgramEncoder(
        settings, encoder.bits, encoder.buckets[stays], encoder.importance[stays]
    )
    return narrowed, stays
