"""What predict was asked beside labels: which texts to answer, label sets, which are novel."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.decision.abstention import CONFIDENCE, Abstention
from textkind.decision.conformal import Conformal, ConformalSettings, label_sets
from textkind.decision.evidence import answers, text_shares
from textkind.decision.novelty import novelty_scores, rejection_threshold
from textkind.decision.novelty_scores import Signs
from textkind.decision.promises import promised_error, promised_sets
from textkind.progress import Talk
from textkind.workflow.novelty import fitted_novelty
from textkind.workflow.predictions import label_lists

ANSWERED, LABEL_SET, NOVELTY, NOVEL = "answered", "label_set", "novelty", "novel"


@dataclass(frozen=True)
class PromiseSettings:
    """What may be asked of predictions beside the label; None: it is not.

    max_error   share of wrong ones among the answered
    sets        sets of labels that hold the true one
    novelty     tell how novel each text looks
    keep_known  turn novel texts away, so that this share of those in scope stays
    """

    max_error: float | None = None
    sets: ConformalSettings | None = None
    novelty: bool = False
    keep_known: float | None = None


@dataclass(frozen=True, eq=False)
class Promises:
    """Thresholds of a classifier; None of what was not asked for. tells: novelty as a column."""

    least: Abstention | None
    sets: Conformal | None
    tells: bool
    highest: float | None

    @property
    def of_novelty(self) -> bool:
        """Whether texts must be looked at for novelty."""
        return self.tells or self.highest is not None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that they add."""
        asked = {
            ANSWERED: self.least is not None,
            LABEL_SET: self.sets is not None,
            NOVELTY: self.tells,
            NOVEL: self.highest is not None,
        }
        return tuple(name for name, is_asked in asked.items() if is_asked)


@dataclass(frozen=True, eq=False)
class Promised:
    """Of N texts which are sure enough and which novel, (N,) bool, and what is told of each.

    told  by the names of the promises, in their order: (N,) bool or float64; sets as (N, K) bool
    """

    answered: np.ndarray
    novel: np.ndarray
    told: dict[str, np.ndarray]


def promises_of(classifier: Classifier, asked: PromiseSettings, talk: Talk) -> Promises:
    """What can be promised; SettingsError where it cannot be."""
    least = fitted = highest = None
    if asked.max_error is not None:
        least = promised_error(classifier.evidence, asked.max_error)
    if asked.sets is not None:
        fitted, notes = promised_sets(classifier.evidence, asked.sets)
        for note in notes:
            talk.note(note)
    if asked.novelty:
        fitted_novelty(classifier)  # raises where there is none
    if asked.keep_known is not None:
        highest = rejection_threshold(fitted_novelty(classifier), asked.keep_known)
    return Promises(least, fitted, asked.novelty, highest)


def promised(
    promises: Promises,
    classifier: Classifier,
    texts: pa.LargeStringArray,
    signs: Signs,
    probabilities: np.ndarray,
) -> Promised:
    """What the promises come to for some texts, by what was read of them."""
    answered, novel = np.ones(len(texts), bool), np.zeros(len(texts), bool)
    told: dict[str, np.ndarray] = {}
    if promises.least is not None:
        answered = told[ANSWERED] = is_answered(promises.least, classifier, probabilities)
    if promises.sets is not None:
        told[LABEL_SET] = label_sets(promises.sets, probabilities, text_shares(texts))
    if promises.of_novelty:
        scores = novelty_scores(fitted_novelty(classifier), signs)
        if promises.tells:
            told[NOVELTY] = scores
        if promises.highest is not None:
            novel = told[NOVEL] = scores > promises.highest
    return Promised(answered, novel, told)


def promised_columns(
    found: Promised, classifier: Classifier, probabilities: np.ndarray
) -> list[pa.Array]:
    """What is told of each text as columns."""
    return [
        label_lists(classifier, values, probabilities)[0] if name == LABEL_SET else pa.array(values)
        for name, values in found.told.items()
    ]


def is_answered(least: Abstention, classifier: Classifier, probabilities: np.ndarray) -> np.ndarray:
    """(N,) bool: whether an answer is sure enough."""
    return answers(classifier.decision, probabilities)[0] >= least.confidence


def told_answers(least: Abstention, answered: int, rows: int) -> str:
    """How many were answered, and what is promised of them."""
    return (
        f"{answered:,} of {rows:,} texts answered, from confidence {least.confidence:.4g} up: at "
        f"most {least.max_error:.4g} of the answers are wrong, with {CONFIDENCE:.0%} confidence, "
        "where texts come as the validation texts came"
    )
