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
from textkind.encoding.ngrams import (
    MOST_BITS,
    NgramEncoder,
    NgramSettings,
    Rows,
    bucket_count,
    canonical_order,
    fit_ngrams,
    rescale,
)
from textkind.errors import ModelFolderError, SettingsError
from textkind.models.choosing import choose
from textkind.models.naive_bayes import ratio_scale
from textkind.models.problems import Problems, Solution, Stopping
from textkind.models.scoring import in_lanes, pack_weights, score_texts
from textkind.models.settings import LinearSettings, ngram_settings
from textkind.models.solvers import BinaryDescent, solve_gradient_descent, solve_multinomial
from textkind.models.trials import margins_to_logits, problem_classes, problem_costs
from textkind.progress import SILENT, Talk

ARRAYS = {"buckets": "int32", "importance": "float16", "steps": "int8", "scales": "float16",
          "biases": "float32"}  # fmt: skip


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

    def state(self) -> tuple[dict, dict[str, np.ndarray]]:
        """All there is to save: a JSON-able config, and named arrays."""
        config = {
            "ngrams": asdict(self.encoder.settings),
            "bits": self.encoder.bits,
            "facts": self.facts,
        }
        return config, {
            "buckets": self.encoder.buckets,
            "importance": self.encoder.importance.astype(np.float16),
            "steps": self.steps,
            "scales": self.scales.astype(np.float16),
            "biases": self.biases,
        }

    @classmethod
    def from_state(
        cls, config: dict, arrays: dict[str, np.ndarray], labels: LabelSet
    ) -> "LinearModel":
        """The model that `state` described; ModelFolderError where that cannot be one."""
        return LinearModel(labels, **checked_state(config, arrays, labels))


def checked_state(config: dict, arrays: dict[str, np.ndarray], labels: LabelSet) -> dict:
    """The parts of a model from its saved state; ModelFolderError names what is wrong."""

    def require(condition: bool, problem: str) -> None:
        if not condition:
            raise ModelFolderError(
                f"the linear model in this folder is damaged: {problem}",
                hint="train the model again, or copy its folder anew",
            )

    require(
        isinstance(config, dict) and set(config) == {"ngrams", "bits", "facts"},
        "its config has other entries than ngrams, bits and facts",
    )
    require(
        {name: str(array.dtype) for name, array in arrays.items()} == ARRAYS,
        f"its arrays are not {ARRAYS}",
    )
    try:
        found = dict(config["ngrams"])
        for name in ("words", "characters"):
            found[name] = None if found[name] is None else tuple(found[name])
        settings = NgramSettings(**found)
        orders = (*(settings.words or ()), *(settings.characters or ()))
        require(all(map(is_whole, orders)), "n-gram orders")
    except (KeyError, TypeError, ValueError, SettingsError) as error:
        raise ModelFolderError(
            "the linear model in this folder is damaged: its n-gram settings",
            found=config["ngrams"],
        ) from error
    bits = config["bits"]
    require(is_whole(bits) and 1 <= bits <= MOST_BITS, "the number of bits")
    require(isinstance(config["facts"], dict), "its facts")
    buckets, steps = arrays["buckets"], arrays["steps"]
    problems = problem_classes(len(labels), labels.several).size
    size = buckets.size
    shapes = {"buckets": (size,), "importance": (size,), "steps": (size, problems),
              "scales": (size,), "biases": (problems,)}  # fmt: skip
    require({name: array.shape for name, array in arrays.items()} == shapes, "array shapes")
    known = bucket_count(settings, bits)
    require(
        bool(((buckets >= 0) & (buckets < known)).all()) and np.unique(buckets).size == size,
        "its buckets",
    )
    for name in ("importance", "scales"):
        require(bool((np.isfinite(arrays[name]) & (arrays[name] > 0)).all()), name)
    require(bool(np.isfinite(arrays["biases"]).all()), "its biases")
    encoder = NgramEncoder(settings, bits, buckets, arrays["importance"].astype(np.float32))
    return {
        "encoder": encoder,
        "steps": steps,
        "scales": arrays["scales"].astype(np.float32),
        "biases": arrays["biases"],
        "facts": config["facts"],
    }


def is_whole(value: object) -> bool:
    """Whether a value read from JSON is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


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
    chosen = replace(settings, naive_bayes=False) if labels.several else settings
    held_out = validation if validation is not None and len(validation) else None
    candidates: list[dict] = []
    validation_logits = None
    if chosen.open_choices:
        if held_out is None:
            raise SettingsError(
                "without a validation part these must be given: " + ", ".join(chosen.open_choices)
            )
        choice = choose(train, held_out, chosen, seed=seed, threads=threads, talk=talk)
        chosen, validation_logits = choice.settings, choice.validation_logits
        candidates = [asdict(candidate) for candidate in choice.candidates]
    if held_out is None or not (settings.refit and candidates):
        with talk.task("fitting the linear model"):
            model = fit_once(train, chosen, seed=seed, threads=threads)
    if held_out is not None and not (settings.refit and candidates):
        validation_logits = model.logits(held_out.texts, threads)
    if held_out is not None and settings.refit:
        with talk.task("fitting the linear model once more, on train and validation"):
            model = fit_once(join(train, held_out), chosen, seed=seed, threads=threads)
    model.facts["candidates"] = candidates
    if model.facts["converged"] is False:
        talk.note(
            f"descent stopped after {model.facts['passes']} passes, at most "
            f"{model.facts['relative_gap']:.1%} above the minimum"
        )
    return LinearFit(model, validation_logits)


def join(first: Corpus, second: Corpus) -> Corpus:
    """The texts and targets of both, in one corpus."""
    return Corpus(
        pa.concat_arrays([first.texts, second.texts]),
        np.concatenate([first.targets, second.targets]),
        first.labels,
        np.concatenate([first.rows, second.rows]),
    )


def fit_once(
    corpus: Corpus, settings: LinearSettings, *, seed: int, threads: int | None
) -> LinearModel:
    """Fit with every choice closed."""
    labels, targets = corpus.labels, corpus.targets
    ngrams = ngram_settings(settings, settings.features, len(corpus))
    encoder, rows = fit_ngrams(corpus.texts, ngrams, threads=threads)
    if settings.naive_bayes:
        scale = ratio_scale(rows, len(encoder), targets, len(labels))
        encoder = rescale(encoder, rows, scale, threads)
    canonical = canonical_order(corpus.texts, targets)
    solution = solve(rows, len(encoder), corpus, settings, canonical, seed, threads)
    weights, biases = solution.columns()
    steps, scales = pack_weights(weights)
    facts = {
        "settings": asdict(settings),
        "texts": len(corpus),
        "ngrams": len(encoder),
        "stored_numbers": rows.stored,
        **solution.facts,
    }
    return LinearModel(labels, encoder, steps, scales, biases.copy(), facts)


def solve(
    rows: Rows,
    size: int,
    corpus: Corpus,
    settings: LinearSettings,
    canonical: np.ndarray,
    seed: int,
    threads: int | None,
) -> Solution:
    """Minimise the objective of the settings."""
    labels, targets = corpus.labels, corpus.targets
    strength = np.float32(settings.strength)
    classes = problem_classes(len(labels), labels.several)
    stopping = Stopping(settings.tolerance, settings.most_passes)
    if settings.objective == "multinomial":
        every = np.arange(len(labels))
        by_class = problem_costs(targets, every, settings.class_weight)[1]
        costs = (strength * by_class[targets]).astype(np.float32)
        arguments = (rows, size, targets, costs, len(labels))
        if settings.solver == "sgd":
            return solve_gradient_descent(
                *arguments, canonical=canonical, seed=seed, batch_size=settings.batch_size,
                number_of_passes=min(settings.most_passes, 30),
            )  # fmt: skip
        return solve_multinomial(*arguments, canonical=canonical, seed=seed, stopping=stopping)
    costs = problem_costs(targets, classes, settings.class_weight) * strength
    return BinaryDescent(
        rows, size, Problems(targets, classes, costs), settings.objective,
        canonical=canonical, seed=seed, stopping=stopping, threads=threads,
    ).finish()  # fmt: skip
