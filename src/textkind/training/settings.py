"""Settings of the training loop, and where it keeps what it writes; known without torch."""

import math
from dataclasses import dataclass
from pathlib import Path

from textkind.errors import SettingsError, did_you_mean
from textkind.training.imbalance import NONE, parse_imbalance

CHOICES = {
    "optimizer": ("adamw", "sgd"),
    "schedule": ("linear", "cosine", "constant"),
    "head": ("auto", "binary", "softmax", "sigmoid"),
    "metric": ("log_loss", "accuracy", "macro_f1"),
    "precision": ("auto", "float32", "bfloat16"),
    "device": ("auto", "cpu", "cuda"),
}
# name: (lowest, highest, whether the bounds themselves are allowed)
RANGES = {
    "learning_rate": (0.0, math.inf, False),
    "weight_decay": (0.0, 1e6, True),
    "momentum": (0.0, 1.0, True),
    "warmup": (0.0, 1.0, True),
    "clip": (0.0, math.inf, False),
    "label_smoothing": (0.0, 0.5, True),
    "consistency": (0.0, 100.0, True),
    "budget": (0.0, math.inf, False),
    "token_rate": (0.0, 1e6, True),
    "token_dropout": (0.0, 0.9, True),
}
OPEN = ("budget", "epochs", "learning_rate")  # may be None
USUAL_EPOCHS, USUAL_RATE = 20, 1e-3
COUNTS = ("epochs", "batch_tokens", "batch_texts", "step_texts", "patience")


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained.

    Epochs and learning rate are None where a pretrained encoder is to have those of its size and of
    the text.
    """

    epochs: int | None = USUAL_EPOCHS  # at most
    batch_tokens: int = 2048  # positions of a batch, padding included
    batch_texts: int = 64  # of a batch at most
    step_texts: int = 1  # of a step at least: so many batches make one
    optimizer: str = "adamw"
    learning_rate: float | None = USUAL_RATE  # at its highest
    token_rate: float = 1.0  # of the token tables, times the learning rate
    weight_decay: float = 0.01  # of matrices; token tables and biases have none
    momentum: float = 0.9  # of sgd
    schedule: str = "linear"
    warmup: float = 0.05  # share of the steps in which the rate rises
    clip: float = 1.0  # longest gradient over all parameters
    head: str = "auto"  # binary: one logit; softmax; sigmoid; auto: by the label set
    token_dropout: float = 0.0  # share of a batch's tokens that read as unknown
    label_smoothing: float = 0.0
    consistency: float = 0.0  # weight of two dropouts' disagreement (Liang et al. 2021, R-Drop)
    imbalance: str = NONE  # what is done about unequal labels (training/imbalance.py)
    metric: str = "log_loss"  # of validation, at its best temperature
    patience: int = 4  # evaluations without gain before training ends
    budget: float | None = None  # minutes
    precision: str = "auto"
    device: str = "auto"  # cuda where there is one, else cpu

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise SettingsError(
                    f"{name} must be one of {', '.join(allowed)}",
                    found=value,
                    hint=did_you_mean(str(value), allowed),
                )
        for name, (low, high, closed) in RANGES.items():
            value = getattr(self, name)
            if value is None and name in OPEN:
                continue
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not (low <= value <= high if closed else low < value < high):
                words = f"of {low:g} to {high:g}" if high < math.inf else f"above {low:g}"
                raise SettingsError(f"{name} must be a number {words}", found=value)
        parse_imbalance(self.imbalance)
        for name in COUNTS:
            value = getattr(self, name)
            if value is None and name in OPEN:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise SettingsError(f"{name} must be a whole number of 1 or more", found=value)


@dataclass(frozen=True)
class Places:
    """Where a training keeps what it writes; what is None is not written.

    A training whose checkpoints are there already goes on from the last of them.
    """

    checkpoints: Path | str | None = None  # a folder, or the URI of one
    checkpoint_steps: int = 500  # between two checkpoints
    steps: Path | None = None  # a file of JSON lines, one for each step
    tensorboard: Path | None = None  # a folder

    def __post_init__(self) -> None:
        if isinstance(self.checkpoints, str) and "://" not in self.checkpoints:
            raise SettingsError(
                "checkpoints must be a Path or a URI", found=self.checkpoints,
                hint="pathlib.Path(...), or s3://bucket/folder",
            )  # fmt: skip
        steps = self.checkpoint_steps
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise SettingsError("checkpoint_steps must be a whole number of 1 or more", found=steps)
