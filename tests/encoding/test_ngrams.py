"""The encoder against scikit-learn's vectorisers and a plain Python twin."""

import itertools
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from textkind.encoding import ngram_kernels as kernels
from textkind.encoding.characters import character_table
from textkind.encoding.ngrams import (
    NgramSettings,
    canonical_order,
    encode_ngrams,
    fit_ngrams,
    hash_texts,
    text_buffers,
)
from textkind.encoding.rows import Rows
from textkind.errors import SettingsError

PLAIN = st.text(alphabet="abcde fgAB.,!  \n", max_size=60)


def arrow(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def dense(rows: Rows, size: int) -> np.ndarray:
    matrix = np.zeros((len(rows), size))
    for row in range(len(rows)):
        for i in range(rows.starts[row], rows.ends[row]):
            matrix[row, rows.columns[i]] += rows.values[i]
    return matrix


def similarities(texts: list[str], ngrams: NgramSettings) -> np.ndarray:
    encoder, rows = fit_ngrams(arrow(texts), ngrams)
    matrix = dense(rows, len(encoder))
    return matrix @ matrix.T


CORPUS = [
    "The cat sat on the mat, the cat!",
    "A dog and a cat; a dog.",
    "On the mat sat a dog",
    "nothing in common here",
    "the the the cat",
    "",
    "x",
] * 3


@pytest.mark.parametrize("orders", [(1, 1), (1, 2), (2, 3), (1, 5)])
@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("minimum", [1, 4])
def test_word_ngrams_equal_scikit_learn(orders, sublinear, minimum):
    # all columns are renumbered, so compare every text with every other one
    peer = TfidfVectorizer(
        ngram_range=orders, sublinear_tf=sublinear, min_df=minimum, token_pattern=r"\w+"
    ).fit_transform(CORPUS)
    ours = similarities(
        CORPUS,
        NgramSettings(
            words=orders, symbols=False, sublinear=sublinear, minimum_document_frequency=minimum
        ),
    )
    np.testing.assert_allclose(ours, (peer @ peer.T).toarray(), atol=2e-3)


@pytest.mark.parametrize("orders", [(2, 5), (1, 3), (4, 6)])
def test_character_ngrams_within_words_equal_scikit_learn(orders):
    peer = TfidfVectorizer(analyzer="char_wb", ngram_range=orders, sublinear_tf=True)
    matrix = peer.fit_transform(CORPUS)
    ours = similarities(
        CORPUS, NgramSettings(words=None, characters=orders, minimum_document_frequency=1)
    )
    np.testing.assert_allclose(ours, (matrix @ matrix.T).toarray(), atol=2e-3)


def plain_words(text: str) -> list[str]:
    """Words of ASCII text; runs of one repeated symbol of two or more are the same word."""
    found = re.findall(r"\w+|([^\w\s])(\1*)", text.lower())
    whole = [match.group(0) for match in re.finditer(r"\w+|([^\w\s])\1*", text.lower())]
    assert len(found) == len(whole)
    return [word if word[0].isalnum() else word[:2] for word in whole]


@given(st.lists(PLAIN, min_size=1, max_size=6))
def test_counts_equal_a_plain_twin(texts):
    rows = hash_texts(arrow(texts), NgramSettings(words=(1, 2)), bits=22)
    for row, text in enumerate(texts):
        words = plain_words(text)
        grams = words + [" ".join(pair) for pair in itertools.pairwise(words)]
        expected = sorted(grams.count(gram) for gram in set(grams))
        assert sorted(rows.values[rows.starts[row] : rows.ends[row]].tolist()) == expected


@given(st.text(max_size=40))
def test_every_character_is_decoded(text):
    content, offsets = text_buffers(arrow([text]))
    position, found = 0, []
    while position < offsets[1]:
        point, position = kernels.code_point_at(content, position, offsets[1])
        found.append(chr(point))
    assert "".join(found) == text


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8), st.integers(1, 3))
@settings(max_examples=50)
def test_a_text_is_encoded_alike_alone_and_among_others(texts, threads):
    ngrams = NgramSettings(characters=(2, 5), minimum_document_frequency=1)
    encoder, _ = fit_ngrams(arrow(texts), ngrams)
    together = encode_ngrams(encoder, arrow(texts), threads=threads)
    for row, text in enumerate(texts):
        alone = encode_ngrams(encoder, arrow([text]))
        for name in ("columns", "values"):
            np.testing.assert_array_equal(
                getattr(alone, name)[alone.starts[0] : alone.ends[0]],
                getattr(together, name)[together.starts[row] : together.ends[row]],
            )


def test_threads_and_slices_change_nothing():
    texts = [f"word{i % 97} and word{i % 31} {'x' * (i % 50)}" for i in range(60_000)]
    ngrams = NgramSettings(characters=(2, 4))
    encoder, one = fit_ngrams(arrow(texts), ngrams, threads=1)
    again, two = fit_ngrams(arrow(["cut off", *texts]).slice(1), ngrams, threads=2)
    np.testing.assert_array_equal(encoder.buckets, again.buckets)
    for row in (0, 1, 30_000, 59_999):
        np.testing.assert_array_equal(
            one.columns[one.starts[row] : one.ends[row]],
            two.columns[two.starts[row] : two.ends[row]],
        )


@pytest.mark.parametrize(
    ("upper", "lower"),
    [("ÄÖÜ ÉCOLE", "äöü école"), ("ΟΔΟΣ", "οδος"), ("ПРИВЕТ", "привет"), ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς")],
)
def test_lower_casing_knows_unicode(upper, lower):
    encoder, rows = fit_ngrams(arrow([lower]), NgramSettings(minimum_document_frequency=1))
    found = encode_ngrams(encoder, arrow([upper]))
    assert rows.stored == found.stored > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't", 3),  # don ' t
        ("snake_case x2", 2),
        ("!!! ??", 2),
        ("日本語", 3),  # scripts without spaces: a letter is a word
        ("日本 go 語", 4),
        ("สวัสดี", 4),  # Thai: marks belong to their letter
        ("हिन्दी में", 2),  # Devanagari: marks do not cut words
        ("🙂🙂 🙂", 2),
        ("a\u0000b", 2),
        ("e\u0301te\u0301", 1),
        ("\ufeffword", 2),
    ],
)
def test_words_are_cut_as_readers_would(text, words):
    content, offsets = text_buffers(arrow([text]))
    hashes, spans = np.empty(99, np.uint64), np.empty((99, 2), np.int64)
    count = kernels.split_words(content, 0, offsets[1], character_table(), True, hashes, spans)
    assert count == words
    pieces = [content[begin:end].tobytes().decode() for begin, end in spans[:count]]
    assert "".join(pieces) == re.sub(r"[\s\u0000]", "", text)


def test_words_and_characters_have_unit_length_each():
    _, rows = fit_ngrams(arrow(CORPUS), NgramSettings(characters=(2, 5)))
    for view in (rows.words(), rows.characters()):
        for row in (0, 1, 2):
            values = view.values[view.starts[row] : view.ends[row]]
            assert np.square(values).sum() == pytest.approx(1, abs=1e-6)


def test_unknown_ngrams_are_left_out():
    encoder, _ = fit_ngrams(arrow(CORPUS), NgramSettings())
    rows = encode_ngrams(encoder, arrow(["zebra quagga", "the zebra"]))
    assert (rows.ends - rows.starts).tolist() == [0, 1]


def test_columns_stand_by_falling_document_frequency():
    texts = ["a b c", "a b", "a d", "d e", "a"]
    encoder, _ = fit_ngrams(arrow(texts), NgramSettings(words=(1, 1), minimum_document_frequency=2))
    assert len(encoder) == 3  # a in 4, b and d in 2 texts
    assert np.all(np.diff(encoder.importance) >= 0)


@given(st.permutations(range(12)))
def test_canonical_order_does_not_depend_on_row_order(order):
    texts = [f"text {i % 7}" for i in range(12)]
    targets = np.arange(12, dtype=np.int32) % 3
    first = canonical_order(arrow(texts), targets)
    shuffled = canonical_order(arrow([texts[i] for i in order]), targets[list(order)])
    expected = [(texts[i], targets[i]) for i in first]
    assert [(texts[order[i]], targets[order[i]]) for i in shuffled] == expected


@pytest.mark.parametrize(
    "arguments",
    [
        {"words": None},
        {"words": (0, 2)},
        {"words": (3, 2)},
        {"words": (1, 6)},
        {"characters": (2, 11)},
        {"minimum_document_frequency": 0},
    ],
)
def test_impossible_settings_are_refused(arguments):
    with pytest.raises(SettingsError):
        NgramSettings(**arguments)


def test_texts_behind_the_learned_ones_change_nothing_but_are_encoded():
    ngrams = NgramSettings(characters=(2, 3))
    alone, rows = fit_ngrams(arrow(CORPUS), ngrams)
    more = ["the cat and much that is new", "zebra"]
    beside, joined = fit_ngrams(arrow(CORPUS + more), ngrams, learned=len(CORPUS))
    np.testing.assert_array_equal(alone.buckets, beside.buckets)
    np.testing.assert_array_equal(alone.importance, beside.importance)
    np.testing.assert_array_equal(dense(rows, len(alone)), dense(joined, len(alone))[: len(CORPUS)])
    by_itself = encode_ngrams(alone, arrow(more))
    np.testing.assert_array_equal(
        dense(by_itself, len(alone)), dense(joined, len(alone))[len(CORPUS) :]
    )
