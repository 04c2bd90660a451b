"""One choice of where texts lie: a model's own vectors, its n-grams, or the words of the texts."""

import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import tickets
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.encoding.latent import fit_latent, latent_vectors
from textkind.models.ngram_vectors import ngram_vectors
from textkind.models.prior import PriorSettings, fit_prior
from textkind.workflow.spaces import MODEL_SPACE, NGRAM_SPACE, WORD_SPACE, text_space

TEXTS = pa.array(tickets(60)[0], pa.large_string())
LABELS = LabelSet(("a", "b"))


class WithVectors:
    """A model with vectors of its own: the length of a text and the number of its blanks."""

    labels = LABELS

    def vectors(self, texts, threads=None):
        return np.array([[len(text), text.count(" ")] for text in texts.to_pylist()], np.float32)


def prior():
    corpus = Corpus(TEXTS, np.arange(60, dtype=np.int32) % 2, LABELS, np.arange(60))
    return Classifier(fit_prior(corpus, None, PriorSettings()).model, Decision(False), ("a", "b"))


def test_the_vectors_of_a_network_are_taken_at_unit_length():
    classifier = Classifier(WithVectors(), Decision(False), ("a", "b"))
    space = text_space(classifier, TEXTS)
    expected = WithVectors().vectors(TEXTS)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert space.name == MODEL_SPACE
    np.testing.assert_allclose(space.vectors(TEXTS), expected, rtol=1e-6)
    assert not space.vectors(pa.array([""], pa.large_string())).any()
    assert text_space(classifier, TEXTS, own=False).name == WORD_SPACE


def test_a_linear_model_gives_its_ngrams_where_they_are_asked_for(run):
    space = text_space(run.classifier, TEXTS, ngrams=True)
    assert space.name == NGRAM_SPACE
    difference = space.vectors(TEXTS) - ngram_vectors(run.classifier.model, TEXTS)
    assert abs(difference).max() == 0
    assert text_space(run.classifier, TEXTS).name == WORD_SPACE


@pytest.mark.parametrize("ngrams", [False, True])
def test_a_model_without_either_gives_words(ngrams):
    space = text_space(prior(), TEXTS, ngrams=ngrams, seed=3)
    assert space.name == WORD_SPACE
    expected = latent_vectors(fit_latent(TEXTS, seed=3), TEXTS)
    np.testing.assert_array_equal(space.vectors(TEXTS), expected)


def test_without_texts_there_are_no_words():
    space = text_space(prior(), TEXTS.slice(0, 0))
    assert space.vectors(TEXTS).shape == (60, 1)
    assert not space.vectors(TEXTS).any()
