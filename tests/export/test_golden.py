"""Golden rows keep what a model said, and only labels that little would not change."""

import json

import numpy as np
import pytest

from textkind.decision.decision import Decision
from textkind.decision.rule import Rule
from textkind.export.golden import (
    Allowed,
    Answers,
    golden_from_json,
    golden_rows,
    golden_texts,
    golden_to_json,
    is_firm,
)


@pytest.mark.parametrize(
    ("decision", "probabilities", "firm"),
    [
        (Decision(False), [[0.6, 0.4], [0.5, 0.5], [0.502, 0.498]], [True, False, False]),
        (Decision(False, rule=Rule(weights=(1.0, 2.0))), [[0.66, 0.333]], [False]),
        (Decision(True), [[0.9, 0.1], [0.9, 0.499]], [True, False]),
        (Decision(True, rule=Rule(top=1)), [[0.9, 0.1], [0.3, 0.304]], [True, False]),
    ],
)
def test_a_label_is_firm_where_no_probability_is_near_the_border(decision, probabilities, firm):
    assert is_firm(decision, np.array(probabilities, np.float32), 0.01).tolist() == firm


def test_labels_that_are_not_firm_are_left_out_and_rows_stay():
    answers = Answers(np.zeros((2, 2)), np.array([[0.9, 0.1], [0.5, 0.5]]), ["a", "a"])
    golden = golden_rows(("x", "y"), answers, Decision(False), Allowed(1, 0.01))
    assert golden.labels == ["a", None]


def test_rows_come_back_from_json_to_the_bit():
    generator = np.random.default_rng(0)
    logits, chances = generator.standard_normal((2, 3, 4)).astype(np.float32)
    answers = Answers(logits, chances, [["a", "b"], [], ["a"]])
    golden = golden_rows(("x", "", "é"), answers, Decision(True), Allowed(0.1, 1e-9))
    again = golden_from_json(json.loads(json.dumps(golden_to_json(golden))), "")
    np.testing.assert_array_equal(again.logits, logits)
    np.testing.assert_array_equal(again.probabilities, chances)
    assert (again.texts, again.labels, again.allowed) == (
        golden.texts,
        golden.labels,
        golden.allowed,
    )


def test_golden_texts_have_an_empty_and_a_long_one():
    texts = golden_texts()
    assert "" in texts
    assert max(len(text.split()) for text in texts) > 1000
