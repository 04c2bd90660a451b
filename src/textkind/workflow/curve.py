"""A learning curve of labelled texts: fits at growing shares, judged on rows left out."""

from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Model, fit_function
from textkind.data.corpus import Corpus
from textkind.data.folds import fold_rows
from textkind.data.settings import SplitSettings
from textkind.decision.decision import Decision, decide, probabilities
from textkind.errors import DataError
from textkind.evaluation.forecast import forecast
from textkind.evaluation.paired import figure_of, row_parts
from textkind.progress import SILENT, Talk
from textkind.workflow.imbalance import ModelSettings

FOLDS = 5  # of which so many are judged
JUDGED = 3
SHARES = (0.125, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0)  # of the rows of a fit
AHEAD = (1, 2, 4)  # times the rows of the source
FEWEST = 100  # rows: of fewer a curve shows chance alone


def learning_curve(
    corpus: Corpus,
    settings: ModelSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> dict[str, Any]:
    """The curve of the headline figure and its forecast, JSON-able.

    settings has no open choices. Each of JUDGED folds is left out in turn; of the other rows
    growing shares are fitted, each holding the one before. DataError for fewer than FEWEST rows.
    """
    sizes = curve_sizes(corpus)
    folds = fold_rows(corpus, SplitSettings("stratified", seed=seed), FOLDS)[:JUDGED]
    random = np.random.default_rng(seed)
    parts = []
    for done, fold in enumerate(folds):
        rest = random.permutation(np.setdiff1d(np.arange(len(corpus)), fold))
        judged = corpus.take(fold)
        of_fold = []
        for place, size in enumerate(sizes):
            talk.advance(done * len(sizes) + place, len(folds) * len(sizes))
            some = corpus.take(rest[:size])
            answers = _answers(some, judged.texts, settings, seed, threads)
            of_fold.append(row_parts(answers, judged.targets))
        parts.append(np.stack(of_fold))
    asked = np.array([times * len(corpus) for times in AHEAD])
    found = forecast(sizes, parts, asked, seed)
    figures = figure_of(np.stack([part.sum(axis=1) for part in parts]).sum(axis=0))
    return {
        "figure": "micro_f1" if corpus.labels.several else "accuracy",
        "points": [
            {"rows": int(size), "value": float(value)}
            for size, value in zip(sizes, figures, strict=True)
        ],
        "forecast": [
            {
                "times": times,
                "rows": int(rows),
                "value": float(1 - found.errors[place]),
                "low": float(1 - found.interval[1, place]),
                "high": float(1 - found.interval[0, place]),
                "gain": {
                    "value": float(found.gains[place]),
                    "low": float(found.gain_interval[0, place]),
                    "high": float(found.gain_interval[1, place]),
                },
            }
            for place, (times, rows) in enumerate(zip(AHEAD, asked, strict=True))
        ],
    }


def curve_sizes(corpus: Corpus) -> np.ndarray:
    """The rows of every fit, rising; DataError for fewer than FEWEST rows."""
    if len(corpus) < FEWEST:
        raise DataError(
            "there are too few rows for a learning curve",
            found=len(corpus),
            hint=f"{FEWEST} labelled rows are the least",
        )
    return np.unique([int(share * (1 - 1 / FOLDS) * len(corpus)) for share in SHARES])


def fitted_on(some: Corpus, settings: ModelSettings, seed: int, threads: int | None) -> Model:
    """A model that learned from some rows, by settings without choices."""
    learner = fit_function(settings.model)
    model: Model = learner(some, None, settings, seed=seed, threads=threads, talk=SILENT).model
    return model


def _answers(
    some: Corpus,
    texts: pa.LargeStringArray,
    settings: ModelSettings,
    seed: int,
    threads: int | None,
) -> np.ndarray:
    """The labels that a fit on some rows gives to texts."""
    model = fitted_on(some, settings, seed, threads)
    decision = Decision(some.labels.several)
    return decide(decision, probabilities(decision, model.logits(texts, threads)))
