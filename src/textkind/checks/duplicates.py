"""Texts that stand more than once: within a part, in train and test, nearly, with other labels."""

from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example, label_names_of, shown
from textkind.checks.near_duplicates import MOST_COMPARED, similarities
from textkind.data.corpus import Corpus
from textkind.data.text_keys import row_keys

SERIOUS_SHARE = 0.01  # of the test part, from which on its figures are off by more than noise


def repeated_texts(audited: Audited) -> list[Finding]:
    """Rows of a part whose text, but for case and white space, stands before them in it."""
    found = []
    for name, part in audited.parts.items():
        first = first_of_same(audited.keys[name])
        rows = np.flatnonzero(first < np.arange(len(part)))
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
                [example(part, row, name) | {"same_as_row": int(part.rows[first[row]])}
                 for row in rows[:MOST_SHOWN]],
                {"texts": int((np.bincount(first) > 1).sum())},
                part.rows[rows],
            )
        )  # fmt: skip
    return found


def first_of_same(keys: np.ndarray) -> np.ndarray:
    """(N,) int64 the first row of the same key."""
    _, first, unit = np.unique(keys, return_index=True, return_inverse=True)
    found: np.ndarray = first[unit]
    return found


def conflicting(keys: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) bool rows whose text has other labels in another row."""
    first = first_of_same(keys)
    labels = row_keys(np.zeros(len(keys), np.uint64), targets, np.zeros(1, np.uint64))
    return np.isin(first, first[labels != labels[first]])


def conflicting_labels(audited: Audited) -> list[Finding]:
    """Texts that have different labels in different rows, of whichever part."""
    parts = audited.parts
    keys = np.concatenate([*audited.keys.values()])
    rows = np.flatnonzero(
        conflicting(keys, np.concatenate([part.targets for part in parts.values()]))
    )
    if not rows.size:
        return []
    rows = rows[np.argsort(keys[rows], kind="stable")]
    places = [(name, row) for name, part in parts.items() for row in range(len(part))]
    texts = np.unique(keys[rows]).size
    return [
        Finding(
            "conflicting_labels",
            "serious" if rows.size > SERIOUS_SHARE * len(keys) else "warning",
            f"{texts:,} {'text has' if texts == 1 else 'texts have'} different labels in "
            f"different rows, {rows.size:,} rows in all",
            "decide which label is right; no model can be right on both",
            "all",
            int(rows.size),
            len(keys),
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


def only_nearly(clusters: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,) bool of the test rows in a cluster with train; train's rows come first in clusters.

    known (N,) bool says whose very text is in train.
    """
    learned = len(clusters) - len(known)
    return (clusters[learned:] < learned) & ~known


def near_duplicate_texts(audited: Audited) -> list[Finding]:
    """Test rows that are nearly a train text, and clusters within train."""
    test = audited.test
    findings = []
    if test is not None:
        known = np.isin(audited.keys["test"], audited.keys["train"])
        findings += _near_across(audited, test, only_nearly(audited.clusters, known))
    return findings + _near_within(audited.train, audited.clusters, audited.near)


def _near_across(audited: Audited, test: Corpus, near: np.ndarray) -> list[Finding]:
    rows = np.flatnonzero(near)
    if not rows.size:
        return []
    return [
        Finding(
            "near_duplicates_in_train",
            _severity(rows.size, len(test)),
            f"{rows.size:,} of {len(test):,} test rows are nearly a text of train (Jaccard "
            f"similarity {audited.near:g} or more, by a chain of such pairs), beside those that "
            "are the same",
            "judge on the other rows; if they come from one source, name it with --group",
            "test",
            int(rows.size),
            len(test),
            [example(test, row, "test") | _nearest(audited, test, row)
             for row in rows[:MOST_SHOWN]],
            {"similarity": audited.near},
            test.rows[rows],
        )
    ]  # fmt: skip


def _nearest(audited: Audited, test: Corpus, row: int) -> dict[str, Any]:
    """Of the first train texts in the cluster of a test row, the most similar."""
    train = audited.train
    same = audited.clusters[: len(train)] == audited.clusters[len(train) + row]
    members = np.flatnonzero(same)[:MOST_COMPARED]
    texts = pa.concat_arrays([test.texts.slice(int(row), 1), train.texts.take(pa.array(members))])
    near = similarities(texts, np.zeros(len(members), np.int64), 1 + np.arange(len(members)))
    best = int(members[int(near.argmax())])
    return {
        "train_row": int(train.rows[best]),
        "train_text": shown(train.texts[best].as_py()),
        "train_labels": label_names_of(train, best),
        "similarity": round(float(near.max()), 3),
    }


def _near_within(train: Corpus, cluster: np.ndarray, similarity: float) -> list[Finding]:
    cluster = cluster[: len(train)]
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
