"""The most confident mistakes with their texts and the n-grams that led there."""

from typing import Any

import numpy as np

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.decision.decision import decide
from textkind.evaluation.mistakes import Mistake, confident_mistakes
from textkind.explain.ngrams import contributions
from textkind.mistakes.groups import Grouped
from textkind.models.linear import LinearModel

MOST = 100
NGRAMS = 10  # told for each mistake


def mistake_records(
    classifier: Classifier,
    corpus: Corpus,
    probabilities: np.ndarray,
    most: int = MOST,
    found: Grouped | None = None,
) -> list[dict[str, Any]]:
    """Up to `most` records of mistakes.jsonl, most confident first; probabilities is (N, K).

    With what error_groups found on the corpus, each has its groups and its cluster.
    """
    predicted = decide(classifier.decision, probabilities)
    mistakes = confident_mistakes(probabilities, predicted, corpus.targets, most)
    records = []
    for mistake in mistakes:
        record = _record(classifier, corpus, mistake)
        if found is not None:
            record["groups"] = found.groups_of(mistake.row)
            cluster = None if found.clusters is None else int(found.clusters[mistake.row])
            record["cluster"] = cluster
        records.append(record)
    return records


def _record(classifier: Classifier, corpus: Corpus, mistake: Mistake) -> dict[str, Any]:
    names = classifier.labels.names
    text = corpus.texts[mistake.row].as_py()
    gold = [names[label] for label in mistake.gold]
    predicted = [names[label] for label in mistake.predicted]
    several = classifier.labels.several
    missed = several and mistake.label in mistake.gold
    return {
        "row": int(corpus.rows[mistake.row]),
        "text": text,
        "gold": gold if several else gold[0],
        "predicted": predicted if several else predicted[0],
        "probability": mistake.probability,
        "gold_probability": mistake.gold_probability,
        "ngrams": _leading_ngrams(classifier, text, mistake.label, -1 if missed else 1),
    }


def _leading_ngrams(
    classifier: Classifier, text: str, label: int, direction: int
) -> list[dict[str, Any]]:
    """The n-grams that add most to the label's logit (direction 1) or take most from it (-1).

    Weights are divided by the temperature, as the logits of the probabilities are. One above 0
    speaks for what was decided. None for a model that has no n-grams.
    """
    if not isinstance(classifier.model, LinearModel):
        return []
    found = contributions(classifier.model, text, limit=None)
    sharpness = direction / classifier.decision.calibrator.shared.temperature
    weights = [(sharpness * float(one.weights[label]), one) for one in found if one.kind != "bias"]
    weights.sort(key=lambda pair: -pair[0])
    return [
        {"ngram": one.ngram, "weight": weight} for weight, one in weights[:NGRAMS] if weight > 0
    ]
