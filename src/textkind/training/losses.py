"""Logits and targets to one loss a text: softmax or sigmoid, weighted, smoothed, focal, or soft.

The head follows from the label set: two labels of which a text has one are one logit, more are a
softmax, several labels a text are a sigmoid each.

Soft targets are a teacher's probabilities q, softened by a temperature T, beside labels y
(Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural network"):

    share * H(y, z) + (1 - share) * T^2 * H(q_T, z / T)

with H the cross entropy of the head; T^2 keeps the gradients of the second part as large at any T.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from textkind.data.labels import LabelSet
from textkind.data.soft import SoftTargets, indicators, softened
from textkind.errors import SettingsError
from textkind.training.imbalance import (
    FOCAL,
    NONE,
    ROOT_WEIGHTS,
    USUAL_FOCUS,
    WEIGHTS,
    class_weights,
    parse_imbalance,
    positive_weights,
)
from textkind.training.settings import TrainingSettings

PLAIN = {"imbalance": NONE, "label_smoothing": 0.0}


@dataclass(frozen=True, eq=False)
class Loss:
    """How a text's logits are judged.

    head             binary: (B, 1) logits, softmax or sigmoid: (B, K)
    class_weights    (K,) float32 weight of a text by its label, or None
    positive_weights (K,) float32 weight of positive targets, or None
    consistency      weight of the disagreement of two passes; 0: there is one pass
    temperature      of soft targets; None: targets are labels
    """

    head: str
    class_weights: Tensor | None = None
    positive_weights: Tensor | None = None
    label_smoothing: float = 0.0
    focal: float = 0.0
    consistency: float = 0.0
    temperature: float | None = None


def head_of(labels: LabelSet, head: str) -> str:
    """The head for a label set, or the one asked for; SettingsError where it cannot serve."""
    if head == "auto":
        if labels.several:
            return "sigmoid"
        return "binary" if len(labels) == 2 else "softmax"
    if labels.several and head != "sigmoid":
        raise SettingsError("texts with several labels need the sigmoid head", found=head)
    if head == "binary" and len(labels) != 2:
        raise SettingsError("the binary head needs two labels", found=len(labels))
    return head


def outputs_of(head: str, labels: int) -> int:
    """How many logits the network computes."""
    return 1 if head == "binary" else labels


def logits_of(head: str, outputs: np.ndarray) -> np.ndarray:
    """(N, K) float32 logits of a network's outputs; one logit m becomes -m/2 and m/2."""
    return np.column_stack([-outputs / 2, outputs / 2]) if head == "binary" else outputs


def make_loss(
    labels: LabelSet,
    targets: np.ndarray,
    settings: TrainingSettings,
    soft: SoftTargets | None = None,
) -> Loss:
    """The loss of the settings; weights are drawn from the targets of the training part.

    SettingsError where soft targets are to be weighted, smoothed or focused as labels may be.
    """
    head = head_of(labels, settings.head)
    if soft is not None:
        for name, without in PLAIN.items():
            if getattr(settings, name) != without:
                raise SettingsError(
                    f"soft targets are learned as they are: {name} must be {without}",
                    found=getattr(settings, name),
                )
        return Loss(head, consistency=settings.consistency, temperature=soft.temperature)
    member = targets if targets.ndim == 2 else np.eye(len(labels), dtype=np.uint8)[targets]
    counts = np.maximum(member.sum(axis=0), 1)  # a label of validation alone has no text here
    asked = parse_imbalance(settings.imbalance)
    by_class = by_positive = None
    if asked.method in (WEIGHTS, ROOT_WEIGHTS):
        if labels.several:
            weights = positive_weights(counts, len(targets), asked.method)
            by_positive = torch.from_numpy(weights.astype(np.float32))
        else:
            weights = class_weights(counts, asked.method)
            by_class = torch.from_numpy(weights.astype(np.float32))
    focus = (USUAL_FOCUS if asked.value is None else asked.value) if asked.method == FOCAL else 0.0
    return Loss(head, by_class, by_positive, settings.label_smoothing, focus, settings.consistency)


def loss_targets(
    loss: Loss, targets: np.ndarray, labels: int, soft: SoftTargets | None = None
) -> Tensor:
    """Targets as the head takes them: (N,) int64 for softmax, else (N, K) or (N, 1) float32.

    Soft: (N, 1 + 2 C) float32, the share of the label, its C indicators, and the C probabilities
    at the temperature; C is 1 for the binary head, else K.
    """
    if soft is not None:
        several = loss.head == "sigmoid"
        columns = slice(1, 2) if loss.head == "binary" else slice(0, labels)
        given = softened(soft.probabilities, soft.temperature, several)[:, columns]
        parts = soft.label_share[:, None], indicators(targets, labels)[:, columns], given
        return torch.from_numpy(np.concatenate(parts, axis=1, dtype=np.float32))
    if loss.head == "softmax":
        return torch.from_numpy(targets.astype(np.int64))
    if loss.head == "binary":
        return torch.from_numpy(targets.astype(np.float32)[:, None])
    if targets.ndim == 1:
        targets = np.eye(labels, dtype=np.float32)[targets]
    return torch.from_numpy(targets.astype(np.float32))


def text_losses(loss: Loss, logits: Tensor, targets: Tensor) -> Tensor:
    """(B,) float32 loss of every text, before its weight; over labels it is summed for a sigmoid.

    Focal loss (Lin et al. 2017): times (1 - p)^focal, p being the probability of what is true. The
    power is taken of log(1 - p): where p rounds to 1 its slope stays finite.
    """
    if loss.temperature is not None:
        return _soft_losses(loss, logits, targets)
    if loss.head == "softmax":
        losses = functional.cross_entropy(
            logits, targets, reduction="none", label_smoothing=loss.label_smoothing
        )
        if loss.focal:
            others = logits.log_softmax(dim=1).scatter(1, targets[:, None], -torch.inf)
            losses = losses * (loss.focal * others.logsumexp(dim=1)).exp()
        return losses
    smooth = targets * (1 - loss.label_smoothing) + loss.label_smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(
        logits, smooth, reduction="none", pos_weight=loss.positive_weights
    )
    if loss.focal:
        away = torch.where(targets > 0.5, -logits, logits)
        losses = losses * (loss.focal * functional.logsigmoid(away)).exp()
    return losses.sum(dim=1)


def _soft_losses(loss: Loss, logits: Tensor, targets: Tensor) -> Tensor:
    """(B,) loss of (B, C) logits and (B, 1 + 2 C) soft targets."""
    assert loss.temperature is not None
    share, labels, given = targets.split([1, logits.shape[1], logits.shape[1]], dim=1)
    share, temperature = share[:, 0], loss.temperature
    by_label = _cross_entropy(loss.head, logits, labels)
    by_teacher = _cross_entropy(loss.head, logits / temperature, given)
    return share * by_label + (1 - share) * temperature**2 * by_teacher


def _cross_entropy(head: str, logits: Tensor, probabilities: Tensor) -> Tensor:
    if head == "softmax":
        return functional.cross_entropy(logits, probabilities, reduction="none")
    return functional.binary_cross_entropy_with_logits(logits, probabilities, reduction="none").sum(
        dim=1
    )


def disagreement(loss: Loss, logits: Tensor, others: Tensor) -> Tensor:
    """(B,) float32: the mean of KL(p || q) and KL(q || p) of two passes, over labels summed.

    p and q are softmax probabilities, or a Bernoulli's for each logit (Liang et al. 2021, R-Drop,
    equation 2).
    """
    if loss.head == "softmax":
        first, second = logits.log_softmax(dim=1), others.log_softmax(dim=1)
        return ((first.exp() - second.exp()) * (first - second)).sum(dim=1) / 2
    # of a Bernoulli both divergences together are (p - q) (logit p - logit q)
    return ((logits.sigmoid() - others.sigmoid()) * (logits - others)).sum(dim=1) / 2


def text_weights(loss: Loss, targets: Tensor) -> Tensor | None:
    """(B,) float32 weight of every text by its label; None: all alike."""
    if loss.class_weights is None:
        return None
    if loss.head == "softmax":
        return loss.class_weights[targets]
    if loss.head == "binary":
        return loss.class_weights[targets[:, 0].long()]
    return loss.class_weights[targets.argmax(dim=1)]
