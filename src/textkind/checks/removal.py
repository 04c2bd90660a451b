"""Which rows of a file go so that a check finds nothing in it any more, and why each of them.

    for removal in removals(Audited(train, test), DEFAULT):
        removal.rows                           (M,) int64 rows of train
        removal.why(row)                       a phrase

The test part stays as it is: what it shares with train goes from train.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from textkind.checks import content
from textkind.checks.duplicates import conflicting, first_of_same
from textkind.checks.finding import Audited
from textkind.checks.label_noise import label_noise
from textkind.data.corpus import Corpus


@dataclass(frozen=True, eq=False)
class Removal:
    """Rows (M,) int64 of train, ascending, that one check lets go."""

    check: str
    rows: np.ndarray
    why: Callable[[int], str]


def removals(audited: Audited, checks: tuple[str, ...]) -> Iterator[Removal]:
    """What each of the checks lets go, in the order of REMOVABLE; a row may come more than once."""
    for check, removable in REMOVABLE.items():
        if check in checks:
            rows, why = removable(audited)
            yield Removal(check, rows, why)


Found = tuple[np.ndarray, Callable[[int], str]]


def _in_test(audited: Audited) -> Found:
    if audited.test is None:
        return NOTHING
    known = np.isin(audited.keys["train"], audited.keys["test"])
    return np.flatnonzero(known), lambda row: "its text is in the test file"


def _nearly_in_test(audited: Audited) -> Found:
    if audited.test is None:
        return NOTHING
    learned = len(audited.train)
    near = np.isin(audited.clusters[:learned], audited.clusters[learned:])
    return np.flatnonzero(near), lambda row: "it is nearly a text of the test file"


def _later_than_test(audited: Audited) -> Found:
    train, test = audited.train, audited.test
    if test is None or train.time is None or test.time is None:
        return NOTHING
    begins = test.time.min()
    return np.flatnonzero(train.time > begins), lambda row: f"it is later than {begins}"


def _conflicting(audited: Audited) -> Found:
    rows = np.flatnonzero(conflicting(audited.keys["train"], audited.train.targets))
    return rows, lambda row: "other rows of its text have other labels"


def _likely_wrong(audited: Audited) -> Found:
    if "train" not in audited.probabilities:
        return NOTHING
    noise = label_noise(audited.train.targets, audited.probabilities["train"])
    return np.sort(
        noise.rows
    ), lambda row: f"its label is likely wrong (probability {noise.quality[row]:.2g})"


def _repeated(audited: Audited) -> Found:
    first = first_of_same(audited.keys["train"])
    rows = np.flatnonzero(first < np.arange(len(first)))
    return rows, lambda row: f"it repeats the text of row {audited.train.rows[first[row]]}"


def _nearly_repeated(audited: Audited) -> Found:
    cluster = audited.clusters[: len(audited.train)]
    rows = np.flatnonzero(cluster < np.arange(len(cluster)))
    return rows, lambda row: f"it is nearly the text of row {audited.train.rows[cluster[row]]}"


def _with(concerned: Callable[[Corpus], np.ndarray], why: str) -> Callable[[Audited], Found]:
    """Rows whose text alone is the reason."""

    def removable(audited: Audited) -> Found:
        return np.flatnonzero(concerned(audited.train)), lambda row: why

    return removable


NOTHING: Found = np.empty(0, np.int64), str
REMOVABLE: Mapping[str, Callable[[Audited], Found]] = {
    "test_texts_in_train": _in_test,
    "near_duplicates_in_train": _nearly_in_test,
    "train_later_than_test": _later_than_test,
    "empty_texts": _with(content.is_empty, "it has no letter and no digit"),
    "conflicting_labels": _conflicting,
    "likely_wrong_labels": _likely_wrong,
    "repeated_texts": _repeated,
    "near_duplicates_within": _nearly_repeated,
    "garbled_texts": _with(content.is_garbled, "it looks as if read in a wrong encoding"),
    "short_texts": _with(content.is_short, "it is a single word"),
    "long_texts": _with(content.is_long, "it is far longer than the others"),
    "personal_data": _with(content.is_personal, "it holds personal data"),
}
DEFAULT = (
    "test_texts_in_train",
    "near_duplicates_in_train",
    "empty_texts",
    "conflicting_labels",
    "repeated_texts",
    "near_duplicates_within",
)
