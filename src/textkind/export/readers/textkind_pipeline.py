"""A linear model of textkind as a scikit-learn Pipeline; needs scikit-learn, and not textkind.

    from textkind_pipeline import load_pipeline
    pipeline = load_pipeline()                         of the model.compact beside this file
    pipeline.predict_proba(["a text", "another"])      (N, K), in the order of pipeline.classes_

It is a Pipeline like any other: cloned, saved by joblib and cross-validated. As loaded it answers
as the model does. `fit` learns anew: which n-grams there are stays, their inverse document
frequencies and the weights are learned (TfidfTransformer, LogisticRegression), and the calibration
is gone.
"""

import bisect
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted
from textkind_reader import Classifier, CompactFileError, Decision, Ngrams, load, well_formed

FILE = Path(__file__).with_name("model.compact")
MOST_COUNTED = 1023  # of one n-gram in a text
FAR = 30.0  # logit of a label that all training texts have


class NgramCounts(TransformerMixin, BaseEstimator):
    """Texts to (N, V) counts of known n-grams; nothing is learned.

    ngrams  how a compact file cuts and hashes texts
    block   words or characters
    first   of its rows those that are the block's begin here
    last    and end before here
    """

    def __init__(self, ngrams: Ngrams, block: str, first: int, last: int) -> None:
        self.ngrams = ngrams
        self.block = block
        self.first = first
        self.last = last

    def fit(self, texts: Any, y: Any = None) -> "NgramCounts":
        """Itself."""
        return self

    def transform(self, texts: Any) -> csr_matrix:
        """(N, V) float64."""
        told, places, counts, ends = self.ngrams.settings, [], [], [0]
        of_block = self.ngrams.of_words if self.block == "words" else self.ngrams.of_characters
        bits = told["bits"]
        base = 0 if self.block == "words" else 1 << bits
        buckets = np.array(self.ngrams.buckets[self.first : self.last], np.int64)
        for text in texts:
            hashes = list(of_block([self.ngrams.characters[ord(one)] for one in well_formed(text)]))
            found = (np.array(hashes, np.uint64) >> np.uint64(64 - bits)).astype(np.int64) + base
            found, number = np.unique(found, return_counts=True)
            column = np.searchsorted(buckets, found)
            known = buckets[np.minimum(column, len(buckets) - 1)] == found
            places.append(column[known])
            counts.append(number[known])
            ends.append(ends[-1] + int(known.sum()))
        values = np.concatenate([np.empty(0), *counts])
        if told["sublinear"]:
            values = np.minimum(values, MOST_COUNTED)
        columns = np.concatenate([np.empty(0, int), *places])
        return csr_matrix((values, columns, ends), (len(ends) - 1, len(buckets)))

    def __sklearn_is_fitted__(self) -> bool:
        return True


class DecidedLinear(ClassifierMixin, BaseEstimator):
    """A linear classifier whose margins go through a decision of textkind, where it has one.

    C  of LogisticRegression, where it is fitted anew

    coef_ (P, V), intercept_ (P,), classes_ (K,); P is 1 for two classes of which a text has one.
    With several labels a text y is (N, K) of 0 and 1, as for OneVsRestClassifier.
    """

    decision_: Optional[Decision]

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, rows: Any, y: Any) -> "DecidedLinear":
        """Learn anew from (N, V) rows; without the decision."""
        y = np.asarray(y)
        self.decision_, self.several_ = None, y.ndim == 2
        if y.ndim == 1:
            fitted = LogisticRegression(C=self.C, max_iter=1000).fit(rows, y)
            self.coef_, self.intercept_ = fitted.coef_, fitted.intercept_
            self.classes_ = fitted.classes_
            return self
        self.classes_ = np.arange(y.shape[1])
        self.coef_ = np.zeros((y.shape[1], rows.shape[1]))
        self.intercept_ = np.where(y.mean(axis=0) > 0.5, FAR, -FAR)
        for label in np.flatnonzero((y.min(axis=0) == 0) & (y.max(axis=0) == 1)):
            fitted = LogisticRegression(C=self.C, max_iter=1000).fit(rows, y[:, label])
            self.coef_[label], self.intercept_[label] = fitted.coef_[0], fitted.intercept_[0]
        return self

    def decision_function(self, rows: Any) -> np.ndarray:
        """(N, P) margins; (N,) of two classes."""
        check_is_fitted(self)
        margins = rows @ self.coef_.T + self.intercept_
        return margins[:, 0] if margins.shape[1] == 1 else margins

    def predict_proba(self, rows: Any) -> np.ndarray:
        """(N, K) probabilities."""
        margins = self.decision_function(rows)
        if margins.ndim == 1:
            margins = np.column_stack([-margins / 2, margins / 2])
        if self.decision_ is not None:
            found = [self.decision_.probabilities(row) for row in margins.tolist()]
            return np.array(found).reshape(margins.shape)
        if self.several_:
            return 1 / (1 + np.exp(-margins))
        odds = np.exp(margins - margins.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, rows: Any) -> np.ndarray:
        """(N,) classes, or (N, K) of 0 and 1."""
        found = self.predict_proba(rows)
        if self.decision_ is None:
            return (
                (found >= 0.5).astype(int) if self.several_ else self.classes_[found.argmax(axis=1)]
            )
        answers = [self.decision_.answer(row) for row in found.tolist()]
        if not self.several_:
            return self.classes_[answers]
        given = np.zeros(found.shape, int)
        for row, answer in enumerate(answers):
            given[row, answer] = 1
        return given


def load_pipeline(source: Union[str, Path] = FILE) -> Pipeline:
    """The pipeline of a compact file; CompactFileError where it is damaged, or no linear model."""
    return pipeline_of(load(source))


def pipeline_of(classifier: Classifier) -> Pipeline:
    """The same of a compact file that was read."""
    ngrams = classifier.features
    if not isinstance(ngrams, Ngrams):
        raise CompactFileError("a pipeline is made of a linear model: this file has static vectors")
    told, rows = ngrams.settings, len(ngrams.buckets)
    border = bisect.bisect_left(ngrams.buckets, 1 << told["bits"])
    importance = np.array(ngrams.importance, float)[np.array(ngrams.codes)]
    blocks = []
    for block, first, last in (("words", 0, border), ("characters", border, rows)):
        if first < last:
            tfidf = TfidfTransformer(sublinear_tf=told["sublinear"])
            tfidf.idf_, tfidf.n_features_in_ = importance[first:last], last - first
            counts = NgramCounts(ngrams, block, first, last)
            blocks.append((block, Pipeline([("counts", counts), ("tfidf", tfidf)])))
    linear = DecidedLinear()
    linear.decision_, linear.several_ = classifier.decision, classifier.several
    scales = np.array(classifier.scales, float)[np.array(classifier.codes)]
    linear.coef_ = (np.array(classifier.steps, float).reshape(rows, -1) * scales[:, None]).T
    linear.intercept_ = np.array(classifier.biases)
    linear.classes_ = np.array(classifier.labels)
    return Pipeline([("ngrams", FeatureUnion(blocks)), ("linear", linear)])
