"""How well training texts prepare for new ones, against counts by hand and in Python."""

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from textkind.mistakes.familiarity import RARE, familiarity


def array(texts):
    return pa.array(texts, pa.large_string())


def in_python(train, texts):
    """The two shares of each text by sets, of words of small letters between spaces."""

    def pairs(text):
        words = text.split()
        return set(words), set(itertools.pairwise(words))

    known = [pairs(text) for text in train]

    def shares(text, own):
        others = [one for place, one in enumerate(known) if place != own]
        words, two = pairs(text)
        in_others = {word: sum(word in have for have, _ in others) for word in words}
        new = sum(not count for count in in_others.values())
        new += sum(not any(pair in have for _, have in others) for pair in two)
        rare = sum(count <= RARE for count in in_others.values())
        return rare / max(len(words), 1), new / max(len(words) + len(two), 1)

    return [shares(text, None) for text in texts], [shares(t, n) for n, t in enumerate(train)]


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g"]), max_size=6).map(" ".join)


@given(st.lists(WORDS, min_size=1, max_size=8), st.lists(WORDS, max_size=5))
def test_shares_are_those_of_plain_sets(train, texts):
    found = familiarity(array(train), array(texts))
    new, own = in_python(train, texts)
    assert found.rare.tolist() == [rare for rare, _ in new]
    np.testing.assert_allclose(found.unseen, [unseen for _, unseen in new])
    assert found.most_rare == np.quantile([rare for rare, _ in own], 0.9)
    np.testing.assert_allclose(found.most_unseen, np.quantile([u for _, u in own], 0.9))


def test_a_number_is_one_word_and_punctuation_is_not_rare():
    train = array(["call 1234 now", "call 99 now", "call 7 now", "call 8 now"])
    found = familiarity(train, array(["call 5550123 now", "call 12 now \u00a7"]))
    assert found.unseen[0] == 0
    assert found.rare.tolist() == [0, 0]


def test_texts_of_another_kind_and_length_are_unlike():
    rng = np.random.default_rng(0)
    words = np.array([f"word{n}" for n in range(40)])
    train = [" ".join(rng.choice(words, 10)) for _ in range(300)]
    same = [" ".join(rng.choice(words, 10)) for _ in range(300)]
    other = [" ".join(f"other{n}" for n in rng.integers(0, 40, 10)) for _ in range(50)]
    long = [" ".join(rng.choice(words, 90)) for _ in range(20)]
    assert familiarity(array(train), array(same)).is_unlike.mean() < 0.2
    assert familiarity(array(train), array(other)).is_unlike.all()
    assert familiarity(array(train), array(other)).has_rare_words.all()
    assert familiarity(array(train), array(long)).is_unlike.all()
