"""The figures of each label, worst first: what a part says per label in, lines of a table out."""

from typing import Any

from markupsafe import Markup

from textkind.report.bars import share_bar, stacked_bar
from textkind.report.wording import known, name, number, span


def worst_first(per_label: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Labels that have texts by rising F1, the larger first among equals; then those without."""

    def order(row: dict[str, Any]) -> tuple[bool, float, int]:
        f1 = known(row.get("f1"))
        return (not row["support"], 2.0 if f1 is None else f1, -row["support"])

    return sorted(per_label, key=order)


def label_rows(per_label: list[dict[str, Any]], limit: int) -> list[dict[str, Markup]]:
    """The `limit` worst labels with all their figures and a bar of F1."""
    return [
        {
            "label": name(row["label"]),
            "support": number(row["support"], "count"),
            "predicted": number(row["predicted"], "count"),
            "precision": number(row["precision"], "percent"),
            "recall": number(row["recall"], "percent"),
            "f1": number(row["f1"], "percent"),
            "interval": span(
                row["intervals"]["f1"]["low"], row["intervals"]["f1"]["high"], "percent"
            ),
            "bar": share_bar(known(row["f1"])),
            "roc_auc": number(row.get("roc_auc"), "percent"),
            "pr_auc": number(row.get("pr_auc"), "percent"),
            "ece": number(row.get("ece"), "plain"),
        }
        for row in worst_first(per_label)[:limit]
    ]


def outcomes(row: dict[str, Any]) -> tuple[int, int, int]:
    """Of one label: texts rightly given it, texts that lack it wrongly, texts wrongly given it."""
    right = round((known(row["recall"]) or 0.0) * row["support"])
    return right, row["support"] - right, row["predicted"] - right


def outcome_rows(per_label: list[dict[str, Any]], limit: int) -> list[dict[str, Markup]]:
    """The `limit` labels with most wrong decisions, where a text may have several labels."""
    found = sorted(((outcomes(row), row) for row in per_label), key=lambda pair: -sum(pair[0][1:]))
    largest = max((sum(one) for one, _ in found[:limit]), default=0)
    return [
        {
            "label": name(row["label"]),
            "right": number(right, "count"),
            "missed": number(missed, "count"),
            "wrong": number(wrong, "count"),
            "bar": stacked_bar([("right", right), ("missed", missed), ("wrong", wrong)], largest),
        }
        for (right, missed, wrong), row in found[:limit]
    ]
