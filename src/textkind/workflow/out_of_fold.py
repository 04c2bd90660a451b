"""Out-of-fold probabilities: what the linear model says of each text without having seen it.

Its settings are chosen once, on a split of the rows, and kept in every fold; the logits of all
folds together are calibrated by one or two numbers (decision/shared.py). The multinomial objective,
whose probabilities rank wrong labels best (docs/decisions.md).
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.folds import fold_rows
from textkind.data.settings import SplitSettings
from textkind.data.split import split_corpus
from textkind.decision.shared import fit_shared
from textkind.models.linear import fit_linear
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Talk
from textkind.workflow.learn import FIXED, worthwhile_share

FOLDS = 5
CHOOSING = 0.2  # of the rows, on which the settings are chosen


def out_of_fold(
    corpus: Corpus,
    test: Corpus | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> tuple[np.ndarray, np.ndarray | None]:
    """(N, K) float32 probabilities of the texts, and those of the test texts by a fit on all.

    Equal texts, and rows of one group, are in one fold. Raises DataError where the rows are too
    few for folds.
    """
    method = "stratified" if corpus.group is None else "group"
    folds = fold_rows(corpus, SplitSettings(method, seed=seed), FOLDS)
    objective = "squared_hinge" if corpus.labels.several else "multinomial"
    settings = _chosen(corpus, LinearSettings(objective=objective), method, seed, threads)
    logits = np.empty((len(corpus), len(corpus.labels)), np.float32)
    for done, rows in enumerate(folds):
        talk.advance(done, len(folds))
        seen = np.ones(len(corpus), bool)
        seen[rows] = False
        model = fit_linear(
            corpus.take(np.flatnonzero(seen)), None, settings, seed=seed, threads=threads
        ).model
        logits[rows] = model.logits(corpus.texts.take(pa.array(rows)), threads)
    shared, several = fit_shared(logits, corpus.targets), corpus.labels.several
    given = shared.transform(logits, several)
    if test is None:
        return given, None
    model = fit_linear(corpus, None, settings, seed=seed, threads=threads).model
    return given, shared.transform(model.logits(test.texts, threads), several)


def _chosen(
    corpus: Corpus, settings: LinearSettings, method: str, seed: int, threads: int | None
) -> LinearSettings:
    """The settings with what a fifth of the rows chooses, or FIXED where those are too few."""
    share = worthwhile_share(len(corpus), CHOOSING)
    if not share:
        return replace(settings, **FIXED)
    split = SplitSettings(method, test_share=0.0, validation_share=share, seed=seed)
    parts = split_corpus(corpus, split)
    fit = fit_linear(
        parts.train, parts.validation, replace(settings, refit=False), seed=seed, threads=threads
    )
    return LinearSettings(**fit.model.facts["settings"])
