"""Are texts out of scope known by models that have seen none? clinc150: 150 labels, 1,000 others.

The training part has texts in scope alone; thresholds are set on validation so that 95 % of those
stay. The 4,500 test texts in scope and the 1,000 out of scope are looked at once. Beside every
single score and their sum stands the largest probability, the usual baseline.
"""

import numpy as np

from bench.data import read_part
from bench.places import DATA
from bench.questions.next_steps import corpora
from bench.results import Answer, Row, at_least

NAME = "clinc150"
MODELS = ("linear", "frozen", "pretrained")
AREA, RECALL = 0.96, 0.75  # of out of scope, at 95 % in scope kept


def ask(runs: int, sets: tuple[str, ...] = MODELS) -> Answer:
    """The models stand where other questions have sets."""
    del runs  # there is nothing to time
    rows: list[Row] = []
    for model in sets:
        rows += scored(model)
    goals = []
    for row in rows:
        if row["score"] == "auto":
            area, recall = float(str(row["ROC-AUC"])), float(str(row["rejected"]))
            goals.append(at_least(f"ROC-AUC, {row['model']}", area, AREA, ""))
            goals.append(at_least(f"out of scope rejected, {row['model']}", recall, RECALL, ""))
    return Answer(rows, goals)


def scored(model: str) -> list[Row]:
    """A row for the baseline, every score, and all together."""
    from textkind.classifier import predict_probabilities
    from textkind.data.texts import as_texts
    from textkind.decision.novelty import AUTO, scores_of
    from textkind.models.neural_settings import default_settings
    from textkind.models.settings import LinearSettings
    from textkind.progress import SILENT
    from textkind.workflow.learn import learn
    from textkind.workflow.novelty import (
        fitted_novelty,
        novelty_figures,
        text_novelty,
        with_novelty,
    )

    settings = LinearSettings() if model == "linear" else default_settings(model)
    train, validation, test = corpora(NAME, "train", "valid", "test")
    outside = as_texts(read_part(DATA / NAME, "oos_test").texts)
    learned = learn(train, validation, settings)
    learns = learned.classifier.model
    accuracy = (
        predict_probabilities(learned.classifier, test.texts).argmax(1) == test.targets
    ).mean()
    assert learned.validation_probabilities is not None
    sure = [
        1 - given.max(axis=1)
        for given in (
            learned.validation_probabilities,
            predict_probabilities(learned.classifier, test.texts),
            predict_probabilities(learned.classifier, outside),
        )
    ]
    border = np.quantile(sure[0], 0.95)
    rows: list[Row] = [
        {
            "model": model,
            "accuracy %": 100 * float(accuracy),
            "score": "probability",
            "ROC-AUC": area(sure[1], sure[2]),
            "kept": float((sure[1] <= border).mean()),
            "rejected": float((sure[2] > border).mean()),
        }
    ]
    names = scores_of(
        AUTO, vectors=hasattr(learns, "vectors"), unseen=hasattr(learns, "unseen"), several=False
    )
    for choice in (*names, AUTO):
        knowing = with_novelty(learned, train, validation, choice, talk=SILENT).classifier
        figures = novelty_figures(
            fitted_novelty(knowing),
            text_novelty(knowing, test.texts),
            text_novelty(knowing, outside),
        )
        rows.append(
            {
                "model": model,
                "score": choice,
                "ROC-AUC": figures["roc_auc"],
                "PR-AUC": figures["pr_auc"],
                "FPR at 95 %": figures["fpr_95"],
                "kept": figures["kept"],
                "rejected": figures["rejected"],
            }
        )
    return rows


def area(inside: np.ndarray, outside: np.ndarray) -> float:
    from textkind.evaluation.ranking import area_under_roc, rank

    is_outside = np.repeat([0, 1], [len(inside), len(outside)])
    return area_under_roc(rank(np.concatenate([inside, outside]), is_outside))
