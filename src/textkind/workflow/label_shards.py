"""Shards labelled one after the other, each block on its way to its file, each file put in place.

Reading and writing go on while a block is labelled.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from textkind.data.opening import open_shards
from textkind.data.rejected import Rejection, write_rejected
from textkind.data.shard import Shard
from textkind.progress import Talk
from textkind.storage.place import whole_file, writing
from textkind.storage.prediction_folder import Finished, rejected_path
from textkind.workflow.blocks import Block, Blocks
from textkind.workflow.labelling import Labelling, columns_for, label_rows
from textkind.workflow.overlap import ahead, behind
from textkind.workflow.shard_layout import Layout, Place, placed
from textkind.workflow.writers import open_writer


@dataclass(frozen=True)
class ShardWork:
    """Shards to be labelled into a folder.

    name      what the source of the shards is called
    skipped   the names of shards that are not to be labelled
    finished  the files that stand in the folder
    """

    name: str
    shards: tuple[Shard, ...]
    skipped: frozenset[str]
    layout: Layout
    finished: tuple[Finished, ...]
    folder: Path


@dataclass(frozen=True, eq=False)
class _Labelled:
    """A block with its predictions, on its way to its place."""

    block: Block
    place: Place
    table: pa.Table
    counts: Counter[str]


def label_shards(
    labelling: Labelling, work: ShardWork, record: Callable[[Finished], None], talk: Talk
) -> None:
    """Label what is not finished; record is called with each file once it stands in its place.

    Raises DataError where a shard cannot be read, OutputError where the disk refuses.
    """
    settings = labelling.settings
    source = open_shards(work.shards, work.name, settings.reading, work.skipped)
    blocks = Blocks(source, settings.reading, labelling.trained, talk)
    columns = columns_for(labelling, blocks.names, talk)

    def write(labelled: Iterator[_Labelled]) -> None:
        for first in labelled:
            record(_write_file(work, settings.joint, first, labelled))

    try:
        with (
            talk.task(f"predicting {blocks.name}"),
            ahead(placed(blocks, work.layout, work.finished)) as found,
            behind(write) as put,
        ):
            for block, place in found:
                talk.advance(block.done, block.total)
                table, counts = label_rows(labelling, columns, block.table, block.texts)
                put(_Labelled(block, place, table, counts))
    finally:
        blocks.close()
    for note in blocks.late_notes():
        talk.note(note)


def _write_file(
    work: ShardWork, joint: str, first: _Labelled, following: Iterator[_Labelled]
) -> Finished:
    """Write one file, from its first block to the one that ends it, and its rejected rows."""
    output = first.place.output
    path = work.folder / output
    rejected, counts, read = list[Rejection](), Counter[str](), 0
    with whole_file(path, overwrite=True) as part, writing(path), part.open("wb") as file:
        with open_writer(work.layout.kind, file, joint) as writer:
            for one in itertools.chain([first], following):
                writer.write(one.table)
                rejected += one.block.rejected
                counts.update(one.counts)
                read += one.block.read
                if one.place.ends_file:
                    break
        size = file.tell()
    if rejected:
        path = rejected_path(work.folder, output)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_rejected(path, rejected)
    return Finished(
        first.place.shard, output, size, one.place.ends_shard, read, len(rejected), dict(counts)
    )
