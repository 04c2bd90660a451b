"""The training of a pretrained encoder that nobody chose."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.encoding.tokens import Tokens  # noqa: E402
from textkind.models.few_shot import LEARNING_RATE  # noqa: E402
from textkind.models.networks.pretrained_settings import (  # noqa: E402
    Architecture,
    FrozenSettings,
    PretrainedSettings,
)
from textkind.models.networks.table import build_network  # noqa: E402
from textkind.models.neural_settings import default_settings  # noqa: E402
from textkind.models.usual_training import rate_of_width, usual_epochs, usual_training  # noqa: E402
from textkind.training.settings import TrainingSettings  # noqa: E402

OPEN = default_settings("pretrained").training
FEW = Tokens(np.zeros(9, np.int32), np.array([0, 9]))


def encoder(layers):
    made = Architecture(20, 768, 768, 1, 8, heads=2, inner_width=8)
    layers = replace(layers, architecture=made, pooling="mean")
    return layers, build_network("pretrained", 20, 2, layers, 0)


def test_the_settings_leave_both_open():
    assert (OPEN.learning_rate, OPEN.epochs) == (None, None)


@pytest.mark.parametrize(
    ("tokens", "epochs"),
    [
        (0, 4),
        (200_000, 4),
        (200_001, 3),
        (500_000, 3),
        (500_001, 2),
        (2_000_000, 2),
        (2_000_001, 1),
        (10**12, 1),
    ],
)
def test_much_text_is_read_less_often(tokens, epochs):
    assert usual_epochs(tokens) == epochs


def test_a_wider_encoder_learns_at_a_lower_rate():
    rates = [rate_of_width(2e-4, width) for width in (128, 384, 768, 1024)]
    assert rates == [2e-4, 2e-4, 5e-5, 2.8e-5]


@pytest.mark.parametrize(
    ("layers", "rate"),
    [
        (PretrainedSettings(), 5e-5),
        (PretrainedSettings(few_shot=True), LEARNING_RATE / 4),
        (PretrainedSettings(lora=4), 2e-4),
    ],
)
def test_what_is_open_follows_the_encoder_and_the_text(layers, rate):
    layers, network = encoder(layers)
    found = usual_training(OPEN, layers, network, FEW)
    assert found.learning_rate == pytest.approx(rate, rel=0.05)
    assert found == replace(OPEN, learning_rate=found.learning_rate, epochs=4)


def test_what_was_chosen_stays():
    chosen = TrainingSettings(epochs=7, learning_rate=0.5)
    layers, network = encoder(PretrainedSettings())
    assert usual_training(chosen, layers, network, FEW) == chosen
    assert usual_training(OPEN, FrozenSettings(), network, FEW) == OPEN
