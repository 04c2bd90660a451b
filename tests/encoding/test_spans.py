"""Where tokens stand in a text: a place for each token of encode, and the text says what it is."""

from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.encoding.runs import fit_runs
from textkind.encoding.tokens import character_places
from textkind.encoding.words import WordSettings, fit_words

TEXTS = [
    "The parcel, 1,000 boxes & it's late!!!!",
    "don't café Straße",
    "日本語 e\u0301 🙂🙂 naïve ﬁne",
]
ODD = st.text(max_size=40) | st.sampled_from(TEXTS).flatmap(
    lambda text: st.text(alphabet=text, max_size=40)
)


def arrow(texts):
    return pa.array(texts, pa.large_string())


@cache
def encoder_of(kind):
    words = fit_words(arrow(TEXTS), WordSettings(minimum_count=1))
    if kind == "words":
        return words
    if kind == "runs":
        return fit_runs(words, arrow(TEXTS), longest=3, buckets=64, minimum_count=1)
    subwords = pytest.importorskip("textkind.encoding.subwords")
    pytest.importorskip("tokenizers")
    model = subwords.SubwordSettings(model=kind, size=400, minimum_count=1)
    return subwords.fit_subwords(arrow(TEXTS), model)


@pytest.mark.parametrize("kind", ["words", "runs", "bpe", "wordpiece", "unigram"])
@given(text=ODD)
@settings(max_examples=100)
def test_every_token_has_its_characters(kind, text):
    encoder = encoder_of(kind)
    spans = encoder.spans(text)
    ids = encoder.encode(arrow([text])).ids
    assert spans.shape == (ids.size, 2)
    assert spans.dtype == np.int64
    assert (spans[:, 0] >= 0).all()
    assert (spans[:, 0] < spans[:, 1]).all()
    assert (spans[:, 1] <= len(text)).all()


@given(text=ODD)
def test_a_known_word_stands_where_it_is_told_to(text):
    encoder = encoder_of("words")
    spellings = encoder.spellings()
    ids = encoder.encode(arrow([text])).ids.tolist()
    end = 0
    for number, (start, stop) in zip(ids, encoder.spans(text).tolist(), strict=True):
        assert end <= start
        end = stop
        if number != encoder.unknown_id:
            assert "".join(one.lower() for one in text[start:stop]) == spellings[number]


def test_a_run_reaches_from_its_first_token_to_its_last():
    encoder = encoder_of("runs")
    text = "it's late, the parcel"
    plain = encoder.tokens.spans(text)
    assert [text[a:b] for a, b in plain] == ["it", "'s", "late", ",", "the", "parcel"]
    every = {
        (plain[first, 0], plain[last, 1])
        for first in range(len(plain))
        for last in range(first + 1, min(first + 3, len(plain)))
    }
    runs = [tuple(span) for span in encoder.spans(text)[len(plain) :]]
    assert set(runs) <= every
    # a bucket is that of the run at its place: alone it is encoded alike
    for number, (start, end) in zip(encoder.encode(arrow([text])).ids[len(plain) :], runs,
                                    strict=True):  # fmt: skip
        assert number in encoder.encode(arrow([text[start:end]])).ids


def test_subwords_share_the_letters_of_their_word():
    encoder = encoder_of("wordpiece")
    text = " Parcels,  lateness"
    spellings = encoder.spellings()
    ids = encoder.encode(arrow([text])).ids.tolist()
    for number, (start, end) in zip(ids, encoder.spans(text).tolist(), strict=True):
        assert text[start:end].lower() == spellings[number].removeprefix("##")


def test_characters_are_counted_before_every_byte():
    content = np.frombuffer("aé🙂b".encode(), np.uint8)
    assert character_places(content).tolist() == [0, 1, 2, 2, 3, 3, 3, 3, 4]
    assert character_places(content[:0]).tolist() == [0]
