"""Explain: load -> decide -> a method that fits the model -> what each piece of a text adds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, model_kind, predict_probabilities
from textkind.data.texts import as_texts
from textkind.decision.decision import decide, probabilities
from textkind.errors import SettingsError, did_you_mean
from textkind.explain.explanation import Completeness, Explanation, contrast, pieces_of
from textkind.explain.faithfulness import Faithfulness, faithfulness, word_weights
from textkind.explain.ngrams import explained_ngrams
from textkind.explain.occlusion import MOST_PIECES, chunks, fallen
from textkind.models.linear import LinearModel
from textkind.progress import SILENT, Talk
from textkind.workflow.origin import classifier_of

AUTO, WEIGHTS, GRADIENTS, LEAVE_ONE_OUT = "auto", "weights", "gradients", "leave-one-out"
METHODS = (AUTO, WEIGHTS, GRADIENTS, LEAVE_ONE_OUT)
ROUNDING = 1e-4  # logits: what sums of float32 numbers may come to otherwise


@dataclass(frozen=True)
class ExplainSettings:
    """What is explained, and how.

    label, against  names; without a label that of the decision, without against the rest
    method          auto: weights of the linear model, gradients of a network, else leave-one-out
    tolerance       of gradients: the error of their sum, in logits, or as a share of a difference
                    above 1
    most_steps      of gradients between baseline and text
    most_pieces     of leave-one-out; of a text of more words several are one piece
    most_ngrams     that are told of the linear model
    check           whether the faithfulness of the weights is measured, against words drawn by the
                    seed
    """

    label: str | None = None
    against: str | None = None
    method: str = AUTO
    tolerance: float = 0.01
    most_steps: int = 1024
    most_pieces: int = MOST_PIECES
    most_ngrams: int = 100
    check: bool = False
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SettingsError(
                "there is no such method",
                found=self.method,
                hint=did_you_mean(self.method, METHODS),
            )
        if self.against is not None and self.label is None:
            raise SettingsError(
                "a label to compare with needs one that is compared",
                found=self.against, hint="give both labels",
            )  # fmt: skip
        if self.label is not None and self.label == self.against:
            raise SettingsError("a label cannot be compared with itself", found=self.label)
        if not 0 < self.tolerance < float("inf"):
            raise SettingsError("tolerance must be a number above 0", found=self.tolerance)
        for name in ("most_steps", "most_pieces", "most_ngrams"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise SettingsError(f"{name} must be a whole number from 1", found=value)


@dataclass(frozen=True)
class ExplainedText:
    """A text, the labels that it is given, and an explanation of each label that was asked for."""

    text: str
    decided: tuple[str, ...]
    explanations: tuple[Explanation, ...]


def explain_texts(
    model: str | Path | Classifier,
    texts: Any,
    settings: ExplainSettings = ExplainSettings(),
    talk: Talk = SILENT,
) -> list[ExplainedText]:
    """Tell of each text which of its pieces made a model say what it says.

    model is a run folder, a model folder or a classifier in memory; texts are as as_texts takes
    them. Without a label that of the decision is explained; where a text may have several, each
    that it is given, or the most probable one. dataclasses.asdict makes JSON of the result, which
    docs/explain.md describes. Raises ModelFolderError, DataError or SettingsError.
    """
    classifier, _ = classifier_of(model)
    given = as_texts(texts)
    method = chosen_method(classifier, settings.method, talk)
    asked = _id_of(classifier, settings.label)
    against = _id_of(classifier, settings.against)
    logits = classifier.model.logits(given, settings.threads)
    likely = probabilities(classifier.decision, logits)
    decided = decide(classifier.decision, likely)
    names = classifier.labels.names
    explained = []
    with talk.task("explaining"):
        for row, text in enumerate(given.to_pylist()):
            ids = (
                np.flatnonzero(decided[row])
                if classifier.labels.several
                else decided[row : row + 1]
            )
            wanted = [asked] if asked is not None else ids.tolist() or [int(likely[row].argmax())]
            told = tuple(
                EXPLAINERS[method](
                    Asked(classifier, text, label, against, logits[row], likely[row], settings)
                )
                for label in wanted
            )
            explained.append(ExplainedText(text, tuple(names[one] for one in ids), told))
            talk.advance(row + 1, len(given))
    return explained


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
            return predict_probabilities(self.classifier, texts, self.settings.threads)[
                :, self.label
            ]

        words = word_weights(self.text, spans, weights, self.settings.most_pieces)
        return faithfulness(self.text, *words, probability, self.settings.seed)


def _by_weights(asked: Asked) -> Explanation:
    model = asked.classifier.model
    assert isinstance(model, LinearModel)
    spans, weights, ngrams = explained_ngrams(
        model, asked.text, asked.wanted, asked.settings.most_ngrams
    )
    empty = model.logits(pa.array([""], pa.large_string()))[0]
    there = float(asked.wanted @ empty)
    baseline = "a text without a known n-gram"
    return _complete(asked, WEIGHTS, baseline, there, spans, weights, ngrams=ngrams)


def _by_gradients(asked: Asked) -> Explanation:
    from textkind.explain.tokens import token_weights

    model, settings = asked.classifier.model, asked.settings
    found = token_weights(
        model, asked.text, asked.wanted,  # type: ignore[arg-type]
        tolerance=settings.tolerance, most_steps=settings.most_steps, threads=settings.threads,
    )  # fmt: skip
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


def _by_leaving_out(asked: Asked) -> Explanation:
    model = asked.classifier.model
    pieces, words = chunks(asked.text, asked.settings.most_pieces)
    notes = []
    if words > 1:
        notes.append(f"the text is long: {words:,} words at a time are left out")
    _, weights = fallen(
        asked.text, pieces, lambda texts: model.logits(texts, asked.settings.threads) @ asked.wanted
    )
    if model.name == "prior":
        notes.append("the prior reads no text: whatever it says, all texts have the same logits")
    return asked.explanation(
        pieces,
        weights,
        method=LEAVE_ONE_OUT,
        baseline="the text without the piece",
        baseline_difference=None,
        completeness=None,
        notes=tuple(notes),
    )


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    WEIGHTS: _by_weights,
    GRADIENTS: _by_gradients,
    LEAVE_ONE_OUT: _by_leaving_out,
}


def chosen_method(classifier: Classifier, asked: str, talk: Talk = SILENT) -> str:
    """The method for a model; SettingsError where the one that is asked for does not fit it."""
    model = classifier.model
    fitting = {LEAVE_ONE_OUT}
    if isinstance(model, LinearModel):
        fitting.add(WEIGHTS)
    elif model_kind(model.name).module == "textkind.models.neural":
        from textkind.explain.tokens import has_gradients

        if has_gradients(model):  # type: ignore[arg-type]
            fitting.add(GRADIENTS)
        elif asked == AUTO:
            talk.note("the network is read in fewer digits, without gradients: leaving words out")
    if asked == AUTO:
        return next(method for method in METHODS if method in fitting)
    if asked not in fitting:
        raise SettingsError(
            f"{asked} cannot explain this model",
            found=f"a {model.name} model",
            hint="this fits it: " + ", ".join(sorted(fitting)),
        )
    return asked


def _id_of(classifier: Classifier, name: str | None) -> int | None:
    names = classifier.labels.names
    if name is None:
        return None
    if name not in names:
        raise SettingsError(
            "the model has no such label", found=name, hint=did_you_mean(name, names)
        )
    return names.index(name)
