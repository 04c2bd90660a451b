"""The Optuna study of a search: its journal on disk, its sampler, what it knows as plain values.

Optuna is imported where it is used. A value of a choice is known to it by its JSON text, for its
categories are plain.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from textkind.models.search_spaces import Choices, Dimension
from textkind.optional import need
from textkind.seeds import child_seed
from textkind.storage.place import writing

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

    made = distributions(dimensions)
    study = optuna.create_study(direction="minimize")
    for values, value in trials:
        params = encoded(dimensions, {**usual, **values})
        known = {name: made[name] for name in params}
        study.add_trial(optuna.trial.create_trial(value=value, params=params, distributions=known))
    if np.ptp([value for _, value in trials]) == 0:
        return {one.name: 0.0 for one in dimensions}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}
