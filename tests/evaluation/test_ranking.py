"""ROC-AUC and average precision against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.metrics import average_precision_score, roc_auc_score

from textkind.evaluation.ranking import area_under_roc, average_precision, rank, tied

PAIRS = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=40)


def check_areas(seeds):
    for seed in seeds:
        random = np.random.default_rng(seed)
        rows = int(random.integers(2, 80))
        scores = random.normal(size=rows).round(int(random.integers(0, 4))).astype(np.float32)
        positive = random.random(rows) < random.random()
        ranking = rank(scores, positive)
        if not 0 < positive.sum() < rows:
            assert not ranking.defined
            continue
        with config_context(skip_parameter_validation=True):
            expected = roc_auc_score(positive, scores), average_precision_score(positive, scores)
        found = area_under_roc(ranking), average_precision(ranking)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12, err_msg=str(seed))


def test_areas_equal_scikit_learn():
    check_areas(range(600))


@pytest.mark.slow
def test_areas_equal_scikit_learn_on_thousands_of_cases():
    check_areas(range(1000, 8000))


@given(PAIRS)
def test_area_under_roc_is_the_share_of_pairs_in_the_right_order(pairs):
    scores = np.array([score for score, _ in pairs], np.float32)
    positive = np.array([truth for _, truth in pairs])
    above, below = scores[positive], scores[~positive]
    if len(above) == 0 or len(below) == 0:
        assert np.isnan(area_under_roc(rank(scores, positive)))
        return
    difference = above[:, None] - below
    expected = ((difference > 0) + 0.5 * (difference == 0)).mean()
    assert abs(area_under_roc(rank(scores, positive)) - expected) < 1e-12


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pairs, shuffler):
    shuffled = list(pairs)
    shuffler.shuffle(shuffled)
    rankings = [
        rank(np.array([s for s, _ in one], np.float32), np.array([t for _, t in one]))
        for one in (pairs, shuffled)
    ]
    for area in (area_under_roc, average_precision):
        np.testing.assert_equal(area(rankings[0]), area(rankings[1]))


@pytest.mark.parametrize("positive", [[0, 0, 0], [1, 1, 1], []])
def test_areas_of_one_class_are_undefined(positive):
    ranking = rank(np.arange(len(positive), dtype=np.float32), np.array(positive, np.uint8))
    assert np.isnan(area_under_roc(ranking))
    assert np.isnan(average_precision(ranking))


@pytest.mark.parametrize(
    ("values", "starts", "ends"),
    [([], [], []), ([5], [0], [1]), ([1, 1, 2, 3, 3], [0, 2, 3], [2, 3, 5])],
)
def test_equal_neighbors_form_one_stretch(values, starts, ends):
    found = tied(np.array(values))
    assert [part.tolist() for part in found] == [starts, ends]
