"""Small linear models of our own wording, with every calibrator and rule; and a reader in Node."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.workflow.conftest import tickets
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.beta import Beta
from textkind.decision.decision import Decision
from textkind.decision.isotonic import Isotonic
from textkind.decision.platt import Platt
from textkind.decision.rule import Rule
from textkind.decision.sigmoid import Sigmoid
from textkind.decision.temperature import Temperature, Uncalibrated
from textkind.decision.vector import Vector
from textkind.export.readers import textkind_reader
from textkind.models.linear import fit_linear
from textkind.models.settings import LinearSettings

READERS = Path(textkind_reader.__file__).parent
TEXTS, LABELS = tickets(80)
ODD = [
    "",
    "late!!!! box?? ... :-)",
    "It's NOT the U.S. parcel, isn't it? 1,000.5 we’ll n't",
    "最初の parcel 注文 กำลัง",
    "İSTANBUL Straße ǅ e\u0301 \u0301a ⒶⓐⒶ",
    "한국어 가각 \u0000 \u200d 👩\u200d🚀👩",
    "[CLS] invoice [SEP] refund",
    "x " * 90,
]
FIXED = {"strength": 1.0, "naive_bayes": False, "minimum_document_frequency": 1}
SETTINGS = {
    "words": LinearSettings(features="words", **FIXED),
    "both": LinearSettings(features="both", **FIXED),
    "across": LinearSettings(
        features="characters", character_ngrams=(3, 6), word_borders=False, **FIXED
    ),
    "plain": LinearSettings(
        features="both", word_ngrams=(2, 3), symbols=False, sublinear=False, **FIXED
    ),
}
CALIBRATORS = (Uncalibrated, Temperature, Sigmoid, Platt, Vector, Beta, Isotonic)


def corpus_of(names, *, several=False):
    """The tickets under so many of their labels; with several, a second label by its length."""
    chosen = [row for row, label in enumerate(LABELS) if label in names]
    texts = pa.array([TEXTS[row] for row in chosen], pa.large_string())
    targets = np.array([names.index(LABELS[row]) for row in chosen], np.int32)
    if several:
        targets = np.eye(len(names), dtype=np.uint8)[targets]
        targets[::3, 0] = 1
    return Corpus(texts, targets, LabelSet(names, several), np.arange(len(chosen)))


def linear(settings, names, calibrator, rule=None, *, several=False):
    """A fitted classifier."""
    corpus = corpus_of(names, several=several)
    model = fit_linear(corpus, None, settings).model
    fitted = calibrator.fit(model.logits(corpus.texts), corpus.targets)
    return Classifier(model, Decision(several, fitted, rule or Rule()), names)


class NodeReader:
    """The reader in JavaScript, in a Node of its own that answers line by line."""

    SCRIPT = """
    import { load } from "./reader.mjs";
    import { readFileSync } from "node:fs";
    import { createInterface } from "node:readline";
    let classifier;
    for await (const line of createInterface({ input: process.stdin })) {
      const asked = JSON.parse(line);
      try {
        if (asked.file) classifier = await load(new Uint8Array(readFileSync(asked.file)));
        const answers = (asked.texts ?? []).map((text) => ({
          probabilities: classifier.probabilities(text), label: classifier.predict(text) }));
        console.log(JSON.stringify({ answers }));
      } catch (error) {
        console.log(JSON.stringify({ error: `${error.constructor.name}: ${error.message}` }));
      }
    }
    """

    def __init__(self, folder):
        (folder / "reader.mjs").write_bytes((READERS / "textkind_reader.js").read_bytes())
        (folder / "ask.mjs").write_text(self.SCRIPT)
        node = shutil.which("node")
        self.process = subprocess.Popen(
            [node, "ask.mjs"], cwd=folder, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, **asked):
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
