"""Splits: shares met, nothing on two sides, no dependence on the order of rows, sealed labels."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from textkind.data.corpus import Corpus
from textkind.data.settings import SplitSettings
from textkind.data.split import split_corpus
from textkind.data.split_rules import (
    TEST,
    TRAIN,
    VALIDATION,
    group_split,
    labels_split,
    stratified_split,
    time_split,
)
from textkind.data.text_keys import text_keys
from textkind.data.texts import as_texts
from textkind.data.typed_labels import as_targets, label_set
from textkind.errors import DataError, SealedError, SettingsError
from textkind.progress import Talk

quick = settings(max_examples=60, deadline=None)
SHARES = {"test_share": 0.2, "validation_share": 0.1}


class Heard(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def labelled(texts, labels):
    classes, targets, several = as_targets(labels)
    rows = np.arange(1, len(texts) + 1)
    return Corpus(as_texts(texts), targets, label_set(classes, several), rows)


def made_corpus(rows, classes=3, several=False, seed=0, distinct=None):
    random = np.random.default_rng(seed)
    distinct = rows if distinct is None else distinct
    texts = [f"text {n}" for n in random.integers(0, distinct, rows)]
    if distinct == rows:
        texts = [f"text {n}" for n in range(rows)]
    if several:
        labels = [
            [f"c{k}" for k in range(classes) if random.random() < 1 / (k + 2)] for _ in range(rows)
        ]
    else:
        labels = [f"c{k}" for k in random.integers(0, classes, rows)]
    return labelled(texts, labels)


def with_columns(corpus, **columns):
    return replace(corpus, **columns)


def all_parts(parts):
    return {"train": parts.train, "validation": parts.validation, "test": parts.test}


def test_the_parts_share_out_every_row_once():
    corpus = made_corpus(1000, distinct=700)
    parts = split_corpus(corpus, SplitSettings())
    rows = np.concatenate([part.rows for part in all_parts(parts).values()])
    assert sorted(rows) == list(range(1, 1001))
    facts = parts.facts["parts"]
    assert {name: part["rows"] for name, part in facts.items()} == {
        name: len(part) for name, part in all_parts(parts).items()
    }
    assert sum(sum(part["labels"].values()) for part in facts.values()) == 1000


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("method", ["stratified", "group", "time"])
def test_the_order_of_the_rows_does_not_change_the_parts(method, several):
    corpus = made_corpus(400, several=several, distinct=300)
    number = np.array([int(text.split()[1]) for text in corpus.texts.to_pylist()])
    corpus = with_columns(
        corpus,
        group=(number % 40).astype(np.int32),
        time=(number // 2).astype("datetime64[D]").astype("datetime64[us]"),
    )
    shuffled = corpus.take(np.random.default_rng(1).permutation(400))
    one, other = (split_corpus(c, SplitSettings(method=method)) for c in (corpus, shuffled))
    for name, part in all_parts(one).items():
        twin = all_parts(other)[name]
        assert part.texts.equals(twin.texts), "the same texts in the same order"
    assert np.array_equal(one.train.targets, other.train.targets)


def test_another_seed_gives_another_split():
    corpus = made_corpus(300)
    drawn = [split_corpus(corpus, SplitSettings(seed=seed)).test.rows for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(np.sort(drawn[0]), np.sort(drawn[2]))


@pytest.mark.parametrize("several", [False, True])
def test_duplicates_but_for_case_and_white_space_stay_on_one_side(several):
    texts = [f"Text  {n // 2}" if n % 2 else f" text\n{n // 2} " for n in range(400)]
    labels = [[f"c{n % 3}"] if several else f"c{n % 3}" for n in range(400)]
    parts = split_corpus(labelled(texts, labels), SplitSettings())
    sides = [set((part.rows - 1) // 2) for part in all_parts(parts).values()]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert parts.facts["duplicates"] == {
        "rows": 200,
        "groups": 200,
        "conflicting": 200,
        "kept_on_one_side": True,
        "across_given_files": 0,
    }
    free = split_corpus(labelled(texts, labels), SplitSettings(duplicates_on_one_side=False))
    assert not free.facts["duplicates"]["kept_on_one_side"]


def test_stratified_shares_are_as_near_as_those_of_scikit_learn():
    random = np.random.default_rng(0)
    classes = random.choice(8, 5000, p=[0.4, 0.2, 0.15, 0.1, 0.08, 0.04, 0.02, 0.01])
    keys = random.integers(0, 2**63, 5000).astype(np.uint64)
    parts = stratified_split(classes, np.ones(5000, int), keys, **SHARES)
    wanted = np.bincount(classes) * 0.2
    ours = np.abs(np.bincount(classes[parts == TEST], minlength=8) - wanted)
    shuffle = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
    ((_, test),) = shuffle.split(classes, classes)
    theirs = np.abs(np.bincount(classes[test], minlength=8) - wanted)
    assert ours.max() <= max(1.0, theirs.max())
    assert abs((parts == TEST).sum() - 1000) <= 1
    assert abs((parts == VALIDATION).sum() - 500) <= 1


@quick
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 30)), min_size=1, max_size=60),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
    st.integers(0, 5),
)
def test_small_classes_are_in_every_part_where_they_can_be(units, test, validation, seed):
    classes = np.unique([c for c, _ in units], return_inverse=True)[1]
    weights = np.array([w for _, w in units])
    keys = np.random.default_rng(seed).integers(0, 2**63, len(units)).astype(np.uint64)
    parts = stratified_split(classes, weights, keys, test_share=test, validation_share=validation)
    for label in range(classes.max() + 1):
        held = parts[classes == label]
        assert (held == TRAIN).any()
        if len(held) == 1:
            assert (held == TRAIN).all()
        if len(held) >= 3 and (weights[classes == label] == 1).all():
            assert set(held) == {TRAIN, VALIDATION, TEST}


def plain_iterative_split(targets, order, shares):
    """The algorithm of Sechidis et al. (2011) as printed, with loops; the twin of ours."""
    desired = shares[:, None] * targets.sum(0)
    room = shares * len(targets)
    parts = np.full(len(targets), -1)
    while (parts[targets.any(1)] < 0).any():
        left = targets[parts < 0].sum(0)
        label = min(np.flatnonzero(left), key=lambda k: left[k])
        for unit in order:
            if parts[unit] < 0 and targets[unit, label]:
                best = max(range(3), key=lambda p: (desired[p, label], room[p], -p))
                parts[unit] = best
                desired[best] -= targets[unit]
                room[best] -= 1
    for unit in order:
        if parts[unit] < 0:
            parts[unit] = np.argmax(room)
            room[parts[unit]] -= 1
    return parts


@quick
@given(st.integers(20, 80), st.integers(1, 6), st.integers(0, 1000))
def test_iterative_stratification_is_that_of_the_paper(rows, labels, seed):
    random = np.random.default_rng(seed)
    # Every label on at least a third of the rows, so that none needs to be moved afterwards.
    targets = (random.random((rows, labels)) < 0.5).astype(int)
    targets[: rows // 3] = 1
    keys = random.permutation(rows).astype(np.uint64)
    unit, label = np.nonzero(targets)
    ours = labels_split(unit, label, np.ones(rows, int), keys, labels=labels, **SHARES)
    twin = plain_iterative_split(targets, np.argsort(keys), np.array([1 - 0.2 - 0.1, 0.1, 0.2]))
    if all((twin[targets[:, k] > 0] == part).any() for k in range(labels) for part in range(3)):
        assert np.array_equal(ours, twin)


@quick
@given(st.integers(10, 120), st.integers(1, 12), st.integers(0, 1000))
def test_every_label_of_two_texts_is_learned(rows, labels, seed):
    random = np.random.default_rng(seed)
    targets = random.random((rows, labels)) < random.random(labels) ** 4
    unit, label = np.nonzero(targets)
    keys = random.permutation(rows).astype(np.uint64)
    parts = labels_split(unit, label, np.ones(rows, int), keys, labels=labels, **SHARES)
    for k in np.flatnonzero(targets.sum(0) >= 2):
        assert (parts[targets[:, k]] == TRAIN).any()
    assert set(np.unique(parts)) <= {TRAIN, VALIDATION, TEST}


def test_labels_meet_their_shares_when_there_are_several():
    corpus = made_corpus(3000, classes=12, several=True)
    facts = split_corpus(corpus, SplitSettings()).facts["parts"]
    for label, count in enumerate(corpus.targets.sum(0)):
        name = corpus.labels.names[label]
        assert abs(facts["test"]["labels"][name] - 0.2 * count) <= 2 + 0.02 * count
        assert abs(facts["validation"]["labels"][name] - 0.1 * count) <= 2 + 0.02 * count


@quick
@given(st.integers(3, 40), st.integers(1, 5), st.integers(0, 1000))
def test_no_group_is_on_two_sides_and_no_part_is_empty(groups, labels, seed):
    random = np.random.default_rng(seed)
    group = np.concatenate([np.arange(groups), random.integers(0, groups, 200)]).astype(np.int32)
    names = [f"c{k}" for k in random.integers(0, labels + 1, len(group))]
    names[:2] = ["c0", "c1"]
    corpus = with_columns(labelled([f"t {n}" for n in range(len(group))], names), group=group)
    parts = split_corpus(corpus, SplitSettings())
    assert parts.facts["split"]["method"] == "group"
    sides = [set(part.group) for part in all_parts(parts).values()]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_groups_meet_rows_and_labels_nearly():
    random = np.random.default_rng(0)
    group = random.integers(0, 300, 6000)
    lean = random.random((300, 4)) + 0.2
    label = np.array([random.choice(4, p=lean[g] / lean[g].sum()) for g in group])
    pairs, counts = np.unique(group * 4 + label, return_counts=True)
    sizes = np.bincount(group)
    keys = random.permutation(300).astype(np.uint64)
    parts = group_split(pairs // 4, pairs % 4, counts, sizes, keys, labels=4, **SHARES)[group]
    for part, share in ((TEST, 0.2), (VALIDATION, 0.1)):
        assert abs((parts == part).mean() - share) < 0.01
        inside = np.bincount(label[parts == part], minlength=4) / np.bincount(label)
        assert np.abs(inside - share).max() < 0.02


def test_groups_that_share_a_text_stay_together_unless_all_would():
    texts = [f"own text {n}" for n in range(60)]
    texts[0] = texts[59] = "the same"
    corpus = labelled(texts, ["a", "b"] * 30)
    corpus = with_columns(corpus, group=(np.arange(60) // 3).astype(np.int32))
    parts = split_corpus(corpus, SplitSettings())
    assert parts.facts["duplicates"]["kept_on_one_side"]
    common = labelled(["ok" if n % 3 == 0 else t for n, t in enumerate(texts)], ["a", "b"] * 30)
    heard = Heard()
    parts = split_corpus(with_columns(common, group=corpus.group), SplitSettings(), talk=heard)
    assert not parts.facts["duplicates"]["kept_on_one_side"]
    assert any("since the group decides the side" in note for note in heard.notes)


@quick
@given(st.lists(st.integers(0, 12), min_size=6, max_size=80), st.floats(0.05, 0.4))
def test_later_rows_are_tested_and_ties_stay_on_one_side(days, share):
    times = np.array(days).astype("datetime64[D]")
    if len(np.unique(times)) < 3:
        return
    parts = time_split(times, test_share=share, validation_share=0.1)
    assert times[parts == TRAIN].max() < times[parts == VALIDATION].min()
    assert times[parts == VALIDATION].max() < times[parts == TEST].min()
    whole = np.arange(100).astype("datetime64[D]")
    parts = time_split(whole, test_share=0.2, validation_share=0.1)
    assert np.bincount(parts).tolist() == [70, 10, 20]


def test_given_files_are_left_as_they_are_and_overlap_is_counted():
    corpus = made_corpus(200)
    given_test = labelled(["TEXT 1", "new", "text  7"], ["c0", "c1", "c2"])
    heard = Heard()
    parts = split_corpus(corpus, SplitSettings(), given_test=given_test, talk=heard)
    assert parts.test.texts.equals(given_test.texts)
    assert parts.facts["split"]["method"] == "given"
    assert parts.facts["duplicates"]["across_given_files"] == 2
    assert len(parts.train) + len(parts.validation) == 200
    assert any("2 rows of the given" in note for note in heard.notes)
    both = split_corpus(corpus, SplitSettings(), given_test, given_validation=given_test)
    assert len(both.train) == 200
    assert both.validation is given_test
    other = labelled(["x", "y"], ["c0", "z"])
    with pytest.raises(DataError, match="label set of the training file"):
        split_corpus(corpus, SplitSettings(), other)


def test_no_test_part_where_none_is_wanted():
    parts = split_corpus(made_corpus(50), SplitSettings(test_share=0.0))
    assert parts.test is None
    assert "test" not in parts.facts["parts"]
    parts = split_corpus(made_corpus(50), SplitSettings(test_share=0.0, validation_share=0.0))
    assert len(parts.train) == 50
    assert len(parts.validation) == 0


def test_the_test_labels_open_once_and_on_record():
    test = split_corpus(made_corpus(100), SplitSettings()).test
    assert not hasattr(test, "targets")
    opened = test.open("evaluation")
    assert isinstance(opened, Corpus)
    assert opened.texts.equals(test.texts)
    assert test.opened_for == "evaluation"
    with pytest.raises(SealedError, match="opened before"):
        test.open("tuning")


def test_what_cannot_be_split_is_our_error():
    with pytest.raises(DataError, match="too few"):
        split_corpus(labelled(["a", "b"], ["x", "y"]), SplitSettings())
    corpus = made_corpus(30)
    with pytest.raises(SettingsError, match="needs a group column"):
        split_corpus(corpus, SplitSettings(method="group"))
    with pytest.raises(DataError, match="at least 3 groups"):
        split_corpus(with_columns(corpus, group=np.zeros(30, np.int32)), SplitSettings())
    same_time = np.zeros(30, "datetime64[us]")
    with pytest.raises(DataError, match="too few"):
        split_corpus(with_columns(corpus, time=same_time), SplitSettings())
    both = with_columns(corpus, group=np.arange(30, dtype=np.int32), time=same_time)
    with pytest.raises(SettingsError, match="both a group and a time"):
        split_corpus(both, SplitSettings())


def plain_normal(text):
    """Lower case by code point, as Arrow has it, and white space runs to one space."""
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return " ".join(lower.split())


letters = st.text(
    st.sampled_from(
        " \t\n\r\x0b\x1c\x1f\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000aAzZéÉßЖж世🙂\u200b"
    )
)


@given(st.lists(letters, max_size=20))
def test_texts_have_one_key_exactly_where_they_are_the_same_when_normalised(texts):
    keys = text_keys(pa.array(["x", *texts], pa.large_string())[1:])
    normal = [plain_normal(text) for text in texts]
    for i in range(len(texts)):
        for j in range(i):
            assert (keys[i] == keys[j]) == (normal[i] == normal[j])
