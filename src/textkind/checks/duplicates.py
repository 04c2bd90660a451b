"""Texts that stand more than once: within a part, in train and test, nearly, with other labels."""

import numpy as np
import pyarrow as pa

from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example, label_names_of, shown
from textkind.checks.near_duplicates import NearDuplicates, near_duplicates
from textkind.data.corpus import Corpus
from textkind.data.text_keys import row_keys, text_keys

SERIOUS_SHARE = 0.01  # of the test part, from which on its figures are off by more than noise


def repeated_texts(audited: Audited) -> list[Finding]:
    """Rows of a part whose text, but for case and white space, stands before them in it."""
    found = []
    for name, part in audited.parts.items():
        unit = np.unique(audited.keys[name], return_inverse=True)[1]
        first = np.full(int(unit.max(initial=-1)) + 1, len(part), np.int64)
        np.minimum.at(first, unit, np.arange(len(part)))
        rows = np.flatnonzero(first[unit] < np.arange(len(part)))
        if not rows.size:
            continue
        found.append(
            Finding(
                "repeated_texts",
                "warning" if rows.size > len(part) / 2 else "note",
                f"{rows.size:,} of {len(part):,} {name} rows repeat the text of an earlier one",
                "keep duplicates on one side of a split, as textkind does",
                name,
                int(rows.size),
                len(part),
                [example(part, row, name) | {"same_as_row": int(part.rows[first[unit[row]]])}
                 for row in rows[:MOST_SHOWN]],
                {"texts": int((np.bincount(unit) > 1).sum())},
                part.rows[rows],
            )
        )  # fmt: skip
    return found


def conflicting_labels(audited: Audited) -> list[Finding]:
    """Texts that have different labels in different rows, of whichever part."""
    answers, places = [], []
    for name, part in audited.parts.items():
        nothing = np.zeros(len(part), np.uint64)
        answers.append(row_keys(nothing, part.targets, np.zeros(1, np.uint64)))
        places += [(name, row) for row in range(len(part))]
    unit = np.unique(np.concatenate([*audited.keys.values()]), return_inverse=True)[1]
    pairs = np.unique(np.stack([unit.astype(np.uint64), np.concatenate(answers)]), axis=1)
    kinds = np.bincount(pairs[0].astype(np.int64), minlength=int(unit.max(initial=-1)) + 1)
    rows = np.flatnonzero(kinds[unit] > 1)
    if not rows.size:
        return []
    rows = rows[np.argsort(unit[rows], kind="stable")]
    parts = audited.parts
    texts = int((kinds > 1).sum())
    return [
        Finding(
            "conflicting_labels",
            "serious" if rows.size > SERIOUS_SHARE * len(unit) else "warning",
            f"{texts:,} {'text has' if texts == 1 else 'texts have'} different labels in "
            f"different rows, {rows.size:,} rows in all",
            "decide which label is right; no model can be right on both",
            "all",
            int(rows.size),
            len(unit),
            [example(parts[name], row, name) for name, row in (places[at] for at in
             rows[:MOST_SHOWN])],
            {"texts": texts},
            np.array([parts[name].rows[row] for name, row in (places[at] for at in rows)]),
        )
    ]  # fmt: skip


def test_texts_in_train(audited: Audited) -> list[Finding]:
    """Test rows whose text, but for case and white space, is in train."""
    test, train = audited.test, audited.train
    if test is None:
        return []
    known, first = np.unique(audited.keys["train"], return_index=True)
    keys = audited.keys["test"]
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    rows = np.flatnonzero(known[place] == keys)
    if not rows.size:
        return []
    same = first[place[rows]]
    agree = int((test.targets[rows] == train.targets[same]).reshape(len(rows), -1).all(1).sum())
    return [
        Finding(
            "test_texts_in_train",
            _severity(rows.size, len(test)),
            f"{rows.size:,} of {len(test):,} test rows have a text that is in train, "
            f"{agree:,} of them with the same label",
            "judge on the other rows; split with duplicates on one side",
            "test",
            int(rows.size),
            len(test),
            [example(test, row, "test") | {"train_row": int(train.rows[other])}
             for row, other in zip(rows[:MOST_SHOWN], same, strict=False)],
            {"same_label": agree},
            test.rows[rows],
        )
    ]  # fmt: skip


def seen_in_train(
    train: pa.LargeStringArray,
    test: pa.LargeStringArray,
    similarity: float = 0.8,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Two (N,) bool of the test texts: which are in train, and which only nearly."""
    keys = text_keys(train), text_keys(test)
    texts = pa.concat_arrays([train, test])
    found = near_duplicates(texts, similarity, threads, np.concatenate(keys))
    known = np.isin(keys[1], keys[0])
    return known, only_nearly(found, known)


def only_nearly(found: NearDuplicates, known: np.ndarray) -> np.ndarray:
    """(N,) bool of the test rows in a cluster with train; found has train's rows, then these.

    known (N,) bool says whose very text is in train.
    """
    learned = len(found.cluster) - len(known)
    return (found.cluster[learned:] < learned) & ~known


def near_duplicate_texts(audited: Audited) -> list[Finding]:
    """Test rows that are nearly a train text, and clusters within train."""
    train, test = audited.train, audited.test
    texts = [part.texts for part in audited.parts.values()]
    keys = np.concatenate([*audited.keys.values()])
    found = near_duplicates(pa.concat_arrays(texts), audited.near, audited.threads, keys)
    findings = []
    if test is not None:
        known = np.isin(audited.keys["test"], audited.keys["train"])
        findings += _near_across(train, test, found, only_nearly(found, known), audited.near)
    return findings + _near_within(train, found, audited.near)


def _near_across(
    train: Corpus, test: Corpus, found: NearDuplicates, near: np.ndarray, similarity: float
) -> list[Finding]:
    first = found.cluster[len(train) :]
    rows = np.flatnonzero(near)
    if not rows.size:
        return []
    examples = [
        example(test, row, "test")
        | {
            "train_row": int(train.rows[first[row]]),
            "train_text": shown(train.texts[int(first[row])].as_py()),
            "train_labels": label_names_of(train, int(first[row])),
        }
        for row in rows[:MOST_SHOWN]
    ]
    return [
        Finding(
            "near_duplicates_in_train",
            _severity(rows.size, len(test)),
            f"{rows.size:,} of {len(test):,} test rows are nearly a text of train (Jaccard "
            f"similarity {similarity:g} or more, by a chain of such pairs), beside those that are "
            "the same",
            "judge on the other rows; if they come from one source, name it with --group",
            "test",
            int(rows.size),
            len(test),
            examples,
            {"similarity": similarity},
            test.rows[rows],
        )
    ]


def _near_within(train: Corpus, found: NearDuplicates, similarity: float) -> list[Finding]:
    cluster = found.cluster[: len(train)]
    sizes = np.bincount(cluster, minlength=len(train))
    rows = np.flatnonzero((sizes[cluster] > 1) & (cluster != np.arange(len(train))))
    if not rows.size:
        return []
    clusters = int((sizes > 1).sum())
    largest = np.argsort(-sizes, kind="stable")[: MOST_SHOWN // 2]
    return [
        Finding(
            "near_duplicates_within",
            "warning" if rows.size > len(train) / 2 else "note",
            f"{rows.size:,} of {len(train):,} train rows are nearly an earlier one, the same "
            f"included; the largest of {clusters:,} clusters has {sizes.max():,} rows",
            "such texts teach little that is new, and a random split puts them on both sides",
            "train",
            int(rows.size),
            len(train),
            [example(train, first, "train") | {"cluster": int(sizes[first])}
             for first in largest if sizes[first] > 1],
            {"similarity": similarity, "clusters": clusters},
            train.rows[rows],
        )
    ]  # fmt: skip


def _severity(rows: int, of: int) -> str:
    return "serious" if rows >= SERIOUS_SHARE * of else "warning"
