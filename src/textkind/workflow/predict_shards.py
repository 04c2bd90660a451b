"""Predict from shards to shards: what is finished stays, and a second call goes on from there.

Each file of the output is labelled by the same functions as a single one, and is put in its place
whole; storage/prediction_folder.py tells what stands in the folder.
"""

import itertools
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.opening import open_shards
from textkind.data.rejected import Rejection, write_rejected
from textkind.data.shard import Shard
from textkind.data.shards import told_name
from textkind.progress import SILENT, Talk
from textkind.storage.place import whole_file, writing
from textkind.storage.prediction_folder import (
    REJECTED,
    Finished,
    add_finished,
    open_prediction_folder,
    rejected_path,
)
from textkind.workflow.blocks import Block, Blocks
from textkind.workflow.labelling import (
    Labelling,
    PredictResult,
    PredictSettings,
    columns_for,
    label_rows,
    labelling_of,
    result_of,
)
from textkind.workflow.overlap import ahead, behind
from textkind.workflow.shard_layout import (
    Layout,
    Place,
    check_apart,
    layout_of,
    placed,
    plan_of,
    shards_to_label,
)
from textkind.workflow.writers import PIPE, open_writer


@dataclass(frozen=True, eq=False)
class _Labelled:
    """A block with its predictions, on its way to its place."""

    block: Block
    place: Place
    table: pa.Table
    counts: Counter[str]


def is_folder(output: str | Path) -> bool:
    """Whether an output names a folder: by a slash at its end, or because it is one."""
    text = str(output)
    return text.endswith(("/", os.sep)) or (text != PIPE and Path(output).is_dir())


def predict_shards(
    model: str | Path | Classifier,
    source: object,
    folder: Path,
    settings: PredictSettings = PredictSettings(),
    talk: Talk = SILENT,
) -> PredictResult:
    """Label the shards of a source and write a file for each into a folder, by its name.

    model   a run folder or a model folder
    source  a file, a folder of shards, a pattern, a URI, or a list of these

    With `shard_rows` a shard is cut into files of so many rows, and of the few more that a block
    has; a source of one file is cut at every million. Where a folder holds finished files of the
    same model, shards and settings, they stay, and the rest is done: the files are the same, byte
    by byte, as those of a call that was never interrupted. Rows that cannot be used go to a file
    beside each.

    Raises SettingsError where the folder holds something else, or another process is at work in
    it; and as predict does. After an error the finished files stay.
    """
    labelling = labelling_of(model, settings, talk)
    shards = shards_to_label(source, settings)
    check_apart(shards, folder)
    layout = layout_of(shards, settings)
    plan = plan_of(model, shards, settings, layout)
    began = time.monotonic()
    with open_prediction_folder(folder, plan, overwrite=settings.overwrite) as finished:
        before = len(finished)
        if before:
            talk.note(f"going on in {folder}: {before:,} files of predictions are finished")
        _label(labelling, told_name(source), shards, layout, finished, folder, talk)
    read = sum(one.read for one in finished)
    rejected = sum(one.rejected for one in finished)
    counts = Counter[str]()
    for one in finished:
        counts.update(one.counts)
    if rejected:
        talk.note(f"{rejected:,} rows could not be used; they are in {folder / REJECTED}")
    return result_of(
        labelling,
        counts,
        read=read,
        rejected=rejected,
        output=str(folder),
        rejected_file=folder / REJECTED if rejected else None,
        seconds=time.monotonic() - began,
        talk=talk,
        shards=len(finished),
        shards_before=before,
    )


def _label(
    labelling: Labelling,
    name: str,
    shards: Sequence[Shard],
    layout: Layout,
    finished: list[Finished],
    folder: Path,
    talk: Talk,
) -> None:
    """Label what is not finished yet, and add to it what then is."""
    whole = {one.shard for one in finished if one.last}
    skipped = {shard.name for shard in shards if layout.names[shard.name] in whole}
    settings = labelling.settings
    source = open_shards(shards, name, settings.reading, skipped)
    blocks = Blocks(source, settings.reading, labelling.trained, talk)
    columns = columns_for(labelling, blocks.names, talk)
    begun = list(finished)

    def write(labelled: Iterator[_Labelled]) -> None:
        for first in labelled:
            one = _write_file(folder, layout.kind, settings.joint, first, labelled)
            add_finished(folder, one)
            finished.append(one)

    try:
        with (
            talk.task(f"predicting {blocks.name}"),
            ahead(placed(blocks, layout, begun)) as found,
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
    folder: Path, kind: str, joint: str, first: _Labelled, following: Iterator[_Labelled]
) -> Finished:
    """Write one file, from its first block to the one that ends it, and its rejected rows."""
    output = first.place.output
    path = folder / output
    rejected, counts, read = list[Rejection](), Counter[str](), 0
    with whole_file(path, overwrite=True) as part, writing(path), part.open("wb") as file:
        with open_writer(kind, file, joint) as writer:
            for one in itertools.chain([first], following):
                writer.write(one.table)
                rejected += one.block.rejected
                counts.update(one.counts)
                read += one.block.read
                if one.place.ends_file:
                    break
        size = file.tell()
    if rejected:
        path = rejected_path(folder, output)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_rejected(path, rejected)
    return Finished(
        first.place.shard, output, size, one.place.ends_shard, read, len(rejected), dict(counts)
    )
