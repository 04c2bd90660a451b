"""Names of labels are texts to learn from where there are few."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.test_model_contract import toy, toy_encoder
from textkind.errors import SettingsError
from textkind.models.few_shot import FEW, with_label_names
from textkind.models.networks.pretrained_settings import FrozenSettings
from textkind.models.networks.settings import CnnSettings
from textkind.models.neural import fit_neural
from textkind.models.neural_settings import NeuralSettings
from textkind.progress import Talk


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


@pytest.mark.parametrize("asked", [True, False])
def test_a_frozen_encoder_tells_whether_it_learned_from_names(asked):
    settings = NeuralSettings(layers=FrozenSettings(label_names=asked), encoder=toy_encoder("bert"))
    fit = fit_neural(toy(30), None, settings, threads=1)
    assert (fit.model.facts["label_names"], fit.model.facts["texts"]) == (asked, 30)
    assert len(fit.model.logits(pa.array(["cat"], pa.large_string()))) == 1


def test_a_setting_that_is_no_choice_is_refused():
    with pytest.raises(SettingsError, match="label_names must be true, false or none"):
        FrozenSettings(label_names="maybe")
