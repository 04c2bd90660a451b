"""A student beside its teacher in figures: what each answers and costs, and how far they differ.

Models are measured on the texts of the test part; its labels come in when all are.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.split import Parts
from textkind.decision.decision import decide
from textkind.evaluation.scorecard import HEADLINE, HEADLINE_SEVERAL, score_part
from textkind.storage.model_folder import Provenance, write_model_files
from textkind.workflow.costs import measured_speed
from textkind.workflow.ladder_figures import Answers, Compared
from textkind.workflow.learn import Learned
from textkind.workflow.train import TrainSettings

TEACHER, STUDENT, LABELS_ALONE = "teacher", "student", "labels alone"


@dataclass(frozen=True, eq=False)
class Measured:
    """A model on the test texts: (N, K) probabilities, and a JSON-able account of what it costs."""

    name: str
    classifier: Classifier
    given: np.ndarray
    cost: dict[str, float | None]


def measured_learner(
    name: str,
    learned: Learned,
    parts: Parts,
    origin: Provenance,
    settings: TrainSettings,
    seconds: float,
) -> Measured:
    """A model that was fitted here, measured; it is written to a folder that then goes."""
    with tempfile.TemporaryDirectory() as place:
        write_model_files(learned.classifier, Path(place), origin)
        return measured_model(name, learned.classifier, parts, Path(place), settings, seconds)


def measured_model(
    name: str,
    classifier: Classifier,
    parts: Parts,
    folder: Path,
    settings: TrainSettings,
    seconds: float | None,
) -> Measured:
    """A model on the test texts, which have no labels here; its size is that of the folder."""
    assert parts.test is not None
    given, speed = measured_speed(classifier, parts.test.texts, settings.threads)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    return Measured(name, classifier, given, {"fit_seconds": seconds, **speed, "disk_mb": size})


def compared_facts(measured: list[Measured], test: Corpus, seed: int) -> dict[str, Any]:
    """Figures of each, the student's agreement with the teacher, and the paired differences."""
    answers = [
        Answers(one.name, one.given, decide(one.classifier.decision, one.given), [], [])
        for one in measured
    ]
    compared = Compared(answers, test.targets, seed)
    names = HEADLINE + HEADLINE_SEVERAL if compared.several else HEADLINE
    models = []
    for one, said in zip(measured, answers, strict=True):
        part = score_part(one.given, said.predicted, test.targets, test.labels, seed)
        same = said.predicted == answers[0].predicted
        models.append(
            {
                "name": one.name,
                "kind": one.classifier.model.name,
                "test": {"rows": part["rows"], **{name: part[name] for name in names}},
                "agreement": float((same.all(axis=1) if compared.several else same).mean()),
                "cost": one.cost,
            }
        )
    pairs = [compared.pair(STUDENT, other) for other in (TEACHER, LABELS_ALONE)]
    return {"headline": compared.headline, "models": models, "pairs": pairs}
