"""Predict: open -> (read a block -> label it -> write it) until the end.

Memory holds a few blocks, whatever the size of the source. The output is put in its place whole or
not at all; a pipe gets each block as it is done.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from textkind.classifier import Classifier
from textkind.data.rejected import Rejection, reasons_in_words, write_rejected
from textkind.progress import SILENT, Talk
from textkind.storage.place import whole_file, writing
from textkind.workflow.blocks import Blocks
from textkind.workflow.labelling import (
    PredictResult,
    PredictSettings,
    columns_for,
    label_rows,
    labelling_of,
    result_of,
)
from textkind.workflow.writers import PIPE, check_different, format_of_output, open_writer


def predict(
    model: str | Path | Classifier,
    source: object,
    output: str | Path,
    settings: PredictSettings = PredictSettings(),
    talk: Talk = SILENT,
) -> PredictResult:
    """Label every text of a source and write its rows with the predictions beside them.

    model   a run folder, a model folder, or a classifier in memory
    source  a path, "-" for standard input, a frame or a table, as for training
    output  a path ending in .csv, .tsv, .jsonl or .parquet, or "-" for standard output

    A folder knows the text columns it was trained with, and they are taken where none are named.
    Rows that cannot be used go to a file beside the output. Raises ModelFolderError, DataError,
    SettingsError or OutputError.
    """
    labelling = labelling_of(model, settings, talk)
    kind = _output_format(output, settings)
    check_different(source, output)
    began = time.monotonic()
    blocks = Blocks(source, settings.reading, labelling.trained, talk)
    columns = columns_for(labelling, blocks.names, talk)
    place = Path("standard output" if str(output) == PIPE else output)
    read, rejected, counts = 0, list[Rejection](), Counter[str]()
    try:
        with talk.task(f"predicting {blocks.name}"), _output(output, settings) as file:
            writer = open_writer(kind, file, settings.joint)
            for block in blocks:
                table, counted = label_rows(labelling, columns, block.table, block.texts)
                counts.update(counted)
                with writing(place):
                    writer.write(table)
                read += block.read
                rejected += block.rejected
            with writing(place):
                writer.close()
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
