"""Temperature and offset against SciPy, scikit-learn, finite differences and the softmax."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit, log_expit, softmax
from sklearn.linear_model import LogisticRegression

from textkind.decision.decision import Decision, decide, probabilities
from textkind.decision.shared import fit_shared
from textkind.decision.sigmoid import Sigmoid, loss_and_slopes, shared_sigmoid
from textkind.decision.temperature import Temperature, fit_temperature
from textkind.evaluation.metrics import row_log_loss


def draw(rows=600, labels=5, sureness=3.0, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, labels)).astype(np.float32)
    truth = softmax(log_expit(sureness * logits + 1.5), axis=1)
    targets = np.array([generator.choice(labels, p=row) for row in truth], np.int32)
    return logits, targets


def draw_several(rows=600, labels=4, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, labels)).astype(np.float32)
    return logits, (generator.random(logits.shape) < expit(2 * logits - 1)).astype(np.uint8)


def plain_loss(point, logits, targets):
    scaled = log_expit(np.exp(point[0]) * logits + point[1])
    if targets.ndim == 2:
        others = log_expit(-np.exp(point[0]) * logits - point[1])
        return -np.where(targets != 0, scaled, others).mean()
    return -np.log(softmax(scaled, axis=1)[np.arange(len(targets)), targets]).mean()


@pytest.mark.parametrize("drawn", [draw, draw_several])
def test_loss_and_slopes_are_those_of_the_plain_formula(drawn):
    logits, targets = drawn()
    point = np.array([0.7, -0.4])
    loss, slopes = loss_and_slopes(point, logits.astype(float), targets)
    assert loss == pytest.approx(plain_loss(point, logits.astype(float), targets), abs=1e-12)
    by_differences = approx_fprime(point, plain_loss, 1e-6, logits.astype(float), targets)
    np.testing.assert_allclose(slopes, by_differences, atol=1e-5)


@pytest.mark.parametrize("drawn", [draw, draw_several])
def test_the_fit_is_scipys_minimum(drawn):
    logits, targets = drawn()
    fit = Sigmoid.fit(logits, targets)
    point = -np.log(fit.temperature), fit.offset
    found = minimize(plain_loss, [0.0, 0.0], (logits.astype(float), targets), method="Nelder-Mead")
    loss = plain_loss(point, logits.astype(float), targets)
    assert loss == pytest.approx(found.fun, abs=1e-5)
    assert loss < fit_temperature(logits, targets).log_loss_after


def test_of_several_labels_it_is_one_logistic_regression_of_all_label_decisions():
    logits, targets = draw_several()
    fit = Sigmoid.fit(logits, targets)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(logits.reshape(-1, 1), targets.ravel())
    assert 1 / fit.temperature == pytest.approx(theirs.coef_[0, 0], rel=1e-3)
    assert fit.offset == pytest.approx(theirs.intercept_[0], rel=1e-3)


def test_the_shared_fit_leaves_the_offset_out_where_the_softmax_is_right():
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(500, 4)).astype(np.float32) * 2
    targets = np.array([generator.choice(4, p=row) for row in softmax(logits, axis=1)], np.int32)
    assert isinstance(fit_shared(logits, targets), Temperature)


@pytest.mark.parametrize("drawn", [draw, draw_several])
def test_the_shared_fit_has_the_offset_where_it_pays(drawn):
    logits, targets = drawn()
    shared = fit_shared(logits, targets)
    assert isinstance(shared, Sigmoid)
    loss = row_log_loss(shared.transform(logits, targets.ndim == 2), targets).mean()
    assert loss < fit_temperature(logits, targets).log_loss_after


@given(
    st.lists(
        st.lists(st.floats(-50, 50, width=32), min_size=3, max_size=3), min_size=1, max_size=9
    ),
    st.floats(0.01, 100),
    st.floats(-20, 20),
)
def test_rows_sum_to_one_and_the_highest_logit_wins(rows, temperature, offset):
    logits = np.array(rows, np.float32)
    decision = Decision(False, Sigmoid(temperature, offset))
    chances = probabilities(decision, logits)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=2e-6)
    np.testing.assert_array_equal(decide(decision, chances), logits.argmax(axis=1))


def test_a_low_offset_is_the_softmax():
    scaled = np.random.default_rng(2).normal(size=(50, 6)) * 3
    np.testing.assert_allclose(shared_sigmoid(scaled - 60), softmax(scaled, axis=1), atol=1e-7)
