"""The whole page: metrics.json and mistakes in, one self-contained HTML file out.

Nothing is loaded from anywhere: style and script stand in the page and are allowed by their hashes
alone, so that nothing a corpus contains could ever run. Every list is cut to a fixed length, which
keeps the page small whatever the corpus; where names and texts are mostly characters that HTML
writes with five, fewer mistakes and labels are shown, so that it stays under 1 MB.
"""

from pathlib import Path
from typing import Any

from textkind.errors import OutputError
from textkind.report.calibration import calibration_sections
from textkind.report.confusion import LARGEST_MAP, confusions, heat_map, pair_rows
from textkind.report.corpus_map import map_section
from textkind.report.distil import distil_section
from textkind.report.effect import effect_section
from textkind.report.error_groups import error_section
from textkind.report.figures import (
    Metrics,
    figure_rows,
    file_name,
    is_several,
    probability_rows,
    shown_part,
    tiles,
)
from textkind.report.findings import finding_rows
from textkind.report.gradients import gradient_section
from textkind.report.label_table import label_rows, outcome_rows
from textkind.report.long_texts import long_section
from textkind.report.mistakes import MOST_MISTAKES, mistake_rows
from textkind.report.novelty import novelty_section
from textkind.report.profile import (
    count_rows,
    isolated,
    learned_from,
    part_rows,
    profile_facts,
    split_facts,
)
from textkind.report.promises import promise_tables
from textkind.report.rendering import rendered
from textkind.report.reproduce import candidate_rows, command, fact_tables, made_with, seconds_rows
from textkind.report.slices import slice_section
from textkind.report.threshold_curves import curve_section
from textkind.report.trace import trace_section
from textkind.report.training import training_section
from textkind.report.tuning import tuning_section
from textkind.report.update import update_section
from textkind.report.verdict import told, verdict, warnings
from textkind.report.wording import name

MOST_BYTES = 1_000_000
MOST_LABELS = 200  # lines of the table of labels
MOST_COUNTS = 20  # labels in the data profile
MOST_PAIRS = 20  # confusions listed beside a compact map
FEW_PAIRS = 8  # beside a full map
MOST_SLICES = 15


def write_report(
    path: Path,
    metrics: Metrics,
    mistakes: list[dict[str, Any]],
    points: list[dict[str, Any]] | None = None,
    tuning: Metrics | None = None,
) -> None:
    """Write the page to `path`; OutputError where that fails."""
    page = render_report(metrics, mistakes, points, tuning)
    try:
        Path(path).write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            "the report could not be written", found=str(error), where=str(path)
        ) from error


def render_report(
    metrics: Metrics,
    mistakes: list[dict[str, Any]],
    points: list[dict[str, Any]] | None = None,
    tuning: Metrics | None = None,
) -> str:
    """The page as text.

    metrics is what metrics.json holds, mistakes what the lines of mistakes.jsonl hold, most
    confident first; of long lists the first or worst are shown and the rest is counted. points
    are those of the map, which stand in the page alone; tuning is what tune.json holds, if any.
    """
    page = ""
    for times_fewer in (1, 4, 20):
        page = _page(metrics, mistakes, points, tuning, times_fewer)
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def _page(
    metrics: Metrics,
    mistakes: list[dict[str, Any]],
    points: list[dict[str, Any]] | None,
    tuning: Metrics | None,
    times_fewer: int,
) -> str:
    part_name, part = shown_part(metrics)
    shown = mistake_rows(mistakes, MOST_MISTAKES // times_fewer)
    return rendered(
        "report.html.jinja",
        part_name=part_name,
        rows=part["rows"],
        evaluated=bool(part["rows"]),
        several=is_several(metrics),
        version=str(metrics.get("textkind", "")),
        label_total=len(metrics["labels"]),
        verdict=verdict(metrics),
        warnings=warnings(metrics),
        notes=told(metrics.get("notes") or []),
        **_data_sections(metrics),
        **(_quality_sections(metrics, part, times_fewer) if part["rows"] else {}),
        errors=error_section(metrics),
        map=map_section(metrics.get("map"), points, f"{part_name} part"),
        mistakes=shown,
        mistake_total=len(mistakes),
        has_ngrams=any(one.get("ngrams") for one in mistakes),
        distil=distil_section(metrics),
        tuning=tuning_section(tuning),
        update=update_section(metrics),
        training=training_section(metrics.get("fit") or {}),
        long_texts=long_section(metrics.get("fit") or {}),
        gradients=gradient_section(metrics.get("fit") or {}),
        traced=trace_section(metrics),
        fact_tables=fact_tables(metrics.get("fit") or {}),
        candidates=candidate_rows(metrics.get("fit") or {}),
        seconds=seconds_rows(metrics.get("fit") or {}),
        command=command(metrics),
        made_with=made_with(metrics),
    )


def _data_sections(metrics: Metrics) -> dict[str, Any]:
    """Title, data profile and split."""
    data = metrics.get("data") or {}
    counts, other_counts = count_rows(data, MOST_COUNTS)
    return {
        "source": isolated(file_name(data["source"])) if data.get("source") else "",
        "model": str((metrics.get("fit") or {}).get("model", "")),
        "profile": profile_facts(data),
        "counts": counts,
        "other_counts": other_counts,
        "parts": part_rows(data),
        "learned_from": learned_from(metrics),
        "split": split_facts(data),
        "data_notes": told(data.get("notes") or []),
        "findings": finding_rows(metrics["findings"]),
    }


def _quality_sections(metrics: Metrics, part: Metrics, times_fewer: int) -> dict[str, Any]:
    """Figures, labels, reliability and confusions of the shown part."""
    labels, per_label = metrics["labels"], part.get("per_label") or []
    found = confusions(part, labels)
    compact = len(labels) > LARGEST_MAP
    baseline = metrics.get("baseline") or {}
    return {
        "tiles": tiles(metrics, part),
        "figures": figure_rows(metrics, part),
        "probability_figures": probability_rows(metrics, part),
        "baseline_label": name(baseline["label"]) if baseline.get("label") else "",
        "labels": label_rows(per_label, MOST_LABELS // times_fewer),
        "effect": effect_section(metrics),
        "outcomes": outcome_rows(per_label, MOST_COUNTS) if is_several(metrics) else [],
        **calibration_sections(metrics, part),
        "curves": curve_section(metrics),
        "promises": promise_tables(metrics),
        "novelty": novelty_section(metrics),
        "slices": slice_section(metrics, MOST_SLICES),
        "compact": compact,
        "pairs": pair_rows(found, labels, MOST_PAIRS if compact else FEW_PAIRS) if found else [],
        "pair_total": len(found.pairs) if found else 0,
        "heat_map": heat_map(found, labels, _heat_caption(compact)) if found else "",
    }


def _heat_caption(compact: bool) -> str:
    which = "The labels that take part in most mistakes" if compact else "All labels"
    return (
        f"{which}: number of texts by gold and predicted label. Right answers on the diagonal "
        "in blue, mistakes in orange, stronger for a larger share of the gold label; empty is none."
    )
