"""How well the labels of a text come first among all labels by their probabilities.

In go probabilities (N, K) and targets; out come figures of each row, (N,) float64, whose mean is
the figure of the part. Where probabilities are equal, a figure is its mean over all their orders,
or takes them for wrong, each as scikit-learn does.
"""

import numpy as np

DEPTHS = (3, 5)  # of top-k accuracy and nDCG at k
PRECISION_DEPTHS = (1, 3, 5)

TOP_ACCURACIES = tuple(f"top_{depth}_accuracy" for depth in DEPTHS)
OVERLAP_FIGURES = ("samples_jaccard", "samples_f1")
LABEL_ORDER_FIGURES = (
    *(f"precision_at_{depth}" for depth in PRECISION_DEPTHS),
    *(f"ndcg_at_{depth}" for depth in DEPTHS),
    "label_ranking_average_precision",
    "label_ranking_loss",
    "coverage_error",
)
BLOCK = 1 << 16  # rows that are sorted at a time


def in_top(probabilities: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """1 where the gold label (N,) is among the k most probable; NaN where K is k or less.

    Of equal probabilities the later label comes first, as in scikit-learn.
    """
    label_count = probabilities.shape[1]
    gold = np.take_along_axis(probabilities, targets[:, None], axis=1)
    later = np.arange(label_count) > targets[:, None]
    above = ((probabilities > gold) | ((probabilities == gold) & later)).sum(axis=1)
    return {
        name: (above < depth).astype(np.float64) if depth < label_count else _undefined(targets)
        for name, depth in zip(TOP_ACCURACIES, DEPTHS, strict=True)
    }


def overlap_figures(predicted: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Jaccard index and F1 of each row's labels, (N, K) 0/1 both; 1 where there are none at all."""
    hits = ((predicted != 0) & (targets != 0)).sum(axis=1)
    marked = (predicted != 0).sum(axis=1) + (targets != 0).sum(axis=1)
    right = np.ones(len(targets))
    return {
        "samples_jaccard": np.divide(hits, marked - hits, out=right.copy(), where=marked > 0),
        "samples_f1": np.divide(2 * hits, marked, out=right, where=marked > 0),
    }


def label_order_figures(probabilities: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Every one of LABEL_ORDER_FIGURES; targets is (N, K) 0/1.

    precision_at_k   share of the k most probable that are gold (NaN where K is k or less)
    ndcg_at_k        the same discounted by 1 / log2(place + 1), of the most that is possible;
                     0 without a gold label (Jarvelin & Kekalainen 2002; NaN where K is k or less)
    label_ranking_average_precision
                     mean over gold labels: share of gold among the labels at least as probable;
                     1 where none or all are gold
    label_ranking_loss
                     share of pairs of gold and other label where the other is as probable or more;
                     0 where none or all are gold
    coverage_error   how many labels, from the most probable on, hold all gold ones; 0 without one
    """
    blocks = [
        _of_block(probabilities[start : start + BLOCK], targets[start : start + BLOCK] != 0)
        for start in range(0, max(len(targets), 1), BLOCK)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _of_block(probabilities: np.ndarray, gold: np.ndarray) -> dict[str, np.ndarray]:
    rows, label_count = probabilities.shape
    order = np.argsort(-probabilities, axis=1)
    ordered = np.take_along_axis(probabilities, order, axis=1)
    gold = np.take_along_axis(gold, order, axis=1)
    found = gold.cumsum(axis=1)
    count = found[:, -1]
    # a stretch of equal probabilities, from `first` to `last`
    differs = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((rows, 1), bool)
    place = np.arange(label_count)
    first = np.maximum.accumulate(np.where(np.hstack([edge, differs]), place, 0), axis=1)
    last = np.where(np.hstack([differs, edge]), place, label_count)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    found_to_last = np.take_along_axis(found, last, axis=1)
    before = np.take_along_axis(found - gold, first, axis=1)
    gain = (found_to_last - before) / (last - first + 1)  # mean over the orders of equal ones

    figures = {}
    for depth in PRECISION_DEPTHS:
        value = gain[:, :depth].sum(axis=1) / depth if depth < label_count else _undefined(count)
        figures[f"precision_at_{depth}"] = value
    for depth in DEPTHS:
        discount = 1 / np.log2(np.arange(depth) + 2)
        value = _undefined(count)
        if depth < label_count:
            most = np.append(0, discount.cumsum())[np.minimum(count, depth)]
            value = _share(gain[:, :depth] @ discount, most, otherwise=0)
        figures[f"ndcg_at_{depth}"] = value
    at_least = last + 1
    graded = (count > 0) & (count < label_count)
    precision = np.where(gold, found_to_last / at_least, 0).sum(axis=1)
    figures["label_ranking_average_precision"] = _share(
        precision, np.where(graded, count, 0), otherwise=1
    )
    beaten = np.where(gold, at_least - found_to_last, 0).sum(axis=1)
    figures["label_ranking_loss"] = _share(beaten, count * (label_count - count), otherwise=0)
    figures["coverage_error"] = np.where(gold, at_least, 0).max(axis=1).astype(np.float64)
    return figures


def _share(part: np.ndarray, whole: np.ndarray, otherwise: float) -> np.ndarray:
    """part / whole, both (N,); `otherwise` where whole is 0."""
    return np.divide(part, whole, out=np.full(len(part), float(otherwise)), where=whole != 0)


def _undefined(rows: np.ndarray) -> np.ndarray:
    return np.full(len(rows), np.nan)
