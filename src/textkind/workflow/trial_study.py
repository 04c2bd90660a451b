"""The Optuna study of a search: its journal, its sampler, what it is told, its values as ours.

Optuna is imported where it is used. A value of a choice is known to it by its JSON text, for its
categories are plain.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from textkind.models.search_spaces import Choices, Dimension
from textkind.optional import need
from textkind.seeds import child_seed
from textkind.storage.place import writing
from textkind.workflow.trial_records import DRAWN, KNOWN_ORIGIN

NAME = "textkind"
RANDOM = 8  # trials, before the sampler learns from those there are


def open_study(journal: Path) -> Any:
    """The study of a journal file, which is made where it is not there.

    Only one process may have it open: what a killed one left half written is cut off.
    """
    optuna = need("optuna", "tuning")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with writing(journal):
        for lock in journal.parent.glob(f"{journal.name}.lock*"):
            lock.unlink()
        _cut_torn_line(journal)
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    return optuna.create_study(
        study_name=NAME,
        storage=optuna.storages.JournalStorage(backend),
        direction="minimize",
        load_if_exists=True,
    )


def _cut_torn_line(journal: Path) -> None:
    """A kill in the middle of a line leaves it without its end."""
    if not journal.exists():
        return
    with journal.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def new_sampler(seed: int, done: int) -> Any:
    """The sampler of the next proposal behind `done` others: a study that goes on repeats none.

    A tree-structured Parzen estimator on all dimensions together (Bergstra et al. 2011; Falkner et
    al. 2018).
    """
    import optuna

    own = int(child_seed(seed, f"proposal {done}").generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=own, multivariate=True, n_startup_trials=RANDOM)


def distributions(dimensions: Iterable[Dimension]) -> dict[str, Any]:
    """The dimensions as Optuna's distributions, by name."""
    import optuna

    made: dict[str, Any] = {}
    for one in dimensions:
        values = one.values
        if isinstance(values, Choices):
            made[one.name] = optuna.distributions.CategoricalDistribution(
                [json.dumps(value) for value in values.values]
            )
        elif values.whole:
            made[one.name] = optuna.distributions.IntDistribution(
                int(values.low), int(values.high), log=values.by_tens
            )
        else:
            made[one.name] = optuna.distributions.FloatDistribution(
                values.low, values.high, log=values.by_tens
            )
    return made


def drawn(dimensions: Iterable[Dimension], params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a trial as values of settings, numbers rounded."""
    return {one.name: _value(one, params[one.name]) for one in dimensions if one.name in params}


def _value(dimension: Dimension, param: Any) -> Any:
    if not isinstance(dimension.values, Choices):
        return dimension.values.rounded(param)
    told = {json.dumps(value): value for value in dimension.values.values}
    return told[param]


def encoded(dimensions: Iterable[Dimension], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of settings as parameters of a trial."""
    return {
        one.name: json.dumps(values[one.name])
        if isinstance(one.values, Choices)
        else values[one.name]
        for one in dimensions
        if one.name in values
    }


def add_finished(
    study: Any,
    dimensions: Iterable[Dimension],
    values: Mapping[str, Any],
    value: float,
    looks: dict[int, float] | None = None,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Add a trial of these values that came to that value; looks by their steps."""
    import optuna

    known = [one for one in dimensions if one.name in values]
    study.add_trial(
        optuna.trial.create_trial(
            value=value,
            params=encoded(known, values),
            distributions=distributions(known),
            intermediate_values=looks,
            user_attrs=attributes,
        )
    )


def propose_known(
    study: Any, dimensions: Collection[Dimension], changes: Iterable[Mapping[str, Any]]
) -> None:
    """Let these changes of the first trial be tried next, as far as they are searched."""
    names = {one.name for one in dimensions}
    usual = drawn(dimensions, study.get_trials(deepcopy=False)[0].params)
    for change in changes:
        values = usual | {name: value for name, value in change.items() if name in names}
        if values != usual:
            params = encoded(dimensions, values)
            study.enqueue_trial(params, user_attrs={"origin": KNOWN_ORIGIN})


def propose_interrupted(study: Any, dimensions: Collection[Dimension]) -> None:
    """What ran when an earlier call was killed, or over, waits to be run again, once."""
    import optuna

    trials = study.get_trials(deepcopy=False)
    again = {one.user_attrs.get("again_of") for one in trials}
    for trial in trials:
        if trial.state.name == "RUNNING":
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        elif trial.state.name != "FAIL":
            continue
        if trial.number not in again and len(trial.params) == len(dimensions):
            origin = trial.user_attrs.get("origin", DRAWN)
            told = {"origin": origin, "again_of": trial.number}
            study.enqueue_trial(trial.params, user_attrs=told)


def percent(share: float) -> int:
    """A rung as the step under which Optuna keeps its value."""
    return round(100 * share)


def importances(
    dimensions: tuple[Dimension, ...],
    usual: Mapping[str, Any],
    trials: list[tuple[Mapping[str, Any], float]],
    seed: int,
) -> dict[str, float]:
    """How much of the differences between trials each dimension explains: shares that add up to 1.

    trials are values of settings, where a dimension that was not read has its usual value, and what
    they came to. Functional analysis of variance of a random forest (Hutter, Hoos & Leyton-Brown
    2014); all 0 where every trial came to the same.
    """
    import optuna

    study = optuna.create_study(direction="minimize")
    for values, value in trials:
        add_finished(study, dimensions, {**usual, **values}, value)
    if np.ptp([value for _, value in trials]) == 0:
        return {one.name: 0.0 for one in dimensions}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}
