"""Texts as short vectors: the same as scikit-learn's truncated SVD of the same matrix."""

import numpy as np
import pyarrow as pa
from sklearn.decomposition import TruncatedSVD

from textkind.encoding.latent import fit_latent, latent_vectors, sparse_matrix
from textkind.encoding.ngrams import encode_ngrams


def texts(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    words = [[f"{topic}{n}" for n in range(12)] for topic in "abc"]
    made = [" ".join(rng.choice(words[row % 3], 8)) for row in range(rows)]
    return pa.array(made, pa.large_string())


def test_similarities_are_those_of_a_truncated_svd():
    given = texts()
    space = fit_latent(given, width=3)
    matrix = sparse_matrix(encode_ngrams(space.encoder, given), len(space.encoder))
    theirs = TruncatedSVD(3, algorithm="arpack").fit_transform(matrix)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = latent_vectors(space, given)
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-3)


def test_topics_lie_together_and_the_order_of_texts_changes_nothing():
    given = texts()
    back = given.take(pa.array(np.arange(len(given))[::-1].copy()))
    vectors, other = (latent_vectors(fit_latent(one), given) for one in (given, back))
    np.testing.assert_array_equal(vectors, other)
    alike = vectors @ vectors.T
    topic = np.arange(len(given)) % 3
    same = topic[:, None] == topic
    assert alike[same].mean() > 0.4 > 0.05 > alike[~same].mean()


def test_texts_without_known_words_are_zeros():
    space = fit_latent(texts(30))
    assert not latent_vectors(space, pa.array(["", "zzz"], pa.large_string())).any()
    one = fit_latent(pa.array(["word"], pa.large_string()))
    assert latent_vectors(one, pa.array(["word"], pa.large_string())).shape == (1, 1)
