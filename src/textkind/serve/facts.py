"""What the service tells of a model, and how quick the model is."""

import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from textkind.classifier import Classifier, predict_probabilities
from textkind.decision.profile import profile_facts, profile_of
from textkind.errors import TextkindError
from textkind.storage.manifest import find_model_folder
from textkind.storage.model_folder import GOLDEN_TEXTS, read_card
from textkind.storage.run_folder import MODEL, read_metrics

HEADLINES = ("accuracy", "macro_f1", "micro_f1", "log_loss", "ece_mass")
TIMED = 2  # runs; the quicker counts


def facts_of(classifier: Classifier, folder: Path, version: str) -> dict[str, Any]:
    """The JSON-able facts of GET /v1/models, and what the front keeps to itself: the seconds that a
    short text takes, and the profile of validation; None where nothing was kept of it.
    """
    card = read_card(folder)
    names = tuple(map(str, classifier.labels.names))
    evidence, profile = classifier.evidence, None
    if evidence is not None:
        profile = profile_facts(profile_of(evidence, classifier.novelty), names)
    return {
        "version": version,
        "kind": classifier.model.name,
        "labels": list(names),
        "several": classifier.labels.several,
        "trained": {
            "created": card["provenance"].get("created"),
            "rows": card["provenance"]["rows"],
            "source": card["provenance"]["source"],
        },
        "bytes": sum(card["bytes"].values()),
        "novelty": classifier.novelty is not None,
        "promises": classifier.evidence is not None,
        "limited": classifier.model.token_counts(pa.array([], pa.large_string())) is not None,
        "test": _headline_figures(folder),
        "seconds": text_seconds(classifier),
        "profile": profile,
    }


def text_seconds(classifier: Classifier) -> float:
    """Seconds of the model for one of our short texts, in a batch on one thread."""
    texts = pa.array(GOLDEN_TEXTS, pa.large_string())
    quickest = float("inf")
    for _ in range(TIMED):
        began = time.perf_counter()
        predict_probabilities(classifier, texts, 1)
        quickest = min(quickest, time.perf_counter() - began)
    return quickest / len(texts)


def _headline_figures(folder: Path) -> dict[str, float | None] | None:
    """Test figures of the run that the model lies in; None where it lies in none."""
    try:
        metrics = read_metrics(run_of(folder))
    except TextkindError:
        return None
    if metrics is None or not isinstance(metrics.get("test"), dict):
        return None
    test = metrics["test"]
    return {name: _value(test.get(name)) for name in HEADLINES if name in test} | {
        "rows": test.get("rows")
    }


def run_of(folder: Path) -> Path:
    """The run folder that a model lies in; where it lies in none, the model folder."""
    model = find_model_folder(folder.absolute())
    return model.parent if model.name == MODEL else model


def _value(figure: Any) -> float | None:
    return figure.get("value") if isinstance(figure, dict) else figure
