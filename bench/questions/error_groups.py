"""How often are the groups of `textkind errors` wrong, against all rows?

A linear model (words and characters, strength 1) of nine tenths of the training part, calibrated
on the rest, judged on the test part. Rates and lifts with their intervals, p by Holm within a set.
"""

from bench.questions.next_steps import FIXED, corpora
from bench.results import Answer, Row
from textkind.classifier import predict_probabilities
from textkind.data.settings import SplitSettings
from textkind.data.split import split_corpus
from textkind.workflow.error_groups import error_groups
from textkind.workflow.learn import learn

SETS = ("sst2", "tweeteval_sentiment", "tweeteval_emotion", "tweeteval_offensive", "banking77")


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    rows: list[Row] = []
    for name in sets:
        rows += groups_of(name)
    return Answer(rows)


def groups_of(name: str) -> list[Row]:
    train, test = corpora(name)
    parts = split_corpus(train, SplitSettings(test_share=0.0, validation_share=0.1))
    learned = learn(parts.train, parts.validation, FIXED)
    given = predict_probabilities(learned.classifier, test.texts)
    figures = error_groups(learned.classifier, test, given, parts.train).figures
    base = figures["mistakes"]
    rows: list[Row] = [
        {"set": name, "group": "all", "rows": base["rows"], "wrong": base["hits"],
         "rate": told(base, 100)}
    ]  # fmt: skip
    rows += [
        {
            "set": name,
            "group": group["group"],
            "rows": group["rows"],
            "wrong": group["mistakes"],
            "rate": told(group["rate"], 100),
            "lift": told(group["lift"], 1),
            "p": "" if group["p"] is None else f"{group['p']:.2g}",
            "of mistakes %": 100 * group["of_mistakes"],
        }
        for group in figures["groups"]
    ]
    without = figures["without_a_group"]
    rows.append(
        {"set": name, "group": "none", "wrong": without,
         "of mistakes %": 100 * without / base["hits"]}
    )  # fmt: skip
    return rows


def told(figure: dict[str, float | None], scale: int) -> str:
    """A figure with its interval."""
    if figure["value"] is None:
        return ""
    value, low, high = (scale * (figure[name] or 0) for name in ("value", "low", "high"))
    return f"{value:.3g} ({low:.3g} to {high:.3g})"
