"""The convex problems of the linear model: what is minimised, and how far from the minimum.

A problem is one column of weights. Over all texts i, with sign s_i = 1 for the class and -1 for
the rest, it minimises

    ||w||^2 / 2 + sum_i cost_i * loss(s_i * w . x_i)

where loss is max(0, 1 - m)^2 (squared_hinge) or log(1 + exp(-m)) (logistic), and x has a last
feature that is 1. A problem may have a centre c: then ||w - c||^2 stands for ||w||^2. Where a text
has a probability p of the class rather than a label, its logistic loss is
p log(1 + exp(-w . x)) + (1 - p) log(1 + exp(w . x)).

`multinomial` couples the classes: log sum_k exp(w_k . x_i) - w_{y_i} . x_i.
"""

from dataclasses import dataclass

import numpy as np

STRETCH = 1 << 14  # rows summed at a time, in float32, before they are added up in float64


@dataclass(frozen=True)
class Stopping:
    """When descent ends: at a pass that adds less than `tolerance` of all moves, or the last."""

    tolerance: float = 1e-3
    most_passes: int = 100


@dataclass(frozen=True, eq=False)
class Problems:
    """Binary problems over the same rows.

    targets  (N,) int32 label ids, or (N, K) uint8
    classes  (P,) int64: sign 1 where the target has classes[p], else -1
    costs    (2, P) float32: what an error costs where the sign is -1, and where it is 1
    soft     (N, K) float32 probabilities that stand for the targets, or None; logistic only, and
             what an error costs is then the same on both sides
    weights  (N,) float32 sample weights: how many times an error on the row costs that much; None:
             once. Not beside soft
    """

    targets: np.ndarray
    classes: np.ndarray
    costs: np.ndarray
    soft: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return self.classes.size

    def signs(self, part: slice, width: int) -> np.ndarray:
        """(N, width) int8 signs of some problems; 0 in spare lanes.

        Soft ones are all -1, for p log(1 + exp(-m)) + (1 - p) log(1 + exp(m)) is
        log(1 + exp(m)) - p m: the loss of the sign -1 and a part that is linear in the weights.
        """
        classes = self.classes[part]
        signs = np.zeros((self.targets.shape[0], width), np.int8)
        if self.soft is not None:
            signs[:, : classes.size] = -1
        elif self.targets.ndim == 1:
            signs[:, : classes.size] = np.where(self.targets[:, None] == classes, 1, -1)
        else:
            signs[:, : classes.size] = 2 * self.targets[:, classes].astype(np.int8) - 1
        return signs

    def soft_part(self, part: slice, width: int) -> np.ndarray | None:
        """(N, width) float32 probabilities of some problems, 0 in spare lanes; None of labels."""
        if self.soft is None:
            return None
        classes = self.classes[part]
        soft = np.zeros((len(self.soft), width), np.float32)
        soft[:, : classes.size] = self.soft[:, classes]
        return soft

    def block_costs(self, part: slice, width: int) -> np.ndarray:
        """(2, width) float32 costs of some problems; 1 in spare lanes."""
        costs = np.ones((2, width), np.float32)
        chosen = self.costs[:, part]
        costs[:, : chosen.shape[1]] = chosen
        return costs


@dataclass(frozen=True, eq=False)
class Solution:
    """Weights (blocks, V, width) and biases (blocks, width) float32, and how they were reached.

    Problem p stands in block p // width, lane p % width. facts: passes (the most of any block),
    converged, objective (the sum over problems), relative_gap (how far the sum may still be above
    the minimum, as a share of it).
    """

    weights: np.ndarray
    biases: np.ndarray
    problems: int
    facts: dict


def squared_norm(weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """||w||^2 with the bias, of every column of weights (V, width); float64."""
    norm = np.square(biases, dtype=np.float64)
    for first in range(0, len(weights), STRETCH):
        part = weights[first : first + STRETCH]
        norm += np.einsum("vk,vk->k", part, part)
    return norm


def norm_sums(
    weights: np.ndarray, biases: np.ndarray, centre: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """What the norm adds to the primal and the dual objective of each problem; (width,) float64.

    With a centre (V + 1, P) of the first P problems, and v = w - c, these are ||v||^2 / 2 and
    -||v||^2 / 2 - c . v.
    """
    if centre is None:
        half_norm = squared_norm(weights, biases) / 2
        return half_norm, -half_norm
    used = centre.shape[1]
    moved = np.vstack([weights, biases[None]])[:, :used].astype(np.float64) - centre
    half_norm, along = np.zeros((2, biases.size))
    half_norm[:used] = np.einsum("vk,vk->k", moved, moved) / 2
    along[:used] = np.einsum("vk,vk->k", centre, moved)
    return half_norm, -half_norm - along


def squared_hinge_sums(
    margins: np.ndarray,
    signs: np.ndarray,
    costs: np.ndarray,
    sample_weights: np.ndarray,
    alpha: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Of each problem the loss, and the dual objective without the norm; (width,) float64."""
    cost = np.where(signs > 0, costs[1], costs[0]) * sample_weights[:, None]
    slack = np.maximum(1 - signs * margins, 0)
    loss = (cost * slack * slack).sum(axis=0, dtype=np.float64)
    return loss, (alpha - alpha * alpha / (4 * cost)).sum(axis=0, dtype=np.float64)


def logistic_sums(
    margins: np.ndarray,
    signs: np.ndarray,
    costs: np.ndarray,
    sample_weights: np.ndarray,
    logits: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """As squared_hinge_sums; the dual variables are cost * sigmoid(logits)."""
    cost = np.where(signs > 0, costs[1], costs[0]).astype(np.float64) * sample_weights[:, None]
    loss = np.logaddexp(0, -(signs * margins).astype(np.float64))
    logits = logits.astype(np.float64)
    share = 1 / (1 + np.exp(-logits))
    entropy = np.logaddexp(0, -logits) * share + np.logaddexp(0, logits) * (1 - share)
    return np.sum(cost * loss, axis=0), np.sum(cost * entropy, axis=0)


def multinomial_values(
    margins: np.ndarray, targets: np.ndarray, costs: np.ndarray, shares: np.ndarray, norm: float
) -> tuple[float, float]:
    """Primal and dual objective; margins, shares (N, K), costs (N,), norm of all classes."""
    margins = margins.astype(np.float64)
    highest = margins.max(axis=1, keepdims=True)
    logsum = np.log(np.exp(margins - highest).sum(axis=1)) + highest[:, 0]
    loss = logsum - margins[np.arange(len(margins)), targets]
    part = np.maximum(shares.astype(np.float64) / costs[:, None], 1e-300)
    entropy = -np.sum(part * np.log(part), axis=1)
    return float(norm / 2 + costs @ loss), float(costs @ entropy - norm / 2)
