"""Audit: read -> look. What is wrong with labelled texts, before any model; nothing is written."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.checks.finding import Audited, Finding
from textkind.checks.table import audit_parts
from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading, read_corpus
from textkind.data.settings import ReadSettings
from textkind.errors import DataError
from textkind.progress import SILENT, Talk
from textkind.workflow.out_of_fold import out_of_fold
from textkind.workflow.vocabulary import read_vocabulary


@dataclass(frozen=True)
class AuditSettings:
    """How the files are read, and what is looked for."""

    reading: ReadSettings = field(default_factory=ReadSettings)
    near: float = 0.8  # Jaccard similarity of near duplicates
    labels: bool = False  # judge every label by a linear model that has not seen its row
    vocabulary: str | Path | None = None  # ready-made words that will be trained with
    seed: int = 0  # of the folds of that model
    threads: int | None = None


@dataclass(frozen=True, eq=False)
class AuditResult:
    """The findings, the serious first; read = accepted + rejected, over both files."""

    source: str
    test_source: str | None
    read: int
    accepted: int
    rejected: int
    findings: list[Finding]


def audit(
    source: object,
    test: object = None,
    settings: AuditSettings = AuditSettings(),
    talk: Talk = SILENT,
) -> AuditResult:
    """Look for what would make figures lie: sources are as for training.

    The test file is read with the labels and columns of the training file. Raises DataError,
    ColumnError or SettingsError.
    """
    words = None if settings.vocabulary is None else read_vocabulary(settings.vocabulary)
    readings = read_parts(source, test, settings, talk)
    corpora = dict(zip(("train", "test"), (reading.corpus for reading in readings), strict=False))
    audited = Audited(
        corpora["train"],
        corpora.get("test"),
        near=settings.near,
        beside=columns_beside(readings),
        grouped=readings[0].columns.group,
        threads=settings.threads,
        probabilities=unseen(corpora, settings, talk) if settings.labels else {},
        vocabulary=words,
    )
    return AuditResult(
        source=readings[0].source,
        test_source=None if test is None else readings[1].source,
        read=sum(reading.read for reading in readings),
        accepted=sum(len(reading.corpus) for reading in readings),
        rejected=sum(len(reading.rejected) for reading in readings),
        findings=audit_parts(audited, talk),
    )


def read_parts(
    source: object, test: object, settings: AuditSettings, talk: Talk
) -> list[CorpusReading]:
    """The source and, where there is one, the test source with its labels and columns."""
    first = read_corpus(source, settings.reading, talk=talk)
    if test is None:
        return [first]
    return [
        first,
        read_corpus(
            test, settings.reading, labels=first.corpus.labels, trained=first.columns, talk=talk
        ),
    ]


def unseen(
    corpora: dict[str, Corpus], settings: AuditSettings, talk: Talk
) -> dict[str, np.ndarray]:
    """(N, K) probabilities of each part, by a linear model that has not seen the row."""
    train = corpora["train"]
    try:
        with talk.task("judging labels by a model"):
            given = out_of_fold(
                train, corpora.get("test"),
                seed=settings.seed, threads=settings.threads, talk=talk,
            )  # fmt: skip
    except DataError as error:
        raise DataError(
            f"{len(train):,} rows are too few to judge labels by",
            hint="look for label noise in a larger file, or without --labels",
        ) from error
    return dict(zip(corpora, (one for one in given if one is not None), strict=True))


def columns_beside(readings: list[CorpusReading]) -> dict[str, list[pa.ChunkedArray]]:
    """The columns that are neither text nor label, and that all readings have as one type."""
    found = {}
    for name in readings[0].table.column_names:
        if name in _used(readings[0].columns):
            continue
        columns = [one.table[name] for one in readings if name in one.table.column_names]
        if len(columns) == len(readings) and len({column.type for column in columns}) == 1:
            found[name] = columns
    return found


def _used(columns: Columns) -> set[str]:
    """Text, label, time and the names of rows: what checks of other columns leave out."""
    labels = columns.label if isinstance(columns.label, tuple) else (columns.label,)
    return {name for name in (*columns.text, *labels, columns.id, columns.time) if name}
