"""Behaviour: load -> read -> change the texts -> predict both -> how often the answer flips."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.changes.texts import CHANGES, changed_texts
from textkind.checks.finding import names_of, shown
from textkind.classifier import Classifier, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.settings import ReadSettings
from textkind.decision.decision import decide
from textkind.errors import SettingsError, did_you_mean
from textkind.evaluation.flips import flip_figures
from textkind.evaluation.metrics import correct_rows
from textkind.progress import SILENT, Talk
from textkind.workflow.origin import classifier_of
from textkind.workflow.perhaps_labelled import read_perhaps_labelled

EXAMPLES = 5  # kept of a change
LENGTH = 160  # characters of an example


@dataclass(frozen=True)
class BehaviourSettings:
    """Which changes are tried, on how many texts, and how these are read."""

    changes: tuple[str, ...] = tuple(CHANGES)
    most: int = 1000  # texts, drawn by the seed; of a smaller source all
    reading: ReadSettings = field(default_factory=ReadSettings)
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        for name in self.changes:
            if name not in CHANGES:
                raise SettingsError(
                    "there is no such change", found=name, hint=did_you_mean(name, CHANGES)
                )
        if not self.changes:
            raise SettingsError("no change is asked for", hint=f"known: {', '.join(CHANGES)}")
        if self.most < 1:
            raise SettingsError("there must be 1 text or more to change", found=self.most)


@dataclass(frozen=True, eq=False)
class BehaviourResult:
    """changes is JSON-able, a record of figures and examples for each; tried of accepted texts."""

    source: str
    read: int
    accepted: int
    rejected: int
    tried: int
    labelled: bool
    changes: list[dict[str, Any]]


def behaviour(
    model: str | Path | Classifier,
    source: object,
    settings: BehaviourSettings = BehaviourSettings(),
    talk: Talk = SILENT,
) -> BehaviourResult:
    """Change texts a little and tell how often the answer of a model flips.

    model is a run folder, a model folder or a classifier in memory. source is as for prediction;
    where it has the column of labels that the model learned from, or settings.reading names one,
    accuracy before and after is told as well. Raises ModelFolderError, DataError, ColumnError or
    SettingsError.
    """
    classifier, origin = classifier_of(model)
    columns = None if origin is None else origin.columns
    given = read_perhaps_labelled(source, settings.reading, classifier.labels, columns, talk)
    texts, rows, targets = given.texts, given.rows, given.targets
    accepted = len(texts)
    if accepted > settings.most:
        drawn = np.random.default_rng(settings.seed).permutation(accepted)[: settings.most]
        drawn.sort()
        texts, rows = texts.take(pa.array(drawn)), rows[drawn]
        targets = None if targets is None else targets[drawn]
    with talk.task("predicting"):
        before = predict_probabilities(classifier, texts, settings.threads)
    unlabelled = decide(classifier.decision, before)
    corpus = Corpus(texts, unlabelled if targets is None else targets, classifier.labels, rows)
    found = []
    for name in settings.changes:
        with talk.task(f"trying {name.replace('_', ' ')}"):
            found.append(
                _tried(classifier, corpus, before, name, settings, labelled=targets is not None)
            )
    return BehaviourResult(
        given.source, given.read, accepted, given.rejected, len(texts), targets is not None, found
    )


def _tried(
    classifier: Classifier,
    corpus: Corpus,
    before: np.ndarray,
    name: str,
    settings: BehaviourSettings,
    *,
    labelled: bool,
) -> dict[str, Any]:
    """The figures of one change, over the texts that it changes."""
    texts = corpus.texts.to_pylist()
    changed = changed_texts(name, texts, settings.seed)
    rows = np.flatnonzero([one != other for one, other in zip(texts, changed, strict=True)])
    after = predict_probabilities(
        classifier,
        pa.array([changed[row] for row in rows], pa.large_string()),
        settings.threads,
    )
    some, given = corpus.take(rows), before[rows]
    answers, answers_after = (decide(classifier.decision, one) for one in (given, after))
    figures, flipped, moved = flip_figures(given, after, answers, answers_after)
    accuracy = None
    if labelled and len(rows):
        accuracy = {
            "before": float(correct_rows(answers, some.targets).mean()),
            "after": float(correct_rows(answers_after, some.targets).mean()),
        }
    order = np.lexsort((-moved, ~flipped))[: min(EXAMPLES, int(flipped.sum()))]
    return {
        "change": name,
        "what": CHANGES[name].what,
        "keeps": CHANGES[name].keeps,
        **figures,
        "accuracy": accuracy,
        "examples": [
            {
                "row": int(some.rows[place]),
                "text": shown(texts[rows[place]], LENGTH),
                "changed": shown(changed[rows[place]], LENGTH),
                "before": names_of(corpus.labels, answers[place]),
                "after": names_of(corpus.labels, answers_after[place]),
                "moved": float(moved[place]),
            }
            for place in order.tolist()
        ],
    }
