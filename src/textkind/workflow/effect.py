"""What imbalance and the rule changed, on the rows that are shown: with them and without."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from textkind.classifier import predict_ids
from textkind.data.corpus import Corpus
from textkind.decision.decision import decide
from textkind.decision.rule import Rule, given_labels
from textkind.decision.rule_settings import RuleSettings
from textkind.evaluation.effect import effect_figures
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Talk
from textkind.training.imbalance import NONE, POST_HOC
from textkind.workflow.imbalance import with_imbalance
from textkind.workflow.learn import Learned, learn

TRAINED_AGAIN = "the same model trained without it"
NOT_TRAINED_AGAIN = (
    "the same model by the usual rule; what training did was not compared, which would take a "
    "second training"
)
USUAL_RULE = "the same model by the usual rule"


def effect_facts(
    learned: Learned,
    train: Corpus,
    validation: Corpus,
    train_counts: Mapping[str, int],
    shown: tuple[Corpus, np.ndarray],
    rule: RuleSettings,
    *,
    is_test: bool,
    seed: int,
    threads: int | None,
    talk: Talk,
) -> dict[str, Any] | None:
    """The entry "effect" of metrics.json; None where neither imbalance nor a rule was asked for.

    shown is a part with its (N, K) probabilities: test, or validation where there is none. Without
    means the usual rule: the most probable label, or all of 0.5 or more. A linear model whose
    training was changed is fitted once more without it, at the settings that were chosen, unless
    train is only a sample of what it learned from; train_counts are the texts of each label.
    """
    corpus, given = shown
    imbalance = learned.imbalance_facts
    method = NONE if imbalance is None else imbalance["method"]
    if method == NONE and rule == RuleSettings():
        return None
    several = corpus.labels.several
    without = given_labels(Rule(), given, several)
    against = USUAL_RULE
    if method not in (NONE, POST_HOC):
        facts_of_fit = learned.classifier.model.facts
        settings = facts_of_fit["settings"]
        against = NOT_TRAINED_AGAIN
        is_whole = facts_of_fit.get("texts", 0) <= len(train) + len(validation)
        if learned.classifier.model.name == LinearSettings().model and is_whole:
            against = TRAINED_AGAIN
            plain = with_imbalance(LinearSettings(**settings), NONE)
            with talk.task("training without it, to compare"):
                other = learn(train, validation, plain, seed=seed, threads=threads, talk=SILENT)
            probabilities = other.validation_probabilities
            if is_test or probabilities is None:
                without = predict_ids(other.classifier, corpus.texts, threads)
            else:
                without = decide(other.classifier.decision, probabilities)
    predicted = decide(learned.classifier.decision, given)
    facts = effect_figures(predicted, without, corpus.targets, corpus.labels)
    for one, texts in zip(facts["per_label"], train_counts.values(), strict=True):
        one["train_texts"] = texts
    return {
        "part": "test" if is_test else "validation",
        "imbalance": method,
        "rule": learned.decision_facts["rule"]["asked"],
        "against": against,
        **facts,
    }
