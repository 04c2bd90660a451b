"""What runs in the workers: one reads blocks of rows, each of the others has a model and labels.

Our errors travel as parcels, so that they come out as they were raised.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.columns import Columns
from textkind.data.joined import texts_of
from textkind.data.rejected import Rejection
from textkind.data.settings import ReadSettings
from textkind.errors import SettingsError, TextkindError
from textkind.optional import need
from textkind.progress import Notes
from textkind.scale.datasets import packed, unpacked
from textkind.storage.folder_bytes import folder_bytes, write_folder_bytes
from textkind.storage.part_files import writable
from textkind.storage.prediction_folder import Finished
from textkind.workflow.blocks import Blocks
from textkind.workflow.label_shards import ShardWork, label_shards
from textkind.workflow.labelling import (
    Labelling,
    PredictSettings,
    label_rows,
    labelling_of,
)
from textkind.workflow.origin import answering_folder
from textkind.workflow.predictions import PredictionColumns


@dataclass(frozen=True)
class SentModel:
    """A model folder in Ray's object store, with what is asked of it."""

    files: Any  # a reference to FolderBytes
    settings: PredictSettings


def check_sendable(model: object, settings: PredictSettings) -> None:
    """SettingsError where workers would not have the same model, or not read alike."""
    if isinstance(model, Classifier):
        raise SettingsError(
            "a classifier in memory cannot be sent to a cluster",
            hint="save it, and name its folder",
        )
    if settings.precision == "auto":
        raise SettingsError(
            "workers could choose different precisions, each by its own speed",
            found="auto",
            hint="name one: --precision bfloat16, or float32",
        )


def send_model(model: str | Path, settings: PredictSettings) -> SentModel:
    """Put a model where all workers can load it, on whatever node they are."""
    return SentModel(need("ray").put(folder_bytes(answering_folder(model))), settings)


def load_sent(sent: SentModel, threads: int) -> Labelling:
    """In a worker: the model, checked against its checksums as everywhere."""
    with tempfile.TemporaryDirectory(prefix="textkind-") as room:
        write_folder_bytes(need("ray").get(sent.files), Path(room))
        return labelling_of(room, replace(sent.settings, threads=threads))


@dataclass(frozen=True)
class BlockFacts:
    """What goes with the table of a block; counts are those of label_rows, once it is labelled."""

    rejected: list[Rejection]
    read: int
    done: int
    total: int
    counts: Counter[str]


@dataclass(frozen=True)
class LastWords:
    """What the reader tells behind the last block."""

    notes: list[str]


def read_parcels(
    source: object, settings: ReadSettings, trained: Columns | None
) -> Iterator[pa.Table]:
    """In the worker that reads: each block of the source as a row, then LastWords."""
    try:
        blocks = Blocks(source, settings, trained)
        try:
            for block in blocks:
                facts = BlockFacts(block.rejected, block.read, block.done, block.total, Counter())
                yield packed(facts, block.table)
            yield packed(LastWords(blocks.late_notes()))
        finally:
            blocks.close()
    except TextkindError as error:
        yield packed(error)


class BlockWorker:
    """One of the workers that label: it loads the model when its first block comes."""

    def __init__(
        self, sent: SentModel, threads: int, columns: PredictionColumns, text_columns: Columns
    ) -> None:
        self._sent, self._threads = sent, threads
        self._columns, self._text_columns = columns, text_columns
        self._labelling: Labelling | None = None

    def __call__(self, row: pa.Table) -> pa.Table:
        """The row of read_parcels with the table labelled; what has no table as it is."""
        facts, table = unpacked(row)
        if table is None:
            return row
        try:
            if self._labelling is None:
                self._labelling = load_sent(self._sent, self._threads)
            texts = writable(texts_of(table, self._text_columns))
            labelled, counts = label_rows(self._labelling, self._columns, table, texts)
        except TextkindError as error:
            return packed(error)
        return packed(replace(facts, counts=counts), labelled)


@dataclass(frozen=True)
class ShardDone:
    """What a worker tells of a shard that it has labelled: its files, and what was found in it."""

    shard: str
    files: list[Finished]
    notes: list[str]


class ShardWorker:
    """One of the workers that take whole shards: it reads them, labels them, writes their files."""

    def __init__(self, sent: SentModel, threads: int, work: ShardWork) -> None:
        self._sent, self._threads, self._work = sent, threads, work
        self._labelling: Labelling | None = None

    def __call__(self, row: pa.Table) -> pa.Table:
        """Label the shard of that name; a row with ShardDone, or with our error."""
        name, _ = unpacked(row)
        others = frozenset(shard.name for shard in self._work.shards) - {name}
        files, notes = list[Finished](), Notes()
        try:
            if self._labelling is None:
                self._labelling = load_sent(self._sent, self._threads)
            label_shards(self._labelling, replace(self._work, skipped=others), files.append, notes)
        except TextkindError as error:
            return packed(error)
        return packed(ShardDone(name, files, notes.told))
