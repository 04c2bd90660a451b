"""textkind through its public API; the setting is the keyword arguments of `TextClassifier`."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.data import DataSet
from bench.measure import Desk, Facts, serve
from textkind import TextClassifier
from textkind.encoding.ngrams import NgramSettings, fit_ngrams


class TextKind:
    model: Any = None  # a TextClassifier

    def take(self, data: DataSet) -> None:
        self.train = data.train
        self.column = pa.array(data.train.texts, pa.large_string())

    def fit(self, setting: Facts) -> Facts:
        self.model = TextClassifier(**setting)
        self.model.fit(self.train.texts, self.train.labels)
        chosen = self.model.facts_["settings"]
        weighted = ", log-count ratios" if chosen["naive_bayes"] else ""
        return {"chosen": f"{chosen['features']}, strength {chosen['strength']:g}{weighted}"}

    def predict(self, texts: list[str]) -> list[str]:
        labels: list[str] = self.model.predict(texts).tolist()
        return labels

    def save(self, folder: Path) -> None:
        self.model.save(folder / "model")

    def features(self, setting: Facts) -> Facts:
        """setting: source, list or Arrow. The n-grams and weights are TfidfVectorizer's."""
        texts = (
            self.column
            if setting["source"] == "Arrow"
            else pa.array(self.train.texts, pa.large_string())
        )
        encoder, rows = fit_ngrams(
            texts, NgramSettings(words=(1, 2), symbols=False, minimum_document_frequency=1)
        )
        return {"columns": len(encoder), "entries": rows.stored}


class OurDesk(Desk):
    """What only we are asked."""

    def __init__(self, side: TextKind) -> None:
        super().__init__(side)
        self.ours = side

    def probabilities_one(self, calls: int = 300, words: int = 15) -> Facts:
        """As predict_one, for the probabilities."""
        return {"seconds": self.one_by_one(self.ours.model.predict_proba, calls, words)}

    def accuracy_loaded(self, folder: str) -> Facts:
        """Test accuracy of the model read back from its folder."""
        loaded = TextClassifier.load(Path(folder) / "model")
        test = self.data.test
        right = sum(a == b for a, b in zip(loaded.predict(test.texts), test.labels, strict=True))
        return {"accuracy": 100 * right / len(test.labels)}


if __name__ == "__main__":
    serve(OurDesk(TextKind()))
