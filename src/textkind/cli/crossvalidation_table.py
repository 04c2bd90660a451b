"""A cross-validation as plain text: figures over rows and over folds, and another model's."""

from typing import Any

from textkind.cli.evaluation_table import (
    FURTHER,
    MOST_SLICES,
    confusion_table,
    label_table,
    p_value,
    pair_table,
    slice_table,
)
from textkind.cli.figures import HEADLINE, MOST_LABELS
from textkind.cli.plain_tables import PLAIN, aligned, shown, with_interval
from textkind.workflow.crossvalidate import CrossValidationResult


def crossvalidation_table(result: CrossValidationResult, everything: bool = False) -> str:
    """All of it; everything: also the figures beside the headline, every label and slice."""
    told = f"{result.accepted:,} rows of {result.source}, {len(result.folds)} folds, {result.model}"
    if result.rejected:
        told += f" ({result.rejected:,} of {result.read:,} could not be used)"
    figures = result.figures
    blocks = [
        told,
        _figures(result, everything),
        _against(result.against),
        label_table(figures["per_label"], None if everything else MOST_LABELS),
        confusion_table(figures),
        pair_table(figures),
        slice_table(result.slices, None if everything else MOST_SLICES),
    ]
    return "\n\n".join(block for block in blocks if block)


def _figures(result: CrossValidationResult, everything: bool) -> str:
    """Each figure of all rows, over the folds, and of every fold where they are few."""
    names = HEADLINE | FURTHER if everything else HEADLINE
    rows: list[tuple[str, ...]] = [
        ("", "all rows", "95 % interval", "over folds", "95 % interval", "least", "most")
    ]
    for key, name in names.items():
        if key not in result.figures:
            continue
        spread = result.over_folds.get(key)
        folds: tuple[str, ...] = ("n/a", "", "", "")
        if spread is not None:
            values = [fold[key] for fold in result.folds]
            bounds = {"value": spread["mean"], "low": spread["low"], "high": spread["high"]}
            extremes = (shown(key, least_or_most(values)) for least_or_most in (min, max))
            folds = (*with_interval(key, bounds), *extremes)
        rows.append((name, *with_interval(key, result.figures[key]), *folds))
    return aligned(rows)


def _against(against: dict[str, Any] | None) -> str:
    """The other model on the same folds; nothing without one."""
    if against is None:
        return ""
    rows = [(f"less {against['model']}", "over folds", "95 % interval", "p", "all rows", "p")]
    for key, name in HEADLINE.items():
        if key not in against["folds"] or against["rows"][key]["value"] is None:
            continue
        fold, row = against["folds"][key], against["rows"][key]
        mean, low, high, value = (
            _signed(key, number)
            for number in (fold["mean"], fold["low"], fold["high"], row["value"])
        )
        ps = p_value(fold["p"]), p_value(row["p"])
        rows.append((name, mean, f"{low} to {high}", ps[0], value, ps[1]))
    return (
        aligned(rows) + "\np over folds: corrected resampled t-test; of all rows: these fits alone"
    )


def _signed(key: str, value: float) -> str:
    return f"{value:+.3f}" if key in PLAIN else f"{100 * value:+.1f}"
