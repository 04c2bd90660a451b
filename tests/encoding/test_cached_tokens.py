"""Tokens on disk: those of memory in the canonical order, and their pages can be given back."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.labels import LabelSet
from textkind.encoding.cached_tokens import cache_tokens, stretches
from textkind.encoding.ngrams import canonical_order
from textkind.encoding.tokens import take_tokens
from textkind.encoding.words import WordSettings, fit_words

LABELS = {False: LabelSet(("a", "b", "c")), True: LabelSet(("a", "b", "c"), several=True)}


def texts_of(rows, seed=0):
    draw = np.random.default_rng(seed)
    words = np.array(["late", "parcel", "box", "again", "my", "x"])
    made = [" ".join(draw.choice(words, draw.integers(0, 7))) for _ in range(rows)]
    return pa.array(made, pa.large_string())


@pytest.mark.parametrize("several", [False, True])
def test_tokens_are_those_of_memory_in_canonical_order(tmp_path, several):
    texts, draw = texts_of(300), np.random.default_rng(1)
    targets = draw.integers(2, size=(300, 3)).astype(np.uint8)
    targets = targets if several else targets[:, 0].astype(np.int32)
    encoder = fit_words(texts, WordSettings(minimum_count=1))
    blocks = [(texts[i : i + 70], targets[i : i + 70]) for i in range(0, 300, 70)]
    tokens, found = cache_tokens(blocks, encoder.encode, tmp_path, LABELS[several], 10_000)
    order = canonical_order(texts, targets)
    wanted = take_tokens(encoder.encode(texts), order)
    for _ in range(2):
        np.testing.assert_array_equal(tokens.ids, wanted.ids)
        tokens.release()
    np.testing.assert_array_equal(tokens.offsets, wanted.offsets)
    np.testing.assert_array_equal(found, targets[order])
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.ids"]


def test_texts_without_a_token_are_texts(tmp_path):
    texts = pa.array([" ", ""], pa.large_string())
    encoder = fit_words(texts_of(9), WordSettings())
    targets = np.array([1, 0], np.int32)
    tokens, found = cache_tokens([(texts, targets)], encoder.encode, tmp_path, LABELS[False], 1)
    tokens.release()
    assert tokens.lengths.tolist() == [0, 0]
    assert sorted(found) == [0, 1]


@pytest.mark.parametrize(
    ("lengths", "most", "edges"),
    [
        ([3, 3, 3, 3], 6, [0, 2, 4]),
        ([1, 1], 10, [0, 2]),
        ([20, 1, 1, 20], 5, [0, 1, 4]),
        ([0], 5, [0, 1]),
    ],
)
def test_stretches_cut_texts_by_their_tokens(lengths, most, edges):
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    assert stretches(offsets, most).tolist() == edges
