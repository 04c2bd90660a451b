"""What predict was asked to promise: which texts are answered, which labels could be theirs."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.decision.abstention import CONFIDENCE, Abstention
from textkind.decision.conformal import Conformal, ConformalSettings, label_sets
from textkind.decision.evidence import answers, text_shares
from textkind.decision.promises import promised_error, promised_sets
from textkind.progress import Talk
from textkind.workflow.predictions import label_lists

ANSWERED, LABEL_SET = "answered", "label_set"


@dataclass(frozen=True, eq=False)
class Promises:
    """Thresholds of a classifier; None of what was not asked for."""

    least: Abstention | None
    sets: Conformal | None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that they add."""
        asked = {ANSWERED: self.least, LABEL_SET: self.sets}
        return tuple(name for name, found in asked.items() if found is not None)


def promises_of(
    classifier: Classifier, max_error: float | None, sets: ConformalSettings | None, talk: Talk
) -> Promises:
    """What can be promised; SettingsError where it cannot be."""
    least = None if max_error is None else promised_error(classifier.evidence, max_error)
    if sets is None:
        return Promises(least, None)
    fitted, notes = promised_sets(classifier.evidence, sets)
    for note in notes:
        talk.note(note)
    return Promises(least, fitted)


def promise_columns(
    promises: Promises,
    classifier: Classifier,
    texts: pa.LargeStringArray,
    probabilities: np.ndarray,
) -> tuple[np.ndarray | None, list[pa.Array]]:
    """Which rows are answered, (N,) bool or None for all, and the columns of `names`."""
    answered, added = None, []
    if promises.least is not None:
        answered = is_answered(promises.least, classifier, probabilities)
        added.append(pa.array(answered))
    if promises.sets is not None:
        member = label_sets(promises.sets, probabilities, text_shares(texts))
        added.append(label_lists(classifier, member, probabilities)[0])
    return answered, added


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
