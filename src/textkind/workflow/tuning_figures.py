"""What a search came to: its trials, the best of them, what the choice is worth, what mattered.

The entries of tune.json from `headline` on; docs/tuning.md tells each.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from textkind.data.corpus import Corpus
from textkind.evaluation.paired import figure_of, row_parts
from textkind.evaluation.selection import (
    HEADLINE,
    LOG_LOSS,
    Judgement,
    best_of,
    gains_elsewhere,
    loss_gain,
)
from textkind.models.search_spaces import Choices, Dimension
from textkind.models.settings import LinearSettings
from textkind.storage.tensors import parse_tensors
from textkind.workflow.ladder_figures import Compared
from textkind.workflow.ladder_verdict import LEVEL, NAMES, points
from textkind.workflow.learn import ModelSettings
from textkind.workflow.settings_as_json import model_of_json
from textkind.workflow.trial import JUDGED, RUNGS
from textkind.workflow.trial_desk import DEFAULTS, TrialDesk
from textkind.workflow.trial_records import FINISHED, end_of, trial_records
from textkind.workflow.trial_study import importances, percent

# from which on it is told what mattered: a forest of fewer sees patterns in noise
LEAST_TRIALS = 12
USUAL_NAME, BEST_NAME = "defaults", "tuned"


@dataclass(frozen=True, eq=False)
class _Answer:
    """As Compared takes them."""

    name: str
    predicted: np.ndarray


def tuning_facts(desk: TrialDesk, validation: Corpus) -> dict[str, Any]:
    """The entries of tune.json that follow from the trials; the defaults are finished."""
    plan = desk.plan
    trials = trial_records(desk.study)
    finished = [one for one in trials if one["status"] == FINISHED]
    numbers = [one["number"] for one in finished]
    losses, predicted = _judged(desk, numbers)
    parts = np.stack([row_parts(one, validation.targets) for one in predicted])
    judged = Judgement(losses, parts)
    place = int(best_of(losses.mean(axis=1), figure_of(parts.sum(axis=1)), plan.figure))
    headline = "micro_f1" if plan.several else "accuracy"
    facts: dict[str, Any] = {
        "headline": headline,
        "validation_rows": len(validation),
        "searched": [_told(one) for one in plan.dimensions],
        "trials": trials,
        "best": numbers[place],
        "gain": None,
        "elsewhere": None,
        "clear": False,
        "importance": _importance(desk, trials),
        "ended": desk.ended_because,
        "seconds": round(desk.seconds, 3),
    }
    if place:
        pair = Compared(
            [_Answer(BEST_NAME, predicted[place]), _Answer(USUAL_NAME, predicted[0])],
            validation.targets,
            plan.seed,
        ).pair(BEST_NAME, USUAL_NAME)
        facts["gain"] = {
            LOG_LOSS: asdict(loss_gain(losses[0], losses[place], plan.seed)),
            HEADLINE: {name: pair[name] for name in ("value", "low", "high", "p")},
        }
        elsewhere = gains_elsewhere(judged, plan.figure, plan.seed)
        facts["elsewhere"] = {name: asdict(gain) for name, gain in elsewhere.items()}
        facts["clear"] = elsewhere[plan.figure].low > 0
    facts["sentences"] = _sentences(facts, plan.figure)
    return facts


def best_settings(desk: TrialDesk, best: int, asked: Any) -> tuple[ModelSettings, int]:
    """The settings of the trial, to be fitted as asked for otherwise, and its number of threads.

    With another number PyTorch would add up in another order, and the model be another.
    """
    end = end_of(desk.trials[best])
    settings: Any = model_of_json(end["outcome"]["model"])
    settings = replace(settings, refit=asked.refit)
    if not isinstance(settings, LinearSettings):
        settings = replace(settings, places=asked.places)
    return settings, int(end["threads"])


def _judged(desk: TrialDesk, numbers: list[int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """(M, N) log losses of the rows by the finished trials, and the labels that each gave."""
    losses, predicted = [], []
    for number in numbers:
        path = desk.plan.place(number) / JUDGED
        arrays = parse_tensors(path.read_bytes(), str(path))
        losses.append(arrays["losses"])
        predicted.append(arrays["predicted"])
    return np.stack(losses), predicted


def _told(dimension: Dimension) -> dict[str, Any]:
    values = dimension.values
    if isinstance(values, Choices):
        return {"name": dimension.name, "choices": list(values.values)}
    return {"name": dimension.name, **asdict(values)}


def _importance(desk: TrialDesk, trials: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What mattered, by the log loss at the first rung, which most trials reach; None for few.

    Where there are no rungs, by the log loss at the end.
    """
    step = percent(RUNGS[0])
    study = {one.number: one for one in desk.trials}
    usual = trials[DEFAULTS]["values"]
    early, late = [], []
    for one in trials:
        found = study[one["number"]].intermediate_values.get(step)
        if found is not None:
            early.append((one["values"], found))
        if one["figures"] is not None:
            late.append((one["values"], one["figures"]["log_loss"]))
    by_rung = len(early) >= len(late)
    used = early if by_rung else late
    complete = [one for one in desk.plan.dimensions if one.name in usual]
    if len(used) < LEAST_TRIALS or not complete:
        return None
    known = {one.name for one in complete}
    used = [({k: v for k, v in values.items() if k in known}, value) for values, value in used]
    shares = importances(tuple(complete), usual, used, desk.plan.seed)
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    return {
        "share_of_training": RUNGS[0] if by_rung else 1.0,
        "trials": len(used),
        "settings": [{"name": name, "share": share} for name, share in ranked],
    }


def _sentences(facts: Mapping[str, Any], figure: str) -> list[str]:
    """What the search came to, in plain words."""
    trials = facts["trials"]
    ends = [sum(one["status"] == status for one in trials) for status in ("pruned", "failed")]
    more = ", ".join(
        f"{count:,} {what}"
        for count, what in zip(ends, ("ended early", "failed"), strict=True)
        if count
    )
    told = f"{len(trials):,} trials" + (f" ({more})" if more else "")
    first = f"The search ended after {told}: {facts['ended']}."
    if facts["gain"] is None:
        return [first, "No trial was better than the defaults, so the defaults are taken."]
    gain, elsewhere, name = facts["gain"], facts["elsewhere"], NAMES[facts["headline"]]
    headline, loss = gain[HEADLINE], gain[LOG_LOSS]
    second = (
        f"Trial {facts['best']:,} is the best: {points(headline['value'])} of {name} over the "
        f"defaults on the same {facts['validation_rows']:,} validation texts (95 % interval "
        f"{points(headline['low'])} to {points(headline['high'])}, p = {headline['p']:.2g}), and "
        f"{loss['value']:.4f} less log loss ({loss['low']:.4f} to {loss['high']:.4f})."
    )
    own = elsewhere[HEADLINE], elsewhere[LOG_LOSS]
    third = (
        "It was chosen by these very texts, which flatters it. Where the choice is repeated on "
        f"draws of them and looked at on the others, it gains {points(own[0]['value'])} "
        f"({points(own[0]['low'])} to {points(own[0]['high'])}) and {own[1]['value']:.4f} of log "
        f"loss ({own[1]['low']:.4f} to {own[1]['high']:.4f})"
    )
    which = "log loss" if figure == LOG_LOSS else name
    if facts["clear"]:
        third += f": in {which} it is better than the defaults beyond chance."
    else:
        third += f": in {which} that is within chance of the defaults."
    if (headline["p"] >= LEVEL) and facts["clear"] and figure == LOG_LOSS:
        third += f" In {name} alone it could be chance."
    return [first, second, third]
