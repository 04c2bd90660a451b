"""The classifier: a model and a decision. What users hold, what the model folder stores.

Texts go in, probabilities or label ids come out. Prediction, evaluation, serving and the
scikit-learn face all go through the two functions here: one road from text to labels.
"""

import importlib
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision, decide, probabilities
from textkind.decision.evidence import Evidence
from textkind.decision.novelty import Novelty
from textkind.decision.rule import Rule
from textkind.environment import keep_few_shapes
from textkind.errors import SettingsError, did_you_mean
from textkind.optional import need


class Model(Protocol):
    """Texts to logits. `name` is a key of MODELS; `facts` is a JSON-able account of the fit."""

    labels: LabelSet
    name: str
    facts: dict[str, Any]

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits."""
        ...

    def token_counts(
        self, texts: pa.LargeStringArray, threads: int | None = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """(N,) tokens of each text, and (N,) of them that are read; None where all are, always."""
        ...

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config and named arrays, from which from_state makes the same model."""
        ...


@dataclass(frozen=True)
class ModelKind:
    """Where the parts of one kind of model stand; imported when asked for."""

    module: str
    model: str  # the class
    fit: str | None  # the function; None: made of fitted models, not of texts
    update: str | None = None  # MODULE:FUNCTION that lets a fitted model learn on
    tolerance: float = 1e-6  # of a saved logit, relative: what another machine may give otherwise
    needs: str | None = None  # an optional package that the module imports
    extra: str | None = None  # of textkind, that brings all it needs; None: that of the package
    stream: str | None = None  # a module whose fit_stream learns it from texts that are streamed

    def part(self, name: str, module: str | None = None) -> Any:
        """The class or function of that name in the kind's module, or in another of its modules.

        MissingPackageError where the package that it needs is not installed.
        """
        if self.needs is not None:
            need(self.needs, "this model", self.extra)
        return getattr(importlib.import_module(self.module if module is None else module), name)


_NEURAL = ModelKind(
    "textkind.models.neural",
    model="NeuralModel",
    fit="fit_neural",
    update="textkind.models.neural_update:update_neural",
    tolerance=1e-3,  # a network's sums are taken in another order on another processor
    needs="torch",
)
_PRETRAINED = replace(_NEURAL, extra="pretrained")
MODELS = {
    "prior": ModelKind(
        "textkind.models.prior",
        model="PriorModel",
        fit="fit_prior",
        update="textkind.models.prior:update_prior",
    ),
    "linear": ModelKind(
        "textkind.models.linear",
        model="LinearModel",
        fit="fit_linear",
        stream="textkind.models.streamed_linear",
        update="textkind.models.linear_update:update_linear",
    ),
    "mean_pool": replace(_NEURAL, stream="textkind.models.streamed_neural"),
    "perceptron": _NEURAL,
    "cnn": _NEURAL,
    "rnn": _NEURAL,
    "transformer": _NEURAL,
    "frozen": _PRETRAINED,
    "pretrained": _PRETRAINED,
    "stack": ModelKind("textkind.stack", model="StackModel", fit=None, tolerance=1e-3),
}


STREAMED = tuple(name for name, kind in MODELS.items() if kind.stream is not None)


def model_kind(name: str) -> ModelKind:
    """The kind of that name; SettingsError with the nearest name where there is none."""
    if name not in MODELS:
        raise SettingsError("there is no such model", found=name, hint=did_you_mean(name, MODELS))
    return MODELS[name]


def fit_function(name: str) -> Any:
    """The function that fits the model of that name.

    SettingsError for a name that there is not, and for a model that is made of others.
    """
    kind = model_kind(name)
    if kind.fit is None:
        raise SettingsError(
            f"a {name} is made of fitted models, not learned from texts",
            hint="`textkind compare` makes one",
        )
    return _learning(kind, kind.fit)


def stream_function(name: str) -> Any:
    """The function that fits the model of that name to a stream of texts and a sample of them.

    SettingsError for a model that there is not, or that wants all texts in memory.
    """
    kind = model_kind(name)
    if kind.stream is None:
        raise SettingsError(
            "this model wants all texts in memory: it does not learn from a stream",
            found=name,
            hint="leave --stream out, or choose " + " or ".join(STREAMED),
        )
    return _learning(kind, "fit_stream", kind.stream)


def update_function(name: str) -> Any:
    """The function that lets a fitted model of that name learn on.

    SettingsError for a name that there is not, and for a model that is made of others.
    """
    kind = model_kind(name)
    if kind.update is None:
        raise SettingsError(
            f"a {name} is made of fitted models and learns from no text itself",
            hint="update the runs that it is made of, or make it anew: `textkind compare`",
        )
    module, _, function = kind.update.partition(":")
    return _learning(kind, function, module)


def _learning(kind: ModelKind, name: str, module: str | None = None) -> Any:
    """A function of the kind's that learns."""
    if kind.needs == "torch":
        keep_few_shapes()
    return kind.part(name, module)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A fitted model with its decision, and what validation showed of both.

    classes are the labels as the user gave them (names, numbers or true/false), in the order of
    `labels.names`, which are the same as strings. seen (M,) uint64 are the sorted keys of the texts
    that it learned from or was chosen by (data/text_keys.py); None where that is not known.
    """

    model: Model
    decision: Decision
    classes: tuple[str | int | float | bool, ...]
    evidence: Evidence | None = None
    seen: np.ndarray | None = None
    novelty: Novelty | None = None

    @property
    def labels(self) -> LabelSet:
        """The label set of the model."""
        return self.model.labels


def predict_probabilities(
    classifier: Classifier, texts: pa.LargeStringArray, threads: int | None = None
) -> np.ndarray:
    """(N, K) float32 calibrated probabilities."""
    return probabilities(classifier.decision, classifier.model.logits(texts, threads))


def predict_ids(
    classifier: Classifier, texts: pa.LargeStringArray, threads: int | None = None
) -> np.ndarray:
    """(N,) int32 label ids, or (N, K) uint8 for several labels."""
    decision = classifier.decision
    if not decision.several and decision.rule == Rule() and decision.calibrator.keeps_order:
        # The highest logit stays the most probable, so for single texts the time of the
        # probabilities, a third of the whole, can be saved.
        return classifier.model.logits(texts, threads).argmax(axis=1).astype(np.int32)
    return decide(classifier.decision, predict_probabilities(classifier, texts, threads))
