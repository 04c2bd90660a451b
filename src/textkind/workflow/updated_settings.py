"""What an update takes over from its run: settings of the split, the model and the decision."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from textkind.classifier import Classifier, Model
from textkind.data.settings import SplitSettings
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.rule_settings import COSTS, FLOORS, NUMBER, PRIOR, TOP, RuleSettings
from textkind.errors import SettingsError
from textkind.models.neural_settings import settings_of_json
from textkind.models.prior import PriorSettings
from textkind.models.settings import linear_settings_of_json
from textkind.workflow.corpus_map import NONE
from textkind.workflow.earlier_run import EarlierRun
from textkind.workflow.imbalance import ModelSettings

READERS = {"linear": linear_settings_of_json, "prior": lambda told: PriorSettings(**told)}
AUTO = "auto"


def model_settings_of(model: Model) -> ModelSettings:
    """The settings that a model was fitted by, with every choice closed."""
    reader: Any = READERS.get(model.name, settings_of_json)
    settings: ModelSettings = reader(model.facts["settings"])
    return settings


def split_of(run: EarlierRun, asked: Mapping[str, Any]) -> SplitSettings:
    """How the run's data was split, but where another way is asked for."""
    told = run.metrics["data"]["split"]
    # a share of 0 is that of a part that was a file of its own, or too small to be drawn
    shares = {name: told[name] for name in ("test_share", "validation_share") if told[name] > 0}
    split = SplitSettings(
        method=None if told["method"] == "given" else told["method"],
        seed=told["seed"],
        duplicates_on_one_side=run.metrics["data"]["duplicates"]["kept_on_one_side"],
        **shares,
    )
    return replace(split, **asked)


def calibration_of(metrics: dict[str, Any]) -> CalibrationSettings:
    """What was asked of the calibration."""
    told = (metrics["fit"].get("decision") or {}).get("asked")
    return CalibrationSettings() if told is None else CalibrationSettings(method=told)


def rule_of(run: EarlierRun) -> RuleSettings:
    """What was asked of the rule; SettingsError where it cannot be asked for once more."""
    told, rule = run.metrics["fit"]["decision"]["rule"], run.classifier.decision.rule
    name, value = told["asked"], told["asked_value"]
    if name == COSTS:
        raise SettingsError(
            "the run chooses labels by costs, which stand in a file of yours",
            where=str(run.folder),
            hint="name the file, or one for the labels there are now: --costs FILE",
        )
    if name == TOP:
        return RuleSettings(top=rule.top)
    threshold: str | float = name
    if name == NUMBER:
        threshold = float(value)
    elif value is not None and name in (*FLOORS, PRIOR):
        threshold = f"{name}={value:g}"
    return RuleSettings(
        threshold=threshold, positive=told["positive"], at_least_one=rule.at_least_one
    )


def novelty_of(classifier: Classifier) -> str:
    """The score of novelty that the run tells; no texts out of scope are kept to weigh several."""
    if classifier.novelty is None:
        return NONE
    names = [*classifier.novelty.seen]
    return names[0] if len(names) == 1 else AUTO
