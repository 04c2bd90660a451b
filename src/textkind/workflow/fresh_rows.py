"""What becomes of each row of a new file in an update: tested, validated on, learned, left out.

No row is tested, or chosen by, that the old model has seen, and none is learned that stands, or
nearly stands, in the old test or validation part: so both models can be compared on both.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.near_duplicates import near_duplicates
from textkind.data.corpus import Corpus
from textkind.data.settings import SplitSettings
from textkind.data.split import split_corpus
from textkind.data.text_keys import text_keys
from textkind.errors import DataError
from textkind.progress import SILENT, Talk
from textkind.workflow.parts import worthwhile_split

NEAR = 0.8  # Jaccard similarity from which on texts are nearly the same, as in the audit
SEPARATORS = str.maketrans("", "", " _-./")


@dataclass(frozen=True, eq=False)
class FreshRows:
    """Row numbers of the new corpus, each (n,) int64, by what becomes of them.

    train, validation, test   the parts of the update
    relabelled                (N_old,) bool: old training texts that a new row labels otherwise
    counts                    how many rows each reason of COUNTED is about
    facts                     the entries "duplicates" and "split" of the new file
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    relabelled: np.ndarray
    counts: dict[str, int]
    facts: dict[str, Any] = field(default_factory=dict)


def share_out(
    new: Corpus,
    train: Corpus,
    held_out: Corpus,
    seen: np.ndarray | None,
    split: SplitSettings,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> FreshRows:
    """Find what becomes of the new rows, beside the old training texts and those held out.

    All have one label set; seen (M,) uint64 are the keys of all texts that the old model has seen.
    DataError where no row is left to learn from.
    """
    keys, known, held = (text_keys(one.texts) for one in (new, train, held_out))
    in_held_out = np.isin(keys, held)
    near = _near_held_out(new, held_out, threads) & ~in_held_out
    left = ~in_held_out & ~near
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], keys), max(len(known) - 1, 0))
    stands = left & np.isin(keys, known)
    same = np.zeros(len(new), bool)
    rows = np.flatnonzero(stands)
    if len(rows):
        own = train.targets[order[place[rows]]]
        same[rows] = (own == new.targets[rows]).reshape(len(rows), -1).all(axis=1)
    otherwise = stands & ~same
    relabelled = np.isin(known, keys[otherwise])
    earlier = left & ~stands & (np.isin(keys, seen) if seen is not None else False)
    fresh = np.flatnonzero(left & ~stands & ~earlier)
    counts = {
        "in_held_out": int(in_held_out.sum()),
        "near_held_out": int(near.sum()),
        "known": int(same.sum()),
        "relabelled": int(otherwise.sum()),
        "seen": int(earlier.sum()),
    }
    learned = np.flatnonzero(otherwise | earlier)
    parts, facts = _split(new, fresh, split, talk)
    found = FreshRows(
        np.sort(np.concatenate([parts[0], learned])), parts[1], parts[2], relabelled, counts, facts
    )
    for note in _notes(counts):
        talk.note(note)
    if not len(found.train):
        raise DataError(
            f"none of the {len(new):,} new texts is new: the run knows them all, or tests on them",
            found=counts,
            hint="nothing is to be learned from this file; is it the right one?",
        )
    return found


def _near_held_out(new: Corpus, held_out: Corpus, threads: int | None) -> np.ndarray:
    """(N,) bool: new texts that are nearly one of those held out."""
    if not len(held_out):
        return np.zeros(len(new), bool)
    clusters = near_duplicates(pa.concat_arrays([held_out.texts, new.texts]), NEAR, threads)
    return np.isin(clusters[len(held_out) :], clusters[: len(held_out)])


def _split(
    new: Corpus, fresh: np.ndarray, split: SplitSettings, talk: Talk
) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Rows of train, validation and test among the fresh ones, by the rules of train."""
    nothing = np.empty(0, np.int64)
    some = new.take(fresh)
    some = Corpus(some.texts, some.targets, some.labels, fresh, group=some.group, time=some.time)
    if not len(fresh):
        return [nothing, nothing, nothing], {}
    try:
        parts = split_corpus(some, worthwhile_split(some, split))
    except DataError as error:
        talk.note(f"no new text is tested: {error.args[0]}")
        return [fresh, nothing, nothing], {}
    test = nothing if parts.test is None else parts.test.rows
    facts = {name: parts.facts[name] for name in ("duplicates", "split")}
    return [parts.train.rows, parts.validation.rows, test], facts


def _notes(counts: dict[str, int]) -> list[str]:
    """What is told of rows that are not simply new."""
    told = {
        "in_held_out": "{:,} new rows stand in the run's test or validation part, and are left out",
        "near_held_out": "{:,} new rows nearly stand in the run's test or validation part, and are "
        "left out",
        "known": "{:,} new rows repeat a training text with its labels, and are left out",
        "relabelled": "{:,} new rows label a training text otherwise: the new label counts",
        "seen": "{:,} new rows were seen before and are no longer kept: they are learned, not "
        "tested",
    }
    return [text.format(counts[name]) for name, text in told.items() if counts[name]]


def alike_labels(fresh: list[str], known: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs of a new label and a known one that it differs from in case or separators alone."""
    folded = {_folded(name): name for name in known}
    return [(name, folded[_folded(name)]) for name in fresh if _folded(name) in folded]


def _folded(name: str) -> str:
    return "".join(name.casefold().split()).translate(SEPARATORS)
