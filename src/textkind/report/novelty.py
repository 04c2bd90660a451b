"""Texts that have none of the labels: by what they are known, and how well."""

from typing import Any

from textkind.report.figures import Metrics
from textkind.report.wording import known, number

# the figures that need texts out of scope, by their names in metrics.json
OUTSIDE = {
    "rejected": "Of these turned away, by the same threshold",
    "fpr_95": "Of these that pass where 95 % of the texts in scope do",
    "roc_auc": "ROC-AUC, texts out of scope as positive",
    "pr_auc": "PR-AUC",
}


def novelty_section(metrics: Metrics) -> dict[str, Any] | None:
    """The scores in words and rows of names and values; None of a model without a score."""
    found = metrics.get("novelty")
    if found is None:
        return None
    weights = found["scores"]
    told = ", ".join(
        name if found["weighed_by"] == 0 else f"{name} (weight {weight:.2f})"
        for name, weight in weights.items()
    )
    rows: list[tuple[str, str]] = [
        ("Novelty from which a text is turned away", number(found["threshold"], "plain"))
    ]
    if known(found["kept"]) is not None:
        rows.append((f"Of {found['in_scope']:,} texts in scope that keep their label",
                     number(found["kept"], "percent")))  # fmt: skip
    if found["out_of_scope"]:
        rows.append(("Texts out of scope that it was measured by", f"{found['out_of_scope']:,}"))
        rows += [(title, number(found[key], "percent")) for key, title in OUTSIDE.items()]
    return {"scores": told, "rows": rows, "weighed_by": found["weighed_by"]}
