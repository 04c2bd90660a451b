"""A checkpoint is gone on from by the training that wrote it, and refused by another network's.

The pairs have parameters of the same shapes, so nothing but what they were made from tells them
apart.
"""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder  # noqa: E402
from tests.models.tiny_training import STILL, TRAINING, corpus, fit  # noqa: E402
from textkind.errors import TrainingError  # noqa: E402
from textkind.models import kept_states  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.settings import (  # noqa: E402
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
)
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.training.settings import Places  # noqa: E402

SHORT = replace(TRAINING, epochs=1)
RNN = NeuralSettings(layers=RnnSettings(width=4, units=4, pooling="max"), training=SHORT)
LAYERS = TransformerSettings(width=8, layers=1, heads=2)
LONG = LongSettings("windows", overlap=0)


def train(settings, folder):
    return fit_neural(corpus(), None, replace(settings, places=Places(folder)), threads=1)


@pytest.mark.parametrize(
    ("settings", "other"),
    [
        (RNN, replace(RNN, layers=replace(RNN.layers, pooling="last"))),
        (
            NeuralSettings(layers=LAYERS, training=SHORT),
            NeuralSettings(layers=replace(LAYERS, heads=4), training=SHORT),
        ),
        (
            NeuralSettings(layers=PerceptronSettings(hidden=(4,)), training=SHORT),
            NeuralSettings(
                layers=PerceptronSettings(hidden=(4,), activation="tanh"), training=SHORT
            ),
        ),
        (
            replace(RNN, max_tokens=4, long=LONG),
            replace(RNN, max_tokens=4, long=replace(LONG, overlap=2)),
        ),
    ],
    ids=["pooling", "heads", "activation", "windows"],
)
def test_a_checkpoint_of_other_layers_is_refused(settings, other, tmp_path):
    first = train(settings, tmp_path)
    again = train(replace(settings, training=replace(SHORT, budget=9.0)), tmp_path)
    assert again.model.facts["steps"] == first.model.facts["steps"]
    with pytest.raises(TrainingError, match="of another training"):
        train(other, tmp_path)


def test_a_checkpoint_that_began_at_other_word_vectors_is_refused(tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("cat 1 0\ndog 0 1\n")
    settings = replace(RNN, vectors=str(vectors))
    for _ in range(2):
        train(settings, tmp_path / "kept")
    vectors.write_text("cat 2 0\ndog 0 2\n")
    with pytest.raises(TrainingError, match="of another training"):
        train(settings, tmp_path / "kept")


def test_a_checkpoint_of_vectors_that_were_tuned_is_not_for_those_that_stay(tmp_path):
    (tmp_path / "vectors.txt").write_text("cat 1 0\ndog 0 1\n")
    tuned = replace(RNN, vectors=str(tmp_path / "vectors.txt"))
    train(tuned, tmp_path / "kept")
    with pytest.raises(TrainingError, match="of another training"):
        train(replace(tuned, tune_vectors=False), tmp_path / "kept")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("encoders")
    return [write_encoder(place / str(seed), "bert", seed=seed, scale=0.1) for seed in (0, 1)]


@pytest.mark.parametrize("freeze", [0, 2])
def test_a_checkpoint_of_another_encoder_or_its_other_parts_is_refused(
    freeze, folders, tmp_path, monkeypatch
):
    monkeypatch.setattr(kept_states, "MOST_BYTES", 0)  # else other networks are trained
    layers = replace(STILL, freeze=freeze)
    kept = {"training": SHORT, "validation": False, "places": Places(tmp_path)}
    first = fit(folders[0], layers, **kept)
    again = fit(folders[0], layers, **kept)
    for name, tensor in first.model.network.state_dict().items():
        assert torch.equal(tensor, again.model.network.state_dict()[name]), name
    with pytest.raises(TrainingError, match="of another training"):
        fit(folders[1], layers, **kept)
    for other in (replace(layers, freeze=1), replace(layers, strength=1.0)):
        with pytest.raises(TrainingError, match="of another training"):
            fit(folders[0], other, **kept)


def test_a_checkpoint_over_kept_states_of_another_encoder_is_refused(folders, tmp_path):
    layers, kept = replace(STILL, freeze=2), {"training": SHORT, "places": Places(tmp_path)}
    fit(folders[0], layers, **kept)
    with pytest.raises(TrainingError, match="of another training"):
        fit(folders[1], layers, **kept)
