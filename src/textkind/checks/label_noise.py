"""Labels that are likely wrong, by confident learning (Northcutt et al. 2021).

    noise = label_noise(targets, probabilities)
    noise.rows                                 (M,) int64, the likeliest first

In go labels and what a model that has not seen the rows says of them; no model is known here.
"""

from dataclasses import dataclass

import numpy as np

from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example, names_of

FEWEST_OF_LABEL = 5  # rows: of a rarer label a model has learned too little to doubt it
NOISY = 0.01  # of the labels, from which on noise is worth a warning
EPSILON = 1e-9  # a mean of equal numbers may round to more than each of them


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """What speaks against the labels of N rows.

    quality    (N,) float64, 0 to 1: the probability of the given label; of several, of the one that
               is least probable to be as given
    suggested  what the probabilities speak for where a label is likely wrong, else what is given:
               in the shape and dtype of the targets
    rows       (M,) int64 rows whose label is likely wrong, by rising quality
    judged     rows, or rows times labels, whose label is frequent enough to be doubted
    share      estimated share of wrong labels among the judged; None where there are none
    """

    quality: np.ndarray
    suggested: np.ndarray
    rows: np.ndarray
    judged: int
    share: float | None


def label_noise(targets: np.ndarray, probabilities: np.ndarray) -> LabelNoise:
    """The labels that are likely wrong.

    targets are (N,) ids with probabilities (N, K), rows summing to 1; or (N, K) 0/1 with a
    probability for each, and then every label is looked at by itself, as one of two.
    """
    if targets.ndim == 1:
        quality, better, judged, wrong = _of_classes(targets, probabilities)
    else:
        quality = np.ones(targets.shape)
        better = np.empty(targets.shape, np.int64)
        judged, wrong = 0, 0.0
        for label in range(targets.shape[1]):
            of_label = probabilities[:, label].astype(np.float64)
            quality[:, label], better[:, label], seen, off = _of_classes(
                targets[:, label].astype(np.int64), np.stack([1 - of_label, of_label], axis=1)
            )
            judged, wrong = judged + seen, wrong + off
        quality = quality.min(axis=1, initial=1)
    changed = (better >= 0).reshape(len(targets), -1).any(axis=1)
    rows = np.flatnonzero(changed)
    return LabelNoise(
        quality,
        np.where(better >= 0, better, targets).astype(targets.dtype),
        rows[np.argsort(quality[rows], kind="stable")],
        judged,
        wrong / judged if judged else None,
    )


def confident_labels(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(N,) int64 the label that each row has confidently, -1 for none; targets are (N,) ids.

    A row has a label confidently where its probability is at least the mean one of the rows that
    are given the label; the most probable of such labels counts. No row has a label confidently
    that fewer than FEWEST_OF_LABEL rows are given.
    """
    classes = probabilities.shape[1]
    given = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    counts = np.bincount(targets, minlength=classes)
    means = np.bincount(targets, given, minlength=classes) / np.maximum(counts, 1)
    means[counts < FEWEST_OF_LABEL] = np.inf
    above = np.where(probabilities >= means - EPSILON, probabilities, -1.0)
    best = above.argmax(axis=1)
    best[above[np.arange(len(targets)), best] < 0] = -1
    return best


def _of_classes(
    targets: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Quality (N,), the likely label (N,) or -1 for that given, rows judged, wrong ones expected.

    The counts of rows by given and confident label, scaled to the number of rows of each given
    label, estimate how many rows of a label are of another.
    """
    classes = probabilities.shape[1]
    every = np.arange(len(targets))
    quality = probabilities[every, targets].astype(np.float64)
    confident = confident_labels(targets, probabilities)
    counts = np.bincount(targets, minlength=classes)
    judged = counts[targets] >= FEWEST_OF_LABEL
    sure = (confident >= 0) & judged
    other = sure & (confident != targets)
    more = probabilities[every, np.maximum(confident, 0)] > quality
    sure_counts = np.bincount(targets[sure], minlength=classes)
    off = np.bincount(targets[other], minlength=classes) / np.maximum(sure_counts, 1)
    wrong = float((off * counts)[counts >= FEWEST_OF_LABEL].sum())
    return quality, np.where(other & more, confident, -1), int(judged.sum()), wrong


def likely_wrong_labels(audited: Audited) -> list[Finding]:
    """Rows whose label is likely wrong, where probabilities by others' rows are at hand."""
    found = []
    for name, given in audited.probabilities.items():
        part = audited.parts[name]
        noise = label_noise(part.targets, given)
        if not noise.rows.size:
            continue
        share = noise.share
        assert share is not None
        found.append(
            Finding(
                "likely_wrong_labels",
                "warning" if noise.rows.size >= NOISY * len(part) else "note",
                f"{noise.rows.size:,} of {len(part):,} {name} labels are likely wrong (by all "
                f"of them, {share:.1%} of the labels are)",
                "read them, the likeliest first; textkind clean --fix-labels writes the labels "
                "suggested",
                name,
                int(noise.rows.size),
                len(part),
                [example(part, row, name)
                 | {"suggested": names_of(part.labels, noise.suggested[row]),
                    "quality": round(float(noise.quality[row]), 4)}
                 for row in noise.rows[:MOST_SHOWN]],
                {"estimated_share": round(share, 4), "judged": noise.judged},
                part.rows[noise.rows],
            )
        )  # fmt: skip
    return found
