"""How far a figure could have come out otherwise: bootstrap intervals over the rows.

One resample draws N rows with replacement and is held as how often each row was drawn. Resamples
are made in batches, all figures are computed on one batch together, and rows are sorted once, not
once a resample. Efron & Tibshirani 1993, chapters 13 and 14 (percentile and basic intervals).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from textkind.evaluation.calibration import BINS, equal_width_bins
from textkind.evaluation.counts import (
    LabelCounts,
    LabelRows,
    figures_of_counts,
    label_rows_of,
)
from textkind.evaluation.metrics import Scored
from textkind.seeds import generator

FEWEST = 200  # resamples, however large the part
WORK = 6 * 10**9  # about 3 s on one core; beyond it there are fewer resamples
BLOCK = 1 << 15  # rows whose weights are held as float64 at a time
BATCH = 64  # resamples of counts and means at a time
TAILS = (2.5, 97.5)  # per cent
NORMAL = 1.959963984540054  # standard deviations to either side that hold 95 %
VERY_FEW_ROWS = 100  # below it the interval of an accuracy of 80 % is over 16 points wide
# Chance gaps in the bins add up, and drawing rows again adds more of them: percentile intervals
# of these figures often lie wholly above the true value.
BIASED = frozenset({"ece_width", "ece_mass"})


def resample_count(scored: Scored, asked: int) -> int:
    """The resamples to make: as many as asked, fewer (not under 200) for a very large part."""
    rows, pairs = scored.confidence.shape
    cost_of_row = 100 + len(scored.rankings) + 10 * pairs  # as measured, in units of about 0.5 ns
    return min(asked, max(WORK // (max(rows, 1) * cost_of_row), FEWEST))


def draw_weights(random: np.random.Generator, rows: int, width: int) -> np.ndarray:
    """(rows, width) uint8: how often each of `width` resamples draws each row.

    A count over 255 in one of a thousand resamples has a chance below 1e-490.
    """
    weights = np.empty((width, rows), np.uint8)
    for resample in range(width):
        weights[resample] = np.bincount(random.integers(0, rows, rows), minlength=rows)
    return np.ascontiguousarray(weights.T)


def resampled_headline(scored: Scored, seed: int, resamples: int) -> dict[str, np.ndarray]:
    """Every headline figure in every resample: name -> (resamples,) float64, NaN where undefined.

    scored has at least one row.
    """
    from textkind.evaluation.kernels import WIDTH

    random = generator(seed, "bootstrap")
    plan = _plan(scored)
    batches = [
        _figures_of_batch(scored, plan, draw_weights(random, len(scored), WIDTH))
        for _ in range(0, resamples, WIDTH)
    ]
    return {
        name: np.concatenate([batch[name] for batch in batches])[:resamples] for name in batches[0]
    }


def resampled_counts(
    predicted: np.ndarray, targets: np.ndarray, label_count: int, seed: int, resamples: int = 1000
) -> LabelCounts:
    """How often each label is gold, predicted and both in every resample: (resamples, K) each.

    predicted and targets are both (N,) ids or both (N, K) 0/1, N 1 or more. Large parts get fewer
    resamples.
    """
    parts = label_rows_of(predicted, targets, label_count)
    batches = [
        [label_sums(weights, part) for part in parts]
        for weights in _batches(len(targets), seed, resamples)
    ]
    return LabelCounts(*(np.concatenate(sums) for sums in zip(*batches, strict=True)))


def resampled_means(values: np.ndarray, seed: int, resamples: int = 1000) -> np.ndarray:
    """The mean of (N,) numbers in every resample: (resamples,) float64; N is 1 or more."""
    batches = [values @ weights for weights in _batches(len(values), seed, resamples)]
    return np.concatenate(batches) / len(values)


def _batches(rows: int, seed: int, resamples: int) -> Iterator[np.ndarray]:
    """(N, BATCH) weights, as many as make the resamples; fewer of many rows."""
    random = generator(seed, "bootstrap")
    made = min(resamples, max(WORK // (rows * 100), FEWEST))
    for _ in range(0, made, BATCH):
        yield draw_weights(random, rows, BATCH)


def interval(value: float, resampled: np.ndarray, biased: bool = False) -> tuple[float, float]:
    """The 95 % interval of a figure from its resampled values; NaN where none is defined.

    The percentile interval, or where drawing again moves the figure upwards (`biased`), the basic
    one: the percentiles mirrored at the value, cut to 0 .. 1 and widened to hold the value.
    """
    defined = resampled[~np.isnan(resampled)]
    if len(defined) == 0:
        return float("nan"), float("nan")
    low, high = (float(end) for end in np.percentile(defined, TAILS))
    if biased:
        low, high = 2 * value - high, 2 * value - low
        low, high = min(max(low, 0.0), value), max(min(high, 1.0), value)
    return low, high


def edge_interval(value: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share of rows that is 0 or 1, where every resample is the same.

    Of Clopper and Pearson (1934), which at the edges is a plain power.
    """
    most = (TAILS[0] / 100) ** (1 / rows)
    return (most, 1.0) if value == 1 else (0.0, 1 - most)


def share_interval(hits: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval of the share hits / rows, two float64 of their shape; NaN without a row.

    Wilson 1927, which Brown, Cai & DasGupta 2001 advise for few rows: where all are hits, or none,
    it keeps a width.
    """
    rows = np.where(np.asarray(rows) > 0, rows, np.nan)
    share, z = hits / rows, NORMAL
    middle = share + z**2 / (2 * rows)
    half = z * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    scale = 1 + z**2 / rows
    # at the edges rounding would leave 1e-17 of what is 0 or 1
    low, high = np.where(hits == 0, 0, middle - half), np.where(hits == rows, scale, middle + half)
    return low / scale, high / scale


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is the same in all batches.

    linear  (N, bins + figures) float64; a resample's sums over rows are weights.T @ linear
    rows, leads, gaps: pairs by rising confidence, see `equal_mass_gaps`
    """

    linear: np.ndarray
    rows: np.ndarray
    leads: np.ndarray
    gaps: np.ndarray


def _plan(scored: Scored) -> _Plan:
    rows, width = scored.confidence.shape
    gaps = scored.confidence - scored.correct
    cell = np.repeat(np.arange(rows) * BINS, width) + equal_width_bins(scored.confidence.ravel())
    by_bin = np.bincount(cell, weights=gaps.ravel(), minlength=rows * BINS).reshape(rows, BINS)
    order = np.argsort(scored.confidence.ravel(), kind="stable")
    ordered = scored.confidence.ravel()[order]
    return _Plan(
        linear=np.column_stack([by_bin, *scored.row_figures.values()]),
        rows=(order // width).astype(np.int32),
        leads=np.concatenate([[True], ordered[1:] != ordered[:-1]]),
        gaps=gaps.ravel()[order],
    )


def _figures_of_batch(scored: Scored, plan: _Plan, weights: np.ndarray) -> dict[str, np.ndarray]:
    from textkind.evaluation.kernels import equal_mass_gaps, rank_areas

    means = weighted_sums(weights, plan.linear) / len(scored)
    figures = dict(zip(scored.row_figures, means[:, BINS:].T, strict=True))
    counts = LabelCounts(
        *(label_sums(weights, part) for part in (scored.gold, scored.predicted, scored.hits))
    )
    figures |= figures_of_counts(counts, scored.several)
    areas = [
        rank_areas(weights, ranked.order, ranked.starts, ranked.ends, ranked.hits, ranked.hit_ends)
        for ranked in scored.headline_rankings
    ]
    figures["roc_auc"], figures["pr_auc"] = _mean_of_defined(areas, weights.shape[1])
    figures["ece_width"] = np.abs(means[:, :BINS]).sum(axis=1) * (
        len(scored) / scored.confidence.size
    )
    figures["ece_mass"] = equal_mass_gaps(weights, plan.rows, plan.leads, plan.gaps, BINS)
    return figures


def weighted_sums(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(B, F) float64: the sum of values (N, F) over the rows of each resample, weights (N, B)."""
    return sum(
        (
            weights[start : start + BLOCK].T.astype(np.float64) @ values[start : start + BLOCK]
            for start in range(0, len(values), BLOCK)
        ),
        np.zeros((weights.shape[1], values.shape[1])),
    )


def label_sums(weights: np.ndarray, part: LabelRows) -> np.ndarray:
    """(B, K) int64: the weight of each label's rows in each resample."""
    sums = np.zeros((len(part.counts), weights.shape[1]), np.int64)
    present = np.flatnonzero(part.counts)
    if len(present):
        drawn = weights[part.rows]
        sums[present] = np.add.reduceat(drawn, part.starts[present], axis=0, dtype=np.int64)
    return sums.T


def _mean_of_defined(areas: list[np.ndarray], width: int) -> np.ndarray:
    """(2, B): the mean over labels of (2, B) areas, leaving out NaN; NaN where all are NaN."""
    if not areas:
        return np.full((2, width), np.nan)
    stacked = np.stack(areas)
    defined = ~np.isnan(stacked)
    count = defined.sum(axis=0)
    total = np.where(defined, stacked, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
