"""Settings of the neural models: what fits together, and how they travel as JSON."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.errors import SettingsError
from textkind.models.long_settings import LongSettings
from textkind.models.networks.pretrained_settings import (
    Architecture,
    FrozenSettings,
    PretrainedSettings,
)
from textkind.models.networks.settings import (
    SETTINGS,
    CnnSettings,
    MeanPoolSettings,
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
)
from textkind.models.neural_settings import (
    DEFAULTS,
    DISTILLED,
    NeuralSettings,
    default_settings,
    settings_of_json,
    settings_to_json,
)

LAYERS = [kind() for kind in SETTINGS.values() if not issubclass(kind, FrozenSettings)]
ARCHITECTURE = Architecture(vocabulary=9, width=4, token_width=4, layers=2, positions=8)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tokens": "wrods"}, "tokens must be one of"),
        ({"tokens": "ready"}, "where a tokenizer is given"),
        ({"tokenizer": Path("tokenizer.json")}, "where a tokenizer is given"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": 600, "layers": TransformerSettings()}, "positions for 512 tokens"),
        ({"max_tokens": 6, "long": LongSettings("windows", overlap=6)}, "overlap by fewer"),
        ({"long": LongSettings("hierarchical")}, "a limited number of tokens"),
        ({"long": LongSettings("windows"), "max_tokens": 9, "ngrams": 2}, "n-grams of tokens"),
        ({"vectors": DISTILLED, "tokens": "bpe"}, "bring their own tokens"),
        ({"vectors": "glove.txt", "tokens": "bpe"}, "needs words"),
        ({"vectors": "glove.txt", "tokens": "ready", "tokenizer": Path("t.json")}, "needs words"),
        ({"vectors": "glove.txt", "layers": PerceptronSettings()}, "perceptron"),
        ({"vectors": DISTILLED, "layers": PerceptronSettings()}, "perceptron"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        NeuralSettings(**settings)


@pytest.mark.parametrize(
    "layers", [MeanPoolSettings(), CnnSettings(), RnnSettings(), TransformerSettings()]
)
@pytest.mark.parametrize("vectors", ["glove.txt", DISTILLED])
def test_networks_with_vectors_of_words_may_start_from_some(layers, vectors):
    assert NeuralSettings(layers=layers, vectors=vectors).vectors == vectors


@pytest.mark.parametrize("layers", LAYERS)
def test_settings_come_back_from_json(layers):
    settings = NeuralSettings(
        layers=layers, tokens="ready", tokenizer=Path("/x/where/tokenizer.json")
    )
    told = settings_to_json(settings)
    assert "where" not in json.dumps(told)
    expected = replace(settings, tokenizer=Path("tokenizer.json"))
    assert settings_of_json(json.loads(json.dumps(told))) == expected


@pytest.mark.parametrize("kind", [FrozenSettings, PretrainedSettings])
@pytest.mark.parametrize("config", [None, {"model_type": "electra", "vocab_size": 9}])
def test_an_architecture_comes_back_from_json(kind, config):
    layers = kind(architecture=replace(ARCHITECTURE, config=config), pooling="cls")
    settings = NeuralSettings(layers=layers, encoder="some/name", revision="abc")
    told = json.loads(json.dumps(settings_to_json(settings)))
    assert settings_of_json(told) == settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tokens": "bpe"}, "brings its own tokens"),
        ({"vectors": "glove.txt"}, "brings its own tokens"),
        ({"ngrams": 2}, "brings its own tokens"),
    ],
)
def test_a_pretrained_encoder_brings_its_tokens(settings, words):
    with pytest.raises(SettingsError, match=words):
        NeuralSettings(layers=PretrainedSettings(), **settings)


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (FrozenSettings, {"pooling": "attention"}, "pooling must be one of"),
        (FrozenSettings, {"strength": 0.0}, "strength"),
        (FrozenSettings, {"strength": float("inf")}, "strength"),
        (FrozenSettings, {"normalize": 2}, "normalize"),
        (FrozenSettings, {"architecture": {"width": 3}}, "no architecture"),
        (PretrainedSettings, {"dropout": 1.0}, "dropout"),
        (PretrainedSettings, {"freeze": -1}, "freeze"),
        (PretrainedSettings, {"freeze": 3, "architecture": ARCHITECTURE}, "2 layers to freeze"),
        (PretrainedSettings, {"layer_decay": 0}, "layer_decay"),
        (PretrainedSettings, {"lora": -1}, "lora"),
        (PretrainedSettings, {"checkpointing": 1}, "checkpointing"),
    ],
)
def test_settings_of_an_encoder_that_make_no_sense_are_refused(kind, settings, words):
    with pytest.raises(SettingsError, match=words):
        kind(**settings)


@pytest.mark.parametrize(
    "change", [{"width": 0}, {"heads": 3}, {"activation": "swish"}, {"epsilon": 1}, {"config": 1}]
)
def test_an_architecture_that_makes_no_sense_is_refused(change):
    with pytest.raises(SettingsError):
        replace(ARCHITECTURE, **change)


@pytest.mark.parametrize("kind", [str, Path])
def test_of_an_encoders_folder_only_the_last_part_is_told_and_it_is_no_name(
    kind, tmp_path, monkeypatch
):
    (tmp_path / "where" / "e5").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for place in ("/some/where/e5", "where/e5", tmp_path / "where" / "e5"):
        settings = NeuralSettings(vectors=DISTILLED, encoder=kind(place))
        told = json.loads(json.dumps(settings_to_json(settings)))
        assert told["encoder"] == "…/e5"
        again = settings_of_json(told)
        assert again == replace(settings, encoder="…/e5")
        assert settings_to_json(again) == told


@pytest.mark.parametrize("name", ["bert-base-uncased", "intfloat/e5-small-v2"])
def test_a_name_of_the_hub_is_told_whole(name):
    settings = NeuralSettings(vectors=DISTILLED, encoder=name, revision="abc")
    assert settings_of_json(json.loads(json.dumps(settings_to_json(settings)))) == settings


@pytest.mark.parametrize("settings", [{"layers": FrozenSettings()}, {"vectors": DISTILLED}, {}])
def test_a_revision_without_an_encoder_is_refused(settings):
    with pytest.raises(SettingsError, match=r"(?s)encoder of the hub.*revision: abc.*hint"):
        NeuralSettings(**settings, revision="abc")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"strategy": "windws"}, "did you mean 'windows'"),
        ({"tail": 1.0}, "tail must be 0 or more and below 1"),
        ({"overlap": -1}, "overlap must be a whole number of 0 or more"),
        ({"most_windows": 0}, "most_windows must be a whole number of 1 or more"),
        ({"pooling": "last"}, "pooling must be one of mean, max, attention"),
        ({"pooled": "labels"}, "pooled must be one of vectors, logits"),
        ({"strategy": "hierarchical", "pooled": "logits"}, "not their logits"),
    ],
)
def test_settings_of_long_texts_that_make_no_sense_are_refused(told, words):
    with pytest.raises(SettingsError, match=words):
        LongSettings(**told)


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 59))
def test_the_reach_of_windows_is_what_the_most_of_them_cover(window, most, overlap):
    overlap = min(overlap, window - 1)
    begins = np.arange(most) * (window - overlap)
    reach = LongSettings(overlap=overlap, most_windows=most).reach(window)
    assert reach == np.unique(begins[:, None] + np.arange(window)).size


def test_an_encoder_without_distilled_vectors_is_refused():
    with pytest.raises(SettingsError, match="distilled"):
        NeuralSettings(encoder=Path("encoder"))


@pytest.mark.parametrize("network", SETTINGS)
def test_defaults_are_of_their_network_and_come_back_from_json(network):
    settings = default_settings(network)
    assert settings == DEFAULTS[network]
    assert settings.network == settings.model == network
    assert settings.open_choices == ()
    assert settings_of_json(json.loads(json.dumps(settings_to_json(settings)))) == settings


@pytest.mark.parametrize(
    "change",
    [
        {"network": "cnnn"},
        {"network": None},
        {"layers": {}},
        {"extra": 1},
        {"tokens": "wrods"},
        {"max_tokens": -1},
        {"layers": {"width": 0}},
        {"long": {"tail": -1}},
        {"long": asdict(LongSettings()) | {"strategy": "windws"}},
    ],
)
def test_json_that_makes_no_sense_is_refused(change):
    with pytest.raises(SettingsError):
        settings_of_json(settings_to_json(DEFAULTS["cnn"]) | change)


def test_an_unknown_model_gets_the_nearest_name():
    with pytest.raises(SettingsError, match="did you mean 'cnn'"):
        default_settings("cnnn")


def test_settings_are_known_without_torch():
    code = "import sys, textkind.models.neural_settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_distilled_vectors_are_tuned_at_a_lower_rate_by_default():
    plain, distilled = default_settings("mean_pool"), default_settings("mean_pool", DISTILLED)
    assert distilled.vectors == DISTILLED
    assert distilled.training.token_rate < plain.training.token_rate
    assert distilled.layers.dropout < plain.layers.dropout
    assert default_settings("cnn", "glove.vec").training == default_settings("cnn").training
