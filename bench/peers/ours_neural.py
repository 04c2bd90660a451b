"""The neural models through the public API; the setting names a network and what is changed of it.

setting: network; layers, training, words: changes of the fields of those settings; vectors: glove,
distilled or nothing; other fields of NeuralSettings; seed; validation_share, of the training part,
else a tenth; official_validation, whether the set's own validation part, where it has one, stands
in for rows split off the training part.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from bench.data import DataSet, Part, few_a_class, read_part
from bench.measure import Desk, Facts, resident_mb, serve
from bench.peers.ours import TextKind
from bench.places import DATA
from textkind import TextClassifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.models.neural_settings import NeuralSettings, default_settings
from textkind.workflow.learn import learn

GLOVE = DATA / "vectors" / "glove-6b-100d-top30k.vec.gz"
VALIDATION_SHARE = 0.1
PARTS = ("layers", "training", "words", "subwords", "long")
OWN = (
    "network",
    "seed",
    "official_validation",
    "validation_share",
)  # what is not a field of NeuralSettings


def neural_settings(setting: Facts) -> NeuralSettings:
    """The defaults of the network with the changes of a setting."""
    start = default_settings(setting["network"], setting.get("vectors"))
    changes = {name: value for name, value in setting.items() if name not in OWN}
    for name in PARTS:
        if name in changes:
            told = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in changes[name].items()
            }
            changes[name] = replace(getattr(start, name), **told)
    if changes.get("vectors") == "glove":
        changes["vectors"] = str(GLOVE)
    return replace(start, **changes)


def corpus_of(part: Part, labels: LabelSet) -> Corpus:
    """The part as our readers give it."""
    number = {name: i for i, name in enumerate(labels.names)}
    targets = np.array([number[label] for label in part.labels], np.int64)
    texts = pa.array(part.texts, pa.large_string())
    return Corpus(texts, targets, labels, np.arange(1, len(targets) + 1))


class NeuralTextKind(TextKind):
    validation: Part | None = None  # the set's own

    def fit(self, setting: Facts) -> Facts:
        settings, seed = neural_settings(setting), setting.get("seed", 0)
        share = setting.get("validation_share", VALIDATION_SHARE)
        self.model = TextClassifier(
            settings.model, neural=settings, seed=seed, validation_share=share
        )
        if self.validation is not None and setting.get("official_validation"):
            self.fit_with(self.validation, settings, seed)
        else:
            self.model.fit(self.train.texts, self.train.labels)
        facts = self.model.facts_
        best = facts["best"] or {}
        return {
            "validation_accuracy": 100 * best.get("accuracy", float("nan")),
            "best_epoch": best.get("epoch"),
            "ended": facts.get("ended"),
            "peak_mb": resident_mb("VmHWM"),  # Desk.fit has it begin at what is resident
        }

    def fit_with(self, validation: Part, settings: NeuralSettings, seed: int) -> None:
        """As TextClassifier.fit, with validation rows of the set's own."""
        labels = LabelSet(tuple(sorted(set(self.train.labels))))
        train, held_out = corpus_of(self.train, labels), corpus_of(validation, labels)
        learned = learn(train, held_out, settings, seed=seed)
        self.model.facts_ = learned.classifier.model.facts
        self.model._take(learned.classifier, np.array(labels.names))


class NeuralDesk(Desk):
    """What only our neural models are asked."""

    def __init__(self, side: NeuralTextKind) -> None:
        super().__init__(side)
        self.neural = side

    def load(self, names: list[str], order: str = "delivered", rows: int | None = None) -> Facts:
        facts = super().load(names, order, rows)
        has_own = len(names) == 1 and (DATA / names[0] / "valid.csv").exists()
        self.neural.validation = read_part(DATA / names[0], "valid") if has_own else None
        return facts

    def draw(self, texts: int, seed: int) -> Facts:
        """From here on a few texts of each class are learned from, drawn by the seed."""
        few = few_a_class(self.data.train, texts, seed)
        self.neural.take(DataSet(few, self.data.test))
        return {"rows": len(few.texts)}


if __name__ == "__main__":
    serve(NeuralDesk(NeuralTextKind()))
