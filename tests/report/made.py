"""Made metrics and mistakes in exactly the shape of metrics.json and mistakes.jsonl.

The figures are computed from random logits, so that they agree with one another; words and label
names are made up. One maker serves all tests of the report.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support

from textkind.evaluation.scorecard import FURTHER, FURTHER_ONE, FURTHER_SEVERAL
from textkind.evaluation.threshold_curves import label_curve, risk_curve

PLAIN = ("macro_f1", "micro_f1", "weighted_f1", "macro_precision", "macro_recall", "roc_auc")
PLAIN += ("pr_auc", "log_loss", "brier", "ece_width", "ece_mass")
WORDS = ("river", "stone", "light", "morning", "garden", "letter", "engine", "window", "copper")
ALL_COUNTS_UP_TO = 200  # labels; beyond it metrics.json holds the most frequent pairs


def figure(value: float | None, spread: float = 0.02) -> dict[str, float | None]:
    """A value with an interval around it."""
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {
        "value": float(value),
        "low": float(max(0, value - spread)),
        "high": float(max(value, min(1, value + spread))),
    }


def made_findings(text: str = "a river of light") -> list[dict[str, Any]]:
    """One finding of each severity, with examples of both kinds."""
    row = {"part": "test", "row": 7, "text": text, "labels": ["first"], "train_row": 3}
    words = {"words": text, "label": "first", "texts": 9}
    return [
        {"check": "made", "severity": severity, "what": f"3 rows hold {text}",
         "advice": "read them", "part": "test", "rows": 3, "of": 40, "examples": examples,
         "facts": {}}
        for severity, examples in (("serious", [row, row]), ("warning", [words]), ("note", []))
    ]  # fmt: skip


def bins(confidence: np.ndarray, correct: np.ndarray, edges: np.ndarray) -> list[dict[str, Any]]:
    """The bins of a reliability diagram between the given borders."""
    place = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, len(edges) - 2)
    made = []
    for i, (low, high) in enumerate(pairwise(edges)):
        inside = place == i
        n = int(inside.sum())
        if not n:
            continue
        made.append(
            {
                "low": float(low),
                "high": float(high),
                "count": n,
                "confidence": float(confidence[inside].mean()),
                "accuracy": float(correct[inside].mean()),
            }
        )
    return made


def part_of(gold: np.ndarray, probability: np.ndarray, labels: list[str], several: bool) -> dict:
    """One part's figures from gold targets and probabilities (N, K)."""
    n, k = probability.shape
    if several:
        predicted = (probability > 0.5).astype(np.uint8)
        accuracy = float((predicted == gold).all(axis=1).mean())
        confidence, correct = probability.ravel(), gold.ravel().astype(float)
        support, given = gold.sum(axis=0), predicted.sum(axis=0)
        ids: Any = None
    else:
        predicted = probability.argmax(axis=1)
        accuracy = float((predicted == gold).mean())
        confidence, correct = probability.max(axis=1), (predicted == gold).astype(float)
        support, given = np.bincount(gold, minlength=k), np.bincount(predicted, minlength=k)
        ids = np.arange(k)
    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, predicted, labels=ids, average=None, zero_division=0.0
    )
    averages = {
        f"{kind}_f1": figure(
            float(f1_score(gold, predicted, labels=ids, average=kind, zero_division=0.0))
        )
        for kind in ("macro", "micro", "weighted")
    }
    mass = bins(confidence, correct, np.unique(np.quantile(confidence, np.linspace(0, 1, 16))))
    gap = sum(b["count"] * abs(b["confidence"] - b["accuracy"]) for b in mass)
    part: dict[str, Any] = {
        "rows": n,
        "resamples": 1000,
        "accuracy": figure(accuracy),
        **averages,
        "macro_precision": figure(float(precision.mean())),
        "macro_recall": figure(float(recall.mean())),
        "roc_auc": figure(0.9876543),
        "pr_auc": figure(0.9123456),
        "log_loss": figure(0.2345678),
        "brier": figure(0.1234567),
        "ece_width": figure(gap / len(confidence) * 0.9, 0.004),
        "ece_mass": figure(gap / len(confidence), 0.004),
        "calibration": {
            "ece_classwise": 0.0076543,
            "brier_reliability": 0.0023456,
            "brier_resolution": 0.5234567,
            "brier_uncertainty": 0.6445678,
            "brier_within_bins": -0.0001,
        },
        "per_label": [
            {
                "label": labels[i],
                "support": int(support[i]),
                "predicted": int(given[i]),
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "roc_auc": 0.9 + 0.09 * float(f1[i]) if support[i] else None,
                "pr_auc": float(f1[i]) if support[i] else None,
                "ece": 0.0123456,
                "intervals": {
                    key: {"low": 0.0, "high": 1.0} for key in ("precision", "recall", "f1")
                },
            }
            for i in range(k)
        ],
        "confusion": None,
        "reliability": {
            "equal_mass": mass,
            "equal_width": bins(confidence, correct, np.linspace(0, 1, 16)),
        },
    }
    part |= {
        name: figure(0.5) for name in (*FURTHER, *(FURTHER_SEVERAL if several else FURTHER_ONE))
    }
    if several:
        part["subset_accuracy"] = figure(accuracy)
        part["hamming_loss"] = figure(float((predicted != gold).mean()))
        return part
    pairs, counts = np.unique(np.stack([gold, predicted], axis=1), axis=0, return_counts=True)
    if k <= ALL_COUNTS_UP_TO:
        table = np.zeros((k, k), int)
        table[pairs[:, 0], pairs[:, 1]] = counts
        part["confusion"] = {"counts": table.tolist()}
    else:
        wrong = [
            (labels[g], labels[p], int(c))
            for (g, p), c in zip(pairs, counts, strict=True)
            if g != p
        ]
        wrong.sort(key=lambda pair: -pair[2])
        keys = ("gold", "predicted", "count")
        part["confusion"] = {"pairs": [dict(zip(keys, one, strict=True)) for one in wrong[:200]]}
    return part


def made_effect(labels: list[str]) -> dict[str, Any]:
    """What a rule changed, the rarer the label the more."""
    changed = {"value": 0.75, "without": 0.7}
    return {
        "part": "test", "imbalance": "post-hoc", "rule": "prior",
        "against": "the same model by the usual rule",
        "accuracy": {"value": 0.7, "without": 0.72}, "macro_f1": changed, "micro_f1": changed,
        "per_label": [
            {"label": label, "train_texts": 500 - place, "support": 50 if place else 0,
             "recall": {"value": 0.5 + place / 1000, "without": 0.5} if place
             else {"value": None, "without": None},
             "f1": changed}
            for place, label in enumerate(labels)
        ],
    }  # fmt: skip


def made_curves(gold: np.ndarray, probability: np.ndarray, labels: list[str]) -> dict[str, Any]:
    """The curves of a part, as textkind.workflow.threshold_curves makes them."""
    several = gold.ndim == 2
    right = (probability > 0.5) == gold if several else probability.argmax(axis=1) == gold
    if several:
        sure, right = np.maximum(probability, 1 - probability).prod(axis=1), right.all(axis=1)
        asked = [(None, probability, gold)]
        asked += [(labels[i], probability[:, i], gold[:, i]) for i in range(min(3, len(labels)))]
    else:
        sure = probability.max(axis=1)
        asked = [(labels[1], probability[:, 1], gold == 1)] if len(labels) == 2 else []
    return {
        "risk": risk_curve(sure, right),
        "labels": [
            {"label": label, "gold": int(truth.sum()), "points": label_curve(given, truth)}
            for label, given, truth in asked
        ],
    }


def made_metrics(
    k: int = 5,
    rows: int = 400,
    several: bool = False,
    skill: float = 4.0,
    seed: int = 0,
    labels: list[str] | None = None,
    parts: tuple[str, ...] = ("validation", "test"),
) -> dict[str, Any]:
    """The metrics of a run on made logits; `skill` is how far the gold label's logit stands out."""
    random = np.random.default_rng(seed)
    labels = sorted(f"label {i:03d}" for i in range(k)) if labels is None else labels
    k = len(labels)
    shares = random.dirichlet(np.full(k, 3.0))
    metrics: dict[str, Any] = {
        "format": 1,
        "textkind": "0.1.0",
        "command": "textkind train train.csv --seed 7",
        "task": "several labels" if several else "one label",
        "labels": labels,
        "test": None,
        "uncalibrated": None,
        "clean": None,
        "slices": None,
        "findings": made_findings(),
        "languages": {"English": 9 * rows, "Danish or Norwegian": 3 * rows, "German": 1},
        "validation": None,
        "effect": made_effect(labels),
        "curves": None,
        "novelty": {
            "weighed_by": 80,
            "scores": {"energy": 1.25, "unseen": 0.75},
            "in_scope": rows,
            "out_of_scope": 20,
            "roc_auc": 0.9512,
            "pr_auc": 0.8423,
            "fpr_95": 0.1634,
            "threshold": 4.56,
            "kept": 0.9345,
            "rejected": 0.8245,
        },
        "traced": None,
        "trust": None
        if several
        else {
            "level": 0.95,
            "risk_area": 0.0123,
            "abstention": [
                {
                    "max_error": 0.01,
                    "confidence": None,
                    "answered": 0.0,
                    "test_answered": 0.0,
                    "test_error": None,
                },
                {
                    "max_error": 0.05,
                    "confidence": 0.61,
                    "answered": 0.8,
                    "test_answered": 0.7912,
                    "test_error": 0.0312,
                },
            ],
            "sets": [
                {
                    "coverage": 0.9,
                    "threshold": 0.6,
                    "test_coverage": figure(0.8971),
                    "mean_size": 1.237,
                    "single": 0.8123,
                },
            ],
        },
    }
    for part in parts:
        if several:
            gold = (random.random((rows, k)) < np.minimum(0.9, 2 * shares)).astype(np.uint8)
            logits = skill * (gold - 0.5) + random.normal(size=(rows, k)) * 1.5
            probability = 1 / (1 + np.exp(-logits))
        else:
            gold = random.choice(k, rows, p=shares)
            logits = random.normal(size=(rows, k))
            logits[np.arange(rows), (gold + 1) % k] += skill / 3
            logits[np.arange(rows), gold] += skill
            probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        metrics[part] = part_of(gold, probability, labels, several)
        metrics["curves"] = made_curves(gold, probability, labels)
    if parts:
        random_width = np.linspace(0, 1, 16)
        sure, right = random.random(rows), (random.random(rows) < 0.7).astype(float)
        metrics["uncalibrated"] = {
            "log_loss": 0.4567891,
            "brier": 0.2345671,
            "ece_width": 0.1034567,
            "ece_mass": 0.1045678,
            "reliability": {
                "equal_mass": bins(sure, right, np.quantile(sure, random_width)),
                "equal_width": bins(sure, right, random_width),
            },
        }
    counts = {name: round(4 * rows * share) for name, share in zip(labels, shares, strict=True)}
    eighth = {name: count // 8 for name, count in counts.items()}
    top = max(counts, key=lambda name: counts[name])
    metrics |= {
        "errors": None,
        "map": None,
        "kept": {
            "texts": 90,
            "of": 90,
            "width": None,
            "level": None,
            "counts": [45, 45, 0],
            "sha256": "0" * 64,
        },
        "held_out": None,
        "baseline": {
            "name": "majority label",
            "label": top,
            "accuracy": counts[top] / max(1, sum(counts.values())),
            **dict.fromkeys(PLAIN, 0.0712345),
            **({"subset_accuracy": 0.1, "hamming_loss": 0.3} if several else {}),
        },
        "data": {
            "source": "train.csv",
            "test_source": None,
            "read": 6 * rows + 1,
            "accepted": 6 * rows,
            "rejected": 1,
            "out_of_scope": 0,
            "parts": {
                "train": {"rows": 4 * rows, "labels": counts},
                "validation": {"rows": rows, "labels": eighth},
                "test": {"rows": rows, "labels": eighth},
            },
            "words": {"mean": 10.234, "median": 9, "p95": 20, "max": 4012},
            "bytes": 1234567,
            "sha256": {"train": {"rows": 64 * "a", "file": 64 * "b"}},
            "duplicates": {
                "rows": 12,
                "groups": 5,
                "conflicting": 1,
                "kept_on_one_side": True,
                "across_given_files": 0,
            },
            "split": {
                "method": "stratified",
                "seed": 7,
                "test_share": 0.2,
                "validation_share": 0.1,
            },
            "columns": {
                "text": ["title", "body"],
                "label": "kind",
                "group": None,
                "time": None,
                "id": "key",
            },
            "notes": ["delimiter ',' sniffed", "column 'kind' taken for the label"],
        },
        "environment": {
            "python": "3.12.1",
            "system": "Linux x86_64",
            "packages": {"numpy": "2.4.6", "pyarrow": "26.0.1"},
        },
        "fit": {
            "model": "linear",
            "seconds": {"read": 0.0312, "fit": 1.234, "evaluate": 0.5, "total": 1.8},
            "decision": {
                "asked": "auto",
                "calibrator": "temperature",
                "temperature": 0.2345678,
                "labels_changed": None if several else 3,
                "candidates": [
                    {
                        "name": name,
                        "log_loss": 0.3456789 + place,
                        "ece": 0.0134567 + place / 100,
                        "ece_width": 0.01,
                        "standard_error": 0.0023456 + place / 1000,
                    }
                    for place, name in enumerate(("none", "temperature", "isotonic"))
                ],
                "notes": [],
            },
            "settings": {
                "objective": "squared hinge",
                "words": [1, 2],
                "strength": 1.0,
                "imbalance": "none",
            },
            "passes": 8,
        },
        "notes": ["words chosen on validation: 0.91 against 0.89 for characters"],
    }
    return metrics


def made_mistakes(
    labels: list[str], count: int = 40, several: bool = False, seed: int = 0
) -> list[dict]:
    """Mistakes on made-up sentences, most confident first."""
    random = np.random.default_rng(seed)
    words = np.array(WORDS)
    made = []
    for i in range(count):
        text = " ".join(random.choice(words, int(random.integers(4, 400 if i % 5 == 0 else 30))))
        gold, predicted = (str(one) for one in random.choice(labels, 2, replace=False))
        chosen = random.choice(text.split(), 3)
        made.append(
            {
                "row": int(random.integers(1, 10_000)),
                "text": text,
                "gold": [gold, labels[0]] if several else gold,
                "predicted": [predicted] if several else predicted,
                "probability": 0.99 - 0.5 * i / count,
                "gold_probability": 0.005 + 0.1 * i / count,
                "ngrams": [
                    {"ngram": str(one), "weight": float(w)}
                    for one, w in zip(chosen, (1.25, 0.5, -0.75), strict=True)
                ],
            }
        )
    return made


def made_neural_fit(epochs: int = 7, best: int = 5, tokens: int = 61) -> dict[str, Any]:
    """The entry "fit" of a recurrent network, in the shape that training gives it."""
    random = np.random.default_rng(0)
    history = [
        {
            "log_loss": 0.9 - 0.05 * epoch + 0.2 * float(random.random()),
            "accuracy": 0.5 + 0.4 * float(random.random()),
            "macro_f1": 0.4 + 0.4 * float(random.random()),
            "step": 13 * epoch,
            "seconds": round(1.234 * epoch, 3),
        }
        for epoch in range(1, epochs + 1)
    ]
    distance = np.arange(tokens)
    decays = {"before training": 0.9, "after training": 0.97, "tanh": 0.8, "LSTM": 0.95}
    series = [
        {
            "group": "network" if "training" in name else "cells",
            "name": name,
            "norm": (0.7 * decay**distance).tolist(),
        }
        for name, decay in (decays | {"GRU": 0.5}).items()
    ]
    return {
        "model": "rnn",
        "seconds": {"read": 0.0312, "fit": 9.5, "total": 11.8},
        "settings": {
            "network": "rnn",
            "layers": {"width": 100, "cell": "lstm", "units": 128},
            "tokens": "words",
            "words": {"minimum_count": None, "largest": 50000},
            "subwords": {"model": "wordpiece", "size": 8000},
            "tokenizer": None,
            "vectors": "glove.txt",
            "training": {"epochs": 20, "metric": "log_loss", "budget": None},
        },
        "long": {
            "strategy": "head",
            "most_windows": 16,
            "pooling": "mean",
            "pooled": "vectors",
            "max_tokens": 256,
            "parts": {
                part: {
                    "texts": texts,
                    "texts_cut": texts // 7,
                    "tokens": 21 * texts,
                    "tokens_unread": 5 * texts,
                }
                for part, texts in (("train", 1600), ("validation", 211), ("test", 307))
            },
        },
        "texts": 1600,
        "tokens": 20719,
        "vocabulary": 5432,
        "vectors": "glove.txt",
        "vectors_found": 5000,
        "vectors_dimension": 100,
        "steps": 13 * epochs,
        "steps_skipped": 0,
        "epochs": epochs,
        "ended": "validation gained no more",
        "best": {**history[best - 1], "epoch": best},
        "history": history,
        "parameters": 124503,
        "precision": "float32",
        "device": "cpu",
        "processes": 1,
        "training_seconds": 8.642,
        "gradients": {
            "texts": 24,
            "shortest": tokens,
            "longest": tokens + 9,
            "distance": distance.tolist(),
            "series": series,
        },
    }


def made_rung(name: str, value: float, cost: float, folds: bool) -> dict[str, Any]:
    """A finished rung whose figures are all of one value."""
    names = ("accuracy", *PLAIN)
    gap = {"value": value - 0.8, "low": value - 0.85, "high": value - 0.75, "p_holm": 0.04}
    spread = {"values": [value, value], "mean": value, "standard_deviation": 0.01}
    return {
        "name": name, "status": "finished", "reason": None, "hint": None, "kind": name,
        "test": {"rows": 400, **{one: figure(value) for one in names}},
        "clean": figure(value - 0.01),
        "validation": value, "folds": spread if folds else None, "fit": {"texts": 1200},
        "unread": None,
        "cost": {"fit_seconds": 3 * cost, "texts_per_second": 9000 / cost, "one_text_ms": cost,
                 "peak_mb": 300.0, "disk_mb": 2 * cost},
        "against_simplest": None if name == "linear" else gap,
    }  # fmt: skip


def made_comparison(
    labels: list[str] | None = None, text: str = "a river", folds: int | None = None
) -> dict[str, Any]:
    """What compare.json holds: rungs of made figures, the last of them failed."""
    labels = labels or ["first", "second", "third"]
    metrics = made_metrics(labels=labels)
    example = {
        "row": 7, "text": text, "gold": labels[0],
        "answers": {"linear": labels[1], "cnn": labels[0]},
    }  # fmt: skip
    group = {"group": "all texts", "rows": 400, "reference": 0.8, "other": 0.85,
             "gained": 30, "lost": 10, "p": 0.002}  # fmt: skip
    pair = {"gold": labels[0], "answered": labels[1], "count": 9, "gained": 7}
    rungs = [
        made_rung(name, value, cost, folds is not None)
        for name, value, cost in (
            ("prior", 0.3, 0.01),
            ("linear", 0.8, 0.05),
            ("cnn", 0.85, 2.0),
        )
    ]
    failed = {"name": "rnn", "status": "failed", "reason": text, "hint": "try <b>again</b>"}
    return {
        "textkind": "0.1.0", "command": "textkind compare made.csv", "task": "one label",
        "labels": labels, "headline": "accuracy", "simplest": "linear",
        "rungs": [*rungs, failed],
        "settings": {"folds": folds, "budget": 60.0},
        "verdict": {"winner": "cnn", "best": "cnn", "tests": [],
                    "excluded": [{"name": "linear", "reason": "too large"}],
                    "sentences": ["cnn is the model to use.", "It was fitted in 6.0 s."]},
        "gains": {"reference": "linear", "other": "cnn", "groups": [group],
                  "pairs": [pair],
                  "gained": [example], "lost": [example],
                  "wrong_for_all": {"rows": 21, "models": 2, "examples": [example]}},
        "findings": made_findings(text),
        "clean": {"left_out": {"same": 7, "near": 3}, "similarity": 0.8, "rows": 390},
        "data": metrics["data"], "environment": metrics["environment"],
        "seconds": {"read": 0.1, "fit": 60.0},
        "notes": ["cnn: told while it ran"],
    }  # fmt: skip


def made_tuning(trials: int = 20, text: str = "<b>out of memory") -> dict[str, Any]:
    """What tune.json holds of a search with trials of every end."""
    random = np.random.default_rng(0)
    windows = [[1, 2], [2, 3], [3, 4, 5]]
    usual = {"training.learning_rate": 0.001, "layers.windows": [3, 4, 5], "layers.dropout": 0.25}
    rows = []
    for number in range(trials):
        drawn = {
            "training.learning_rate": float(10 ** random.uniform(-4, -2)),
            "layers.windows": windows[number % 3],
            "layers.dropout": float(random.random()),
        }
        status = ("finished", "pruned", "finished", "failed")[number % 4]
        is_whole = status == "finished"
        rows.append(
            {
                "number": number,
                "origin": "defaults" if number == 0 else "drawn",
                "status": status,
                "reason": text if status == "failed" else "",
                "hint": "",
                "values": usual if number == 0 else drawn,
                "figures": {"log_loss": 0.5 - number / 1000, "headline": 0.8} if is_whole else None,
                "looks": [{"share": 0.25, "log_loss": 0.9}] if status != "failed" else [],
                "epochs": 3 if is_whole else None,
                "began": 2.0 * number,
                "seconds": 2.0,
            }
        )
    best = max(row["number"] for row in rows if row["figures"] is not None)
    names = list(usual)
    shares = [0.6, 0.3, 0.1]
    return {
        "headline": "accuracy",
        "fixed": ["layers.filters"],
        "searched": [
            {"name": names[0], "low": 0.0001, "high": 0.01, "by_tens": True, "whole": False},
            {"name": names[1], "choices": windows},
            {"name": names[2], "low": 0.0, "high": 1.0, "by_tens": False, "whole": False},
        ],
        "trials": rows,
        "best": best,
        "importance": {
            "share_of_training": 0.25,
            "trials": trials,
            "settings": [
                {"name": name, "share": share} for name, share in zip(names, shares, strict=True)
            ],
        },
        "sentences": ["The search ended after some trials: the budget was spent."],
    }
