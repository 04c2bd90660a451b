"""One label of one text explained: by weights, by gradients, or by leaving words out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, predict_probabilities
from textkind.errors import DataError
from textkind.explain.explanation import Completeness, Explanation, contrast, pieces_of
from textkind.explain.faithfulness import Faithfulness, faithfulness, word_weights
from textkind.explain.ngrams import bias_logits, explained_ngrams
from textkind.explain.occlusion import chunks, fallen
from textkind.explain.settings import (
    AUTO,
    GRADIENTS,
    LEAVE_ONE_OUT,
    WEIGHTS,
    ExplainSettings,
)
from textkind.models.linear import LinearModel

ROUNDING = 1e-4  # logits: what sums of float32 numbers may come to otherwise


@dataclass(frozen=True, eq=False)
class Asked:
    """One label of one text: logits and likely are (K,)."""

    classifier: Classifier
    text: str
    label: int
    against: int | None
    logits: np.ndarray
    likely: np.ndarray
    settings: ExplainSettings

    @property
    def wanted(self) -> np.ndarray:
        """(K,) what logits are multiplied with."""
        labels = self.classifier.labels
        return contrast(len(labels), self.label, self.against, labels.several)

    @property
    def difference(self) -> float:
        """What is explained."""
        return float(self.wanted @ self.logits)

    def explanation(self, spans: np.ndarray, weights: np.ndarray, **told: Any) -> Explanation:
        """The explanation with what a method has found: pieces (P, 2) and their weights (P,)."""
        names = self.classifier.labels.names
        return Explanation(
            label=names[self.label],
            against=None if self.against is None else names[self.against],
            probability=float(self.likely[self.label]),
            difference=self.difference,
            pieces=pieces_of(self.text, spans, weights),
            faithfulness=self._faithfulness(spans, weights) if self.settings.check else None,
            **told,
        )

    def _faithfulness(self, spans: np.ndarray, weights: np.ndarray) -> Faithfulness | None:
        def probability(texts: pa.LargeStringArray) -> np.ndarray:
            likely = predict_probabilities(self.classifier, texts, self.settings.threads)
            return likely[:, self.label]

        words = word_weights(self.text, spans, weights, self.settings.most_pieces)
        return faithfulness(self.text, *words, probability, self.settings.seed)


def _by_weights(asked: Asked) -> Explanation:
    model = asked.classifier.model
    assert isinstance(model, LinearModel)
    spans, weights, ngrams = explained_ngrams(
        model, asked.text, asked.wanted, asked.settings.most_ngrams
    )
    there = float(asked.wanted @ bias_logits(model))
    baseline = "a text without a known n-gram"
    return _complete(asked, WEIGHTS, baseline, there, spans, weights, ngrams=ngrams)


def _by_gradients(asked: Asked) -> Explanation:
    from textkind.explain.tokens import token_weights

    model, settings = asked.classifier.model, asked.settings
    found = token_weights(
        model, asked.text, asked.wanted,  # type: ignore[arg-type]
        tolerance=settings.tolerance, most_steps=settings.most_steps, threads=settings.threads,
    )  # fmt: skip
    if found is None:
        if settings.method == AUTO:
            return _by_leaving_out(asked, "the text is too long for gradients: words are left out")
        raise DataError(
            "the text is too long for gradients",
            found=f"{len(asked.text):,} characters",
            hint="leave-one-out explains a text of any length",
        )
    notes = []
    if found.read < found.tokens:
        notes.append(f"{found.read:,} of {found.tokens:,} tokens are read: the others add nothing")
    return _complete(
        asked, GRADIENTS, "the same text with zeros for the vectors of its tokens",
        found.integrated.start, found.pieces, found.weights, notes=notes,
        steps=found.integrated.steps,
    )  # fmt: skip


def _complete(
    asked: Asked,
    method: str,
    baseline: str,
    there: float,
    spans: np.ndarray,
    weights: np.ndarray,
    *,
    ngrams: Any = None,
    notes: list[str] | None = None,
    steps: int | None = None,
) -> Explanation:
    """The explanation by weights that should add up, and whether they do."""
    gap = asked.difference - there
    total = float(weights.sum())
    tolerance = ROUNDING if steps is None else asked.settings.tolerance
    tolerance *= max(1.0, abs(gap))
    error = abs(total - gap)
    notes = [] if notes is None else notes
    if error > tolerance:
        miss = f"the weights miss the difference by {error:.2g}, and {tolerance:.2g} is allowed"
        notes = [*notes, miss]
    return asked.explanation(
        spans,
        weights,
        method=method,
        baseline=baseline,
        baseline_difference=there,
        completeness=Completeness(total, error, tolerance, error <= tolerance, steps),
        ngrams=ngrams,
        notes=tuple(notes),
    )


def _by_leaving_out(asked: Asked, *notes: str) -> Explanation:
    model = asked.classifier.model
    pieces, words = chunks(asked.text, asked.settings.most_pieces)
    if words > 1:
        notes = (*notes, f"the text is long: {words:,} words at a time are left out")
    _, weights = fallen(
        asked.text, pieces, lambda texts: model.logits(texts, asked.settings.threads) @ asked.wanted
    )
    if model.name == "prior":
        notes = (*notes, "the prior reads no text: all texts have the same logits")
    return asked.explanation(
        pieces,
        weights,
        method=LEAVE_ONE_OUT,
        baseline="the text without the piece",
        baseline_difference=None,
        completeness=None,
        notes=notes,
    )


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    WEIGHTS: _by_weights,
    GRADIENTS: _by_gradients,
    LEAVE_ONE_OUT: _by_leaving_out,
}
