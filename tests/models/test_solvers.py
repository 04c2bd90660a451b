"""The solvers against scikit-learn's optimum and plain NumPy."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from textkind.encoding.rows import Rows
from textkind.models.passes import all_margins
from textkind.models.problems import Problems, Stopping
from textkind.models.solvers import BinaryDescent, solve_gradient_descent, solve_multinomial

EXACT = Stopping(tolerance=1e-7, most_passes=2000)


def solve_binary(*arguments, **options):
    return BinaryDescent(*arguments, **options).finish()


def make(texts=120, features=60, classes=4, seed=0, length=1):
    """Sparse rows of one length and labels that a linear model gets mostly right."""
    generator = np.random.default_rng(seed)
    matrix = generator.exponential(size=(texts, features)) * (
        generator.random((texts, features)) < 0.15
    )
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    truth = generator.normal(size=(features, classes))
    targets = (matrix @ truth + generator.normal(size=(texts, classes)) * 0.2).argmax(axis=1)
    csr = sparse.csr_matrix((length * matrix).astype(np.float32))
    rows = Rows(
        csr.indptr[:-1].astype(np.int64),
        csr.indptr[1:].astype(np.int64),
        csr.indptr[1:].astype(np.int64),
        csr.indices.astype(np.int32),
        csr.data,
    )
    return csr, rows, targets.astype(np.int32), np.arange(texts)


def with_ones(csr):
    """The bias as we have it: the weight of a feature that is 1 in every text."""
    return sparse.hstack([csr, np.ones((csr.shape[0], 1), np.float32)]).tocsr()


def hinge_objective(weights, csr, sign, costs):
    slack = np.maximum(1 - sign * (csr @ weights), 0)
    return weights @ weights / 2 + (costs * slack**2).sum()


def logistic_objective(weights, csr, sign, costs):
    return weights @ weights / 2 + (costs * np.logaddexp(0, -sign * (csr @ weights))).sum()


def one_against_rest(targets, classes, strength, inside=1.0):
    costs = np.full((2, classes), strength, np.float32)
    costs[1] *= inside
    return Problems(targets, np.arange(classes), costs)


@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_squared_hinge_reaches_scikit_learns_optimum(strength):
    csr, rows, targets, order = make()
    solution = solve_binary(
        rows,
        60,
        one_against_rest(targets, 4, strength),
        "squared_hinge",
        canonical=order,
        stopping=EXACT,
    )
    peer = LinearSVC(C=strength, fit_intercept=False, tol=1e-10, max_iter=100_000)
    peer.fit(with_ones(csr), targets)
    theirs = sum(
        hinge_objective(peer.coef_[k], with_ones(csr), np.where(targets == k, 1, -1), strength)
        for k in range(4)
    )
    assert solution.facts["objective"] == pytest.approx(theirs, rel=1e-3)
    weights, biases = solution.weights[0, :, :4], solution.biases[0, :4]
    np.testing.assert_allclose(
        csr @ weights + biases, with_ones(csr) @ peer.coef_.T, atol=2e-3 * max(1, strength)
    )


@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_one_problem_alone_equals_its_lane(strength):
    _, rows, targets, order = make(classes=2)
    alone = solve_binary(
        rows,
        60,
        Problems(targets, np.array([1]), np.full((2, 1), strength, np.float32)),
        "squared_hinge",
        canonical=order,
        stopping=EXACT,
    )
    lanes = solve_binary(
        rows,
        60,
        Problems(targets, np.array([1, 1]), np.full((2, 2), strength, np.float32)),
        "squared_hinge",
        canonical=order,
        stopping=EXACT,
    )
    assert alone.weights.shape == (1, 60, 1)
    margins = all_margins(rows, lanes)
    np.testing.assert_allclose(all_margins(rows, alone)[:, 0], margins[:, 0], atol=1e-3)
    np.testing.assert_array_equal(margins[:, 0], margins[:, 1])


@pytest.mark.parametrize("length", [1, 3])
@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0, 100.0])
def test_logistic_reaches_scikit_learns_optimum(strength, length):
    csr, rows, targets, order = make(classes=2, length=length)
    solution = solve_binary(
        rows,
        60,
        Problems(targets, np.array([1]), np.full((2, 1), strength, np.float32)),
        "logistic",
        canonical=order,
        stopping=EXACT,
    )
    peer = LogisticRegression(C=strength, fit_intercept=False, tol=1e-10, max_iter=10_000)
    peer.fit(with_ones(csr), targets)
    sign = np.where(targets == 1, 1, -1)
    theirs = logistic_objective(peer.coef_[0], with_ones(csr), sign, strength)
    assert solution.facts["objective"] == pytest.approx(theirs, rel=1e-3)
    assert abs(solution.facts["relative_gap"]) < 1e-3


@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("classes", [3, 20])
def test_multinomial_reaches_scikit_learns_optimum(strength, classes):
    csr, rows, targets, order = make(classes=classes, texts=200)
    costs = np.full(200, strength, np.float32)
    solution = solve_multinomial(rows, 60, targets, costs, classes, canonical=order, stopping=EXACT)
    present = np.unique(targets)
    peer = LogisticRegression(C=strength, fit_intercept=False, tol=1e-9, max_iter=10_000)
    peer.fit(with_ones(csr), targets)
    if present.size == classes:
        norm = np.square(peer.coef_).sum() / 2
        logs = np.log(peer.predict_proba(with_ones(csr)))[np.arange(200), targets]
        assert solution.facts["objective"] == pytest.approx(norm - strength * logs.sum(), rel=1e-3)
    assert abs(solution.facts["relative_gap"]) < 1e-3


@pytest.mark.parametrize("objective", ["squared_hinge", "logistic"])
def test_the_duality_gap_bounds_the_distance_to_the_minimum(objective):
    _, rows, targets, order = make()
    problems = one_against_rest(targets, 4, 1.0)
    best = solve_binary(rows, 60, problems, objective, canonical=order, stopping=EXACT)
    for passes in (1, 2, 4, 8):
        rough = solve_binary(
            rows, 60, problems, objective, canonical=order, stopping=Stopping(1e-9, passes)
        )
        assert not rough.facts["converged"]
        excess = rough.facts["objective"] - best.facts["objective"]
        gap = rough.facts["relative_gap"] * rough.facts["objective"]
        rounding = 1e-7 * rough.facts["objective"]  # weights are float32
        assert -1e-4 <= excess <= gap * 1.001 + rounding


@pytest.mark.parametrize("objective", ["squared_hinge", "logistic"])
def test_threads_change_no_bit(objective):
    _, rows, targets, order = make(classes=40, texts=300)
    problems = one_against_rest(targets, 40, 1.0)
    one, two = (
        solve_binary(rows, 60, problems, objective, canonical=order, threads=threads)
        for threads in (1, 2)
    )
    np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(one.biases, two.biases)


@pytest.mark.parametrize("objective", ["squared_hinge", "logistic"])
def test_a_path_ends_where_a_fresh_start_ends(objective):
    _, rows, targets, order = make(classes=20)
    along = BinaryDescent(
        rows, 60, one_against_rest(targets, 20, 4.0), objective, canonical=order, stopping=EXACT
    )
    for factor in (1 / 16, 1 / 4, 4, 1):
        along.run(factor)
    fresh = solve_binary(
        rows, 60, one_against_rest(targets, 20, 4.0), objective, canonical=order, stopping=EXACT
    )
    np.testing.assert_allclose(along.margins(rows), all_margins(rows, fresh), atol=2e-2)
    assert along.finish().facts["objective"] == pytest.approx(fresh.facts["objective"], rel=1e-4)


def test_costs_of_either_side_equal_scikit_learns_class_weight():
    csr, rows, targets, order = make(classes=2)
    costs = np.array([[1.0], [5.0]], np.float32)
    solution = solve_binary(
        rows,
        60,
        Problems(targets, np.array([1]), costs),
        "squared_hinge",
        canonical=order,
        stopping=EXACT,
    )
    peer = LinearSVC(class_weight={1: 5.0}, fit_intercept=False, tol=1e-10, max_iter=100_000)
    peer.fit(with_ones(csr), targets)
    ours = all_margins(rows, solution)[:, 0]
    np.testing.assert_allclose(ours, with_ones(csr) @ peer.coef_[0], atol=1e-2)


def test_several_labels_are_independent_problems():
    _, rows, targets, order = make(classes=3)
    indicators = np.zeros((len(targets), 3), np.uint8)
    indicators[np.arange(len(targets)), targets] = 1
    by_id = solve_binary(
        rows, 60, one_against_rest(targets, 3, 1.0), "squared_hinge", canonical=order
    )
    by_indicator = solve_binary(
        rows, 60, one_against_rest(indicators, 3, 1.0), "squared_hinge", canonical=order
    )
    np.testing.assert_array_equal(by_id.weights, by_indicator.weights)


@pytest.mark.parametrize("batch_size", [1, 16, 120])
def test_gradient_descent_nears_the_dual_solvers_minimum(batch_size):
    _, rows, targets, order = make(classes=3)
    costs = np.ones(120, np.float32)
    best = solve_multinomial(rows, 60, targets, costs, 3, canonical=order, stopping=EXACT)
    ours = solve_gradient_descent(
        rows,
        60,
        targets,
        costs,
        3,
        canonical=order,
        batch_size=batch_size,
        rate=0.5 if batch_size == 1 else 4.0,
        number_of_passes=1500 if batch_size == 120 else 300,
    )
    assert ours.facts["objective"] == pytest.approx(best.facts["objective"], rel=0.02)
    assert ours.facts["objective"] >= best.facts["objective"] * (1 - 1e-4)


def test_row_order_changes_no_bit_when_rows_come_in_canonical_order():
    _, rows, targets, order = make()
    shuffle = np.random.default_rng(1).permutation(len(order))
    moved = Rows(
        rows.starts[shuffle], rows.middles[shuffle], rows.ends[shuffle], rows.columns, rows.values
    )
    problems = one_against_rest(targets, 4, 1.0)
    moved_problems = one_against_rest(targets[shuffle], 4, 1.0)
    first = solve_binary(rows, 60, problems, "squared_hinge", canonical=order)
    second = solve_binary(moved, 60, moved_problems, "squared_hinge", canonical=np.argsort(shuffle))
    np.testing.assert_array_equal(first.weights, second.weights)
