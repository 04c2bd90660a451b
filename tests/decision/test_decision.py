"""The decision: probabilities that sum to 1 and keep their order, thresholds, JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.special import expit, softmax

from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import (
    Decision,
    decide,
    decision_from_json,
    decision_to_json,
    fit_decision,
    probabilities,
)
from textkind.decision.rule import Rule, rule_to_json
from textkind.decision.sigmoid import Sigmoid
from textkind.decision.temperature import Temperature
from textkind.decision.vector import Vector
from textkind.errors import ModelFolderError, SettingsError
from textkind.evaluation.metrics import row_log_loss

LOGITS = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.floats(-1e5, 1e5, width=32) | st.integers(-2, 2).map(float),
)
TEMPERATURES = st.floats(1e-3, 1e3)


@given(LOGITS, TEMPERATURES)
def test_rows_sum_to_one_and_the_highest_logit_wins(logits, temperature):
    decision = Decision(False, Temperature(temperature))
    found = probabilities(decision, logits)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1, dtype=np.float64), 1, rtol=0, atol=1e-6)
    ids = decide(decision, found)
    assert ids.dtype == np.int32
    np.testing.assert_array_equal(ids, logits.argmax(axis=1))


@given(arrays(np.float32, (7, 3), elements=st.floats(0.5, 0.5 + 2**-16, width=32)))
def test_logits_that_differ_by_a_hair_keep_their_order_at_any_temperature(logits):
    for temperature in (1e-3, 1.0, 1e3):
        found = probabilities(Decision(False, Temperature(temperature)), logits)
        np.testing.assert_array_equal(found.argmax(axis=1), logits.argmax(axis=1))
        np.testing.assert_allclose(found.sum(axis=1, dtype=np.float64), 1, rtol=0, atol=1e-6)


@given(LOGITS, TEMPERATURES)
def test_probabilities_of_several_labels_lie_in_0_to_1_and_rise_with_the_logit(logits, temperature):
    found = probabilities(Decision(True, Temperature(temperature)), logits)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    order = np.argsort(logits, axis=1)
    assert (np.diff(np.take_along_axis(found, order, axis=1), axis=1) >= -1e-7).all()


@pytest.mark.parametrize("labels", [1, 2, 20, 3000])
def test_probabilities_equal_scipy(labels):
    logits = (np.random.default_rng(0).normal(size=(50, labels)) * 5).astype(np.float32)
    for several, twin in ((False, lambda z: softmax(z, axis=1)), (True, expit)):
        found = probabilities(Decision(several, Temperature(1.7)), logits)
        np.testing.assert_allclose(found, twin(logits / 1.7), rtol=2e-5, atol=1e-12)


@pytest.mark.parametrize("several", [False, True])
def test_a_text_gets_the_same_probabilities_alone_and_among_others(several):
    logits = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    decision = Decision(several, Temperature(0.8))
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
    fitted = fit_decision(logits, targets, several)
    facts = fitted.facts
    assert fitted.decision == Decision(several, fitted.decision.calibrator)
    assert facts["calibrator"] == fitted.decision.calibrator.name == "temperature"
    assert facts["temperature"] == pytest.approx(3, rel=0.2)
    for name in ("log_loss", "ece", "ece_width"):
        assert facts[f"{name}_after"] < facts[f"{name}_before"]
    assert facts["labels_changed"] == (None if several else 0)
    assert facts["notes"] == []
    json.dumps(facts, allow_nan=False)


def test_validations_own_probabilities_are_those_that_the_facts_measure():
    logits, targets = draw(False)
    fitted = fit_decision(logits, targets, False, CalibrationSettings("isotonic"))
    assert fitted.facts["log_loss_after"] == row_log_loss(fitted.probabilities, targets).mean()
    by_all = probabilities(fitted.decision, logits)
    assert row_log_loss(by_all, targets).mean() < fitted.facts["log_loss_after"]  # it saw the rows
    changed = fitted.probabilities.argmax(axis=1) != logits.argmax(axis=1)
    assert fitted.facts["labels_changed"] == changed.sum() > 0


@pytest.mark.parametrize("several", [False, True])
def test_without_validation_rows_nothing_is_fitted_and_it_is_told(several):
    targets = np.empty((0, 3) if several else 0, np.int32)
    fitted = fit_decision(np.empty((0, 3), np.float32), targets, several)
    assert fitted.decision == Decision(several)
    assert fitted.probabilities.shape == (0, 3)
    assert len(fitted.facts["notes"]) == 1


@given(st.booleans(), TEMPERATURES, st.none() | st.floats(-20, 20))
def test_a_decision_is_the_same_after_a_journey_through_json(several, temperature, offset):
    rule = Rule(thresholds=(0.2, 0.5)) if several else Rule(weights=(1.0, 2.5))
    calibrator = Temperature(temperature) if offset is None else Sigmoid(temperature, offset)
    decision = Decision(several, calibrator, rule)
    assert decision_from_json(json.loads(json.dumps(decision_to_json(decision))), 2) == decision


RULE = rule_to_json(Rule())
PLAIN = {"name": "none"}
SHARED = {"name": "temperature", "temperature": 1.5}
VECTOR = {"name": "vector", "shared": SHARED, "scales": [1.0, 2.0], "offsets": [0.0, -1.0]}
GOOD = {"several": False, "calibrator": PLAIN, "rule": RULE}


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        "decision",
        {},
        {**GOOD, "sharpness": 1},
        {**GOOD, 3: 1},
        {"several": False, "calibrator": PLAIN},
        {**GOOD, "several": 0},
        {**GOOD, "several": "false"},
        {**GOOD, "calibrator": None},
        {**GOOD, "calibrator": "none"},
        {**GOOD, "calibrator": {"name": "histogram"}},
        {**GOOD, "several": True, "calibrator": VECTOR},
        {**GOOD, "calibrator": {**VECTOR, "scales": [1.0] * 3, "offsets": [0.0] * 3}},
        {**GOOD, "rule": None},
        {**GOOD, "rule": {**RULE, "weights": [1.0]}},
        {**GOOD, "rule": {**RULE, "thresholds": 0.5}},
        {**GOOD, "several": True, "rule": {**RULE, "weights": [1.0, 2.0]}},
    ],
    ids=repr,
)
def test_a_decision_that_makes_no_sense_is_refused(found):
    with pytest.raises(ModelFolderError) as raised:
        decision_from_json(found, 2)
    assert "decision" in str(raised.value)


def test_a_decision_is_checked_where_it_is_made():
    with pytest.raises(SettingsError, match="one label a text"):
        Decision(True, Vector(Temperature(1.0), (1.0, 1.0), (0.0, 0.0)))
