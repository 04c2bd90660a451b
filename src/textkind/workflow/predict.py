"""Predict: open -> (read a block -> label it -> write it) until the end.

Memory holds one block, whatever the size of the file. The output is put in its place whole or
not at all; a pipe gets each block as it is done.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.rejected import Rejection, reasons_in_words, write_rejected
from textkind.data.settings import ReadSettings
from textkind.decision.decision import probabilities
from textkind.encoding.ledger import ledger, told_ledger
from textkind.errors import SettingsError
from textkind.progress import SILENT, Talk
from textkind.storage.place import whole_file, writing
from textkind.workflow.blocks import Blocks
from textkind.workflow.novelty import read_signs
from textkind.workflow.origin import classifier_of
from textkind.workflow.predictions import prediction_columns, with_predictions
from textkind.workflow.promised import (
    PromiseSettings,
    promised,
    promised_columns,
    promises_of,
    told_answers,
)
from textkind.workflow.writers import (
    FORMATS,
    PIPE,
    check_different,
    format_of_output,
    open_writer,
)

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
    output_format: str | None = None  # for a pipe: csv, tsv or jsonl
    overwrite: bool = False
    precision: str | None = None  # of a network: float32, bfloat16, int8 or auto; None: float32
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.output_format is not None and self.output_format not in FORMATS:
            raise SettingsError(
                f"the output format must be one of {', '.join(FORMATS)}", found=self.output_format
            )


@dataclass(frozen=True)
class PredictResult:
    """What came of it: read == predicted + rejected. seconds leave out the loading of the model.

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
    classifier, origin = classifier_of(model)
    trained = None if origin is None else origin.columns
    classifier = reading_in(classifier, settings.precision, talk)
    promises = promises_of(classifier, settings.promises, talk)
    _check_joint(classifier, settings)
    if settings.tokens and classifier.model.token_counts(NO_TEXTS) is None:
        raise SettingsError(
            f"this {classifier.model.name} model has no limit: it reads every text whole",
            hint="leave --tokens out",
        )
    kind = _output_format(output, settings)
    check_different(source, output)
    began = time.monotonic()
    blocks = Blocks(source, settings.reading, trained, talk)
    labels = classifier.labels
    columns, notes = prediction_columns(
        blocks.names,
        several=labels.several,
        top=settings.top,
        labels=len(labels),
        more=promises.names + (TOKENS if settings.tokens else ()),
    )
    for note in notes:
        talk.note(note)
    place = Path("standard output" if str(output) == PIPE else output)
    read, rejected, unread, told = 0, list[Rejection](), Counter[str](), Counter[str]()
    try:
        with talk.task(f"predicting {blocks.name}"), _output(output, settings) as file:
            writer = open_writer(kind, file, settings.joint)
            for block in blocks:
                signs = read_signs(
                    classifier, block.texts, settings.threads, novelty=promises.of_novelty
                )
                given = probabilities(classifier.decision, signs.logits)
                counts = classifier.model.token_counts(block.texts, settings.threads)
                if counts is not None:
                    unread.update(ledger(*counts))
                found = promised(promises, classifier, block.texts, signs, given)
                told.update(answered=int(found.answered.sum()), novel=int(found.novel.sum()))
                more = promised_columns(found, classifier, given)
                if settings.tokens and counts is not None:
                    more += [pa.array(counts[1]), pa.array(counts[0] - counts[1])]
                labelled = found.answered & ~found.novel
                table = with_predictions(block.table, columns, classifier, given, labelled, more)
                with writing(place):
                    writer.write(table)
                read += block.read
                rejected += block.rejected
            with writing(place):
                writer.close()
    finally:
        blocks.close()
    rejected_file = _write_rejected(rejected, output, talk)
    if unread["texts_cut"]:
        hint = "" if settings.tokens else " (--tokens tells how many of each)"
        talk.note(told_ledger(unread, "texts") + hint)
    predicted, least = read - len(rejected), promises.least
    if least is not None:
        talk.note(told_answers(least, told["answered"], predicted))
    if promises.highest is not None:
        talk.note(
            f"{told['novel']:,} of {predicted:,} texts look novel, above {promises.highest:.4g}, "
            "and are left without a label"
        )
    if getattr(classifier.model, "reads_as_graph", False):
        talk.note("the encoder was computed by onnxruntime, in float32")
    return PredictResult(
        read=read,
        predicted=predicted,
        rejected=len(rejected),
        output=str(output),
        rejected_file=rejected_file,
        seconds=time.monotonic() - began,
        unread=dict(unread) if unread else None,
        answered=None if least is None else told["answered"],
        least_confidence=None if least is None else least.confidence,
        novel=None if promises.highest is None else told["novel"],
        highest_novelty=promises.highest,
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


def _check_joint(classifier: Classifier, settings: PredictSettings) -> None:
    if classifier.labels.several or settings.promises.sets is not None:
        for name in classifier.labels.names:
            if settings.joint in name:
                raise SettingsError(
                    "a label holds the text that is to stand between labels",
                    found=name,
                    hint="choose another with --label-delimiter",
                )


def _write_rejected(rejected: list[Rejection], output: str | Path, talk: Talk) -> Path | None:
    if not rejected:
        return None
    told = f"{len(rejected):,} rows could not be used: {reasons_in_words(rejected)}"
    if str(output) == PIPE:
        for one in rejected[:10]:
            talk.note(f"{one.unit} {one.row}: {one.reason}")
        talk.note(told)
        return None
    path = Path(output)
    path = path.with_name(path.name + ".rejected.jsonl")
    write_rejected(path, rejected)
    talk.note(f"{told}; they are in {path}")
    return path
