"""Training texts that a run keeps, to be searched and learned again: one Arrow file, verified.

    data = kept_bytes(kept)                                 beside it in metrics.json: its SHA-256
    kept = read_kept(run_folder, labels)

The model folder stays free of texts, so that a model can be passed on without its training data.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet
from textkind.data.sampling import Sample
from textkind.errors import ModelFolderError, SettingsError
from textkind.storage.manifest import read_plain_file
from textkind.storage.part_files import TARGETS, TEXT, target_column, targets_of, writable
from textkind.storage.run_folder import KEPT, read_metrics

ROW, SOURCE, VECTOR = "row", "source", "vector"
LARGEST = 1 << 32  # bytes
Found = TypeVar("Found")
_DAMAGED = "train the model again, or copy its run folder anew"


@dataclass(frozen=True, eq=False)
class KeptTexts:
    """Some training texts.

    targets  (N,) int32 label ids, or (N, K) uint8 for several labels
    rows     (N,) int64 places in their source
    sources  (N,) the names of their sources
    vectors  (N, D) float16 of unit length, as the model saw them; None of a model without vectors
    total    training texts that they were chosen from
    sample   how they were drawn
    """

    texts: pa.LargeStringArray
    targets: np.ndarray
    rows: np.ndarray
    sources: pa.StringArray
    vectors: np.ndarray | None
    total: int
    sample: Sample


def kept_bytes(kept: KeptTexts) -> bytes:
    """The file as bytes: columns text, targets, row, source, and vector where there are some."""
    columns: dict[str, Any] = {
        TEXT: kept.texts,
        TARGETS: target_column(kept.targets),
        ROW: kept.rows,
        SOURCE: kept.sources,
    }
    if kept.vectors is not None:
        columns[VECTOR] = matrix_column(kept.vectors)
    return table_bytes(columns)


def matrix_column(matrix: np.ndarray) -> pa.Array:
    """(N, D) numbers as a column of lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def table_bytes(columns: dict[str, Any]) -> bytes:
    """The columns as one Arrow file."""
    table, sink = pa.table(columns), pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as file:
        file.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def kept_facts(kept: KeptTexts, data: bytes) -> dict[str, Any]:
    """The entry "kept" of metrics.json."""
    sample = kept.sample
    return {
        "texts": len(kept.texts),
        "of": kept.total,
        "width": None if kept.vectors is None else kept.vectors.shape[1],
        "level": None if sample.is_whole else sample.level,
        "counts": sample.counts.tolist(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def read_kept(folder: Path, labels: LabelSet) -> KeptTexts:
    """The texts that a run folder keeps.

    SettingsError where it keeps none, ModelFolderError where they are not as they were written.
    """
    metrics = read_metrics(folder)
    if metrics is None:
        raise SettingsError(
            "a model folder by itself holds no training texts: they stand in its run",
            where=str(folder),
            hint="name the run folder that `textkind train` wrote, or texts with --from FILE",
        )
    facts = metrics.get("kept")
    if facts is None:
        raise SettingsError(
            "this run keeps no training texts",
            where=str(folder),
            hint="train without --keep-texts 0, or name texts with --from FILE",
        )
    return checked_table(folder / KEPT, facts, lambda batch: _kept_of(batch, labels, facts))


def checked_table(
    path: Path, facts: dict[str, Any], read: Callable[[pa.RecordBatch], Found]
) -> Found:
    """What `read` makes of the file; ModelFolderError where it is not as it was written."""
    data = read_plain_file(path, LARGEST)
    if hashlib.sha256(data).hexdigest() != facts["sha256"]:
        raise ModelFolderError(
            "the file was altered: its checksum differs", where=str(path), hint=_DAMAGED
        )
    try:
        batch = pa.ipc.open_file(data).get_batch(0)
        batch.validate(full=True)
        return read(batch)
    except (pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        raise ModelFolderError(
            "the kept texts make no sense", found=str(error), where=str(path), hint=_DAMAGED
        ) from None


def _kept_of(batch: pa.RecordBatch, labels: LabelSet, facts: dict[str, Any]) -> KeptTexts:
    """What the columns hold; ValueError where that cannot be texts of this model."""
    vectors = None
    if facts["width"] is not None:
        vectors = matrix_of(batch.column(VECTOR), facts["width"])
    level = np.inf if facts["level"] is None else float(facts["level"])
    kept = KeptTexts(
        writable(batch.column(TEXT)),
        targets_of(batch.column(TARGETS), labels),
        batch.column(ROW).to_numpy(),
        batch.column(SOURCE),
        vectors,
        facts["of"],
        Sample(np.array(facts["counts"]), level),
    )
    check_texts(batch, kept.texts, kept.targets, kept.rows, labels)
    if kept.sample.counts.shape != (len(labels) + 1,) or kept.sample.counts.dtype != np.int64:
        raise ValueError("its counts are not those of the labels")
    if vectors is not None and (vectors.dtype != np.float16 or not np.isfinite(vectors).all()):
        raise ValueError("a vector is no vector")
    if len(kept.texts) != facts["texts"]:
        raise ValueError(f"{len(kept.texts)} texts, not {facts['texts']}")
    return kept


def matrix_of(column: pa.Array, width: int) -> np.ndarray:
    """What matrix_column was given."""
    flat: np.ndarray = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(-1, width)


def check_texts(
    batch: pa.RecordBatch,
    texts: pa.LargeStringArray,
    targets: np.ndarray,
    rows: np.ndarray,
    labels: LabelSet,
) -> None:
    """ValueError where the columns of a file are no labelled texts of a model."""
    several = labels.several
    types = {
        "text": (texts.type, pa.large_string()),
        "targets": (targets.dtype, np.dtype(np.uint8 if several else np.int32)),
        "row": (rows.dtype, np.dtype(np.int64)),
        "source": (batch.column(SOURCE).type, pa.string()),
    }
    for name, (found, wanted) in types.items():
        if found != wanted:
            raise ValueError(f"{name} is {found}, not {wanted}")
    if any(column.null_count for column in batch.columns):
        raise ValueError("a value is missing")
    most = 1 if several else len(labels) - 1
    if targets.size and not 0 <= targets.min() <= targets.max() <= most:
        raise ValueError("a target is none of the labels")
