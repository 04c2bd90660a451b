"""What metrics.json says about the data as it was read; the split tells of its parts itself."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.columns import Columns


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
