"""Rows with gold and given labels as records, and as a file: of diff and of cross-validation."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet
from textkind.storage.place import whole_file, writing
from textkind.workflow.writers import format_of_output, open_writer

JOINT = "|"  # between several labels of a text in a CSV field
NUMBERS, LABELS = ("row", "fold"), ("gold", "predicted", "first", "second")


def named(labels: LabelSet, target: Any) -> str | list[str]:
    """The label of one row of targets, or the list of its labels."""
    if labels.several:
        return [labels.names[label] for label in np.flatnonzero(target)]
    return labels.names[int(target)]


def sureness(given: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) the probability of the label; of several, that of the least sure decision.

    given (N, K); labels (N,) ids or (N, K) 0/1.
    """
    if labels.ndim == 1:
        return np.take_along_axis(given, labels[:, None], axis=1)[:, 0]
    return np.where(labels != 0, given, 1 - given).min(axis=1)


def write_told_rows(
    rows: list[dict[str, Any]], names: tuple[str, ...], several: bool, out: Path, overwrite: bool
) -> None:
    """Write records, whole or not at all; `names` are their keys, in order, where there are none.

    SettingsError where the file is there and may not be replaced, OutputError where refused.
    """
    strings = pa.large_list(pa.large_string()) if several else pa.large_string()
    table = pa.table(
        {
            name: pa.array([row[name] for row in rows], _kind(name, strings))
            for name in (rows[0] if rows else names)
        }
    )
    with (
        whole_file(out, overwrite=overwrite) as part,
        writing(out),
        part.open("wb") as file,
        open_writer(format_of_output(out), file, JOINT) as writer,
    ):
        writer.write(table)


def _kind(name: str, labels: pa.DataType) -> pa.DataType:
    if name in NUMBERS:
        return pa.int64()
    if name in LABELS:
        return labels
    return pa.float32() if name.endswith("probability") else pa.large_string()
