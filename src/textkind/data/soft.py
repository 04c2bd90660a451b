"""Soft targets: what a teacher says of each text, beside the label it may have.

A student follows share * label + (1 - share) * teacher, text by text: share is 0 where a text has
no label, and 1 where the label alone counts.
"""

from dataclasses import dataclass

import numpy as np

SMALLEST = np.finfo(np.float32).tiny  # stands for a probability of 0 under the logarithm


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """A teacher's probabilities of N texts.

    probabilities  (N, K) float32
    label_share    (N,) float32, 0 to 1: how much the text's own label counts beside them
    temperature    at which the student compares itself (Hinton, Vinyals & Dean 2015); 1: as it is
    """

    probabilities: np.ndarray
    label_share: np.ndarray
    temperature: float = 1.0

    def __len__(self) -> int:
        return len(self.label_share)

    def take(self, indices: np.ndarray) -> "SoftTargets":
        """Those of the texts at `indices`, in that order."""
        shares = self.label_share[indices]
        return SoftTargets(self.probabilities[indices], shares, self.temperature)

    def with_more(self, others: "SoftTargets") -> "SoftTargets":
        """The same with those of other texts behind, at this temperature."""
        return SoftTargets(
            np.concatenate([self.probabilities, others.probabilities]),
            np.concatenate([self.label_share, others.label_share]),
            self.temperature,
        )


def indicators(targets: np.ndarray, classes: int) -> np.ndarray:
    """(N, K) float32 of 0 and 1 of (N,) label ids, or of (N, K) 0/1."""
    if targets.ndim == 2:
        return targets.astype(np.float32)
    return np.eye(classes, dtype=np.float32)[targets]


def mixed(soft: SoftTargets, targets: np.ndarray) -> np.ndarray:
    """(N, K) float32 probabilities to follow: labels and teacher in their shares."""
    share = soft.label_share[:, None]
    labels = indicators(targets, soft.probabilities.shape[1])
    return share * labels + (1 - share) * soft.probabilities


def softened(probabilities: np.ndarray, temperature: float, several: bool) -> np.ndarray:
    """(N, K) float32 probabilities as their logits divided by the temperature would give them.

    One label: p^(1/T) in every row, scaled to sum to 1. Several labels: each against 1 - p.
    """
    given = probabilities.astype(np.float64)
    powers = np.maximum(given, SMALLEST) ** (1 / temperature)
    if several:
        others = np.maximum(1 - given, SMALLEST) ** (1 / temperature)
        return (powers / (powers + others)).astype(np.float32)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
