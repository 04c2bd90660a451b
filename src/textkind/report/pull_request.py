"""report.md: a run or a comparison as short as a pull request: figures in, Markdown out."""

from typing import Any

from textkind.report.confusion import confusions, pair_rows
from textkind.report.figures import (
    LABEL_FIGURES,
    PROBABILITY_FIGURES,
    Metrics,
    figure_row,
    file_name,
    is_several,
    shown_part,
    value_of,
)
from textkind.report.findings import weighty_rows
from textkind.report.label_table import label_rows
from textkind.report.ladder_rows import TITLES, cost_rows, quality_rows
from textkind.report.rendering import markdown_rendered
from textkind.report.reproduce import command, made_with
from textkind.report.verdict import verdict, warnings
from textkind.report.wording import name, number

MOST_LABELS = 5
MOST_PAIRS = 5
SHOWN = (LABEL_FIGURES[0], LABEL_FIGURES[1], LABEL_FIGURES[3], PROBABILITY_FIGURES[3],
         PROBABILITY_FIGURES[0])  # fmt: skip


def render_pull_request(metrics: Metrics) -> str:
    """report.md of a run: verdict, figures, worst labels, confusions, findings, the command."""
    part_name, part = shown_part(metrics)
    found = confusions(part, metrics["labels"]) if part["rows"] else None
    clean = metrics.get("clean") or {"rows": 0}
    return markdown_rendered(
        "report.md.jinja",
        source=name(file_name((metrics.get("data") or {}).get("source") or "a run")),
        model=str((metrics.get("fit") or {}).get("model", "")),
        part_name=part_name,
        verdict=verdict(metrics),
        warnings=warnings(metrics),
        figures=[
            figure_row(metrics, part, figure)
            | {"clean": number(value_of(clean, figure.key), figure.kind)}
            for figure in SHOWN
        ]
        if part["rows"]
        else [],
        baseline=part_name == "test" and bool(metrics.get("baseline")),
        clean=clean["rows"],
        labels=label_rows(part.get("per_label") or [], MOST_LABELS),
        label_total=len(metrics["labels"]),
        several=is_several(metrics),
        pairs=pair_rows(found, metrics["labels"], MOST_PAIRS) if found else [],
        **_told(metrics),
    )


def render_comparison_request(facts: dict[str, Any]) -> str:
    """report.md of a comparison: the verdict, the ladder with intervals and costs, findings."""
    finished = [rung for rung in facts["rungs"] if rung["status"] == "finished"]
    costs = {row["name"]: row for row in cost_rows(facts)}
    return markdown_rendered(
        "compare.md.jinja",
        source=name(file_name(facts["data"].get("source") or "a comparison")),
        verdict=facts["verdict"]["sentences"],
        headline=TITLES[facts["headline"]],
        simplest=facts["simplest"],
        rows=number(finished[0]["test"]["rows"], "count"),
        ladder=[row | costs.get(row["name"], {}) for row in quality_rows(facts)],
        **_told(facts),
    )


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    """What stands at the end of both: the findings but for the notes, and how to do it again."""
    shown = weighty_rows(facts["findings"])
    return {
        "findings": shown,
        "note_total": len(facts["findings"]) - len(shown),
        "command": command(facts),
        "made_with": made_with(facts),
    }
