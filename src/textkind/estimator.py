"""TextClassifier: the face for scikit-learn. It checks at the edge, delegates, decides nothing.

Texts come as any list, array, series or Arrow array of strings; labels in any type come back in
that type. Learning is workflow.learn, prediction is classifier, the folder is storage: the same
road as the command line.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import sklearn.exceptions
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import check_consistent_length

from textkind.classifier import Classifier, fit_function, predict_ids, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.settings import SplitSettings
from textkind.data.split import split_corpus
from textkind.data.texts import as_texts
from textkind.data.typed_labels import are_lists, as_targets, indicators, label_set
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.conformal import ConformalSettings, label_sets
from textkind.decision.decision import probabilities
from textkind.decision.evidence import text_shares
from textkind.decision.novelty import rejection_threshold
from textkind.decision.promises import promised_error, promised_sets
from textkind.decision.rule_settings import RuleSettings
from textkind.decision.temperature import Uncalibrated
from textkind.errors import DataError, ModelFolderError, NotFittedError, SettingsError
from textkind.models.neural_settings import (
    DEFAULTS,
    NeuralSettings,
    default_settings,
    settings_of_json,
)
from textkind.models.prior import PriorSettings
from textkind.models.settings import LINEAR, LinearSettings
from textkind.progress import Notes
from textkind.storage.model_folder import Provenance, load_model, save_model
from textkind.training.imbalance import NONE
from textkind.workflow.imbalance import with_imbalance
from textkind.workflow.learn import ModelSettings, learn, worthwhile_share
from textkind.workflow.novelty import fitted_novelty, text_novelty, with_novelty
from textkind.workflow.promised import is_answered


class UnfittedError(NotFittedError, sklearn.exceptions.NotFittedError):
    """Our error and scikit-learn's in one, so that either `except` catches it."""


class TextClassifier(ClassifierMixin, BaseEstimator):
    """Learn labels of texts; a scikit-learn classifier whose X is a sequence of strings.

    model is the name of one: linear, mean_pool, perceptron, cnn, rnn or transformer. Parameters are
    those of LinearSettings for the linear model, and:

    neural            NeuralSettings of another model; None: its defaults
    imbalance         what is done about labels with few texts, of every model: docs/imbalance.md
    validation_share  share of the rows of `fit` that closes open choices (features, strength,
                      naive_bayes where they are "auto" or None) and calibrates; with fewer than
                      20 such rows fixed values are taken instead
    calibration       how probabilities become as sure as they are right: auto (the best on
                      validation), none, temperature, sigmoid, platt, vector, beta or isotonic
    threshold, positive, costs, top, at_least_one
                      how labels are chosen, as in RuleSettings
    novelty_by        the score that texts out of scope are known by: energy, unseen, knn,
                      mahalanobis, auto (all that the model can give) or none
    seed              of the split and the order of descent
    threads           None: all cores

    Attributes after `fit`: classes_ (labels in their order and their own type), classifier_ (the
    model and its decision), facts_ (the account of the fit), notes_ (what was chosen and told).
    """

    def __init__(
        self,
        model: str = "linear",
        *,
        neural: NeuralSettings | None = None,
        features: str = "auto",
        word_ngrams: tuple[int, int] = (1, 2),
        character_ngrams: tuple[int, int] = (2, 5),
        word_borders: bool = True,
        symbols: bool = True,
        sublinear: bool = True,
        minimum_document_frequency: int | None = None,
        naive_bayes: bool | None = None,
        objective: str = "squared_hinge",
        solver: str = "dual",
        batch_size: int = 32,
        strength: float | None = None,
        imbalance: str = "none",
        refit: bool = True,
        tolerance: float = 2e-3,
        most_passes: int = 100,
        validation_share: float = 0.1,
        calibration: str = "auto",
        novelty_by: str = "energy",
        threshold: str | float = "auto",
        positive: str | None = None,
        costs: str | Path | Mapping[str, Mapping[str, float]] | None = None,
        top: int | None = None,
        at_least_one: bool = False,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        self.model = model
        self.neural = neural
        self.features = features
        self.word_ngrams = word_ngrams
        self.character_ngrams = character_ngrams
        self.word_borders = word_borders
        self.symbols = symbols
        self.sublinear = sublinear
        self.minimum_document_frequency = minimum_document_frequency
        self.naive_bayes = naive_bayes
        self.objective = objective
        self.solver = solver
        self.batch_size = batch_size
        self.strength = strength
        self.imbalance = imbalance
        self.refit = refit
        self.tolerance = tolerance
        self.most_passes = most_passes
        self.validation_share = validation_share
        self.calibration = calibration
        self.novelty_by = novelty_by
        self.threshold = threshold
        self.positive = positive
        self.costs = costs
        self.top = top
        self.at_least_one = at_least_one
        self.seed = seed
        self.threads = threads

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from N texts and their labels.

        y is N labels (strings, numbers, true/false), or for several labels a text an (N, K) matrix
        of 0 and 1 or N lists of strings. DataError (a ValueError) where X or y cannot be used,
        SettingsError (a ValueError) where a parameter cannot.
        """
        settings, rule = self._settings(), self._rule()
        texts = as_texts(X)
        if y is None:
            raise DataError("requires y to be passed, but the target y is None")
        classes, targets, several = as_targets(y)
        check_consistent_length(texts, targets)
        rows = np.arange(1, len(texts) + 1)
        corpus = Corpus(texts, targets, label_set(classes, several), rows)
        notes = Notes()
        train, validation = self._split(corpus, settings, rule)
        learned = learn(
            train,
            validation,
            settings,
            classes=tuple(classes.tolist()),
            calibration=CalibrationSettings(self.calibration),
            rule=rule,
            seed=self.seed,
            threads=self.threads,
            talk=notes,
        )
        if validation is not None:
            learned = with_novelty(
                learned, train, validation, self.novelty_by, threads=self.threads, talk=notes
            )
        self.notes_ = notes.told
        self.facts_ = learned.classifier.model.facts | {"decision": learned.decision_facts}
        self._take(learned.classifier, classes)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(N,) labels in their own type; several labels: an (N, K) matrix, or N lists of names."""
        ids = predict_ids(self._fitted(), as_texts(X), self.threads)
        if ids.ndim == 1:
            return self.classes_[ids]
        if not _are_names(self.classes_):
            return ids.astype(np.int64)
        lists = np.empty(len(ids), object)
        lists[:] = [self.classes_[row != 0].tolist() for row in ids]
        return lists

    def predict_proba(self, X: Any) -> np.ndarray:
        """(N, K) float32 calibrated probabilities, columns in the order of classes_."""
        return predict_probabilities(self._fitted(), as_texts(X), self.threads)

    def is_answered(self, X: Any, max_error: float) -> np.ndarray:
        """(N,) bool: the texts to answer so that at most this share of the answers is wrong.

        With 95 % confidence, where texts come as those that `fit` put aside for validation came.
        SettingsError where it cannot be promised.
        """
        classifier = self._fitted()
        least = promised_error(classifier.evidence, max_error)
        return is_answered(least, classifier, self.predict_proba(X))

    def predict_sets(
        self, X: Any, coverage: float = 0.9, *, method: str = "lac", per_class: bool = False
    ) -> np.ndarray:
        """(N, K) bool: labels among which the true one is for this share of texts.

        Of several labels a text: this share of them, on average. Parameters are those of
        ConformalSettings; SettingsError where validation was too small.
        """
        classifier, texts = self._fitted(), as_texts(X)
        settings = ConformalSettings(method, coverage, per_class)
        fitted, _ = promised_sets(classifier.evidence, settings)
        return label_sets(fitted, self.predict_proba(texts), text_shares(texts))

    def novelty(self, X: Any) -> np.ndarray:
        """(N,) float64: how unlike all learned texts each looks; SettingsError without it."""
        return text_novelty(self._fitted(), as_texts(X), self.threads)

    def is_novel(self, X: Any, kept: float = 0.95) -> np.ndarray:
        """(N,) bool: the texts to turn away, so that this share of those in scope stays."""
        highest = rejection_threshold(fitted_novelty(self._fitted()), kept)
        return self.novelty(X) > highest

    def decision_function(self, X: Any) -> np.ndarray:
        """(N, K) float32 scores, the highest that of the label; (N,) with two, above 0 the second.

        Logits; logarithms of the probabilities where the calibrator may change their order.
        """
        classifier = self._fitted()
        decision, several = classifier.decision, classifier.labels.several
        scores = classifier.model.logits(as_texts(X), self.threads)
        if not several and not decision.calibrator.keeps_order:
            scores = np.log(probabilities(decision, scores))
        if len(classifier.labels) == 2 and not several:
            return scores[:, 1] - scores[:, 0]
        return scores

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy; of several labels the share of texts whose whole set is right."""
        classifier = self._fitted()
        if not classifier.labels.several:
            return float(super().score(X, y, sample_weight))
        gold = indicators(list(y), self.classes_) if are_lists(y) else np.asarray(y)
        given = predict_ids(classifier, as_texts(X), self.threads)
        return float(accuracy_score(gold, given, sample_weight=sample_weight))

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a model folder, whole or not at all; `textkind predict` reads it as well."""
        classifier = self._fitted()
        rows = classifier.model.facts.get("texts", 0)
        source = Provenance(source="Python", rows=rows, seed=self.seed)
        save_model(classifier, Path(path), source, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The classifier of a model folder or run folder; ModelFolderError where it is damaged."""
        classifier = load_model(Path(path))
        facts = classifier.model.facts
        estimator = cls(classifier.model.name, **_told_settings(classifier.model.name, facts, path))
        estimator.notes_, estimator.facts_ = [], facts
        estimator._take(classifier, np.array(classifier.classes))
        return estimator

    def __sklearn_tags__(self) -> Any:
        """Texts in one dimension; one label or several."""
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.one_d_labels = True
        tags.target_tags.two_d_labels = True
        tags.classifier_tags.multi_label = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classifier_")

    def _take(self, classifier: Classifier, classes: np.ndarray) -> None:
        self.classifier_ = classifier
        self.classes_ = classes

    def _fitted(self) -> Classifier:
        try:
            return self.classifier_
        except AttributeError:
            raise UnfittedError(
                f"this {type(self).__name__} has not learned yet", hint="call fit(texts, labels)"
            ) from None

    def _settings(self) -> ModelSettings:
        if self.model == LINEAR:
            names = [field.name for field in fields(LinearSettings)]
            return LinearSettings(**{name: getattr(self, name) for name in names})
        fit_function(self.model)  # raises where there is none
        if self.model == PriorSettings().model:
            if self.imbalance != NONE:
                raise SettingsError("the prior has no options", found="imbalance")
            return PriorSettings()
        settings = default_settings(self.model) if self.neural is None else self.neural
        if settings.model != self.model:
            raise SettingsError(
                "the settings in `neural` are of another model",
                found=(self.model, settings.model),
            )
        return settings if self.imbalance == NONE else with_imbalance(settings, self.imbalance)

    def _rule(self) -> RuleSettings:
        return RuleSettings(self.threshold, self.positive, self.costs, self.top, self.at_least_one)

    def _split(
        self, corpus: Corpus, settings: ModelSettings, rule: RuleSettings
    ) -> tuple[Corpus, Corpus | None]:
        """Train and validation; all for training where validation would have nothing to do."""
        share = worthwhile_share(len(corpus), self.validation_share)
        is_idle = isinstance(settings, LinearSettings) and not settings.open_choices
        uses_nothing = self.calibration == Uncalibrated.name and rule == RuleSettings()
        if share == 0 or (is_idle and uses_nothing):
            return corpus, None
        split = SplitSettings(test_share=0.0, validation_share=share, seed=self.seed)
        parts = split_corpus(corpus, split)
        return parts.train, parts.validation


def _told_settings(model: str, facts: Any, path: str | Path) -> dict[str, Any]:
    """The settings that the fit tells it had, as parameters; none of a model without any."""
    if model not in (LINEAR, *DEFAULTS):
        return {}
    try:
        if model != LINEAR:
            return {"neural": settings_of_json(facts["settings"])}
        told: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in facts["settings"].items()
        }
        LinearSettings(**told)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ModelFolderError(
            "the settings told in model.json make no sense", found=str(error), where=str(path)
        ) from None
    return told


def _are_names(classes: np.ndarray) -> bool:
    """Whether several labels were given as names rather than as columns of a matrix."""
    return classes.dtype.kind in "OUT"
