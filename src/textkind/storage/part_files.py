"""One part of a split as an Arrow file: how a process hands texts to another.

The test part is written without its targets: who reads the file cannot learn from them.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.errors import DataError
from textkind.storage.place import writing

TEXT, TARGETS = "text", "targets"


def write_texts(path: Path, texts: pa.LargeStringArray) -> None:
    """Write texts alone; OutputError where the disk refuses."""
    _write(path, pa.table({TEXT: texts}))


def write_part(path: Path, corpus: Corpus) -> None:
    """Write texts and targets; OutputError where the disk refuses."""
    _write(path, pa.table({TEXT: corpus.texts, TARGETS: target_column(corpus.targets)}))


def read_texts(path: Path) -> pa.LargeStringArray:
    """The texts of a file that write_texts or write_part wrote."""
    return writable(_read(path).column(TEXT))


def read_part(path: Path, labels: LabelSet) -> Corpus:
    """The corpus of a file that write_part wrote, its rows counted from 0."""
    batch = _read(path)
    targets = targets_of(batch.column(TARGETS), labels)
    return Corpus(writable(batch.column(TEXT)), targets, labels, np.arange(len(batch)))


def target_column(targets: np.ndarray) -> pa.Array:
    """(N,) ids as a column, (N, K) 0/1 as one of lists."""
    flat = pa.array(targets.ravel())
    return flat if targets.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, targets.shape[1])


def targets_of(column: pa.Array, labels: LabelSet) -> np.ndarray:
    """What target_column was given."""
    if not labels.several:
        return np.array(column)
    return np.array(column.flatten()).reshape(-1, len(labels))


def writable(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """A copy in memory that could be written to: the kernels are compiled for such alone."""
    return texts.take(pa.array(np.arange(len(texts))))


def _write(path: Path, table: pa.Table) -> None:
    with writing(path), pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table.combine_chunks())


def _read(path: Path) -> pa.RecordBatch:
    try:
        return pa.ipc.open_file(path.read_bytes()).get_batch(0)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError("a part of the comparison cannot be read", where=str(path)) from error
