"""Golden rows: a few texts and what the model said of them, kept in everything that is exported.

    golden = golden_rows(TEXTS, answers, allowed)
    gaps = check_golden(golden, artefact.answers, allowed, "...")    ModelFolderError where too wide

They are checked when an artefact is written, and whenever it is loaded. The texts are of our own
wording, never the user's.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.decision.decision import Decision, decide, probabilities
from textkind.errors import ModelFolderError
from textkind.storage.model_folder import GOLDEN_TEXTS

LONG_WORDS = 1200  # of the longest golden text
Labels = str | list[str]  # of a text: its label, or all of them


@dataclass(frozen=True, eq=False)
class Answers:
    """What is said of N texts: (N, K) float32 logits and probabilities, and the labels of each."""

    logits: np.ndarray
    probabilities: np.ndarray
    labels: list[Labels]


@dataclass(frozen=True)
class Allowed:
    """How far answers may be from those expected: logits relative to 1 or their size."""

    logits: float
    probabilities: float


WRITTEN = Allowed(1e-4, 1e-5)  # on the machine that writes, where nothing is rounded
LOADED = Allowed(1e-3, 1e-4)  # on another machine, as a network of a model folder


@dataclass(frozen=True, eq=False)
class Golden:
    """Texts and the answers expected; a label is None where another is as good within `allowed`."""

    texts: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray
    labels: list[Labels | None]
    allowed: Allowed


def golden_texts() -> tuple[str, ...]:
    """Those of the model folder, and one as long as a document."""
    words = " ".join(text for text in GOLDEN_TEXTS if text).split()
    long = " ".join(words[place * 7 % len(words)] for place in range(LONG_WORDS))
    return (*GOLDEN_TEXTS, long)


def label_names(names: Sequence[str], chosen: np.ndarray) -> list[Labels]:
    """Labels of (N,) ids, or of (N, K) 0/1."""
    if chosen.ndim == 1:
        return [names[int(number)] for number in chosen]
    return [[names[int(number)] for number in np.flatnonzero(row)] for row in chosen]


def answers_of(classifier: Classifier, texts: Sequence[str], threads: int | None = None) -> Answers:
    """What a classifier of ours says of texts."""
    logits = classifier.model.logits(pa.array(texts, pa.large_string()), threads)
    found = probabilities(classifier.decision, logits)
    chosen = decide(classifier.decision, found)
    return Answers(logits, found, label_names(classifier.labels.names, chosen))


def golden_rows(
    texts: Sequence[str], answers: Answers, decision: Decision, allowed: Allowed
) -> Golden:
    """The rows with these answers; labels that little would change are left out."""
    firm = is_firm(decision, answers.probabilities, 2 * allowed.probabilities)
    labels = [label if sure else None for label, sure in zip(answers.labels, firm, strict=True)]
    return Golden(tuple(texts), answers.logits, answers.probabilities, labels, allowed)


def is_firm(decision: Decision, found: np.ndarray, least: float) -> np.ndarray:
    """(N,) bool: whether no label changes when one probability is `least` higher or lower."""
    plain = decide(decision, found)
    firm = np.ones(len(found), bool)
    for label in range(found.shape[1]):
        for step in (-least, least):
            moved = found.copy()
            moved[:, label] += np.float32(step)
            same = decide(decision, moved) == plain
            firm &= same if same.ndim == 1 else same.all(axis=1)
    return firm


def check_golden(
    golden: Golden, answer: Callable[[Sequence[str]], Answers], allowed: Allowed, where: str
) -> dict[str, float]:
    """The greatest differences from the golden rows; ModelFolderError where one is too great."""
    found = answer(golden.texts)
    for name in ("logits", "probabilities"):
        expected, given = getattr(golden, name), getattr(found, name)
        if given.shape != expected.shape:
            raise ModelFolderError(
                f"the golden rows are of other labels than its {name}",
                found=[list(given.shape), list(expected.shape)], where=where,
            )  # fmt: skip
    apart = np.abs(found.logits - golden.logits) / np.maximum(1, np.abs(golden.logits))
    gaps = {
        "logits": float(apart.max()),
        "probabilities": float(np.abs(found.probabilities - golden.probabilities).max()),
    }
    for name, gap in gaps.items():
        if not gap <= getattr(allowed, name):  # nan too
            raise ModelFolderError(
                f"it gives other {name} than when it was exported",
                found=f"a difference of {gap:.2g}, where {getattr(allowed, name):g} is allowed",
                where=where,
                hint="export the model again, on this machine or with these versions",
            )
    for label, given in zip(golden.labels, found.labels, strict=True):
        if label is not None and given != label:
            raise ModelFolderError(
                f"it gives another label than when it was exported: {label!r} is expected",
                found=given, where=where,
            )  # fmt: skip
    return gaps


def golden_to_json(golden: Golden) -> dict[str, Any]:
    """The rows as a JSON-able dict; numbers are those of float32, to the bit."""
    return {
        "texts": list(golden.texts),
        "logits": golden.logits.astype(np.float64).tolist(),
        "probabilities": golden.probabilities.astype(np.float64).tolist(),
        "labels": golden.labels,
        "allowed": asdict(golden.allowed),
    }


def golden_from_json(told: dict[str, Any], where: str) -> Golden:
    """What golden_to_json was given; ModelFolderError where it is none."""
    try:
        logits, chances = (np.array(told[name], np.float32) for name in ("logits", "probabilities"))
        golden = Golden(
            tuple(told["texts"]), logits, chances, told["labels"], Allowed(**told["allowed"])
        )
        rows = len(golden.texts)
        if not rows or logits.ndim != 2 or logits.shape != chances.shape:
            raise ValueError("rows and columns do not fit")
        if len(logits) != rows or len(golden.labels) != rows:
            raise ValueError("rows are missing")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFolderError(
            "the golden rows make no sense", found=str(error), where=where
        ) from error
    return golden
