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
) -> Head:
    """The head for (N, W) float32 vectors; kind is binary, softmax or sigmoid.

    targets is (N,) ids, or (N, labels) 0/1. A start near the optimum makes the way shorter, and
    changes nothing in where it ends.
    """
    outputs = 1 if kind == "binary" else labels
    wanted = _wanted(targets, labels, kind)
    width = vectors.shape[1]
    vectors = np.ascontiguousarray(vectors, np.float32)
    loss = _softmax_loss if kind == "softmax" else _sigmoid_loss

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = flat[:-outputs].reshape(outputs, width), flat[-outputs:]
        logits = vectors @ weights.astype(np.float32).T + bias.astype(np.float32)
        total, slopes = loss(logits, wanted)  # slopes (N, K) of the logits
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
) -> Iterator[tuple[float, Head]]:
    """The head of every strength, each on its way from the one before."""
    head = None
    for strength in strengths:
        head = fit_head(vectors, targets, labels, kind, strength, head)
        yield strength, head


def _wanted(targets: np.ndarray, labels: int, kind: str) -> np.ndarray:
    """(N,) ids for softmax, else (N, K) float32 of 0 and 1."""
    if kind == "softmax":
        return targets.astype(np.int64)
    if kind == "binary":
        return targets.astype(np.float32)[:, None]
    return (np.eye(labels)[targets] if targets.ndim == 1 else targets).astype(np.float32)


def _softmax_loss(logits: np.ndarray, wanted: np.ndarray) -> tuple[float, np.ndarray]:
    rows = np.arange(len(logits))
    normal = logsumexp(logits, axis=1)
    total = float((normal - logits[rows, wanted]).sum(dtype=np.float64))
    slopes = np.exp(logits - normal[:, None])
    slopes[rows, wanted] -= 1
    return total, slopes


def _sigmoid_loss(logits: np.ndarray, wanted: np.ndarray) -> tuple[float, np.ndarray]:
    total = float((np.logaddexp(0, logits) - wanted * logits).sum(dtype=np.float64))
    return total, expit(logits) - wanted
