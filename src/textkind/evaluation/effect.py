"""What choosing or training otherwise changed: the same rows' labels with it and without it.

In go two sets of predicted labels and the targets; out come plain numbers, label by label, so that
a gain of rare labels is never told without what it cost the common ones.
"""

from typing import Any

import numpy as np

from textkind.data.labels import LabelSet
from textkind.evaluation.counts import count_labels, f1, macro, micro, occurs, recall
from textkind.evaluation.metrics import correct_rows


def effect_figures(
    predicted: np.ndarray, without: np.ndarray, targets: np.ndarray, labels: LabelSet
) -> dict[str, Any]:
    """accuracy, macro_f1, micro_f1 and every label's recall and f1, each with it and without.

    All three are (N,) ids or (N, K) 0/1; None where a figure is undefined.
    """
    both = {"value": predicted, "without": without}
    counts = {name: count_labels(given, targets, len(labels)) for name, given in both.items()}
    headline = {
        "accuracy": {
            name: float(correct_rows(given, targets).mean()) if len(targets) else None
            for name, given in both.items()
        },
        "macro_f1": {name: _number(macro(f1, one)) for name, one in counts.items()},
        "micro_f1": {name: _number(micro(f1, one)) for name, one in counts.items()},
    }
    per_label = []
    for label, text in enumerate(labels.names):
        figures: dict[str, Any] = {
            "label": text,
            "support": int(counts["value"].gold[label]),
        }
        for key, figure in (("recall", recall), ("f1", f1)):
            figures[key] = {
                name: float(figure(one)[label]) if occurs(one)[label] else None
                for name, one in counts.items()
            }
        per_label.append(figures)
    return headline | {"per_label": per_label}


def _number(value: np.ndarray) -> float | None:
    return None if np.isnan(value) else float(value)
