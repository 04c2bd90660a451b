"""Figures of validation against scikit-learn's, and which of two is better."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from textkind.decision.temperature import fit_temperature
from textkind.training.validation import HIGHER_IS_BETTER, is_better, validation_figures


def test_figures_of_one_label_are_scikit_learns():
    random = np.random.default_rng(0)
    logits = random.normal(size=(200, 4)).astype(np.float32)
    targets = random.integers(0, 4, 200)
    figures = validation_figures(logits, targets)
    found = logits.argmax(axis=1)
    assert figures["accuracy"] == pytest.approx(accuracy_score(targets, found))
    assert figures["macro_f1"] == pytest.approx(f1_score(targets, found, average="macro"))
    assert figures["log_loss"] == fit_temperature(logits, targets).log_loss_after


def test_figures_of_several_labels_are_scikit_learns():
    random = np.random.default_rng(0)
    logits = random.normal(size=(200, 4)).astype(np.float32)
    targets = (random.random((200, 4)) < 0.4).astype(np.uint8)
    figures = validation_figures(logits, targets)
    assert figures["accuracy"] == pytest.approx(accuracy_score(targets, logits > 0))
    assert figures["macro_f1"] == pytest.approx(f1_score(targets, logits > 0, average="macro"))


def test_a_label_that_validation_lacks_leaves_the_figures_finite():
    logits = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    figures = validation_figures(logits, np.arange(20) % 2)
    assert all(np.isfinite(value) for value in figures.values())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_leave_the_figures_finite(value):
    logits = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    logits[3] = value
    figures = validation_figures(logits, np.arange(20) % 3)
    assert all(np.isfinite(number) for number in figures.values())


def test_a_network_that_knows_nothing_has_the_log_loss_of_chance():
    figures = validation_figures(np.full((9, 3), np.nan, np.float32), np.arange(9) % 3)
    assert figures["log_loss"] == pytest.approx(np.log(3))


@pytest.mark.parametrize(("metric", "higher"), HIGHER_IS_BETTER.items())
def test_better_is_a_gain_in_the_metrics_own_direction(metric, higher):
    low, high = {metric: 0.4}, {metric: 0.5}
    assert is_better(high, low, metric) == higher
    assert is_better(low, high, metric) != higher
    assert not is_better(low, low, metric)
    assert is_better(low, None, metric)
