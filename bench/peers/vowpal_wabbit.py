"""Vowpal Wabbit through its own Python package, its input written before the clock runs.

One-against-all (or cost-sensitive, csoaa) over hashed 1-2-grams of 2^22 slots; several passes read
a cache file that the first pass writes, no examples held out.
"""

import tempfile
from pathlib import Path
from typing import Any

import vowpalwabbit

from bench.data import DataSet
from bench.measure import Desk, Facts, serve
from bench.peers.tokens import wabbit_example


class VowpalWabbit:
    model: Any = None  # a Workspace

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, data: DataSet) -> None:
        self.names = sorted(set(data.train.labels))
        self.number = {name: i + 1 for i, name in enumerate(self.names)}
        self.train = data.train
        self.method = ""
        self.write("oaa")
        self.test_texts = data.test.texts
        self.test_examples = [wabbit_example(text) for text in data.test.texts]

    def write(self, method: str) -> None:
        """The training file in the label format of the method."""
        if method == self.method:
            return
        self.method = method
        pairs = zip(self.train.labels, self.train.texts, strict=True)
        with (self.folder / "train.vw").open("w", encoding="utf-8") as file:
            file.writelines(
                f"{self.label(self.number[label])} {wabbit_example(text)}\n"
                for label, text in pairs
            )

    def label(self, number: int) -> str:
        if self.method == "oaa":
            return str(number)
        return " ".join(f"{k}:{int(k != number)}" for k in range(1, len(self.names) + 1))

    def fit(self, setting: Facts) -> Facts:
        """setting: method, loss, passes. Another method's file than oaa's is written in here."""
        self.write(setting["method"])
        passes = setting["passes"]
        method = f"--{setting['method']} {len(self.names)} --loss_function {setting['loss']}"
        learn = f"{method} --ngram 2 -b 22 --quiet -d {self.folder / 'train.vw'}"
        again = (
            f" --passes {passes} --holdout_off -k --cache_file {self.folder / 'cache'}"
            if passes > 1
            else ""
        )
        self.model = vowpalwabbit.Workspace(learn + again)
        return {}

    def predict(self, texts: list[str]) -> list[str]:
        examples = (
            self.test_examples
            if texts is self.test_texts
            else [wabbit_example(text) for text in texts]
        )
        return [self.names[self.model.predict(line) - 1] for line in examples]

    def save(self, folder: Path) -> None:
        self.model.save(str(folder / "model.vw"))

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("Vowpal Wabbit makes no sparse matrix")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room:
        serve(Desk(VowpalWabbit(Path(room))))
