"""Are the default's probabilities calibrated on the test part?

Expected calibration error over 15 bins of equal mass, worked out here and not by textkind.
"""

from itertools import pairwise

from bench.results import Answer, Row, at_most
from bench.sides import DEFAULT, Workers

NAMES = ("newsgroups20", "imdb", "banking77")
BINS = 15
TARGET = 0.02


def calibration_error(confidence: list[float], right: list[bool]) -> float:
    """Gap between mean confidence and accuracy, averaged over bins of equally many texts."""
    pairs = sorted(zip(confidence, right, strict=True))
    edges = [round(i * len(pairs) / BINS) for i in range(BINS + 1)]
    bins = [pairs[low:high] for low, high in pairwise(edges)]
    return sum(abs(sum(sure - hit for sure, hit in members)) for members in bins) / len(pairs)


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
    return Answer(rows, goals)
