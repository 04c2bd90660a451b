"""Weights told of pieces: plain loops are the twin, sums are kept, places are the text's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.test_model_contract import arrow
from textkind.encoding.ngrams import NgramSettings, fit_ngrams
from textkind.explain.explanation import contrast
from textkind.explain.ngram_places import letter_places, split, word_places
from textkind.explain.occlusion import chunks
from textkind.explain.spans import merged, shared

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=12).map(
    lambda pairs: np.array([(begin, begin + size) for begin, size in pairs]).reshape(-1, 2)
)


@given(spans=SPANS)
def test_merged_spans_cover_the_same_characters_and_share_none(spans):
    pieces = merged(spans)
    covered = {place for begin, end in spans.tolist() for place in range(begin, end)}
    told = [place for begin, end in pieces.tolist() for place in range(begin, end)]
    assert sorted(covered) == told
    for begin, end in spans.tolist():  # no span is cut in two
        assert begin == end or any(b <= begin and end <= e for b, e in pieces.tolist())


@given(spans=SPANS, pieces=SPANS.map(merged), seed=st.integers(0, 99))
def test_weights_are_shared_among_the_pieces_that_are_touched(spans, pieces, seed):
    weights = np.random.default_rng(seed).normal(size=len(spans))
    wanted = np.zeros(len(pieces))
    for (begin, end), weight in zip(spans.tolist(), weights, strict=True):
        touched = [i for i, (b, e) in enumerate(pieces.tolist()) if b < end and begin < e]
        if len(pieces) and not touched:
            touched = [max([i for i, (b, _) in enumerate(pieces.tolist()) if b < end], default=0)]
        for place in touched:
            wanted[place] += weight / len(touched)
    found = shared(spans, weights, pieces)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert len(pieces) == 0 or found.sum() == pytest.approx(weights.sum(), abs=1e-12)


@given(text=st.text(max_size=60), symbols=st.booleans())
def test_words_stand_where_they_are_told_to(text, symbols):
    _, spans = split(text, symbols)
    left = text
    for begin, end in spans[::-1].tolist():
        assert begin < end
        left = left[:begin] + left[end:]
    if symbols:  # nothing but white space and control characters is passed over
        assert not any(character.isalnum() or character in "!?.,;-()" for character in left)


@given(text=st.text(max_size=40), borders=st.booleans())
def test_ngrams_of_characters_stand_where_they_are_told_to(text, borders):
    settings = NgramSettings(words=(1, 3), characters=(1, 4), word_borders=borders)
    encoder, _ = fit_ngrams(arrow([text]), settings)
    for found in (word_places(text, encoder), letter_places(text, encoder)):
        for place, (begin, end) in enumerate(found.spans.tolist()):
            assert 0 <= begin < end <= len(text)
            spelled = found.spelling(place)
            if found.kind == "word":
                assert text[begin:end].startswith(spelled.split(" ")[0])
                assert text[begin:end].endswith(spelled.split(" ")[-1])
            elif spelled.strip():
                # lower case is that of one character alone
                assert len(spelled.strip()) <= len(text[begin:end].strip("\x00"))
                own = [one for one in text[begin:end].lower() if one.isascii() and one.isalnum()]
                assert own == [one for one in spelled if one.isascii() and one.isalnum()] or any(
                    not one.isascii() for one in text[begin:end]
                )


@pytest.mark.parametrize(
    ("against", "several", "wanted"),
    [
        (None, False, [-0.5, 1, -0.5]),
        (2, False, [0, 1, -1]),
        (None, True, [0, 1, 0]),
        (2, True, [0, 1, -1]),
    ],
)
def test_what_is_explained_is_a_sum_of_logits(against, several, wanted):
    np.testing.assert_array_equal(contrast(3, 1, against, several), wanted)


def test_of_two_labels_the_rest_is_the_other():
    np.testing.assert_array_equal(contrast(2, 0, None, False), [1, -1])
    np.testing.assert_array_equal(contrast(1, 0, None, False), [1])


def test_long_texts_are_cut_into_few_pieces_of_as_many_words():
    text = " ".join(f"word{n}" for n in range(1000))
    pieces, size = chunks(text, most=256)
    assert (len(pieces), size) == (250, 4)
    assert [text[b:e].count(" ") for b, e in pieces.tolist()] == [3] * 250
    assert len(chunks("word " * 200_000)[0]) <= 16
    assert chunks("")[0].shape == (0, 2)
