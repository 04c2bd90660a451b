"""Temperature and offset against SciPy, finite differences and the softmax they contain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import log_expit, softmax

from textkind.decision.decision import Decision, decide, fit_decision, probabilities
from textkind.decision.offset import fit_offset, loss_and_slopes, shared_sigmoid
from textkind.decision.temperature import fit_temperature


def draw(rows=600, labels=5, sureness=3.0, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, labels)).astype(np.float32)
    truth = softmax(log_expit(sureness * logits + 1.5), axis=1)
    targets = np.array([generator.choice(labels, p=row) for row in truth], np.int32)
    return logits, targets


def plain_loss(point, logits, targets):
    chances = softmax(log_expit(np.exp(point[0]) * logits + point[1]), axis=1)
    return -np.log(chances[np.arange(len(targets)), targets]).mean()


def test_loss_and_slopes_are_those_of_the_plain_formula():
    logits, targets = draw()
    point = np.array([0.7, -0.4])
    loss, slopes = loss_and_slopes(point, logits.astype(float), targets)
    assert loss == pytest.approx(plain_loss(point, logits.astype(float), targets), abs=1e-12)
    by_differences = approx_fprime(point, plain_loss, 1e-6, logits.astype(float), targets)
    np.testing.assert_allclose(slopes, by_differences, atol=1e-5)


def test_the_fit_is_scipys_minimum():
    logits, targets = draw()
    alone = fit_temperature(logits, targets)
    fit = fit_offset(logits, targets, alone.temperature, alone.log_loss_after)
    found = minimize(plain_loss, [0.0, 0.0], (logits.astype(float), targets), method="Nelder-Mead")
    assert fit.log_loss == pytest.approx(found.fun, abs=1e-5)
    assert fit.log_loss < alone.log_loss_after


def test_the_offset_is_left_out_where_the_softmax_is_right():
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(500, 4)).astype(np.float32) * 2
    targets = np.array([generator.choice(4, p=row) for row in softmax(logits, axis=1)], np.int32)
    decision, facts = fit_decision(logits, targets, several=False)
    assert decision.offset is None
    assert facts["offset"] is None


def test_fitting_a_decision_uses_the_offset_where_it_pays():
    logits, targets = draw()
    decision, facts = fit_decision(logits, targets, several=False)
    assert decision.offset is not None
    assert facts["log_loss_after"] < fit_temperature(logits, targets).log_loss_after
    given_now = probabilities(decision, logits)
    assert -np.log(given_now[np.arange(600), targets]).mean() == pytest.approx(
        facts["log_loss_after"], abs=1e-5
    )


@given(
    st.lists(
        st.lists(st.floats(-50, 50, width=32), min_size=3, max_size=3), min_size=1, max_size=9
    ),
    st.floats(0.01, 100),
    st.floats(-20, 20),
)
def test_rows_sum_to_one_and_the_highest_logit_wins(rows, temperature, offset):
    logits = np.array(rows, np.float32)
    decision = Decision(False, temperature, offset)
    chances = probabilities(decision, logits)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=2e-6)
    np.testing.assert_array_equal(decide(decision, chances), logits.argmax(axis=1))


def test_a_low_offset_is_the_softmax():
    scaled = np.random.default_rng(2).normal(size=(50, 6)) * 3
    np.testing.assert_allclose(shared_sigmoid(scaled - 60), softmax(scaled, axis=1), atol=1e-7)
