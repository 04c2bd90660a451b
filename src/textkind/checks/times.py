"""Time: rows that are learned from though they come later than those that are judged; drift."""

import numpy as np

from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example
from textkind.evaluation.counts import rows_by_label

DRIFT = 0.1  # total variation between the labels of the early and the late half


def train_later_than_test(audited: Audited) -> list[Finding]:
    """Train rows that are later than the first test row: what is to be foretold is known."""
    train, test = audited.train, audited.test
    if test is None or train.time is None or test.time is None:
        return []
    begins = test.time.min()
    rows = np.flatnonzero(train.time > begins)
    if not rows.size:
        return []
    return [
        Finding(
            "train_later_than_test",
            "serious" if rows.size >= 0.01 * len(train) else "warning",
            f"{rows.size:,} of {len(train):,} train rows are later than the first test row "
            f"({np.datetime_as_string(begins, unit='D')})",
            "if the model is to label what comes, split by time: --split time",
            "train",
            int(rows.size),
            len(train),
            [example(train, row, "train") | {"time": str(train.time[row])}
             for row in rows[:MOST_SHOWN]],
            {"test_begins": str(begins)},
            train.rows[rows],
        )
    ]  # fmt: skip


def label_drift(audited: Audited) -> list[Finding]:
    """Labels whose share changes between the early and the late half of train."""
    train = audited.train
    if train.time is None or len(train) < 2:
        return []
    order = np.argsort(train.time, kind="stable")
    early, late = (
        rows_by_label(train.targets[half], len(train.labels)).counts
        for half in np.array_split(order, 2)
    )
    if not early.sum() or not late.sum():
        return []
    change = late / late.sum() - early / early.sum()
    distance = float(np.abs(change).sum() / 2)
    if distance < DRIFT:
        return []
    moved = np.argsort(-np.abs(change), kind="stable")[:MOST_SHOWN]
    return [
        Finding(
            "label_drift",
            "warning",
            f"labels change over time: {distance:.0%} of them would have to be others for the "
            "late half of train to be as the early one",
            "split by time (--split time), and measure again as new labels come in",
            "train",
            len(train),
            len(train),
            [{"label": train.labels.names[label], "change": round(float(change[label]), 4)}
             for label in moved if abs(change[label]) > 0.01],
            {"distance": round(distance, 4)},
        )
    ]  # fmt: skip
