"""Split a corpus into train, validation and test; the test labels come out sealed.

Nothing here depends on the order of the rows in the file: rows are put in an order drawn from
their text, their labels and the seed, and the parts keep that order.
"""

from dataclasses import dataclass

import numpy as np

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.sealed import SealedCorpus
from textkind.data.settings import SplitSettings
from textkind.data.split_rules import (
    TEST,
    TRAIN,
    VALIDATION,
    group_split,
    labels_split,
    stratified_split,
    time_split,
)
from textkind.data.targets import label_counts
from textkind.data.text_keys import mixed, row_keys, salt_of, text_keys
from textkind.errors import DataError, SettingsError
from textkind.progress import SILENT, Talk
from textkind.seeds import generator


@dataclass(frozen=True, eq=False)
class Parts:
    """The three parts, and the entries "parts", "duplicates" and "split" of metrics.json's data.

    test is None where no test part was wanted; validation may be empty.
    """

    train: Corpus
    validation: Corpus
    test: SealedCorpus | None
    facts: dict


def split_corpus(
    corpus: Corpus,
    settings: SplitSettings,
    given_test: Corpus | None = None,
    given_validation: Corpus | None = None,
    talk: Talk = SILENT,
) -> Parts:
    """Split off a test and a validation part, unless they are given.

    Rows with the same text, but for case and white space, stay on one side if the settings say
    so. Raises DataError where the corpus is too small to be split.
    """
    method = _method(corpus, settings)
    test_share = 0.0 if given_test is not None else settings.test_share
    validation_share = 0.0 if given_validation is not None else settings.validation_share
    for given in (given_test, given_validation):
        if given is not None and given.labels != corpus.labels:
            raise DataError(
                "the given files were not read with the label set of the training file",
                found=given.labels.names[:5],
                hint="pass labels=corpus.labels when reading them",
            )
    with talk.task("splitting"):
        keys = text_keys(corpus.texts)
        unit = np.unique(keys, return_inverse=True)[1]
        kept = settings.duplicates_on_one_side
        parts = np.zeros(len(corpus), np.int8)
        if test_share or validation_share:
            parts, kept = _dealt(corpus, keys, unit, settings, method, test_share, validation_share)
        _check_parts(parts, test_share, validation_share, method)
        order = drawn_order(keys, corpus.targets, settings.seed)
        train, drawn_validation, drawn_test = (
            corpus.take(order[parts[order] == part]) for part in (TRAIN, VALIDATION, TEST)
        )
    validation = drawn_validation if given_validation is None else given_validation
    test = given_test if given_test is not None else drawn_test if test_share else None
    duplicates = _duplicates(corpus, unit)
    duplicates["kept_on_one_side"] = kept
    duplicates["across_given_files"] = sum(
        int(np.isin(text_keys(given.texts), keys).sum())
        for given in (given_test, given_validation)
        if given is not None
    )
    named = {"train": train, "validation": validation, "test": test}
    facts = {
        "parts": {name: corpus_profile(part) for name, part in named.items() if part is not None},
        "duplicates": duplicates,
        "split": {
            "method": "given" if given_test is not None else method,
            "seed": settings.seed,
            "test_share": test_share,
            "validation_share": validation_share,
        },
    }
    crossing = 0 if kept else _crossing(unit, parts)
    for note in split_notes(facts, crossing, kept == settings.duplicates_on_one_side, method):
        talk.note(note)
    return Parts(train, validation, None if test is None else SealedCorpus(test), facts)


def drawn_order(keys: np.ndarray, targets: np.ndarray, seed: int) -> np.ndarray:
    """(N,) row numbers in the order of the parts, by the keys of texts, their labels and a seed."""
    return np.argsort(row_keys(keys, targets, salt_of(seed, "order")), kind="stable")


def _method(corpus: Corpus, settings: SplitSettings) -> str:
    """The way to split: as asked, else by the column that is there for it."""
    columns = {"group": corpus.group, "time": corpus.time}
    present = [name for name, column in columns.items() if column is not None]
    if settings.method is None:
        if len(present) > 1:
            raise SettingsError(
                "both a group and a time column are given, and only one can split",
                hint="say which: method 'group' or 'time' (--split)",
            )
        return present[0] if present else "stratified"
    if settings.method in columns and settings.method not in present:
        raise SettingsError(
            f"a split by {settings.method} needs a {settings.method} column",
            hint=f"name it with --{settings.method}",
        )
    return settings.method


def _dealt(
    corpus: Corpus,
    keys: np.ndarray,
    unit: np.ndarray,
    settings: SplitSettings,
    method: str,
    test_share: float,
    validation_share: float,
) -> tuple[np.ndarray, bool]:
    """(N,) int8 part of each row, and whether duplicates were kept on one side."""
    together = settings.duplicates_on_one_side
    salt = salt_of(settings.seed, "split")
    shares = {"test_share": test_share, "validation_share": validation_share}
    if method == "time":
        assert corpus.time is not None
        parts = time_split(corpus.time, **shares)
        return parts, together and not _crossing(unit, parts)
    labels = len(corpus.labels)
    if method == "group":
        assert corpus.group is not None
        units = np.unique(corpus.group, return_inverse=True)[1]
        if together:
            units, together = _joined(units, unit, max(shares.values()))
        least = 1 + (test_share > 0) + (validation_share > 0)
        if units.max() + 1 < least:
            raise DataError(
                f"a split by group needs at least {least} groups that share no text",
                found=int(units.max()) + 1,
                hint="choose another column, or split without groups: --split stratified",
            )
    else:
        units = unit if together else np.arange(len(corpus))
    row, label = _pairs(corpus.targets)
    weights = np.bincount(units)
    pairs, counts = np.unique(units[row] * np.int64(labels) + label, return_counts=True)
    unit_of, label_of = np.divmod(pairs, labels)
    # Addition makes the key of a unit independent of the order of its rows.
    unit_keys = np.zeros(len(weights), np.uint64)
    np.add.at(unit_keys, units, row_keys(keys, corpus.targets, salt))
    unit_keys = mixed(unit_keys, salt)
    if method == "group":
        dealt = group_split(unit_of, label_of, counts, weights, unit_keys, labels=labels, **shares)
    elif corpus.labels.several:
        dealt = labels_split(unit_of, label_of, weights, unit_keys, labels=labels, **shares)
    else:
        # The most frequent label of a text; of equals the last by name.
        classes = np.empty(len(weights), np.int64)
        rising = np.lexsort((label_of, counts, unit_of))
        classes[unit_of[rising]] = label_of[rising]
        offset = float(generator(settings.seed, "split").random())
        dealt = stratified_split(classes, weights, unit_keys, offset=offset, **shares)
    return dealt[units], together


def _pairs(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of row and label, each (M,) int64."""
    if targets.ndim == 1:
        return np.arange(len(targets)), targets.astype(np.int64)
    row, label = np.nonzero(targets)
    return row, label


def _joined(group: np.ndarray, unit: np.ndarray, share: float) -> tuple[np.ndarray, bool]:
    """Groups that share a text as one, unless that ties too much together; and whether so.

    A text that everybody writes ("ok") can tie most groups to one another. Where the largest knot
    would be more than the largest part drawn, the groups stay as they are.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = int(group.max()) + 1 + int(unit.max()) + 1
    edges = coo_array((np.ones(len(group), bool), (group, group.max() + 1 + unit)), (nodes, nodes))
    knot = connected_components(edges, directed=False)[1][group]
    knot = np.unique(knot, return_inverse=True)[1]
    largest_group = np.bincount(group).max()
    if np.bincount(knot).max() <= max(share * len(group), largest_group):
        return knot, True
    return group, not _crossing(unit, group)


def _crossing(unit: np.ndarray, parts: np.ndarray) -> int:
    """Rows outside train whose text is in train too, where parts are parts; else any above 0."""
    pairs = np.unique(np.stack([unit, parts]), axis=1)
    shared = np.bincount(pairs[0], minlength=int(unit.max(initial=0)) + 1) > 1
    return int((shared[unit] & (parts != TRAIN)).sum())


def _check_parts(
    parts: np.ndarray, test_share: float, validation_share: float, method: str
) -> None:
    wanted = [("train", TRAIN)]
    wanted += [("test", TEST)] * (test_share > 0) + [("validation", VALIDATION)] * (
        validation_share > 0
    )
    for name, part in wanted:
        if not (parts == part).any():
            raise DataError(
                f"{len(parts):,} rows are too few to split off a {name} part ({method})",
                hint="three different texts of a class, or three times, are the least; or give "
                "test and validation files",
            )


def _duplicates(corpus: Corpus, unit: np.ndarray) -> dict:
    """Rows that repeat the text of another, texts that are repeated, and those with two answers."""
    sizes = np.bincount(unit)
    repeated = sizes[unit] > 1
    answers = row_keys(np.zeros(len(unit), np.uint64), corpus.targets, np.zeros(1, np.uint64))
    pairs = np.unique(np.stack([unit[repeated].astype(np.uint64), answers[repeated]]), axis=1)
    _, kinds = np.unique(pairs[0], return_counts=True)
    return {
        "rows": int((sizes - 1).sum()),
        "groups": int((sizes > 1).sum()),
        "conflicting": int((kinds > 1).sum()),
    }


def corpus_profile(part: Corpus) -> dict:
    """Rows of a part, and how many have each label."""
    return part_profile(part.labels, label_counts(part.targets, len(part.labels)), len(part))


def part_profile(labels: LabelSet, counts: np.ndarray, rows: int) -> dict:
    """The same of a part of so many rows, of which (K,) have each label."""
    told = zip(labels.names, counts.tolist(), strict=True)
    return {"rows": rows, "labels": dict(told)}


def split_notes(facts: dict, crossing: int, as_asked: bool, method: str) -> list[str]:
    """What there is to tell of Parts.facts.

    crossing rows are in two parts by their text, as_asked says whether the settings wanted so.
    """
    notes = []
    duplicates, parts = facts["duplicates"], facts["parts"]
    if duplicates["rows"]:
        told = f"{duplicates['rows']:,} rows repeat the text of another"
        if duplicates["kept_on_one_side"]:
            told += ", and stay on its side of the split"
        elif crossing:
            told += f"; {crossing:,} of them are tested or validated on and also in train"
            told += "" if as_asked else f", since the {method} decides the side"
        notes.append(told)
    if duplicates["conflicting"]:
        notes.append(f"{duplicates['conflicting']:,} repeated texts have different labels")
    if duplicates["across_given_files"]:
        notes.append(
            f"{duplicates['across_given_files']:,} rows of the given test or validation file have "
            "a text that is also in the training file"
        )
    unlearned = [name for name, count in parts["train"]["labels"].items() if not count]
    if unlearned:
        notes.append(f"{len(unlearned):,} labels have no row in train: {_some(unlearned)}")
    if "test" in parts:
        untested = [name for name, count in parts["test"]["labels"].items() if not count]
        if untested:
            notes.append(f"{len(untested):,} labels have no row in test: {_some(untested)}")
    return notes


def _some(names: list[str], most: int = 8) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")
