"""What metrics.json says about the data as it was read; the split tells of its parts itself."""

import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.collect import string_buffers
from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.word_count_kernels import count_words


def word_profile(histogram: np.ndarray) -> dict[str, float]:
    """White-space separated words a text; histogram (W,) tells how many texts have each number."""
    texts, words = int(histogram.sum()), np.arange(histogram.size)
    return {
        "mean": round(float(histogram @ words / texts), 2),
        "median": _percentile(histogram, 50),
        "p95": _percentile(histogram, 95),
        "max": int(np.flatnonzero(histogram)[-1]),
    }


def word_histogram(texts: pa.LargeStringArray) -> np.ndarray:
    """(W,) int64 how many texts have each number of words; W is the largest and one."""
    return np.bincount(word_counts(texts), minlength=1)


def added(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The sum of two histograms, as long as the longer."""
    longer, shorter = (first, second) if first.size >= second.size else (second, first)
    longer = longer.copy()
    longer[: shorter.size] += shorter
    return longer


def _percentile(histogram: np.ndarray, percent: float) -> float:
    """That of the texts one by one, linear between two neighbours as NumPy's."""
    behind = np.cumsum(histogram)
    place = (int(behind[-1]) - 1) * percent / 100
    low, high = (int(np.searchsorted(behind, end, "right")) for end in (place // 1, place // 1 + 1))
    return float(low + (min(high, histogram.size - 1) - low) * (place % 1))


def text_bytes(parts: list[pa.LargeStringArray]) -> int:
    """UTF-8 bytes of all texts."""
    return sum(pc.sum(pc.binary_length(texts), min_count=0).as_py() for texts in parts)


def corpus_digest(corpus: Corpus) -> str:
    """SHA-256, in hexadecimal, of texts, labels, groups and times in their order."""
    digest = hashlib.sha256(json.dumps([len(corpus), corpus.labels.names]).encode())
    offsets, content = string_buffers(corpus.texts)
    for array in (offsets - offsets[0], content, corpus.targets, corpus.group, corpus.time):
        if array is not None:
            digest.update(np.ascontiguousarray(array).view(np.uint8).data)  # no buffer of times
    return digest.hexdigest()


def column_profile(columns: Columns) -> dict[str, Any]:
    """The columns in use."""
    label = columns.label
    return {
        "text": list(columns.text),
        "label": list(label) if isinstance(label, tuple) else label,
        "group": columns.group,
        "time": columns.time,
        "id": columns.id,
    }


def word_counts(texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) int64 white-space separated words of each text."""
    offsets, data = string_buffers(texts)
    counts = np.empty(len(texts), np.int64)
    count_words(offsets - offsets[0], data, counts)
    return counts
