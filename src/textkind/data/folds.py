"""Folds: every row is tested once, by a fit that did not see it or any text equal to it."""

from dataclasses import replace

import numpy as np

from textkind.data.corpus import Corpus
from textkind.data.settings import SplitSettings
from textkind.data.split import Parts, split_corpus
from textkind.errors import DataError, SettingsError
from textkind.progress import SILENT, Talk

FEWEST, MOST = 2, 50


def fold_rows(corpus: Corpus, settings: SplitSettings, folds: int) -> list[np.ndarray]:
    """The test rows of each fold: disjoint int64 indices that are all rows together.

    Drawn one after the other as a test part is, so that labels are stratified and groups and equal
    texts stay together. Raises SettingsError for a number or a method that makes no folds,
    DataError where the rows are too few.
    """
    if not isinstance(folds, int) or isinstance(folds, bool) or not FEWEST <= folds <= MOST:
        raise SettingsError(f"folds must be a whole number of {FEWEST} to {MOST}", found=folds)
    if settings.method == "time" or (settings.method is None and corpus.time is not None):
        raise SettingsError(
            "a split by time has one test part, the latest rows, so it cannot be folded",
            hint="leave out --folds, or split another way: --split stratified",
        )
    left = replace(corpus, rows=np.arange(len(corpus)))
    found = []
    for remaining in range(folds, 1, -1):
        share = replace(settings, test_share=1 / remaining, validation_share=0.0)
        try:
            parts = split_corpus(left, share, talk=SILENT)
        except DataError as error:
            raise DataError(
                f"{len(corpus):,} rows are too few for {folds} folds", hint="ask for fewer folds"
            ) from error
        assert parts.test is not None
        found.append(np.sort(parts.test.rows))
        left = parts.train
    return [*found, np.sort(left.rows)]


def fold_parts(
    corpus: Corpus,
    settings: SplitSettings,
    folds: int,
    given_validation: Corpus | None = None,
    talk: Talk = SILENT,
) -> list[Parts]:
    """Train, validation and sealed test of each fold; validation is split off the rows not tested.

    Raises SettingsError or DataError as fold_rows and split_corpus do.
    """
    parts = []
    for rows in fold_rows(corpus, settings, folds):
        tested = np.zeros(len(corpus), bool)
        tested[rows] = True
        rest = corpus.take(np.flatnonzero(~tested))
        parts.append(split_corpus(rest, settings, corpus.take(rows), given_validation, talk))
    return parts
