"""Where a deeper model is right and the simplest wrong: by wording, by labels, with examples."""

from dataclasses import asdict
from typing import Any

import numpy as np

from textkind.data.corpus import Corpus
from textkind.evaluation.gains import group_gains, pair_gains
from textkind.evaluation.metrics import correct_rows
from textkind.workflow.wording import wording_groups

EXAMPLES = 8  # of each kind
PAIRS = 10


def gain_facts(
    test: Corpus,
    unseen: np.ndarray,
    reference: str,
    other: str,
    predicted: dict[str, np.ndarray],
    probabilities: dict[str, np.ndarray],
) -> dict[str, Any]:
    """The entry "gains" of compare.json.

    unseen (N,) is the number of words of each test text that its training texts had not; predicted
    and probabilities hold every finished model by its name, `reference` and `other` among them.
    """
    right = {name: correct_rows(given, test.targets) > 0 for name, given in predicted.items()}
    texts = [text.as_py() for text in test.texts]
    groups = {"all texts": np.ones(len(texts), bool)} | wording_groups(texts, unseen)
    gold_of = {
        name: _gold_probability(given, test.targets) for name, given in probabilities.items()
    }
    lead = gold_of[other] - gold_of[reference]
    none_right = ~np.any(list(right.values()), axis=0)
    pairs = []
    if not test.labels.several:
        found = pair_gains(predicted[reference], predicted[other], test.targets, PAIRS)
        names = test.labels.names
        pairs = [
            asdict(pair) | {"gold": names[pair.gold], "answered": names[pair.answered]}
            for pair in found
        ]
    shown = {name: predicted[name] for name in (reference, other)}

    def examples(rows: np.ndarray, order: np.ndarray) -> list[dict[str, Any]]:
        chosen = np.flatnonzero(rows)
        chosen = chosen[np.argsort(order[chosen], kind="stable")][:EXAMPLES]
        return [_example(test, texts, int(row), shown) for row in chosen]

    mean_gold = np.mean(list(gold_of.values()), axis=0)
    return {
        "reference": reference,
        "other": other,
        "groups": [asdict(gain) for gain in group_gains(right[reference], right[other], groups)],
        "pairs": pairs,
        "gained": examples(right[other] & ~right[reference], -lead),
        "lost": examples(right[reference] & ~right[other], lead),
        "wrong_for_all": {
            "rows": int(none_right.sum()),
            "models": len(right),
            "examples": examples(none_right, mean_gold),
        },
    }


def _gold_probability(given: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) the probability of what is right: of the gold label, or the mean over all labels."""
    if targets.ndim == 1:
        return np.take_along_axis(given, targets[:, None], axis=1)[:, 0]
    return np.where(targets != 0, given, 1 - given).mean(axis=1)


def _example(
    test: Corpus, texts: list[str], row: int, predicted: dict[str, np.ndarray]
) -> dict[str, Any]:
    return {
        "row": int(test.rows[row]),
        "text": texts[row],
        "gold": _label(test, test.targets[row]),
        "answers": {name: _label(test, given[row]) for name, given in predicted.items()},
    }


def _label(test: Corpus, target: Any) -> str | list[str]:
    names = test.labels.names
    if test.labels.several:
        return [names[label] for label in np.flatnonzero(target)]
    return names[int(target)]
