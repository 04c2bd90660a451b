"""Temperature scaling against SciPy, scikit-learn and what its minimum must satisfy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from textkind.decision import temperature as module
from textkind.decision.temperature import HIGHEST, LOWEST, fit_temperature


def one_label(seed, rows=200, labels=4, sureness=3.0):
    """Logits `sureness` times as sure as they are right, and targets."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=(rows, labels)) * 2
    chances = softmax(truth, axis=1)
    targets = (chances.cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    return (truth * sureness).astype(np.float32), targets.astype(np.int32)


def several_labels(seed, rows=200, labels=4, sureness=3.0):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(rows, labels)) * 2 - 1
    targets = random.random((rows, labels)) < expit(truth)
    return (truth * sureness).astype(np.float32), targets.astype(np.uint8)


def plain_loss(logits, targets, temperature):
    scaled = logits.astype(np.float64) / temperature
    if targets.ndim == 2:
        return np.logaddexp(0, np.where(targets != 0, -scaled, scaled)).mean()
    return -log_softmax(scaled, axis=1)[np.arange(len(targets)), targets].mean()


def scipy_temperature(logits, targets):
    found = minimize_scalar(
        lambda power: plain_loss(logits, targets, np.exp(-power)),
        bounds=(np.log(1 / HIGHEST), np.log(1 / LOWEST)),
        options={"xatol": 1e-10},
    )
    return float(np.exp(-found.x))


@pytest.mark.parametrize("draw", [one_label, several_labels])
@pytest.mark.parametrize("sureness", [0.02, 0.5, 1.0, 3.0, 40.0])
def test_the_temperature_is_scipys_minimum(draw, sureness):
    for seed in range(4):
        logits, targets = draw(seed, sureness=sureness)
        fit = fit_temperature(logits, targets)
        assert fit.temperature == pytest.approx(scipy_temperature(logits, targets), rel=1e-6)
        assert fit.log_loss_before == pytest.approx(plain_loss(logits, targets, 1), abs=1e-12)
        after = plain_loss(logits, targets, fit.temperature)
        assert fit.log_loss_after == pytest.approx(after, abs=1e-12)
        assert fit.notes == ()


@pytest.mark.parametrize("draw", [one_label, several_labels])
def test_the_loss_is_flat_at_the_temperature(draw):
    for seed in range(10):
        logits, targets = draw(seed, rows=50)
        fit = fit_temperature(logits, targets)
        _, slope, curvature = module._loss(logits, targets, 1 / fit.temperature)
        assert abs(slope) < 1e-10 * max(1, curvature)


@pytest.mark.parametrize("draw", [one_label, several_labels])
def test_slope_and_curvature_are_those_of_the_loss(draw):
    logits, targets = draw(0, sureness=1.0)
    step = 1e-4
    low, middle, high = (
        plain_loss(logits, targets, 1 / sharpness) for sharpness in (0.7 - step, 0.7, 0.7 + step)
    )
    loss, slope, curvature = module._loss(logits, targets, 0.7)
    assert loss == pytest.approx(middle, abs=1e-12)
    assert slope == pytest.approx((high - low) / (2 * step), abs=1e-6)
    assert curvature == pytest.approx((high - 2 * middle + low) / step**2, abs=1e-5)


class GivenLogits(ClassifierMixin, BaseEstimator):
    """Hands the logits it is given on to scikit-learn's calibrator."""

    def fit(self, logits, targets):
        self.classes_ = np.unique(targets)
        return self

    def decision_function(self, logits):
        return logits

    def predict(self, logits):
        return logits.argmax(axis=1)


def test_the_temperature_is_scikit_learns():
    logits, targets = one_label(7, rows=500)
    model = FrozenEstimator(GivenLogits().fit(logits, targets))
    calibrated = CalibratedClassifierCV(model, method="temperature").fit(logits, targets)
    theirs = 1 / calibrated.calibrated_classifiers_[0].calibrators[0].beta_
    assert fit_temperature(logits, targets).temperature == pytest.approx(theirs, rel=1e-4)


def test_blocks_of_rows_do_not_change_the_temperature(monkeypatch):
    logits, targets = one_label(1)
    whole = fit_temperature(logits, targets).temperature
    monkeypatch.setattr(module, "BLOCK", 28)
    assert fit_temperature(logits, targets).temperature == pytest.approx(whole, rel=1e-12)


LOGITS = st.lists(
    st.tuples(
        *[st.floats(-1e4, 1e4, width=32) | st.integers(-3, 3).map(float)] * 3, st.integers(0, 2)
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(LOGITS, st.booleans())
def test_the_temperature_never_makes_log_loss_worse_and_stays_in_its_bounds(rows, several):
    logits = np.array([row[:3] for row in rows], np.float32)
    targets = np.array([row[3] for row in rows], np.int32)
    if several:
        targets = (targets[:, None] >= np.arange(3)).astype(np.uint8)
    fit = fit_temperature(logits, targets)
    assert LOWEST <= fit.temperature <= HIGHEST
    assert fit.log_loss_after <= fit.log_loss_before
    after, before = (plain_loss(logits, targets, t) for t in (fit.temperature, 1.0))
    assert after <= before + 1e-12 * max(1, before)


@pytest.mark.parametrize("rows", [1, 8, 200])
@pytest.mark.parametrize("several", [False, True])
def test_all_rows_right_stop_at_the_confidence_they_can_bear_and_it_is_told(rows, several):
    logits = np.tile(np.array([[0.01, -0.01]], np.float32), (rows, 1))
    targets = np.tile([[1, 0]], (rows, 1)).astype(np.uint8) if several else np.zeros(rows, np.int32)
    fit = fit_temperature(logits, targets)
    scaled = logits[0].astype(np.float64) / fit.temperature
    sure = expit(scaled[0]) if several else softmax(scaled)[0]
    assert sure == pytest.approx((rows + 1) / (rows + 2), rel=1e-9)
    assert len(fit.notes) == 1


def test_all_rows_right_and_too_sure_already_keep_the_temperature_of_one():
    fit = fit_temperature(np.array([[9.0, 0.0]], np.float32), np.array([0]))
    assert fit.temperature == 1
    assert len(fit.notes) == 1


def test_logits_worse_than_chance_stop_at_the_highest_temperature_and_it_is_told():
    fit = fit_temperature(np.array([[5.0, 0.0]] * 4, np.float32), np.ones(4, np.int32))
    assert fit.temperature == HIGHEST
    assert len(fit.notes) == 1


def test_equal_logits_keep_the_temperature_of_one():
    fit = fit_temperature(np.zeros((5, 3), np.float32), np.array([0, 1, 2, 0, 1]))
    assert (fit.temperature, fit.notes) == (1, ())
