"""Folds: all rows are tested once, and what belongs together stays together."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.folds import fold_parts, fold_rows
from textkind.data.labels import LabelSet
from textkind.data.settings import SplitSettings
from textkind.errors import DataError, SettingsError


def corpus(rows=120, labels=3, several=False, group=None, time=None, copies=1):
    rng = np.random.default_rng(0)
    targets = (np.arange(rows) % labels).astype(np.int32)
    if several:
        targets = (rng.random((rows, labels)) < 0.5).astype(np.uint8)
        targets[:, 0] = 1
    texts = pa.array([f"text number {row // copies}" for row in range(rows)], pa.large_string())
    names = tuple("abcdefgh"[:labels])
    return Corpus(texts, targets, LabelSet(names, several), np.arange(rows) + 2, group, time)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("folds", [2, 3, 7])
def test_every_row_is_tested_in_exactly_one_fold(folds, several):
    found = fold_rows(corpus(several=several), SplitSettings(), folds)
    assert len(found) == folds
    np.testing.assert_array_equal(np.sort(np.concatenate(found)), np.arange(120))
    sizes = [len(rows) for rows in found]
    assert max(sizes) - min(sizes) <= 6


def test_labels_are_dealt_out_evenly():
    made = corpus(rows=150)
    for rows in fold_rows(made, SplitSettings(), 5):
        assert np.bincount(made.targets[rows]).tolist() == [10, 10, 10]


def test_equal_texts_and_groups_are_never_on_both_sides():
    group = (np.arange(120) // 6).astype(np.int32)
    for made in (corpus(copies=3), corpus(group=group)):
        keys = made.texts.to_pylist() if made.group is None else made.group.tolist()
        for rows in fold_rows(made, SplitSettings(), 4):
            inside = {keys[row] for row in rows}
            outside = {keys[row] for row in set(range(120)) - set(rows.tolist())}
            assert not inside & outside


def test_train_and_validation_hold_no_tested_row_and_the_test_is_sealed():
    made = corpus(rows=300)
    tested = []
    for parts in fold_parts(made, SplitSettings(), 3):
        test = parts.test.open("a test")
        tested += test.rows.tolist()
        learned = [*parts.train.rows, *parts.validation.rows]
        assert len(parts.validation) > 0
        assert sorted([*learned, *test.rows]) == sorted(made.rows)
    assert sorted(tested) == sorted(made.rows)


def test_the_folds_hang_on_the_seed_and_not_on_the_order_of_rows():
    made = corpus()
    back = made.take(np.arange(120)[::-1])

    def texts(of, seed):
        return [set(of.texts.take(pa.array(rows)).to_pylist())
                for rows in fold_rows(of, SplitSettings(seed=seed), 3)]  # fmt: skip

    assert texts(made, 0) == texts(back, 0)
    assert texts(made, 0) != texts(made, 1)


@pytest.mark.parametrize("folds", [0, 1, 51, 2.5, True])
def test_a_number_that_makes_no_folds_is_refused(folds):
    with pytest.raises(SettingsError, match="folds must be a whole number of 2 to 50"):
        fold_rows(corpus(), SplitSettings(), folds)


def test_a_split_by_time_cannot_be_folded():
    time = np.arange(120).astype("datetime64[s]").astype("datetime64[us]")
    with pytest.raises(SettingsError, match="cannot be folded") as caught:
        fold_rows(corpus(time=time), SplitSettings(), 3)
    assert "--split stratified" in caught.value.hint


def test_too_few_rows_for_so_many_folds_are_told():
    with pytest.raises(DataError, match="4 rows are too few for 20 folds"):
        fold_rows(corpus(rows=4), SplitSettings(), 20)
