"""From what the rungs predicted to their figures: test metrics, paired comparisons, costs, folds.

The test labels come in here, after every rung is finished, and nowhere before.
"""

import itertools
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from textkind.data.corpus import Corpus
from textkind.decision.decision import decide, decision_from_json
from textkind.evaluation.metrics import correct_rows, headline, prepare
from textkind.evaluation.paired import (
    difference,
    figure_of,
    holm,
    mcnemar,
    resampled_figures,
    row_parts,
)
from textkind.evaluation.scorecard import HEADLINE, HEADLINE_SEVERAL, score_part
from textkind.storage.tensors import parse_tensors
from textkind.workflow.ladder import PRIOR
from textkind.workflow.rung import OUTCOME, PREDICTIONS


@dataclass(frozen=True, eq=False)
class Answers:
    """What one rung said of all test texts, and of every fold its outcome.

    probabilities (N, K) and predicted as `decide` gives it, folds one after the other;
    validation (N, K) of each fold, or None.
    """

    name: str
    probabilities: np.ndarray
    predicted: np.ndarray
    validation: list[np.ndarray | None]
    outcomes: list[dict[str, Any]]


def read_answers(name: str, folders: list[Path]) -> Answers:
    """The answers that a rung left in its folders, one a fold."""
    outcomes, given, predicted, validation = [], [], [], list[np.ndarray | None]()
    for folder in folders:
        outcome = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
        arrays = parse_tensors((folder / PREDICTIONS).read_bytes(), str(folder / PREDICTIONS))
        outcomes.append(outcome)
        given.append(arrays["test"])
        predicted.append(_decided(outcome, arrays["test"]))
        validation.append(arrays.get("validation"))
    return Answers(name, np.concatenate(given), np.concatenate(predicted), validation, outcomes)


class Answered(Protocol):
    """A name, and the labels that are given to rows, as `decide` gives them."""

    @property
    def name(self) -> str:
        """As above."""

    @property
    def predicted(self) -> np.ndarray:
        """As above."""


class Compared:
    """Models on the same rows, with one set of resamples for all."""

    def __init__(self, answers: Sequence[Answered], targets: np.ndarray, seed: int) -> None:
        self.several = targets.ndim == 2
        self.headline = "micro_f1" if self.several else "accuracy"
        parts = np.stack([row_parts(one.predicted, targets) for one in answers])
        self._place = {one.name: place for place, one in enumerate(answers)}
        self._values = figure_of(parts.sum(axis=1))
        self._resampled = resampled_figures(parts, seed)
        self._parts, self._seed = parts, seed
        self._right = [correct_rows(one.predicted, targets) > 0 for one in answers]

    def on(self, rows: np.ndarray) -> dict[str, dict[str, float | None]]:
        """The headline figure of every rung on some rows (N,) bool, with its interval."""
        parts = self._parts[:, rows]
        values = figure_of(parts.sum(axis=1))
        bounds = np.percentile(resampled_figures(parts, self._seed), (2.5, 97.5), axis=0)
        figures = np.stack([values, *bounds], axis=1)
        return {
            name: dict(zip(("value", "low", "high"), map(_defined, figures[place]), strict=True))
            for name, place in self._place.items()
        }

    def pair(self, first: str, second: str) -> dict[str, Any]:
        """First less second in the headline figure, with its interval and p.

        p is McNemar's mid-p where a text has one label, else that of the bootstrap.
        """
        a, b = self._place[first], self._place[second]
        gap = difference(
            self._resampled[:, a],
            self._resampled[:, b],
            float(self._values[a]),
            float(self._values[b]),
            len(self._right[a]),
        )
        test = mcnemar(self._right[a], self._right[b])
        told = {"name": first, "against": second, **asdict(gap), "bootstrap_p": gap.p}
        if not self.several:
            told |= {"p": test.mid, "mcnemar": asdict(test)}
        return told


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def rung_records(
    answers: list[Answers],
    test: Corpus,
    *,
    validation: list[np.ndarray],
    sizes: list[int],
    compared: Compared,
    clean: np.ndarray,
    seed: int,
) -> list[dict[str, Any]]:
    """The records of the finished rungs, as compare.json has them.

    validation are the targets of each fold's validation part, sizes the rows of its test part;
    clean (N,) bool are the test rows whose text is not in train.
    """
    targets = test.targets
    names = HEADLINE + HEADLINE_SEVERAL if compared.several else HEADLINE
    on_clean = {} if clean.all() or not clean.any() else compared.on(clean)
    records = []
    for one in answers:
        part = score_part(one.probabilities, one.predicted, targets, test.labels, seed)
        records.append(
            {
                "name": one.name,
                "status": "finished",
                "reason": None,
                "hint": None,
                "kind": one.outcomes[0]["kind"],
                "test": {"rows": part["rows"], **{name: part[name] for name in names}},
                "clean": on_clean.get(one.name),
                "validation": _validation(one, validation, compared.headline),
                "folds": _folds(one, targets, sizes),
                "cost": _cost(one),
                "fit": one.outcomes[0]["fit"],
                "unread": _unread(one),
                "against_simplest": None,
            }
        )
    _against_simplest(records, compared)
    return records


def simplest(names: list[str]) -> str:
    """The first rung that reads the texts; the prior where there is no other."""
    return next((name for name in names if name != PRIOR), names[0])


def _against_simplest(records: list[dict[str, Any]], compared: Compared) -> None:
    base = simplest([record["name"] for record in records])
    others = [record for record in records if record["name"] != base]
    tests = [compared.pair(record["name"], base) for record in others]
    adjusted = holm(np.array([test["p"] for test in tests]))
    for record, test, p in zip(others, tests, adjusted, strict=True):
        record["against_simplest"] = test | {"p_holm": float(p)}


def _decided(outcome: dict[str, Any], given: np.ndarray) -> np.ndarray:
    """The labels that a rung gives by its (N, K) probabilities."""
    return decide(decision_from_json(outcome["decision"], given.shape[1]), given)


def _validation(one: Answers, targets: list[np.ndarray], name: str) -> float | None:
    """The headline figure of validation, the mean over the folds in which it is defined."""
    found = []
    for given, gold, outcome in zip(one.validation, targets, one.outcomes, strict=True):
        if given is not None:
            predicted = _decided(outcome, given)
            found.append(headline(prepare(given, predicted, gold))[name])
    defined = [value for value in found if not math.isnan(value)]
    return statistics.fmean(defined) if defined else None


def _folds(one: Answers, targets: np.ndarray, sizes: list[int]) -> dict[str, Any] | None:
    """The headline figure of every fold with mean and spread; None where there is one test part."""
    if len(sizes) == 1:
        return None
    edges = np.cumsum([0, *sizes])
    parts = row_parts(one.predicted, targets)
    values = [
        float(figure_of(parts[start:stop].sum(axis=0))) for start, stop in itertools.pairwise(edges)
    ]
    return {
        "values": values,
        "mean": statistics.fmean(values),
        "standard_deviation": statistics.stdev(values),
    }


def _unread(one: Answers) -> dict[str, int] | None:
    """The ledger of all test texts; None of a model without a limit."""
    ledgers = [outcome["unread"] for outcome in one.outcomes]
    if None in ledgers:
        return None
    return {name: sum(ledger[name] for ledger in ledgers) for name in ledgers[0]}


def _cost(one: Answers) -> dict[str, float]:
    """Medians over the folds; of memory the most."""
    costs = [outcome["cost"] for outcome in one.outcomes]
    of_all = {name: float(statistics.median(cost[name] for cost in costs)) for name in costs[0]}
    return of_all | {"peak_mb": max(cost["peak_mb"] for cost in costs)}
