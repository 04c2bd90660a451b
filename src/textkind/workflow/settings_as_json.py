"""Settings on their way to a process of our own: to JSON and back, paths whole."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textkind.decision.rule_settings import RuleSettings
from textkind.models.neural_settings import NeuralSettings, settings_of_json, settings_to_json
from textkind.models.prior import PriorSettings
from textkind.models.settings import linear_settings_of_json
from textkind.workflow.imbalance import ModelSettings

PATHS = ("tokenizer", "encoder", "vectors")  # of neural settings, which a model folder cuts


def model_to_json(settings: ModelSettings) -> dict[str, Any]:
    """The kind of the settings and their values, without the places of a training."""
    told: dict[str, Any] = asdict(settings)
    if isinstance(settings, NeuralSettings):
        told = settings_to_json(settings)
        told |= {name: _told_path(getattr(settings, name)) for name in PATHS}
    return {"kind": type(settings).__name__, "settings": told}


def model_of_json(told: Mapping[str, Any]) -> ModelSettings:
    """What model_to_json told."""
    return MODEL_OF[told["kind"]](told["settings"])


def rule_to_json(rule: RuleSettings) -> dict[str, Any]:
    """The values of the rule; RuleSettings takes them as they are."""
    told = asdict(rule)
    if isinstance(rule.costs, Path):
        told["costs"] = str(rule.costs)
    return told


def _told_path(path: Path | str | None) -> str | None:
    return None if path is None else str(path)


MODEL_OF: Mapping[str, Callable[[dict[str, Any]], ModelSettings]] = {
    "LinearSettings": linear_settings_of_json,
    "NeuralSettings": settings_of_json,
    "PriorSettings": lambda told: PriorSettings(**told),
}
