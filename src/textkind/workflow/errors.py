"""Errors: load -> read -> predict -> group the mistakes -> write them row by row."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textkind.classifier import Classifier, predict_probabilities
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings
from textkind.progress import SILENT, Talk
from textkind.storage.documents import write_lines
from textkind.storage.place import whole_file, writing
from textkind.workflow.error_groups import error_groups
from textkind.workflow.mistakes import mistake_records
from textkind.workflow.origin import classifier_of, learned_from


@dataclass(frozen=True)
class MistakesSettings:
    """How labelled texts are read, and what is learned of the training texts."""

    train: object = None  # the source the model learned from; None: what needs it is left out
    reading: ReadSettings = field(default_factory=ReadSettings)
    seed: int = 0  # of the clusters
    threads: int | None = None
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class MistakesResult:
    """figures is the entry "errors" of metrics.json; output is where all mistakes stand."""

    source: str
    read: int
    accepted: int
    rejected: int
    figures: dict[str, Any]
    output: str | None


def explain_mistakes(
    model: str | Path | Classifier,
    source: object,
    output: str | Path | None = None,
    settings: MistakesSettings = MistakesSettings(),
    talk: Talk = SILENT,
) -> MistakesResult:
    """Group a model's mistakes on labelled text by what may be their cause.

    model is a run folder, a model folder or a classifier in memory; source and settings.train are
    as for training. With `output` every mistake is written there, a line of JSON each, the most
    confident first. Raises ModelFolderError, DataError, ColumnError, SettingsError or OutputError.
    """
    classifier, origin = classifier_of(model)
    columns = None if origin is None else origin.columns
    labels = classifier.labels
    reading = read_corpus(source, settings.reading, labels=labels, trained=columns, talk=talk)
    if learned_from(origin, source):
        talk.note("these are the texts the model was trained on: new texts fail otherwise")
    learned = None
    if settings.train is not None:
        learned = read_corpus(
            settings.train, settings.reading, labels=labels, trained=columns, talk=talk
        ).corpus
    corpus = reading.corpus
    with talk.task("predicting"):
        given = predict_probabilities(classifier, corpus.texts, settings.threads)
    found = error_groups(
        classifier, corpus, given, learned,
        own_vectors=True, seed=settings.seed, threads=settings.threads, talk=talk,
    )  # fmt: skip
    if output is not None:
        with talk.task("explaining the mistakes"):
            records = mistake_records(classifier, corpus, given, len(corpus), found)
        with whole_file(Path(output), overwrite=settings.overwrite) as part, writing(Path(output)):
            write_lines(part, records)
        talk.note(f"{len(records):,} mistakes written to {output}")
    return MistakesResult(
        reading.source, reading.read, len(corpus), len(reading.rejected), found.figures,
        None if output is None else str(output),
    )  # fmt: skip
