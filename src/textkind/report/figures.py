"""The headline figures of one part: which there are, what they mean, how they are shown."""

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from textkind.report.bars import interval_bar
from textkind.report.wording import known, number, span

Metrics = dict[str, Any]  # metrics.json, or one object inside it


@dataclass(frozen=True)
class Figure:
    """One headline figure: its key in metrics.json and its name, meaning and kind of number."""

    key: str
    name: str
    meaning: str
    kind: str = "percent"


LABEL_FIGURES = (
    Figure("accuracy", "Accuracy", "texts given the right label"),
    Figure("macro_f1", "Macro F1", "mean F1 of the labels, each counting the same"),
    Figure("weighted_f1", "Weighted F1", "mean F1 of the labels, each counting by its texts"),
    Figure("micro_f1", "Micro F1", "F1 over all decisions together"),
    Figure("macro_precision", "Macro precision", "of what it calls a label, how much is right"),
    Figure("macro_recall", "Macro recall", "of what has a label, how much it finds"),
    Figure("roc_auc", "ROC-AUC", "a text with the label is ranked above one without"),
    Figure("pr_auc", "PR-AUC", "average precision over all thresholds"),
)
SEVERAL_FIGURES = (
    Figure("accuracy", "Subset accuracy", "texts given exactly the right set of labels"),
    *LABEL_FIGURES[1:],
)
PROBABILITY_FIGURES = (
    Figure("ece_mass", "Calibration error, equal mass", "gap of confidence and accuracy", "plain"),
    Figure("ece_width", "Calibration error, equal width", "the same, bins of one width", "plain"),
    Figure("brier", "Brier score", "mean squared error of the probabilities", "plain"),
    Figure("log_loss", "Log loss", "mean surprise at the right label, in nats", "plain"),
)
HAMMING = Figure("hamming_loss", "Hamming loss", "label decisions that are wrong", "plain")


def is_several(metrics: Metrics) -> bool:
    """Whether a text may have several labels."""
    return metrics.get("task") == "several labels"


def file_name(source: object) -> str:
    """A source without the folders it lay in, which are those of one machine."""
    name = re.split(r"[/\\]", str(source).rstrip("/\\"))[-1]
    return name if name else str(source)


def shown_part(metrics: Metrics) -> tuple[str, Metrics]:
    """The part the report speaks of: test, else validation, else nothing was evaluated."""
    for part in ("test", "validation"):
        if metrics.get(part) and metrics[part]["rows"]:
            return part, metrics[part]
    return "none", {"rows": 0}


def value_of(part: Metrics | None, key: str, bound: str = "value") -> float | None:
    """One number of one figure of a part, None where it is undefined or absent."""
    figure = (part or {}).get(key)
    return known(figure.get(bound)) if isinstance(figure, dict) else None


def interval(part: Metrics, figure: Figure) -> Markup:
    """The 95 % interval of a figure in words, empty where there is none."""
    low, high = value_of(part, figure.key, "low"), value_of(part, figure.key, "high")
    return span(low, high, figure.kind)


def figure_row(metrics: Metrics, part: Metrics, figure: Figure) -> dict[str, object]:
    """What one line of the metrics table shows."""
    baseline = known((metrics.get("baseline") or {}).get(figure.key))
    value, low, high = (value_of(part, figure.key, bound) for bound in ("value", "low", "high"))
    return {
        "key": figure.key,
        "name": figure.name,
        "meaning": figure.meaning,
        "value": number(value, figure.kind),
        "interval": interval(part, figure),
        "bar": interval_bar(value, low, high, baseline) if figure.kind == "percent" else "",
        "baseline": number(baseline, figure.kind) if baseline is not None else "",
        "validation": number(value_of(metrics.get("validation"), figure.key), figure.kind),
    }


def figure_rows(metrics: Metrics, part: Metrics) -> list[dict[str, object]]:
    """The figures of the labels: the higher the better."""
    figures = SEVERAL_FIGURES if is_several(metrics) else LABEL_FIGURES
    return [figure_row(metrics, part, figure) for figure in figures]


def probability_rows(metrics: Metrics, part: Metrics) -> list[dict[str, object]]:
    """The figures of the probabilities, and of errors as such: the lower the better."""
    figures = PROBABILITY_FIGURES + ((HAMMING,) if is_several(metrics) else ())
    return [figure_row(metrics, part, figure) for figure in figures]


def tiles(metrics: Metrics, part: Metrics) -> list[dict[str, object]]:
    """The three figures to remember, for the top of the page."""
    label_figures = SEVERAL_FIGURES if is_several(metrics) else LABEL_FIGURES
    extra = label_figures[3] if is_several(metrics) else label_figures[1]
    chosen = (label_figures[0], extra, PROBABILITY_FIGURES[0])
    return [figure_row(metrics, part, figure) for figure in chosen]
