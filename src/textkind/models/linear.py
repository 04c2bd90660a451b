"""The linear model: hashed n-grams and one weight for each n-gram and class.

fit = fit_linear(train, validation, LinearSettings())
logits = fit.model.logits(texts)                        (N, K) float32
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.soft import SoftTargets
from textkind.data.targets import label_counts
from textkind.encoding.ngrams import NgramEncoder, compiled_before, unknown_share
from textkind.encoding.rows import Rows
from textkind.errors import SettingsError
from textkind.models.choosing import Choice, choose
from textkind.models.linear_rows import Encoded, encode, encoded_winner
from textkind.models.linear_state import parts_of, state_of
from textkind.models.problems import Problems, Solution, Stopping
from textkind.models.scoring import in_lanes, pack_weights, score_texts
from textkind.models.settings import LinearSettings
from textkind.models.solvers import BinaryDescent, solve_gradient_descent, solve_multinomial
from textkind.models.trials import margins_to_logits, problem_classes, problem_costs
from textkind.progress import SILENT, Talk
from textkind.training.imbalance import NONE


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A fitted linear model.

    steps (V, P) int8 times scales (V,) float32 are the weights, biases (P,) float32; P is 1 for
    two classes of which a text has one, else K. facts is the JSON-able account of the fit.
    """

    labels: LabelSet
    encoder: NgramEncoder
    steps: np.ndarray
    scales: np.ndarray
    biases: np.ndarray
    facts: dict

    name = "linear"

    @cached_property
    def lanes(self) -> tuple[np.ndarray, np.ndarray]:
        """The weights and biases as the scoring kernel takes them."""
        return in_lanes(self.steps, self.biases)

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits of texts."""
        weights, biases = self.lanes
        margins = score_texts(self.encoder, weights, self.scales, biases, texts, threads)
        return margins_to_logits(margins[:, : self.biases.size], len(self.labels))

    def unseen(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N,) float64 share of each text's n-grams that no training text has."""
        return unknown_share(self.encoder, texts, threads)

    def token_counts(self, texts: pa.LargeStringArray, threads: int | None = None) -> None:
        """None: all of every text is read."""

    def state(self) -> tuple[dict, dict[str, np.ndarray]]:
        """All there is to save: a JSON-able config, and named arrays."""
        return state_of(self.encoder, self.steps, self.scales, self.biases, self.facts)

    @classmethod
    def from_state(
        cls, config: dict, arrays: dict[str, np.ndarray], labels: LabelSet
    ) -> "LinearModel":
        """The model that `state` described; ModelFolderError where that cannot be one."""
        return LinearModel(labels, *parts_of(config, arrays, labels))


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A fitted model, and the validation logits of the fit that did not see validation."""

    model: LinearModel
    validation_logits: np.ndarray | None


def fit_linear(
    train: Corpus,
    validation: Corpus | None,
    settings: LinearSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> LinearFit:
    """Fit the linear model on train; validation closes the open choices.

    With settings.refit the model is then fitted once more on train + validation, and the
    validation logits come from the fit before. Raises SettingsError where a choice is open and
    there is no validation part, or where the settings do not go together.
    """
    check_soft(train.soft, settings)
    held_out = validation if validation is not None and len(validation) else None
    chosen, choice = closed(train, held_out, settings, seed=seed, threads=threads, talk=talk)
    validation_logits = None if choice is None else choice.winner.logits
    if choice is None or held_out is None or not settings.refit:
        with talk.task("fitting the linear model"):
            model = fit_encoded(
                encode(train, None, chosen, threads), chosen, seed=seed, threads=threads
            )
            if held_out is not None:
                validation_logits = model.logits(held_out.texts, threads)
    if held_out is not None and settings.refit:
        with talk.task("fitting the linear model once more, on train and validation"):
            if choice is not None and choice.whole:
                encoded = encoded_winner(choice.winner, train, held_out)
            else:
                encoded = encode(train, held_out, chosen, threads)
            model = fit_encoded(encoded, chosen, seed=seed, threads=threads)
    tell_fit(model, choice, talk)
    return LinearFit(model, validation_logits)


def closed(
    train: Corpus,
    held_out: Corpus | None,
    settings: LinearSettings,
    *,
    seed: int,
    threads: int | None,
    talk: Talk,
) -> tuple[LinearSettings, Choice | None]:
    """The settings with every choice closed on the held-out part, and how, if any was open."""
    labels = train.labels
    if labels.several and settings.objective == "multinomial":
        raise SettingsError(
            "the multinomial objective needs texts of one label each",
            hint="use squared_hinge or logistic for several labels",
        )
    if settings.solver == "sgd" and settings.objective != "multinomial":
        raise SettingsError(
            "the sgd solver minimises the multinomial objective only", found=settings.objective
        )
    if settings.naive_bayes and labels.several:
        raise SettingsError("naive_bayes needs texts of one label each")
    if not compiled_before():
        talk.note("first use on this machine: compiling takes some seconds, once")
    chosen = replace(settings, naive_bayes=False) if labels.several else settings
    if not chosen.open_choices:
        return chosen, None
    if held_out is None:
        raise SettingsError(
            "without a validation part these must be given: " + ", ".join(chosen.open_choices)
        )
    choice = choose(train, held_out, chosen, seed=seed, threads=threads, talk=talk)
    return choice.settings, choice


def tell_fit(model: LinearModel, choice: Choice | None, talk: Talk) -> None:
    """Add what was tried to the facts of a model, and tell where its descent was cut short."""
    model.facts["candidates"] = [] if choice is None else list(map(asdict, choice.candidates))
    if model.facts["converged"] is False:
        talk.note(
            f"descent stopped after {model.facts['passes']} passes, at most "
            f"{model.facts['relative_gap']:.1%} above the minimum"
        )


def check_soft(soft: SoftTargets | None, settings: LinearSettings) -> None:
    """SettingsError where soft targets and the settings do not go together."""
    if soft is None:
        return
    if settings.objective != "logistic":
        raise SettingsError(
            "probabilities for targets need the logistic objective", found=settings.objective
        )
    if settings.imbalance != NONE:
        raise SettingsError(
            "probabilities for targets weigh all labels alike", found=settings.imbalance
        )
    if soft.temperature != 1:
        raise SettingsError(
            "the linear model follows probabilities as they are, at temperature 1",
            found=soft.temperature,
        )


def fit_encoded(
    encoded: Encoded, settings: LinearSettings, *, seed: int, threads: int | None
) -> LinearModel:
    """Fit with every choice closed."""
    solution = solve(encoded, settings, seed, threads)
    told = {"texts": len(encoded.rows), "stored_numbers": encoded.rows.stored}
    return packed_model(encoded.labels, encoded.encoder, solution, settings, told, threads)


def packed_model(
    labels: LabelSet,
    encoder: NgramEncoder,
    solution: Solution,
    settings: LinearSettings,
    told: dict,
    threads: int | None,
) -> LinearModel:
    """The model of a solution; told are facts about the rows."""
    steps, scales = pack_weights(solution.weights, solution.problems, threads)
    biases = solution.biases.ravel()[: solution.problems].copy()
    facts = {"settings": asdict(settings), "ngrams": len(encoder), **told, **solution.facts}
    return LinearModel(labels, encoder, steps, scales, biases, facts)


def solve(encoded: Encoded, settings: LinearSettings, seed: int, threads: int | None) -> Solution:
    """Minimise the objective of the settings."""
    labels, rows, targets = encoded.labels, encoded.rows, encoded.targets
    size, canonical = len(encoded.encoder), encoded.canonical
    strength = np.float32(settings.strength)
    counts = label_counts(targets, len(labels))
    if settings.objective == "multinomial":
        every = np.arange(len(labels))
        by_class = problem_costs(counts, len(targets), every, settings.imbalance)[1]
        costs = (strength * by_class[targets]).astype(np.float32)
        return solve_coupled(
            rows, size, targets, costs, len(labels), settings, canonical=canonical, seed=seed
        )
    classes = problem_classes(len(labels), labels.several)
    costs = problem_costs(counts, len(targets), classes, settings.imbalance) * strength
    descent = BinaryDescent(
        rows, size, Problems(targets, classes, costs, encoded.soft), settings.objective,
        canonical=canonical, edges=encoded.edges, seed=seed,
        stopping=Stopping(settings.tolerance, settings.most_passes), threads=threads,
    )  # fmt: skip
    if encoded.start is not None:
        descent.begin(encoded.start)
    return descent.finish()


def solve_coupled(
    rows: Rows,
    size: int,
    targets: np.ndarray,
    costs: np.ndarray,
    classes: int,
    settings: LinearSettings,
    *,
    canonical: np.ndarray,
    seed: int,
) -> Solution:
    """Minimise the multinomial objective by the solver of the settings; costs (N,) float32."""
    arguments = (rows, size, targets, costs, classes)
    if settings.solver == "sgd":
        return solve_gradient_descent(
            *arguments, canonical=canonical, seed=seed, batch_size=settings.batch_size,
            number_of_passes=min(settings.most_passes, 30),
        )  # fmt: skip
    stopping = Stopping(settings.tolerance, settings.most_passes)
    return solve_multinomial(*arguments, canonical=canonical, seed=seed, stopping=stopping)
