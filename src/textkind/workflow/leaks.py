"""The test figures once more without the rows whose texts are in train, or nearly."""

from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.duplicates import seen_in_train
from textkind.data.corpus import Corpus
from textkind.evaluation.scorecard import score_headline
from textkind.progress import Talk

SIMILARITY = 0.8  # Jaccard, from which on a text is nearly another


def clean_figures(
    learned: pa.LargeStringArray,
    test: Corpus,
    given: np.ndarray,
    predicted: np.ndarray,
    *,
    seed: int,
    threads: int | None,
    talk: Talk,
) -> dict[str, Any] | None:
    """The entry "clean" of metrics.json; None where no test row is in train or nearly so.

    learned are the texts of train and validation; given and predicted are probabilities and labels
    of the test rows.
    """
    with talk.task("looking for test texts in train"):
        same, near = seen_in_train(learned, test.texts, SIMILARITY, threads)
    rows = ~(same | near)
    if rows.all():
        return None
    figures = score_headline(given[rows], predicted[rows], test.targets[rows], seed)
    left_out = {"same": int(same.sum()), "near": int(near.sum())}
    talk.note(
        f"{left_out['same']:,} of {len(test):,} test texts are in train, and {left_out['near']:,} "
        "nearly: the figures are told with and without them"
    )
    return {"left_out": left_out, "similarity": SIMILARITY, **figures}
