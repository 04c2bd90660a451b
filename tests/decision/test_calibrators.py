"""What every calibrator promises, whatever the rows: one table, the same questions of each."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, softmax

from textkind.decision.calibrators import (
    CALIBRATORS,
    calibrator_from_json,
    calibrator_to_json,
)
from textkind.decision.decision import Decision, probabilities
from textkind.errors import ModelFolderError
from textkind.evaluation.metrics import row_log_loss

CASES = [
    (name, several)
    for name, kind in CALIBRATORS.items()
    for several in (False, True)
    if kind.several or not several
]
every = pytest.mark.parametrize(("name", "several"), CASES)


def draw(several, rows=2000, labels=4, seed=0):
    """Logits too sure, and off by label, with targets of the truth."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=(rows, labels)) * 2 - several
    if several:
        targets = (random.random(truth.shape) < expit(truth)).astype(np.uint8)
    else:
        cumulated = softmax(truth, axis=1).cumsum(axis=1)
        targets = (cumulated > random.random((rows, 1))).argmax(axis=1).astype(np.int32)
    return ((truth + np.linspace(-1, 1, labels)) * 3).astype(np.float32), targets


def loss(calibrator, logits, targets):
    return row_log_loss(calibrator.transform(logits, targets.ndim == 2), targets).mean()


def check_probabilities(found, several):
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    if not several:
        np.testing.assert_allclose(found.sum(axis=1, dtype=np.float64), 1, rtol=0, atol=1e-6)


@every
def test_new_rows_of_the_same_kind_are_said_better_than_uncalibrated(name, several):
    fitted = CALIBRATORS[name].fit(*draw(several))
    plain = CALIBRATORS["none"]()
    rows = draw(several, seed=1)
    if name == "none":
        assert fitted == plain
    else:
        assert loss(fitted, *rows) < loss(plain, *rows) - 0.1


@settings(max_examples=30)
@every
@given(data=st.data())
def test_any_logits_and_targets_give_probabilities(name, several, data):
    rows, labels = data.draw(st.integers(1, 30)), data.draw(st.integers(2, 5))
    far = st.floats(-1e4, 1e4, width=32) | st.integers(-2, 2).map(float)
    logits = data.draw(arrays(np.float32, (rows, labels), elements=far))
    shape, most = ((rows, labels), 1) if several else (rows, labels - 1)
    targets = data.draw(arrays(np.int32, shape, elements=st.integers(0, most)))
    fitted = CALIBRATORS[name].fit(logits, targets)
    other = data.draw(arrays(np.float32, (7, labels), elements=far))
    for one in (logits, other):
        check_probabilities(fitted.transform(one, several), several)
    assert calibrator_from_json(json.loads(json.dumps(calibrator_to_json(fitted)))) == fitted


@every
@pytest.mark.parametrize(
    "logits",
    [np.zeros((300, 3)), np.eye(3)[np.arange(300) % 3] * 1e4, -np.eye(3)[np.arange(300) % 3] * 1e4],
    ids=["constant", "all right and sure", "all wrong and sure"],
)
def test_extreme_logits_give_finite_log_loss(name, several, logits):
    targets = np.arange(300) % 3
    targets = np.eye(3, dtype=np.uint8)[targets] if several else targets.astype(np.int32)
    logits = logits.astype(np.float32)
    fitted = CALIBRATORS[name].fit(logits, targets)
    check_probabilities(fitted.transform(logits, several), several)
    assert np.isfinite(loss(fitted, logits, targets))


@every
def test_a_label_that_no_row_has_is_no_obstacle(name, several):
    logits, targets = draw(several, labels=5)
    if several:
        targets[:, 4] = 0
    else:
        logits, targets = logits[targets != 4], targets[targets != 4]
    fitted = CALIBRATORS[name].fit(logits, targets)
    check_probabilities(fitted.transform(logits, several), several)
    assert loss(fitted, logits, targets) <= loss(CALIBRATORS["none"](), logits, targets)


@every
def test_a_row_gets_the_same_alone_and_among_others_and_logits_stay(name, several):
    logits, targets = draw(several, rows=300)
    before = logits.copy()
    fitted = CALIBRATORS[name].fit(logits, targets)
    together = fitted.transform(logits, several)
    for row in range(0, 300, 30):
        alone = fitted.transform(logits[row : row + 1], several)
        np.testing.assert_allclose(alone[0], together[row], rtol=0, atol=1e-6)
    assert fitted.transform(logits[:0], several).shape == (0, 4)
    np.testing.assert_array_equal(logits, before)


@every
def test_labels_in_another_order_are_calibrated_the_same(name, several):
    logits, targets = draw(several, rows=1000)
    order = np.array([2, 0, 3, 1])
    places = np.argsort(order)
    moved = targets[:, order] if several else places[targets].astype(np.int32)
    found = CALIBRATORS[name].fit(logits, targets).transform(logits, several)
    other = CALIBRATORS[name].fit(logits[:, order], moved).transform(logits[:, order], several)
    np.testing.assert_allclose(other, found[:, order], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", [name for name, kind in CALIBRATORS.items() if kind.keeps_order])
def test_a_calibrator_that_says_so_keeps_the_likeliest_label(name):
    logits, targets = draw(False)
    found = probabilities(Decision(False, CALIBRATORS[name].fit(logits, targets)), logits)
    np.testing.assert_array_equal(found.argmax(axis=1), logits.argmax(axis=1))


@pytest.mark.parametrize("name", [name for name, several in CASES if several])
def test_of_several_labels_a_higher_logit_is_never_less_likely(name):
    fitted = CALIBRATORS[name].fit(*draw(True))
    steps = np.repeat(np.linspace(-30, 30, 400, dtype=np.float32)[:, None], 4, axis=1)
    assert (np.diff(fitted.transform(steps, True), axis=0) >= -1e-7).all()


SHARED = {"name": "temperature", "temperature": 1.5}
GOOD = {
    "temperature": SHARED,
    "sigmoid": {"name": "sigmoid", "temperature": 1.0, "offset": -1.0},
    "platt": {"name": "platt", "shared": SHARED, "slopes": [1.0, 2], "intercepts": [0.0, -1.0]},
    "vector": {"name": "vector", "shared": SHARED, "scales": [1.0, 2], "offsets": [0.0, -1.0]},
    "beta": {"name": "beta", "shared": SHARED, "a": [1.0, 2], "b": [1.0, 0.0], "c": [0.0, -1.0]},
    "isotonic": {
        "name": "isotonic",
        "shared": SHARED,
        "curves": [[[-1.0, 0.0], [0.1, 0.4]], [[2.0], [0.5]]],
        "curve_of": [0, 1],
    },
}


@pytest.mark.parametrize("found", GOOD.values(), ids=GOOD)
def test_a_good_calibrator_is_read(found):
    assert calibrator_to_json(calibrator_from_json(found)).keys() == found.keys()


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("temperature", {"temperature": 0}, "temperature must be a number of 0.001 to 1000"),
        ("temperature", {"temperature": "1"}, "temperature must be a number"),
        ("temperature", {"temperature": True}, "temperature must be a number"),
        ("temperature", {"temperature": float("nan")}, "temperature must be a number"),
        ("temperature", {"temperature": 10**400}, "temperature must be a number"),
        ("temperature", {"temperature": [1.0]}, "temperature must be a number"),
        ("temperature", {"name": "histogram"}, "must have a name, one of none, temperature"),
        ("temperature", {"name": ["none"]}, "must have a name"),
        ("temperature", {"sharpness": 1}, "must have the keys temperature"),
        ("sigmoid", {"offset": 21.0}, "offset must be a number of -20 to 20"),
        ("sigmoid", {"offset": None}, "offset must be a number"),
        ("platt", {"slopes": [1.0]}, "intercepts must be numbers, one a label"),
        ("platt", {"slopes": []}, "slopes must be numbers, one a label"),
        ("platt", {"slopes": [1.0, -0.5]}, "slopes must be numbers of 0 or more"),
        ("platt", {"intercepts": [1.0, float("inf")]}, "intercepts must be finite numbers"),
        ("platt", {"intercepts": 1.0}, "intercepts must be numbers, one a label"),
        ("platt", {"shared": {"name": "none"}}, "shared must be a temperature or a sigmoid"),
        ("platt", {"shared": None}, "shared must be a temperature or a sigmoid"),
        ("platt", {"shared": {"name": "temperature"}}, "must have the keys temperature"),
        ("vector", {"scales": [1.0, None]}, "scales must be numbers of 0 or more"),
        ("vector", {"offsets": [[0.0], [1.0]]}, "offsets must be finite numbers"),
        ("beta", {"a": [-1.0, 1.0]}, "a must be numbers of 0 or more"),
        ("beta", {"b": [1.0] * 3}, "b must be numbers, one a label"),
        ("isotonic", {"curve_of": [0, 2]}, "curve_of must be places of curves"),
        ("isotonic", {"curve_of": [0, -1]}, "curve_of must be places of curves"),
        ("isotonic", {"curve_of": [0, True]}, "curve_of must be places of curves"),
        ("isotonic", {"curves": None}, "curves must be pairs"),
        ("isotonic", {"curves": [[[0.0, 0.0], [0.1, 0.4]]] * 2}, "curves must be pairs"),
        ("isotonic", {"curves": [[[0.0, 1.0], [0.4, 0.1]]] * 2}, "curves must be pairs"),
        ("isotonic", {"curves": [[[0.0], [0.0]]] * 2}, "curves must be pairs"),
        ("isotonic", {"curves": [[[0.0], [1.5]]] * 2}, "curves must be pairs"),
        ("isotonic", {"curves": [[[], []]] * 2}, "curves must be pairs"),
        ("isotonic", {"curves": [[[0.0, 1.0], [0.4]]] * 2}, "curves must be pairs"),
    ],
)
def test_a_calibrator_that_makes_no_sense_is_refused(name, change, words):
    with pytest.raises(ModelFolderError, match="of the decision") as raised:
        calibrator_from_json(GOOD[name] | change)
    assert words in str(raised.value)
