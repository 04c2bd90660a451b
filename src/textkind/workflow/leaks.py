"""What the audit finds in the parts of a run, and the figures without the rows it doubts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.duplicates import first_of_same, only_nearly
from textkind.checks.finding import Audited
from textkind.checks.function_words import FUNCTION_WORDS
from textkind.checks.table import audit_parts
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading
from textkind.data.split import Parts
from textkind.evaluation.scorecard import score_headline
from textkind.progress import Talk
from textkind.workflow.audit import columns_beside

SHOWN = 3  # examples of a finding that a run keeps
TOLD_APART = ("test_texts_in_train", "near_duplicates_in_train")  # with the figures without them


def audited_parts(
    readings: Mapping[str, CorpusReading], parts: Parts, test: Corpus | None, threads: int | None
) -> Audited:
    """What was learned from, validation behind train, and the open test part."""
    learned = {"train": parts.train, "validation": parts.validation}
    tested = {} if test is None else {"test": test}
    beside = {
        name: _of_parts(columns, readings, learned | tested)
        for name, columns in columns_beside([*readings.values()]).items()
    }
    return Audited(
        joined_corpora([*learned.values()]),
        test,
        beside=beside,
        grouped=readings["train"].columns.group,
        threads=threads,
    )


def audited_whole(readings: Mapping[str, CorpusReading], threads: int | None) -> Audited:
    """All rows of the training source, where every one of them is tested once."""
    first = readings["train"]
    return Audited(
        first.corpus,
        None,
        beside=columns_beside([first]),
        grouped=first.columns.group,
        threads=threads,
    )


def joined_corpora(corpora: list[Corpus]) -> Corpus:
    """The rows of several parts as one, as far as checks look at them."""
    times = [one.time for one in corpora if one.time is not None]
    return Corpus(
        pa.concat_arrays([one.texts for one in corpora]),
        np.concatenate([one.targets for one in corpora]),
        corpora[0].labels,
        np.concatenate([one.rows for one in corpora]),
        time=np.concatenate(times) if len(times) == len(corpora) else None,
    )


def findings(audited: Audited, talk: Talk) -> list[dict[str, Any]]:
    """The entry "findings": what all checks find, the serious first; those are told."""
    found = audit_parts(audited, talk)
    for finding in found:
        if finding.severity == "serious" and finding.check not in TOLD_APART:
            talk.note(f"serious: {finding.what} ({finding.advice})")
    return [one | {"examples": one["examples"][:SHOWN]} for one in (f.to_json() for f in found)]


def language_counts(audited: Audited) -> dict[str, int]:
    """Of the texts learned from, how many are in each language by their function words."""
    language = audited.languages
    counts = np.bincount(language[language >= 0], minlength=len(FUNCTION_WORDS)).tolist()
    return {name: count for name, count in zip(FUNCTION_WORDS, counts, strict=True) if count}


def leaked_rows(audited: Audited) -> tuple[np.ndarray, np.ndarray]:
    """Two (N,) bool of the test rows: whose text is in train, and whose only nearly."""
    known = np.isin(audited.keys["test"], audited.keys["train"])
    return known, only_nearly(audited.clusters, known)


def crossing_rows(audited: Audited, folds: list[Corpus]) -> tuple[np.ndarray, np.ndarray]:
    """As leaked_rows, of folds that are all rows together: what another fold has too.

    The rows come fold by fold.
    """
    fold = np.repeat(np.arange(len(folds)), [len(one) for one in folds])
    places = np.concatenate([one.rows for one in folds])
    rows = np.searchsorted(audited.train.rows, places)

    def crossing(unit: np.ndarray) -> np.ndarray:
        lowest = np.full(len(unit), len(folds))
        highest = np.full(len(unit), -1)
        np.minimum.at(lowest, unit[rows], fold)
        np.maximum.at(highest, unit[rows], fold)
        return np.asarray((lowest < highest)[unit[rows]])

    same = crossing(first_of_same(audited.keys["train"]))
    return same, crossing(audited.clusters) & ~same


def clean_figures(
    audited: Audited, given: np.ndarray, predicted: np.ndarray, seed: int, talk: Talk
) -> dict[str, Any] | None:
    """The entry "clean" of metrics.json; None where no test row is in train or nearly so.

    given and predicted are probabilities and labels of the test rows.
    """
    test = audited.test
    assert test is not None
    same, near = leaked_rows(audited)
    rows = ~(same | near)
    if rows.all():
        return None
    figures = score_headline(given[rows], predicted[rows], test.targets[rows], seed)
    left_out = {"same": int(same.sum()), "near": int(near.sum())}
    talk.note(
        f"{left_out['same']:,} of {len(test):,} test texts are in train, and {left_out['near']:,} "
        "nearly: the figures are told with and without them"
    )
    return {"left_out": left_out, "similarity": audited.near, **figures}


def _of_parts(
    columns: list[pa.ChunkedArray],
    readings: Mapping[str, CorpusReading],
    parts: Mapping[str, Corpus],
) -> list[pa.ChunkedArray]:
    """A column of the files as the parts have it: those learned from in one, then test."""
    by_reading = dict(zip(readings, columns, strict=True))
    taken = []
    for name, part in parts.items():
        source = name if name in readings else "train"
        rows = np.searchsorted(readings[source].corpus.rows, part.rows)
        taken.append(by_reading[source].take(pa.array(rows)))
    train, validation, *rest = taken
    return [pa.chunked_array([*train.chunks, *validation.chunks], train.type), *rest]
