"""How each rule is chosen on validation: thresholds and weights that make its figure best.

chosen = best_rule(fitting)
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from textkind.data.labels import LabelSet
from textkind.decision.rule import Rule, given_labels
from textkind.decision.rule_settings import AUTO, PER_LABEL, PRIOR
from textkind.decision.thresholds import (
    Worth,
    best_cut,
    best_shared_cut,
    f1_worth,
    floor_worth,
)
from textkind.evaluation.counts import LabelCounts, count_labels, f1, macro, micro
from textkind.evaluation.intervals import resampled_counts

EXPONENTS = np.linspace(0, 1, 11)  # of the prior, tried where texts have one label
SHARES = np.linspace(0, 1, 9)  # of a label's log odds in training, by which its threshold moves
# rules that follow the prior: the part of micro F1 in what is best, the rest macro F1
BY_PRIOR = {AUTO: 0.5, PRIOR: 0.5, "macro-f1": 0.0}
RESAMPLES = 128  # by which the error of a figure is judged
SMALLEST = 1e-7  # probability that counts as 0: its log odds stay finite


@dataclass(frozen=True, eq=False)
class Fitting:
    """What the rule of that name is chosen by.

    probabilities (N, K) float32 and targets (N,) ids or (N, K) 0/1 of validation, prior (K,) shares
    of training; value is the floor or exponent asked for, positive the label of a threshold.
    """

    name: str
    value: float | None
    positive: int
    labels: LabelSet
    probabilities: np.ndarray
    targets: np.ndarray
    prior: np.ndarray
    seed: int

    @property
    def two(self) -> tuple[np.ndarray, np.ndarray]:
        """(N,) probabilities of the positive label, and (N,) bool whether it is gold."""
        return self.probabilities[:, self.positive], self.targets == self.positive

    @property
    def has_positive(self) -> bool:
        """Whether there is a row to choose by."""
        if self.labels.several:
            return bool(self.targets.any())
        return self.name in BY_PRIOR or bool(self.two[1].any())

    @property
    def every(self) -> tuple[np.ndarray, np.ndarray]:
        """(N K,) probabilities and 0/1 of all labels, as of one."""
        return self.probabilities.ravel(), self.targets.ravel()


@dataclass(frozen=True)
class Chosen:
    """A rule; how much of the prior is in it; the labels that borrow the threshold of all."""

    rule: Rule
    exponent: float | None = None
    borrowed: tuple[str, ...] = ()


def label_shares(counts: np.ndarray, texts: int) -> np.ndarray:
    """(K,) float64 share of the training texts that have each label; of none as of one text."""
    return np.maximum(counts, 1) / max(texts, 1)


def prior_weights(prior: np.ndarray, exponent: float) -> tuple[float, ...]:
    """(K,) weights (largest share / share) ** exponent: 1 of the commonest label.

    Post-hoc logit adjustment (Menon et al. 2021, equation 9): the highest probability times
    prior ** -exponent is the highest logit less exponent * log prior.
    """
    return tuple(((prior.max() / prior) ** exponent).tolist())


def _one_threshold(fitting: Fitting, worth: Worth) -> Chosen:
    """One threshold: of the positive of two labels, or for all of several."""
    labels = fitting.labels
    cut = best_cut(*(fitting.every if labels.several else fitting.two), worth)
    return Chosen(at_threshold(labels, fitting.positive, cut))


def _one_a_label(fitting: Fitting, worth: Worth) -> Chosen:
    """A threshold for each of several labels; one without a positive row has that of all."""
    together = best_cut(*fitting.every, worth)
    thresholds, borrowed = [], []
    for label, name in enumerate(fitting.labels.names):
        gold = fitting.targets[:, label]
        if gold.any():
            thresholds.append(best_cut(fitting.probabilities[:, label], gold, worth))
        else:
            thresholds.append(together)
            borrowed.append(name)
    return Chosen(Rule(thresholds=tuple(thresholds)), borrowed=tuple(borrowed))


def _by_prior(fitting: Fitting, part: float) -> Chosen:
    """Weights or thresholds by the power of the prior, best by macro F1 and a part of micro F1.

    Micro F1 of one label a text is accuracy: it steadies a choice that macro F1 alone would make by
    the few rows of rare labels. Of several labels the log odds at a threshold are cut + share * log
    odds of the label in training: two numbers for all labels, so that rare ones borrow from all.
    """
    value = fitting.value
    if fitting.labels.several:
        shares = SHARES if value is None else np.array([value])
        clipped = np.clip(fitting.probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
        offsets = logit(np.clip(fitting.prior, SMALLEST, 1 - SMALLEST))
        found = best_shared_cut(logit(clipped), fitting.targets, offsets, shares, part)
        thresholds = expit(found.cut + found.share * offsets)
        return Chosen(Rule(thresholds=tuple(thresholds.tolist())), found.share)
    exponent = _prudent_exponent(fitting, part)
    return Chosen(Rule(weights=prior_weights(fitting.prior, exponent)), exponent)


def _prudent_exponent(fitting: Fitting, part: float) -> float:
    """The least exponent whose figure is within one standard error of the best.

    The best alone is often chance, made by a few rows of rare labels (the rule is of Breiman et al.
    1984). The error is that of the difference, over bootstrap draws that all exponents share.
    """
    labels, targets = len(fitting.labels), fitting.targets

    def figure(counts: LabelCounts) -> np.ndarray:
        return (1 - part) * macro(f1, counts) + part * micro(f1, counts)

    found, drawn = [], []
    for exponent in EXPONENTS:
        rule = Rule(weights=prior_weights(fitting.prior, exponent))
        given = given_labels(rule, fitting.probabilities, several=False)
        found.append(figure(count_labels(given, targets, labels)))
        drawn.append(figure(resampled_counts(given, targets, labels, fitting.seed, RESAMPLES)))
    best = int(np.argmax(found))
    errors = np.std(np.array(drawn) - drawn[best], axis=1)
    near = np.array(found) >= found[best] - errors
    return float(EXPONENTS[int(near.argmax())])


def best_rule(fitting: Fitting) -> Chosen:
    """The rule that is best on validation."""
    name = fitting.name
    if name in BY_PRIOR:
        return _by_prior(fitting, BY_PRIOR[name])
    how = _one_a_label if name.startswith(PER_LABEL) else _one_threshold
    if fitting.value is None:
        return how(fitting, f1_worth)
    return how(fitting, floor_worth(name.removeprefix(PER_LABEL), fitting.value))


def at_threshold(labels: LabelSet, positive: int, threshold: float) -> Rule:
    """The rule that gives labels from that probability on: the positive one of two, or any."""
    if labels.several:
        return Rule(thresholds=threshold)
    threshold = min(max(threshold, SMALLEST), 1 - SMALLEST)  # weights are above 0
    weights = [threshold, threshold]
    weights[positive] = 1 - threshold
    return Rule(weights=(weights[0], weights[1]))
