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


def word_profile(parts: list[pa.LargeStringArray]) -> dict[str, float]:
    """White-space separated words a text, over all parts."""
    counts = np.concatenate([word_counts(texts) for texts in parts])
    return {
        "mean": round(float(counts.mean()), 2),
        "median": float(np.median(counts)),
        "p95": float(np.percentile(counts, 95)),
        "max": int(counts.max()),
    }


def text_bytes(parts: list[pa.LargeStringArray]) -> int:
    """UTF-8 bytes of all texts."""
    return sum(pc.sum(pc.binary_length(texts), min_count=0).as_py() for texts in parts)


def corpus_digest(corpus: Corpus) -> str:
    """SHA-256, in hexadecimal, of texts, labels, groups and times in their order."""
    digest = hashlib.sha256(json.dumps([len(corpus), corpus.labels.names]).encode())
    offsets, content = string_buffers(corpus.texts)
    for array in (offsets - offsets[0], content, corpus.targets, corpus.group, corpus.time):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
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
    """(N,) white-space separated words of each text."""
    return pc.count_substring_regex(texts, r"\S+").to_numpy(zero_copy_only=False)
