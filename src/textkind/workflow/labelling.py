"""Texts to predictions, block by block: what is decided beforehand, and one block of rows labelled.

Whatever reads and writes the rows, a file, a folder of shards or the workers of a cluster, labels
them by `label_rows`, so the same text gets the same prediction everywhere.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.columns import Columns
from textkind.data.settings import ReadSettings
from textkind.decision.decision import probabilities
from textkind.encoding.ledger import ledger, told_ledger
from textkind.errors import DataError, SettingsError
from textkind.progress import SILENT, Talk
from textkind.workflow.novelty import read_signs
from textkind.workflow.origin import any_classifier
from textkind.workflow.predictions import PredictionColumns, prediction_columns, with_predictions
from textkind.workflow.promised import (
    Promises,
    PromiseSettings,
    promised,
    promised_columns,
    promises_of,
    told_answers,
)
from textkind.workflow.writers import FORMATS

TOKENS = ("tokens_read", "tokens_unread")
NO_TEXTS = pa.array([], pa.large_string())


@dataclass(frozen=True)
class PredictSettings:
    """How texts are read and predictions written."""

    reading: ReadSettings = field(default_factory=ReadSettings)
    top: int = 1  # labels told for each text, most probable first
    tokens: bool = False  # tell for each text how many tokens were read, and how many not
    promises: PromiseSettings = field(default_factory=PromiseSettings)
    joint: str = "|"  # between several labels of a text where they share a CSV field
    output_format: str | None = None  # for a pipe or a folder; None: that of the input
    shard_rows: int | None = None  # a file for so many rows; None: see predict_shards
    overwrite: bool = False
    precision: str | None = None  # of a network: float32, bfloat16, int8 or auto; None: float32
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.output_format is not None and self.output_format not in FORMATS:
            raise SettingsError(
                f"the output format must be one of {', '.join(FORMATS)}", found=self.output_format
            )
        if self.shard_rows is not None and self.shard_rows < 1:
            raise SettingsError("the rows of a shard must be 1 or more", found=self.shard_rows)


@dataclass(frozen=True, eq=False)
class Labelling:
    """A classifier and what is asked of it, checked.

    trained  the columns of its training data; None where they are not known
    """

    classifier: Classifier
    trained: Columns | None
    promises: Promises
    settings: PredictSettings


def labelling_of(
    model: str | Path | Classifier, settings: PredictSettings, talk: Talk = SILENT
) -> Labelling:
    """What is decided before a text is read: the model, and what it can promise.

    Raises ModelFolderError where it cannot be loaded, SettingsError where it cannot give what is
    asked.
    """
    classifier, origin = any_classifier(model)
    classifier = reading_in(classifier, settings.precision, talk)
    promises = promises_of(classifier, settings.promises, talk)
    _check_joint(classifier, settings)
    if settings.tokens and classifier.model.token_counts(NO_TEXTS) is None:
        raise SettingsError(
            f"this {classifier.model.name} model has no limit: it reads every text whole, or is an "
            "export",
            hint="leave --tokens out",
        )
    trained = None if origin is None else origin.columns
    return Labelling(classifier, trained, promises, settings)


def columns_for(labelling: Labelling, names: list[str], talk: Talk = SILENT) -> PredictionColumns:
    """The columns to add to rows that have columns of these names; told where names had to change.

    SettingsError where no label at all is to be told.
    """
    labels = labelling.classifier.labels
    columns, notes = prediction_columns(
        names,
        several=labels.several,
        top=labelling.settings.top,
        labels=len(labels),
        more=labelling.promises.names + (TOKENS if labelling.settings.tokens else ()),
    )
    for note in notes:
        talk.note(note)
    return columns


def label_rows(
    labelling: Labelling, columns: PredictionColumns, table: pa.Table, texts: pa.LargeStringArray
) -> tuple[pa.Table, Counter[str]]:
    """A table of N rows with its predictions beside them, and counts that add up over blocks.

    texts  (N,) the text of each row
    counts "answered" and "novel" of the promises; those of the ledger, of a model with a limit

    DataError where the table has a column of a name that predictions were to have.
    """
    if clash := set(columns.names) & set(table.column_names):
        raise DataError(
            "a column that comes up later has the name of one that predictions are written to",
            found=sorted(clash)[0],
            hint="give every row the same columns, or name this one otherwise",
        )
    classifier, promises = labelling.classifier, labelling.promises
    threads = labelling.settings.threads
    signs = read_signs(classifier, texts, threads, novelty=promises.of_novelty)
    given = probabilities(classifier.decision, signs.logits)
    tokens = classifier.model.token_counts(texts, threads)
    found = promised(promises, classifier, texts, signs, given)
    counts = Counter(answered=int(found.answered.sum()), novel=int(found.novel.sum()))
    more = promised_columns(found, classifier, given)
    if tokens is not None:
        counts.update(ledger(*tokens))
        if labelling.settings.tokens:
            more += [pa.array(tokens[1]), pa.array(tokens[0] - tokens[1])]
    labelled = found.answered & ~found.novel
    return with_predictions(table, columns, classifier, given, labelled, more), counts


@dataclass(frozen=True)
class PredictResult:
    """What came of it: read == predicted + rejected. seconds leave out the loading of the model.

    shards are the files of a folder of predictions, shards_before those that stood there already.
    unread is the ledger of the texts (encoding/ledger.py); None of a model without a limit.
    answered, of the predicted, and the confidence they have at least; None where all are answered.
    novel, of the predicted, and the novelty that they exceed; None where none is turned away.
    """

    read: int
    predicted: int
    rejected: int
    output: str
    rejected_file: Path | None
    seconds: float
    unread: dict[str, int] | None
    answered: int | None
    least_confidence: float | None
    novel: int | None
    highest_novelty: float | None
    shards: int | None = None
    shards_before: int | None = None


def result_of(
    labelling: Labelling,
    counts: Counter[str],
    *,
    read: int,
    rejected: int,
    output: str,
    rejected_file: Path | None,
    seconds: float,
    talk: Talk,
    shards: int | None = None,
    shards_before: int | None = None,
) -> PredictResult:
    """What came of all blocks together, by the sum of their counts; told as well."""
    promises, predicted = labelling.promises, read - rejected
    unread = {key: count for key, count in counts.items() if key not in ("answered", "novel")}
    if counts["texts_cut"]:
        hint = "" if labelling.settings.tokens else " (--tokens tells how many of each)"
        talk.note(told_ledger(unread, "texts") + hint)
    least = promises.least
    if least is not None:
        talk.note(told_answers(least, counts["answered"], predicted))
    if promises.highest is not None:
        talk.note(
            f"{counts['novel']:,} of {predicted:,} texts look novel, above {promises.highest:.4g}, "
            "and are left without a label"
        )
    if getattr(labelling.classifier.model, "reads_as_graph", False):
        talk.note("the encoder was computed by onnxruntime, in float32")
    return PredictResult(
        read=read,
        predicted=predicted,
        rejected=rejected,
        output=output,
        rejected_file=rejected_file,
        seconds=seconds,
        unread=unread if unread else None,
        answered=None if least is None else counts["answered"],
        least_confidence=None if least is None else least.confidence,
        novel=None if promises.highest is None else counts["novel"],
        highest_novelty=promises.highest,
        shards=shards,
        shards_before=shards_before,
    )


def reading_in(classifier: Classifier, precision: str | None, talk: Talk = SILENT) -> Classifier:
    """The classifier, its network reading in that precision; None: as it is.

    SettingsError where it is no network, or cannot be read so.
    """
    if precision is None:
        return classifier
    from textkind.models.precision import in_precision  # brings PyTorch with it

    network: Any = in_precision(classifier.model, precision, talk)
    return replace(classifier, model=network)


def _check_joint(classifier: Classifier, settings: PredictSettings) -> None:
    if classifier.labels.several or settings.promises.sets is not None:
        for name in classifier.labels.names:
            if settings.joint in name:
                raise SettingsError(
                    "a label holds the text that is to stand between labels",
                    found=name,
                    hint="choose another with --label-delimiter",
                )
