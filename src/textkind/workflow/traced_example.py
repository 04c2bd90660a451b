"""The entry "traced" of metrics.json: the road of one typical text that was answered rightly."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow.compute as pc

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.decision.evidence import answers
from textkind.workflow.trace import trace_text

ROWS = 5  # of a table
LONGEST = 2000  # characters of the text that are kept


def traced_example(
    classifier: Classifier, part: Corpus, probabilities: np.ndarray
) -> dict[str, Any] | None:
    """The trace of a text of a part whose (N, K) probabilities these are; None where none is right.

    Of the right answers that of median confidence, among texts of middling length: between the
    quartiles of all that are right.
    """
    row = typical_row(classifier, part, probabilities)
    if row is None:
        return None
    trace = asdict(trace_text(classifier, part.texts[row].as_py(), ROWS))
    return {"row": int(part.rows[row]), "trace": trace | {"text": trace["text"][:LONGEST]}}


def typical_row(classifier: Classifier, part: Corpus, probabilities: np.ndarray) -> int | None:
    """Which of the N texts that is."""
    confidence, predicted = answers(classifier.decision, probabilities)
    right = predicted == part.targets
    if right.ndim == 2:  # all labels, and at least one
        right = right.all(axis=1) & predicted.any(axis=1)
    rows = np.flatnonzero(right)
    if not rows.size:
        return None
    lengths = pc.binary_length(part.texts).to_numpy(zero_copy_only=False)[rows]
    low, high = np.quantile(lengths, (0.25, 0.75), method="nearest")
    middling = rows[(lengths >= low) & (lengths <= high)]
    order = np.argsort(confidence[middling], kind="stable")
    return int(middling[order[len(order) // 2]])
