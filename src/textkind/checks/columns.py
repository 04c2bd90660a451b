"""Columns beside the text: the same user on both sides, and columns that tell the label alone."""

import numpy as np
import pyarrow as pa

from textkind.checks.alone import Alone, codes_of, judged_alone, ranked
from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example

# A column may hold users, threads or products where it has so many values for its rows: with fewer
# it is a property that both sides share rightly, with more it names rows.
LEAST_SHARE, MOST_SHARE = 0.05, 0.9
TELLING = 0.25  # share of the commonest label's mistakes that a feature alone saves
FEWEST_JUDGED = 20


def groups_on_both_sides(audited: Audited) -> list[Finding]:
    """Test rows whose user, thread, product or the like is in train too.

    Looked at are the column of groups, and every other that may hold such.
    """
    test, train = audited.test, audited.train
    if test is None:
        return []
    found = []
    for name, chunks in audited.beside.items():
        codes = codes_of(chunks)
        if name != audited.grouped and not _may_be_groups(codes):
            continue
        known = np.unique(codes[: len(train)])
        own = codes[len(train) :]
        rows = np.flatnonzero(np.isin(own, known[known >= 0]))
        if not rows.size:
            continue
        classes, labels = audited.classes
        alone = judged_alone(codes, classes, audited.learned, labels)
        is_bad = name == audited.grouped or alone.gain >= TELLING
        found.append(
            Finding(
                "groups_on_both_sides",
                "serious" if is_bad and rows.size >= 0.01 * len(test) else "warning",
                f"{rows.size:,} of {len(test):,} test rows have a value of {name!r} that is in "
                f"train; its commonest label there is right for {alone.right:,} of them, the "
                f"commonest label of all for {alone.base:,}",
                f"if new texts come from others, split with --group {name}",
                "test",
                int(rows.size),
                len(test),
                [example(test, row, "test") | {name: chunks_value(chunks, len(train) + int(row))}
                 for row in rows[:MOST_SHOWN]],
                {"column": name, "right": alone.right, "base": alone.base},
                test.rows[rows],
            )
        )  # fmt: skip
    return found


def telling_columns(audited: Audited) -> list[Finding]:
    """Columns that alone tell the label, by value, or by bins of a number."""
    classes, labels = audited.classes
    found = []
    for name, chunks in audited.beside.items():
        if name == audited.grouped:
            continue
        is_number = all(pa.types.is_floating(chunk.type) for chunk in chunks)
        codes = codes_of(chunks)
        if is_number:
            numbers = np.concatenate([chunk.to_numpy() for chunk in chunks])
            codes = ranked(np.nan_to_num(numbers.astype(np.float64)))
        alone = judged_alone(codes, classes, audited.learned, labels)
        found += telling(audited, "telling_columns", f"the column {name!r}", alone,
                         f"leave {name} out unless it is known before the label is")  # fmt: skip
    return found


def telling(audited: Audited, check: str, feature: str, alone: Alone, advice: str) -> list[Finding]:
    """A finding, where a feature alone saves TELLING of the commonest label's mistakes."""
    if alone.gain < TELLING or alone.rows < FEWEST_JUDGED:
        return []
    return [
        Finding(
            check,
            "warning",
            f"{feature} alone tells {alone.right:,} of {alone.rows:,} labels, the commonest label "
            f"{alone.base:,}",
            advice,
            "train" if audited.test is None else "test",
            alone.rows,
            alone.rows,
            facts={"feature": feature, "right": alone.right, "base": alone.base,
                   "gain": round(alone.gain, 4)},
        )
    ]  # fmt: skip


def chunks_value(chunks: list[pa.ChunkedArray], row: int) -> str:
    """A value of a column of all parts, as text."""
    for chunk in chunks:
        if row < len(chunk):
            return str(chunk[row].as_py())
        row -= len(chunk)
    raise IndexError(row)


def _may_be_groups(codes: np.ndarray) -> bool:
    different = np.unique(codes[codes >= 0]).size
    return LEAST_SHARE * len(codes) <= different <= MOST_SHARE * len(codes)
