"""The learning curve of a model itself where there is the time for it, else of the linear model."""

import time
from dataclasses import replace
from typing import Any

import numpy as np

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.models.linear import LinearModel
from textkind.models.neural_settings import DEFAULTS, NeuralSettings, settings_of_json
from textkind.models.settings import LinearSettings, linear_settings_of_json
from textkind.progress import Talk
from textkind.workflow.curve import JUDGED, curve_sizes, fitted_on, learning_curve
from textkind.workflow.imbalance import ModelSettings
from textkind.workflow.learn import FIXED

LINEAR = replace(LinearSettings(), **FIXED)


def own_curve(
    classifier: Classifier,
    corpus: Corpus,
    budget: float | None,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk,
) -> dict[str, Any]:
    """As learning_curve, with `model`, of which it is, and `why` it is of another than asked.

    budget is in seconds, None without an end. Whether a network's own curve would take longer is
    first told by its training, then by a fit on the smallest part. DataError for too few rows.
    """
    sizes = curve_sizes(corpus)
    settings, why = settings_again(classifier)
    fits = JUDGED * float(sizes.sum())  # rows that are fitted in all
    if why is None and budget is not None and isinstance(settings, NeuralSettings):
        facts = classifier.model.facts
        # of a frozen encoder, which is no training, only the fit tells
        seconds = facts.get("training_seconds", 0.0) * fits / facts["texts"]
        if seconds <= budget:
            seconds = _seconds(corpus, int(sizes[0]), settings, seed, threads) * fits / sizes[0]
        if seconds > budget:
            settings = LINEAR
            why = (
                f"that of {classifier.model.name} would take about {_minutes(seconds)}, longer "
                f"than the {_minutes(budget)} of --budget"
            )
    if why is not None:
        talk.note(f"the learning curve is that of the linear model: {why}")
    curve = learning_curve(corpus, settings, seed=seed, threads=threads, talk=talk)
    return {"model": settings.model, "why": why} | curve


def settings_again(classifier: Classifier) -> tuple[ModelSettings, str | None]:
    """The settings that fit the model once more, without choices; else LINEAR, and why."""
    model = classifier.model
    if isinstance(model, LinearModel):
        return linear_settings_of_json(model.facts["settings"]), None
    facts = model.facts
    if model.name not in DEFAULTS or not facts.get("texts"):
        return LINEAR, f"this {model.name} model was not learned from labelled texts alone"
    told = facts["settings"]
    files = [name for name in ("tokenizer", "encoder") if told[name] is not None]
    if told["vectors"] not in (None, "distilled"):
        files.append("vectors")
    if files:
        return LINEAR, f"the model folder does not hold the {files[0]} that it began with"
    settings = settings_of_json(told)
    training = replace(settings.training, budget=None)
    if facts["best"] is not None:
        training = replace(training, epochs=facts["best"]["epoch"])  # there is no validation part
    return replace(settings, training=training, refit=False), None


def _seconds(
    corpus: Corpus, rows: int, settings: ModelSettings, seed: int, threads: int | None
) -> float:
    """The time of a fit on so many rows, drawn."""
    some = np.random.default_rng(seed).permutation(len(corpus))[:rows]
    began = time.perf_counter()
    fitted_on(corpus.take(some), settings, seed, threads)
    return time.perf_counter() - began


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:,.0f} minutes"
