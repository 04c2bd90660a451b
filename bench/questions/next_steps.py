"""What is `textkind next` worth: is its forecast right, and are its texts better than drawn ones?

forecast: the curve of half of the training texts (and fewer), forecast at twice as many; the truth
is the same fit on all training texts, judged on the test part.
texts: rounds of 50 texts from a seed of 100, chosen by uncertainty and clusters or drawn, at the
same budget; accuracy on the test part, mean over draws.
"""

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
from textkind.workflow.next_steps import text_vectors

CURVES = ("trec", "sst2", "banking77", "clinc150", "tweeteval_emotion", "tweeteval_offensive", "r8",
          "sst5")  # fmt: skip
CHOSEN = ("trec", "banking77")
FIXED = LinearSettings(features="both", strength=1.0, naive_bayes=False)
STEP, SEED_TEXTS, ROUNDS, DRAWS = 50, 100, 8, 3


def ask_forecast(runs: int, sets: tuple[str, ...] = CURVES) -> Answer:
    rows: list[Row] = []
    for name in sets:
        train, test = corpora(name)
        order = np.random.default_rng(0).permutation(len(train))
        half = train.take(order[: len(train) // 2])
        at_half, found = learning_curve(half, FIXED)["forecast"][:2]
        now, then = (accuracy(fitted(part), test) for part in (half, train))
        rows.append(
            {
                "set": name,
                "rows": len(half),
                "test %": 100 * now,
                "forecast gain": 100 * (found["value"] - at_half["value"]),
                "true gain": 100 * (then - now),
                "forecast at twice %": 100 * found["value"],
                "low": 100 * found["low"],
                "high": 100 * found["high"],
                "true %": 100 * then,
                "inside": "yes" if found["low"] <= then <= found["high"] else "no",
            }
        )
    return Answer(rows)


def ask_texts(runs: int, sets: tuple[str, ...] = CHOSEN) -> Answer:
    rows: list[Row] = []
    for name in sets:
        train, test = corpora(name)
        vectors = text_vectors(fitted(train), train.texts, 0, None)
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


def corpora(name: str) -> tuple[Corpus, Corpus]:
    parts = [read_part(DATA / name, part) for part in ("train", "test")]
    labels = LabelSet(tuple(sorted({label for part in parts for label in part.labels})))
    made = [
        Corpus(
            pa.array(part.texts, pa.large_string()),
            np.array([labels.id_of(label) for label in part.labels], np.int32),
            labels,
            np.arange(1, len(part.texts) + 1),
        )
        for part in parts
    ]
    return made[0], made[1]


def fitted(part: Corpus) -> Classifier:
    model = fit_linear(part, None, FIXED).model
    return Classifier(model, Decision(several=False), part.labels.names)


def accuracy(classifier: Classifier, test: Corpus) -> float:
    return float((predict_ids(classifier, test.texts) == test.targets).mean())
