"""What a pretrained encoder is trained by where nothing is asked for: by its size, and by the text.

docs/decisions.md has what the numbers were chosen by.
"""

import math
from dataclasses import replace

from torch import nn

from textkind.encoding.tokens import Tokens
from textkind.models.few_shot import LEARNING_RATE as FEW_SHOT_RATE
from textkind.models.low_rank import rank_of
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.pretrained_settings import PretrainedSettings
from textkind.models.networks.settings import NetworkSettings
from textkind.models.networks.windows import plain_network
from textkind.training.settings import TrainingSettings

RATE, WIDTH = 2e-4, 384  # learning rate of an encoder that is as wide as MiniLM
EPOCHS = (  # tokens of all texts at most, and epochs
    (200_000, 4),
    (500_000, 3),
    (2_000_000, 2),
    (math.inf, 1),
)


def usual_training(
    training: TrainingSettings, layers: NetworkSettings, network: nn.Module, tokens: Tokens
) -> TrainingSettings:
    """The settings with the learning rate and the epochs that they leave open, those of training.

    A network that is no pretrained encoder, or a frozen one, has none open.
    """
    own = plain_network(network)
    if not isinstance(layers, PretrainedSettings) or not isinstance(own, Pretrained):
        return training
    rate, epochs = training.learning_rate, training.epochs
    if rate is None:
        rate = FEW_SHOT_RATE if layers.few_shot else RATE
        if not rank_of(layers.lora, own):
            rate = rate_of_width(rate, own.architecture.width)
    if epochs is None:
        epochs = usual_epochs(tokens.ids.size)
    return replace(training, learning_rate=rate, epochs=epochs)


def rate_of_width(rate: float, width: int) -> float:
    """A rate for MiniLM's width as one for a wider encoder, to two digits: 2e-4 is 5e-5 at 768."""
    return float(f"{rate * min(1.0, WIDTH / width) ** 2:.2g}")


def usual_epochs(tokens: int) -> int:
    """How often so many tokens are read: the more there are, the fewer times."""
    return next(epochs for most, epochs in EPOCHS if tokens <= most)
