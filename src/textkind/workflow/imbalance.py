"""Imbalance: what `auto` makes of it, what it means for the rule, and what it changed.

A method works in training (weights, sampling, focal loss, logit adjustment), in the labels that are
given (post-hoc), or both. Probabilities are calibrated on validation to the labels as often as they
come, whatever the method did to the logits; so the labels are then chosen by a rule that knows the
prior (decision/rule_choice.py), unless another is asked for.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from textkind.data.labels import LabelSet
from textkind.decision.rule_settings import AUTO as USUAL
from textkind.decision.rule_settings import PRIOR, RuleSettings
from textkind.errors import SettingsError
from textkind.models.neural_settings import NeuralSettings
from textkind.models.prior import PriorSettings
from textkind.models.settings import LinearSettings
from textkind.progress import Talk
from textkind.training.imbalance import (
    AUTO,
    FOCAL,
    NONE,
    POST_HOC,
    parse_imbalance,
)

ModelSettings = LinearSettings | NeuralSettings | PriorSettings
LEAST_RATIO = 1.5  # of the commonest label's texts to the rarest's, from which on auto acts


@dataclass(frozen=True, eq=False)
class Balanced:
    """Settings and rule with `auto` closed, and JSON-able facts; None where nothing was asked."""

    settings: ModelSettings
    rule: RuleSettings
    facts: dict[str, Any] | None


def imbalance_of(settings: ModelSettings) -> str:
    """What the settings say of imbalance."""
    if isinstance(settings, LinearSettings):
        return settings.imbalance
    return settings.training.imbalance if isinstance(settings, NeuralSettings) else NONE


def with_imbalance(settings: Any, told: str) -> Any:
    """The settings with another word on imbalance; those of the prior model have none."""
    if isinstance(settings, NeuralSettings):
        return replace(settings, training=replace(settings.training, imbalance=told))
    return settings if isinstance(settings, PriorSettings) else replace(settings, imbalance=told)


def balanced(
    settings: ModelSettings,
    rule: RuleSettings,
    labels: LabelSet,
    counts: np.ndarray,
    talk: Talk,
) -> Balanced:
    """Close `auto` by the (K,) numbers of texts, and let the rule follow the method.

    SettingsError where post-hoc and a rule of its own are both asked for.
    """
    told = imbalance_of(settings)
    if told == NONE:
        return Balanced(settings, rule, None)
    asked = parse_imbalance(told)
    is_open = rule.asked[0] == USUAL
    if asked.method == POST_HOC and not is_open:
        raise SettingsError(
            "post-hoc chooses labels by the prior, so no other rule can choose them",
            found=rule.asked[0],
            hint="leave one of the two out",
        )
    present = np.maximum(counts, 1)
    ratio, names = float(present.max() / present.min()), labels.names
    method = asked.method
    if method == AUTO:
        method = POST_HOC if ratio >= LEAST_RATIO and is_open else NONE
    facts = {
        "asked": told,
        "method": method,
        "ratio": ratio,
        "commonest": names[int(counts.argmax())],
        "rarest": names[int(counts.argmin())],
    }
    if asked.method == AUTO:
        done = "labels are chosen by how common they are, as is best on validation"
        if method == NONE:
            done = "nothing is done about it" if is_open else f"{rule.asked[0]} chooses the labels"
        talk.note(
            f"imbalance: {ratio:,.1f} times as many texts of {facts['commonest']!r} as of "
            f"{facts['rarest']!r}: {done}"
        )
        settings = with_imbalance(settings, method)
    if is_open and method != NONE:
        exact = asked.value is not None and method != FOCAL
        threshold = f"{PRIOR}={asked.value:g}" if exact else PRIOR
        # with several labels the usual rule knows the prior already: here rare ones count as much
        threshold = "macro-f1" if labels.several and not exact else threshold
        rule = replace(rule, threshold=threshold)
    return Balanced(settings, rule, facts)
