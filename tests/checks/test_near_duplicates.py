"""Near duplicates against all pairs compared one by one."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.checks.near_duplicates import bands_for, near_duplicates, similarities
from textkind.errors import SettingsError


def shingles(text):
    words = text.lower().split()
    return set(words) | set(itertools.pairwise(words))


def jaccard(one, other):
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def by_pairs(texts, similarity):
    """The clusters of all pairs, as sets of rows."""
    parents = list(range(len(texts)))

    def root(row):
        while parents[row] != row:
            row = parents[row]
        return row

    for one, other in itertools.combinations(range(len(texts)), 2):
        if jaccard(texts[one], texts[other]) >= similarity:
            low, high = sorted((root(one), root(other)))
            parents[high] = low
    return [root(row) for row in range(len(texts))]


def strings(texts):
    return pa.array(texts, pa.large_string())


WORDS = st.lists(st.sampled_from(list("abcdefghijkl")), min_size=0, max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(WORDS.map(" ".join), max_size=12), st.sampled_from([0.5, 0.8, 1.0]))
def test_what_is_joined_is_joined_by_all_pairs_too(texts, similarity):
    found = near_duplicates(strings(texts), similarity, threads=1)
    expected = by_pairs(texts, similarity)
    for own, other in zip(found, expected, strict=True):
        assert expected[own] == other  # nothing is joined that pairs do not join


@settings(max_examples=40, deadline=None)
@given(st.lists(WORDS.map(" ".join), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_similarities_of_pairs_are_those_of_their_sets(texts, random):
    one, other = (np.array([random.randrange(len(texts)) for _ in range(9)]) for _ in range(2))
    found = similarities(strings(texts), one, other, threads=1)
    expected = [jaccard(texts[a], texts[b]) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def changed(random, words, times):
    """Words of which some are others."""
    words = list(words)
    for place in random.integers(0, len(words), times):
        words[place] = f"new{random.integers(10**9)}"
    return " ".join(words)


@pytest.mark.parametrize("similarity", [0.6, 0.8, 0.9])
def test_nearly_all_pairs_of_the_similarity_asked_for_are_found(similarity):
    random = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(3000)])
    texts, pairs = [], []
    for _ in range(400):
        base = random.choice(words, 40)
        pairs.append(len(texts))
        texts += [" ".join(base), changed(random, base, random.integers(1, 8))]
    cluster = near_duplicates(strings(texts), similarity)
    found = [row for row in pairs if cluster[row] == cluster[row + 1]]
    near = [row for row in pairs if jaccard(texts[row], texts[row + 1]) >= similarity]
    assert len(near) > 20
    assert set(found) <= set(near)
    assert len(found) >= 0.98 * len(near)


def test_case_and_space_make_no_difference_and_the_first_row_names_the_cluster():
    texts = ["x y z", "A red  cat sat", "a Red cat sat ", "x y z", "none of these"]
    found = near_duplicates(strings(texts), 0.8)
    assert found.tolist() == [0, 1, 1, 0, 4]


def test_threads_and_emptiness_change_nothing():
    random = np.random.default_rng(1)
    texts = strings([" ".join(random.choice(list("abcdefgh"), 5)) for _ in range(300)] + ["", ""])
    one, two = (near_duplicates(texts, 0.7, threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)
    assert near_duplicates(strings([]), 0.8).tolist() == []
    assert near_duplicates(strings(["", "a"]), 0.8).tolist() == [0, 1]


def test_bands_find_their_share_of_pairs():
    for similarity in np.linspace(0.3, 0.99, 20):
        bands, depth = bands_for(similarity)
        assert 1 - (1 - similarity**depth) ** bands >= 0.995


@pytest.mark.parametrize("similarity", [0.1, 1.5, "high"])
def test_a_similarity_that_is_none_is_refused(similarity):
    with pytest.raises(SettingsError, match="similarity must be"):
        near_duplicates(strings(["a"]), similarity)
