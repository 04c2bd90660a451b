"""What validation chooses for the linear model: features, their weighting, strength.

Features are compared on a sample of the training part, strengths on a larger one, so that the
search costs a few fits however large the corpus. Where the classes are few, all strengths of a
choice share one descent, side by side in its lanes; where they are many, the search climbs from a
middle strength up, or down, as long as that helps, every step starting where the last one ended.

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
from textkind.models.solvers import BinaryDescent
from textkind.parallel import run_blocks
from textkind.progress import Talk
from textkind.seeds import generator

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
MIDDLE = 1  # the place of the strength that a climb starts from
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


def start_descent(
    trial: Trial, view: str, settings: LinearSettings, seed: int, threads: int | None,
    strengths: tuple[float, ...] = (1.0,),
) -> BinaryDescent:  # fmt: skip
    """A descent on one view of the rows, for all strengths side by side."""
    costs = problem_costs(trial.targets, trial.classes, settings.class_weight)
    factors = np.repeat(np.array(strengths, np.float32), trial.classes.size)
    problems = Problems(
        trial.targets,
        np.tile(trial.classes, len(strengths)),
        np.tile(costs, len(strengths)) * factors,
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
    """Tries choices out, and remembers how each did on validation and its logits."""

    def __init__(self, settings: LinearSettings, seed: int, threads: int | None) -> None:
        self.settings, self.seed, self.threads = settings, seed, threads
        self.tried: list[tuple[Candidate, np.ndarray]] = []

    def side_by_side(
        self, trial: Trial, views: tuple[str, ...], naive_bayes: bool, strengths: tuple[float, ...]
    ) -> None:
        """Fit every view, each at all strengths in one descent; views run beside one another."""
        found: list[np.ndarray] = [np.empty(0)] * len(views)

        def work(place: int) -> None:
            descent = start_descent(trial, views[place], self.settings, self.seed, 1, strengths)
            descent.run()
            found[place] = descent.margins(VIEWS[views[place]](trial.held_out))

        run_blocks(work, len(views), self.threads)
        width = trial.classes.size
        for view, margins in zip(views, found, strict=True):
            for place, strength in enumerate(strengths):
                part = margins[:, place * width : (place + 1) * width]
                self.remember(trial, view, naive_bayes, strength, part)

    def step(
        self, trial: Trial, descent: BinaryDescent, view: str, naive_bayes: bool, strength: float
    ) -> float:
        """Go on to another strength; the log loss there."""
        descent.run(strength)
        margins = descent.margins(VIEWS[view](trial.held_out))
        return self.remember(trial, view, naive_bayes, strength, margins)

    def climb(
        self, trial: Trial, descent: BinaryDescent, view: str, naive_bayes: bool, start: float
    ) -> None:
        """From the middle strength, where the log loss is `start`, up or down while it falls."""
        for places in (range(MIDDLE + 1, len(STRENGTHS)), range(MIDDLE - 1, -1, -1)):
            best = start
            for place in places:
                loss = self.step(trial, descent, view, naive_bayes, STRENGTHS[place])
                if loss >= best:
                    break
                best = loss
            if best < start:
                return

    def remember(
        self, trial: Trial, view: str, naive_bayes: bool, strength: float, margins: np.ndarray
    ) -> float:
        """Judge the margins and keep them; the log loss."""
        logits = margins_to_logits(margins, trial.labels)
        candidate = Candidate(view, naive_bayes, strength, *judge(logits, trial.held_out_targets))
        self.tried.append((candidate, logits))
        return candidate.log_loss

    def best(self, start: int = 0) -> tuple[Candidate, np.ndarray]:
        """The candidate of least log loss among those tried since `start`, and its logits."""
        return min(self.tried[start:], key=lambda tried: tried[0].log_loss)


def choose(
    train: Corpus, validation: Corpus, settings: LinearSettings, *, seed: int,
    threads: int | None, talk: Talk,
) -> Choice:  # fmt: skip
    """Close every open choice of the settings on validation."""
    search = Search(settings, seed, threads)
    few_classes = 2 * problem_classes(len(train.labels), train.labels.several).size <= WIDTH
    stage = choose_few if few_classes else choose_many
    first = stage(search, train, validation, talk)
    winner, logits = search.best(first)
    weighted = ", weighted by log-count ratios" if winner.naive_bayes else ""
    talk.note(
        f"validation chose {winner.features} at strength {winner.strength:g}{weighted}, "
        f"among {len(search.tried)} candidates"
    )
    closed = replace(
        settings,
        features=winner.features,
        naive_bayes=winner.naive_bayes,
        strength=winner.strength,
    )
    return Choice(closed, [candidate for candidate, _ in search.tried], logits)


def choose_few(search: Search, train: Corpus, validation: Corpus, talk: Talk) -> int:
    """With few classes: features, then their weighting, at all strengths in one descent each.

    Returns the place of the first candidate that may win.
    """
    settings, threads = search.settings, search.threads
    strengths = STRENGTHS if settings.strength is None else (settings.strength,)
    features, trial, first = settings.features, None, 0
    if features == "auto":
        with talk.task("comparing words and characters"):
            part = sample(train, FEATURE_BYTES, search.seed)
            trial = prepare(part, validation, settings, "both", threads)
            search.side_by_side(trial, tuple(VIEWS), False, strengths)
            features = search.best()[0].features
    with talk.task("choosing the strength"):
        if trial is None or part is not train:
            first = len(search.tried)
            part = sample(train, STRENGTH_BYTES, search.seed)
            trial = prepare(part, validation, settings, features, threads)
            if settings.naive_bayes is not True:
                search.side_by_side(trial, (features,), False, strengths)
        if wants_ratios(settings, trial):
            if settings.naive_bayes:
                first = len(search.tried)
            rescale_by_ratios(trial, threads)
            search.side_by_side(trial, (features,), True, strengths)
    return first


def choose_many(search: Search, train: Corpus, validation: Corpus, talk: Talk) -> int:
    """With many classes: features at the middle strength, then a climb from there.

    Returns the place of the first candidate that may win.
    """
    settings, threads = search.settings, search.threads
    middle = STRENGTHS[MIDDLE] if settings.strength is None else settings.strength
    features, trial, first, naive_bayes = settings.features, None, 0, bool(settings.naive_bayes)
    descents: dict[str, BinaryDescent] = {}
    if features == "auto":
        with talk.task("comparing words and characters"):
            part = sample(train, FEATURE_BYTES, search.seed)
            trial = prepare(part, validation, settings, "both", threads)
            if naive_bayes:
                rescale_by_ratios(trial, threads)
            for view in VIEWS:
                descents[view] = start_descent(trial, view, settings, search.seed, threads)
                search.step(trial, descents[view], view, naive_bayes, middle)
            features = search.best()[0].features
    with talk.task("choosing the strength"):
        if trial is None or part is not train:
            first = len(search.tried)
            part = sample(train, STRENGTH_BYTES, search.seed)
            trial = prepare(part, validation, settings, features, threads)
            if naive_bayes:
                rescale_by_ratios(trial, threads)
            descents = {features: start_descent(trial, features, settings, search.seed, threads)}
            search.step(trial, descents[features], features, naive_bayes, middle)
        if settings.strength is None:
            start = search.best(first)[0].log_loss
            search.climb(trial, descents[features], features, naive_bayes, start)
    return first


def wants_ratios(settings: LinearSettings, trial: Trial) -> bool:
    """Whether log-count ratios are asked for, or open: they are tried where classes are two."""
    return settings.naive_bayes is True or (
        settings.naive_bayes is None and trial.classes.size == 1
    )


def rescale_by_ratios(trial: Trial, threads: int | None) -> None:
    """Weigh the rows of a trial by log-count ratios learned on its train rows, in place."""
    scale = ratio_scale(trial.train, len(trial.encoder), trial.targets, trial.labels)
    rescale(trial.encoder, trial.train, scale, threads)
    rescale(trial.encoder, trial.held_out, scale, threads)
