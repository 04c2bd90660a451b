"""Out-of-fold probabilities: no row is judged by a fit that saw its text."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.errors import DataError
from textkind.workflow.out_of_fold import out_of_fold

WORDS = ("refund charge amount", "login password locked", "parcel colour fabric")


def corpus(rows=150, seed=0):
    random = np.random.default_rng(seed)
    targets = np.arange(rows) % 3
    filler = [f"word{number}" for number in range(60)]
    texts = [
        " ".join([*random.choice(filler, 4), *random.choice(WORDS[target].split(), 2)])
        for target in targets
    ]
    return Corpus(pa.array(texts, pa.large_string()), targets.astype(np.int32),
                  LabelSet(("bill", "login", "shop")), np.arange(rows) + 2)  # fmt: skip


def test_texts_are_told_apart_without_having_been_seen():
    part, test = corpus(), corpus(60, seed=1)
    given, of_test = out_of_fold(part, test)
    for probabilities, targets in ((given, part.targets), (of_test, test.targets)):
        assert probabilities.shape == (len(targets), 3)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert (probabilities.argmax(axis=1) == targets).mean() > 0.9
    assert out_of_fold(part)[1] is None


def test_a_text_is_not_told_by_its_own_repetitions():
    part = corpus()
    odd = pa.array(["nothing but zebra stripes"] * 12, pa.large_string())
    told = 0.0
    for label in (0, 1, 2):  # whichever label they have, only they could tell it
        repeated = replace(
            part,
            texts=pa.concat_arrays([part.texts, odd]),
            targets=np.append(part.targets, np.full(12, label, np.int32)),
            rows=np.arange(162) + 2,
        )
        told += out_of_fold(repeated)[0][150:, label].mean()
    assert told < 1.5  # of 3


def test_rows_of_one_group_are_judged_by_fits_on_others():
    part = corpus()
    group = np.arange(150, dtype=np.int32) // 10
    named = [f"user{number}" for number in group]  # nothing else is in a text
    targets = (group % 3).astype(np.int32)
    part = replace(part, texts=pa.array(named, pa.large_string()), targets=targets, group=group)
    rows = replace(part, texts=pa.array([f"{name} {row}" for row, name in enumerate(named)],
                                        pa.large_string()))  # fmt: skip
    of_groups = out_of_fold(rows)[0].argmax(axis=1) == targets
    of_rows = out_of_fold(replace(rows, group=None))[0].argmax(axis=1) == targets
    assert of_groups.mean() < 0.7
    assert of_rows.mean() > 0.9


@pytest.mark.parametrize("rows", [2, 4])
def test_too_few_rows_are_an_error(rows):
    with pytest.raises(DataError, match=f"{rows} rows are too few for 5 folds"):
        out_of_fold(corpus().take(np.arange(rows)))


def test_several_labels_have_a_probability_each():
    part = corpus()
    several = np.eye(3, dtype=np.uint8)[part.targets]
    several[::7] = 1
    part = replace(part, targets=several, labels=LabelSet(("bill", "login", "shop"), True))
    given, _ = out_of_fold(part)
    assert given.shape == (150, 3)
    assert given[several == 1].mean() > given[several == 0].mean() + 0.3
