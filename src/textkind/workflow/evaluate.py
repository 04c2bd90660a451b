"""Evaluate: load -> read -> predict -> score. Nothing is written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textkind.classifier import Classifier, predict_probabilities
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings
from textkind.decision.decision import decide
from textkind.evaluation.scorecard import score_part
from textkind.progress import SILENT, Talk
from textkind.workflow.mistakes import mistake_records
from textkind.workflow.origin import classifier_of, file_digest
from textkind.workflow.slices import columns_to_slice, slice_facts
from textkind.workflow.unread import unread_tokens


@dataclass(frozen=True)
class EvaluateSettings:
    """How labelled texts are read and figures drawn."""

    reading: ReadSettings = field(default_factory=ReadSettings)
    slices: tuple[str, ...] = ()  # columns to slice by, beside those that are sliced by anyway
    mistakes: int = 0  # most confident mistakes to tell
    seed: int = 0  # of the bootstrap
    threads: int | None = None


@dataclass(frozen=True, eq=False)
class EvaluateResult:
    """figures is a part of metrics.json, slices its entry; mistakes are those of mistakes.jsonl."""

    source: str
    read: int
    accepted: int
    rejected: int
    figures: dict[str, Any]
    slices: dict[str, Any] | None
    mistakes: list[dict[str, Any]]


def evaluate(
    model: str | Path | Classifier,
    source: object,
    settings: EvaluateSettings = EvaluateSettings(),
    talk: Talk = SILENT,
) -> EvaluateResult:
    """Measure a model on labelled text it has not seen.

    model is a run folder, a model folder, or a classifier in memory; source is as for training.
    A folder knows the columns it was trained with, and they are taken where none are named.
    Raises ModelFolderError, DataError or ColumnError.
    """
    classifier, origin = classifier_of(model)
    trained = None if origin is None else origin.columns
    trained_on = None if origin is None else origin.sha256
    if trained_on is not None and file_digest(source) == trained_on:
        talk.note("these are the texts the model was trained on: new texts will do worse")
    reading = read_corpus(
        source, settings.reading, labels=classifier.labels, trained=trained, talk=talk
    )
    corpus = reading.corpus
    with talk.task("predicting"):
        given = predict_probabilities(classifier, corpus.texts, settings.threads)
        unread_tokens(classifier.model, corpus.texts, settings.threads, talk, "texts")
    with talk.task("evaluating"):
        predicted = decide(classifier.decision, given)
        figures = score_part(given, predicted, corpus.targets, corpus.labels, settings.seed)
        beside = columns_to_slice(reading, settings.slices)
        slices = slice_facts(
            corpus, beside, given, predicted, asked=settings.slices, seed=settings.seed
        )
    mistakes = []
    if settings.mistakes:
        mistakes = mistake_records(classifier, corpus, given, settings.mistakes)
    return EvaluateResult(
        source=reading.source,
        read=reading.read,
        accepted=len(corpus),
        rejected=len(reading.rejected),
        figures=figures,
        slices=slices,
        mistakes=mistakes,
    )
