"""A vocabulary that goes on with more texts knows what it knew, and what is new."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.encoding.more_ngrams import entries, widened
from textkind.encoding.ngrams import NgramSettings, encode_ngrams, fit_ngrams

OLD = pa.array(["red apple", "green apple", "red car", "green car", "red"], pa.large_string())
NEW = pa.array(["blue apple", "blue car", "blue car", "red sky"], pa.large_string())
WORDS = NgramSettings(words=(1, 1), minimum_document_frequency=2)


def both():
    return pa.concat_arrays([OLD, NEW])


def test_known_ngrams_keep_their_columns_and_weights():
    encoder, before = fit_ngrams(OLD, WORDS)
    wider, rows = widened(encoder, both(), np.ones(9))
    np.testing.assert_array_equal(wider.buckets[: len(encoder)], encoder.buckets)
    np.testing.assert_array_equal(wider.importance[: len(encoder)], encoder.importance)
    for row in range(len(OLD)):  # texts without a new n-gram are encoded as they were
        for told, kept in ((before, rows), (rows, encode_ngrams(wider, both()))):
            spans = [slice(one.starts[row], one.ends[row]) for one in (told, kept)]
            np.testing.assert_array_equal(told.columns[spans[0]], kept.columns[spans[1]])
            np.testing.assert_allclose(told.values[spans[0]], kept.values[spans[1]])


def test_a_new_ngram_gets_a_column_where_enough_texts_have_it():
    encoder, _ = fit_ngrams(OLD, WORDS)
    wider, _ = widened(encoder, both(), np.ones(9))
    assert len(wider) == len(encoder) + 1  # blue; sky stands in one text
    again, _ = widened(encoder, both(), np.ones(5))  # nothing is learned from the new ones
    assert len(again) == len(encoder)


@pytest.mark.parametrize("weight", [1.0, 7.0])
def test_the_rarity_of_a_new_ngram_is_that_of_all_texts_that_the_weights_stand_for(weight):
    encoder, _ = fit_ngrams(OLD, WORDS)
    weights = np.array([weight] * 5 + [1.0] * 4)
    wider, _ = widened(encoder, both(), weights)
    expected = np.log((1 + weights.sum()) / (1 + 3)) + 1
    assert wider.importance[-1] == pytest.approx(expected, rel=1e-3)  # it is kept in float16


def test_entries_are_those_of_the_rows_without_the_gaps():
    encoder, rows = fit_ngrams(OLD, WORDS)
    columns, owner = entries(rows)
    np.testing.assert_array_equal(np.bincount(owner, minlength=5), rows.ends - rows.starts)
    assert columns.max() < len(encoder)
