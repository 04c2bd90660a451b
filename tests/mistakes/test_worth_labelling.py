"""Which texts are chosen: unsure ones, and not all from one place."""

import numpy as np
import pytest

from textkind.mistakes.worth_labelling import uncertainty, worth_labelling


def test_uncertainty_is_one_less_the_margin():
    given = np.array([[0.5, 0.5, 0], [0.7, 0.2, 0.1], [1, 0, 0]])
    np.testing.assert_allclose(uncertainty(given, several=False), [1, 0.5, 0])
    several = np.array([[0.5, 0.9], [0.75, 0.1], [1, 0]])
    np.testing.assert_allclose(uncertainty(several, several=True), [1, 0.5, 0])


def test_of_unsure_texts_in_places_every_place_has_one():
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(5), [60, 10, 10, 10, 10])  # one place has most of the texts
    vectors = np.eye(5, dtype=np.float32)[place] + rng.normal(0, 0.02, (100, 5))
    chosen = worth_labelling(rng.uniform(0.8, 1, 100), vectors.astype(np.float32), 10)
    assert len(np.unique(chosen)) == 10
    assert set(place[chosen]) == set(range(5))


def test_sure_texts_are_left_and_the_most_unsure_comes_first():
    rng = np.random.default_rng(1)
    unsure = np.where(np.arange(300) < 100, 0.9, 0.1) + rng.uniform(0, 0.05, 300)
    vectors = rng.normal(size=(300, 3)).astype(np.float32)
    chosen = worth_labelling(unsure, vectors, 10)
    assert (chosen < 100).all()
    assert (np.diff(unsure[chosen]) <= 0).all()
    assert (worth_labelling(unsure, vectors, 10) == chosen).all()


@pytest.mark.parametrize("number", [3, 50])
def test_few_or_equal_texts_can_all_be_chosen(number):
    unsure = np.array([0.2, 0.9, 0.5])
    assert worth_labelling(unsure, np.ones((3, 2), np.float32), number).tolist() == [1, 2, 0]
    same = worth_labelling(np.linspace(0, 1, 100), np.ones((100, 2), np.float32), 5)
    assert len(np.unique(same)) == 5
