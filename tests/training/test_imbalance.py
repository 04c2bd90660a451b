"""The setting for unequal labels: its words, and weights against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from textkind.errors import SettingsError
from textkind.models.neural_settings import default_settings
from textkind.models.settings import LinearSettings
from textkind.training.imbalance import (
    CONVEX,
    INSTEAD,
    METHODS,
    TUNED,
    Imbalance,
    class_weights,
    parse_imbalance,
    positive_weights,
)
from textkind.workflow.imbalance import with_imbalance

COUNTS = st.lists(st.integers(1, 10_000), min_size=2, max_size=20).map(np.array)


@given(COUNTS)
def test_weights_are_scikit_learns_balanced_ones(counts):
    targets = np.repeat(np.arange(len(counts)), counts)
    expected = compute_class_weight("balanced", classes=np.arange(len(counts)), y=targets)
    np.testing.assert_allclose(class_weights(counts, "weights"), expected)


@given(COUNTS)
def test_root_weights_go_with_the_root_and_both_have_a_mean_of_one(counts):
    whole, root = (class_weights(counts, method) for method in ("weights", "root-weights"))
    np.testing.assert_allclose(root**2 / whole, (root**2 / whole)[0])
    for weights in (whole, root):
        assert (weights * counts).sum() / counts.sum() == pytest.approx(1)


def test_positive_weights_make_both_sides_weigh_the_same_within_bounds():
    counts = np.array([1, 20, 50, 999])
    weights = positive_weights(counts, 1000, "weights")
    np.testing.assert_allclose(weights, [100, 49, 19, 0.01])
    np.testing.assert_allclose(positive_weights(counts, 1000, "root-weights"), weights**0.5)


@pytest.mark.parametrize(
    ("told", "found"),
    [(name, Imbalance(name)) for name in METHODS]
    + [
        ("focal=0.5", Imbalance("focal", 0.5)),
        ("post-hoc=1", Imbalance("post-hoc", 1.0)),
        ("logit-adjustment=1.5", Imbalance("logit-adjustment", 1.5)),
    ],
)
def test_a_method_is_told_by_its_name_and_perhaps_a_value(told, found):
    assert parse_imbalance(told) == found


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("balanced", "imbalance must be one of none, auto, weights"),
        ("weigths", "did you mean 'weights'"),
        (None, "must be one of"),
        ("weights=2", "weights takes no value"),
        ("focal=0", "focal takes a number above 0 and up to 10"),
        ("focal=eleven", "focal takes a number above 0"),
        ("focal=", "focal takes a number above 0"),
        ("post-hoc=nan", "post-hoc takes a number above 0 and up to 2"),
    ],
)
def test_what_is_no_method_is_refused(told, words):
    with pytest.raises(SettingsError, match=words):
        parse_imbalance(told)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("settings", "allowed", "model"),
    [
        (LinearSettings(), CONVEX, "the linear model"),
        (default_settings("frozen"), CONVEX, "frozen"),
        (default_settings("pretrained"), TUNED, "pretrained"),
        (default_settings("cnn"), METHODS, "cnn"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_method_that_makes_no_sense_for_a_model_is_refused_with_what_to_do(
    settings, allowed, model, method
):
    if method in allowed:
        with_imbalance(settings, method)
        return
    with pytest.raises(SettingsError, match=f"imbalance {method} is not for {model}") as raised:
        with_imbalance(settings, method)
    assert INSTEAD[method] in str(raised.value)
