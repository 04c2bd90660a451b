"""Near duplicates: texts whose sets of words and word pairs are nearly the same.

    found = near_duplicates(texts, 0.8)
    found.cluster                              (N,) equal numbers are one cluster

MinHash with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, 3.4) names
candidates, and each is verified by its Jaccard similarity. A cluster holds what is joined by a
chain of similar pairs.
"""

import math
from dataclasses import dataclass

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
MOST_COMPARED = 64  # rows of one key that a row is compared with
LEAST, MOST = 0.3, 1.0  # similarity that can be asked for


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Clusters of N texts.

    cluster     (N,) int64: the first row of each row's cluster; its own where it is alone
    partner     (N,) int64: a row that is as similar or more, -1 where there is none
    similarity  (N,) float32: to the partner; 1 for texts that are the same but for case and space
    """

    cluster: np.ndarray
    partner: np.ndarray
    similarity: np.ndarray


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
) -> NearDuplicates:
    """Clusters of texts of that Jaccard similarity or more; SettingsError where it is none.

    keys are those of the texts (data/text_keys.py), where they are known already.
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
    partners = np.full(len(different), -1, np.int64)
    nearest = np.zeros(len(different), np.float32)
    for band in range(bands):
        kernels.join_band(
            orders[band], agreed[band], rows.starts, rows.ends, rows.columns, float(similarity),
            MOST_COMPARED, parents, partners, nearest,
        )  # fmt: skip
    return _of_all(number, first, unit, parents, partners, nearest)


def _of_all(
    number: int,
    first: np.ndarray,
    unit: np.ndarray,
    parents: np.ndarray,
    partners: np.ndarray,
    nearest: np.ndarray,
) -> NearDuplicates:
    """From different texts to all rows: those that repeat a text are its nearest."""
    from textkind.checks.near_duplicate_kernels import flatten

    flatten(parents)
    earliest = np.full(len(parents), number, np.int64)
    np.minimum.at(earliest, parents, first)
    partner = np.where(partners[unit] >= 0, first[partners[unit]], -1)
    similarity = nearest[unit].copy()
    repeats = np.bincount(unit, minlength=len(first))[unit] > 1
    rows = np.arange(number)
    is_first = first[unit] == rows
    second = np.full(len(first), -1, np.int64)  # of the rows of a text, the one behind its first
    later = rows[repeats & ~is_first]
    second[unit[later][::-1]] = later[::-1]
    partner[repeats] = np.where(is_first, second[unit], first[unit])[repeats]
    similarity[repeats] = 1.0
    return NearDuplicates(earliest[parents[unit]], partner, similarity)
