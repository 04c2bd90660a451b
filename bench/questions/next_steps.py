"""What is `textkind next` worth: is its forecast right, and are its texts better than drawn ones?

forecast: a fifth of the training part is kept to judge on; the curve of half of the others, and
what it says that the other half would bring; the truth is what it brings on the rows kept.
texts: rounds of 50 texts from a seed of 100, chosen by uncertainty and clusters or drawn, at the
same budget; accuracy on the test part, mean over draws.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from bench.data import read_part
from bench.places import DATA
from bench.results import Answer, Row
from textkind.classifier import Classifier, predict_ids, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.mistakes.worth_labelling import uncertainty, worth_labelling
from textkind.models.linear import fit_linear
from textkind.models.settings import LinearSettings
from textkind.workflow.curve import learning_curve
from textkind.workflow.spaces import text_space

CURVES = ("trec", "sst2", "banking77", "clinc150", "tweeteval_emotion", "tweeteval_offensive", "r8",
          "sst5")  # fmt: skip
CHOSEN = ("trec", "banking77")
FIXED = LinearSettings(features="both", strength=1.0, naive_bayes=False)
SPLITS = 2
STEP, SEED_TEXTS, ROUNDS, DRAWS = 50, 100, 8, 3


def ask_forecast(runs: int, sets: tuple[str, ...] = CURVES) -> Answer:
    rows: list[Row] = [
        {"set": name, "draw": draw} | _forecast(corpora(name)[0], draw)
        for name in sets
        for draw in range(SPLITS)
    ]
    held = sum(row["inside"] == "yes" for row in rows)
    errors = [abs(float(str(row["gain"])) - float(str(row["true gain"]))) for row in rows]
    told = f"{held} of {len(rows)} inside, mean error {np.mean(errors):.2f}"
    return Answer([*rows, {"set": "all", "true gain": told}])


def _forecast(whole: Corpus, draw: int) -> Row:
    """Of the rows of one part: a fifth is judged, half of the others is what the forecast sees."""
    order = np.random.default_rng(draw).permutation(len(whole))
    judged, rest = np.split(order, [len(order) // 5])
    half = whole.take(rest[: len(rest) // 2])
    gain: Any = learning_curve(half, FIXED, seed=draw)["forecast"][1]["gain"]
    some = whole.take(judged)
    now, then = (accuracy(fitted(part), some) for part in (half, whole.take(rest)))
    inside = gain["low"] <= then - now <= gain["high"]
    told = {name: f"{100 * value:.2f}" for name, value in gain.items()}
    return {
        "rows": len(half),
        "gain": told["value"],
        "low": told["low"],
        "high": told["high"],
        "true gain": f"{100 * (then - now):.2f}",
        "inside": "yes" if inside else "no",
    }


def ask_texts(runs: int, sets: tuple[str, ...] = CHOSEN) -> Answer:
    rows: list[Row] = []
    for name in sets:
        train, test = corpora(name)
        vectors = text_space(fitted(train), train.texts).vectors(train.texts)
        for way in ("drawn", "chosen"):
            curves = [course(train, test, vectors, way, draw) for draw in range(DRAWS)]
            mean = 100 * np.mean(curves, axis=0)
            told = {f"{SEED_TEXTS + STEP * step} texts %": mean[step] for step in range(len(mean))}
            rows.append({"set": name, "way": way} | told)
    return Answer(rows)


def course(train: Corpus, test: Corpus, vectors: np.ndarray, way: str, draw: int) -> list[float]:
    """Accuracy on test after each round, the seed first."""
    random = np.random.default_rng(draw)
    order = random.permutation(len(train))
    labelled, pool = order[:SEED_TEXTS], order[SEED_TEXTS:]
    reached = []
    for step in range(ROUNDS + 1):
        classifier = fitted(train.take(labelled))
        reached.append(accuracy(classifier, test))
        if step == ROUNDS:
            break
        picked = np.arange(STEP)
        if way == "chosen":
            texts = train.texts.take(pa.array(pool))
            unsure = uncertainty(predict_probabilities(classifier, texts), several=False)
            picked = worth_labelling(unsure, vectors[pool], STEP, draw)
        labelled = np.concatenate([labelled, pool[picked]])
        pool = np.delete(pool, picked)
    return reached


def corpora(name: str, *names: str) -> list[Corpus]:
    """The parts of those names, train and test unless others are asked for."""
    parts = [read_part(DATA / name, part) for part in names or ("train", "test")]
    labels = LabelSet(tuple(sorted({label for part in parts for label in part.labels})))
    return [
        Corpus(
            pa.array(part.texts, pa.large_string()),
            np.array([labels.id_of(label) for label in part.labels], np.int32),
            labels,
            np.arange(1, len(part.texts) + 1),
        )
        for part in parts
    ]


def fitted(part: Corpus) -> Classifier:
    model = fit_linear(part, None, FIXED).model
    return Classifier(model, Decision(several=False), part.labels.names)


def accuracy(classifier: Classifier, test: Corpus) -> float:
    return float((predict_ids(classifier, test.texts) == test.targets).mean())
