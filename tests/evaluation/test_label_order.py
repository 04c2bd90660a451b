"""Figures of each row's order of labels, and of counts, against scikit-learn and a plain twin."""

import itertools
import warnings

import numpy as np
import pytest
from sklearn import config_context, metrics

from textkind.evaluation.label_order import BLOCK, PRECISION_DEPTHS, label_order_figures
from textkind.evaluation.metrics import headline, prepare


def check(found, expected, seed):
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12, err_msg=f"{name} {seed}")


def scikit_learn_of_one_label(probabilities, predicted, targets):
    labels = range(probabilities.shape[1])
    expected = {
        "balanced_accuracy": metrics.balanced_accuracy_score(targets, predicted),
        "matthews": metrics.matthews_corrcoef(targets, predicted),
        "macro_jaccard": metrics.jaccard_score(targets, predicted, average="macro"),
        "micro_jaccard": metrics.jaccard_score(targets, predicted, average="micro"),
        "cohens_kappa": metrics.cohen_kappa_score(targets, predicted),
    }
    for depth in (3, 5):
        value = np.nan
        if depth < len(labels):
            value = metrics.top_k_accuracy_score(targets, probabilities, k=depth, labels=labels)
        expected[f"top_{depth}_accuracy"] = value
    return expected


def scikit_learn_of_several_labels(probabilities, predicted, targets):
    present = np.flatnonzero(predicted.sum(axis=0) + targets.sum(axis=0))
    samples = {"average": "samples", "zero_division": 1.0}
    expected = {
        "samples_jaccard": metrics.jaccard_score(targets, predicted, **samples),
        "samples_f1": metrics.f1_score(targets, predicted, **samples),
        "label_ranking_average_precision": metrics.label_ranking_average_precision_score(
            targets, probabilities
        ),
        "label_ranking_loss": metrics.label_ranking_loss(targets, probabilities),
        "coverage_error": metrics.coverage_error(targets, probabilities),
    }
    for average in ("macro", "micro"):
        if len(present):
            expected[f"{average}_jaccard"] = metrics.jaccard_score(
                targets, predicted, labels=present, average=average, zero_division=0
            )
    for depth in (3, 5):
        if depth < targets.shape[1]:
            expected[f"ndcg_at_{depth}"] = metrics.ndcg_score(targets, probabilities, k=depth)
        else:
            expected[f"ndcg_at_{depth}"] = np.nan
    return expected


def compare(draw, theirs, seeds, **shape):
    for seed in seeds:
        case = draw(seed, **shape)
        probabilities = case[0].astype(np.float64)
        with warnings.catch_warnings(), config_context(skip_parameter_validation=True):
            warnings.simplefilter("ignore")
            expected = theirs(probabilities, *case[1:])
        check(headline(prepare(*case)), expected, seed)


def test_further_figures_of_one_label_equal_scikit_learn(draw_one_label):
    compare(draw_one_label, scikit_learn_of_one_label, range(50))
    compare(draw_one_label, scikit_learn_of_one_label, range(6), rows=80, labels=40)


def test_further_figures_of_several_labels_equal_scikit_learn(draw_several_labels):
    compare(draw_several_labels, scikit_learn_of_several_labels, range(50))
    compare(draw_several_labels, scikit_learn_of_several_labels, range(6), rows=80, labels=30)


def test_precision_at_k_is_its_mean_over_all_orders_of_equal_probabilities(draw_several_labels):
    for seed in range(20):
        probabilities, _, targets = draw_several_labels(seed, rows=6, labels=6)
        probabilities = probabilities.round(1)
        found = label_order_figures(probabilities, targets)
        orders = [list(order) for order in itertools.permutations(range(6))]
        for row, given in enumerate(probabilities):
            falling = [order for order in orders if (np.diff(given[order]) <= 0).all()]
            for depth in PRECISION_DEPTHS:
                expected = np.mean([targets[row][order[:depth]].mean() for order in falling])
                assert found[f"precision_at_{depth}"][row] == pytest.approx(expected)


def test_blocks_of_rows_do_not_change_the_figures(draw_several_labels, monkeypatch):
    probabilities, _, targets = draw_several_labels(1, rows=50, labels=7)
    whole = label_order_figures(probabilities, targets)
    monkeypatch.setattr("textkind.evaluation.label_order.BLOCK", 7)
    assert BLOCK > 50
    for name, rows in label_order_figures(probabilities, targets).items():
        np.testing.assert_array_equal(rows, whole[name])


def test_figures_that_need_more_labels_than_there_are_are_undefined(draw_case):
    case = draw_case(0, 20, 3)
    found = headline(prepare(*case))
    deep = [name for name in found if "_3" in name or "_5" in name]
    assert len(deep) >= 2
    assert all(np.isnan(found[name]) for name in deep)


def test_agreement_by_one_single_label_is_undefined_and_its_correlation_zero():
    rows = np.zeros(5, np.int32)
    found = headline(prepare(np.tile([0.9, 0.1], (5, 1)), rows, rows))
    assert np.isnan(found["cohens_kappa"])
    assert found["matthews"] == 0
