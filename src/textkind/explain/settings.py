"""What is explained of a text, and how; checked before anything heavy is loaded."""

from dataclasses import dataclass

from textkind.errors import SettingsError, did_you_mean

AUTO, WEIGHTS, GRADIENTS, LEAVE_ONE_OUT = "auto", "weights", "gradients", "leave-one-out"
METHODS = (AUTO, WEIGHTS, GRADIENTS, LEAVE_ONE_OUT)
TOLERANCE = 0.01  # logits, or where they differ by more than one, a share of the difference
MOST_STEPS = 1024
MOST_PIECES = 256


@dataclass(frozen=True)
class ExplainSettings:
    """What is explained, and how.

    label, against  names; without a label that of the decision, without against the rest
    method          auto: weights of the linear model, gradients of a network, else leave-one-out
    tolerance       of gradients: the error of their sum, in logits, or as a share of a difference
                    above 1
    most_steps      of gradients between baseline and text
    most_pieces     of leave-one-out; of a text of more words several are one piece
    most_ngrams     that are told of the linear model
    check           whether the faithfulness of the weights is measured, against words drawn by the
                    seed
    """

    label: str | None = None
    against: str | None = None
    method: str = AUTO
    tolerance: float = TOLERANCE
    most_steps: int = MOST_STEPS
    most_pieces: int = MOST_PIECES
    most_ngrams: int = 100
    check: bool = False
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SettingsError(
                "there is no such method",
                found=self.method,
                hint=did_you_mean(self.method, METHODS),
            )
        if self.against is not None and self.label is None:
            raise SettingsError(
                "a label to compare with needs one that is compared",
                found=self.against, hint="give both labels",
            )  # fmt: skip
        if self.label is not None and self.label == self.against:
            raise SettingsError("a label cannot be compared with itself", found=self.label)
        if not 0 < self.tolerance < float("inf"):
            raise SettingsError("tolerance must be a number above 0", found=self.tolerance)
        for name in ("most_steps", "most_pieces", "most_ngrams", "seed"):
            value, least = getattr(self, name), 0 if name == "seed" else 1
            if type(value) is not int or value < least:
                raise SettingsError(f"{name} must be a whole number from {least}", found=value)
