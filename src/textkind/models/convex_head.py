"""The linear head that fits fixed vectors best: logistic regression, to its one optimum.

    head = fit_head(vectors, targets, 3, "softmax", strength=10.0)
    logits = vectors @ head.weights.T + head.bias

Minimised is |W|^2 / 2 + strength * the sum of the texts' losses, as scikit-learn's
LogisticRegression has it with C, by L-BFGS (Liu and Nocedal 1989) from SciPy; the bias is free.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from textkind.training.imbalance import (
    NONE,
    ROOT_WEIGHTS,
    WEIGHTS,
    class_weights,
    positive_weights,
)

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)  # tried on validation
MOST_STEPS = 300
TOLERANCE = 1e-5  # of the slope's largest number, over strength and texts


@dataclass(frozen=True, eq=False)
class Head:
    """weights (K, W) and bias (K,), float32; K is 1 for the binary head."""

    weights: np.ndarray
    bias: np.ndarray


def fit_head(
    vectors: np.ndarray,
    targets: np.ndarray,
    labels: int,
    kind: str,
    strength: float,
    start: Head | None = None,
    imbalance: str = NONE,
) -> Head:
    """The head for (N, W) float32 vectors; kind is binary, softmax or sigmoid.

    targets is (N,) ids, or (N, labels) 0/1. A start near the optimum makes the way shorter, and
    changes nothing in where it ends. imbalance weights and root-weights weigh the losses.
    """
    outputs = 1 if kind == "binary" else labels
    wanted = _wanted(targets, labels, kind)
    width = vectors.shape[1]
    vectors = np.ascontiguousarray(vectors, np.float32)
    loss = _softmax_loss if kind == "softmax" else _sigmoid_loss
    factors = loss_weights(targets, labels, imbalance)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = flat[:-outputs].reshape(outputs, width), flat[-outputs:]
        logits = vectors @ weights.astype(np.float32).T + bias.astype(np.float32)
        losses, slopes = loss(logits, wanted)  # (N, 1 or K), and slopes (N, K) of the logits
        total = float((losses * factors).sum(dtype=np.float64))
        slopes *= factors
        gradient = np.empty_like(flat)
        gradient[:-outputs] = (slopes.T @ vectors).ravel() + weights.ravel() / strength
        gradient[-outputs:] = slopes.sum(axis=0, dtype=np.float64)
        value = total + float(np.square(weights).sum()) / (2 * strength)
        return value / len(vectors), gradient / len(vectors)

    first = np.zeros(outputs * (width + 1))
    if start is not None:
        first[:-outputs], first[-outputs:] = start.weights.ravel(), start.bias
    found = minimize(
        objective, first, jac=True, method="L-BFGS-B",
        options={"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "gtol": TOLERANCE, "ftol": 1e-9},
    ).x.astype(np.float32)  # fmt: skip
    return Head(found[:-outputs].reshape(outputs, width), found[-outputs:])


def heads_by_strength(
    vectors: np.ndarray,
    targets: np.ndarray,
    labels: int,
    kind: str,
    strengths: Iterable[float] = STRENGTHS,
    imbalance: str = NONE,
) -> Iterator[tuple[float, Head]]:
    """The head of every strength, each on its way from the one before."""
    head = None
    for strength in strengths:
        head = fit_head(vectors, targets, labels, kind, strength, head, imbalance)
        yield strength, head


def _wanted(targets: np.ndarray, labels: int, kind: str) -> np.ndarray:
    """(N,) ids for softmax, else (N, K) float32 of 0 and 1."""
    if kind == "softmax":
        return targets.astype(np.int64)
    if kind == "binary":
        return targets.astype(np.float32)[:, None]
    return (np.eye(labels)[targets] if targets.ndim == 1 else targets).astype(np.float32)


def loss_weights(targets: np.ndarray, labels: int, imbalance: str) -> np.ndarray:
    """(N, 1) float32 weight of every text, or (N, K) of each of its labels; (1, 1) of all alike."""
    if imbalance not in (WEIGHTS, ROOT_WEIGHTS):
        return np.ones((1, 1), np.float32)
    if targets.ndim == 2:
        positive = positive_weights(np.maximum(targets.sum(axis=0), 1), len(targets), imbalance)
        return np.where(targets != 0, positive, 1).astype(np.float32)
    counts = np.maximum(np.bincount(targets, minlength=labels), 1)
    return class_weights(counts, imbalance)[targets, None].astype(np.float32)


def _softmax_loss(logits: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(logits))
    normal = logsumexp(logits, axis=1)
    slopes = np.exp(logits - normal[:, None])
    slopes[rows, wanted] -= 1
    return (normal - logits[rows, wanted])[:, None], slopes


def _sigmoid_loss(logits: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.logaddexp(0, logits) - wanted * logits, expit(logits) - wanted
