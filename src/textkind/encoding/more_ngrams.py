"""A fitted vocabulary goes on with more texts: what it knows stays, new n-grams get columns.

encoder, rows = widened(encoder, texts, weights)
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from textkind.encoding.ngrams import (
    NgramEncoder,
    bucket_count,
    half_precision,
    hash_texts,
    weigh_texts,
)
from textkind.encoding.rows import Rows
from textkind.encoding.tokens import ranks


def widened(
    encoder: NgramEncoder,
    texts: pa.LargeStringArray,
    weights: np.ndarray,
    threads: int | None = None,
) -> tuple[NgramEncoder, Rows]:
    """The encoder with the n-grams of more texts, and all texts encoded by it.

    weights (L,) float64: of how many texts that were ever learned from each of the first L is one;
    the texts behind them are encoded and not learned from. Known n-grams keep column and weight, so
    that the weights of a model stay what they are. A new one gets a column behind them where it
    stands in as many of the L texts as the settings ask, and the inverse document frequency that
    the weights estimate.
    """
    rows = hash_texts(texts, encoder.settings, encoder.bits, threads)
    learned = rows.part(slice(0, len(weights)))
    buckets, owner = entries(learned)
    room = bucket_count(encoder.settings, encoder.bits)
    frequency = np.bincount(buckets, minlength=room)
    wanted = frequency >= encoder.settings.minimum_document_frequency
    wanted[encoder.buckets] = False
    fresh = np.flatnonzero(wanted)
    fresh = fresh[np.argsort(-frequency[fresh], kind="stable")]
    of_all = np.bincount(buckets, weights[owner], minlength=room)[fresh]
    idf = np.log((1 + weights.sum()) / (1 + of_all)) + 1
    wider = replace(
        encoder,
        buckets=np.concatenate([encoder.buckets, fresh.astype(np.int32)]),
        importance=np.concatenate([encoder.importance, half_precision(idf)]),
    )
    weigh_texts(wider, rows, threads)
    return wider, rows


def entries(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Of every number that the rows hold its column, and the row it belongs to; both (M,)."""
    places = stored_places(rows)
    return rows.columns[places], np.repeat(np.arange(len(rows)), rows.ends - rows.starts)


def stored_places(rows: Rows) -> np.ndarray:
    """(M,) int64 where the numbers of the rows lie, without the gaps between rows."""
    lengths = rows.ends - rows.starts
    return np.repeat(rows.starts, lengths) + ranks(lengths)
