"""What the audit found, as rows of a table: how bad, what, what to do, and some of the texts."""

from typing import Any

from markupsafe import Markup

from textkind.report.wording import clip, names

EXCERPT = 160  # characters of an example
MARKS = {"serious": "failed", "warning": "", "note": ""}  # classes of the rows


def finding_rows(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a finding, in the order given."""
    return [
        {
            "severity": one["severity"],
            "mark": MARKS[one["severity"]],
            "what": one["what"],
            "advice": one["advice"],
            "examples": [_example(example) for example in one["examples"]],
        }
        for one in findings
    ]


def weighty_rows(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As finding_rows, without the notes."""
    return finding_rows([one for one in findings if one["severity"] != "note"])


def _example(one: dict[str, Any]) -> Markup:
    """A row with its labels and text, or what else shows the matter."""
    if "text" not in one:
        told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in one.items())
        return Markup("<bdi>{}</bdi>").format(clip(told, EXCERPT))
    return Markup("{} row {}, {}: <bdi>{}</bdi>").format(
        one["part"], one["row"], names(one["labels"]), clip(one["text"], EXCERPT)
    )
