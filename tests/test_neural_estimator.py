"""TextClassifier with a network keeps scikit-learn's conventions too."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

pytest.importorskip("torch")

from textkind import TextClassifier
from textkind.decision.temperature import Uncalibrated
from textkind.errors import NotFittedError, SettingsError
from textkind.models.networks.settings import SETTINGS, CnnSettings
from textkind.models.neural_settings import NeuralSettings
from textkind.training.settings import TrainingSettings

GOOD = ["a fine and lovely film", "lovely music and a fine cast", "what a fine day", "truly lovely"]
BAD = ["a dull and awful film", "awful music and a dull cast", "what a dull day", "truly awful"]
TEXTS = GOOD * 3 + BAD * 3
LABELS = ["good"] * 12 + ["bad"] * 12
CNN = NeuralSettings(
    layers=CnnSettings(width=8, windows=(1, 2), filters=8, dropout=0.1),
    training=TrainingSettings(epochs=8, learning_rate=0.05, batch_texts=8, precision="float32"),
)


def network(neural=CNN, **settings):
    return TextClassifier("cnn", neural=neural, threads=1, **settings)


@pytest.fixture(scope="module")
def fitted():
    return network().fit(TEXTS, LABELS)


def test_it_learns_and_gives_labels_probabilities_and_margins(fitted):
    assert fitted.score(TEXTS, LABELS) == 1
    assert fitted.classes_.tolist() == ["bad", "good"]
    found = fitted.predict_proba(TEXTS)
    assert found.shape == (24, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    margins = fitted.decision_function(TEXTS)
    np.testing.assert_array_equal(margins > 0, fitted.predict(TEXTS) == "good")


def test_parameters_are_told_set_and_cloned_and_never_changed(fitted):
    classifier = network()
    assert classifier.get_params()["neural"] is CNN
    copied = clone(classifier)
    assert (copied.model, copied.neural) == ("cnn", CNN)
    with pytest.raises(NotFittedError):
        copied.predict(TEXTS)
    other = replace(CNN, max_tokens=3)
    assert copied.set_params(neural=other).neural is other
    assert fitted.get_params()["neural"] is CNN


def test_the_same_seed_gives_the_same_probabilities_and_another_seed_others(fitted):
    again, other = clone(fitted).fit(TEXTS, LABELS), network(seed=1).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert not np.array_equal(other.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_it_can_be_cross_validated_and_searched_over():
    assert cross_val_score(network(), TEXTS, LABELS, cv=3).min() > 0.9
    few = replace(CNN, training=replace(CNN.training, epochs=1, learning_rate=1e-6))
    search = GridSearchCV(network(), {"neural": [few, CNN]}, cv=2).fit(TEXTS, LABELS)
    assert search.best_params_["neural"] is CNN


def test_validation_is_split_off_where_there_is_enough():
    classifier = network(validation_share=0.5).fit(TEXTS * 2, LABELS * 2)
    assert classifier.facts_["best"] is not None
    assert classifier.classifier_.decision.calibrator != Uncalibrated()


def test_a_saved_network_is_the_same_and_keeps_its_settings(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert (loaded.model, loaded.neural) == ("cnn", CNN)
    clone(loaded).fit(TEXTS, LABELS)


def test_it_can_be_pickled(fitted):
    found = pickle.loads(pickle.dumps(fitted)).predict_proba(TEXTS)
    np.testing.assert_array_equal(found, fitted.predict_proba(TEXTS))


def test_several_labels_come_back_as_they_were_given():
    matrix = np.array([[1, 0], [1, 1], [0, 0]] * 8)
    texts = ["a fine film", "a fine film and a cast", "nothing at all here"] * 8
    longer = replace(CNN, training=replace(CNN.training, epochs=20))
    classifier = network(longer).fit(texts, matrix)
    np.testing.assert_array_equal(classifier.predict(texts), matrix)


@pytest.mark.parametrize("model", SETTINGS)
def test_every_network_has_defaults(model):
    settings = TextClassifier(model)._settings()
    assert settings.model == model


def test_settings_of_another_network_are_refused():
    with pytest.raises(SettingsError, match="of another model"):
        TextClassifier("rnn", neural=CNN).fit(TEXTS, LABELS)
    with pytest.raises(SettingsError, match="did you mean 'cnn'"):
        TextClassifier("cnnn").fit(TEXTS, LABELS)


def test_imbalance_is_a_parameter_of_every_model():
    fitted = network(imbalance="focal=2").fit(TEXTS, LABELS)
    assert fitted.facts_["settings"]["training"]["imbalance"] == "focal=2"
    with pytest.raises(SettingsError, match="not for frozen"):
        TextClassifier("frozen", imbalance="focal").fit(TEXTS, LABELS)
    with pytest.raises(SettingsError, match="the prior has no options"):
        TextClassifier("prior", imbalance="auto").fit(TEXTS, LABELS)
