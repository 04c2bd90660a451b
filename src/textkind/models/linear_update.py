"""The linear model learns on: from its weights, a replay sample and new texts.

Where all texts are left, they are fitted anew together with the new ones. Else the old weights w0
minimised ||w||^2 / 2 + the losses of all texts then, of which some are left, with sample weights by
which they stand for all. So the new minimum is that of

    ||w - c||^2 / 2 + sum over the replay sample of weight * loss + the losses of the new texts
    c = w0 - sum over the replay sample of weight * alpha(w0) * sign * x

where alpha(w0) are the dual variables that w0 implies. c is the part of the old weights that the
sample does not account for. At w0 the sum of the sample's slopes and of c is that of all old texts,
whatever was drawn (a control variate, as in Johnson & Zhang 2013). Adaptive SVMs (Yang, Yan &
Hauptmann 2007) have c = w0, and no replay.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from textkind.data.corpus import Corpus, joined
from textkind.data.labels import LabelSet
from textkind.data.soft import indicators
from textkind.encoding.more_ngrams import stored_places, widened
from textkind.encoding.ngrams import canonical_order
from textkind.encoding.reweighing import rescale
from textkind.encoding.rows import Rows
from textkind.models.descent import FRESH
from textkind.models.linear import LinearFit, LinearModel, fit_linear, packed_model, solve_coupled
from textkind.models.naive_bayes import ratio_scale
from textkind.models.passes import all_margins
from textkind.models.problems import Problems, Solution, Stopping
from textkind.models.replay import Replay
from textkind.models.settings import LinearSettings, linear_settings_of_json
from textkind.models.solvers import BinaryDescent, Standing
from textkind.models.trials import margins_to_logits, problem_classes, problem_costs
from textkind.progress import SILENT, Talk
from textkind.training.imbalance import NONE


def update_linear(
    model: LinearModel,
    replay: Replay,
    train: Corpus,
    validation: Corpus,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> LinearFit:
    """Go on from a fitted model, with its settings, on a replay sample and new texts.

    train and validation have the labels of the replay sample, among them those of the model. The
    validation logits are of the replay's validation texts, and behind them of the new ones, by a
    fit that has not seen them. Where the old weights have seen the former and not all texts are
    left to fit them anew, these logits are those of then and what the update adds to them.
    """
    if replay.complete:
        whole, held_out = joined(replay.train, train), joined(replay.held_out, validation)
        settings = open_settings(model, len(held_out) > 0)
        return fit_linear(whole, held_out, settings, seed=seed, threads=threads, talk=talk)
    settings = linear_settings_of_json(model.facts["settings"])
    labels = train.labels
    with talk.task("encoding the texts"):
        parts = [replay.train, train, validation, replay.held_out]
        texts = pa.concat_arrays([part.texts for part in parts])
        targets = np.concatenate([part.targets for part in parts])
        weights = np.concatenate([replay.weights, np.ones(len(train))])
        encoder, rows = widened(model.encoder, texts, weights, threads)
        learned = len(weights)
        if settings.naive_bayes and not labels.several:
            scale = np.ones(len(encoder), np.float32)
            seen, fresh = rows.part(slice(0, learned)), slice(len(model.encoder), None)
            ratios = ratio_scale(seen, encoder.is_word, targets[:learned], len(labels))
            scale[fresh] = ratios[fresh]
            encoder = rescale(encoder, rows, scale, threads)
    every = np.concatenate([weights, np.ones(len(texts) - learned)])
    task = _Task(rows, len(encoder), texts, targets, labels, settings, every, seed, threads)
    kept = len(texts) - len(replay.held_out)
    # validation texts that the old weights have learned from are still in them
    last = learned if not settings.refit else kept if replay.learned else len(texts)
    with talk.task("going on with the linear model"):
        if settings.objective == "multinomial":
            solution = _solved_whole(task, learned)
            margins = all_margins(rows.part(slice(learned, None)), solution)
            if last > learned:
                solution = _solved_whole(task, last)
        else:
            start = _standing(model, replay, task, learned)
            descent = _descent(task, learned)
            descent.begin(start)
            descent.run()
            margins = descent.margins(rows.part(slice(learned, None)))
            if replay.learned:
                old, known = _old_weights(model, task)
                features = _matrix(rows.part(slice(kept, None)), task.size)
                seen = _margins_of(replay.logits, model.labels, task) - features @ old
                margins[kept - learned :, known] += seen[:, known]
            further = _descent(task, last)
            further.begin(descent.standing(slice(0, start.biases.size)))
            solution = further.finish()
    logits = margins_to_logits(margins, len(labels)) if len(margins) else None
    if logits is not None:
        logits = np.concatenate([logits[kept - learned :], logits[: kept - learned]])
    told = {
        "texts": last,
        "new_ngrams": len(encoder) - len(model.encoder),
        "stored_numbers": rows.stored,
        "candidates": model.facts.get("candidates", []),
    }
    return LinearFit(packed_model(labels, encoder, solution, settings, told, threads), logits)


def open_settings(model: LinearModel, has_validation: bool) -> LinearSettings:
    """The settings of a model with the choices open again that validation made, if there is any."""
    settings = linear_settings_of_json(model.facts["settings"])
    tried = model.facts.get("candidates", [])
    usual = LinearSettings()
    again = {
        name: getattr(usual, name)
        for name in ("features", "naive_bayes", "strength")
        if has_validation and len({one[name] for one in tried}) > 1
    }
    return replace(settings, **again)


@dataclass(frozen=True, eq=False)
class _Task:
    """All rows, those to learn from first, and what a fit of the first so many of them needs."""

    rows: Rows
    size: int
    texts: pa.LargeStringArray
    targets: np.ndarray
    labels: LabelSet
    settings: LinearSettings
    weights: np.ndarray
    seed: int
    threads: int | None

    @property
    def classes(self) -> np.ndarray:
        """The classes that have a problem of their own."""
        return problem_classes(len(self.labels), self.labels.several)

    def order(self, number: int) -> np.ndarray:
        """The first rows in an order that does not depend on how they came."""
        return canonical_order(self.texts.slice(0, number), self.targets[:number])

    def costs(self, number: int, classes: np.ndarray) -> np.ndarray:
        """(2, P) float32 what an error on one of the first rows costs, outside and inside."""
        strength, imbalance = self.settings.strength, self.settings.imbalance
        assert strength is not None
        weights = self.weights[:number]
        member = indicators(self.targets[:number], len(self.labels))
        costs = problem_costs(weights @ member, round(weights.sum()), classes, imbalance)
        return costs * np.float32(strength)


def _descent(task: _Task, number: int) -> BinaryDescent:
    """A descent on the first rows."""
    settings = task.settings
    problems = Problems(
        task.targets[:number], task.classes, task.costs(number, task.classes),
        weights=task.weights[:number],
    )  # fmt: skip
    return BinaryDescent(
        task.rows.part(slice(0, number)), task.size, problems, settings.objective,
        canonical=task.order(number), seed=task.seed,
        stopping=Stopping(settings.tolerance, settings.most_passes), threads=task.threads,
    )  # fmt: skip


def _solved_whole(task: _Task, number: int) -> Solution:
    """The first rows by the multinomial objective, whose solvers begin at 0."""
    targets = task.targets[:number]
    by_class = task.costs(number, np.arange(len(task.labels)))[1]
    costs = (by_class[targets] * task.weights[:number]).astype(np.float32)
    return solve_coupled(
        task.rows.part(slice(0, number)), task.size, targets, costs, len(task.labels),
        task.settings, canonical=task.order(number), seed=task.seed,
    )  # fmt: skip


def _standing(model: LinearModel, replay: Replay, task: _Task, learned: int) -> Standing:
    """Where a descent on the replay sample and new texts begins: at the old weights.

    The problems of new labels begin at 0.
    """
    old, known = _old_weights(model, task)
    number = len(replay.train)
    states = np.zeros((learned, known.size), np.float32)
    if task.settings.objective == "logistic":
        states[:] = FRESH
    at_start = _implied(task, slice(0, number), old, known)
    states[:number] = at_start.states
    centre = None
    weights = at_start.account
    # costs that hang on the numbers of labels are others now, and so is what was minimised
    if task.settings.imbalance == NONE:
        centre = old - at_start.account
        centre[:, ~known] = 0
        weights = centre + at_start.account
    # moves are counted from here: a descent ends by what the update moves, be it ever so little
    return Standing(weights[:-1], weights[-1], states, np.zeros(known.size), centre)


def _old_weights(model: LinearModel, task: _Task) -> tuple[np.ndarray, np.ndarray]:
    """(V + 1, P) float32 the model's weights by the task's problems, biases last.

    And (P,) bool of which problems these are; the others are 0.
    """
    whole = np.vstack([model.steps * model.scales[:, None], model.biases[None]])
    columns, known = _by_problem(whole, model.labels, task)
    old = np.zeros((task.size + 1, known.size), np.float32)
    old[: len(whole) - 1] = columns[:-1]
    old[-1] = columns[-1]
    return old, known


def _by_problem(whole: np.ndarray, before: LabelSet, task: _Task) -> tuple[np.ndarray, np.ndarray]:
    """(n, P) of the problems of a label set (n, p) those of the task; (P,) which there were.

    The one problem of two labels is a problem of each where there are more labels now.
    """
    names = [task.labels.names[label] for label in task.classes]
    known = np.array([name in before.names for name in names])
    if whole.shape[1] == 1 and len(before) == 2:
        if task.classes.size == 1:
            return whole, known
        whole = np.hstack([-whole, whole])
    columns = np.zeros((len(whole), known.size), np.float32)
    columns[:, known] = whole[
        :, [before.names.index(name) for name in names if name in before.names]
    ]
    return columns, known


def _margins_of(logits: np.ndarray, before: LabelSet, task: _Task) -> np.ndarray:
    """(n, P) margins of the task's problems of (n, K) logits of the labels before."""
    if len(before) == 2 and not before.several:
        logits = logits[:, 1:] - logits[:, :1]
    return _by_problem(logits, before, task)[0]


@dataclass(frozen=True, eq=False)
class _Implied:
    """What weights imply of N rows at a minimum.

    states   (N, P) float32 dual states
    account  (V + 1, P) float32 the sum of alpha * sign * x, which is their part of the weights
    """

    states: np.ndarray
    account: np.ndarray


def _implied(task: _Task, part: slice, old: np.ndarray, known: np.ndarray) -> _Implied:
    """What the old weights imply of some rows; of problems that are new nothing."""
    features = _matrix(task.rows.part(part), task.size)
    targets, classes = task.targets[part], task.classes
    signs = Problems(targets, classes, np.ones((2, classes.size), np.float32)).signs(
        slice(0, classes.size), classes.size
    )
    costs = task.costs(len(task.weights), classes)
    cost = np.where(signs > 0, costs[1], costs[0]) * task.weights[part, None].astype(np.float32)
    margins = signs * (features @ old)
    if task.settings.objective == "logistic":
        states = np.where(known, np.clip(-margins, FRESH, -FRESH), FRESH)
        alpha = np.where(known, cost / (1 + np.exp(margins)), 0)
    else:
        states = alpha = np.where(known, 2 * cost * np.maximum(0, 1 - margins), 0)
    account = np.asarray(features.T @ (alpha * signs).astype(np.float32))
    return _Implied(states.astype(np.float32), account.astype(np.float32))


def _matrix(rows: Rows, size: int) -> csr_array:
    """(N, V + 1) float32: the rows, with the feature that is 1 in every text behind them."""
    lengths = rows.ends - rows.starts
    begins = np.concatenate([[0], np.cumsum(lengths + 1)])
    columns = np.full(begins[-1], size, np.int32)
    values = np.ones(begins[-1], np.float32)
    filled = np.ones(begins[-1], bool)
    filled[begins[1:] - 1] = False
    places = stored_places(rows)
    columns[filled], values[filled] = rows.columns[places], rows.values[places]
    return csr_array((values, columns, begins), shape=(len(rows), size + 1))
