"""The prior against scikit-learn's, and as a model that is saved, loaded and trained like any."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit, softmax
from sklearn.dummy import DummyClassifier

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.errors import ModelFolderError, SettingsError
from textkind.models.prior import PriorModel, PriorSettings, fit_prior
from textkind.workflow.learn import learn

TEXTS = pa.array(["one", "two", "", "four", "five"], pa.large_string())


def corpus(targets, several=False):
    targets = np.array(targets, np.uint8 if several else np.int32)
    return Corpus(TEXTS, targets, LabelSet(("a", "b", "c"), several), np.arange(5))


def test_without_smoothing_it_is_the_prior_of_scikit_learn():
    train = corpus([0, 0, 1, 0, 2])
    model = fit_prior(train, None, PriorSettings(smoothing=1e-9)).model
    expected = DummyClassifier(strategy="prior").fit(np.zeros((5, 1)), train.targets)
    given = softmax(model.logits(TEXTS), axis=1)
    np.testing.assert_allclose(given, expected.predict_proba(np.zeros((5, 1))), atol=1e-6)


def test_one_text_is_added_to_each_label():
    model = fit_prior(corpus([0, 0, 0, 0, 1]), None, PriorSettings()).model
    np.testing.assert_allclose(softmax(model.logits(TEXTS)[0]), [5 / 8, 2 / 8, 1 / 8], rtol=1e-6)


def test_of_several_labels_each_has_its_own_share():
    rows = [[1, 0, 1], [1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0]]
    model = fit_prior(corpus(rows, several=True), None, PriorSettings()).model
    np.testing.assert_allclose(expit(model.logits(TEXTS)[3]), [6 / 7, 2 / 7, 2 / 7], rtol=1e-6)


def test_it_learns_like_any_model_and_keeps_its_state():
    train = corpus([0, 0, 1, 0, 2])
    learned = learn(train, train, PriorSettings())
    assert learned.validation_probabilities.shape == (5, 3)
    model = learned.classifier.model
    again = PriorModel.from_state(*model.state(), model.labels)
    np.testing.assert_array_equal(again.logits(TEXTS), model.logits(TEXTS))
    assert model.facts["texts"] == 5


@pytest.mark.parametrize(
    ("config", "arrays"),
    [
        ({"facts": {}}, {}),
        ({"facts": {}}, {"scores": np.zeros(2, np.float32)}),
        ({"facts": {}}, {"scores": np.zeros(3, np.float64)}),
        ({}, {"scores": np.zeros(3, np.float32)}),
    ],
)
def test_a_damaged_prior_is_refused(config, arrays):
    with pytest.raises(ModelFolderError, match="the prior in this folder is damaged"):
        PriorModel.from_state(config, arrays, LabelSet(("a", "b", "c")))


@pytest.mark.parametrize("smoothing", [0.0, -1.0, float("nan")])
def test_smoothing_that_makes_no_probabilities_is_refused(smoothing):
    with pytest.raises(SettingsError, match="smoothing must be a number above 0"):
        PriorSettings(smoothing=smoothing)
