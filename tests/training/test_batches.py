"""Rows to batches: every row, within the budget, the same again for one seed and epoch."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.encoding.tokens import Tokens
from textkind.training.batches import (
    batches_by_length,
    cut_by_budget,
    cut_by_cost,
    epoch_batches,
    padded_batch,
    sampling_weights,
)

LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=200).map(np.array)


def tokens_of_lengths(lengths):
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Tokens(np.arange(1, offsets[-1] + 1, dtype=np.int32), offsets)


def is_within(rows, lengths, most_tokens, most_texts):
    longest = max(1, int(lengths[rows].max()))
    return len(rows) == 1 or (longest * len(rows) <= most_tokens and len(rows) <= most_texts)


@given(LENGTHS, st.integers(1, 200), st.integers(1, 30), st.integers(0, 5))
def test_an_epoch_has_every_row_once_in_batches_within_the_budget(
    lengths, most_tokens, most_texts, epoch
):
    batches = epoch_batches(lengths, most_tokens, most_texts, seed=3, epoch=epoch)
    assert sorted(np.concatenate(batches)) == list(range(lengths.size))
    assert all(is_within(rows, lengths, most_tokens, most_texts) for rows in batches)


@given(LENGTHS, st.integers(1, 200), st.integers(1, 30), st.sampled_from([None, 0, 32]))
def test_prediction_has_every_row_once_the_longest_first(lengths, most_tokens, most_texts, start):
    batches = list(batches_by_length(tokens_of_lengths(lengths), most_tokens, most_texts, start))
    assert sorted(np.concatenate(batches)) == list(range(lengths.size))
    assert all(is_within(rows, lengths, most_tokens, most_texts) for rows in batches)
    assert (np.diff(lengths[np.concatenate(batches)]) <= 0).all()


def cheapest(lengths, most_tokens, most_texts, start):
    """The least cost of all ways to cut falling lengths, by trying each."""
    found = []
    for cuts in itertools.product([False, True], repeat=len(lengths) - 1):
        runs = np.split(lengths, np.flatnonzero(cuts) + 1)
        within = all(
            len(run) == 1 or (len(run) * run[0] <= most_tokens and len(run) <= most_texts)
            for run in runs
        )
        if within:
            found.append(sum(start + len(run) * run[0] for run in runs))
    return min(found)


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=9),
    st.integers(1, 120),
    st.integers(1, 9),
    st.integers(0, 40),
)
def test_cuts_by_cost_are_the_cheapest_there_are(lengths, most_tokens, most_texts, start):
    falling = np.array(sorted(lengths, reverse=True))
    batches = list(cut_by_cost(np.arange(falling.size), falling, most_tokens, most_texts, start))
    cost = sum(start + len(rows) * falling[rows[0]] for rows in batches)
    assert cost == cheapest(falling, most_tokens, most_texts, start)


@given(LENGTHS)
def test_a_batch_is_as_long_as_its_longest_text_and_masked_behind_each(lengths):
    tokens = tokens_of_lengths(lengths)
    rows = np.random.default_rng(0).permutation(lengths.size)[:7]
    batch = padded_batch(tokens, rows)
    assert batch.input_ids.shape == (rows.size, max(1, lengths[rows].max()))
    assert batch.input_ids.dtype == np.int64
    assert batch.attention_mask.dtype == np.bool_
    for place, row in enumerate(rows):
        own = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
        np.testing.assert_array_equal(batch.input_ids[place, : own.size], own)
        assert not batch.input_ids[place, own.size :].any()
        expected = np.arange(batch.input_ids.shape[1]) < own.size
        np.testing.assert_array_equal(batch.attention_mask[place], expected)


def test_empty_texts_are_a_batch_of_one_masked_position():
    batch = padded_batch(tokens_of_lengths(np.zeros(3, int)), np.arange(3))
    assert batch.input_ids.shape == (3, 1)
    assert not batch.attention_mask.any()
    assert not batch.input_ids.any()


def test_a_text_beyond_the_budget_is_a_batch_by_itself():
    lengths = np.array([2, 50, 2, 2])
    cut = cut_by_budget(np.array([7, 8, 9, 10]), lengths, 10, 64)
    assert [rows.tolist() for rows in cut] == [[7], [8], [9, 10]]


def test_batches_follow_from_seed_and_epoch_and_change_with_either():
    lengths = np.random.default_rng(0).integers(0, 30, 300)

    def batches(seed, epoch):
        return [rows.tolist() for rows in epoch_batches(lengths, 100, 16, seed=seed, epoch=epoch)]

    assert batches(1, 2) == batches(1, 2)
    assert batches(1, 2) != batches(1, 3)
    assert batches(1, 2) != batches(2, 2)
    # not only the order of the batches: other neighbours as well
    assert {frozenset(b) for b in batches(1, 2)} != {frozenset(b) for b in batches(1, 3)}


def test_texts_of_like_length_stand_together():
    lengths = np.random.default_rng(0).integers(1, 200, 5000)
    batches = epoch_batches(lengths, 2048, 64, seed=0, epoch=0)
    padded = sum(int(lengths[rows].max()) * len(rows) for rows in batches)
    assert padded < 1.3 * lengths.sum()


SHARES = np.array([0.9, 0.07, 0.03])


def drawn_shares(sampling):
    targets = np.random.default_rng(0).choice(3, 20000, p=SHARES)
    weights = sampling_weights(targets, sampling)
    rows = np.concatenate(
        epoch_batches(np.ones(20000, int), 4096, 64, seed=0, epoch=0, weights=weights)
    )
    assert rows.size == 20000
    return np.bincount(targets[rows]) / rows.size


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        ("none", SHARES),
        ("sampling", np.full(3, 1 / 3)),
        ("root-sampling", np.sqrt(SHARES) / np.sqrt(SHARES).sum()),
    ],
)
def test_labels_are_drawn_as_often_as_the_sampling_says(sampling, expected):
    np.testing.assert_allclose(drawn_shares(sampling), expected, atol=0.015)


def test_a_text_with_several_labels_is_drawn_by_its_rarest():
    targets = np.array([[1, 0], [1, 0], [1, 0], [1, 1], [0, 0], [0, 0]], np.uint8)
    np.testing.assert_allclose(
        sampling_weights(targets, "sampling"), [1 / 4, 1 / 4, 1 / 4, 1, 1 / 2, 1 / 2]
    )
    np.testing.assert_allclose(
        sampling_weights(targets, "root-sampling")[3:], [1, 0.5**0.5, 0.5**0.5]
    )


def test_stretches_come_one_after_the_other_each_with_all_its_rows():
    lengths = np.random.default_rng(0).integers(1, 9, 500)
    edges = np.array([0, 120, 300, 500])
    batches = epoch_batches(lengths, 64, 16, seed=0, epoch=1, edges=edges)
    assert sorted(np.concatenate(batches).tolist()) == list(range(500))
    stretch = [np.unique(np.searchsorted(edges, rows, "right")) for rows in batches]
    assert all(one.size == 1 for one in stretch)
    order = [int(one[0]) for one in stretch]
    assert sum(a != b for a, b in itertools.pairwise(order)) == 2


def test_one_stretch_is_drawn_from_as_all_rows_are():
    lengths = np.random.default_rng(0).integers(1, 9, 500)
    whole = epoch_batches(lengths, 64, 16, seed=0, epoch=1)
    same = epoch_batches(lengths, 64, 16, seed=0, epoch=1, edges=np.array([0, 500]))
    assert [rows.tolist() for rows in whole] == [rows.tolist() for rows in same]
