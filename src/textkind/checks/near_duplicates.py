"""Near duplicates: texts whose sets of words and word pairs are nearly the same.

    cluster = near_duplicates(texts, 0.8)      (N,) equal numbers are one cluster

MinHash with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, 3.4) names
candidates, and each is verified by its Jaccard similarity. A cluster holds what is joined by a
chain of similar pairs.
"""

import math

import numpy as np
import pyarrow as pa

from textkind.data.text_keys import text_keys
from textkind.encoding.ngrams import NgramSettings, bits_for, hash_texts, text_buffers
from textkind.errors import SettingsError
from textkind.parallel import run_blocks, thread_count
from textkind.seeds import generator

SHINGLES = NgramSettings(words=(1, 2), minimum_document_frequency=1)
RECALL = 0.995  # of pairs that are just as similar as asked
AGREEING = 1 / 3  # chance of a band to agree at that similarity: what shapes bands
SURE_BITS = 30  # of the hash of a shingle, where texts are few
MOST_COMPARED = 64  # rows of one key that a row is compared with
LEAST, MOST = 0.3, 1.0  # similarity that can be asked for


def bands_for(similarity: float) -> tuple[int, int]:
    """Bands, and minima of each, that find RECALL of the pairs of that similarity."""
    depth = max(1, round(math.log(AGREEING) / math.log(similarity))) if similarity < 1 else 16
    agreeing = similarity**depth
    bands = 1 if agreeing >= 1 else math.ceil(math.log(1 - RECALL) / math.log(1 - agreeing))
    return bands, depth


def near_duplicates(
    texts: pa.LargeStringArray,
    similarity: float = 0.8,
    threads: int | None = None,
    keys: np.ndarray | None = None,
) -> np.ndarray:
    """(N,) int64 clusters of texts of that Jaccard similarity or more: the first row of each.

    SettingsError where the similarity is none that can be asked for. keys are those of the texts
    (data/text_keys.py), where they are known already.
    """
    if not isinstance(similarity, int | float) or not LEAST <= similarity <= MOST:
        raise SettingsError(f"similarity must be {LEAST:g} to {MOST:g}", found=similarity)
    from textkind.checks import near_duplicate_kernels as kernels

    number = len(texts)
    _, first, unit = np.unique(
        text_keys(texts) if keys is None else keys, return_index=True, return_inverse=True
    )
    different = texts.take(pa.array(first))
    _, offsets = text_buffers(different)
    rows = hash_texts(different, SHINGLES, bits_for(int(offsets[-1] - offsets[0])), threads)
    bands, depth = bands_for(similarity)
    multipliers = generator(0, "near duplicates").integers(
        0, 1 << 63, bands * depth, dtype=np.uint64
    )
    multipliers = multipliers * np.uint64(2) + np.uint64(1)
    agreed = np.empty((bands, len(different)), np.uint64)
    edges = np.linspace(0, len(different), 4 * thread_count(threads) + 1).astype(np.int64)

    def work(block: int) -> None:
        span = (edges[block], edges[block + 1], rows.starts, rows.ends, rows.columns)
        kernels.sort_rows(*span)
        kernels.band_keys(*span, multipliers, agreed)

    run_blocks(work, len(edges) - 1, threads)
    orders = np.empty(agreed.shape, np.int64)

    def order(band: int) -> None:
        orders[band] = np.argsort(agreed[band], kind="stable")

    run_blocks(order, bands, threads)
    parents = np.arange(len(different))
    for band in range(bands):
        kernels.join_band(
            orders[band], agreed[band], rows.starts, rows.ends, rows.columns, float(similarity),
            MOST_COMPARED, parents,
        )  # fmt: skip
    kernels.flatten(parents)
    earliest = np.full(len(parents), number, np.int64)
    np.minimum.at(earliest, parents, first)
    found: np.ndarray = earliest[parents[unit]]
    return found


def similarities(
    texts: pa.LargeStringArray, one: np.ndarray, other: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """(M,) float64 Jaccard similarity of pairs of texts, named by two (M,) of their rows."""
    from textkind.checks import near_duplicate_kernels as kernels

    of_pairs, place = np.unique(np.stack([one, other]), return_inverse=True)
    place = place.reshape(2, -1)
    rows = hash_texts(texts.take(pa.array(of_pairs)), SHINGLES, SURE_BITS, threads)
    kernels.sort_rows(0, len(of_pairs), rows.starts, rows.ends, rows.columns)
    found = np.ones(len(one))  # two texts without a word are the same
    for pair, (here, there) in enumerate(place.T):
        spans = rows.starts[here], rows.ends[here], rows.starts[there], rows.ends[there]
        if spans[0] < spans[1] or spans[2] < spans[3]:
            found[pair] = kernels.similarity(rows.columns, *spans, 0.0)
    return found
