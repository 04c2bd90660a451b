"""The n-grams of a text as heavy as the linear model's weights of them, against a NumPy twin."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.encoding.latent import sparse_matrix
from textkind.encoding.ngrams import encode_ngrams
from textkind.models import ngram_vectors as module
from textkind.models.linear import fit_linear
from textkind.models.ngram_vectors import ngram_vectors
from textkind.models.settings import LinearSettings

WORDS = {0: ["invoice", "refund", "charge"], 1: ["parcel", "courier", "late"], 2: ["code", "email"]}
TEXTS = pa.array(
    [f"please {WORDS[n % 3][n % 2]} my {WORDS[n % 3][-1]} again" for n in range(30)],
    pa.large_string(),
)


def fitted(labels, features="both"):
    targets = np.arange(30, dtype=np.int32) % len(labels)
    corpus = Corpus(TEXTS, targets, LabelSet(labels), np.arange(30))
    settings = LinearSettings(features=features, strength=1.0, naive_bayes=False)
    return fit_linear(corpus, None, settings).model


@pytest.mark.parametrize("labels", [("a", "b"), ("a", "b", "c")])
@pytest.mark.parametrize("most", [512, 7])
def test_vectors_are_those_of_the_formula(monkeypatch, labels, most):
    monkeypatch.setattr(module, "HEAVIEST", most)
    model = fitted(labels)
    plain = sparse_matrix(encode_ngrams(model.encoder, TEXTS), len(model.encoder)).toarray()
    weights = model.steps.astype(np.float64) * model.scales[:, None]
    expected = plain * np.linalg.norm(weights, axis=1)
    for row in expected:
        row[np.argsort(-row, kind="stable")[most:]] = 0
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = ngram_vectors(model, TEXTS)
    assert found.dtype == np.float32
    assert np.diff(found.indptr).max() <= most
    dense = found.toarray()
    np.testing.assert_allclose(np.linalg.norm(dense, axis=1), 1, rtol=1e-6)
    if most > np.count_nonzero(plain, axis=1).max():
        np.testing.assert_allclose(dense, expected, atol=1e-6)
    else:  # of equally heavy ones any may be kept
        np.testing.assert_allclose(np.sort(dense), np.sort(expected), atol=1e-6)


def test_texts_of_one_label_lie_nearer_than_by_their_plain_ngrams():
    model = fitted(("a", "b", "c"), "words")
    plain = sparse_matrix(encode_ngrams(model.encoder, TEXTS), len(model.encoder)).toarray()
    dense = ngram_vectors(model, TEXTS).toarray()
    ours, theirs = dense[0] @ dense[1], plain[0] @ plain[1]  # only common words are shared
    assert ours < theirs / 2


def test_a_text_without_a_known_ngram_has_zeros():
    found = ngram_vectors(fitted(("a", "b")), pa.array(["", "zq"], pa.large_string()))
    assert found.shape[0] == 2
    assert found.nnz == 0
