"""The rule: probabilities to labels, and what is no rule."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textkind.decision.rule import Rule, given_labels, rule_from_json, rule_to_json
from textkind.errors import SettingsError

PROBABILITIES = arrays(np.float32, (6, 4), elements=st.floats(0, 1, width=32))
WEIGHTS = st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4).map(tuple)


def test_the_usual_rule_gives_the_most_probable_label_or_all_from_a_half_on():
    shares = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], np.float32)
    assert given_labels(Rule(), shares, several=False).tolist() == [1, 0]
    assert given_labels(Rule(), shares, several=True).tolist() == [[0, 1, 0], [0, 0, 0]]


@given(PROBABILITIES, WEIGHTS)
def test_weighed_probabilities_give_the_label_of_least_cost_where_mistakes_cost_the_weight(
    shares, weights
):
    costs = tuple(
        tuple(0.0 if gold == given else weights[gold] for given in range(4)) for gold in range(4)
    )
    by_weight = given_labels(Rule(weights=weights), shares, several=False)
    by_cost = given_labels(Rule(costs=costs), shares, several=False)
    worth = shares.astype(np.float64) * np.array(weights)
    rows = np.arange(6)
    np.testing.assert_allclose(worth[rows, by_cost], worth[rows, by_weight], rtol=1e-9, atol=1e-9)


@given(PROBABILITIES, st.lists(st.floats(0, 10), min_size=16, max_size=16))
def test_no_label_is_expected_to_cost_less_than_the_one_given(shares, flat):
    costs = np.array(flat).reshape(4, 4)
    rule = Rule(costs=tuple(map(tuple, costs.tolist())))
    found = given_labels(rule, shares, several=False)
    for row, label in zip(shares.astype(np.float64), found, strict=True):
        expected = [sum(row[gold] * costs[gold, given] for gold in range(4)) for given in range(4)]
        assert expected[label] <= min(expected) + 1e-9


def test_several_labels_are_those_at_or_above_their_thresholds():
    shares = np.array([[0.3, 0.29, 0.9], [0, 0, 0]], np.float32)
    one = Rule(thresholds=float(np.float32(0.3)))
    assert given_labels(one, shares, several=True).tolist() == [[1, 0, 1], [0, 0, 0]]
    each = Rule(thresholds=(0.4, 0.1, 0.95))
    assert given_labels(each, shares, several=True).tolist() == [[0, 1, 0], [0, 0, 0]]


@given(PROBABILITIES, st.integers(1, 4))
def test_top_gives_so_many_and_none_that_is_less_probable_than_one_left(shares, top):
    found = given_labels(Rule(top=top), shares, several=True)
    assert (found.sum(axis=1) == top).all()
    for row, given_row in zip(shares, found, strict=True):
        if top < 4:
            assert row[given_row == 1].min() >= row[given_row == 0].max()


@given(PROBABILITIES, st.floats(0, 1))
def test_at_least_one_adds_the_most_probable_only_where_there_was_none(shares, threshold):
    plain = given_labels(Rule(thresholds=threshold), shares, several=True)
    found = given_labels(Rule(thresholds=threshold, at_least_one=True), shares, several=True)
    bare = ~plain.any(axis=1)
    assert (found.sum(axis=1) >= 1).all()
    np.testing.assert_array_equal(found[~bare], plain[~bare])
    np.testing.assert_array_equal(found[bare].argmax(axis=1), shares[bare].argmax(axis=1))


RULES = [
    Rule(),
    Rule(weights=(1.0, 2.5)),
    Rule(costs=((0.0, 1.0), (20.0, 0.0))),
    Rule(thresholds=0.25),
    Rule(thresholds=(0.1, 1.0), at_least_one=True),
    Rule(top=2),
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_is_the_same_after_a_journey_through_json(rule):
    assert rule_from_json(json.loads(json.dumps(rule_to_json(rule)))) == rule


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("several", [False, True])
def test_no_rows_give_no_rows(rule, several):
    found = given_labels(rule, np.empty((0, 2), np.float32), several)
    assert found.shape == ((0, 2) if several else (0,))


GOOD = rule_to_json(Rule())


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "the keys"),
        ({}, "the keys"),
        ({**GOOD, "more": 1}, "the keys"),
        ({**GOOD, "weights": [1, 0]}, "weights"),
        ({**GOOD, "weights": 3}, "weights"),
        ({**GOOD, "weights": [float("nan"), 1]}, "weights"),
        ({**GOOD, "weights": [True, 1]}, "weights"),
        ({**GOOD, "costs": [[0, 1], [1]]}, "costs"),
        ({**GOOD, "costs": [0, 1]}, "costs"),
        ({**GOOD, "costs": [[0, -1], [1, 0]]}, "costs"),
        ({**GOOD, "costs": {"a": 1}}, "costs"),
        ({**GOOD, "thresholds": 1.01}, "thresholds"),
        ({**GOOD, "thresholds": "0.5"}, "thresholds"),
        ({**GOOD, "thresholds": [0.5, float("nan")]}, "thresholds"),
        ({**GOOD, "top": 0}, "top"),
        ({**GOOD, "top": True}, "top"),
        ({**GOOD, "at_least_one": 1}, "at_least_one"),
        ({**GOOD, "top": 1, "thresholds": 0.5}, "one of them"),
        ({**GOOD, "top": 1, "at_least_one": True}, "goes with thresholds"),
    ],
    ids=repr,
)
def test_what_is_no_rule_is_refused(found, told):
    with pytest.raises(SettingsError, match=told):
        rule_from_json(found)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (Rule(weights=(1.0, 2.0)), "weights must be 3"),
        (Rule(costs=((0.0, 1.0), (1.0, 0.0))), "costs must be 3"),
        (Rule(thresholds=(0.5, 0.5)), "thresholds must be 3"),
        (Rule(top=4), "top must be 3 at most"),
    ],
    ids=repr,
)
def test_a_rule_for_other_labels_is_refused(rule, told):
    with pytest.raises(SettingsError, match=told):
        rule.check_labels(3)
