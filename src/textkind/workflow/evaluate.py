"""Evaluate: load -> read -> predict -> score. Nothing is written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.finding import Audited
from textkind.classifier import Classifier
from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading, read_corpus, texts_of
from textkind.data.settings import ReadSettings
from textkind.data.text_keys import text_keys
from textkind.decision.decision import decide, probabilities
from textkind.decision.novelty import novelty_scores
from textkind.evaluation.scorecard import score_headline, score_part
from textkind.progress import SILENT, Talk
from textkind.workflow.leaks import clean_figures
from textkind.workflow.mistakes import mistake_records
from textkind.workflow.novelty import (
    fitted_novelty,
    novelty_figures,
    read_signs,
    text_novelty,
)
from textkind.workflow.origin import any_classifier, learned_from
from textkind.workflow.parts import read_unlabelled
from textkind.workflow.promise_check import promise_check
from textkind.workflow.promised import PromiseSettings, promises_of
from textkind.workflow.scope import with_label, without_label
from textkind.workflow.slices import columns_to_slice, slice_facts
from textkind.workflow.unread import unread_tokens


@dataclass(frozen=True)
class EvaluateSettings:
    """How labelled texts are read and figures drawn."""

    reading: ReadSettings = field(default_factory=ReadSettings)
    train: object = None  # what the model learned from, to leave out what is nearly in it, too
    slices: tuple[str, ...] = ()  # columns to slice by, beside those that are sliced by anyway
    out_of_scope: object = None  # a source of texts that have none of the labels
    out_of_scope_label: str | None = None  # the label that such texts have in the file itself
    promises: PromiseSettings = field(default_factory=PromiseSettings)  # errors and sets, to check
    mistakes: int = 0  # most confident mistakes to tell
    seed: int = 0  # of the bootstrap
    threads: int | None = None


@dataclass(frozen=True, eq=False)
class EvaluateResult:
    """figures is a part of metrics.json, clean and slices are its entries.

    clean leaves out the texts that the model has seen; with a training source those nearly so, too,
    else `near` and `similarity` are None. mistakes are records of mistakes.jsonl.
    novelty is how well texts out of scope are told; None where none were given. promises is what
    those asked for came to; None where none was.
    """

    source: str
    read: int
    accepted: int
    rejected: int
    figures: dict[str, Any]
    clean: dict[str, Any] | None
    slices: dict[str, Any] | None
    novelty: dict[str, Any] | None
    promises: dict[str, Any] | None
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
    Raises ModelFolderError, DataError, ColumnError, or SettingsError for what cannot be promised.
    """
    classifier, origin = any_classifier(model)
    promises = promises_of(classifier, settings.promises, talk)
    trained = None if origin is None else origin.columns
    if learned_from(origin, source):
        talk.note("these are the texts the model was trained on: new texts will do worse")
    reading, outside = _read(classifier, source, settings, trained, talk)
    corpus = reading.corpus
    with talk.task("predicting"):
        signs = read_signs(classifier, corpus.texts, settings.threads, novelty=outside is not None)
        given = probabilities(classifier.decision, signs.logits)
        unread_tokens(classifier.model, corpus.texts, settings.threads, talk, "texts")
    with talk.task("evaluating"):
        predicted = decide(classifier.decision, given)
        figures = score_part(given, predicted, corpus.targets, corpus.labels, settings.seed)
        clean = _clean(classifier, corpus, given, predicted, settings, trained, talk)
        beside = columns_to_slice(reading, settings.slices)
        slices = slice_facts(
            corpus, beside, given, predicted, asked=settings.slices, seed=settings.seed
        )
    novelty = None
    if outside is not None:
        with talk.task("telling texts out of scope"):
            fitted = fitted_novelty(classifier)
            novelty = novelty_figures(
                fitted,
                novelty_scores(fitted, signs),
                text_novelty(classifier, outside, settings.threads),
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
        clean=clean,
        slices=slices,
        novelty=novelty,
        promises=promise_check(promises, classifier, corpus, given),
        mistakes=mistakes,
    )


def _read(
    classifier: Classifier,
    source: object,
    settings: EvaluateSettings,
    trained: Columns | None,
    talk: Talk,
) -> tuple[CorpusReading, pa.LargeStringArray | None]:
    """The labelled texts, and those out of scope of the same file and of their own."""
    labels, label = classifier.labels, settings.out_of_scope_label
    read = labels if label is None else with_label(labels, label)
    reading = read_corpus(source, settings.reading, labels=read, trained=trained, talk=talk)
    outside = []
    if label is not None:
        reading, texts = without_label(reading, label)
        outside.append(texts)
    if settings.out_of_scope is not None:
        given = read_unlabelled(settings.out_of_scope, settings.reading, reading.columns, talk)
        outside.append(texts_of(given, given.columns))
    if outside:
        fitted_novelty(classifier)  # raises where there is none
    return reading, pa.concat_arrays(outside) if outside else None


def _clean(
    classifier: Classifier,
    corpus: Corpus,
    given: np.ndarray,
    predicted: np.ndarray,
    settings: EvaluateSettings,
    trained: Columns | None,
    talk: Talk,
) -> dict[str, Any] | None:
    """The headline without the rows that the model has seen; None where it has seen none."""
    if settings.train is not None:
        learned = read_corpus(
            settings.train, settings.reading, labels=classifier.labels, trained=trained, talk=talk
        ).corpus
        audited = Audited(learned, corpus, threads=settings.threads)
        return clean_figures(audited, given, predicted, settings.seed, talk)
    if classifier.seen is None:
        return None
    same = np.isin(text_keys(corpus.texts), classifier.seen)
    if not same.any():
        return None
    talk.note(
        f"the model has seen {same.sum():,} of {len(corpus):,} texts in training: the figures are "
        "told with and without them"
    )
    rows = ~same
    figures = score_headline(given[rows], predicted[rows], corpus.targets[rows], settings.seed)
    return {"left_out": {"same": int(same.sum()), "near": None}, "similarity": None, **figures}
