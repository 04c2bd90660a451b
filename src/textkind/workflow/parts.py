"""Sources in, corpora and their parts out: the first steps of train and of compare."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Any, Protocol

import pyarrow as pa

from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading, Reading, read_corpus, read_table
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import Parts, split_corpus
from textkind.progress import Talk
from textkind.workflow.learn import worthwhile_share
from textkind.workflow.origin import file_digest
from textkind.workflow.profile import (
    added,
    column_profile,
    corpus_digest,
    text_bytes,
    word_histogram,
    word_profile,
)


class Sources(Protocol):
    """What the settings of a recipe say about its data."""

    @property
    def test(self) -> object:
        """A source of its own; None: split off."""

    @property
    def validation(self) -> object:
        """A source of its own; None: split off."""

    @property
    def reading(self) -> ReadSettings:
        """How all of them are read."""

    @property
    def split(self) -> SplitSettings:
        """How rows are shared out."""


def read_sources(source: object, settings: Sources, talk: Talk) -> Mapping[str, CorpusReading]:
    """The training source, and those given for validation and test with its label set."""
    readings = {"train": read_corpus(source, settings.reading, talk=talk)}
    labels, trained = readings["train"].corpus.labels, readings["train"].columns
    for name, given in (("validation", settings.validation), ("test", settings.test)):
        if given is not None:
            readings[name] = read_corpus(
                given, settings.reading, labels=labels, trained=trained, told=True, talk=talk
            )
    return readings


def read_unlabelled(
    source: object, settings: ReadSettings, columns: Columns | None, talk: Talk
) -> Reading:
    """Texts without labels; those that a file has are not looked at. DataError without a row.

    columns are those of the labelled texts, taken where the settings name none.
    """
    plain = replace(
        settings, label=None, label_columns=(), label_delimiter=None, several=None,
        group=None, time=None,
    )  # fmt: skip
    return read_table(source, plain, trained=columns, talk=talk)


def split_readings(readings: Mapping[str, CorpusReading], settings: Sources, talk: Talk) -> Parts:
    """Train, validation and sealed test."""
    corpora = {name: reading.corpus for name, reading in readings.items()}
    return split_corpus(
        corpora["train"],
        worthwhile_split(corpora["train"], settings.split),
        corpora.get("test"),
        corpora.get("validation"),
        talk,
    )


def worthwhile_split(corpus: Corpus, split: SplitSettings) -> SplitSettings:
    """The settings without a validation part where that would have too few rows to decide by."""
    return replace(split, validation_share=worthwhile_share(len(corpus), split.validation_share))


def readings_digest(readings: Mapping[str, CorpusReading]) -> str:
    """SHA-256, in hexadecimal, of all that was read."""
    digest = hashlib.sha256()
    for name, reading in sorted(readings.items()):
        digest.update(f"{name} {corpus_digest(reading.corpus)}".encode())
    return digest.hexdigest()


def data_facts(readings: Mapping[str, CorpusReading], parts: Parts) -> dict[str, Any]:
    """The entry "data" of metrics.json; rows are counted over all files."""
    first = readings["train"]
    test = readings.get("test")
    texts: list[pa.LargeStringArray] = [reading.corpus.texts for reading in readings.values()]
    read = sum(reading.read for reading in readings.values())
    accepted = sum(len(reading.corpus) for reading in readings.values())
    rejected = sum(len(reading.rejected) for reading in readings.values())
    return {
        "source": first.source,
        "test_source": None if test is None else test.source,
        "read": read,
        "accepted": accepted,
        "rejected": rejected,
        "out_of_scope": read - accepted - rejected,  # workflow/scope.py
        **parts.facts,
        "words": word_profile(reduce(added, map(word_histogram, texts))),
        "bytes": text_bytes(texts),
        "sha256": {
            name: {"rows": corpus_digest(reading.corpus), "file": file_digest(reading.source)}
            for name, reading in readings.items()
        },
        "columns": column_profile(first.columns),
        "notes": [note for reading in readings.values() for note in reading.notes],
    }
