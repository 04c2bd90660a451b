"""Words that mistakes have more often: the paper's formula, a planted word, none by chance."""

import math

import numpy as np
import pyarrow as pa
import pytest

from textkind.mistakes.overrepresented import (
    FEWEST_TEXTS,
    log_odds,
    overrepresented,
    telling,
    text_ngrams,
)


def made(rows, seed):
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, 61)
    words = rng.choice([f"w{n}" for n in range(60)], (rows, 8), p=shares / shares.sum())
    return [" ".join(row) for row in words]


def array(texts):
    return pa.array(texts, pa.large_string())


def test_log_odds_are_those_of_the_paper():
    first, second = np.array([12, 3, 40, 1]), np.array([5, 30, 41, 0])
    odds, z = log_odds(first, second)
    total = first.sum() + second.sum()
    strength = min(first.sum(), second.sum())
    for place in range(4):  # equations 16, 20 and 22
        a = strength * (first[place] + second[place]) / total
        y_i, n_i, y_j, n_j = first[place], first.sum(), second[place], second.sum()
        delta = math.log((y_i + a) / (n_i + strength - y_i - a)) - math.log(
            (y_j + a) / (n_j + strength - y_j - a)
        )
        assert math.isclose(odds[place], delta)
        assert math.isclose(z[place], delta / math.sqrt(1 / (y_i + a) + 1 / (y_j + a)))


def test_ngrams_are_words_and_pairs_that_stand_in_enough_texts():
    texts = ["red box, red box here"] * FEWEST_TEXTS + ["blue box"] * (FEWEST_TEXTS - 1)
    found = text_ngrams(array(texts))
    spelled = found.spelled(np.arange(len(found.words)))
    assert sorted(spelled) == sorted(["red", "box", "here", ",", "red box", "box here"])
    counts = dict(zip(spelled, found.texts_with(np.ones(len(texts), bool)).tolist(), strict=True))
    assert counts["box"] == 2 * FEWEST_TEXTS - 1
    assert counts["red box"] == FEWEST_TEXTS  # twice in a text counts once


def test_a_planted_word_is_found_and_leads():
    texts = made(600, 0)
    wrong = np.random.default_rng(1).random(600) < 0.1
    for row in np.flatnonzero(wrong)[::2]:
        texts[row] += " refund policy"
    (first, *more) = overrepresented(text_ngrams(array(texts)), wrong)
    assert {first.ngram, *(one.ngram for one in more)} == {"refund", "policy", "refund policy"}
    assert first.mistakes == first.rows == len(np.flatnonzero(wrong)[::2])
    assert first.p < 0.001
    assert telling(text_ngrams(array(texts)), wrong, 3)[0] in {"refund", "policy", "refund policy"}


def test_mistakes_by_chance_have_no_word_more_often_but_in_one_of_twenty_draws():
    ngrams = text_ngrams(array(made(500, 2)))
    rng = np.random.default_rng(3)
    draws = [bool(overrepresented(ngrams, rng.random(500) < 0.15)) for _ in range(200)]
    assert sum(draws) <= 18  # binomial(200, 0.05): above 18 once in 400


def test_nothing_wrong_and_everything_wrong_say_nothing():
    ngrams = text_ngrams(array(made(50, 0)))
    for wrong in (np.zeros(50, bool), np.ones(50, bool)):
        assert overrepresented(ngrams, wrong) == []
    assert overrepresented(text_ngrams(array(["a", ""])), np.array([True, False])) == []


@pytest.mark.parametrize("counts", [([4], [9]), ([3, 1], [0, 0])])
def test_with_nothing_to_compare_there_are_no_odds(counts):
    odds, z = log_odds(*map(np.array, counts))
    assert not odds.any()
    assert not z.any()
