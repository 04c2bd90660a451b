"""Which calibrator is taken: what the rows can carry, the simplest of equals, never a worse one."""

import numpy as np
import pytest
from scipy.special import expit, log_expit, softmax

from textkind.decision.calibrate import (
    FEWEST_ROWS,
    CalibrationSettings,
    Candidate,
    calibrate,
    chosen,
)
from textkind.decision.calibrators import CALIBRATORS
from textkind.errors import SettingsError
from textkind.evaluation.metrics import row_log_loss
from textkind.seeds import generator

AUTO = CalibrationSettings()


def targets_of(chances, random):
    return (chances.cumsum(axis=1) > random.random((len(chances), 1))).argmax(axis=1)


def draw(of_truth, rows=3000, labels=4, seed=0):
    """Logits, and targets drawn by what `of_truth` makes of them."""
    random = np.random.default_rng(seed)
    logits = (random.normal(size=(rows, labels)) * 2).astype(np.float32)
    return logits, targets_of(of_truth(logits), random)


def steps(logits):
    """Chances that rise in three steps, which no slope and offset makes."""
    second = np.select([logits[:, 1] < -1, logits[:, 1] < 1], [0.03, 0.5], 0.97)
    return np.column_stack([1 - second, second])


TRUTHS = {
    "none": (lambda logits: softmax(logits, axis=1), {"none", "temperature"}),
    "temperature": (lambda logits: softmax(logits / 2, axis=1), {"temperature"}),
    "sigmoid": (lambda logits: softmax(log_expit(2 * logits + 2), axis=1), {"sigmoid"}),
    "vector": (
        lambda logits: softmax(logits * [0.3, 1, 1, 2] + [1, 0, 0, -2], axis=1),
        {"vector"},
    ),
}


@pytest.mark.parametrize("name", TRUTHS)
def test_the_form_of_the_truth_is_found(name):
    of_truth, wanted = TRUTHS[name]
    found = calibrate(*draw(of_truth), AUTO, seed=0)
    assert found.calibrator.name in wanted


def test_steps_are_found_by_isotonic_regression():
    random = np.random.default_rng(0)
    half = random.uniform(-3, 3, 4000).astype(np.float32)
    logits = np.column_stack([-half, half])
    found = calibrate(logits, targets_of(steps(logits), random), AUTO, seed=0)
    assert found.calibrator.name == "isotonic"


def test_of_several_labels_each_label_gets_its_own_where_that_pays():
    random = np.random.default_rng(0)
    logits = random.normal(size=(2000, 4)).astype(np.float32) * 2
    targets = random.random(logits.shape) < expit(logits * [0.3, 1, 1, 2] + [2, 0, 0, -3])
    found = calibrate(logits, targets.astype(np.uint8), AUTO, seed=0)
    assert found.calibrator.name == "platt"
    tried = [one.name for one in found.candidates]
    assert tried == ["none", "temperature", "sigmoid", "platt", "beta", "isotonic"]


@pytest.mark.parametrize("seed", range(20))
def test_auto_never_makes_validation_worse(seed):
    random = np.random.default_rng(seed)
    rows, labels = int(random.integers(1, 300)), int(random.integers(2, 8))
    logits = (random.normal(size=(rows, labels)) * random.choice([0.1, 1, 10])).astype(np.float32)
    targets = random.integers(0, labels, rows)
    if seed % 2:
        targets = logits.argmax(axis=1)
    found = calibrate(logits, targets, AUTO, seed)
    after = row_log_loss(found.calibrator.transform(logits, False), targets).mean()
    before = row_log_loss(CALIBRATORS["none"]().transform(logits, False), targets).mean()
    assert after <= before


@pytest.mark.parametrize("rows", [1, 2, FEWEST_ROWS - 1])
def test_too_few_rows_to_compare_get_a_temperature(rows):
    logits, targets = draw(lambda logits: softmax(logits / 2, axis=1), rows)
    found = calibrate(logits, targets, AUTO, seed=0)
    assert found.calibrator.name in ("temperature", "none")
    assert found.candidates == []
    assert found.probabilities.shape == logits.shape


def test_candidates_are_those_that_the_rows_can_carry():
    logits, targets = draw(lambda logits: softmax(logits / 2, axis=1), FEWEST_ROWS)
    names = [one.name for one in calibrate(logits, targets, AUTO, seed=0).candidates]
    assert names == ["none", "temperature", "sigmoid"]


@pytest.mark.parametrize("name", CALIBRATORS)
def test_what_is_asked_for_is_what_is_taken(name):
    logits, targets = draw(lambda logits: softmax(logits / 2, axis=1), 400)
    found = calibrate(logits, targets, CalibrationSettings(name), seed=0)
    assert found.calibrator == CALIBRATORS[name].fit(*in_order(logits, targets))
    assert {one.name for one in found.candidates} == {"none", name}


def in_order(logits, targets, seed=0):
    order = generator(seed, "calibration").permutation(len(logits))
    return logits[order], targets[order]


def test_validations_probabilities_are_by_fits_that_did_not_see_the_row():
    logits, targets = draw(lambda logits: softmax(logits / 2, axis=1), 203)
    found = calibrate(logits, targets, CalibrationSettings("vector", folds=3), seed=0)
    order = generator(0, "calibration").permutation(203)
    for fold in range(3):
        inside, outside = order[fold::3], np.setdiff1d(np.arange(203), order[fold::3])
        by_others = CALIBRATORS["vector"].fit(logits[outside], targets[outside])
        wanted = by_others.transform(logits[inside], several=False)
        np.testing.assert_allclose(found.probabilities[inside], wanted, atol=1e-3)


def test_rows_beyond_those_compared_are_by_a_fit_that_did_not_see_them(monkeypatch):
    monkeypatch.setattr("textkind.decision.calibrate.MOST_COMPARED", 400)
    logits, targets = draw(lambda logits: softmax(logits / 2, axis=1), 500)
    found = calibrate(logits, targets, CalibrationSettings("vector"), seed=0)
    order = generator(0, "calibration").permutation(500)
    assert len(found.targets) == 100
    by_compared = CALIBRATORS["vector"].fit(logits[order[:100]], targets[order[:100]])
    rest = order[100:]
    wanted = by_compared.transform(logits[rest], several=False)
    np.testing.assert_allclose(found.probabilities[rest], wanted, atol=1e-6)
    assert found.calibrator != by_compared


def test_one_seed_gives_one_calibration_and_another_one_other_folds():
    rows = draw(TRUTHS["vector"][0], 400)
    first, again, other = (calibrate(*rows, AUTO, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.probabilities, again.probabilities)
    assert first.calibrator == again.calibrator
    assert (first.probabilities != other.probabilities).any()


def tried(**losses):
    """Candidates with a mean loss each, the gaps between them having a standard error of 0.01."""
    spread = np.random.default_rng(0).normal(size=(len(CALIBRATORS), 1000)) * 0.01 * 1000**0.5
    spread -= spread.mean(axis=1, keepdims=True)
    return [
        Candidate(name, np.empty((1000, 2)), losses[name] + spread[place] / 2**0.5)
        for place, name in enumerate(CALIBRATORS)
        if name in losses
    ]


@pytest.mark.parametrize(
    ("losses", "wanted"),
    [
        ({"none": 0.9, "temperature": 0.5, "vector": 0.495}, "temperature"),
        ({"none": 0.9, "temperature": 0.5, "vector": 0.45}, "vector"),
        ({"none": 0.9, "temperature": 0.5, "platt": 0.455, "vector": 0.45}, "platt"),
        ({"none": 0.9, "temperature": 0.5, "platt": 0.48, "vector": 0.45}, "vector"),
        ({"none": 0.4, "temperature": 0.5, "vector": 0.495}, "none"),
        ({"none": 0.4, "temperature": 0.5, "vector": 0.3}, "vector"),
    ],
)
def test_the_simplest_within_one_standard_error_is_taken(losses, wanted):
    assert chosen(tried(**losses), "temperature") == wanted


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("platts",), "calibration must be one of auto, none, temperature, .*did you mean 'platt'"),
        ((None,), "calibration must be one of"),
        (("auto", 1), "folds must be a whole number of 2 to 50"),
        (("auto", 5.0), "folds must be a whole number"),
    ],
)
def test_settings_that_make_no_sense_are_refused(arguments, words):
    with pytest.raises(SettingsError) as raised:
        CalibrationSettings(*arguments)
    assert raised.match("(?s)" + words)


def test_vector_scaling_of_several_labels_is_refused_with_the_way_out():
    logits = np.zeros((60, 3), np.float32)
    with pytest.raises(SettingsError, match="one label a text") as raised:
        calibrate(logits, np.zeros((60, 3), np.uint8), CalibrationSettings("vector"), seed=0)
    assert "platt" in str(raised.value)
