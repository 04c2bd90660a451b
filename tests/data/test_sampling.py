"""A sample stays one of everything that was seen, however often more is seen."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.data.sampling import (
    Sample,
    draw_sample,
    draws_of,
    rarest_count,
    sample_weights,
    seen_counts,
)


def texts_of(numbers, about="text"):
    return pa.array([f"{about} {number}" for number in numbers], pa.large_string())


def made(targets, most, slices, about="text"):
    """The sample of texts 0..N-1 that come in slices: its Sample, and which texts are in it."""
    labels = 3
    seen = Sample(np.zeros(labels + 1, np.int64))
    kept = np.empty(0, np.int64)
    for part in np.array_split(np.arange(len(targets)), slices):
        seen = Sample(seen.counts + seen_counts(targets[part], labels), seen.level)
        pool = np.concatenate([kept, part])
        seen, rows = draw_sample(texts_of(pool, about), targets[pool], most, seen)
        kept = pool[rows]
    return seen, kept


def random_targets(rows, several, seed=0):
    random = np.random.default_rng(seed)
    if several:
        return (random.random((rows, 3)) < [0.5, 0.2, 0.03]).astype(np.uint8)
    return random.choice(3, rows, p=[0.75, 0.23, 0.02]).astype(np.int32)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 400),
    most=st.integers(1, 120),
    slices=st.integers(1, 6),
    several=st.booleans(),
    seed=st.integers(0, 5),
)
def test_what_is_kept_of_slices_is_what_its_level_keeps_of_all_at_once(
    rows, most, slices, several, seed
):
    targets = random_targets(rows, several, seed)
    sample, kept = made(targets, most, slices)
    assert len(kept) <= most
    assert sample.counts.tolist() == seen_counts(targets, 3).tolist()
    if sample.is_whole:
        assert len(kept) == rows
    score = draws_of(texts_of(range(rows))) * rarest_count(targets, sample.counts)
    np.testing.assert_array_equal(np.sort(kept), np.flatnonzero(score < sample.level))


def test_each_label_has_about_as_many_as_any_other_or_all_it_has():
    targets = random_targets(6000, several=False)
    _, kept = made(targets, 600, 4)
    counts = np.bincount(targets[kept], minlength=3)
    assert counts[2] == (targets == 2).sum() < 200
    assert abs(counts[0] - counts[1]) < 70
    assert 550 < len(kept) <= 600


def test_the_weights_of_a_label_sum_to_what_was_seen_of_it():
    targets = random_targets(6000, several=False)
    sample, kept = made(targets, 600, 4)
    weights = sample_weights(targets[kept], sample, len(targets))
    np.testing.assert_allclose(np.bincount(targets[kept], weights), np.bincount(targets))


def test_weights_count_without_bias_what_was_seen_of_several_labels():
    estimates, truths = [], []
    for seed in range(40):
        targets = random_targets(1500, several=True, seed=seed)
        sample, kept = made(targets, 300, 3, f"text of {seed}")
        weights = sample_weights(targets[kept], sample, len(targets))
        estimates.append((weights[:, None] * targets[kept]).sum(axis=0))
        truths.append(targets.sum(axis=0))
    ratio = np.sum(estimates, axis=0) / np.sum(truths, axis=0)
    np.testing.assert_allclose(ratio, 1, atol=0.05)


def test_what_is_drawn_depends_on_the_texts_alone_and_equal_texts_on_their_number():
    first = draws_of(pa.array(["a", "b", "a", "c"], pa.large_string()))
    again = draws_of(pa.array(["c", "a", "b", "A "], pa.large_string()))
    assert len(set(first)) == 4
    np.testing.assert_array_equal(first[[3, 0, 1, 2]], again)
    draws = draws_of(texts_of(range(5000)))
    assert 0 < draws.min() < draws.max() < 1
    np.testing.assert_allclose(np.histogram(draws, 10, (0, 1))[0], 500, atol=90)


@pytest.mark.parametrize("several", [False, True])
def test_where_all_is_kept_each_text_stands_for_itself(several):
    targets = random_targets(50, several)
    sample, kept = made(targets, 50, 2)
    assert sample.is_whole
    assert sample_weights(targets[kept], sample, len(targets)).tolist() == [1.0] * 50
