"""The rows that a linear model is fitted on: texts as n-grams, with targets and an order.

encoded = encode(train, validation, settings, threads)
"""

from dataclasses import dataclass, replace

import numpy as np

from textkind.data.corpus import Corpus, joined
from textkind.data.labels import LabelSet
from textkind.data.soft import mixed
from textkind.encoding.ngrams import NgramEncoder, canonical_order, fit_ngrams
from textkind.encoding.reweighing import narrow, rescale
from textkind.encoding.rows import Rows, join_rows
from textkind.models.choosing import Attempt
from textkind.models.naive_bayes import ratio_scale
from textkind.models.settings import LinearSettings, ngram_settings
from textkind.models.solvers import Standing
from textkind.models.trials import VIEWS


@dataclass(frozen=True, eq=False)
class Encoded:
    """Rows to fit on, with all they need.

    soft (N, K) float32 stands for the targets where it is not None; start is where a descent on
    the first rows stood; edges cut the canonical order into buffers (models/passes.py).
    """

    labels: LabelSet
    encoder: NgramEncoder
    rows: Rows
    targets: np.ndarray
    canonical: np.ndarray
    soft: np.ndarray | None
    start: Standing | None = None
    edges: np.ndarray | None = None


def encode(
    train: Corpus, more: Corpus | None, settings: LinearSettings, threads: int | None
) -> Encoded:
    """Rows of train, and of more texts to fit on; vocabulary and weights are those of train."""
    ngrams = ngram_settings(settings, settings.features, len(train))
    whole = train if more is None else joined(train, more)
    encoder, rows = fit_ngrams(whole.texts, ngrams, learned=len(train), threads=threads)
    if settings.naive_bayes:
        seen = rows.part(slice(0, len(train)))
        scale = ratio_scale(seen, encoder.is_word, train.targets, len(train.labels))
        encoder = rescale(encoder, rows, scale, threads)
    return _encoded(whole, encoder, rows)


def encoded_winner(winner: Attempt, train: Corpus, more: Corpus) -> Encoded:
    """As encode, from the rows of the search's winner; its descent goes on with more rows."""
    trial, view = winner.trial, winner.candidate.features
    encoder, parts = trial.encoder, [VIEWS[view](trial.train), VIEWS[view](trial.held_out)]
    start = winner.standing
    if view != "both" and encoder.settings.words and encoder.settings.characters:
        encoder, stays = narrow(encoder, view, parts)
        start = replace(start, weights=start.weights[stays])
    return _encoded(joined(train, more), encoder, join_rows(*parts), start)


def _encoded(
    whole: Corpus, encoder: NgramEncoder, rows: Rows, start: Standing | None = None
) -> Encoded:
    """The rows of a corpus with all else that a fit of it needs."""
    soft = None if whole.soft is None else mixed(whole.soft, whole.targets)
    canonical = canonical_order(whole.texts, whole.targets)
    return Encoded(whole.labels, encoder, rows, whole.targets, canonical, soft, start)
