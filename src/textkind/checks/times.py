"""Time: rows learned from that come later than those judged; labels, lengths, words that drift."""

import numpy as np
import pyarrow.compute as pc

from textkind.checks.alone import halves
from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example
from textkind.evaluation.counts import rows_by_label

DRIFT = 0.1  # total variation between the labels of the early and the late half
LONGER = 0.15  # distance of Kolmogorov and Smirnov between the lengths of both halves
NEW = 1.5, 0.01  # times, and more, that the late half holds words which the early one has not,
# against one half drawn by chance and the other


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


def text_drift(audited: Audited) -> list[Finding]:
    """Lengths, or words, that change between the early and the late half of train."""
    train = audited.train
    if train.time is None or len(train) < 2:
        return []
    late = np.zeros(len(train), bool)
    late[np.argsort(train.time, kind="stable")[len(train) // 2 :]] = True
    return [*_length_drift(audited, late), *_word_drift(audited, late)]


def _length_drift(audited: Audited, late: np.ndarray) -> list[Finding]:
    lengths = pc.utf8_length(audited.train.texts).to_numpy(zero_copy_only=False)
    one, other = np.sort(lengths[~late]), np.sort(lengths[late])
    at = np.unique(lengths)
    shares = [np.searchsorted(half, at, side="right") / half.size for half in (one, other)]
    distance = float(np.abs(shares[0] - shares[1]).max())
    if distance < LONGER:
        return []
    medians = float(np.median(one)), float(np.median(other))
    return [
        _drift(
            audited, "length_drift",
            f"texts change in length over time: {medians[0]:,.0f} characters at the median in the "
            f"early half of train, {medians[1]:,.0f} in the late half",
            {"distance": round(distance, 4), "early": medians[0], "late": medians[1]},
        )
    ]  # fmt: skip


def _word_drift(audited: Audited, late: np.ndarray) -> list[Finding]:
    by_time = _unseen(audited, late)
    by_chance = _unseen(audited, halves(audited.keys["train"]))
    if by_time is None or by_chance is None:
        return []
    times, more = NEW
    if by_time < times * by_chance or by_time < by_chance + more:
        return []
    return [
        _drift(
            audited, "vocabulary_drift",
            f"words change over time: {by_time:.1%} of those of the late half of train are not in "
            f"the early half, {by_chance:.1%} in a half drawn by chance",
            {"by_time": round(by_time, 4), "by_chance": round(by_chance, 4)},
        )
    ]  # fmt: skip


def _unseen(audited: Audited, judged: np.ndarray) -> float | None:
    """The share of the words of the judged texts (N,) bool, once a text, that no other text has."""
    words = audited.words
    of_judged = judged[words.row]
    if of_judged.all() or not of_judged.any():
        return None
    seen = np.zeros(1 << words.bits, bool)
    seen[words.bucket[~of_judged]] = True
    return float(1 - seen[words.bucket[of_judged]].mean())


def _drift(audited: Audited, check: str, what: str, facts: dict[str, float]) -> Finding:
    rows = len(audited.train)
    advice = "split by time (--split time), and measure again as new texts come in"
    return Finding(check, "warning", what, advice, "train", rows, rows, facts=facts)
