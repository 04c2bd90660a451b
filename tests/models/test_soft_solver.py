"""The logistic solver with probabilities for targets: against SciPy's optimum and hard labels."""

import numpy as np
import pytest
from scipy import optimize

from tests.models.test_solvers import EXACT, make, with_ones
from textkind.errors import SettingsError
from textkind.models.problems import Problems
from textkind.models.solvers import BinaryDescent


def descent(rows, problems, order, objective="logistic"):
    return BinaryDescent(rows, 60, problems, objective, canonical=order, stopping=EXACT)


def problems_of(targets, soft, strength):
    return Problems(targets, np.arange(4), np.full((2, 4), strength, np.float32), soft)


@pytest.mark.parametrize("strength", [0.5, 8.0])
def test_it_reaches_the_optimum_that_scipy_finds(strength):
    csr, rows, targets, order = make()
    soft = np.random.default_rng(1).dirichlet(np.full(4, 0.5), len(targets)).astype(np.float32)
    soft[:5] = np.eye(4)[targets[:5]]
    solution = descent(rows, problems_of(targets, soft, strength), order).finish()
    matrix, total = with_ones(csr).astype(np.float64), 0.0
    for label in range(4):

        def objective(weights, wanted=soft[:, label].astype(np.float64)):
            margins = matrix @ weights
            loss = np.logaddexp(0, margins) - wanted * margins
            slope = 1 / (1 + np.exp(-margins)) - wanted
            return weights @ weights / 2 + strength * loss.sum(), weights + strength * (
                matrix.T @ slope
            )

        found = optimize.minimize(objective, np.zeros(61), jac=True, tol=1e-12)
        total += found.fun
        ours = np.append(solution.weights[0, :, label], solution.biases[0, label])
        np.testing.assert_allclose(ours, found.x, atol=2e-3)
    assert solution.facts["objective"] == pytest.approx(total, rel=1e-5)
    assert abs(solution.facts["relative_gap"]) < 1e-4


def test_probabilities_of_0_and_1_are_labels():
    _, rows, targets, order = make()
    sure = np.eye(4, dtype=np.float32)[targets]
    hard, soft = (
        descent(rows, problems_of(targets, given, 2.0), order).finish() for given in (None, sure)
    )
    np.testing.assert_allclose(hard.weights, soft.weights, atol=1e-3)
    assert hard.facts["objective"] == pytest.approx(soft.facts["objective"], rel=1e-4)


def test_a_descent_goes_on_at_another_strength_and_with_more_rows():
    _, rows, targets, order = make()
    soft = np.random.default_rng(1).dirichlet(np.ones(4), len(targets)).astype(np.float32)
    whole = descent(rows, problems_of(targets, soft, 4.0), order).finish()
    first = descent(rows.part(slice(0, 80)), problems_of(targets[:80], soft[:80], 1.0), order[:80])
    first.run()
    first.run(4.0)
    again = descent(rows, problems_of(targets, soft, 4.0), order)
    again.begin(first.standing(slice(0, 4)))
    np.testing.assert_allclose(again.finish().weights, whole.weights, atol=2e-3)


def test_the_squared_hinge_has_no_place_for_them():
    _, rows, targets, order = make()
    soft = np.full((len(targets), 4), 0.25, np.float32)
    with pytest.raises(SettingsError, match="logistic objective"):
        descent(rows, problems_of(targets, soft, 1.0), order, "squared_hinge")
