"""The decision: probabilities that sum to 1 and keep their order, thresholds, JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.special import expit, softmax

from textkind.decision.decision import (
    Decision,
    best_threshold,
    decide,
    decision_from_json,
    decision_to_json,
    fit_decision,
    probabilities,
)
from textkind.errors import ModelFolderError, SettingsError

LOGITS = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.floats(-1e5, 1e5, width=32) | st.integers(-2, 2).map(float),
)
TEMPERATURES = st.floats(1e-3, 1e3)


@given(LOGITS, TEMPERATURES)
def test_rows_sum_to_one_and_the_highest_logit_wins(logits, temperature):
    decision = Decision(False, temperature)
    found = probabilities(decision, logits)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1, dtype=np.float64), 1, rtol=0, atol=1e-6)
    ids = decide(decision, found)
    assert ids.dtype == np.int32
    np.testing.assert_array_equal(ids, logits.argmax(axis=1))


@given(arrays(np.float32, (7, 3), elements=st.floats(0.5, 0.5 + 2**-16, width=32)))
def test_logits_that_differ_by_a_hair_keep_their_order_at_any_temperature(logits):
    for temperature in (1e-3, 1.0, 1e3):
        found = probabilities(Decision(False, temperature), logits)
        np.testing.assert_array_equal(found.argmax(axis=1), logits.argmax(axis=1))
        np.testing.assert_allclose(found.sum(axis=1, dtype=np.float64), 1, rtol=0, atol=1e-6)


@given(LOGITS, TEMPERATURES)
def test_probabilities_of_several_labels_lie_in_0_to_1_and_rise_with_the_logit(logits, temperature):
    found = probabilities(Decision(True, temperature), logits)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    order = np.argsort(logits, axis=1)
    assert (np.diff(np.take_along_axis(found, order, axis=1), axis=1) >= -1e-7).all()


@pytest.mark.parametrize("labels", [1, 2, 20, 3000])
def test_probabilities_equal_scipy(labels):
    logits = (np.random.default_rng(0).normal(size=(50, labels)) * 5).astype(np.float32)
    for several, twin in ((False, lambda z: softmax(z, axis=1)), (True, expit)):
        found = probabilities(Decision(several, 1.7), logits)
        np.testing.assert_allclose(found, twin(logits / 1.7), rtol=2e-5, atol=1e-12)


@pytest.mark.parametrize("several", [False, True])
def test_a_text_gets_the_same_probabilities_alone_and_among_others(several):
    logits = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    decision = Decision(several, 0.8)
    together = probabilities(decision, logits)
    for row in range(40):
        alone = probabilities(decision, logits[row : row + 1])
        np.testing.assert_allclose(alone[0], together[row], rtol=0, atol=1e-6)


@pytest.mark.parametrize("several", [False, True])
def test_no_rows_give_no_rows_and_logits_are_not_changed(several):
    decision = Decision(several)
    assert probabilities(decision, np.empty((0, 3), np.float32)).shape == (0, 3)
    logits = np.array([[1, 2, 3]], np.float32)
    probabilities(decision, logits)
    assert logits.tolist() == [[1, 2, 3]]


def test_several_labels_are_those_at_or_above_the_threshold():
    given_probabilities = np.array([[0.3, 0.29, 0.9], [0, 0, 0]], np.float32)
    found = decide(Decision(True, threshold=float(np.float32(0.3))), given_probabilities)
    assert found.dtype == np.uint8
    assert found.tolist() == [[1, 0, 1], [0, 0, 0]]


def micro_f1(predicted, targets):
    hits = (predicted & targets).sum()
    return 2 * hits / (predicted.sum() + targets.sum())


def test_the_threshold_has_the_highest_micro_f1_of_all_thresholds():
    for seed in range(300):
        random = np.random.default_rng(seed)
        shape = (int(random.integers(1, 20)), int(random.integers(1, 5)))
        targets = (random.random(shape) < 0.4).astype(np.uint8)
        targets[0, 0] = 1
        scores = (random.random(shape) * 0.7 + 0.3 * targets).round(int(random.integers(1, 4)))
        scores = scores.astype(np.float32)
        found = decide(Decision(True, threshold=best_threshold(scores, targets)), scores)
        brute = max(micro_f1((scores >= cut).astype(np.uint8), targets) for cut in scores.ravel())
        assert micro_f1(found, targets) == pytest.approx(brute, abs=1e-12)


def test_the_threshold_lies_half_way_between_the_neighbors():
    scores = np.array([[0.75, 0.25]], np.float32)
    assert best_threshold(scores, np.array([[1, 0]], np.uint8)) == 0.5


def test_the_threshold_parts_neighboring_floats():
    low = np.float32(0.5)
    high = np.nextafter(low, np.float32(1))
    scores = np.array([[high, low]])
    threshold = best_threshold(scores, np.array([[1, 0]], np.uint8))
    assert decide(Decision(True, threshold=threshold), scores).tolist() == [[1, 0]]


def draw(several, rows=400):
    random = np.random.default_rng(3)
    truth = random.normal(size=(rows, 5)) * 2 - several
    if several:
        targets = (random.random(truth.shape) < expit(truth)).astype(np.uint8)
    else:
        cumulated = softmax(truth, axis=1).cumsum(axis=1)
        targets = (cumulated > random.random((rows, 1))).argmax(axis=1).astype(np.int32)
    return (truth * 3).astype(np.float32), targets


@pytest.mark.parametrize("several", [False, True])
def test_fitting_betters_log_loss_and_calibration_and_says_so(several):
    logits, targets = draw(several)
    decision, facts = fit_decision(logits, targets, several)
    assert decision.several is several
    assert decision.temperature == facts["temperature"] == pytest.approx(3, rel=0.2)
    assert facts["log_loss_after"] < facts["log_loss_before"]
    assert facts["ece_after"] < facts["ece_before"]
    assert facts["threshold"] == (decision.threshold if several else None)
    assert facts["notes"] == []
    json.dumps(facts, allow_nan=False)


def test_the_fitted_threshold_is_best_for_the_fitted_probabilities():
    logits, targets = draw(True)
    decision, _ = fit_decision(logits, targets, True)
    given_probabilities = probabilities(decision, logits)
    found = micro_f1(decide(decision, given_probabilities), targets)
    for threshold in np.linspace(0, 1, 101):
        other = decide(Decision(True, threshold=float(threshold)), given_probabilities)
        assert micro_f1(other, targets) <= found + 1e-12


@pytest.mark.parametrize("several", [False, True])
def test_without_validation_rows_nothing_is_fitted_and_it_is_told(several):
    targets = np.empty((0, 3) if several else 0, np.int32)
    decision, facts = fit_decision(np.empty((0, 3), np.float32), targets, several)
    assert decision == Decision(several)
    assert len(facts["notes"]) == 1
    json.dumps(facts, allow_nan=False)


def test_without_any_label_the_threshold_stays_at_its_default_and_it_is_told():
    logits = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    decision, facts = fit_decision(logits, np.zeros((20, 3), np.uint8), True)
    assert decision.threshold == 0.5
    assert any("threshold" in note for note in facts["notes"])


@given(st.booleans(), TEMPERATURES, st.none() | st.floats(-20, 20), st.floats(0, 1))
def test_a_decision_is_the_same_after_a_journey_through_json(
    several, temperature, offset, threshold
):
    decision = Decision(several, temperature, None if several else offset, threshold)
    assert decision_from_json(json.loads(json.dumps(decision_to_json(decision)))) == decision


GOOD = {"several": False, "temperature": 1.0, "offset": None, "threshold": 0.5}


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        "decision",
        {},
        {**GOOD, "sharpness": 1},
        {**GOOD, 3: 1},
        {"several": False, "temperature": 1.0},
        {**GOOD, "several": 0},
        {**GOOD, "several": "false"},
        {**GOOD, "temperature": "1"},
        {**GOOD, "temperature": True},
        {**GOOD, "temperature": None},
        {**GOOD, "temperature": [1.0]},
        {**GOOD, "temperature": float("nan")},
        {**GOOD, "temperature": float("inf")},
        {**GOOD, "temperature": 10**400},
        {**GOOD, "temperature": 0},
        {**GOOD, "temperature": -1.0},
        {**GOOD, "threshold": float("nan")},
        {**GOOD, "threshold": 1.01},
        {**GOOD, "threshold": -0.01},
        {**GOOD, "threshold": False},
        {**GOOD, "offset": 21.0},
        {**GOOD, "offset": "0"},
        {**GOOD, "offset": float("nan")},
        {**GOOD, "several": True, "offset": 0.0},
    ],
    ids=repr,
)
def test_a_decision_that_makes_no_sense_is_refused(found):
    with pytest.raises(ModelFolderError) as raised:
        decision_from_json(found)
    assert "decision" in str(raised.value)


def test_a_decision_is_checked_where_it_is_made():
    with pytest.raises(SettingsError, match="temperature"):
        Decision(False, temperature=0)
