"""Predict: open -> (read a block -> label it -> write it) until the end.

Reading and writing go on while a block is labelled. Memory holds a few blocks, whatever the size
of the source. The output is put in its place whole or not at all; a pipe gets each block as it is
done.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.rejected import Rejection, reasons_in_words, write_rejected
from textkind.data.shards import is_uri
from textkind.errors import NoRowsError, SettingsError
from textkind.progress import SILENT, Talk
from textkind.storage.place import check_file_target, whole_file, writing
from textkind.workflow.blocks import Blocks
from textkind.workflow.labeller import Labeller, LocalLabeller
from textkind.workflow.labelling import (
    PredictResult,
    PredictSettings,
    columns_for,
    labelling_of,
    result_of,
)
from textkind.workflow.overlap import behind
from textkind.workflow.predict_shards import is_folder, predict_shards
from textkind.workflow.writers import PIPE, check_different, format_of_output, open_writer


def predict(
    model: str | Path | Classifier,
    source: object,
    output: str | Path,
    settings: PredictSettings = PredictSettings(),
    talk: Talk = SILENT,
    labeller: Labeller | None = None,
) -> PredictResult:
    """Label every text of a source and write its rows with the predictions beside them.

    model   a run folder, a model folder, or a classifier in memory
    source  a path, "-" for standard input, a frame or a table, as for training
    output  a path ending in .csv, .tsv, .jsonl or .parquet, or "-" for standard output; or a
            folder, ending in "/" or there already: see predict_shards

    A folder knows the text columns it was trained with, and they are taken where none are named.
    Rows that cannot be used go to a file beside the output. Raises ModelFolderError, DataError,
    SettingsError or OutputError.
    """
    if is_uri(str(output)):
        raise SettingsError(
            "predictions are written to a disk of this machine", found=str(output),
            hint="name a path, and copy what is there",
        )  # fmt: skip
    if is_folder(output):
        return predict_shards(model, source, Path(output), settings, talk, labeller)
    labeller = LocalLabeller() if labeller is None else labeller
    labelling = labelling_of(model, settings, talk)
    kind = _output_format(output, settings)
    check_different(source, output)
    if str(output) != PIPE:
        check_file_target(Path(output), settings.overwrite)
    began = time.monotonic()
    blocks = Blocks(source, settings.reading, labelling.trained, talk)
    columns = columns_for(labelling, blocks.names, talk)
    read, rejected, counts = 0, list[Rejection](), Counter[str]()

    def write(tables: Iterator[pa.Table]) -> None:
        place = Path("standard output" if str(output) == PIPE else output)
        with (
            _output(output, settings) as file,
            writing(place),
            open_writer(kind, file, settings.joint) as writer,
        ):
            for table in tables:
                writer.write(table)

    labelled = labeller.blocks(labelling, columns, blocks, talk)
    try:
        with talk.task(f"predicting {blocks.name}"), labelled as found, behind(write) as put:
            for block in found:
                talk.advance(block.done, block.total)
                put(block.table)
                counts.update(block.counts)
                read += block.read
                rejected += block.rejected
            if not read:
                raise NoRowsError("there are no rows", where=blocks.name)
    finally:
        blocks.close()
    return result_of(
        labelling,
        counts,
        read=read,
        rejected=len(rejected),
        output=str(output),
        rejected_file=_write_rejected(rejected, output, talk),
        seconds=time.monotonic() - began,
        talk=talk,
    )


@contextmanager
def _output(output: str | Path, settings: PredictSettings) -> Iterator[IO[bytes]]:
    if str(output) == PIPE:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    with (
        whole_file(path, overwrite=settings.overwrite) as part,
        writing(path),
        part.open("wb") as file,
    ):
        yield file


def _output_format(output: str | Path, settings: PredictSettings) -> str:
    if settings.output_format is not None:
        return settings.output_format
    if str(output) != PIPE:
        return format_of_output(Path(output))
    return "jsonl" if settings.reading.format in ("jsonl", "json") else "csv"


def _write_rejected(rejected: list[Rejection], output: str | Path, talk: Talk) -> Path | None:
    if not rejected:
        return None
    told = f"{len(rejected):,} rows could not be used: {reasons_in_words(rejected)}"
    if str(output) == PIPE:
        for one in rejected[:10]:
            shard = "" if one.shard is None else f"{one.shard}, "
            talk.note(f"{shard}{one.unit} {one.row}: {one.reason}")
        talk.note(told)
        return None
    path = Path(output)
    path = path.with_name(path.name + ".rejected.jsonl")
    write_rejected(path, rejected)
    talk.note(f"{told}; they are in {path}")
    return path
