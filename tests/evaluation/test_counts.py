"""Counts, precision, recall and F1 against scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from textkind.evaluation.counts import (
    LabelCounts,
    confusion_table,
    count_labels,
    f1,
    macro,
    micro,
    occurs,
    precision,
    recall,
    weighted,
)

FIGURES = (precision, recall, f1)
AVERAGES = {"macro": macro, "micro": micro, "weighted": weighted}


def scikit_learn_figures(predicted, targets, average, labels):
    with warnings.catch_warnings(), config_context(skip_parameter_validation=True):
        warnings.simplefilter("ignore")
        return precision_recall_fscore_support(
            targets, predicted, labels=labels, average=average, zero_division=0
        )[:3]


def check_averages(draw, seeds):
    for seed in seeds:
        probabilities, predicted, targets = draw(seed)
        counts = count_labels(predicted, targets, probabilities.shape[1])
        present = np.flatnonzero(occurs(counts))
        if not counts.gold.any():
            continue
        labels = present if targets.ndim == 2 else None  # scikit-learn's own choice for ids
        for name, average in AVERAGES.items():
            ours = [float(average(figure, counts)) for figure in FIGURES]
            theirs = scikit_learn_figures(predicted, targets, name, labels)
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12, err_msg=f"{name} {seed}")


def test_averages_equal_scikit_learn(draw_case):
    check_averages(draw_case, range(300))


@pytest.mark.slow
def test_averages_equal_scikit_learn_on_thousands_of_cases(draw_case):
    check_averages(draw_case, range(1000, 3000))


def test_figures_of_every_label_equal_scikit_learn(draw_case):
    for seed in range(200):
        probabilities, predicted, targets = draw_case(seed)
        label_count = probabilities.shape[1]
        counts = count_labels(predicted, targets, label_count)
        theirs = scikit_learn_figures(predicted, targets, None, range(label_count))
        for figure, expected in zip(FIGURES, theirs, strict=True):
            np.testing.assert_allclose(figure(counts), expected, rtol=0, atol=1e-12)


def test_confusion_table_equals_scikit_learn(draw_one_label):
    for seed in range(100):
        probabilities, predicted, targets = draw_one_label(seed)
        label_count = probabilities.shape[1]
        table = confusion_table(predicted, targets, label_count)
        np.testing.assert_array_equal(
            table, confusion_matrix(targets, predicted, labels=range(label_count))
        )


def test_a_label_that_never_occurs_does_not_lower_macro_figures():
    targets = np.array([0, 1, 1, 0])
    assert macro(f1, count_labels(targets, targets, 5)) == 1


def test_a_label_never_predicted_counts_as_zero():
    counts = count_labels(np.zeros(4, np.int32), np.array([0, 0, 1, 1]), 2)
    np.testing.assert_array_equal(precision(counts), [0.5, 0])
    assert macro(precision, counts) == 0.25


@pytest.mark.parametrize("average", AVERAGES.values(), ids=AVERAGES)
def test_averages_without_any_label_are_undefined(average):
    nothing = np.zeros((3, 2), np.uint8)
    assert np.isnan(average(f1, count_labels(nothing, nothing, 2)))


@pytest.mark.parametrize("average", AVERAGES.values(), ids=AVERAGES)
def test_a_batch_of_counts_gives_the_figures_of_each(average):
    random = np.random.default_rng(0)
    hits = random.integers(0, 3, (8, 4))
    batch = LabelCounts(hits + random.integers(0, 3, (8, 4)), hits + 1, hits)
    alone = [
        average(f1, LabelCounts(batch.gold[i], batch.predicted[i], batch.hits[i])) for i in range(8)
    ]
    np.testing.assert_array_equal(average(f1, batch), alone)
