"""Pretrained encoders of ours on any public set, one label a text or several.

setting: as in bench/peers/ours_neural.py; seed. Where the set has a validation part of its own,
that is taken, else validation_share of the training part, by default a tenth; 0: none.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.metrics import accuracy_score, f1_score, log_loss, recall_score

from bench.calibration import by_chance, calibration_error
from bench.data import DataSet, read_part
from bench.measure import Desk, Facts, resident_mb, serve
from bench.peers.ours_neural import neural_settings
from bench.places import DATA
from textkind.classifier import Classifier, predict_ids, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.settings import SplitSettings
from textkind.data.split import split_corpus
from textkind.decision.decision import Decision, decide, fit_decision, probabilities
from textkind.models.settings import LinearSettings
from textkind.stack import added_logits, fit_weights
from textkind.workflow.learn import Learned, learn

VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Labelled:
    """Texts and the label names of each."""

    texts: list[str]
    labels: list[list[str]]


def read_labelled(folder: Path, name: str) -> Labelled:
    """A part as CSV with a column label, or as lines of JSON with lists of labels."""
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if path.exists():
            content = path.read_bytes()
            plain = gzip.decompress(content) if path.suffix == ".gz" else content
            rows = [json.loads(line) for line in plain.decode().splitlines() if line.strip()]
            return Labelled([row["text"] for row in rows], [row["labels"] for row in rows])
    part = read_part(folder, name)
    return Labelled(part.texts, [[label] for label in part.labels])


def corpus_of(part: Labelled, labels: LabelSet) -> Corpus:
    """The part as our readers give it."""
    number = {name: i for i, name in enumerate(labels.names)}
    if labels.several:
        targets = np.zeros((len(part.texts), len(labels)), np.uint8)
        for row, names in enumerate(part.labels):
            targets[row, [number[name] for name in names]] = 1
    else:
        targets = np.array([number[name] for (name,) in part.labels], np.int64)
    texts = pa.array(part.texts, pa.large_string())
    return Corpus(texts, targets, labels, np.arange(1, len(targets) + 1))


def figures(predicted: np.ndarray, gold: np.ndarray) -> Facts:
    """In percent; accuracy of several labels is of whole sets."""
    macro = {"average": "macro", "zero_division": 0}
    return {
        "accuracy": 100 * accuracy_score(gold, predicted),
        "micro_f1": 100 * f1_score(gold, predicted, average="micro", zero_division=0),
        "macro_f1": 100 * f1_score(gold, predicted, **macro),
        "macro_recall": 100 * recall_score(gold, predicted, **macro),
    }


def trust(given: np.ndarray, uncalibrated: np.ndarray, gold: np.ndarray) -> Facts:
    """Of probabilities (N, K) before and after calibration, of texts of one label each."""
    confidence = given.max(axis=1).astype(np.float64)
    names = np.arange(given.shape[1])
    given, uncalibrated = (  # sums of float32 are 1 to its last digit alone
        one / one.sum(axis=1, keepdims=True, dtype=np.float64) for one in (given, uncalibrated)
    )
    return {
        "calibration_error": calibration_error(confidence, given.argmax(axis=1) == gold),
        "by_chance": by_chance(confidence),
        "log_loss": log_loss(gold, given, labels=names),
        "log_loss_before": log_loss(gold, uncalibrated, labels=names),
    }


class PretrainedTextKind:
    """The set, and what was learned last: by an encoder, and by the linear model."""

    model: Classifier | None = None
    logits: np.ndarray  # of the test part, once it is judged

    def take(self, data: DataSet) -> None:
        raise NotImplementedError("the desk reads the set")

    def read(self, name: str) -> Facts:
        """The parts of a set as corpora."""
        folder = DATA / name
        train, test = read_labelled(folder, "train"), read_labelled(folder, "test")
        several = any(len(names) != 1 for names in train.labels)
        labels = LabelSet(tuple(sorted({n for names in train.labels for n in names})), several)
        self.train, self.test = corpus_of(train, labels), corpus_of(test, labels)
        self.validation = None
        if (folder / "valid.csv").exists() or (folder / "valid.jsonl").exists():
            self.validation = corpus_of(read_labelled(folder, "valid"), labels)
        return {"rows": len(train.texts)}

    def parts(self, seed: int, share: float = VALIDATION_SHARE) -> tuple[Corpus, Corpus | None]:
        """What is learned from, and validation; None where it has a share of 0."""
        if self.validation is not None or share == 0:
            return self.train, self.validation
        split = SplitSettings(test_share=0.0, validation_share=share, seed=seed)
        parts = split_corpus(self.train, split)
        return parts.train, parts.validation

    def fit(self, setting: Facts) -> Facts:
        """An encoder; a stack is weighed by the validation part that goes with it."""
        seed = setting.get("seed", 0)
        train, held_out = self.parts(seed, setting.get("validation_share", VALIDATION_SHARE))
        self.learned: Learned = learn(train, held_out, neural_settings(setting), seed=seed)
        self.model = self.learned.classifier
        facts: dict[str, Any] = self.model.model.facts
        return {
            "peak_mb": resident_mb("VmHWM"),
            "strategy": facts["long"]["strategy"],
            "precision": facts.get("precision"),
            "epochs": facts.get("epochs"),
        }

    def judge(self) -> Facts:
        """Figures on the test part, and how far the probabilities of one label can be trusted."""
        assert self.model is not None
        self.logits = logits = self.model.model.logits(self.test.texts)
        gold, decision = self.test.targets, self.model.decision
        given = probabilities(decision, logits)
        facts = figures(decide(decision, given), gold)
        if decision.several:
            return facts
        return facts | trust(given, probabilities(Decision(several=False), logits), gold)

    def stack(self, seed: int) -> Facts:
        """Figures of the encoder, judged before, mixed with the linear model by validation."""
        train, held_out = self.parts(seed)
        assert held_out is not None
        linear = learn(train, held_out, LinearSettings(), seed=seed)
        members = [self.learned, linear]
        several = train.labels.several
        seen = np.stack([probabilities(one.classifier.decision, _logits(one)) for one in members])
        weights = fit_weights(seen, held_out.targets)
        fitted = fit_decision(added_logits(seen, weights, several), held_out.targets, several)
        given = [
            probabilities(self.learned.classifier.decision, self.logits),  # read once
            predict_probabilities(linear.classifier, self.test.texts),
        ]
        logits = added_logits(np.stack(given), weights, several)
        predicted = decide(fitted.decision, probabilities(fitted.decision, logits))
        return figures(predicted, self.test.targets) | {"weights": weights.tolist()}

    def predict(self, texts: list[str]) -> list[str]:
        assert self.model is not None
        ids = predict_ids(self.model, pa.array(texts, pa.large_string()))
        return [self.model.labels.names[number] for number in ids]

    def save(self, folder: Path) -> None:
        raise NotImplementedError("only quality is measured")

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("an encoder makes no sparse matrix")


def _logits(learned: Learned) -> np.ndarray:
    assert learned.validation_logits is not None
    return learned.validation_logits


class PretrainedDesk(Desk):
    """What only these are asked."""

    def __init__(self, side: PretrainedTextKind) -> None:
        super().__init__(side)
        self.ours = side

    def load(self, names: list[str], order: str = "delivered", rows: int | None = None) -> Facts:
        """One set, as it is."""
        assert (len(names), order, rows) == (1, "delivered", None)
        return self.ours.read(names[0])

    def judge(self) -> Facts:
        """Figures of the last fit on the test part."""
        return self.ours.judge()

    def stack(self, seed: int) -> Facts:
        """Figures of the last fit mixed with the linear model."""
        return self.ours.stack(seed)


if __name__ == "__main__":
    serve(PretrainedDesk(PretrainedTextKind()))
