"""scikit-learn: a pipeline of vectoriser and linear classifier, as its text tutorial builds it."""

import pickle
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from bench.data import DataSet
from bench.measure import Desk, Facts, serve

VECTORIZERS = {
    "words 1-1": lambda: TfidfVectorizer(sublinear_tf=True),
    "words 1-2": lambda: TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
    "characters 2-5": lambda: TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True
    ),
    "hashed words 1-2": lambda: HashingVectorizer(ngram_range=(1, 2), alternate_sign=False),
}
CLASSIFIERS = {
    "LinearSVC": lambda strength: LinearSVC(C=strength, random_state=0),
    "LogisticRegression": lambda strength: LogisticRegression(C=strength, max_iter=1000),
    "ComplementNB": lambda strength: ComplementNB(),
    "SGDClassifier": lambda strength: SGDClassifier(random_state=0),
}


class ScikitLearn:
    model: Any = None  # a Pipeline

    def take(self, data: DataSet) -> None:
        self.train = data.train

    def fit(self, setting: Facts) -> Facts:
        """setting: features, classifier, strength; cache, a folder of fitted features."""
        vectorizer = VECTORIZERS[setting["features"]]()
        classifier = CLASSIFIERS[setting["classifier"]](setting.get("strength", 1.0))
        self.model = make_pipeline(vectorizer, classifier, memory=setting.get("cache"))
        self.model.fit(self.train.texts, self.train.labels)
        return {}

    def predict(self, texts: list[str]) -> list[str]:
        labels: list[str] = self.model.predict(texts).tolist()
        return labels

    def save(self, folder: Path) -> None:
        (folder / "model.pickle").write_bytes(pickle.dumps(self.model))

    def features(self, setting: Facts) -> Facts:
        matrix = VECTORIZERS[setting["features"]]().fit_transform(self.train.texts)
        return {"columns": matrix.shape[1], "entries": matrix.nnz}


if __name__ == "__main__":
    serve(Desk(ScikitLearn()))
