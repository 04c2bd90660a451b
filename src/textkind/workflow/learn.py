"""Learn: fit a model on train, close its choices and calibrate its decision on validation.

`textkind train` and TextClassifier both learn here, so that the same data and settings give the
same classifier.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from textkind.classifier import Classifier, Model, fit_function, model_kind, stream_function
from textkind.data.corpus import Corpus
from textkind.data.targets import label_counts
from textkind.data.text_keys import text_keys
from textkind.data.text_stream import TextStream
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import Decision, fit_decision
from textkind.decision.evidence import evidence_of
from textkind.decision.fit_rule import fit_rule
from textkind.decision.rule_choice import label_shares
from textkind.decision.rule_settings import AUTO, RuleSettings
from textkind.decision.temperature import Uncalibrated
from textkind.models.neural_settings import NeuralSettings
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Talk
from textkind.workflow.imbalance import ModelSettings, balanced

if TYPE_CHECKING:
    from textkind.models.pretrained import Trainer

# With fewer rows validation would choose by chance, and the rows are worth more in training.
LEAST_VALIDATION_ROWS = 20
# What stands for the open choices then.
FIXED: dict[str, Any] = {"features": "both", "naive_bayes": False, "strength": 1.0}


@dataclass(frozen=True, eq=False)
class Learned:
    """A classifier, and how it came to be.

    validation_logits         (N, K) float32, by the fit that did not see validation; None where
                              there was no validation part
    validation_probabilities  the same, by calibrators that did not see the row
    decision_facts            JSON-able: docs/decision.md
    imbalance_facts           JSON-able: what was asked and done; None where nothing was asked
    """

    classifier: Classifier
    validation_logits: np.ndarray | None
    validation_probabilities: np.ndarray | None
    decision_facts: dict[str, Any]
    imbalance_facts: dict[str, Any] | None


def worthwhile_share(rows: int, share: float) -> float:
    """The share to split off for validation, or 0 where it would be too few rows."""
    return share if rows * share >= LEAST_VALIDATION_ROWS else 0.0


def learn(
    train: Corpus,
    validation: Corpus | None,
    settings: ModelSettings,
    *,
    classes: tuple[str | int | float | bool, ...] | None = None,
    calibration: CalibrationSettings = CalibrationSettings(),
    rule: RuleSettings = RuleSettings(),
    seed: int = 0,
    stream: TextStream | None = None,
    threads: int | None = None,
    talk: Talk = SILENT,
    trainer: "Trainer | None" = None,
) -> Learned:
    """Fit, choose, calibrate.

    With a stream the model learns from its texts, and train is a sample of them to choose by.

    Without a validation part the choices that are open are settled by FIXED, and told, and
    probabilities stay uncalibrated. classes are the labels as the user gave them; None: the names.
    trainer trains a network; None: this process does.
    """
    rule.check_labels(train.labels)
    counts = label_counts(train.targets, len(train.labels)) if stream is None else stream.counts
    even = balanced(settings, rule, train.labels, counts, talk)
    settings, rule = even.settings, even.rule
    learner: Any = (
        fit_function(settings.model)
        if stream is None
        else partial(stream_function(settings.model), stream)
    )
    if validation is not None and len(validation) == 0:
        validation = None
    if validation is None and isinstance(settings, LinearSettings) and settings.open_choices:
        fixed = {name: FIXED[name] for name in settings.open_choices}
        settings = replace(settings, **fixed)
        told = ", ".join(f"{name} = {value}" for name, value in fixed.items())
        talk.note(f"no validation part, so nothing is chosen by it: {told}")
    elsewhere = {} if trainer is None else {"trainer": trainer}
    fit = learner(train, validation, settings, seed=seed, threads=threads, talk=talk, **elsewhere)
    shares = label_shares(counts, len(train if stream is None else stream))
    learned = decided(
        fit, validation, shares, _seen_keys(train, validation, stream),
        classes=classes, calibration=calibration, rule=rule, seed=seed, talk=talk,
    )  # fmt: skip
    return replace(learned, imbalance_facts=even.facts)


def learned_again(
    learned: Learned,
    train: Corpus,
    validation: Corpus,
    settings: NeuralSettings,
    *,
    rule: RuleSettings = RuleSettings(),
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> Learned:
    """What `learn` made of a network, and the network trained once more, on train + validation.

    The other arguments are those of the first time; the decision stays as it is.
    """
    counts = label_counts(train.targets, len(train.labels))
    even = balanced(settings, rule, train.labels, counts, SILENT)
    again = model_kind(settings.model).part("trained_again")
    model = again(
        learned.classifier.model, train, validation, even.settings,
        seed=seed, threads=threads, talk=talk,
    )  # fmt: skip
    return replace(learned, classifier=replace(learned.classifier, model=model))


class Fit(Protocol):
    """A fitted model, and the validation logits of the fit that did not see validation."""

    @property
    def model(self) -> Model:
        """What was fitted."""

    @property
    def validation_logits(self) -> np.ndarray | None:
        """(N, K) float32; None where there is no validation part."""


def decided(
    fit: Fit,
    validation: Corpus | None,
    shares: np.ndarray,
    seen: np.ndarray | None,
    *,
    classes: tuple[str | int | float | bool, ...] | None = None,
    calibration: CalibrationSettings = CalibrationSettings(),
    rule: RuleSettings = RuleSettings(),
    seed: int = 0,
    talk: Talk = SILENT,
) -> Learned:
    """Calibrate the decision of a fitted model on validation.

    shares (K,) float64 of the training texts that have each label; seen (M,) uint64 the sorted keys
    of the texts that were learned from or chosen by, None where these are not known.
    """
    labels, logits = fit.model.labels, fit.validation_logits
    several = labels.several
    decision, given, facts = Decision(several), None, {}
    if logits is not None and validation is not None:
        fitted = fit_decision(logits, validation.targets, several, calibration, seed)
        decision, given, facts = fitted.decision, fitted.probabilities, fitted.facts
        for note in facts["notes"]:
            talk.note(note)
    if given is None or calibration.method == Uncalibrated.name:
        talk.note("probabilities are not calibrated")
    gold = None if validation is None else validation.targets
    chosen, rule_facts = fit_rule(
        rule, labels, shares, given, gold, seed, logits, decision.calibrator
    )
    for note in rule_facts["notes"]:
        talk.note(note)
    figures = [rule_facts[name] for name in ("value", "low", "high", "plain")]
    if rule.asked[0] != AUTO and None not in figures:
        talk.note(
            "labels by {}: {} {:.3f} on validation ({:.3f} to {:.3f}), {:.3f} by the usual "
            "rule".format(rule_facts["asked"], rule_facts["figure"], *figures)
        )
    decision, evidence = replace(decision, rule=chosen), None
    if given is not None and validation is not None:
        evidence = evidence_of(decision, given, validation.targets, validation.texts)
    classes = labels.names if classes is None else classes
    classifier = Classifier(fit.model, decision, classes, evidence, seen)
    return Learned(classifier, logits, given, facts | {"rule": rule_facts}, None)


def _seen_keys(
    train: Corpus, validation: Corpus | None, stream: TextStream | None
) -> np.ndarray | None:
    """(M,) uint64 rising keys of all texts that were learned from or chosen by; None: too many."""
    if stream is None:
        return keys_of(train, validation)
    if stream.keys is None or validation is None:
        return stream.keys
    return np.union1d(stream.keys, keys_of(validation))


def keys_of(*parts: Corpus | None) -> np.ndarray:
    """(M,) uint64 the rising keys of the texts of some parts."""
    return np.unique(np.concatenate([text_keys(part.texts) for part in parts if part is not None]))
