"""Are the default's probabilities calibrated on the test part?

Expected calibration error over 15 bins of equal mass, worked out here and not by textkind.
newsgroups20 is asked twice: its test posts are from other threads than its training posts, so
validation rows drawn at random promise too much, and rows of threads of their own (--group
thread) are the honest ones.
"""

import tempfile
from itertools import pairwise
from pathlib import Path

from bench.data import read_part
from bench.places import DATA
from bench.results import Answer, Row, at_most
from bench.sides import DEFAULT, Workers

NAMES = ("newsgroups20", "imdb", "banking77")
GROUPED = ("newsgroups20", "thread")
BINS = 15
TARGET = 0.02


def calibration_error(confidence: list[float], right: list[bool]) -> float:
    """Gap between mean confidence and accuracy, averaged over bins of equally many texts."""
    pairs = sorted(zip(confidence, right, strict=True))
    edges = [round(i * len(pairs) / BINS) for i in range(BINS + 1)]
    bins = [pairs[low:high] for low, high in pairwise(edges)]
    return sum(abs(sum(sure - hit for sure, hit in members)) for members in bins) / len(pairs)


def sure_and_right(name: str, group: str) -> tuple[list[float], list[bool]]:
    """Confidence of each test text and whether it is right, validated by a group column."""
    from textkind import TrainSettings, train
    from textkind.classifier import predict_probabilities
    from textkind.data.settings import ReadSettings
    from textkind.data.texts import as_texts

    with tempfile.TemporaryDirectory() as folder:
        settings = TrainSettings(
            test=DATA / name / "test.csv.gz",
            out=Path(folder) / "run",
            reading=ReadSettings(text=("text",), label="label", group=group),
        )
        classifier = train(DATA / name / "train.csv.gz", settings).classifier
    test = read_part(DATA / name, "test")
    given = predict_probabilities(classifier, as_texts(test.texts))
    found = [classifier.labels.names[label] for label in given.argmax(axis=1).tolist()]
    right = [label == gold for label, gold in zip(found, test.labels, strict=True)]
    return given.max(axis=1).tolist(), right


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        for name in NAMES:
            workers.load([DEFAULT], [name])
            workers.say(DEFAULT, "fit")
            facts = workers.of(DEFAULT).ask("confidence")
            error = calibration_error(facts["confidence"], facts["right"])
            accuracy = 100 * sum(facts["right"]) / len(facts["right"])
            mean = sum(facts["confidence"]) / len(facts["confidence"])
            rows.append(
                {"set": name, "error": error, "accuracy": accuracy, "mean confidence": 100 * mean}
            )
            goals.append(at_most(f"calibration error, {name}", error, TARGET, ""))
    name, group = GROUPED
    sure, right = sure_and_right(name, group)
    error = calibration_error(sure, right)
    rows.append(
        {
            "set": f"{name}, validated by {group}",
            "error": error,
            "accuracy": 100 * sum(right) / len(right),
            "mean confidence": 100 * sum(sure) / len(sure),
        }
    )
    goals.append(at_most(f"calibration error, {name} by {group}", error, TARGET, ""))
    return Answer(rows, goals)
