"""Are probabilities calibrated on the test part, and is log loss never worse for it?

Expected calibration error over 15 bins of equal mass, worked out here and not by textkind. Beside
it "by chance": what a model would get whose probabilities are right to the letter, with as many
texts of these confidences; and "by test": what calibration fitted on either half of the test part
gives on the other. Where that is far lower, validation is not like test. A set validated by a group
column is named by it (newsgroups20 by thread: its test posts are of other threads than its training
posts). The encoders are asked with their quality, bench/questions/pretrained_quality.py.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.calibration import by_chance, calibration_error
from bench.data import read_part
from bench.places import DATA
from bench.results import Answer, Goal, Row, at_most

SETS = (
    "banking77",
    "sst2",
    "imdb",
    "newsgroups20",
    "newsgroups20-by-thread",
    "tweeteval_sentiment",
)
MODELS = ("linear", "mean_pool")
TARGET = 0.02


def by_halves(logits: np.ndarray, targets: np.ndarray) -> float:
    """The error of each half of the test part, calibrated by the other half."""
    from textkind.decision.decision import fit_decision, probabilities

    order = np.random.default_rng(0).permutation(len(targets))
    given = np.empty_like(logits)
    for here, there in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        fitted = fit_decision(logits[here], targets[here], several=False)
        given[there] = probabilities(fitted.decision, logits[there])
    confidence = given.max(axis=1).astype(np.float64)
    return calibration_error(confidence, given.argmax(axis=1) == targets)


def trained(name: str, model: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray]:
    """metrics.json of a run by default settings; of test logits, probabilities and label ids."""
    from textkind import TrainSettings, train
    from textkind.data.settings import ReadSettings
    from textkind.data.texts import as_texts
    from textkind.decision.decision import probabilities
    from textkind.models.neural_settings import default_settings
    from textkind.models.settings import LinearSettings

    name, _, group = name.partition("-by-")
    files = {part: next((DATA / name).glob(f"{part}.csv*"), None) for part in ("valid", "test")}
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainSettings(
            validation=None if group else files["valid"],
            test=files["test"],
            out=Path(folder) / "run",
            reading=ReadSettings(text=("text",), label="label", group=group or None),
            model=LinearSettings() if model == "linear" else default_settings(model),
        )
        result = train(next((DATA / name).glob("train.csv*")), settings)
    test = read_part(DATA / name, "test")
    logits = result.classifier.model.logits(as_texts(test.texts))
    given = probabilities(result.classifier.decision, logits)
    names = np.array(result.classifier.labels.names)
    return result.metrics, logits, given, np.searchsorted(names, test.labels)


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    del runs  # there is nothing to time
    rows: list[Row] = []
    goals: list[Goal] = []
    for name in sets:
        for model in MODELS:
            metrics, logits, given, targets = trained(name, model)
            after = metrics["test"]
            before = metrics["uncalibrated"]
            if before is None:  # auto chose none
                before = {key: after[key]["value"] for key in ("ece_mass", "log_loss")}
            confidence = given.max(axis=1).astype(np.float64)
            error = calibration_error(confidence, given.argmax(axis=1) == targets)
            rows.append(
                {
                    "set": name,
                    "model": model,
                    "calibrator": metrics["fit"]["decision"]["calibrator"],
                    "error before": before["ece_mass"],
                    "error": error,
                    "by chance": by_chance(confidence),
                    "by test": by_halves(logits, targets),
                    "log loss before": before["log_loss"],
                    "log loss": after["log_loss"]["value"],
                    "accuracy": 100 * after["accuracy"]["value"],
                    "of validation": 100 * metrics["validation"]["accuracy"]["value"],
                    "mean confidence": 100 * float(confidence.mean()),
                }
            )
            goals.append(at_most(f"calibration error, {name}, {model}", error, TARGET, ""))
            goals.append(
                at_most(
                    f"log loss, {name}, {model}",
                    after["log_loss"]["value"],
                    before["log_loss"],
                    "",
                )
            )
    return Answer(rows, goals)
