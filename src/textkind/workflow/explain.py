"""Explain: load -> decide -> a method that fits the model -> what each piece of a text adds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textkind.classifier import Classifier, model_kind
from textkind.data.texts import as_texts
from textkind.decision.decision import decide, probabilities
from textkind.errors import SettingsError, did_you_mean
from textkind.explain.explanation import Explanation
from textkind.explain.settings import (
    AUTO,
    GRADIENTS,
    LEAVE_ONE_OUT,
    METHODS,
    WEIGHTS,
    ExplainSettings,
)
from textkind.models.linear import LinearModel
from textkind.progress import SILENT, Talk
from textkind.workflow.explainers import EXPLAINERS, Asked
from textkind.workflow.origin import classifier_of


@dataclass(frozen=True)
class ExplainedText:
    """A text, the labels that it is given, and an explanation of each label that was asked for."""

    text: str
    decided: tuple[str, ...]
    explanations: tuple[Explanation, ...]


def explain_texts(
    model: str | Path | Classifier,
    texts: Any,
    settings: ExplainSettings = ExplainSettings(),
    talk: Talk = SILENT,
) -> list[ExplainedText]:
    """Tell of each text which of its pieces made a model say what it says.

    model is a run folder, a model folder or a classifier in memory; texts are as as_texts takes
    them. Without a label that of the decision is explained; where a text may have several, each
    that it is given, or the most probable one. dataclasses.asdict makes JSON of the result, which
    docs/explain.md describes. Raises ModelFolderError, DataError or SettingsError.
    """
    classifier, _ = classifier_of(model)
    given = as_texts(texts)
    method = chosen_method(classifier, settings.method, talk)
    asked = _id_of(classifier, settings.label)
    against = _id_of(classifier, settings.against)
    logits = classifier.model.logits(given, settings.threads)
    likely = probabilities(classifier.decision, logits)
    decided = decide(classifier.decision, likely)
    names = classifier.labels.names
    explained = []
    with talk.task("explaining"):
        for row, text in enumerate(given.to_pylist()):
            ids = (
                np.flatnonzero(decided[row])
                if classifier.labels.several
                else decided[row : row + 1]
            )
            wanted = [asked] if asked is not None else ids.tolist() or [int(likely[row].argmax())]
            told = tuple(
                EXPLAINERS[method](
                    Asked(classifier, text, label, against, logits[row], likely[row], settings)
                )
                for label in wanted
            )
            explained.append(ExplainedText(text, tuple(names[one] for one in ids), told))
            talk.advance(row + 1, len(given))
    return explained


def chosen_method(classifier: Classifier, asked: str, talk: Talk = SILENT) -> str:
    """The method for a model; SettingsError where the one that is asked for does not fit it."""
    model = classifier.model
    fitting = {LEAVE_ONE_OUT}
    if isinstance(model, LinearModel):
        fitting.add(WEIGHTS)
    elif model_kind(model.name).module == "textkind.models.neural":
        from textkind.explain.tokens import has_gradients

        if has_gradients(model):  # type: ignore[arg-type]
            fitting.add(GRADIENTS)
        elif asked == AUTO:
            talk.note("the network is read in fewer digits, without gradients: leaving words out")
    if asked == AUTO:
        return next(method for method in METHODS if method in fitting)
    if asked not in fitting:
        raise SettingsError(
            f"{asked} cannot explain this model",
            found=f"a {model.name} model",
            hint="this fits it: " + ", ".join(sorted(fitting)),
        )
    return asked


def _id_of(classifier: Classifier, name: str | None) -> int | None:
    names = classifier.labels.names
    if name is None:
        return None
    if name not in names:
        raise SettingsError(
            "the model has no such label", found=name, hint=did_you_mean(name, names)
        )
    return names.index(name)
