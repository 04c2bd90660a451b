"""A source of labelled text larger than memory, read once: parts that fit, and a spool of the rest.

Test, validation and a sample of the training texts come out as corpora; all training texts lie on
disk in the order they came in, checked and with their labels, so that nothing is parsed twice and a
pipe will do as well as a file.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

import numpy as np
import pyarrow as pa

from textkind.data.bounded import DrawnParts, bytes_of
from textkind.data.corpus import Corpus
from textkind.data.joined import one_chunk
from textkind.data.labelled_blocks import LabelledBlock, LabelledBlocks, targets_of_rows
from textkind.data.labels import LabelSet
from textkind.data.read import CorpusReading
from textkind.data.rejected import Rejection, write_records
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import drawn_order
from textkind.data.spool import Spool, spooled_rows
from textkind.data.targets import label_counts
from textkind.data.text_keys import text_keys
from textkind.errors import DataError, SettingsError
from textkind.progress import SILENT, Talk
from textkind.workflow.learn import LEAST_VALIDATION_ROWS
from textkind.workflow.profile import added, word_histogram

# What is held in memory of each part, in rows and in bytes of text; the sample is what the search
# of the linear model looks at (models/choosing.py).
MOST = {
    "test": (50_000, 64 << 20),
    "validation": (20_000, 16 << 20),
    "train": (200_000, 12_000_000),
}
HELD = {"test", "validation"}
SPOOL = "texts.arrows"


@dataclass(frozen=True, eq=False)
class Spooled:
    """What one reading of a source left behind.

    spool     a file with the training texts and their labels by number
    id_of     of each number of a label its id in the label set, or -1
    reading   the rows in memory: those of the parts, in the order of the source
    parts     train (the sample), and validation and test where they were split off
    rows      training texts in the spool, text_bytes their UTF-8 bytes
    counts    (K,) of them with each label
    keys      (M,) uint64 rising keys of the training texts (data/text_keys.py); None: too many
    repeated  how often accepted texts are repeated, as the split tells it
    read, accepted, rejected  rows of the source; rejected ones are written as they come
    words     (W,) how many accepted texts have each number of words
    bytes     UTF-8 bytes of all accepted texts
    """

    spool: Path
    labels: LabelSet
    id_of: np.ndarray
    reading: CorpusReading
    parts: dict[str, Corpus]
    rows: int
    text_bytes: int
    counts: np.ndarray
    keys: np.ndarray | None
    repeated: dict[str, int | None]
    read: int
    accepted: int
    rejected: int
    words: np.ndarray
    bytes: int

    def blocks(self) -> Iterator[tuple[pa.LargeStringArray, np.ndarray]]:
        """The training texts and their targets, block by block."""
        for rows in spooled_rows(self.spool):
            yield one_chunk(rows["text"]), targets_of_rows(rows, self.id_of, self.labels)


def spool_source(
    source: object,
    reading: ReadSettings,
    split: SplitSettings,
    folder: Path,
    rejected: Path,
    *,
    given: Collection[str] = (),
    talk: Talk = SILENT,
) -> Spooled:
    """Read a source into parts and a spool in the folder; rejected rows go to a file of their own.

    given are the parts that have a source of their own, and are not split off. DataError,
    ColumnError or SettingsError where the source cannot be used or split so; an OSError of the
    disk passes through.
    """
    check_split(reading, split)
    blocks = LabelledBlocks(source, reading, talk)
    drawing = DrawnParts(split, given, MOST, LEAST_VALIDATION_ROWS)
    words, text_bytes = np.zeros(1, np.int64), 0
    try:
        with (
            talk.task(f"reading {blocks.name}"),
            _RejectedFile(rejected) as refused_rows,
            Spool(folder / SPOOL) as spool,
        ):
            for block, refused in blocks:
                refused_rows.write(refused)
                if len(block):
                    words = added(words, word_histogram(block.rows["text"].combine_chunks()))
                    text_bytes += bytes_of(block)
                    spool.write(drawing.add(block))
            parts, back = drawing.finish()
            spool.write(back)
    finally:
        blocks.close()
    labels, id_of = blocks.finish()
    check_parts(parts, drawing.shares, blocks.accepted)
    corpora = {
        name: in_drawn_order(corpus_of_rows(block.rows, labels, id_of), split.seed)
        for name, block in parts.items()
    }
    counts = np.zeros(len(labels), np.int64)
    counts[id_of[id_of >= 0]] = blocks.counts[id_of >= 0]
    for name in HELD & corpora.keys():
        counts -= label_counts(corpora[name].targets, len(labels))
    keys, repeated = spool.repeated([parts[name] for name in HELD & parts.keys()])
    return Spooled(
        spool=folder / SPOOL,
        labels=labels,
        id_of=id_of,
        reading=_reading(blocks, [*parts.values()], labels, id_of),
        parts=corpora,
        rows=spool.rows,
        text_bytes=spool.bytes,
        counts=counts,
        keys=keys,
        repeated=repeated,
        read=blocks.read,
        accepted=blocks.accepted,
        rejected=blocks.tally.counts.total(),
        words=words,
        bytes=text_bytes,
    )


def check_split(reading: ReadSettings, split: SplitSettings) -> None:
    """SettingsError for a split that needs all rows at once."""
    if split.method == "time" or (split.method is None and reading.time is not None):
        raise SettingsError(
            "a split by time needs all rows at once, and a streamed corpus is not in memory",
            found="time",
            hint="give the later rows as a file of their own: --validation and --test",
        )
    if split.method == "group" and reading.group is None:
        raise SettingsError("a split by group needs a group column", hint="name it with --group")


def check_parts(parts: Mapping[str, LabelledBlock], shares: Mapping[str, float], rows: int) -> None:
    """DataError where a part that was wanted is empty."""
    for name in ("train", *(["test"] if shares["test"] else [])):
        if name not in parts:
            raise DataError(
                f"{rows:,} rows are too few to split off a {name} part (by hash)",
                hint="give test and validation files, or leave --stream out",
            )


class _RejectedFile:
    """The rejected rows as they come; no file where there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rejected: list[Rejection]) -> None:
        """Append some."""
        if rejected:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="\n")
            write_records(self._file, rejected)


def corpus_of_rows(rows: pa.Table, labels: LabelSet, id_of: np.ndarray) -> Corpus:
    """The corpus of a table of ROWS."""
    ids = one_chunk(rows["id"])
    return Corpus(
        one_chunk(rows["text"]),
        targets_of_rows(rows, id_of, labels),
        labels,
        rows["row"].to_numpy(),
        ids=None if ids.null_count else ids,
    )


def in_drawn_order(corpus: Corpus, seed: int) -> Corpus:
    """The same in the order in which the rows of a part stand, which no file order changes."""
    return corpus.take(drawn_order(text_keys(corpus.texts), corpus.targets, seed))


def _reading(
    blocks: LabelledBlocks, parts: list[LabelledBlock], labels: LabelSet, id_of: np.ndarray
) -> CorpusReading:
    """The rows in memory, in the order of the source, as if they had been read alone."""
    rows = pa.concat_tables([block.rows for block in parts])
    beside = pa.concat_tables([block.beside for block in parts], promote_options="permissive")
    order = np.argsort(rows["row"].to_numpy(), kind="stable")
    return CorpusReading(
        corpus_of_rows(rows.take(order), labels, id_of),
        beside.take(order),
        [],
        blocks.read,
        blocks.columns,
        blocks.notes,
        blocks.name,
    )
