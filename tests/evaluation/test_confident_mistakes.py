"""Mistakes come out most confident first, and complete."""

import numpy as np
import pytest

from textkind.evaluation.mistakes import ConfusedPair, confident_mistakes, confused_pairs


def test_mistakes_are_the_wrong_rows_most_confident_first(draw_case):
    for seed in range(50):
        probabilities, predicted, targets = draw_case(seed)
        found = confident_mistakes(probabilities, predicted, targets, limit=1000)
        wrong = predicted != targets
        wrong = wrong.any(axis=1) if targets.ndim == 2 else wrong
        assert sorted(mistake.row for mistake in found) == np.flatnonzero(wrong).tolist()
        sure = [mistake.probability for mistake in found]
        assert sure == sorted(sure, reverse=True)
        assert confident_mistakes(probabilities, predicted, targets, limit=3) == found[:3]


def test_a_mistake_tells_its_labels_and_their_probabilities():
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5]])
    found = confident_mistakes(probabilities, np.array([1, 0]), np.array([0, 0]), 5)
    assert len(found) == 1
    mistake = found[0]
    assert (mistake.row, mistake.gold, mistake.predicted, mistake.label) == (0, (0,), (1,), 1)
    assert (mistake.probability, mistake.gold_probability) == (0.75, 0.25)


@pytest.mark.parametrize(
    ("probabilities", "predicted", "gold", "label", "probability"),
    [
        ([0.75, 0.5, 0.0], [1, 1, 0], [0, 1, 0], 0, 0.75),  # predicted wrongly
        ([0.5, 0.125, 0.0], [1, 0, 0], [0, 1, 0], 1, 0.875),  # missed with more confidence
        ([0.25, 0.25, 0.0], [0, 0, 0], [1, 1, 0], 0, 0.75),  # equals: the first label
    ],
)
def test_a_mistake_of_several_labels_is_led_by_its_surest_wrong_decision(
    probabilities, predicted, gold, label, probability
):
    found = confident_mistakes(
        np.array([probabilities]), np.array([predicted], np.uint8), np.array([gold], np.uint8), 5
    )
    assert [(one.label, one.probability) for one in found] == [(label, probability)]
    assert found[0].gold == tuple(np.flatnonzero(gold))
    assert found[0].predicted == tuple(np.flatnonzero(predicted))


def test_equally_sure_mistakes_keep_the_order_of_rows():
    probabilities = np.full((6, 2), 0.5)
    found = confident_mistakes(probabilities, np.zeros(6, int), np.ones(6, int), 4)
    assert [mistake.row for mistake in found] == [0, 1, 2, 3]


def test_no_mistakes_give_an_empty_list():
    assert confident_mistakes(np.eye(3), np.arange(3), np.arange(3), 5) == []
    assert confused_pairs(np.arange(3), np.arange(3), 5) == []


def test_confused_pairs_are_counted_most_often_first():
    targets = np.array([0, 0, 0, 1, 2, 2, 1])
    predicted = np.array([1, 1, 0, 0, 1, 1, 0])
    assert confused_pairs(predicted, targets, 2) == [ConfusedPair(0, 1, 2), ConfusedPair(1, 0, 2)]
    assert sum(pair.count for pair in confused_pairs(predicted, targets, 9)) == 6
