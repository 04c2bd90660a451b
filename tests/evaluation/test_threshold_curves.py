"""Curves over all thresholds, against scikit-learn and a plain count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from textkind.decision.abstention import risk_coverage
from textkind.evaluation.threshold_curves import MOST_POINTS, THRESHOLDS, label_curve, risk_curve

CONFIDENCES = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=200)


@settings(max_examples=60, deadline=None)
@given(CONFIDENCES)
def test_a_point_counts_the_texts_of_its_confidence_or_more(rows):
    confidence = np.array([sure / 20 for sure, _ in rows])
    correct = np.array([right for _, right in rows])
    points = risk_curve(confidence, correct)
    for one in points:
        answered = confidence >= one["confidence"]
        assert one["answered"] == pytest.approx(answered.mean())
        assert one["error"] == pytest.approx((~correct[answered]).mean())
        assert 0 <= one["low"] <= one["error"] <= one["high"] <= 1
    shares = [one["answered"] for one in points]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert len(points) <= MOST_POINTS


def test_the_points_lie_on_the_curve_that_the_area_is_taken_under():
    random = np.random.default_rng(0)
    confidence, correct = random.random(1000), random.random(1000) < 0.8
    answered, error = risk_coverage(confidence, correct)
    for one in risk_curve(confidence, correct):
        place = np.flatnonzero(answered == one["answered"])[0]
        assert one["error"] == pytest.approx(error[place])


def test_without_a_text_there_is_no_point():
    assert risk_curve(np.zeros(0), np.zeros(0, bool)) == []


@pytest.mark.parametrize("shape", [(300,), (300, 4)])
def test_precision_recall_and_f1_equal_scikit_learns_at_every_threshold(shape):
    random = np.random.default_rng(1)
    given = random.choice(np.linspace(0, 1, 41), shape).astype(np.float32)
    gold = (random.random(shape) < given).astype(np.uint8)
    points = label_curve(given, gold)
    assert [one["threshold"] for one in points] == list(THRESHOLDS)
    for one in points:
        predicted = given.ravel() >= one["threshold"]
        told = gold.ravel(), predicted
        assert one["predicted"] == predicted.sum()
        assert one["precision"] == pytest.approx(precision_score(*told, zero_division=np.nan))
        assert one["recall"] == pytest.approx(recall_score(*told))
        assert one["f1"] == pytest.approx(f1_score(*told))


def test_what_cannot_be_measured_is_none():
    (first, *_, last) = label_curve(np.array([0.5, 0.2]), np.array([0, 0]))
    assert (first["predicted"], first["precision"], first["recall"], first["f1"]) == (2, 0, None, 0)
    assert (last["predicted"], last["precision"], last["recall"], last["f1"]) == (0, *[None] * 3)
