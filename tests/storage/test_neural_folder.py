"""The folder of a network: what comes back is the same, and hostile settings give our error."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from textkind.classifier import Classifier, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.temperature import Temperature
from textkind.errors import ModelFolderError
from textkind.models.long_settings import STRATEGIES, LongSettings
from textkind.models.networks.settings import (
    CnnSettings,
    MeanPoolSettings,
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
)
from textkind.models.neural import fit_neural
from textkind.models.neural_settings import NeuralSettings
from textkind.storage.manifest import write_manifest
from textkind.storage.model_folder import (
    CARD,
    FILES,
    WEIGHTS,
    Provenance,
    load_model,
    save_model,
)
from textkind.training.settings import TrainingSettings

LAYERS = {
    "mean_pool": MeanPoolSettings(width=4, hidden=3),
    "perceptron": PerceptronSettings(hidden=(4, 3)),
    "cnn": CnnSettings(width=4, windows=(1, 2), filters=3),
    "rnn": RnnSettings(width=4, units=3),
    "transformer": TransformerSettings(width=4, layers=1, heads=1, longest=16),
}
TEXTS = pa.array(["", "the cat", "a blue dog and a red one " * 9, "🙂"], pa.large_string())
HOSTILE = [
    None, True, -1, 0, 2, 1.0, 10**5, 10**18, 1 << 63, 10**30, "x", [], [1], [10**18], ["relu"], {},
    {"kind": ["words"]},
]  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The saved folder of a network, and its classifier; made once."""
    made = {}
    corpus = Corpus(
        pa.array(["the cat", "the dog", "red", "blue red", "bread", ""] * 2, pa.large_string()),
        np.array([0, 0, 1, 1, 2, 2] * 2, np.int32),
        LabelSet(("a", "b", "c")),
        np.arange(12, dtype=np.int64),
    )

    def make(name, **changed):
        key = name, *changed.items()
        if key not in made:
            training = TrainingSettings(epochs=1, precision="float32")
            asked = NeuralSettings(layers=LAYERS[name], training=training, max_tokens=12)
            model = fit_neural(corpus, None, replace(asked, **changed), threads=1).model
            classifier = Classifier(model, Decision(False, Temperature(1.25)), tuple("abc"))
            folder = tmp_path_factory.mktemp("models") / "model"
            save_model(classifier, folder, Provenance("toy.csv", 12, 0))
            made[key] = folder, classifier
        return made[key]

    return make


def sealed(folder, card):
    """Put that card into the folder, and a manifest that agrees with it."""
    (folder / CARD).write_text(json.dumps(card))
    write_manifest(folder, FILES, "textkind")


def attempt(folder):
    """Our error, or a classifier that answers."""
    try:
        loaded = load_model(folder)
    except ModelFolderError:
        return
    assert np.isfinite(loaded.model.logits(TEXTS, 1)).all()


@pytest.mark.parametrize("name", LAYERS)
def test_a_loaded_network_gives_the_very_same_probabilities(name, folders):
    folder, classifier = folders(name)
    loaded = load_model(folder)
    before, after = (predict_probabilities(one, TEXTS, 1) for one in (classifier, loaded))
    np.testing.assert_array_equal(before, after)
    assert loaded.model.name == name
    assert loaded.model.facts == json.loads(json.dumps(classifier.model.facts))
    assert loaded.model.layers == classifier.model.layers
    assert not loaded.model.network.training


@pytest.mark.parametrize("tokens", ["bpe", "wordpiece", "unigram"])
def test_so_does_one_of_subwords(tokens, folders):
    pytest.importorskip("tokenizers")
    folder, classifier = folders("mean_pool", tokens=tokens)
    before, after = (one.model.logits(TEXTS, 1) for one in (classifier, load_model(folder)))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("strategy", [one for one in STRATEGIES if one != "auto"])
def test_so_does_one_that_reads_long_texts(strategy, folders):
    long = LongSettings(strategy, pooling="attention", most_windows=3)
    folder, classifier = folders("cnn", long=long)
    before, after = (one.model for one in (classifier, load_model(folder)))
    assert after.reading.long == before.reading.long
    np.testing.assert_array_equal(before.logits(TEXTS, 1), after.logits(TEXTS, 1))
    counted = [model.token_counts(TEXTS, 1) for model in (before, after)]
    assert (counted[0] is None) == (strategy == "native")
    np.testing.assert_equal(*counted)


@pytest.mark.parametrize(
    ("strategy", "change", "message"),
    [
        ("windows", {"strategy": "auto"}, "how it reads long texts"),
        ("windows", {"strategy": "retrieve"}, "how it reads long texts"),
        ("windows", {"strategy": "hierarchical"}, "the shapes"),
        ("windows", {"strategy": "head"}, "the shapes"),
        ("windows", {"overlap": 12}, "must overlap by fewer"),
        ("windows", {"more": 1}, "long"),
        ("hierarchical", {"most_windows": 4}, "the shapes"),
        ("hierarchical", {"pooled": "logits"}, "not their logits"),
        ("retrieve", {"strategy": "head"}, "how it reads long texts"),
    ],
)
def test_long_texts_read_otherwise_than_trained_are_told(
    strategy, change, message, folders, tmp_path
):
    folder, _ = folders("cnn", long=LongSettings(strategy, pooling="attention", most_windows=3))
    shutil.copytree(folder, tmp_path / "model")
    card = json.loads((tmp_path / "model" / CARD).read_text())
    card["config"]["long"] |= change
    sealed(tmp_path / "model", card)
    with pytest.raises(ModelFolderError, match="damaged") as caught:
        load_model(tmp_path / "model")
    assert message in str(caught.value)


def test_a_network_that_goes_on_learning_can_be_loaded(folders):
    """The loaded weights are of the same memory as the file's arrays, and may be written to."""
    network = load_model(folders("cnn")[0]).model.network
    for parameter in network.parameters():
        parameter.data.add_(1)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, "layers") for name in LAYERS),
        ("transformer", "config"),
        ("mean_pool", "encoder"),
        ("cnn", "long"),
    ],
)
def test_no_hostile_setting_ends_otherwise_than_in_our_error(name, part, folders, tmp_path):
    settings = {
        "encoder": {"ngrams": 2, "buckets": 16},
        "long": {"long": LongSettings("hierarchical")},
    }
    shutil.copytree(folders(name, **settings.get(part, {}))[0], tmp_path / "model")
    original = json.loads((tmp_path / "model" / CARD).read_text())
    for key in original["config"] if part == "config" else original["config"][part]:
        if key == "facts":
            continue
        for value in HOSTILE:
            card = json.loads(json.dumps(original))
            (card["config"] if part == "config" else card["config"][part])[key] = value
            sealed(tmp_path / "model", card)
            attempt(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("transformer", {"width": 10**18}, "cannot be built"),
        ("transformer", {"layers": 10**9}, "the number of its layers"),
        ("transformer", {"longest": 5}, "max_tokens"),
        ("rnn", {"layers": 10**9}, "the number of its layers"),
        ("rnn", {"units": 10**30}, "cannot be built"),
        ("rnn", {"directions": 1.0}, "cannot be built"),
        ("cnn", {"windows": [1, 10**18]}, "cannot be built"),
        ("cnn", {"windows": [2, 3]}, "the shapes"),
        ("perceptron", {"hidden": [10**18]}, "cannot be built"),
        ("perceptron", {"hidden": None}, "its layers"),
        ("perceptron", {"activation": ["relu"]}, "its layers"),
        ("mean_pool", {"pooling": "sif"}, "the shapes"),
        ("mean_pool", {"width": 5}, "the shapes"),
    ],
)
def test_layers_that_are_not_those_of_the_arrays_are_told(name, change, message, folders, tmp_path):
    shutil.copytree(folders(name)[0], tmp_path / "model")
    card = json.loads((tmp_path / "model" / CARD).read_text())
    card["config"]["layers"] |= change
    sealed(tmp_path / "model", card)
    with pytest.raises(ModelFolderError, match=message) as caught:
        load_model(tmp_path / "model")
    assert "damaged" in str(caught.value)
    assert str(tmp_path / "model") in str(caught.value)


def test_a_transformer_may_not_be_asked_to_read_beyond_its_positions(folders, tmp_path):
    shutil.copytree(folders("transformer")[0], tmp_path / "model")
    card = json.loads((tmp_path / "model" / CARD).read_text())
    for most in (None, 17):
        card["config"]["max_tokens"] = most
        sealed(tmp_path / "model", card)
        with pytest.raises(ModelFolderError, match="max_tokens"):
            load_model(tmp_path / "model")


@pytest.mark.parametrize("name", LAYERS)
def test_a_flipped_byte_or_a_cut_is_found(name, folders, tmp_path):
    shutil.copytree(folders(name)[0], tmp_path / "model")
    for path in ((tmp_path / "model" / file) for file in (CARD, WEIGHTS)):
        data = path.read_bytes()
        for place in np.linspace(0, len(data) - 1, 20).astype(int):
            changed = bytearray(data)
            changed[place] ^= 0x10
            for content in (bytes(changed), data[:place]):
                path.write_bytes(content)
                with pytest.raises(ModelFolderError):
                    load_model(tmp_path / "model")
        path.write_bytes(data)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(name=st.sampled_from(sorted(LAYERS)), data=st.data())
def test_no_value_anywhere_in_the_card_makes_loading_fail_otherwise(folders, tmp_path, name, data):
    folder = tmp_path / name
    if not folder.exists():
        shutil.copytree(folders(name)[0], folder)
    card = json.loads((folders(name)[0] / CARD).read_text())
    place, value = card["config"], data.draw(JSON_VALUES)
    key = data.draw(st.sampled_from(sorted(place)))
    while isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = value
    sealed(folder, card)
    attempt(folder)
