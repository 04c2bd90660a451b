"""What a check found: what, how many, how bad, which rows, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.alone import halves
from textkind.checks.function_words import languages_of
from textkind.checks.hashed_words import HashedWords, hashed_words
from textkind.checks.near_duplicates import near_duplicates
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.text_keys import text_keys

SEVERITIES = ("note", "warning", "serious")
MOST_SHOWN = 20  # rows that a finding carries as examples


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    check     its name, as in CHECKS of checks/table.py
    severity  serious: a figure of the test part cannot be trusted as it stands; warning: look at
              it; note: good to know
    what      a sentence
    advice    what to do about it
    part      whose rows are counted: train, test, or all
    rows      how many are concerned, of `of`
    examples  JSON-able, MOST_SHOWN at most: where rows stand, and what shows the matter
    facts     further JSON-able figures
    all_rows  (rows,) int64 where every row stands in its file; not for JSON
    """

    check: str
    severity: str
    what: str
    advice: str
    part: str
    rows: int
    of: int
    examples: list[dict[str, Any]] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)
    all_rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def to_json(self) -> dict[str, Any]:
        """All but the whole list of rows."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        del told["all_rows"]
        return told | {"facts": dict(self.facts)}


@dataclass(frozen=True, eq=False)
class Audited:
    """The parts that are looked at; test is None where there is one file alone.

    The labels of both are known: an audit comes before a model, and chooses none.
    """

    train: Corpus
    test: Corpus | None
    near: float = 0.8  # Jaccard similarity from which on texts are near duplicates
    beside: Mapping[str, list[pa.ChunkedArray]] = field(default_factory=dict)  # other columns,
    # by name: those of train, and behind them those of test
    grouped: str | None = None  # the column of them that rows belong together by
    threads: int | None = None
    probabilities: Mapping[str, np.ndarray] = field(default_factory=dict)  # (N, K) of a part by
    # its name, made without having seen the row: what label noise is judged by
    vocabulary: pa.LargeStringArray | None = None  # words of ready-made vectors or a tokenizer

    @cached_property
    def parts(self) -> dict[str, Corpus]:
        """The parts there are, by name."""
        both = {"train": self.train, "test": self.test}
        return {name: part for name, part in both.items() if part is not None}

    @cached_property
    def keys(self) -> dict[str, np.ndarray]:
        """(N,) uint64 for each part; rows of one key have one text (data/text_keys.py)."""
        return {name: text_keys(part.texts) for name, part in self.parts.items()}

    @cached_property
    def clusters(self) -> np.ndarray:
        """(N,) int64 clusters of near duplicates, train before test: the first row of each."""
        texts = pa.concat_arrays([part.texts for part in self.parts.values()])
        keys = np.concatenate([*self.keys.values()])
        return near_duplicates(texts, self.near, self.threads, keys)

    @cached_property
    def words(self) -> HashedWords:
        """The words of the train texts."""
        return hashed_words(self.train.texts, threads=self.threads)

    @cached_property
    def languages(self) -> np.ndarray:
        """(N,) int64 language of every train text, as a place in FUNCTION_WORDS; -1: not told."""
        return languages_of(self.words, len(self.train))

    @cached_property
    def classes(self) -> tuple[np.ndarray, int]:
        """(N,) int64 class of every row, train before test, and how many classes there are.

        Where texts have several labels, each set of labels that occurs is a class.
        """
        targets = np.concatenate([part.targets for part in self.parts.values()])
        if targets.ndim == 1:
            return targets.astype(np.int64), len(self.train.labels)
        sets, found = np.unique(targets, axis=0, return_inverse=True)
        return found.reshape(-1).astype(np.int64), len(sets)

    @cached_property
    def learned(self) -> np.ndarray:
        """(N,) bool, train before test: the rows that a check learns from; it is tried on others.

        Train, where there is a test part; else half of the rows, by their texts.
        """
        if self.test is None:
            return halves(self.keys["train"])
        return np.arange(len(self.train) + len(self.test)) < len(self.train)


def names_of(labels: LabelSet, target: np.ndarray) -> list[str]:
    """The labels of one target: an id, or a row of 0 and 1."""
    if labels.several:
        return [labels.names[place] for place in np.flatnonzero(target)]
    return [labels.names[int(target)]]


def label_names_of(corpus: Corpus, row: int) -> list[str]:
    """The labels of a text."""
    return names_of(corpus.labels, corpus.targets[row])


def shown(text: str, most: int = 160) -> str:
    """A text in one line, cut where it is long."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def example(corpus: Corpus, row: int, part: str) -> dict[str, Any]:
    """Where a text stands, what it says, and its labels."""
    return {
        "part": part,
        "row": int(corpus.rows[row]),
        "text": shown(corpus.texts[int(row)].as_py()),
        "labels": label_names_of(corpus, row),
    }
