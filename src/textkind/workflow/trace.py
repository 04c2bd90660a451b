"""Trace: the road of one text through a model, step by step, to the label and why."""

from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from textkind.checks.finding import names_of
from textkind.classifier import Classifier, Model, predict_probabilities
from textkind.data.texts import as_texts
from textkind.decision.decision import decide, probabilities
from textkind.decision.temperature import plain_probabilities
from textkind.errors import DataError, SettingsError
from textkind.explain.steps.decision import decision_step, probability_step
from textkind.explain.steps.linear import linear_steps
from textkind.explain.steps.texts import text_step
from textkind.explain.trace import (
    SUM,
    Columns,
    Quantity,
    Shown,
    Step,
    Trace,
    by_falling,
    numbers,
    table,
)
from textkind.models.linear import LinearModel
from textkind.models.prior import PriorModel
from textkind.stack import StackModel, member_scores
from textkind.workflow.origin import classifier_of
from textkind.workflow.similar import KnownTexts, known_texts
from textkind.workflow.trace_trust import nearest_step, trust_step

FEW_LABELS = 3  # that have columns of their own, where tables are cut
TOP = 10


def trace_text(
    model: str | Path | Classifier,
    text: str,
    top: int | None = TOP,
    known: KnownTexts | None = None,
    threads: int | None = None,
) -> Trace:
    """The road of one text through a model: a classifier, a model folder or a run folder.

    top is how many rows a table has at most, and then the three most probable labels have columns;
    None: all have. What ends a table, such as a sum, is there in any case. A network that reads in
    fewer digits, or through onnxruntime, is traced in float32, and a step tells the difference.
    known (workflow/similar.py) are the training texts among which the nearest are told; without
    them they are those that a run folder keeps, read anew for each text. threads is how many
    may compute; None: one a core.

    Raises DataError for what is no text, SettingsError for a top below 1, ModelFolderError or
    MissingPackageError.
    """
    if not isinstance(text, str):
        raise DataError("a trace is of one text, a string", found=type(text).__name__)
    if top is not None and (type(top) is not int or top < 1):
        raise SettingsError("top must be a whole number of 1 or more", found=top)
    texts = as_texts([text])
    classifier, _ = classifier_of(model)
    decision, labels = classifier.decision, classifier.labels.names
    logits = classifier.model.logits(texts, threads)[0]
    given = probabilities(decision, logits[None].copy())[0]
    most = by_falling(given)[: None if top is None else FEW_LABELS]
    shown = Shown(labels, tuple(most.tolist()), top)
    own = model_steps(classifier.model, texts, logits, shown, threads)
    decided = decide(decision, given[None])
    deciding = decision_step(decision, given, labels, top)
    steps = [*own, probability_step(decision, logits, given, labels, top), deciding]
    trust = trust_step(classifier, texts, logits[None], given[None], deciding.gives, threads)
    if trust is not None:
        steps.append(trust)
    if known is None and not isinstance(model, Classifier):
        known = texts_kept_in(classifier, model)
    if known is not None:
        steps.append(nearest_step(known, texts, decided, top, deciding.gives))
    return Trace(
        model=classifier.model.name,
        text=text,
        several=decision.several,
        labels=labels,
        steps=tuple(steps),
        logits=tuple(logits.tolist()),
        probabilities=tuple(given.tolist()),
        decided=tuple(names_of(classifier.labels, decided[0])),
        why=deciding.sentence,
    )


def texts_kept_in(classifier: Classifier, run: str | Path) -> KnownTexts | None:
    """The training texts that a run folder keeps, ready to be searched; None where it keeps none.

    ModelFolderError where they are damaged.
    """
    try:
        return known_texts(classifier, run)
    except SettingsError:
        return None


def model_steps(
    model: Model,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    shown: Shown,
    threads: int | None = None,
) -> tuple[Step, ...]:
    """The steps of a model, of any kind, from one text to its logits (K,)."""
    text = texts[0].as_py()
    if isinstance(model, PriorModel):
        return prior_steps(model, text, shown)
    if isinstance(model, LinearModel):
        return linear_steps(model, text, shown)
    if isinstance(model, StackModel):
        return stack_steps(model, texts, logits, shown, threads)
    from textkind.explain.steps.neural import neural_steps  # brings PyTorch with it
    from textkind.models.neural import NeuralModel
    from textkind.training.forward import torch_threads

    with torch_threads(threads):
        return neural_steps(cast(NeuralModel, model), text, logits, shown)


def prior_steps(model: PriorModel, text: str, shown: Shown) -> tuple[Step, ...]:
    """The prior reads nothing: every text has the logits of the labels' shares."""
    several = model.labels.several
    shares = plain_probabilities(model.scores[None].copy(), 1.0, several)[0]
    order = by_falling(model.scores)
    columns: Columns = [
        ("label", "text", np.array(shown.labels, object)[order]),
        ("share of training texts", "share", shares[order]),
        ("logit", "signed", model.scores[order]),
    ]
    how = "log-odds" if several else "logarithm"
    told = f"The prior reads nothing of it: a logit is the {how} of the label's share in training."
    return (
        text_step(text, text, "It is taken as it stands.", shown.top),
        Step("prior", told, Quantity("characters as read", (len(text),)),
             numbers("logits", model.scores), (table("shares", columns, shown.top),)),
    )  # fmt: skip


def stack_steps(
    model: StackModel,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    shown: Shown,
    threads: int | None,
) -> tuple[Step, ...]:
    """Each member's probabilities, and their logarithms added up by weight."""
    given = np.concatenate(
        [predict_probabilities(one, texts, threads) for one in model.members]
    )  # (M, K)
    scores = member_scores(given, model.labels.several)
    additions = model.weights[:, None] * scores
    text, names = texts[0].as_py(), [one.model.name for one in model.members]
    how = "log-odds" if model.labels.several else "logarithm"
    member, weight = ("member", "text", names), ("weight", "number", model.weights)
    columns = list(shown.columns)

    def by_label(values: np.ndarray, kind: str) -> Columns:
        return [(shown.labels[label], kind, values[:, label]) for label in columns]

    end = [(SUM, None, *additions.sum(axis=0)[columns].tolist())]
    first = text_step(text, text, "Each member reads it in its own way.", shown.top)
    return (
        first,
        Step("members", "Each member gives its calibrated probabilities.", first.gives,
             numbers("members' probabilities", given),
             (table("members", [member, *by_label(given, "share")], None),)),
        Step("pool of opinions",
             f"A logit is the sum over the members of weight times the {how} of the probability.",
             numbers("members' probabilities", given), numbers("logits", logits),
             (table("scores", [member, *by_label(scores, "signed")], None),
              table("additions", [member, weight, *by_label(additions, "signed")], None, end))),
    )  # fmt: skip
