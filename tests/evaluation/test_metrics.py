"""Headline figures of probabilities against scikit-learn."""

import numpy as np
import pytest
from sklearn import config_context, metrics

from textkind.evaluation.metrics import headline, prepare


def normalised(probabilities):
    """Float64 rows that sum to 1, as scikit-learn asks for."""
    probabilities = probabilities.astype(np.float64)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def over_labels(figure, probabilities, is_label):
    """The mean of a binary figure over the labels with both classes, NaN without any."""
    chosen = [k for k in range(is_label.shape[1]) if 0 < is_label[:, k].sum() < len(is_label)]
    values = [figure(is_label[:, k], probabilities[:, k]) for k in chosen]
    return np.mean(values) if values else np.nan


def check_one_label(draw, seeds):
    for seed in seeds:
        probabilities, predicted, targets = draw(seed)
        probabilities = normalised(probabilities)
        labels = range(probabilities.shape[1])
        found = headline(prepare(probabilities, predicted, targets))
        is_label = (targets[:, None] == np.array(labels)).astype(int)
        ranked = slice(1, None) if len(labels) == 2 else slice(None)
        areas = (probabilities[:, ranked], is_label[:, ranked])
        with config_context(skip_parameter_validation=True):
            expected = {
                "accuracy": metrics.accuracy_score(targets, predicted),
                "log_loss": metrics.log_loss(targets, probabilities, labels=labels),
                "brier": metrics.brier_score_loss(targets, probabilities, labels=labels),
                "roc_auc": over_labels(metrics.roc_auc_score, *areas),
                "pr_auc": over_labels(metrics.average_precision_score, *areas),
            }
        for name, value in expected.items():
            np.testing.assert_allclose(
                found[name], value, rtol=0, atol=1e-12, err_msg=f"{name} {seed}"
            )


def check_several_labels(draw, seeds):
    for seed in seeds:
        probabilities, predicted, targets = draw(seed)
        found = headline(prepare(probabilities, predicted, targets))
        probabilities = probabilities.astype(np.float64)
        columns = [(targets[:, k], probabilities[:, k]) for k in range(targets.shape[1])]
        with config_context(skip_parameter_validation=True):
            expected = {
                "subset_accuracy": metrics.accuracy_score(targets, predicted),
                "accuracy": metrics.accuracy_score(targets, predicted),
                "hamming_loss": metrics.hamming_loss(targets, predicted),
                "log_loss": np.mean([metrics.log_loss(*one, labels=[0, 1]) for one in columns]),
                "brier": np.mean(
                    [metrics.brier_score_loss(*one, labels=[0, 1], pos_label=1) for one in columns]
                ),
                "roc_auc": over_labels(metrics.roc_auc_score, probabilities, targets),
                "pr_auc": over_labels(metrics.average_precision_score, probabilities, targets),
            }
        for name, value in expected.items():
            np.testing.assert_allclose(
                found[name], value, rtol=0, atol=1e-12, err_msg=f"{name} {seed}"
            )


def test_figures_of_one_label_equal_scikit_learn(draw_one_label):
    check_one_label(draw_one_label, range(200))


def test_figures_of_several_labels_equal_scikit_learn(draw_several_labels):
    check_several_labels(draw_several_labels, range(100))


@pytest.mark.slow
def test_figures_equal_scikit_learn_on_thousands_of_cases(draw_one_label, draw_several_labels):
    check_one_label(draw_one_label, range(1000, 4000))
    check_several_labels(draw_several_labels, range(1000, 3000))


def test_one_vs_rest_area_equals_scikit_learns_own(draw_one_label):
    probabilities, predicted, targets = draw_one_label(3, rows=400, labels=5)
    probabilities = normalised(probabilities)
    targets[:5] = range(5)
    found = headline(prepare(probabilities, predicted, targets))["roc_auc"]
    expected = metrics.roc_auc_score(targets, probabilities, multi_class="ovr", average="macro")
    assert abs(found - expected) < 1e-12


def test_brier_of_two_labels_is_the_squared_error_of_one_probability():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6]])
    figures = headline(prepare(probabilities, np.array([0, 1]), np.array([0, 0])))
    assert abs(figures["brier"] - (0.01 + 0.36) / 2) < 1e-12


@pytest.mark.parametrize("several", [False, True])
def test_a_probability_of_zero_given_to_the_truth_costs_36_nats(several):
    targets = np.array([[0, 1]], np.uint8) if several else np.array([1], np.int32)
    predicted = np.array([[1, 0]], np.uint8) if several else np.array([0], np.int32)
    figures = headline(prepare(np.array([[1, 0]], np.float32), predicted, targets))
    assert abs(figures["log_loss"] - 36.04365338911715) < 1e-9


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_no_rows_leave_every_figure_undefined(shape):
    nothing = np.empty(shape, np.int32)
    figures = headline(prepare(np.empty((0, 3), np.float32), nothing, nothing))
    assert all(np.isnan(value) for value in figures.values())


def test_arguments_are_not_changed(draw_case):
    arrays = draw_case(1)
    copies = [array.copy() for array in arrays]
    headline(prepare(*arrays))
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
