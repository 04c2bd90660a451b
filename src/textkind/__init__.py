"""textkind: labelled text in, a classifier out that its owner can trust and afford.

The names below are imported when they are first used, so that `import textkind` is quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textkind.decision.conformal import ConformalSettings
    from textkind.decision.rule_settings import RuleSettings
    from textkind.errors import TextkindError
    from textkind.estimator import TextClassifier
    from textkind.explain.settings import ExplainSettings
    from textkind.export.settings import ExportSettings
    from textkind.serve.client import Client
    from textkind.serve.service import Service
    from textkind.serve.settings import ServeSettings
    from textkind.workflow.audit import AuditSettings, audit
    from textkind.workflow.behaviour import BehaviourSettings, behaviour
    from textkind.workflow.clean import CleanSettings, clean
    from textkind.workflow.compare import CompareSettings, compare
    from textkind.workflow.crossvalidate import CrossValidationSettings, crossvalidate
    from textkind.workflow.diff import DiffSettings, diff
    from textkind.workflow.distil import DistilSettings, distil
    from textkind.workflow.draw_map import MapSettings, draw_map
    from textkind.workflow.errors import MistakesSettings, explain_mistakes
    from textkind.workflow.evaluate import evaluate
    from textkind.workflow.explain import explain_texts
    from textkind.workflow.export import export_model, load_exported, verify_exported
    from textkind.workflow.labelling import PredictSettings
    from textkind.workflow.next_steps import NextSettings, next_steps
    from textkind.workflow.predict import predict
    from textkind.workflow.promised import PromiseSettings
    from textkind.workflow.similar import (
        SimilarSettings,
        known_texts,
        nearest_texts,
        similar_texts,
    )
    from textkind.workflow.trace import trace_text
    from textkind.workflow.train import TrainSettings, train
    from textkind.workflow.tune import TuneSettings, tune
    from textkind.workflow.update import UpdateSettings, update

__version__ = "0.1.0"

_HOMES = {
    "AuditSettings": "textkind.workflow.audit",
    "BehaviourSettings": "textkind.workflow.behaviour",
    "CleanSettings": "textkind.workflow.clean",
    "Client": "textkind.serve.client",
    "CompareSettings": "textkind.workflow.compare",
    "ConformalSettings": "textkind.decision.conformal",
    "CrossValidationSettings": "textkind.workflow.crossvalidate",
    "DiffSettings": "textkind.workflow.diff",
    "DistilSettings": "textkind.workflow.distil",
    "ExplainSettings": "textkind.explain.settings",
    "ExportSettings": "textkind.export.settings",
    "MapSettings": "textkind.workflow.draw_map",
    "MistakesSettings": "textkind.workflow.errors",
    "NextSettings": "textkind.workflow.next_steps",
    "PredictSettings": "textkind.workflow.labelling",
    "PromiseSettings": "textkind.workflow.promised",
    "RuleSettings": "textkind.decision.rule_settings",
    "ServeSettings": "textkind.serve.settings",
    "Service": "textkind.serve.service",
    "SimilarSettings": "textkind.workflow.similar",
    "TextClassifier": "textkind.estimator",
    "TextkindError": "textkind.errors",
    "TrainSettings": "textkind.workflow.train",
    "TuneSettings": "textkind.workflow.tune",
    "UpdateSettings": "textkind.workflow.update",
    "audit": "textkind.workflow.audit",
    "behaviour": "textkind.workflow.behaviour",
    "clean": "textkind.workflow.clean",
    "compare": "textkind.workflow.compare",
    "crossvalidate": "textkind.workflow.crossvalidate",
    "diff": "textkind.workflow.diff",
    "distil": "textkind.workflow.distil",
    "draw_map": "textkind.workflow.draw_map",
    "evaluate": "textkind.workflow.evaluate",
    "explain_mistakes": "textkind.workflow.errors",
    "explain_texts": "textkind.workflow.explain",
    "export_model": "textkind.workflow.export",
    "known_texts": "textkind.workflow.similar",
    "load_exported": "textkind.workflow.export",
    "nearest_texts": "textkind.workflow.similar",
    "next_steps": "textkind.workflow.next_steps",
    "predict": "textkind.workflow.predict",
    "similar_texts": "textkind.workflow.similar",
    "trace_text": "textkind.workflow.trace",
    "train": "textkind.workflow.train",
    "tune": "textkind.workflow.tune",
    "update": "textkind.workflow.update",
    "verify_exported": "textkind.workflow.export",
}

__all__ = [
    "AuditSettings",
    "BehaviourSettings",
    "CleanSettings",
    "Client",
    "CompareSettings",
    "ConformalSettings",
    "CrossValidationSettings",
    "DiffSettings",
    "DistilSettings",
    "ExplainSettings",
    "ExportSettings",
    "MapSettings",
    "MistakesSettings",
    "NextSettings",
    "PredictSettings",
    "PromiseSettings",
    "RuleSettings",
    "ServeSettings",
    "Service",
    "SimilarSettings",
    "TextClassifier",
    "TextkindError",
    "TrainSettings",
    "TuneSettings",
    "UpdateSettings",
    "audit",
    "behaviour",
    "clean",
    "compare",
    "crossvalidate",
    "diff",
    "distil",
    "draw_map",
    "evaluate",
    "explain_mistakes",
    "explain_texts",
    "export_model",
    "known_texts",
    "load_exported",
    "nearest_texts",
    "next_steps",
    "predict",
    "similar_texts",
    "trace_text",
    "train",
    "tune",
    "update",
    "verify_exported",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textkind' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
