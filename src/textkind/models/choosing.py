"""What validation chooses for the linear model: features, their weighting, strength.

Features are compared on a sample of the training part, strengths on a larger one, so that the
search costs a few fits however large the corpus. Where the classes are few, all strengths of a
choice share one descent, side by side in its lanes; where they are many, a path of strengths goes
from weak to strong, every step starting where the last one ended.

A choice is judged by the log loss of its validation logits at their best temperature: it moves
with every text, where accuracy on a few hundred texts moves in jumps.
"""

from dataclasses import dataclass, replace

import numpy as np

from textkind.data.corpus import Corpus
from textkind.decision.temperature import fit_temperature
from textkind.encoding.ngrams import (
    NgramEncoder,
    Rows,
    canonical_order,
    encode_ngrams,
    fit_ngrams,
    rescale,
)
from textkind.models.lanes import WIDTH
from textkind.models.naive_bayes import ratio_scale
from textkind.models.problems import Problems, Stopping
from textkind.models.settings import LinearSettings, ngram_settings
from textkind.models.solvers import all_margins, block_margins, solve_binary
from textkind.parallel import run_blocks
from textkind.progress import Talk
from textkind.seeds import generator

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
MIDDLE = (0.5,)  # the strength at which features are compared where classes are many
ROUGH = Stopping(tolerance=3e-2, most_passes=20)  # enough to rank choices
FEATURE_BYTES = 2_000_000  # of training text on which features are compared
STRENGTH_BYTES = 12_000_000  # of training text on which strengths are compared
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
    labels: int
    classes: np.ndarray
    canonical: np.ndarray

    @property
    def few_classes(self) -> bool:
        """Whether two strengths or more fit into the lanes of one block."""
        return 2 * self.classes.size <= WIDTH


def problem_classes(classes: int, several: bool) -> np.ndarray:
    """The classes that need a problem of their own: all, but only the second of two."""
    return np.array([1]) if classes == 2 and not several else np.arange(classes)


def problem_costs(targets: np.ndarray, classes: np.ndarray, class_weight: str) -> np.ndarray:
    """(2, P) float32 cost of an error at strength 1, for texts outside and inside each class.

    balanced: N / (2 * texts on that side), so that both sides weigh the same.
    """
    costs = np.ones((2, classes.size), np.float32)
    if class_weight == "balanced":
        member = targets[:, None] == classes if targets.ndim == 1 else targets[:, classes] == 1
        inside = np.maximum(member.sum(axis=0), 1)
        outside = np.maximum(len(targets) - inside, 1)
        costs[:] = len(targets) / (2 * np.stack([outside, inside]))
    return costs


def margins_to_logits(margins: np.ndarray, classes: int) -> np.ndarray:
    """(N, K) logits of (N, P) margins; the one margin m of two classes becomes -m/2 and m/2."""
    if margins.shape[1] == classes:
        return margins
    return np.concatenate([-margins / 2, margins / 2], axis=1)


def logits_side_by_side(
    trial: Trial, view: tuple[Rows, Rows], strengths: tuple[float, ...], settings: LinearSettings,
    seed: int,
) -> list[np.ndarray]:  # fmt: skip
    """Validation logits for each strength, all descended together in the lanes of blocks."""
    number = trial.classes.size
    factors = np.repeat(np.array(strengths, np.float32), number)
    costs = problem_costs(trial.targets, trial.classes, settings.class_weight)
    solution = solve_binary(
        view[0],
        len(trial.encoder),
        Problems(
            trial.targets,
            np.tile(trial.classes, len(strengths)),
            np.tile(costs, len(strengths)) * factors,
        ),
        binary_objective(settings),
        canonical=trial.canonical,
        seed=seed,
        stopping=ROUGH,
        threads=1,  # choices run beside one another
    )
    margins = all_margins(view[1], solution)
    return [
        margins_to_logits(margins[:, first : first + number], trial.labels)
        for first in range(0, margins.shape[1], number)
    ]


def logits_along_path(
    trial: Trial, view: tuple[Rows, Rows], strengths: tuple[float, ...], settings: LinearSettings,
    seed: int, threads: int | None,
) -> list[np.ndarray]:  # fmt: skip
    """Validation logits for each strength, each descent starting where the last one ended."""
    costs = problem_costs(trial.targets, trial.classes, settings.class_weight)
    collected: list[dict[int, np.ndarray]] = [{} for _ in strengths]

    def visit(block: int, step: int, weights: np.ndarray, biases: np.ndarray) -> None:
        collected[step][block] = block_margins(view[1], weights, biases)

    solve_binary(
        view[0],
        len(trial.encoder),
        Problems(trial.targets, trial.classes, costs),
        binary_objective(settings),
        canonical=trial.canonical,
        seed=seed,
        stopping=ROUGH,
        path=strengths,
        visit=visit,
        threads=threads,
    )
    return [
        np.concatenate([blocks[block] for block in sorted(blocks)], axis=1)[:, : trial.classes.size]
        for blocks in collected
    ]


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
        len(labels),
        problem_classes(len(labels), labels.several),
        canonical_order(train.texts, train.targets),
    )


@dataclass(frozen=True, eq=False)
class Choice:
    """The settings with every choice closed, what was tried, and the winner's logits."""

    settings: LinearSettings
    candidates: list[Candidate]
    validation_logits: np.ndarray


class Search:
    """Tries choices out, and remembers how each did and the logits of the best of a stage."""

    def __init__(
        self, settings: LinearSettings, seed: int, threads: int | None
    ) -> None:
        self.settings, self.seed, self.threads = settings, seed, threads
        self.candidates: list[tuple[Candidate, np.ndarray]] = []

    def try_out(
        self, trial: Trial, views: tuple[str, ...], naive_bayes: bool, strengths: tuple[float, ...]
    ) -> None:
        """Fit every view at every strength."""
        found: list[list[np.ndarray]] = [[] for _ in views]

        def work(place: int) -> None:
            take = VIEWS[views[place]]
            view = (take(trial.train), take(trial.held_out))
            if trial.few_classes:
                found[place] = logits_side_by_side(
                    trial, view, strengths, self.settings, self.seed
                )
            else:
                found[place] = logits_along_path(
                    trial, view, strengths, self.settings, self.seed, self.threads
                )

        if trial.few_classes:
            run_blocks(work, len(views), self.threads)
        else:
            for place in range(len(views)):
                work(place)
        for name, logits in zip(views, found, strict=True):
            for strength, given in zip(strengths, logits, strict=True):
                score = judge(given, trial.held_out_targets)
                self.candidates.append((Candidate(name, naive_bayes, strength, *score), given))

    def best(self, start: int = 0) -> tuple[Candidate, np.ndarray]:
        """The candidate of least log loss among those tried since `start`, and its logits."""
        return min(self.candidates[start:], key=lambda tried: tried[0].log_loss)


def choose(
    train: Corpus, validation: Corpus, settings: LinearSettings, *, seed: int,
    threads: int | None, talk: Talk,
) -> Choice:  # fmt: skip
    """Close every open choice of the settings on validation."""
    search = Search(settings, seed, threads)
    strengths = STRENGTHS if settings.strength is None else (settings.strength,)
    features, trial, stage = settings.features, None, 0
    if features == "auto":
        with talk.task("comparing words and characters"):
            part = sample(train, FEATURE_BYTES, seed)
            trial = prepare(part, validation, settings, "both", threads)
            first = strengths if trial.few_classes or settings.strength else MIDDLE
            search.try_out(trial, tuple(VIEWS), False, first)
            features = search.best()[0].features
            if part is not train:
                trial = None
    with talk.task("choosing the strength"):
        if trial is None:
            stage = len(search.candidates)
            part = sample(train, STRENGTH_BYTES, seed)
            trial = prepare(part, validation, settings, features, threads)
        tried = {(c.features, c.strength) for c, _ in search.candidates[stage:]}
        if settings.naive_bayes is not True and not {(features, s) for s in strengths} <= tried:
            search.try_out(trial, (features,), False, strengths)
        if settings.naive_bayes or (settings.naive_bayes is None and trial.classes.size == 1):
            scale = ratio_scale(trial.train, len(trial.encoder), trial.targets, trial.labels)
            rescale(trial.encoder, trial.train, scale, threads)
            rescale(trial.encoder, trial.held_out, scale, threads)
            search.try_out(trial, (features,), True, strengths)
    if settings.naive_bayes is True:
        stage = next(i for i, (c, _) in enumerate(search.candidates) if c.naive_bayes)
    winner, logits = search.best(stage)
    weighted = ", weighted by log-count ratios" if winner.naive_bayes else ""
    talk.note(
        f"validation chose {winner.features} at strength {winner.strength:g}{weighted}, "
        f"among {len(search.candidates)} candidates"
    )
    closed = replace(
        settings,
        features=winner.features,
        naive_bayes=winner.naive_bayes,
        strength=winner.strength,
    )
    return Choice(closed, [candidate for candidate, _ in search.candidates], logits)
