"""What may be the cause of a mistake: one detector a cause, arrays in, rows out.

A detector says of every text, right or wrong, whether the cause is there; what share of those is
wrong says whether it matters. A new cause is a function and a line in CAUSES.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from textkind.checks.label_noise import label_noise
from textkind.evaluation.metrics import correct_rows
from textkind.mistakes.cues import IRONY, NEGATION, context_missing, cue_rows
from textkind.mistakes.familiarity import Familiarity

CLOSE = 0.2  # between the two likeliest labels


@dataclass(frozen=True, eq=False)
class Judged:
    """Texts with what a model answered and what is gold.

    texts, targets   N texts; (N,) ids, or (N, K) 0/1
    probabilities    (N, K); predicted is as targets are
    familiar         what the training texts say of them; None where those are not there
    support          (N,) share of the nearest training texts with the predicted label; or None
    tokens           (N,) of each text, and (N,) read of them; None of a model that reads all
    """

    texts: pa.LargeStringArray
    targets: np.ndarray
    probabilities: np.ndarray
    predicted: np.ndarray
    familiar: Familiarity | None = None
    support: np.ndarray | None = None
    tokens: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def several(self) -> bool:
        """Whether texts may have several labels."""
        return self.targets.ndim == 2

    @cached_property
    def wrong(self) -> np.ndarray:
        """(N,) bool: of several labels, any is wrong."""
        return correct_rows(self.predicted, self.targets) == 0

    @property
    def confidence(self) -> np.ndarray:
        """(N,) how sure the model is: of the likeliest label, of several of its surest decision."""
        if self.several:
            surest: np.ndarray = np.abs(self.probabilities - 0.5).max(axis=1, initial=0)
            return surest
        return self.probabilities.max(axis=1, initial=0)


@dataclass(frozen=True)
class Cause:
    """A cause: its rows as (N,) bool, or None where what it needs is not there.

    circular: only mistakes can be in it, so its rate says nothing.
    """

    what: str
    helps: str
    rows: Callable[[Judged], np.ndarray | None]
    needs: str = ""
    circular: bool = False


def ambiguous(judged: Judged) -> np.ndarray:
    """Two labels are nearly as likely; of several, one that is given and one that is not."""
    given = judged.probabilities
    if judged.several:
        held = judged.predicted != 0
        low = np.where(held, given, np.inf).min(axis=1)
        high = np.where(held, -np.inf, given).max(axis=1)
        return low - high < CLOSE
    top = np.partition(given, -2, axis=1)[:, -2:]
    close: np.ndarray = top[:, 1] - top[:, 0] < CLOSE
    return close


def wrong_label(judged: Judged) -> np.ndarray:
    """Confident learning doubts the label, and the model gives another."""
    doubted = np.zeros(len(judged), bool)
    doubted[label_noise(judged.targets, judged.probabilities).rows] = True
    return doubted & judged.wrong


def other_neighbours(judged: Judged) -> np.ndarray | None:
    """Most of the nearest training texts have another label than the one predicted."""
    return None if judged.support is None else judged.support < 0.5


def rare_words(judged: Judged) -> np.ndarray | None:
    """An unusual share of its words is rare in training, or new."""
    return None if judged.familiar is None else judged.familiar.has_rare_words


def unlike_training(judged: Judged) -> np.ndarray | None:
    """An unusual share of its words and pairs is new, or its length is."""
    return None if judged.familiar is None else judged.familiar.is_unlike


def truncated(judged: Judged) -> np.ndarray | None:
    """Some of its tokens were not read."""
    return None if judged.tokens is None else judged.tokens[0] > judged.tokens[1]


TRAINING = "the training texts: --train FILE"
CAUSES = {
    "ambiguous": Cause(
        "two labels are nearly as likely",
        "more texts on the border of these labels, a rule for them, or one label of two",
        ambiguous,
    ),
    "other_neighbours": Cause(
        "most of the nearest training texts have another label than the answer",
        "read it beside these: labels that overlap need a rule; else more texts of its kind",
        other_neighbours,
        needs=TRAINING + ", of one label each",
    ),
    "missing_context": Cause(
        "a few words, or a word that points at something outside the text",
        "give the model what stands around the text: its title, the message before",
        lambda judged: context_missing(judged.texts),
    ),
    "label_noise": Cause(
        "the model is as sure of another label as it is where that is right",
        "read them first: the label may be wrong",
        wrong_label,
        circular=True,
    ),
    "rare_words": Cause(
        "words that few training texts have",
        "more texts with such words, vectors of words or a pretrained encoder",
        rare_words,
        needs=TRAINING,
    ),
    "negation": Cause(
        "a word that negates",
        "a model that reads word order: word pairs, a network, a pretrained encoder",
        lambda judged: cue_rows(NEGATION, judged.texts),
    ),
    "irony": Cause(
        "a turn of phrase that is often ironic",
        "more ironic texts with labels; a small model will not get it from few",
        lambda judged: cue_rows(IRONY, judged.texts),
    ),
    "truncated": Cause(
        "a text that was not read whole",
        "read more of it: --max-tokens, or --long windows",
        truncated,
        needs="a model with a limit of tokens",
    ),
    "unlike_training": Cause(
        "words and word pairs that training never had, or an unusual length",
        "label some of these: they are not like what was learned from",
        unlike_training,
        needs=TRAINING,
    ),
}
