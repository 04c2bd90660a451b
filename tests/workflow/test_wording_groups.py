"""Kinds of wording: every text in one group of a kind, words counted as scikit-learn's would be."""

import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import CountVectorizer

from textkind.workflow.wording import FEWEST, unseen_words, wording_groups

TRAIN = pa.array(["The parcel came late", "a PARCEL again", "l'été 2024"], pa.large_string())
KINDS = (
    ("with a negation", "without a negation"),
    ("with a question mark", "without a question mark"),
    ("with a digit", "without a digit"),
    ("all words seen in training", "one word unseen in training", "two or more words unseen"),
)


def test_unseen_words_are_those_that_a_vocabulary_of_training_lacks():
    texts = ["the late parcel", "the new, NEW parcel!", "\u00e9t\u00e9 2025 \u4f60\u597d", ""]
    analyze = CountVectorizer(token_pattern=r"\w+").build_analyzer()
    known = {word for text in TRAIN.to_pylist() for word in analyze(text)}
    expected = [len(set(analyze(text)) - known) for text in texts]
    assert unseen_words(pa.array(texts, pa.large_string()), TRAIN).tolist() == expected
    assert expected == [0, 1, 2, 0]


def made(rows=200):
    rng = np.random.default_rng(0)
    words = ["parcel", "late", "not", "why?", "3", "again", "box"]
    texts = [" ".join(rng.choice(words, rng.integers(1, 30))) for _ in range(rows)]
    return texts, rng.integers(0, 3, rows)


def test_every_text_is_in_exactly_one_group_of_each_kind():
    texts, unseen = made()
    groups = wording_groups(texts, unseen)
    lengths = [name for name in groups if name.split()[-1] == "words" or "or more" in name]
    lengths = [name for name in lengths if "unseen" not in name]
    assert len(lengths) == 4
    for kind in (*KINDS, lengths):
        assert set(kind) <= set(groups)
        assert (sum(groups[name].astype(int) for name in kind) == 1).all()


def test_groups_by_length_are_of_about_one_size():
    texts, unseen = made(400)
    for name, mask in wording_groups(texts, unseen).items():
        if "words" in name and "unseen" not in name and "seen" not in name:
            assert 60 <= mask.sum() <= 140


def test_groups_of_very_few_texts_are_left_out():
    texts = ["a plain text"] * 50 + ["why?"] * (FEWEST - 1)
    assert "with a question mark" not in wording_groups(texts, np.zeros(len(texts)))
    texts = ["a plain text"] * 50 + ["why?"] * FEWEST
    assert wording_groups(texts, np.zeros(len(texts)))["with a question mark"].sum() == FEWEST
