"""How well logits do on validation, in the figures that a training can be stopped by."""

import numpy as np

from textkind.decision.temperature import fit_temperature
from textkind.evaluation.counts import FIGURES_OF_COUNTS, LabelCounts

HIGHER_IS_BETTER = {"log_loss": False, "accuracy": True, "macro_f1": True}


def validation_figures(logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Log loss at the best temperature, accuracy and macro F1 of (N, K) float32 logits.

    targets is (N,) ids, or (N, K) 0/1; accuracy of several labels is that of the whole set. A logit
    that is not a number counts as 0, which knows nothing: the figures are finite.
    """
    logits = np.nan_to_num(logits, nan=0.0)
    several = targets.ndim == 2
    given = logits > 0 if several else logits.argmax(axis=1)
    same = (given == targets).all(axis=1) if several else given == targets
    labels = np.arange(logits.shape[1])
    gold = targets != 0 if several else targets[:, None] == labels
    found = given if several else given[:, None] == labels
    counts = LabelCounts(gold.sum(axis=0), found.sum(axis=0), (gold & found).sum(axis=0))
    return {
        "log_loss": fit_temperature(logits, targets).log_loss_after,
        "accuracy": float(same.mean()),
        "macro_f1": float(FIGURES_OF_COUNTS["macro_f1"](counts)),
    }


def is_better(figures: dict[str, float], best: dict[str, float] | None, metric: str) -> bool:
    """Whether the metric has gained over the best so far; the first figures always have."""
    if best is None:
        return True
    gained = figures[metric] - best[metric]
    return gained > 0 if HIGHER_IS_BETTER[metric] else gained < 0
