"""Conformal sets: the coverage they promise, over many draws, and the textbook's own formula."""

import numpy as np
import pytest
from scipy.stats import binom

from textkind.decision.conformal import (
    METHODS,
    ConformalSettings,
    fit_conformal,
    label_sets,
    strangeness,
    threshold_of,
)
from textkind.errors import SettingsError


def drawn(rows, labels=6, seed=0, sharpness=1.5):
    """Probabilities of an overconfident model, and targets that are drawn from other ones."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, labels)) * 2
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.array([random.choice(labels, p=row) for row in true])
    told = np.exp(logits * sharpness)
    return told / told.sum(axis=1, keepdims=True), targets, random.random(rows)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_the_true_label_is_in_the_set_as_often_as_asked(method, coverage):
    probabilities, targets, shares = drawn(4000)
    settings = ConformalSettings(method, coverage)
    covered, rows = [], 200
    for split in range(100):
        order = np.random.default_rng(split).permutation(4000)
        fitted, tested = order[:rows], order[rows:]
        made = fit_conformal(probabilities[fitted], targets[fitted], settings, shares[fitted])
        sets = label_sets(made, probabilities[tested], shares[tested])
        covered.append(sets[np.arange(len(tested)), targets[tested]].mean())
    # the mean over draws is between coverage and coverage + 1 / (n + 1); 100 draws waver
    assert coverage - 0.01 < np.mean(covered) < coverage + 1 / (rows + 1) + 0.015


def test_each_label_is_covered_where_that_is_asked_for():
    probabilities, targets, _ = drawn(20_000, labels=3)
    targets = np.where(targets == 2, np.where(np.arange(20_000) % 3, 0, 2), targets)  # a hard one
    half = np.arange(20_000) < 10_000
    settings = ConformalSettings("lac", 0.9, per_class=True)
    made = fit_conformal(probabilities[half], targets[half], settings)
    sets, gold = label_sets(made, probabilities[~half]), targets[~half]
    for label in range(3):
        rows = gold == label
        low, high = binom.interval(0.9999, rows.sum(), 0.9)
        slack = 0.02 * rows.sum()  # the thresholds waver as well
        assert low - slack <= sets[rows, label].sum() <= high + slack


def test_scores_are_those_of_the_papers():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    lac = strangeness(probabilities, ConformalSettings("lac"))
    np.testing.assert_allclose(lac, 1 - probabilities)
    aps = strangeness(probabilities, ConformalSettings("aps"), np.array([0.5, 0.0]))
    np.testing.assert_allclose(aps, [[0.25, 0.65, 0.9], [0.8, 0.9, 0.0]])
    raps = strangeness(probabilities, ConformalSettings("raps", penalty=0.1, free=1))
    np.testing.assert_allclose(raps, [[0.5, 0.9, 1.2], [1.0, 1.2, 0.8]])


@pytest.mark.parametrize(("rows", "rank"), [(9, 9), (19, 18), (99, 90), (8, None)])
def test_the_threshold_is_the_right_one_of_the_scores(rows, rank):
    scores = np.random.default_rng(0).permutation(rows) + 1.0
    assert threshold_of(scores, 0.9) == (np.inf if rank is None else rank)


def test_too_few_rows_give_all_labels_and_the_likeliest_is_never_missing():
    probabilities, targets, _ = drawn(5)
    sets = label_sets(fit_conformal(probabilities, targets), probabilities)
    assert sets.all()
    many, gold, _ = drawn(500, sharpness=50.0)
    sets = label_sets(fit_conformal(many, gold, ConformalSettings("lac", 0.2)), many)
    assert sets[np.arange(500), many.argmax(axis=1)].all()
    constant = np.full((40, 4), 0.25)
    assert label_sets(fit_conformal(constant, np.zeros(40, int)), constant).all()


@pytest.mark.parametrize("changes", [{"method": "best"}, {"coverage": 1.0}, {"coverage": 0},
                                     {"per_class": 1}])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(changes):
    with pytest.raises(SettingsError):
        ConformalSettings(**changes)
