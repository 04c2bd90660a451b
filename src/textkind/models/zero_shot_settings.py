"""Settings of a classifier made of label names; known without torch."""

from dataclasses import dataclass
from pathlib import Path

from textkind.errors import SettingsError

TEMPLATES = ("{label}", "This text is about {label}.")
# the log loss of banking77, clinc150 and trec was lowest at 0.05, 0.05 and 0.1 of 0.03 to 0.15
TEMPERATURE = 0.06


@dataclass(frozen=True)
class ZeroShotSettings:
    """Which encoder, in what sentences a label's name stands, and how sharp the logits are."""

    encoder: str | Path | None = None  # a folder or name; None: the bundled MiniLM
    revision: str | None = None  # of a name
    templates: tuple[str, ...] = TEMPLATES  # {label} in each; a description is one sentence more
    temperature: float = TEMPERATURE  # a cosine is divided by it

    def __post_init__(self) -> None:
        if not self.templates or not all("{label}" in one for one in self.templates):
            raise SettingsError("a template must hold {label}", found=list(self.templates))
        if not 0 < self.temperature < float("inf"):
            raise SettingsError("temperature must be a number above 0", found=self.temperature)
