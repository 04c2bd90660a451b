"""The prior: every text has the labels as often as the training texts had. It reads nothing.

The floor under every comparison: what does not beat it has learned nothing from the texts.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus, joined
from textkind.data.labels import LabelSet
from textkind.errors import ModelFolderError, SettingsError
from textkind.models.replay import Replay
from textkind.progress import SILENT, Talk


@dataclass(frozen=True)
class PriorSettings:
    """How label frequencies become probabilities."""

    smoothing: float = 1.0  # texts added to the count of each label; Laplace's rule

    def __post_init__(self) -> None:
        if not 0 < self.smoothing < 1e6:
            raise SettingsError("smoothing must be a number above 0", found=self.smoothing)

    @property
    def model(self) -> str:
        """The name of the model."""
        return "prior"


@dataclass(frozen=True, eq=False)
class PriorModel:
    """The logits (K,) float32 that every text gets. facts is the JSON-able account of the fit."""

    labels: LabelSet
    scores: np.ndarray
    facts: dict[str, Any]

    name = "prior"

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits of texts, all rows alike."""
        return np.tile(self.scores, (len(texts), 1))

    def token_counts(self, texts: pa.LargeStringArray, threads: int | None = None) -> None:
        """None: it reads no tokens."""

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """All there is to save: a JSON-able config, and named arrays."""
        return {"facts": self.facts}, {"scores": self.scores}

    @classmethod
    def from_state(
        cls, config: dict[str, Any], arrays: dict[str, np.ndarray], labels: LabelSet
    ) -> "PriorModel":
        """The model that `state` described; ModelFolderError where that cannot be one."""
        scores = arrays.get("scores")
        fits = scores is not None and scores.shape == (len(labels),) and scores.dtype == np.float32
        if scores is None or not fits or set(arrays) != {"scores"} or set(config) != {"facts"}:
            raise ModelFolderError("the prior in this folder is damaged")
        return PriorModel(labels, scores, config["facts"])


@dataclass(frozen=True, eq=False)
class PriorFit:
    """A fitted prior, and its validation logits; None where there is no validation part."""

    model: PriorModel
    validation_logits: np.ndarray | None


def fit_prior(
    train: Corpus,
    validation: Corpus | None,
    settings: PriorSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> PriorFit:
    """Count the labels of train; nothing is random, and nothing is left to validation."""
    return _counted(train, np.ones(len(train)), validation, settings)


def update_prior(
    model: PriorModel,
    replay: Replay,
    train: Corpus,
    validation: Corpus,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> PriorFit:
    """Count the labels of all that was ever learned from, as the replay sample stands for it.

    The validation logits are of the replay's validation texts, and behind them of the new ones.
    """
    learned = joined(replay.train, train)
    weights = np.concatenate([replay.weights, np.ones(len(train))])
    settings = PriorSettings(**model.facts["settings"])
    return _counted(learned, weights, joined(replay.held_out, validation), settings)


def _counted(
    train: Corpus, weights: np.ndarray, validation: Corpus | None, settings: PriorSettings
) -> PriorFit:
    labels, rows = train.labels, weights.sum()
    if labels.several:
        given = weights @ train.targets + settings.smoothing
        scores = np.log(given) - np.log(rows + 2 * settings.smoothing - given)
    else:
        given = np.bincount(train.targets, weights, minlength=len(labels)) + settings.smoothing
        scores = np.log(given / given.sum())
    facts = {"texts": len(train), "settings": asdict(settings)}
    model = PriorModel(labels, scores.astype(np.float32), facts)
    if validation is None or len(validation) == 0:
        return PriorFit(model, None)
    return PriorFit(model, model.logits(validation.texts))
