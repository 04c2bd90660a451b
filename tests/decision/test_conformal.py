"""Conformal sets: the coverage they promise, over many draws, and the textbook's own formula."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from textkind.decision.conformal import (
    METHODS,
    ConformalSettings,
    fit_conformal,
    label_sets,
    risk_threshold,
    strangeness,
    threshold_of,
)
from textkind.decision.decision import Decision
from textkind.decision.evidence import evidence_of, standing_of, text_shares
from textkind.errors import SettingsError

NO_SHARES = np.zeros(10_000)  # lac does not look at them


def drawn(rows, labels=6, seed=0, sharpness=1.5):
    """Probabilities of an overconfident model, and targets that are drawn from other ones."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, labels)) * 2
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.array([random.choice(labels, p=row) for row in true])
    told = np.exp(logits * sharpness)
    return told / told.sum(axis=1, keepdims=True), targets


def texts_of(rows):
    return pa.array([f"text {row}" for row in rows], pa.large_string())


def fitted(probabilities, targets, settings=ConformalSettings(), rows=None):
    """Conformal thresholds of these rows; their texts are numbered."""
    rows = np.arange(len(targets)) if rows is None else rows
    several = targets.ndim == 2
    evidence = evidence_of(Decision(several), probabilities, targets, texts_of(rows))
    return fit_conformal(evidence, settings)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_the_true_label_is_in_the_set_as_often_as_asked(method, coverage):
    probabilities, targets = drawn(4000)
    shares = text_shares(texts_of(range(4000)))
    settings = ConformalSettings(method, coverage)
    covered, rows = [], 200
    for split in range(100):
        order = np.random.default_rng(split).permutation(4000)
        known, tested = order[:rows], order[rows:]
        made = fitted(probabilities[known], targets[known], settings, known)
        sets = label_sets(made, probabilities[tested], shares[tested])
        covered.append(sets[np.arange(len(tested)), targets[tested]].mean())
    # the mean over draws is between coverage and coverage + 1 / (n + 1); 100 draws waver
    assert coverage - 0.01 < np.mean(covered) < coverage + 1 / (rows + 1) + 0.015


def test_each_label_is_covered_where_that_is_asked_for():
    probabilities, targets = drawn(20_000, labels=3)
    targets = np.where(targets == 2, np.where(np.arange(20_000) % 3, 0, 2), targets)  # a hard one
    half = np.arange(20_000) < 10_000
    settings = ConformalSettings("lac", 0.9, per_class=True)
    made = fitted(probabilities[half], targets[half], settings)
    sets, gold = label_sets(made, probabilities[~half], NO_SHARES), targets[~half]
    for label in range(3):
        rows = gold == label
        low, high = binom.interval(0.9999, rows.sum(), 0.9)
        slack = 0.02 * rows.sum()  # the thresholds waver as well
        assert low - slack <= sets[rows, label].sum() <= high + slack


def test_scores_are_those_of_the_papers():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    standing = standing_of(probabilities)
    lac = strangeness(standing, ConformalSettings("lac"))
    np.testing.assert_allclose(lac, 1 - probabilities)
    aps = strangeness(standing, ConformalSettings("aps"), np.array([[0.5], [0.0]]))
    np.testing.assert_allclose(aps, [[0.25, 0.65, 0.9], [0.8, 0.9, 0.0]])
    raps = strangeness(standing, ConformalSettings("raps", penalty=0.1, free=1))
    np.testing.assert_allclose(raps, [[0.5, 0.9, 1.2], [1.0, 1.2, 0.8]])


@pytest.mark.parametrize(("rows", "rank"), [(9, 9), (19, 18), (99, 90), (8, None)])
def test_the_threshold_is_the_right_one_of_the_scores(rows, rank):
    scores = np.random.default_rng(0).permutation(rows) + 1.0
    assert threshold_of(scores, 0.9) == (np.inf if rank is None else rank)


def test_the_tiniest_coverage_is_that_of_the_least_score():
    assert threshold_of(np.array([3.0, 1.0, 2.0]), 5e-324) == 1


def test_too_few_rows_give_all_labels_and_the_likeliest_is_never_missing():
    probabilities, targets = drawn(5)
    sets = label_sets(fitted(probabilities, targets), probabilities, NO_SHARES[:5])
    assert sets.all()
    many, gold = drawn(500, sharpness=50.0)
    sets = label_sets(fitted(many, gold, ConformalSettings("lac", 0.2)), many, NO_SHARES[:500])
    assert sets[np.arange(500), many.argmax(axis=1)].all()
    constant = np.full((40, 4), 0.25)
    member = label_sets(fitted(constant, np.zeros(40, int)), constant, NO_SHARES[:40])
    assert member.all()


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_of_exactly_0_and_1_make_sets_of_one(method):
    certain = np.eye(3)[np.arange(60) % 3]
    made = fitted(certain, np.arange(60) % 3, ConformalSettings(method))
    sets = label_sets(made, certain, NO_SHARES[:60])
    np.testing.assert_array_equal(sets, certain == 1)


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_of_several_labels_few_are_missed_on_average(coverage):
    random = np.random.default_rng(0)
    probabilities = random.beta(0.5, 1.5, size=(4000, 5))
    targets = (random.random((4000, 5)) < probabilities).astype(np.uint8)
    missed, rows = [], 200
    for split in range(100):
        order = np.random.default_rng(split).permutation(4000)
        known, tested = order[:rows], order[rows:]
        made = fitted(probabilities[known], targets[known], ConformalSettings("lac", coverage))
        sets = label_sets(made, probabilities[tested], NO_SHARES[:3800])
        gold = targets[tested]
        gold, sets = gold[gold.any(axis=1)], sets[gold.any(axis=1)]
        missed.append(((gold & ~sets).sum(axis=1) / gold.sum(axis=1)).mean())
    # bounded by the paper's theorem 1 from above, by its theorem 2 from below
    assert 1 - coverage - 2 / (rows + 1) - 0.01 < np.mean(missed) < 1 - coverage + 0.005


def test_the_threshold_of_several_labels_is_that_of_brute_force():
    random = np.random.default_rng(1)
    scores, rows = random.integers(0, 30, 100) / 30, np.sort(random.integers(0, 60, 100))
    weights = 1 / np.bincount(rows)[rows]
    for coverage in (0.5, 0.8, 0.95):
        allowed = (60 + 1) * (1 - coverage) - 1
        good = [one for one in np.unique(scores) if weights[scores > one].sum() <= allowed + 1e-9]
        assert risk_threshold(scores, weights, 60, coverage) == min(good)
    assert risk_threshold(scores, weights, 60, 0.99) == np.inf  # 60 rows cannot show that
    assert risk_threshold(np.empty(0), np.empty(0), 60, 0.9) == -np.inf  # no label to miss


@pytest.mark.parametrize("settings", [ConformalSettings("aps"), ConformalSettings(per_class=True)])
def test_sets_of_several_labels_have_one_method(settings):
    targets = np.ones((60, 3), np.uint8)
    with pytest.raises(SettingsError, match="by lac, for all labels together"):
        fitted(np.full((60, 3), 0.5), targets, settings)


@pytest.mark.parametrize("changes", [{"method": "best"}, {"coverage": 1.0}, {"coverage": 0},
                                     {"per_class": 1}])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(changes):
    with pytest.raises(SettingsError):
        ConformalSettings(**changes)
