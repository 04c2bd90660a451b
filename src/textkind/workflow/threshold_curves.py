"""The entry "curves" of metrics.json: what the shown part shows of all thresholds."""

from typing import Any

import numpy as np

from textkind.data.corpus import Corpus
from textkind.decision.decision import Decision
from textkind.decision.evidence import answers
from textkind.evaluation.threshold_curves import label_curve, risk_curve

MOST_LABELS = 12  # of several labels a text, those with most texts


def curve_facts(decision: Decision, part: Corpus, given: np.ndarray) -> dict[str, Any]:
    """The curves of a part by its (N, K) probabilities; N is 1 or more.

    Where a text has one of two labels, `labels` has the curve of the second in label order; where
    it may have several, that of all decisions together (label None) and of the commonest labels;
    otherwise nothing.
    """
    confidence, predicted = answers(decision, given)
    right = predicted == part.targets
    return {
        "risk": risk_curve(confidence, right.all(axis=1) if decision.several else right),
        "labels": _label_curves(decision, part, given),
    }


def _label_curves(decision: Decision, part: Corpus, given: np.ndarray) -> list[dict[str, Any]]:
    names, targets = part.labels.names, part.targets
    if not decision.several:
        if len(names) != 2:
            return []
        return [_curve(names[1], given[:, 1], targets == 1)]
    texts = targets.astype(bool).sum(axis=0)
    commonest = np.argsort(-texts, kind="stable")[:MOST_LABELS]
    return [
        _curve(None, given, targets),
        *(_curve(names[k], given[:, k], targets[:, k]) for k in commonest if texts[k]),
    ]


def _curve(label: str | None, given: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
    return {"label": label, "gold": int((gold != 0).sum()), "points": label_curve(given, gold)}
