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
from textkind.models.lanes import WIDTH
from textkind.models.settings import LinearSettings
from textkind.models.solvers import BinaryDescent
from textkind.models.trials import (
    VIEWS,
    Candidate,
    Trial,
    judge,
    margins_to_logits,
    prepare,
    problem_classes,
    rescale_by_ratios,
    sample,
    start_descent,
)
from textkind.parallel import run_blocks
from textkind.progress import Talk

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
MIDDLE = 1  # the place of the strength that a climb starts from
FEATURE_BYTES = 2_000_000  # of training text on which features are compared
STRENGTH_BYTES = 12_000_000  # of training text on which strengths are compared


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
