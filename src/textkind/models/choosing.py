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
from textkind.models.solvers import BinaryDescent, Standing
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

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
FIRST_TRIED = 5  # strengths that share a descent; the stronger ones only if the fifth is best
MIDDLE = 1  # the place of the strength that a climb starts from
FEATURE_BYTES = 1_000_000  # of training text on which features are compared
STRENGTH_BYTES = 12_000_000  # of training text on which strengths are compared


@dataclass(frozen=True, eq=False)
class Attempt:
    """A candidate that was tried: its trial, validation logits, and where its descent stood."""

    candidate: Candidate
    trial: Trial
    logits: np.ndarray
    standing: Standing


@dataclass(frozen=True, eq=False)
class Choice:
    """The settings with every choice closed, what was tried, and the winner.

    whole tells whether the winner was tried on the whole training part rather than a sample.
    """

    settings: LinearSettings
    candidates: list[Candidate]
    winner: Attempt
    whole: bool


class Search:
    """Tries choices out, and remembers how each did on validation."""

    def __init__(self, settings: LinearSettings, seed: int, threads: int | None) -> None:
        self.settings, self.seed, self.threads = settings, seed, threads
        self.candidates: list[Candidate] = []
        self.winner: Attempt | None = None

    def side_by_side(
        self, trial: Trial, views: tuple[str, ...], naive_bayes: bool, strengths: tuple[float, ...]
    ) -> None:
        """Fit every view, each at all strengths in one descent; views run beside one another."""
        inside = self.threads if len(views) == 1 else 1
        descents = [
            start_descent(trial, view, self.settings, self.seed, inside, strengths)
            for view in views
        ]
        run_blocks(lambda place: descents[place].run(), len(views), self.threads)
        width = trial.classes.size
        for view, descent in zip(views, descents, strict=True):
            margins = descent.margins(VIEWS[view](trial.held_out))
            for place, strength in enumerate(strengths):
                part = slice(place * width, (place + 1) * width)
                self.remember(trial, descent, part, margins[:, part], view, naive_bayes, strength)

    def step(
        self, trial: Trial, descent: BinaryDescent, view: str, naive_bayes: bool, strength: float
    ) -> float:
        """Go on to another strength; the log loss there."""
        descent.run(strength)
        margins = descent.margins(VIEWS[view](trial.held_out))
        every = slice(0, trial.classes.size)
        return self.remember(trial, descent, every, margins, view, naive_bayes, strength)

    def climb(self, trial: Trial, descent: BinaryDescent, view: str, naive_bayes: bool) -> None:
        """From the middle strength, the best so far, up or down while the log loss falls."""
        start = self.best().candidate.log_loss
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
        self, trial: Trial, descent: BinaryDescent, part: slice, margins: np.ndarray,
        view: str, naive_bayes: bool, strength: float,
    ) -> float:  # fmt: skip
        """Judge the margins of some problems, and keep where they stand if they are the best."""
        logits = margins_to_logits(margins, trial.labels)
        candidate = Candidate(view, naive_bayes, strength, *judge(logits, trial.held_out_targets))
        self.candidates.append(candidate)
        if self.winner is None or candidate.log_loss < self.winner.candidate.log_loss:
            self.winner = Attempt(candidate, trial, logits, descent.standing(part))
        return candidate.log_loss

    def best(self) -> Attempt:
        """The attempt of least log loss since the last `forget`."""
        if self.winner is None:
            raise RuntimeError("nothing was tried")
        return self.winner

    def forget(self) -> None:
        """Let no attempt so far win: they were made on a smaller sample, or had to be passed."""
        self.winner = None


def choose(
    train: Corpus, validation: Corpus, settings: LinearSettings, *, seed: int,
    threads: int | None, talk: Talk,
) -> Choice:  # fmt: skip
    """Close every open choice of the settings on validation."""
    search = Search(settings, seed, threads)
    few_classes = 2 * problem_classes(len(train.labels), train.labels.several).size <= WIDTH
    part = (choose_few if few_classes else choose_many)(search, train, validation, talk)
    winner = search.best().candidate
    weighted = ", weighted by log-count ratios" if winner.naive_bayes else ""
    if settings.open_choices:
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
    return Choice(closed, search.candidates, search.best(), part is train)


def choose_few(search: Search, train: Corpus, validation: Corpus, talk: Talk) -> Corpus:
    """With few classes: features, then their weighting, at all strengths in one descent each.

    Returns the texts on which the winner was tried.
    """
    settings, threads = search.settings, search.threads
    strengths = STRENGTHS[:FIRST_TRIED] if settings.strength is None else (settings.strength,)
    features, trial, part = settings.features, None, train
    if features == "auto":
        with talk.task("comparing words and characters"):
            part = sample(train, FEATURE_BYTES, search.seed)
            trial = prepare(part, validation, settings, "both", threads)
            search.side_by_side(trial, tuple(VIEWS), False, strengths)
            features = search.best().candidate.features
    # ratios do more for words than for characters, so words alone may still win by them
    by_both = settings.features == "auto" and features == "both"
    with talk.task("choosing the strength"):
        if trial is None or part is not train:
            search.forget()
            part = sample(train, STRENGTH_BYTES, search.seed)
            trial = prepare(part, validation, settings, features, threads)
            if settings.naive_bayes is not True:
                search.side_by_side(trial, (features,), False, strengths)
        if wants_ratios(settings, trial):
            if settings.naive_bayes:
                search.forget()
            plain = trial
            if settings.naive_bayes is None:  # the plain rows may still win
                plain = replace(trial, train=trial.train.copy(), held_out=trial.held_out.copy())
            views = ("words", "both") if by_both else (features,)
            search.side_by_side(rescale_by_ratios(plain, threads), views, True, strengths)
        if settings.strength is None:
            widen(search)
    return part


def widen(search: Search) -> None:
    """If the strongest of the first strengths is the best, try the stronger ones too."""
    best = search.best()
    if best.candidate.strength == STRENGTHS[FIRST_TRIED - 1]:
        views, beyond = (best.candidate.features,), STRENGTHS[FIRST_TRIED:]
        search.side_by_side(best.trial, views, best.candidate.naive_bayes, beyond)


def choose_many(search: Search, train: Corpus, validation: Corpus, talk: Talk) -> Corpus:
    """With many classes: features at the middle strength, then a climb from there.

    Returns the texts on which the winner was tried.
    """
    settings, threads = search.settings, search.threads
    middle = STRENGTHS[MIDDLE] if settings.strength is None else settings.strength
    naive_bayes = bool(settings.naive_bayes)

    def start(part: Corpus, features: str, views: tuple[str, ...]) -> dict[str, BinaryDescent]:
        trial = prepare(part, validation, settings, features, threads)
        if naive_bayes:
            trial = rescale_by_ratios(trial, threads)
        descents: dict[str, BinaryDescent] = {}
        for view in views:
            descents[view] = start_descent(trial, view, settings, search.seed, threads)
            if view != views[0]:
                # the dual variables of one view fit another's, and the weights of its columns
                # are the sums that belong to them: a start near the end
                every = slice(0, trial.classes.size)
                descents[view].begin(descents[views[0]].standing(every))
            search.step(trial, descents[view], view, naive_bayes, middle)
        return descents

    features, part, descents = settings.features, train, {}
    if features == "auto":
        with talk.task("comparing words and characters"):
            part = sample(train, FEATURE_BYTES, search.seed)
            descents = start(part, "both", ("both", "characters", "words"))
            features = search.best().candidate.features
    with talk.task("choosing the strength"):
        if not descents or part is not train:
            search.forget()
            part = sample(train, STRENGTH_BYTES, search.seed)
            descents = start(part, features, (features,))
        if settings.strength is None:
            search.climb(search.best().trial, descents[features], features, naive_bayes)
    return part


def wants_ratios(settings: LinearSettings, trial: Trial) -> bool:
    """Whether log-count ratios are asked for, or open: they are tried where classes are two."""
    return settings.naive_bayes is True or (
        settings.naive_bayes is None and trial.classes.size == 1
    )
