"""The curve of a network itself: drawn where there is the time, else told why not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")

from tests.workflow.conftest import tickets
from textkind.cli.next import told_steps
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.errors import SettingsError
from textkind.models.neural_settings import DEFAULTS
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.workflow import own_curve as module
from textkind.workflow.learn import learn
from textkind.workflow.next_steps import NextSettings, next_steps
from textkind.workflow.own_curve import LINEAR, own_curve, settings_again

USUAL = DEFAULTS["mean_pool"]
QUICK = replace(USUAL, training=replace(USUAL.training, epochs=3))


def corpus_of(rows, seed=0):
    texts, labels = tickets(rows, seed)
    names = tuple(sorted(set(labels)))
    ids = np.array([names.index(label) for label in labels], np.int32)
    return Corpus(pa.array(texts, pa.large_string()), ids, LabelSet(names), np.arange(rows))


@pytest.fixture(scope="module")
def network():
    """A mean_pool network of 240 tickets, and these."""
    corpus = corpus_of(240)
    learned = learn(corpus.take(np.arange(200)), corpus.take(np.arange(200, 240)), QUICK)
    return learned.classifier, corpus


def test_a_network_has_its_own_curve_of_as_many_epochs_as_were_best(network):
    classifier, corpus = network
    settings, why = settings_again(classifier)
    assert why is None
    assert settings.model == "mean_pool"
    assert settings.training.epochs == classifier.model.facts["best"]["epoch"]
    notes = Notes()
    curve = own_curve(classifier, corpus, None, threads=1, talk=notes)
    assert (curve["model"], curve["why"]) == ("mean_pool", None)
    assert [one["rows"] for one in curve["points"]] == [24, 34, 48, 67, 96, 134, 192]
    assert notes.told == []


def test_a_curve_that_would_take_too_long_is_the_linear_models(network):
    classifier, corpus = network
    notes = Notes()
    curve = own_curve(classifier, corpus, 1e-3, threads=1, talk=notes)
    assert curve["model"] == "linear"
    assert "longer than the 0 seconds of --budget" in curve["why"]
    assert notes.told == [f"the learning curve is that of the linear model: {curve['why']}"]


def test_a_fit_on_the_smallest_part_tells_where_the_training_was_quick(network, monkeypatch):
    classifier, corpus = network
    monkeypatch.setattr(module, "_seconds", lambda *_: 50.0)
    told = own_curve(classifier, corpus, 120.0, threads=1, talk=Notes())
    assert told["model"] == "linear"
    assert "would take about 62 minutes" in told["why"]  # 50 s x 3 folds x 595 rows / 24


@pytest.mark.parametrize(
    ("name", "facts", "words"),
    [
        ("stack", {}, "this stack model was not learned from labelled texts alone"),
        ("frozen", {"texts": 0}, "this frozen model was not learned from labelled texts alone"),
    ],
)
def test_a_model_of_other_things_than_texts_has_the_linear_models_curve(name, facts, words):
    model = SimpleNamespace(name=name, facts=facts)
    assert settings_again(SimpleNamespace(model=model)) == (LINEAR, words)


@pytest.mark.parametrize("name", ["tokenizer", "encoder", "vectors"])
def test_a_file_that_the_model_folder_does_not_hold_is_named(network, name):
    facts = network[0].model.facts
    known = {"tokenizer": None, "encoder": None, "vectors": None}
    told = facts["settings"] | known | {name: "some.file"}
    model = SimpleNamespace(name="cnn", facts=facts | {"settings": told})
    settings, why = settings_again(SimpleNamespace(model=model))
    assert settings == LINEAR
    assert why == f"the model folder does not hold the {name} that it began with"


def test_a_linear_model_is_never_too_slow():
    corpus = corpus_of(150)
    chosen = LinearSettings(features="words", strength=2.0, naive_bayes=False)
    classifier = learn(corpus, None, chosen).classifier
    curve = own_curve(classifier, corpus, 1e-9, threads=1, talk=Notes())
    assert (curve["model"], curve["why"]) == ("linear", None)
    assert settings_again(classifier)[0].strength == 2.0


def test_the_model_of_the_curve_is_told(network):
    classifier, corpus = network
    source = {
        "text": corpus.texts.to_pylist(),
        "label": [corpus.labels.names[label] for label in corpus.targets],
    }
    result = next_steps(classifier, source, settings=NextSettings(budget=1e-3, threads=1))
    told = told_steps(result)
    assert "learning curve of linear: that of mean_pool would take about" in told


@pytest.mark.parametrize("budget", [0, -1.0, float("inf")])
def test_a_budget_is_a_number_of_seconds(budget):
    with pytest.raises(SettingsError, match="budget must be a number of seconds above 0"):
        NextSettings(budget=budget)
