"""Changes of a text: what each does, and what none of them may do."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.changes.lists import CONTRACTIONS, PEOPLE, PLACES
from textkind.changes.texts import CHANGES, changed_texts


def changed(name, text, seed=0):
    return changed_texts(name, [text], seed)[0]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("lower_case", "Not GOOD", "not good"),
        ("upper_case", "not good", "NOT GOOD"),
        ("no_punctuation", "Well, don't (ever) go!", "Well don't ever go"),
        ("no_punctuation", "plain  text", "plain  text"),
        ("final_punctuation", "It works.", "It works"),
        ("final_punctuation", "It works", "It works."),
        ("final_punctuation", "Does it?", "Does it?"),
        ("contractions", "It is mine, is not it", "It's mine, isn't it"),
        ("contractions", "Don't go, I can\u2019t", "Do not go, I cannot"),
        ("contractions", "a plain text", "a plain text"),
        ("sentence_order", "One here. Two there!", "Two there! One here."),
        ("sentence_order", "One sentence alone.", "One sentence alone."),
        ("negation", "This is good and was cheap", "This is not good and was cheap"),
        ("negation", "It isn't good", "It isn't good"),
        ("negation", "It is not good", "It is not good"),
        ("negation", "Great film", "Great film"),
        ("numbers", "room 0 and A0", "room 0 and A0"),
    ],
)
def test_a_change_does_what_it_says(name, text, expected):
    assert changed(name, text) == expected


def test_a_typo_swaps_two_neighbours_in_one_word_of_ten():
    text = "the parcel never arrived at our house yesterday morning and nobody knows why"
    for seed in range(20):
        made = changed("typos", text, seed)
        pairs = list(zip(text.split(), made.split(), strict=True))
        other = [(one, two) for one, two in pairs if one != two]
        assert len(other) <= 1
        for one, two in other:
            assert (one[0], one[-1]) == (two[0], two[-1])
            assert sum(a != b for a, b in zip(one, two, strict=True)) == 2
    assert changed("typos", "it is so") == "it is so"


def test_names_become_others_of_their_list_everywhere_alike():
    text = "Mary flew from Paris to Rome. Mary liked Rome."
    made = changed("names", text)
    words, others = (re.findall(r"\w+", one) for one in (text, made))
    swapped = {one: two for one, two in zip(words, others, strict=True) if one != two}
    assert set(swapped) == {"Mary", "Paris", "Rome"}
    assert swapped["Mary"] in PEOPLE
    assert {swapped["Paris"], swapped["Rome"]} <= set(PLACES) - {"Paris", "Rome"}
    assert changed("names", "nobody went anywhere") == "nobody went anywhere"


@settings(max_examples=50)
@given(st.integers(1, 999_999), st.integers(0, 50))
def test_a_number_becomes_another_of_as_many_digits(number, seed):
    made = changed("numbers", f"call {number} now", seed)
    found = re.fullmatch(r"call (\d+) now", made)
    assert found is not None
    assert len(found[1]) == len(str(number))
    assert int(found[1]) != number


@settings(max_examples=20)
@given(st.text(max_size=80), st.integers(0, 5))
@pytest.mark.parametrize("name", sorted(CHANGES))
def test_any_text_can_be_changed_and_the_seed_decides(name, text, seed):
    assert changed(name, text, seed) == changed(name, text, seed)


@settings(max_examples=50)
@given(st.text(alphabet="ab c.D'1!", max_size=60))
def test_letters_stay_where_only_form_changes(text):
    def letters(given):
        return Counter(one for one in given.lower() if one.isalnum())

    for name in ("typos", "lower_case", "upper_case", "no_punctuation", "final_punctuation",
                 "white_space", "sentence_order"):  # fmt: skip
        assert letters(changed(name, text)) == letters(text)


def test_the_same_text_is_changed_alike_wherever_it_stands():
    texts = ["the parcel arrived broken", "another text of mine"]
    assert changed_texts("typos", texts, 3)[::-1] == changed_texts("typos", texts[::-1], 3)
    assert len({changed("typos", texts[0], seed) for seed in range(20)}) > 1


def test_every_short_form_has_one_long_form():
    assert len({short for _, short in CONTRACTIONS}) == len(CONTRACTIONS)
    assert np.all([long != short for long, short in CONTRACTIONS])
