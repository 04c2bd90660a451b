"""The calibrators that treat every label by itself, against scikit-learn, SciPy and plain twins."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from textkind.decision.beta import Beta
from textkind.decision.calibrators import CALIBRATORS, calibrated_thresholds
from textkind.decision.isotonic import Isotonic, fit_curve
from textkind.decision.logistic import LEAST, fit_labels, fit_logistic, pooled_labels, rare_labels
from textkind.decision.platt import Platt
from textkind.decision.shared import fit_shared, log_chances, truth
from textkind.decision.sigmoid import Sigmoid
from textkind.decision.temperature import Temperature
from textkind.decision.vector import RIDGE, Vector, loss_and_slopes


def draw(rows=800, labels=3, seed=0, several=False):
    random = np.random.default_rng(seed)
    scores = random.normal(size=(rows, labels)) * 1.5
    leaning = scores * np.linspace(0.5, 1.5, labels) - np.linspace(0, 1, labels)
    if several:
        return scores, (random.random(scores.shape) < expit(leaning)).astype(np.uint8)
    cumulated = softmax(leaning, axis=1).cumsum(axis=1)
    return scores, (cumulated > random.random((rows, 1))).argmax(axis=1)


def draw_chances(seed=0):
    """Probabilities of three labels, which are all logged too sure on one side, and the truth."""
    scores, has = draw(seed=seed, several=True)
    return expit(scores), has.astype(np.float64)


def test_without_a_prior_it_is_scikit_learns_beta_calibration():
    chances, has = draw_chances()
    features = [np.log(chances), -np.log1p(-chances)]
    found = fit_logistic(features, has, (1.0, 1.0, 0.0), ridge=0.0)
    for label in range(3):
        columns = np.column_stack([feature[:, label] for feature in features])
        theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(columns, has[:, label])
        expected = [*theirs.coef_[0], theirs.intercept_[0]]
        assert min(expected[:2]) > 0, "the case must not need the bounds"
        np.testing.assert_allclose(found[label], expected, rtol=0, atol=1e-3)


def test_without_a_prior_and_with_platts_targets_it_is_scikit_learns_sigmoid_calibration():
    scores, has = draw(several=True)
    positive, negative = has.sum(axis=0), (1 - has).sum(axis=0)
    targets = np.where(has, (positive + 1) / (positive + 2), 1 / (negative + 2))
    found = fit_logistic([scores], targets, (1.0, 0.0), ridge=0.0)
    for label in range(3):
        theirs = _SigmoidCalibration().fit(scores[:, label], has[:, label])
        np.testing.assert_allclose(found[label], [-theirs.a_, -theirs.b_], rtol=0, atol=2e-3)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("kind", "center"), [(Platt, (1, 0)), (Beta, (1, 1, 0))])
def test_platt_and_beta_are_the_optimum_of_their_penalised_loss(kind, center, several):
    scores, targets = draw(several=several)
    fitted = kind.fit(scores, targets)
    having, lacking = log_chances(fitted.shared, scores, several)
    features = [having - lacking] if kind is Platt else [having, -lacking]
    has = truth(targets, 3)
    found = (
        np.column_stack([fitted.slopes, fitted.intercepts])
        if kind is Platt
        else np.column_stack([fitted.a, fitted.b, fitted.c])
    )

    def penalised(point, label):
        score = sum(one * f[:, label] for one, f in zip(point, features, strict=False)) + point[-1]
        losses = np.logaddexp(0, np.where(has[:, label] > 0, -score, score))
        return losses.sum() + 8 * ((point - np.array(center)) ** 2).sum()  # half of the ridge of 16

    for label in range(3):
        best = minimize(penalised, np.array(center, float), (label,), method="L-BFGS-B",
                        bounds=[(0, None)] * len(features) + [(None, None)])  # fmt: skip
        assert penalised(found[label], label) == pytest.approx(best.fun, abs=1e-5)


def test_a_slope_that_would_fall_is_held_at_0_and_the_rest_fitted_again():
    scores = np.random.default_rng(0).normal(size=(500, 2))
    has = (np.random.default_rng(1).random((500, 2)) < expit([[-2.0, 2.0]] * scores)).astype(float)
    found = fit_logistic([scores], has, (1.0, 0.0), ridge=0.0)
    assert found[0, 0] == 0
    assert found[0, 1] == pytest.approx(logit(has[:, 0].mean()), abs=1e-6)
    assert found[1, 0] > 1


def rare_case():
    scores, has = draw(rows=400, labels=5, several=True)
    for label in (1, 3):
        has[np.flatnonzero(has[:, label])[LEAST - 3 :], label] = 0
    return scores, has.astype(np.float64)


def test_labels_too_rare_share_one_fit_of_all_their_rows():
    scores, has = rare_case()
    assert rare_labels(has).tolist() == [False, True, False, True, False]
    found = fit_labels([scores], has, (1.0, 0.0))
    together = scores[:, [1, 3]].reshape(-1, 1), has[:, [1, 3]].reshape(-1, 1)
    shared = fit_logistic([together[0]], together[1], (1.0, 0.0), 16.0)[0]
    np.testing.assert_allclose(found[[1, 3]], [shared, shared], atol=1e-9)
    own = fit_logistic([scores[:, :1]], has[:, :1], (1.0, 0.0), 16.0)[0]
    np.testing.assert_allclose(found[0], own, atol=1e-9)


def test_labels_rare_even_together_share_the_fit_of_all_labels():
    _, has = rare_case()
    has[:, 3] = 0
    assert pooled_labels(has).all()


def test_isotonic_shares_one_curve_among_rare_labels():
    scores, has = rare_case()
    fitted = Isotonic.fit(scores, has.astype(np.uint8))
    assert fitted.curve_of == (0, 3, 1, 3, 2)


@pytest.mark.parametrize("seed", range(8))
def test_a_curve_is_scikit_learns_isotonic_regression_of_the_rows_and_one_more(seed):
    random = np.random.default_rng(seed)
    scores = np.round(random.normal(size=int(random.integers(2, 200))), 1)
    has = (random.random(len(scores)) < expit(2 * scores)).astype(float)
    share = np.clip(has.mean(), 1e-6, 1 - 1e-6)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(
        [scores.min() - 1e-9, *scores, scores.max() + 1e-9],
        [1, *has, 0],
        [share, *np.ones(len(scores)), 1 - share],
    )
    x, y = fit_curve(scores, has)
    np.testing.assert_allclose(np.interp(scores, x, y), theirs.predict(scores), atol=1e-6)


def test_the_ends_of_a_curve_are_never_0_or_1():
    scores = np.arange(100.0)
    for has in (scores >= 50, scores < 0, scores >= 0):
        _, values = fit_curve(scores, has.astype(float))
        assert 0 < min(values) <= max(values) < 1
    x, y = fit_curve(scores, (scores >= 50).astype(float))
    assert (x[0], x[-1], len(x)) == (0, 99, 4)
    assert y == pytest.approx([0.5 / 50.5] * 2 + [50 / 50.5] * 2)


def plain_vector_loss(point, logits, targets, shared):
    scales, offsets = point[:3], point[3:]
    scaled = logits * scales / shared.temperature + offsets
    if isinstance(shared, Sigmoid):
        scaled = np.log(expit(scaled + shared.offset))
    losses = -log_softmax(scaled, axis=1)[np.arange(len(targets)), targets]
    penalty = RIDGE / 2 * (((scales - 1) ** 2).sum() + (offsets**2).sum())
    return (losses.sum() + penalty) / len(targets)


@pytest.mark.parametrize("shared", [Temperature(1.3), Sigmoid(0.8, -1.0)])
def test_vector_scalings_loss_and_slopes_are_those_of_the_plain_formula(shared):
    logits, targets = draw(rows=60)
    point = np.array([0.7, 1.2, 1.0, 0.3, -0.4, 0.1])
    loss, slopes = loss_and_slopes(point, logits, targets, shared)
    assert loss == pytest.approx(plain_vector_loss(point, logits, targets, shared), abs=1e-12)
    by_differences = approx_fprime(point, plain_vector_loss, 1e-6, logits, targets, shared)
    np.testing.assert_allclose(slopes, by_differences, atol=1e-5)


def test_vector_scaling_is_scipys_optimum_and_says_what_it_fitted():
    logits, targets = draw()
    fitted = Vector.fit(logits, targets)
    point = np.array([*fitted.scales, *fitted.offsets])
    arguments = logits, targets, fitted.shared
    best = minimize(plain_vector_loss, np.repeat([1.0, 0.0], 3), arguments, method="Powell")
    assert plain_vector_loss(point, *arguments) == pytest.approx(best.fun, abs=1e-5)
    given = fitted.transform(logits, several=False)
    losses = -np.log(given[np.arange(len(targets)), targets])
    penalty = RIDGE / 2 * (((point[:3] - 1) ** 2).sum() + (point[3:] ** 2).sum())
    assert losses.mean() + penalty / len(targets) == pytest.approx(best.fun, abs=1e-5)


@pytest.mark.parametrize("kind", [Platt, Vector, Beta])
def test_no_rows_to_speak_of_leave_the_shared_fit_nearly_as_it_is(kind):
    logits, targets = draw(rows=3)
    shared = fit_shared(logits, targets)
    given = kind.fit(logits, targets).transform(logits, several=False)
    np.testing.assert_allclose(given, shared.transform(logits, several=False), atol=0.1)


@pytest.mark.parametrize("kind", CALIBRATORS.values(), ids=CALIBRATORS)
@pytest.mark.parametrize("seed", range(3))
def test_thresholds_on_the_shared_fit_give_the_same_labels_as_probabilities(kind, seed):
    if not kind.several:
        pytest.skip("for one label a text")
    scores, has = draw(labels=4, seed=seed, several=True)
    has[:, 3] = 1 - has[:, 3]  # its curve would fall, so it is level
    scores = scores.astype(np.float32)
    fitted = kind.fit(scores, has)
    thresholds = tuple(np.random.default_rng(seed).uniform(0.05, 0.95, 4).tolist())
    for asked in (thresholds, 0.3):
        found = calibrated_thresholds(fitted, asked, labels=4)
        np.testing.assert_array_equal(
            fitted.transform(scores, several=True) >= found,
            fitted.shared.transform(scores, several=True) >= asked,
        )


@pytest.mark.parametrize("kind", [Platt, Beta, Isotonic])
def test_no_curve_is_level(kind):
    scores, has = draw(several=True, seed=1)
    has[:, 0] = 1 - has[:, 0]
    rising = np.repeat(np.linspace(-6, 6, 200)[:, None], 3, axis=1)
    assert (np.diff(kind.fit(scores, has).transform(rising, several=True), axis=0) > 0).all()
