"""card.md: a model card in the shape of Hugging Face's hub. metrics.json in, Markdown out.

Front matter is YAML with JSON strings. What nothing measured is not stated: no licence, no energy,
and no language where the texts' function words tell none.
"""

import json
from collections.abc import Iterator
from typing import Any

from textkind.report.error_groups import group_row, is_often
from textkind.report.figures import (
    LABEL_FIGURES,
    PROBABILITY_FIGURES,
    SEVERAL_FIGURES,
    Figure,
    Metrics,
    figure_rows,
    file_name,
    is_several,
    probability_rows,
    shown_part,
    value_of,
)
from textkind.report.findings import weighty_rows
from textkind.report.label_table import label_rows
from textkind.report.markdown import Markdown
from textkind.report.profile import learned_from, part_rows, profile_facts, split_facts
from textkind.report.promises import promise_tables
from textkind.report.rendering import markdown_rendered
from textkind.report.reproduce import command, made_with
from textkind.report.slices import slice_section
from textkind.report.verdict import how_good, how_trusted, warnings
from textkind.report.wording import clip, known, name, number, visible

# ISO 639-1 of the languages that are told by function words
LANGUAGE_CODES = {
    "English": ("en",), "German": ("de",), "French": ("fr",), "Spanish": ("es",),
    "Portuguese": ("pt",), "Italian": ("it",), "Dutch": ("nl",), "Swedish": ("sv",),
    "Danish or Norwegian": ("da", "no"), "Finnish": ("fi",), "Polish": ("pl",), "Czech": ("cs",),
    "Romanian": ("ro",), "Hungarian": ("hu",), "Turkish": ("tr",), "Indonesian": ("id",),
    "Vietnamese": ("vi",),
}  # fmt: skip
LEAST_SHARE = 0.2  # of the texts whose language is known, for it to be one of the model's
# figure -> its name among the hub's metrics
HUB_METRICS = {
    "accuracy": "accuracy", "macro_f1": "f1", "weighted_f1": "f1", "micro_f1": "f1",
    "macro_precision": "precision", "macro_recall": "recall", "roc_auc": "roc_auc",
    "brier": "brier_score", "ece_mass": "expected_calibration_error", "log_loss": "log_loss",
}  # fmt: skip
MOST_LABELS = 50
MOST_WORST = 5
MOST_GROUPS = 5


def render_card(metrics: Metrics, library: str = "textkind") -> str:
    """The card as text; metrics is what metrics.json holds, library what loads the model."""
    part_name, part = shown_part(metrics)
    data, fit = metrics.get("data") or {}, metrics.get("fit") or {}
    model = str(fit.get("model", "model"))
    source = file_name(data.get("source") or "data")
    evaluated = bool(part["rows"])
    return markdown_rendered(
        "card.md.jinja",
        front=Markdown("\n".join(_front_matter(metrics, part_name, part, model, source, library))),
        title=f"{clip(source, 60)}, {model}",
        model=model,
        source=name(source),
        several=is_several(metrics),
        labels=[name(one) for one in metrics["labels"][:MOST_LABELS]],
        label_total=len(metrics["labels"]),
        languages=[{"name": one, "count": number(count, "count")}
                   for one, count in (metrics.get("languages") or {}).items()],
        profile=profile_facts(data) + split_facts(data),
        parts=part_rows(data),
        learned_from=learned_from(metrics),
        part_name=part_name,
        evaluated=evaluated,
        good=how_good(metrics, part_name, part) if evaluated else "",
        trusted=how_trusted(part) if evaluated else "",
        figures=figure_rows(metrics, part) + probability_rows(metrics, part) if evaluated else [],
        baseline=part_name == "test" and bool(metrics.get("baseline")),
        clean=0,
        warnings=warnings(metrics),
        worst=label_rows(part.get("per_label") or [], MOST_WORST),
        findings=weighty_rows(metrics["findings"]),
        slices=_worse_slices(metrics),
        groups=_frequent_groups(metrics),
        promises=promise_tables(metrics),
        seconds=number((fit.get("seconds") or {}).get("total"), "seconds"),
        fit_seconds=number((fit.get("seconds") or {}).get("fit"), "seconds"),
        device=str(fit.get("device") or "cpu"),
        command=command(metrics),
        made_with=made_with(metrics),
    )  # fmt: skip


def languages(metrics: Metrics) -> list[str]:
    """ISO 639-1 codes of the languages that a fifth or more of the known texts are in."""
    counts = metrics.get("languages") or {}
    known_texts = sum(counts.values())
    return [
        code
        for language, count in counts.items()
        if count >= LEAST_SHARE * known_texts
        for code in LANGUAGE_CODES[language]
    ]


def _front_matter(
    metrics: Metrics, part_name: str, part: Metrics, model: str, source: str, library: str
) -> Iterator[str]:
    """The lines of YAML; a comment stands for the licence, which only the owner knows."""
    found = languages(metrics)
    if found:
        yield "language:"
        yield from (f"- {_string(code)}" for code in found)
    yield "# license: (not stated; name the licence of the model, after that of its data)"
    yield f"library_name: {library}"
    yield "pipeline_tag: text-classification"
    yield "tags:"
    yield from (f"- {_string(tag)}" for tag in ("text-classification", "textkind", model))
    if not part["rows"]:
        return
    yield "model-index:"
    yield f"- name: {_string(f'{source}, {model}')}"
    yield "  results:"
    yield "  - task:"
    yield "      type: text-classification"
    yield "    dataset:"
    yield f"      name: {_string(source)}"
    yield f"      type: {_string(source)}"
    yield f"      split: {part_name}"
    yield "    metrics:"
    for figure in _hub_figures(metrics):
        value = value_of(part, figure.key)
        if value is not None:
            yield f"    - type: {HUB_METRICS[figure.key]}"
            yield f"      name: {_string(figure.name)}"
            yield f"      value: {json.dumps(value)}"


def _hub_figures(metrics: Metrics) -> list[Figure]:
    of_labels = SEVERAL_FIGURES if is_several(metrics) else LABEL_FIGURES
    return [one for one in (*of_labels, *PROBABILITY_FIGURES) if one.key in HUB_METRICS]


def _string(words: str) -> str:
    """A YAML string: JSON's are."""
    return json.dumps(visible(words), ensure_ascii=False)


def _worse_slices(metrics: Metrics) -> list[dict[str, Any]]:
    section = slice_section(metrics, limit=1000)
    return [row for row in section["rows"] if row["verdict"] == "clearly worse"] if section else []


def _frequent_groups(metrics: Metrics) -> list[dict[str, Any]]:
    """Groups of texts that are wrong more often than all, by more than chance; the worst first."""
    groups = [one for one in (metrics.get("errors") or {}).get("groups", []) if is_often(one)]
    groups.sort(key=lambda one: -(known(one["lift"]["value"]) or 0))
    return [group_row(one) for one in groups[:MOST_GROUPS]]
