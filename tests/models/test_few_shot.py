"""Few texts a label: their names are learned from as well, and training is another."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.test_model_contract import toy, toy_encoder  # noqa: E402
from textkind.errors import SettingsError  # noqa: E402
from textkind.models.few_shot import (  # noqa: E402
    EPOCHS,
    FEW,
    INTERPOLATION,
    STRENGTH,
    few_shot_settings,
    with_label_names,
)
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings  # noqa: E402
from textkind.models.networks.settings import CnnSettings  # noqa: E402
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings, default_settings  # noqa: E402
from textkind.progress import Talk  # noqa: E402


class Noted(Talk):
    """Keeps what is told."""

    def __init__(self):
        self.told = []

    def note(self, message):
        self.told.append(message)


@pytest.mark.parametrize(
    ("rows", "asked", "expected"),
    [
        (3 * FEW - 30, None, True),
        (3 * FEW + 60, None, False),
        (3 * FEW + 60, True, True),
        (30, False, False),
        (0, True, False),
    ],
)
def test_names_are_learned_from_where_labels_have_few_texts(rows, asked, expected):
    train, talk = toy(rows), Noted()
    whole, has_names = with_label_names(train, FrozenSettings(label_names=asked), talk)
    assert has_names is expected
    assert len(whole) == rows + 3 * expected
    assert bool(talk.told) is (expected and asked is None)
    if expected:
        assert whole.texts.to_pylist()[rows:] == ["animals", "colors", "foods"]
        assert whole.targets[rows:].tolist() == [0, 1, 2]


def numbered(train):
    """The same part, its labels named 0, 1, 2."""
    return replace(train, labels=replace(train.labels, names=("0", "1", "2")))


@pytest.mark.parametrize(
    ("train", "layers"),
    [
        (toy(30), CnnSettings()),
        (toy(30, several=True), FrozenSettings()),
        (numbered(toy(30)), FrozenSettings()),
    ],
    ids=["another network", "several labels", "numbers for names"],
)
def test_names_that_say_nothing_are_left_out(train, layers):
    assert with_label_names(train, layers) == (train, False)


def test_several_labels_take_their_names_where_asked_for():
    whole, has_names = with_label_names(toy(30, several=True), FrozenSettings(label_names=True))
    assert has_names
    np.testing.assert_array_equal(whole.targets[30:], np.eye(3))


def test_a_tail_of_rare_labels_is_no_lack_of_texts():
    train = toy(3 * FEW + 60)
    train = replace(train, targets=np.where(np.arange(len(train)) < 2, train.targets, 0))
    assert np.median(np.bincount(train.targets, minlength=3)) <= 2
    assert with_label_names(train, FrozenSettings()) == (train, False)
    assert few_shot_settings(asked(None), train).layers.few_shot is False


@pytest.mark.parametrize("asked", [True, False])
def test_a_frozen_encoder_tells_whether_it_learned_from_names(asked):
    settings = NeuralSettings(layers=FrozenSettings(label_names=asked), encoder=toy_encoder("bert"))
    fit = fit_neural(toy(30), None, settings, threads=1)
    assert (fit.model.facts["label_names"], fit.model.facts["texts"]) == (asked, 30)
    assert len(fit.model.logits(pa.array(["cat"], pa.large_string()))) == 1


@pytest.mark.parametrize("name", ["few_shot", "label_names"])
def test_a_setting_that_is_no_choice_is_refused(name):
    with pytest.raises(SettingsError, match=f"{name} must be true, false or none"):
        PretrainedSettings(**{name: "maybe"})


@pytest.mark.parametrize("share", [0, 1.5, -1, "half", True])
def test_a_share_of_the_way_that_is_none_is_refused(share):
    with pytest.raises(SettingsError, match="interpolation must be above 0 and at most 1"):
        PretrainedSettings(interpolation=share)


def asked(few_shot, epochs=None, **layers):
    settings = default_settings("pretrained")
    return replace(
        settings,
        layers=replace(settings.layers, few_shot=few_shot, **layers),
        training=replace(settings.training, epochs=epochs),
    )


@pytest.mark.parametrize(
    ("settings", "train", "is_on", "epochs"),
    [
        (asked(None), toy(90), True, EPOCHS),
        (asked(None), toy(3 * FEW + 60), False, None),
        (asked(None), toy(90, several=True), False, None),
        (asked(None, epochs=4), toy(90), True, 4),
        (asked(True, epochs=2), toy(3 * FEW + 60), True, 2),
        (asked(False), toy(90), False, None),
    ],
)
def test_few_texts_decide_the_training_that_nobody_chose(settings, train, is_on, epochs):
    talk = Noted()
    found = few_shot_settings(settings, train, talk)
    assert found.layers.few_shot is is_on
    assert found.training.epochs == epochs
    expected = (STRENGTH, INTERPOLATION) if is_on else (None, None)
    assert (found.layers.strength, found.layers.interpolation) == expected
    assert bool(talk.told) is (is_on and settings.layers.few_shot is None)


def test_what_was_chosen_by_hand_stays():
    found = few_shot_settings(asked(True, strength=3.0, interpolation=1.0), toy(30))
    assert (found.layers.strength, found.layers.interpolation) == (3.0, 1.0)


@pytest.mark.parametrize("freeze", [0, 2])
def test_layers_that_are_frozen_by_hand_are_so_many(freeze):
    settings = replace(asked(True, epochs=1, freeze=freeze), encoder=toy_encoder("bert"))
    model = fit_neural(toy(30), None, settings, threads=1).model
    assert model.layers.freeze == freeze
    lower = "encoder.blocks.0.inner.weight"
    start = started(toy_encoder("bert"))[lower]
    assert torch.equal(model.network.state_dict()[lower], start) == (freeze > 0)


def started(encoder):
    settings = NeuralSettings(layers=FrozenSettings(), encoder=encoder)
    return fit_neural(toy(60), None, settings, threads=1).model.network.state_dict()


def test_few_shot_is_nothing_to_other_networks():
    settings = default_settings("cnn")
    assert few_shot_settings(settings, toy(30)) is settings


def test_the_lower_half_of_the_encoder_stays_as_it_is():
    found = {}
    for few_shot in (True, False):
        settings = replace(asked(few_shot), encoder=toy_encoder("bert"))
        model = fit_neural(toy(60), None, settings, threads=1).model
        found[few_shot] = model.network.state_dict()
        assert model.layers.freeze == (1 if few_shot else 0)
    start = started(toy_encoder("bert"))
    lower, upper = (f"encoder.blocks.{place}.inner.weight" for place in (0, 1))
    assert torch.equal(found[True][lower], start[lower])
    assert not torch.equal(found[True][upper], start[upper])
    assert not torch.equal(found[False][lower], start[lower])
