"""An export as a classifier again, to label and measure with what is passed on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.labels import LabelSet
from textkind.decision.decision import decision_from_json
from textkind.errors import SettingsError
from textkind.export.artefact import Verified
from textkind.export.targets import Exported

ROWS = 4096  # texts that are strings of Python at once


@dataclass(frozen=True, eq=False)
class ExportedModel:
    """What computes the logits of an export; name is that of the model it was."""

    labels: LabelSet
    name: str
    facts: dict[str, Any]
    exported: Exported

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits of texts."""
        found = [np.empty((0, len(self.labels)), np.float32)]
        for begin in range(0, len(texts), ROWS):
            some = texts.slice(begin, ROWS).to_pylist()
            found.append(self.exported.answers(some, threads).logits)
        return np.concatenate(found)

    def token_counts(
        self, texts: pa.LargeStringArray, threads: int | None = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """None: what an export leaves unread it does not tell."""
        return None

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """SettingsError: there is no way back to a model folder."""
        raise SettingsError("an export cannot be saved as a model folder", found=self.name)


def exported_classifier(verified: Verified) -> Classifier:
    """The classifier that answers as the export does."""
    card = verified.card
    labels = LabelSet(tuple(card["labels"]), card["several"])
    model: Any = ExportedModel(labels, card["kind"], card["facts"], verified.exported)
    return Classifier(model, decision_from_json(card["decision"], len(labels)), labels.names)
