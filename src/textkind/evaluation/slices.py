"""Figures of a slice of the rows, and how far they are from those of the other rows.

In go masks of rows, probabilities, predicted labels and targets; out come plain numbers. Who is in
a slice is told by others. The difference is of one figure, so that every slice is one test: of
accuracy, or of micro F1 where texts have several labels.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import erfc

from textkind.evaluation.counts import (
    FIGURES_OF_COUNTS,
    LabelCounts,
    count_labels,
    label_rows_of,
)
from textkind.evaluation.exact import fisher_exact
from textkind.evaluation.intervals import (
    draw_weights,
    interval,
    label_sums,
    share_interval,
    weighted_sums,
)
from textkind.evaluation.metrics import correct_rows, row_log_loss
from textkind.evaluation.paired import figure_of, holm, row_parts
from textkind.seeds import generator

FEWEST = 20  # rows in a slice, and outside it, from which on it is compared
RESAMPLES = 500
LEAST_RESAMPLES = 200
WORK = 10**8  # rows of all slices together, some seconds; beyond it there are fewer resamples


@dataclass(frozen=True, eq=False)
class Slice:
    """Some of the rows: `rows` (N,) bool have `value` in `column`."""

    column: str
    value: str
    rows: np.ndarray


def compared_figure(several: bool) -> str:
    """The figure in which a slice is compared with the other rows."""
    return "micro_f1" if several else "accuracy"


def score_slices(
    slices: list[Slice],
    probabilities: np.ndarray,
    predicted: np.ndarray,
    targets: np.ndarray,
    seed: int = 0,
) -> dict[str, Any]:
    """The entry "slices" of metrics.json: every slice that has a row, surest to be worse first.

    probabilities (N, K); predicted and targets are both (N,) ids or both (N, K) 0/1. Shares of rows
    have the interval of Wilson, the other figures the bootstrap's; the difference has that of both
    sides' intervals by the square-and-add rule (Newcombe 1998, method 10; Zou & Donner 2008). p is
    that of drawing the slice from all rows by chance: Fisher's exact test, or for micro F1 the
    normal approximation; p_holm is adjusted for all slices compared (Holm 1979).
    """
    several = targets.ndim == 2
    chosen = [one for one in slices if one.rows.any()]
    work = sum(int(one.rows.sum()) for one in chosen) + len(targets)
    made = min(RESAMPLES, max(WORK // work, LEAST_RESAMPLES)) if chosen else 0
    parts, losses = row_parts(predicted, targets), row_log_loss(probabilities, targets)
    right = correct_rows(predicted, targets)
    drawn = _resampled(
        chosen, probabilities.shape[1], predicted, targets, parts, losses, seed, made
    )
    found: list[dict[str, Any]] = []
    for one, resampled in zip(chosen, drawn, strict=True):
        rows = np.flatnonzero(one.rows)
        counts = count_labels(predicted[rows], targets[rows], probabilities.shape[1])
        figures = _counted(counts, several) | {"log_loss": losses[rows].mean()}
        told = {
            "accuracy": _share(right[rows].sum(), len(rows)),
            **{name: _figure(float(value), resampled[name]) for name, value in figures.items()},
        }
        outside = len(targets) - len(rows)
        rest = parts[~one.rows].sum(axis=0)
        beside = {"value": float(figure_of(rest)), "low": 0.0, "high": 1.0}
        if several:
            beside = _figure(beside["value"], resampled["rest"])
        elif outside:
            beside = _share(rest[0], outside)
        inside = told[compared_figure(several)]
        small = min(len(rows), outside) < FEWEST or None in (inside["value"], beside["value"])
        found.append(
            {
                "column": one.column,
                "value": one.value,
                "rows": len(rows),
                **told,
                "rest": beside["value"] if outside else None,
                "difference": None if small else _difference(inside, beside, one.rows, parts),
            }
        )
    compared = [one["difference"] for one in found if one["difference"] is not None]
    for difference, p in zip(compared, holm(np.array([d["p"] for d in compared])), strict=True):
        difference["p_holm"] = float(p)
    return {
        "figure": compared_figure(several),
        "fewest": FEWEST,
        "compared": len(compared),
        "resamples": made,
        "found": sorted(found, key=_surest_to_be_worse),
    }


def _resampled(
    slices: list[Slice],
    label_count: int,
    predicted: np.ndarray,
    targets: np.ndarray,
    parts: np.ndarray,
    losses: np.ndarray,
    seed: int,
    made: int,
) -> list[dict[str, np.ndarray]]:
    """Name -> (made,) values of each slice in resamples of all rows; NaN where it has no row.

    "rest" is the compared figure of the other rows.
    """
    from textkind.evaluation.kernels import WIDTH

    several = targets.ndim == 2
    random = generator(seed, "slices")
    linear = np.column_stack([np.ones(len(losses)), losses, parts])
    inside = [np.flatnonzero(one.rows) for one in slices]
    label_rows = [label_rows_of(predicted[rows], targets[rows], label_count) for rows in inside]
    batches: list[list[dict[str, np.ndarray]]] = [[] for _ in slices]
    for _ in range(0, made, WIDTH):
        weights = draw_weights(random, len(losses), WIDTH)
        whole = weighted_sums(weights, linear)
        for batch, rows, of_labels in zip(batches, inside, label_rows, strict=True):
            sums = weighted_sums(weights[rows], linear[rows])
            counts = LabelCounts(*(label_sums(weights[rows], part) for part in of_labels))
            some = sums[:, 0] > 0
            batch.append(
                {
                    "log_loss": np.divide(
                        sums[:, 1], sums[:, 0], out=np.full(len(sums), np.nan), where=some
                    ),
                    **_counted(counts, several),
                    "rest": figure_of((whole - sums)[:, 2:]),
                }
            )
    return [
        {name: np.concatenate([one[name] for one in batch])[:made] for name in batch[0]}
        for batch in batches
    ]


def _difference(
    inside: dict[str, Any], beside: dict[str, Any], rows: np.ndarray, parts: np.ndarray
) -> dict[str, Any]:
    value = inside["value"] - beside["value"]
    down = math.hypot(inside["value"] - inside["low"], beside["high"] - beside["value"])
    up = math.hypot(inside["high"] - inside["value"], beside["value"] - beside["low"])
    return {"value": value, "low": value - down, "high": value + up, "p": chance(rows, parts)}


def chance(rows: np.ndarray, parts: np.ndarray) -> float:
    """Two-sided p of a slice's figure, were its rows drawn from all rows by chance.

    rows (N,) bool; parts (N, 2) of row_parts. Where each row counts as one, Fisher's exact test;
    else the normal approximation of that drawing, without replacement, to the sum of what each row
    is above the figure of all.
    """
    if (parts[:, 1] == 1).all():
        right, wrong = parts[:, 0] == 1, parts[:, 0] == 0
        inside, outside = (
            (int((side & right).sum()), int((side & wrong).sum())) for side in (rows, ~rows)
        )
        return fisher_exact(inside, outside)
    above = parts[:, 0] - float(figure_of(parts.sum(axis=0))) * parts[:, 1]
    total, drawn = len(rows), int(rows.sum())
    spread = drawn * (total - drawn) / (total * (total - 1)) * (above**2).sum()
    if spread == 0:
        return 1.0
    return float(erfc(abs(above[rows].sum()) / math.sqrt(2 * spread)))


def _counted(counts: LabelCounts, several: bool) -> dict[str, np.ndarray]:
    """The figures of counts that a slice has: micro F1 of one label is its accuracy."""
    names = ("macro_f1", "micro_f1") if several else ("macro_f1",)
    return {name: FIGURES_OF_COUNTS[name](counts) for name in names}


def _share(hits: float, rows: int) -> dict[str, Any]:
    low, high = share_interval(np.array(hits), np.array(rows))
    return {"value": float(hits / rows), "low": float(low), "high": float(high)}


def _figure(value: float, resampled: np.ndarray) -> dict[str, Any]:
    if math.isnan(value):
        return dict.fromkeys(("value", "low", "high"))
    low, high = interval(value, resampled)
    return {"value": value, "low": min(low, value), "high": max(high, value)}


def _surest_to_be_worse(one: dict[str, Any]) -> tuple[bool, float]:
    """Slices that were compared by what they lose at least, then the small ones."""
    difference = one["difference"]
    return (difference is None, -one["rows"] if difference is None else difference["high"])
