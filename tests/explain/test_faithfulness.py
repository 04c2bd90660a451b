"""Comprehensiveness and sufficiency: by hand, against loops, and better than chance where due."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.explain.faithfulness import SHARES, faithfulness, without, word_weights

WORTH = {"good": 0.5, "fine": 0.25, "dull": -0.125}
TEXT = "a good and fine film, so dull"


def probability(texts):
    """A bag of words whose probability is a sum, to be checked by hand."""
    found = [0.25 + sum(WORTH.get(word, 0) for word in text.split()) for text in texts.to_pylist()]
    return np.array(found, np.float32)


def words_of(text, worth):
    pieces, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        pieces.append((start, start + len(word)))
        start += len(word)
    return np.array(pieces), np.array([worth.get(text[a:b], 0.0) for a, b in pieces])


def test_the_curves_are_those_of_a_sum_by_hand():
    words, weights = words_of(TEXT, WORTH)
    found = faithfulness(TEXT, words, weights, probability)
    assert found.whole == 0.875
    assert found.shares == SHARES
    # 1, 1, 1, 2 and 4 of 7 words; behind good and fine come a, and, which say nothing
    assert found.heaviest.without == (0.375, 0.375, 0.375, 0.125, 0.125)
    assert found.heaviest.alone == (0.75, 0.75, 0.75, 1.0, 1.0)
    assert found.comprehensiveness == pytest.approx(0.875 - np.mean(found.heaviest.without))
    assert found.sufficiency == pytest.approx(0.875 - np.mean(found.heaviest.alone))
    assert found.comprehensiveness > found.random_comprehensiveness
    assert found.sufficiency < found.random_sufficiency


def test_weights_turned_round_are_worse_than_chance():
    words, weights = words_of(TEXT, WORTH)
    found = faithfulness(TEXT, words, -weights, probability)
    assert found.comprehensiveness < found.random_comprehensiveness
    assert found.sufficiency > found.random_sufficiency


def test_the_seed_draws_the_same_words_again():
    words, weights = words_of(TEXT, WORTH)
    first, again, other = (
        faithfulness(TEXT, words, weights, probability, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.heaviest == other.heaviest
    assert first.random != other.random


def test_a_text_without_a_word_has_none():
    assert faithfulness("  ", np.empty((0, 2), np.int64), np.empty(0), probability) is None


def test_weights_of_tokens_are_told_of_the_words_they_are_part_of():
    pieces = np.array([[0, 4], [4, 7], [8, 12], [12, 13]])  # play ##ing ball .
    words, weights = word_weights("playing ball.", pieces, np.array([1.0, 2.0, 4.0, 8.0]), 100)
    assert words.tolist() == [[0, 7], [8, 12], [12, 13]]
    assert weights.tolist() == [3, 4, 8]


@given(text=st.text(max_size=20), keep=st.lists(st.booleans(), min_size=20, max_size=20))
def test_without_leaves_the_other_characters(text, keep):
    gone = [place for place in range(len(text)) if not keep[place]]
    left = without(text, np.array([(place, place + 1) for place in gone]).reshape(-1, 2))
    assert left == "".join(one for place, one in enumerate(text) if keep[place])
