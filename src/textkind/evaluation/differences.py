"""What became of the answers from one model to another, on the same rows.

In go the probabilities and labels of both, and targets; out come plain numbers. Differences are
second less first, and every resample draws the same rows for both, so what makes a row easy or hard
for both drops out.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import erfc

from textkind.evaluation.counts import cohens_kappa, count_labels, f1
from textkind.evaluation.intervals import (
    TAILS,
    draw_weights,
    resample_count,
    resampled_counts,
    resampled_headline,
    weighted_sums,
)
from textkind.evaluation.metrics import correct_rows, headline, prepare
from textkind.evaluation.paired import difference, figure_of, holm, mcnemar, row_parts
from textkind.evaluation.slices import FEWEST, Slice, compared_figure
from textkind.seeds import generator

RESAMPLES = 1000
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "ece_width", "ece_mass", "hamming_loss"})
CHANGES = ("right to wrong", "wrong to right", "wrong to other wrong")


@dataclass(frozen=True, eq=False)
class Pair:
    """Two models on the same N rows: probabilities (N, K) and labels, (N,) ids or (N, K) 0/1."""

    first: np.ndarray
    second: np.ndarray
    first_labels: np.ndarray
    second_labels: np.ndarray

    def take(self, rows: np.ndarray) -> "Pair":
        """The pair on some rows, (n,) indices or (N,) bool."""
        return Pair(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def agreement(pair: Pair) -> dict[str, Any]:
    """Rows given the same label, or set of labels, by both; their share; Cohen's kappa.

    Several labels: kappa of all N x K decisions. None where it is undefined.
    """
    same = correct_rows(pair.first_labels, pair.second_labels)
    decided = (pair.first_labels.ravel(), pair.second_labels.ravel())
    choices = 2 if pair.first_labels.ndim == 2 else pair.first.shape[1]
    kappa = float(cohens_kappa(count_labels(*decided, choices)))
    return {
        "rows": len(same),
        "same": int(same.sum()),
        "share": float(same.mean()) if len(same) else None,
        "kappa": None if math.isnan(kappa) else kappa,
    }


def changes(pair: Pair, targets: np.ndarray) -> np.ndarray:
    """(N,) int8: the place in CHANGES of what became of each row, -1 where its labels stayed."""
    was, became = (correct_rows(labels, targets) > 0
                   for labels in (pair.first_labels, pair.second_labels))  # fmt: skip
    changed = correct_rows(pair.first_labels, pair.second_labels) == 0
    return np.select([was & ~became, became & ~was, changed], [0, 1, 2], -1).astype(np.int8)


def figure_differences(pair: Pair, targets: np.ndarray, seed: int) -> dict[str, dict[str, Any]]:
    """Name -> first, second, value (their difference), low, high and p of every headline figure.

    The interval is the paired bootstrap's, and so is p; that of accuracy, which is micro F1 too,
    where a text has one label, is McNemar's mid-p. All None where a figure is undefined.
    """
    scored = [
        prepare(pair.first, pair.first_labels, targets),
        prepare(pair.second, pair.second_labels, targets),
    ]
    made = min(resample_count(one, RESAMPLES) for one in scored)
    values = [headline(one) for one in scored]
    resampled = [resampled_headline(one, seed, made) for one in scored]
    told = {}
    for name in values[0]:
        first, second = (one[name] for one in values)
        drawn = [one[name] for one in resampled]
        kept = ~np.isnan(drawn[0]) & ~np.isnan(drawn[1])
        entry = dict.fromkeys(("first", "second", "value", "low", "high", "p"))
        if not math.isnan(first) and not math.isnan(second) and kept.any():
            gap = difference(drawn[1][kept], drawn[0][kept], second, first, len(targets))
            entry = {"first": first, "second": second, **asdict(gap)}
        told[name] = entry
    if targets.ndim == 1:
        told["accuracy"]["p"] = told["micro_f1"]["p"] = exchanged(pair, targets)
    return told


def label_differences(pair: Pair, targets: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Of each label, in label order: F1 of both, the difference with its interval, and p.

    A row is right about a label where it has the label and gets it, or neither; p is McNemar's
    mid-p of these decisions, p_holm adjusted over the labels that are decided differently.
    """
    label_count = pair.first.shape[1]
    given = (pair.first_labels, pair.second_labels)
    before, after = (f1(count_labels(labels, targets, label_count)) for labels in given)
    drawn = [f1(resampled_counts(labels, targets, label_count, seed)) for labels in given]
    lows, highs = np.percentile(drawn[1] - drawn[0], TAILS, axis=0)
    told: list[dict[str, Any]] = []
    for label in range(label_count):
        gold, first, second = (_has(labels, label) for labels in (targets, *given))
        test = mcnemar(second == gold, first == gold)
        figures = before[label], after[label], after[label] - before[label]
        values: list[float | None] = [None] * 5
        if gold.any() or first.any() or second.any():
            values = [float(one) for one in (*figures, lows[label], highs[label])]
        told.append(
            {
                "support": int(gold.sum()),
                **dict(zip(("first", "second", "value", "low", "high"), values, strict=True)),
                "gained": test.first_only,
                "lost": test.second_only,
                "p": test.mid,
                "p_holm": 1.0,
            }
        )
    _adjust([one for one in told if one["gained"] + one["lost"]])
    return told


def slice_differences(
    slices: list[Slice], pair: Pair, targets: np.ndarray, seed: int
) -> list[dict[str, Any]]:
    """Of each slice of FEWEST rows or more: the compared figure of both, the difference, and p.

    Those that became worse first, by rising p. p_holm is adjusted over the slices.
    """
    from textkind.evaluation.kernels import WIDTH

    chosen = [one for one in slices if one.rows.sum() >= FEWEST]
    if not chosen:
        return []
    parts = [row_parts(labels, targets) for labels in (pair.first_labels, pair.second_labels)]
    both = np.hstack(parts)
    random = generator(seed, "slices")
    gaps: list[list[np.ndarray]] = [[] for _ in chosen]
    for _ in range(0, RESAMPLES, WIDTH):
        weights = draw_weights(random, len(both), WIDTH)
        for kept, one in zip(gaps, chosen, strict=True):
            sums = weighted_sums(weights[one.rows], both[one.rows])
            kept.append(figure_of(sums[:, 2:]) - figure_of(sums[:, :2]))
    told: list[dict[str, Any]] = []
    for kept, one in zip(gaps, chosen, strict=True):
        first, second = (float(figure_of(part[one.rows].sum(axis=0))) for part in parts)
        low, high = np.percentile(np.concatenate(kept), TAILS)
        told.append(
            {
                "column": one.column,
                "value": one.value,
                "rows": int(one.rows.sum()),
                "figure": compared_figure(targets.ndim == 2),
                "first": first,
                "second": second,
                "difference": second - first,
                "low": float(low),
                "high": float(high),
                "p": exchanged(pair.take(one.rows), targets[one.rows]),
            }
        )
    _adjust(told)
    return sorted(told, key=lambda one: _worse_first(one["difference"], one["p"]))


def exchanged(pair: Pair, targets: np.ndarray) -> float:
    """Two-sided p of the difference in accuracy, or micro F1, were the models exchanged by chance.

    In each row for itself. One label: McNemar's mid-p. Several: the normal approximation to the sum
    over rows of what the second is above the first, each taken above the F1 of both together.
    """
    parts = [row_parts(labels, targets) for labels in (pair.first_labels, pair.second_labels)]
    if targets.ndim == 1:
        return mcnemar(parts[1][:, 0] > 0, parts[0][:, 0] > 0).mid
    level = float(figure_of((parts[0] + parts[1]).sum(axis=0)))
    gap = parts[1] - parts[0]
    above = gap[:, 0] - level * gap[:, 1]
    spread = (above**2).sum()
    return float(erfc(abs(above.sum()) / math.sqrt(2 * spread))) if spread else 1.0


def is_worse(name: str, value: float) -> bool:
    """Whether a difference of that figure is for the worse."""
    return value > 0 if name in LOWER_IS_BETTER else value < 0


def _worse_first(value: float, p: float) -> tuple[bool, float]:
    return (True, -p) if value >= 0 else (False, p)


def _has(labels: np.ndarray, label: int) -> np.ndarray:
    return labels[:, label] != 0 if labels.ndim == 2 else labels == label


def _adjust(told: list[dict[str, Any]]) -> None:
    for one, p in zip(told, holm(np.array([one["p"] for one in told])), strict=True):
        one["p_holm"] = float(p)
