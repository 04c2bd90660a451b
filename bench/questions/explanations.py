"""Do the words that are told matter more than others? Ours by every method, and captum, in turn.

Of test texts the heaviest words are taken out, and left alone (DeYoung et al. 2020): how far the
probability of the label falls, mean over 1, 5, 10, 20 and 50 % of the words. Captum's integrated
gradients take 50 steps from the padding token, its defaults. miss is how far weights are from
adding up to the difference of logits: the median text and the worst.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from bench.data import read_part
from bench.places import DATA
from bench.questions.next_steps import corpora
from bench.results import Answer, Goal, Row

SETS = ("sst2", "trec")
MODELS = ("linear", "mean_pool", "cnn", "rnn", "transformer", "frozen")
TEXTS = 200
METHODS = {"linear": ("weights", "leave-one-out")}  # of networks gradients and leave-one-out
Explained = tuple[np.ndarray, np.ndarray, float | None]  # spans, weights, miss


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    """Nothing is timed: one turn of each."""
    del runs
    rows: list[Row] = []
    for name in sets:
        for model in MODELS:
            rows += measured(name, model)
    goals = []
    for row in rows:
        higher = float(str(row["comprehensiveness"])) > float(str(row["drawn, out"]))
        lower = float(str(row["sufficiency"])) < float(str(row["drawn, alone"]))
        if row["side"] != "captum":
            what = f"heaviest words beside drawn ones, {row['set']} {row['model']} {row['side']}"
            told = f"{row['comprehensiveness']:.3f} and {row['drawn, out']:.3f}"
            goals.append(Goal(what, "more", told, higher and lower))
    return Answer(rows, goals)


def measured(name: str, kind: str) -> list[Row]:
    """A row for every method, and captum's where there are gradients."""
    from textkind.data.texts import as_texts

    classifier = fitted(name, kind)
    test = read_part(DATA / name, "test")
    drawn = np.random.default_rng(0).permutation(len(test.texts))[:TEXTS]
    texts = [test.texts[row] for row in drawn]
    logits = classifier.model.logits(as_texts(texts))
    sides: dict[str, Callable[..., Explained]] = {
        method: ours(method) for method in METHODS.get(kind, ("gradients", "leave-one-out"))
    }
    if kind not in METHODS:
        sides["captum"] = captums
    found: dict[str, list[tuple[float, ...]]] = {side: [] for side in sides}
    for text, row in zip(texts, logits, strict=True):
        for side, explain in sides.items():
            spans, weights, miss = explain(classifier, text, int(row.argmax()))
            figures = figures_of(classifier, text, int(row.argmax()), spans, weights)
            if figures is not None:
                found[side].append((*figures, np.nan if miss is None else miss))
    rows: list[Row] = []
    for side, lines in found.items():
        table = np.array(lines)
        mean, miss = table.mean(axis=0), table[:, 4]
        is_told = bool(np.isfinite(miss).all())
        rows.append(
            {
                "set": name,
                "model": kind,
                "side": side,
                "comprehensiveness": float(mean[0]),
                "drawn, out": float(mean[1]),
                "sufficiency": float(mean[2]),
                "drawn, alone": float(mean[3]),
                "miss, median": float(np.median(miss)) if is_told else None,
                "miss, worst": float(miss.max()) if is_told else None,
            }
        )
    return rows


def fitted(name: str, kind: str) -> Any:
    """The classifier of a set, calibrated on validation."""
    from textkind.models.neural_settings import default_settings
    from textkind.models.settings import LinearSettings
    from textkind.workflow.learn import learn

    (whole,) = corpora(name, "train")
    order = np.random.default_rng(0).permutation(len(whole))
    held = len(whole) // 10
    settings = LinearSettings() if kind == "linear" else default_settings(kind)
    return learn(whole.take(order[held:]), whole.take(order[:held]), settings).classifier


def ours(method: str) -> Callable[..., Explained]:
    """One of our methods."""
    from textkind.explain.settings import ExplainSettings
    from textkind.workflow.explain import explain_texts

    def explain(classifier: Any, text: str, label: int) -> Explained:
        asked = ExplainSettings(label=classifier.labels.names[label], method=method)
        (told,) = explain_texts(classifier, [text], asked)[0].explanations
        spans = np.array([(one.start, one.end) for one in told.pieces], np.int64).reshape(-1, 2)
        weights = np.array([one.weight for one in told.pieces])
        check = told.completeness
        return spans, weights, None if check is None else check.error

    return explain


def captums(classifier: Any, text: str, label: int) -> Explained:
    """Integrated gradients of the embedding's output, from padding."""
    import torch
    from captum.attr import LayerIntegratedGradients

    from textkind.explain.explanation import contrast
    from textkind.explain.tokens import kept_places
    from textkind.training.losses import logits_of, outputs_of

    model = classifier.model
    whole = model.encoder.encode(pa.array([text], pa.large_string()))
    kept = kept_places(model, whole)
    if kept.size == 0:
        return np.empty((0, 2), np.int64), np.empty(0), 0.0
    single = np.eye(outputs_of(model.head, len(model.labels)), dtype=np.float32)
    wanted = contrast(len(model.labels), label, None, several=False)
    outputs = torch.from_numpy((logits_of(model.head, single) @ wanted).astype(np.float32))
    ids = torch.from_numpy(whole.ids[kept].astype(np.int64))[None]
    mask = torch.ones_like(ids, dtype=torch.bool)
    network = model.network.eval()
    judge = LayerIntegratedGradients(
        lambda some, seen: network(some, seen).float() @ outputs, network.embedding
    )
    found, miss = judge.attribute(
        ids, torch.zeros_like(ids), additional_forward_args=(mask,), return_convergence_delta=True
    )
    weights = found.sum(dim=-1)[0].detach().double().numpy()
    return model.encoder.spans(text)[kept], weights, abs(float(miss[0]))


def figures_of(
    classifier: Any, text: str, label: int, spans: np.ndarray, weights: np.ndarray
) -> tuple[float, float, float, float] | None:
    """Comprehensiveness and sufficiency, each with that of drawn words behind it."""
    from textkind.classifier import predict_probabilities
    from textkind.explain.faithfulness import faithfulness, word_weights

    words, of_words = word_weights(text, spans, weights, most=256)
    told = faithfulness(
        text, words, of_words, lambda texts: predict_probabilities(classifier, texts)[:, label]
    )
    if told is None:
        return None
    return (
        told.comprehensiveness,
        told.random_comprehensiveness,
        told.sufficiency,
        told.random_sufficiency,
    )
