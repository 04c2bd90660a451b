"""The profile counts validation as it counts new texts."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from textkind.decision.decision import Decision
from textkind.decision.evidence import evidence_of
from textkind.decision.novelty import fit_novelty
from textkind.decision.novelty_scores import Signs
from textkind.decision.profile import (
    CONFIDENCE,
    LABELS,
    LENGTH,
    NONE,
    NOVELTY,
    OTHER,
    cell_borders,
    profile_facts,
    profile_of,
    text_cells,
    value_cells,
)


def drawn(labels, several=False, rows=400):
    random = np.random.default_rng(0)
    given = random.dirichlet(np.ones(labels), rows).astype(np.float32)
    targets = random.integers(0, labels, rows)
    if several:
        targets = random.integers(0, 2, (rows, labels))
    texts = pa.array(["x" * length for length in random.integers(0, 500, rows)], pa.large_string())
    return Decision(several), given, targets, texts


@pytest.mark.parametrize(("labels", "several"), [(3, False), (4, True), (130, False), (130, True)])
def test_the_texts_of_validation_have_its_own_counts(labels, several):
    decision, given, targets, texts = drawn(labels, several)
    profile = profile_of(evidence_of(decision, given, targets, texts), None)
    cells = np.bincount(text_cells(profile, decision, given, texts))
    for figure in profile.figures.values():
        begin, end = figure.first, figure.first + len(figure.counts)
        np.testing.assert_array_equal(cells[begin:end], figure.counts)
        assert figure.counts.sum() == len(texts)
    facts = profile_facts(profile, tuple(map(str, range(labels))))
    assert list(facts) == [LABELS, CONFIDENCE, LENGTH]
    for told in facts.values():
        assert len(told["cells"]) == len(told["validation"])


def test_labels_are_counted_by_name():
    decision, given, targets, texts = drawn(3)
    facts = profile_facts(
        profile_of(evidence_of(decision, given, targets, texts), None), ("a", "b", "c")
    )
    assert facts[LABELS]["cells"] == ["a", "b", "c"]
    assert facts[LABELS]["validation"] == np.bincount(given.argmax(axis=1)).tolist()


def test_rare_ones_of_many_labels_are_counted_together():
    decision, given, targets, texts = drawn(130)
    evidence = evidence_of(decision, given, targets, texts)
    facts = profile_facts(profile_of(evidence, None), tuple(map(str, range(130))))
    times = np.bincount(given.argmax(axis=1), minlength=130)
    cells = facts[LABELS]["cells"]
    assert cells[-1] == OTHER
    assert len(cells) == 101
    own = times[np.array(cells[:-1], int)]
    assert facts[LABELS]["validation"] == [*own, len(texts) - own.sum()]
    assert own.min() >= np.delete(times, np.array(cells[:-1], int)).max()


def test_of_several_labels_the_likeliest_given_counts_or_that_there_is_none():
    given = np.array([[0.9, 0.6], [0.2, 0.7], [0.1, 0.2]], np.float32)
    texts = pa.array(["a", "b", "c"], pa.large_string())
    evidence = evidence_of(Decision(True), given, np.ones((3, 2), int), texts)
    facts = profile_facts(profile_of(evidence, None), ("x", "y"))
    assert facts[LABELS] == {"cells": ["x", "y", NONE], "validation": [1, 1, 1]}


def test_lengths_are_bytes():
    texts = pa.array(["", "né", "最初"], pa.large_string())
    given = np.full((3, 2), 0.5, np.float32)
    evidence = evidence_of(Decision(False), given, np.zeros(3, int), texts)
    np.testing.assert_array_equal(evidence.bytes, [0, 3, 6])


def test_novelty_is_cut_into_tenths_of_validation():
    decision, given, targets, texts = drawn(3)
    signs = Signs(np.log(given), None, None)
    novelty = fit_novelty(("energy",), None, targets, signs, targets)
    profile = profile_of(evidence_of(decision, given, targets, texts), novelty)
    cells = value_cells(profile, NOVELTY, novelty.validation)
    figure = profile.figures[NOVELTY]
    np.testing.assert_array_equal(np.bincount(cells)[figure.first :], figure.counts)


@given(
    hnp.arrays(np.float64, st.integers(1, 300), elements=st.floats(0, 1, width=16)),
    st.integers(2, 12),
)
def test_borders_cut_into_cells_that_are_all_used(values, cells):
    borders = cell_borders(values, cells)
    counts = np.bincount(np.searchsorted(borders, values), minlength=len(borders) + 1)
    assert len(counts) <= cells
    assert (counts > 0).all()
    assert counts.sum() == len(values)


def test_tenths_hold_a_tenth_each():
    values = np.random.default_rng(0).normal(size=1000)
    counts = np.bincount(np.searchsorted(cell_borders(values, 10), values))
    np.testing.assert_array_equal(counts, np.full(10, 100))
