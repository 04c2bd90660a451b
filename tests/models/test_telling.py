"""How much tokens tell of the labels: against scikit-learn's TF-IDF and linear classifier."""

import numpy as np
import pytest
import scipy.sparse
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.svm import LinearSVC

from textkind.data.labels import LabelSet
from textkind.encoding.tokens import Tokens
from textkind.models.telling import HIGHEST, token_scores, weighted_rows

SIZE = 60


def toy(rows=300, labels=3, seed=0):
    """Texts whose tokens hang on their label, some of them strongly; the last has none."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(SIZE - 1, 0.3), labels)
    targets = random.integers(0, labels, rows).astype(np.int32)
    lists = [1 + random.choice(SIZE - 1, random.integers(1, 40), p=shares[k]) for k in targets]
    lists[-1] = np.empty(0, np.int64)
    ids = np.concatenate(lists).astype(np.int32)
    return Tokens(ids, np.cumsum([0, *map(len, lists)])), targets


def counts_of(tokens):
    ones = np.ones(tokens.ids.size)
    counts = scipy.sparse.csr_matrix(
        (ones, tokens.ids.copy(), tokens.offsets.copy()), (len(tokens), SIZE)
    )
    counts.sum_duplicates()
    return counts


def test_rows_are_those_of_scikit_learn():
    tokens, _ = toy()
    rows, rarity = weighted_rows(tokens, SIZE)
    twin = TfidfTransformer(sublinear_tf=True).fit(counts_of(tokens))
    found = scipy.sparse.csr_matrix(
        (rows.values, rows.columns, np.append(rows.starts, rows.ends[-1])), (len(tokens), SIZE)
    )
    np.testing.assert_allclose(found.toarray(), twin.transform(counts_of(tokens)).toarray(), 1e-5)
    np.testing.assert_allclose(rarity, twin.idf_)


@pytest.mark.parametrize("labels", [2, 3])
def test_scores_rank_tokens_as_the_weights_of_scikit_learn_do(labels):
    tokens, targets = toy(labels=labels)
    names = LabelSet(tuple("abc")[:labels])
    scores = token_scores(tokens, targets, names, SIZE, threads=1)
    twin = TfidfTransformer(sublinear_tf=True).fit(counts_of(tokens))
    svm = LinearSVC(C=1.0, tol=1e-6, max_iter=100_000)
    svm.fit(twin.transform(counts_of(tokens)), targets)
    expected = np.abs(svm.coef_).max(axis=0) * twin.idf_
    assert spearmanr(scores, expected)[0] > 0.99
    assert scores.max() == HIGHEST
    assert scores.dtype == np.int32


def test_scores_are_the_same_twice_and_with_any_number_of_threads():
    tokens, targets = toy()
    names = LabelSet(("a", "b", "c"))
    one, two = (token_scores(tokens, targets, names, SIZE, threads=number) for number in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_several_labels_a_text_have_scores_too():
    tokens, targets = toy()
    member = np.eye(3, dtype=np.uint8)[targets]
    member[::9] = 1
    scores = token_scores(tokens, member, LabelSet(("a", "b", "c"), True), SIZE, threads=1)
    assert scores.max() == HIGHEST


@pytest.mark.parametrize("texts", [0, 3])
def test_without_a_token_every_score_is_zero(texts):
    none = Tokens(np.empty(0, np.int32), np.zeros(texts + 1, np.int64))
    targets = np.zeros(texts, np.int32)
    assert not token_scores(none, targets, LabelSet(("a", "b")), SIZE, threads=1).any()
