"""One trial of the linear model's settings: encoded rows, a descent, and how its logits did."""

from dataclasses import dataclass, replace

import numpy as np

from textkind.data.corpus import Corpus
from textkind.data.soft import mixed
from textkind.data.targets import label_counts
from textkind.decision.temperature import fit_temperature
from textkind.encoding.ngrams import (
    NgramEncoder,
    canonical_order,
    encode_ngrams,
    fit_ngrams,
)
from textkind.encoding.reweighing import rescale
from textkind.encoding.rows import Rows
from textkind.models.naive_bayes import ratio_scale
from textkind.models.problems import Problems, Stopping
from textkind.models.settings import LinearSettings, ngram_settings
from textkind.models.solvers import BinaryDescent
from textkind.seeds import generator
from textkind.training.imbalance import ROOT_WEIGHTS, WEIGHTS, class_weights

ROUGH = Stopping(tolerance=2e-2, most_passes=20)  # enough to rank choices
VIEWS = {"words": Rows.words, "characters": Rows.characters, "both": lambda rows: rows}


@dataclass(frozen=True)
class Candidate:
    """One choice, and how its logits did on validation."""

    features: str
    naive_bayes: bool
    strength: float
    log_loss: float  # at the best temperature
    accuracy: float  # share of right labels; for several labels, of right label sets


@dataclass(frozen=True, eq=False)
class Trial:
    """Encoded train and validation rows, ready for any number of fits."""

    encoder: NgramEncoder
    train: Rows
    held_out: Rows
    targets: np.ndarray
    held_out_targets: np.ndarray
    soft: np.ndarray | None  # (N, K) of the train rows, or None
    labels: int  # how many
    classes: np.ndarray
    canonical: np.ndarray


def problem_classes(classes: int, several: bool) -> np.ndarray:
    """The classes that need a problem of their own: all, but only the second of two."""
    return np.array([1]) if classes == 2 and not several else np.arange(classes)


def problem_costs(
    counts: np.ndarray, texts: int, classes: np.ndarray, imbalance: str
) -> np.ndarray:
    """(2, P) float32 cost of an error at strength 1, for texts outside and inside each class.

    counts (K,) of `texts` texts have each label. weights: N / (2 * texts on that side), so that
    both sides weigh the same; root-weights: in proportion to the square root. Over all texts of a
    problem the mean is 1.
    """
    costs = np.ones((2, classes.size), np.float32)
    if imbalance in (WEIGHTS, ROOT_WEIGHTS):
        inside = np.maximum(counts[classes], 1)
        outside = np.maximum(texts - inside, 1)
        sides = np.stack([outside, inside])
        costs[:] = np.stack([class_weights(side, imbalance) for side in sides.T], axis=1)
    return costs


def margins_to_logits(margins: np.ndarray, classes: int) -> np.ndarray:
    """(N, K) logits of (N, P) margins; the one margin m of two classes becomes -m/2 and m/2."""
    if margins.shape[1] == classes:
        return margins
    return np.concatenate([-margins / 2, margins / 2], axis=1)


def start_descent(
    trial: Trial, view: str, settings: LinearSettings, seed: int, threads: int | None,
    strengths: tuple[float, ...] = (1.0,),
) -> BinaryDescent:  # fmt: skip
    """A descent on one view of the rows, for all strengths side by side."""
    counts = label_counts(trial.targets, trial.labels)
    costs = problem_costs(counts, len(trial.targets), trial.classes, settings.imbalance)
    factors = np.repeat(np.array(strengths, np.float32), trial.classes.size)
    problems = Problems(
        trial.targets,
        np.tile(trial.classes, len(strengths)),
        np.tile(costs, len(strengths)) * factors,
        trial.soft,
    )
    return BinaryDescent(
        VIEWS[view](trial.train),
        len(trial.encoder),
        problems,
        binary_objective(settings),
        canonical=trial.canonical,
        seed=seed,
        stopping=ROUGH,
        threads=threads,
    )


def binary_objective(settings: LinearSettings) -> str:
    """The objective of the search: the multinomial one is ranked by its one-against-rest sister."""
    return "logistic" if settings.objective == "multinomial" else settings.objective


def judge(logits: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Log loss at the best temperature, and accuracy."""
    if targets.ndim == 1:
        accuracy = float((logits.argmax(axis=1) == targets).mean())
    else:
        accuracy = float(((logits > 0) == targets).all(axis=1).mean())
    return fit_temperature(logits, targets).log_loss_after, accuracy


def sample(corpus: Corpus, size: int, seed: int) -> Corpus:
    """The corpus, or texts drawn from it up to about `size` bytes; the same for any file order."""
    if corpus.texts.nbytes <= size:
        return corpus
    order = canonical_order(corpus.texts, corpus.targets)
    chosen = generator(seed, "sample").permutation(order)
    return corpus.take(np.sort(chosen[: max(1, int(len(corpus) * size / corpus.texts.nbytes))]))


def prepare(
    train: Corpus, validation: Corpus, settings: LinearSettings, features: str, threads: int | None
) -> Trial:
    """Encode both parts with a vocabulary learned on train."""
    labels = train.labels
    ngrams = ngram_settings(settings, features, len(train))
    encoder, rows = fit_ngrams(train.texts, ngrams, threads=threads)
    return Trial(
        encoder,
        rows,
        encode_ngrams(encoder, validation.texts, threads=threads),
        train.targets,
        validation.targets,
        None if train.soft is None else mixed(train.soft, train.targets),
        len(labels),
        problem_classes(len(labels), labels.several),
        canonical_order(train.texts, train.targets),
    )


def rescale_by_ratios(trial: Trial, threads: int | None) -> Trial:
    """Weigh the rows of a trial by log-count ratios learned on its train rows, in place."""
    scale = ratio_scale(trial.train, trial.encoder.is_word, trial.targets, trial.labels)
    rescale(trial.encoder, trial.held_out, scale, threads)
    return replace(trial, encoder=rescale(trial.encoder, trial.train, scale, threads))
