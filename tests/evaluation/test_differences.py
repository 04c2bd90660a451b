"""What became of answers: against scikit-learn, SciPy, and shuffling the models row by row."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score, f1_score

from textkind.evaluation.differences import (
    CHANGES,
    Pair,
    agreement,
    changes,
    exchanged,
    figure_differences,
    is_worse,
    label_differences,
    slice_differences,
)
from textkind.evaluation.metrics import headline, prepare
from textkind.evaluation.paired import figure_of, holm, row_parts
from textkind.evaluation.slices import Slice


@pytest.fixture
def drawn(draw_case):
    """A pair of models on the same rows, and targets; the second is a noisier first."""

    def draw(seed, rows=200, labels=4):
        probabilities, predicted, targets = draw_case(seed, rows, labels)
        random = np.random.default_rng(seed)
        other = probabilities[random.permutation(rows)]
        mixed = (0.6 * probabilities + 0.4 * other).astype(np.float32)
        several = targets.ndim == 2
        second = (mixed >= 0.5).astype(np.uint8) if several else mixed.argmax(axis=1)
        return Pair(probabilities, mixed, predicted, second.astype(predicted.dtype)), targets

    return draw


def test_agreement_is_scikit_learns_kappa(drawn):
    for seed in range(10):
        pair, _ = drawn(seed)
        found = agreement(pair)
        expected = cohen_kappa_score(pair.first_labels.ravel(), pair.second_labels.ravel())
        assert found["kappa"] == pytest.approx(expected)
        same = pair.first_labels == pair.second_labels
        same = same.all(axis=1) if same.ndim == 2 else same
        assert (found["same"], found["share"]) == (same.sum(), same.mean())


def test_two_models_that_say_one_label_only_have_no_kappa():
    labels = np.zeros(5, np.int32)
    assert agreement(Pair(np.ones((5, 2)), np.ones((5, 2)), labels, labels))["kappa"] is None


def test_every_row_is_in_the_change_that_happened_to_it():
    targets = np.array([0, 0, 0, 0, 0])
    first, second = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 2, 1])
    found = changes(Pair(np.ones((5, 3)), np.ones((5, 3)), first, second), targets)
    told = [CHANGES[kind] if kind >= 0 else None for kind in found]
    assert told == [None, "right to wrong", "wrong to right", "wrong to other wrong", None]
    table = np.eye(3, dtype=np.uint8)
    several = Pair(np.ones((5, 3)), np.ones((5, 3)), table[first], table[second])
    np.testing.assert_array_equal(changes(several, table[targets]), found)


def test_figures_of_both_and_their_difference_are_those_of_each_alone(drawn):
    pair, targets = drawn(3)
    found = figure_differences(pair, targets, seed=0)
    first = headline(prepare(pair.first, pair.first_labels, targets))
    second = headline(prepare(pair.second, pair.second_labels, targets))
    for name, one in found.items():
        if np.isnan(first[name]):
            assert one == dict.fromkeys(("first", "second", "value", "low", "high", "p"))
            continue
        assert (one["first"], one["second"]) == (first[name], second[name])
        assert one["value"] == second[name] - first[name]
        assert one["low"] <= one["high"]


def test_a_model_beside_itself_differs_in_nothing(drawn):
    pair, targets = drawn(1)
    same = Pair(pair.first, pair.first, pair.first_labels, pair.first_labels)
    for one in figure_differences(same, targets, 0).values():
        assert one["value"] in (0, None)
        assert one["p"] in (1, None)
        assert one["low"] == one["high"]
    assert {one["p_holm"] for one in label_differences(same, targets, 0)} == {1.0}
    assert exchanged(same, targets) == 1
    assert agreement(same)["share"] == 1


def test_labels_have_scikit_learns_f1_and_the_binomial_tests_p(drawn):
    pair, targets = drawn(2)
    found = label_differences(pair, targets, 0)
    labels = range(pair.first.shape[1])
    for name, given in (("first", pair.first_labels), ("second", pair.second_labels)):
        expected = f1_score(targets, given, labels=labels, average=None, zero_division=0)
        assert [one[name] for one in found] == pytest.approx(list(expected))
    for one in found:
        assert one["value"] == pytest.approx(one["second"] - one["first"])
        assert one["low"] <= one["value"] + 0.05
        assert one["high"] >= one["value"] - 0.05
        total = one["gained"] + one["lost"]
        if total:
            exact = binomtest(one["gained"], total).pvalue
            assert one["p"] <= exact + 1e-12  # mid-p never exceeds the exact one
    decided = [one for one in found if one["gained"] + one["lost"]]
    raw = np.array([one["p"] for one in decided])
    assert [one["p_holm"] for one in decided] == holm(raw).tolist()


def test_a_label_that_nowhere_occurs_has_no_figures():
    labels = np.zeros(30, np.int32)
    found = label_differences(Pair(np.ones((30, 2)), np.ones((30, 2)), labels, labels), labels, 0)
    empty = dict.fromkeys(("first", "second", "value", "low", "high"))
    assert found[1] == {"support": 0, **empty, "gained": 0, "lost": 0, "p": 1.0, "p_holm": 1.0}


def test_the_chance_of_micro_f1_is_that_of_exchanging_the_models_row_by_row(draw_several_labels):
    probabilities, predicted, targets = draw_several_labels(7, rows=300, labels=5)
    other = (probabilities >= 0.5) ^ (np.random.default_rng(0).random(targets.shape) < 0.02)
    pair = Pair(probabilities, probabilities, predicted, other.astype(np.uint8))
    parts = np.stack([row_parts(given, targets) for given in (predicted, other)])
    random = np.random.default_rng(1)

    def gap(swapped):
        first = np.where(swapped[:, None], parts[1], parts[0])
        second = np.where(swapped[:, None], parts[0], parts[1])
        return abs(figure_of(second.sum(axis=0)) - figure_of(first.sum(axis=0)))

    drawn = np.array([gap(random.random(300) < 0.5) for _ in range(3000)])
    expected = (drawn >= gap(np.zeros(300, bool)) - 1e-12).mean()
    assert exchanged(pair, targets) == pytest.approx(expected, abs=0.03)


def test_slices_are_compared_on_their_rows_and_what_became_worse_comes_first(drawn):
    pair, targets = drawn(4, rows=300)
    first = np.arange(300) < 150
    second_labels = pair.first_labels.copy()
    second_labels[first] = pair.second_labels[first]
    pair = Pair(pair.first, pair.second, pair.first_labels, second_labels)
    slices = [Slice("half", "kept", ~first), Slice("half", "changed", first)]
    slices.append(Slice("half", "few", np.arange(300) < 10))
    found = slice_differences(slices, pair, targets, 0)
    assert [one["value"] for one in found] == ["changed", "kept"]
    assert found[1]["difference"] == found[1]["low"] == found[1]["high"] == 0
    assert found[0]["p"] == exchanged(pair.take(first), targets[first])
    parts = row_parts(second_labels[first], targets[first]).sum(axis=0)
    assert found[0]["second"] == pytest.approx(float(figure_of(parts)))


@pytest.mark.parametrize(
    ("name", "value", "worse"),
    [("accuracy", -0.1, True), ("accuracy", 0.1, False), ("log_loss", 0.1, True),
     ("hamming_loss", -0.1, False), ("ece_mass", 0.01, True), ("macro_f1", 0.0, False)],
)  # fmt: skip
def test_worse_is_lower_but_higher_of_losses_and_errors(name, value, worse):
    assert is_worse(name, value) == worse
