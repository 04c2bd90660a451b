"""What the validation rows showed, kept with the model: what promises are made of later.

    evidence = evidence_of(decision, probabilities, targets, texts)

Of every row which answer it got, how sure and whether it was right, how long it is, and where its
true labels stood among all labels; no text, and no probability of a label that is not true.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.data.collect import string_buffers
from textkind.data.text_keys import mixed, text_keys
from textkind.decision.decision import Decision, decide
from textkind.errors import ModelFolderError

SALT = 7  # of the random shares: any number, but always the same
TYPES = {"confidence": "float32", "correct": "uint8", "shares": "float64", "rows": "int32",
         "targets": "int32", "own": "float32", "above": "float64", "rank": "int32",
         "first": "int32", "bytes": "int64"}  # fmt: skip
# the other arrays are of true labels
OF_ROWS = ("confidence", "correct", "shares", "first", "bytes")


@dataclass(frozen=True, eq=False)
class Standing:
    """Where labels stand in the ranking of their row; arrays of one shape.

    own    probability of the label
    above  sum of those of the labels before it
    rank   its place: 1 for the likeliest
    """

    own: np.ndarray
    above: np.ndarray
    rank: np.ndarray


@dataclass(frozen=True, eq=False)
class Evidence:
    """N rows that nothing learned from, with G true labels; G = N where a text has one label.

    labels      K, of how many
    several     whether a text may have several labels
    confidence  (N,) float32 probability that the answer is right (see `answers`)
    correct     (N,) bool; of several labels: the whole set is right
    shares      (N,) float64 in 0..1, random numbers that depend on the text alone
    first       (N,) int32 label that was given; of several the likeliest of them, K for none
    bytes       (N,) int64 length of the text in UTF-8
    rows        (G,) int32 row of each true label, rising
    targets     (G,) int32 the label
    standing    (G,) where it stood
    """

    labels: int
    several: bool
    confidence: np.ndarray
    correct: np.ndarray
    shares: np.ndarray
    first: np.ndarray
    bytes: np.ndarray
    rows: np.ndarray
    targets: np.ndarray
    standing: Standing

    def __len__(self) -> int:
        return len(self.confidence)


def evidence_of(
    decision: Decision,
    probabilities: np.ndarray,
    targets: np.ndarray,
    texts: pa.LargeStringArray,
) -> Evidence:
    """Of N texts, their (N, K) probabilities, and the (N,) ids or (N, K) 0/1 that are true."""
    confidence, predicted = answers(decision, probabilities)
    rows, labels = np.arange(len(targets)), targets
    correct = predicted == targets
    if decision.several:
        rows, labels = np.nonzero(targets)
        correct = correct.all(axis=1)
    everywhere = standing_of(probabilities)
    return Evidence(
        probabilities.shape[1], decision.several, confidence, correct, text_shares(texts),
        first_labels(predicted, probabilities), text_bytes(texts),
        rows.astype(np.int32), labels.astype(np.int32),
        Standing(*(array[rows, labels] for array in vars(everywhere).values())),
    )  # fmt: skip


def answers(decision: Decision, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) float32 confidence, and what `decide` makes of (N, K) probabilities.

    Confidence is the probability of the label given; of several labels the product of those of the
    labels given and of 1 less those of the others, as if they came independently.
    """
    predicted = decide(decision, probabilities)
    if not decision.several:
        return probabilities[np.arange(len(predicted)), predicted], predicted
    each = np.where(predicted, probabilities, 1 - probabilities).astype(np.float64)
    return each.prod(axis=1).astype(np.float32), predicted


def first_labels(predicted: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(N,) int32 the label given, of what `answers` predicted; of several labels the likeliest of
    those given, and K where none is.
    """
    if predicted.ndim == 1:
        return predicted.astype(np.int32)
    best = np.where(predicted, probabilities, -1).argmax(axis=1)
    return np.where(predicted.any(axis=1), best, probabilities.shape[1]).astype(np.int32)


def text_bytes(texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) int64 length of each text in UTF-8."""
    return np.diff(string_buffers(texts)[0])


def standing_of(probabilities: np.ndarray) -> Standing:
    """The standing (N, K) of every label of (N, K) probabilities; of equal ones the first leads."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    falling = np.take_along_axis(probabilities, order, axis=1).astype(np.float64)
    above, rank = np.empty_like(falling), np.empty(order.shape, np.int32)
    np.put_along_axis(above, order, falling.cumsum(axis=1) - falling, axis=1)
    np.put_along_axis(rank, order, np.arange(1, order.shape[1] + 1, dtype=np.int32)[None], axis=1)
    return Standing(probabilities, above, rank)


def text_shares(texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) float64 in 0..1: a random number for each text, the same wherever the text stands."""
    return (mixed(text_keys(texts), SALT) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def evidence_arrays(evidence: Evidence | None) -> dict[str, np.ndarray]:
    """The arrays to save; none where there is no evidence."""
    if evidence is None:
        return {}
    told = vars(evidence) | vars(evidence.standing)
    return {name: told[name].astype(kind) for name, kind in TYPES.items()}


def evidence_from_arrays(
    arrays: dict[str, np.ndarray], several: bool, labels: int
) -> Evidence | None:
    """What `evidence_arrays` was given; ModelFolderError names what is wrong. labels is K."""
    if not arrays:
        return None

    def require(good: bool | np.bool_, problem: str) -> None:
        if not good:
            raise ModelFolderError(f"what validation showed is damaged: {problem}")

    found = {name: str(array.dtype) for name, array in arrays.items()}
    require(found == TYPES, f"its arrays are not {TYPES}")
    number, true = len(arrays["confidence"]), len(arrays["rows"])
    for name, array in arrays.items():
        require(array.shape == (number if name in OF_ROWS else true,), f"the shape of {name}")
    rows, targets, rank = arrays["rows"], arrays["targets"], arrays["rank"]
    require(several or true == number, "a row without its label")
    require((np.diff(rows) >= 0).all(), "rows in disorder")
    for name, highest in {"confidence": 1, "correct": 1, "shares": 1, "own": 1, "above": labels,
                          "first": labels, "bytes": np.inf,
                          "rows": number - 1, "targets": labels - 1}.items():  # fmt: skip
        require(((arrays[name] >= 0) & (arrays[name] <= highest)).all(), name)
    require(((rank >= 1) & (rank <= labels)).all(), "rank")
    return Evidence(
        labels, several, arrays["confidence"], arrays["correct"] != 0, arrays["shares"],
        arrays["first"], arrays["bytes"], rows, targets,
        Standing(arrays["own"], arrays["above"], rank),
    )  # fmt: skip
