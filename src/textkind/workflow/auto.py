"""Auto: climb the ladder until its next steps gain nothing significant on validation.

Each step is fitted on train and compared with the best so far on the same validation texts. The
test part has no say here: it measures the one model that was chosen.
"""

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from textkind.data.corpus import Corpus
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import decide
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import SettingsError, TextkindError
from textkind.evaluation.metrics import correct_rows
from textkind.evaluation.paired import (
    difference,
    figure_of,
    mcnemar,
    resampled_figures,
    row_parts,
)
from textkind.models.neural_settings import NeuralSettings
from textkind.progress import Talk
from textkind.training.imbalance import CONVEX, NONE, parse_imbalance
from textkind.workflow.imbalance import with_imbalance
from textkind.workflow.ladder import LADDER, with_budget
from textkind.workflow.ladder_verdict import LEVEL
from textkind.workflow.learn import Learned, ModelSettings, learn, learned_again

AUTO = "auto"
# A step up each: word counts; vectors that know words beyond the texts; an encoder that has read
# much, as it is; the same trained. Why no networks from scratch: docs/decisions.md, Comparing.
STEPS = ("linear", "static", "frozen", "pretrained")
PATIENCE = 2  # steps without a significant gain before the climb ends
SHARE = 0.5  # of the minutes that are left, for the next step


@dataclass(frozen=True)
class AutoSettings:
    """How far to climb."""

    budget: float | None = 20.0  # minutes for all steps together; None: as long as they need
    refit: bool = False  # train the chosen network once more, on train + validation
    imbalance: str = NONE  # what is done about unequal labels, by every step

    def __post_init__(self) -> None:
        parse_imbalance(self.imbalance, CONVEX, AUTO)
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise SettingsError("budget must be a number above 0", found=self.budget)

    @property
    def model(self) -> str:
        """What stands for the name of the model until one is chosen."""
        return AUTO


@dataclass(frozen=True, eq=False)
class Climbed:
    """What was chosen: fitted, its settings, and the JSON-able account of the climb."""

    learned: Learned
    settings: ModelSettings
    facts: dict[str, Any]


def climb_to_model(
    train: Corpus,
    validation: Corpus,
    settings: AutoSettings,
    *,
    calibration: CalibrationSettings = CalibrationSettings(),
    rule: RuleSettings = RuleSettings(),
    seed: int,
    threads: int | None,
    talk: Talk,
) -> Climbed:
    """Fit step after step; keep the last that was significantly better than those before.

    The first step is taken without comparison where there is no validation part. A step that cannot
    be fitted here is told and left out; its error is raised where it is the first.
    """
    began = time.monotonic()
    fit = partial(
        learn, train, validation, calibration=calibration, rule=rule, seed=seed, threads=threads,
        talk=talk,
    )  # fmt: skip
    told = settings.imbalance
    chosen_name, chosen_settings = STEPS[0], with_imbalance(LADDER[STEPS[0]](), told)
    chosen = fit(chosen_settings)
    steps: list[dict[str, Any]] = [_step(chosen_name, chosen, validation, time.monotonic() - began)]
    idle, ended = 0, "the ladder was at its end"
    for name in STEPS[1:]:
        if chosen.validation_probabilities is None:
            ended = "there are too few texts to compare models on validation"
            break
        if idle == PATIENCE:
            ended = f"{idle} steps in a row gained nothing significant"
            break
        left = None if settings.budget is None else 60 * settings.budget - time.monotonic() + began
        if left is not None and left <= 0:
            ended = "the time was spent"
            break
        asked = with_imbalance(LADDER[name](), told)
        asked = with_budget(asked, None if left is None else SHARE * left)
        talk.note(f"{AUTO}: trying {name}")
        started = time.monotonic()
        try:
            tried = fit(asked)
        except (TextkindError, MemoryError) as error:
            reason = str(error.args[0]) if error.args else "the memory is not enough"
            talk.note(f"{AUTO}: {name} is left out: {reason}")
            steps.append({"name": name, "reason": reason})
            continue
        step = _step(name, tried, validation, time.monotonic() - started)
        step |= _compared(tried, chosen, validation, seed) | {"against": chosen_name}
        steps.append(step)
        if step["gain"] > 0 and step["p"] < LEVEL:
            chosen, chosen_name, chosen_settings, idle = tried, name, asked, 0
        else:
            idle += 1
    if settings.refit and isinstance(chosen_settings, NeuralSettings) and not chosen_settings.refit:
        chosen_settings = replace(chosen_settings, refit=True)
        chosen = learned_again(
            chosen, train, validation, chosen_settings,
            rule=rule, seed=seed, threads=threads, talk=talk,
        )  # fmt: skip
    sentences = _reasons(chosen_name, steps, ended)
    for sentence in sentences:
        talk.note(f"{AUTO}: {sentence}")
    facts = {"chosen": chosen_name, "steps": steps, "ended": ended, "sentences": sentences}
    return Climbed(chosen, chosen_settings, facts)


def _step(name: str, learned: Learned, validation: Corpus, seconds: float) -> dict[str, Any]:
    value = None
    if learned.validation_probabilities is not None:
        parts = row_parts(_predicted(learned), validation.targets)
        value = float(figure_of(parts.sum(axis=0)))
    return {"name": name, "validation": value, "seconds": round(seconds, 3)}


def _compared(tried: Learned, best: Learned, validation: Corpus, seed: int) -> dict[str, float]:
    """How much the second gains on the same texts, and its p: as in a comparison of models."""
    given = [_predicted(tried), _predicted(best)]
    parts = np.stack([row_parts(one, validation.targets) for one in given])
    values = figure_of(parts.sum(axis=1))
    gain = float(values[0] - values[1])
    if validation.labels.several:
        drawn = resampled_figures(parts, seed)
        test = difference(
            drawn[:, 0], drawn[:, 1], float(values[0]), float(values[1]), len(validation)
        )
        return {"gain": gain, "p": test.p}
    right = [correct_rows(one, validation.targets) > 0 for one in given]
    return {"gain": gain, "p": mcnemar(right[0], right[1]).mid}


def _predicted(learned: Learned) -> np.ndarray:
    assert learned.validation_probabilities is not None
    return decide(learned.classifier.decision, learned.validation_probabilities)


def _reasons(chosen: str, steps: list[dict[str, Any]], ended: str) -> list[str]:
    """Two sentences: why this model, and what the steps after it gained."""
    own = next(step for step in steps if step["name"] == chosen)
    if own["validation"] is None:
        return [f"{chosen} is taken, the first step.", f"The climb ended: {ended}."]
    figure = f"{100 * own['validation']:.1f} %"
    if "against" in own:
        first = (
            f"{chosen} is chosen: {figure} on validation, {100 * own['gain']:+.1f} points to "
            f"{own['against']} (p = {own['p']:.2g})."
        )
    else:
        first = f"{chosen} is chosen: {figure} on validation, and no later step is better."
    after = [step for step in steps[steps.index(own) + 1 :] if "gain" in step]
    told = ", ".join(f"{s['name']} {100 * s['gain']:+.1f} (p = {s['p']:.2g})" for s in after)
    second = f"The climb ended as {ended}"
    return [first, second + (f"; in points, later steps gained {told}." if told else ".")]
