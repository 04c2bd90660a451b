"""TextClassifier keeps scikit-learn's conventions, for texts.

scikit-learn's own checks feed tables of numbers, which a text classifier refuses; they run here on
TableClassifier, which spells each number as a word and leaves everything else to TextClassifier.
"""

import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn.exceptions
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from textkind import TextClassifier
from textkind.decision.rule_settings import RuleSettings
from textkind.decision.temperature import Uncalibrated
from textkind.errors import DataError, ModelFolderError, NotFittedError, SettingsError
from textkind.models.settings import LinearSettings

GOOD = ["a fine and lovely film", "lovely music and a fine cast", "what a fine day", "truly lovely"]
BAD = ["a dull and awful film", "awful music and a dull cast", "what a dull day", "truly awful"]
TEXTS = GOOD * 3 + BAD * 3
LABELS = ["good"] * 12 + ["bad"] * 12
FIXED = {"features": "words", "strength": 1.0, "naive_bayes": False, "calibration": "none"}


def fitted(texts=TEXTS, labels=LABELS, **settings):
    return TextClassifier(**(FIXED | settings)).fit(texts, labels)


# -- scikit-learn's own checks -------------------------------------------------------------------


def spelled(table):
    """Each number as words for its place on a coarse and a fine scale."""
    return [
        " ".join(
            f"c{column}v{np.floor(value * scale):.0f}s{scale}".replace("-", "m")
            for column, value in enumerate(row)
            for scale in (0.5, 1, 2)
        )
        for row in np.clip(np.asarray(table, dtype=float), -1e6, 1e6).tolist()
    ]


class TableClassifier(TextClassifier):
    """TextClassifier for tables of numbers, so that scikit-learn can check it."""

    def fit(self, X, y):
        if y is None:
            return super().fit([], y)
        return super().fit(spelled(validate_data(self, X)), y)

    def predict(self, X):
        self._fitted()
        return super().predict(spelled(validate_data(self, X, reset=False)))

    def predict_proba(self, X):
        self._fitted()
        return super().predict_proba(spelled(validate_data(self, X, reset=False)))

    def decision_function(self, X):
        self._fitted()
        return super().decision_function(spelled(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        tags.input_tags.string = False
        return tags


# Checks about the kind of X; their versions for texts stand below.
REFUSED_INPUTS = [
    ("two dimensions", np.ones((24, 3))),
    ("a frame", pd.DataFrame({"text": TEXTS})),
    ("numbers", list(range(24))),
    ("one string", "a fine film"),
    ("bytes", [b"a fine film"] * 24),
    ("a missing text", [None, *TEXTS[1:]]),
    ("NaN", [float("nan"), *TEXTS[1:]]),
    ("a lone surrogate", ["\ud800", *TEXTS[1:]]),
    ("nothing", None),
]


@parametrize_with_checks([TableClassifier(word_ngrams=(1, 1), **FIXED)])
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


# -- the same promises, for texts ----------------------------------------------------------------


@pytest.mark.parametrize(("kind", "texts"), REFUSED_INPUTS, ids=lambda value: str(value)[:20])
def test_what_is_no_sequence_of_strings_is_refused_with_a_value_error(kind, texts):
    with pytest.raises(ValueError) as info:
        fitted(texts)
    assert isinstance(info.value, DataError)
    with pytest.raises(DataError):
        fitted().predict(texts)


@pytest.mark.parametrize(
    "as_kind",
    [
        list,
        tuple,
        np.array,
        lambda texts: np.array(texts, dtype=object),
        pd.Series,
        lambda texts: pd.Series(texts, index=range(100, 124), dtype="string"),
        pl.Series,
        pa.array,
        lambda texts: pa.array(texts, pa.large_string()),
        lambda texts: pa.chunked_array([texts[:5], texts[5:]]),
        lambda texts: (text for text in texts),
    ],
)
def test_every_kind_of_sequence_gives_the_same_classifier(as_kind):
    expected = fitted().predict_proba(TEXTS)
    np.testing.assert_array_equal(fitted(as_kind(TEXTS)).predict_proba(as_kind(TEXTS)), expected)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(LABELS),
        np.array(LABELS, dtype=object),
        pd.Series(LABELS, dtype="category"),
        pl.Series(LABELS),
        np.array([10] * 12 + [2] * 12),
        np.array([1] * 12 + [-1] * 12, dtype=np.int8),
        np.array([True] * 12 + [False] * 12),
        np.array([0.0] * 12 + [1.0] * 12),
        [7] * 12 + [9] * 12,
        [0, 1, 2] * 8,
    ],
    ids=lambda labels: str(getattr(labels, "dtype", type(labels))),
)
def test_labels_come_back_in_their_own_type(labels, tmp_path):
    classifier = fitted(labels=labels)
    plain = np.asarray(labels)
    np.testing.assert_array_equal(classifier.classes_, np.unique(plain))
    assert classifier.classes_.dtype == plain.dtype
    predicted = classifier.predict(TEXTS)
    assert predicted.dtype == plain.dtype
    if len(classifier.classes_) == 2:
        np.testing.assert_array_equal(predicted, plain)
    classifier.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(TEXTS), predicted)
    np.testing.assert_array_equal(loaded.classes_, classifier.classes_)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[:-1], "inconsistent"),
        (["good"] * 24, "two classes"),
        (np.linspace(0, 1, 24), "Unknown label type"),
        ([None, *LABELS[1:]], "missing"),
        ([float("nan"), *[1.0, 2.0] * 11, 1.0], "NaN"),
        ([1, *LABELS[1:]], "one type|type"),
        (np.full((24, 2), 7), "label type|0 and 1"),
        (None, "requires y to be passed"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_with_a_value_error(labels, message):
    with pytest.raises(ValueError, match=message):
        fitted(labels=labels)


@pytest.mark.parametrize("calibration", ["none", "temperature", "platt", "vector", "isotonic"])
def test_scores_and_prediction_agree_however_calibrated(calibration):
    texts = [f"{text} {number}" for number in range(25) for text in TEXTS]
    labels = np.random.default_rng(0).choice(list("abc"), len(texts), p=[0.6, 0.3, 0.1])
    classifier = fitted(texts, labels, calibration=calibration)
    assert classifier.classifier_.decision.calibrator.name == calibration
    scores, shares = classifier.decision_function(texts), classifier.predict_proba(texts)
    predicted = classifier.predict(texts)
    np.testing.assert_array_equal(classifier.classes_[scores.argmax(axis=1)], predicted)
    np.testing.assert_array_equal(classifier.classes_[shares.argmax(axis=1)], predicted)


def test_probabilities_decision_and_prediction_agree():
    for labels in (LABELS, [0, 1, 2] * 8):
        classifier = fitted(labels=labels)
        shares, scores = classifier.predict_proba(TEXTS), classifier.decision_function(TEXTS)
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
        assert shares.shape == (24, len(classifier.classes_))
        by_share = classifier.classes_[shares.argmax(axis=1)]
        np.testing.assert_array_equal(classifier.predict(TEXTS), by_share)
        if len(classifier.classes_) == 2:
            assert scores.shape == (24,)
            by_score = classifier.classes_[(scores > 0).astype(int)]
        else:
            by_score = classifier.classes_[scores.argmax(axis=1)]
        np.testing.assert_array_equal(by_score, by_share)


def test_a_text_is_judged_alike_alone_and_among_others():
    classifier = fitted()
    together = classifier.predict_proba(TEXTS)
    alone = np.concatenate([classifier.predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_the_order_of_rows_does_not_matter():
    order = np.random.default_rng(0).permutation(24)
    shuffled = fitted([TEXTS[i] for i in order], [LABELS[i] for i in order])
    np.testing.assert_array_equal(shuffled.predict_proba(TEXTS), fitted().predict_proba(TEXTS))


def test_fitting_twice_gives_the_same_and_changes_no_parameter_and_no_input():
    classifier = TextClassifier(**FIXED)
    before, texts, labels = classifier.get_params(), list(TEXTS), list(LABELS)
    first = classifier.fit(texts, labels).predict_proba(TEXTS)
    second = classifier.fit(texts, labels).predict_proba(TEXTS)
    np.testing.assert_array_equal(first, second)
    assert classifier.get_params() == before
    assert (texts, labels) == (TEXTS, LABELS)


def test_empty_input_to_predict_gives_empty_output():
    classifier = fitted()
    assert classifier.predict([]).shape == (0,)
    assert classifier.predict_proba([]).shape == (0, 2)


def test_odd_texts_are_predicted():
    odd = ["", " ", "\0", "\u200b", "e\u0301", "x" * 1_000_000, "\U0001f600" * 50, "\n\t\r"]
    assert np.isfinite(fitted().predict_proba(odd)).all()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "save"])
def test_before_fit_both_kinds_of_not_fitted_error_are_raised(method, tmp_path):
    argument = tmp_path / "model" if method == "save" else TEXTS
    for error in (NotFittedError, sklearn.exceptions.NotFittedError):
        with pytest.raises(error, match="has not learned"):
            getattr(TextClassifier(), method)(argument)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        check_is_fitted(TextClassifier())
    check_is_fitted(fitted())


def test_the_parameters_are_those_of_the_settings_with_the_same_defaults():
    signature = inspect.signature(TextClassifier).parameters
    for name, field in LinearSettings.__dataclass_fields__.items():
        assert signature[name].default == field.default, name
    own = {"model", "neural", "validation_share", "calibration", "novelty_by", "seed", "threads"}
    own |= set(RuleSettings.__dataclass_fields__)
    assert set(signature) == set(LinearSettings.__dataclass_fields__) | own


@pytest.mark.parametrize(
    "wrong", [{"features": "wrods"}, {"strength": -1}, {"model": "liner"}, {"word_ngrams": (2, 1)}]
)
def test_a_wrong_parameter_is_told_at_fit(wrong):
    with pytest.raises(SettingsError):
        fitted(**wrong)


def test_the_tags_say_text():
    tags = get_tags(TextClassifier())
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.estimator_type == "classifier"


# -- with scikit-learn's tools -------------------------------------------------------------------


def test_it_works_in_cross_validation_search_pipelines_and_processes():
    scores = cross_val_score(TextClassifier(**FIXED), TEXTS, LABELS, cv=3, n_jobs=2)
    assert scores.shape == (3,)
    assert scores.min() > 0.5
    search = GridSearchCV(TextClassifier(**FIXED), {"strength": [0.1, 1.0]}, cv=2)
    assert search.fit(TEXTS, LABELS).best_params_["strength"] in (0.1, 1.0)
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipeline = make_pipeline(lower, TextClassifier(**FIXED)).fit(TEXTS, LABELS)
    assert pipeline.score(TEXTS, LABELS) == 1


def test_clone_and_pickle_keep_parameters_and_predictions():
    classifier = fitted(word_ngrams=(1, 3))
    assert clone(classifier).get_params() == classifier.get_params()
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


# -- learning ------------------------------------------------------------------------------------


def many(rows=400):
    rng = np.random.default_rng(1)
    words = {"good": ["fine", "lovely", "great"], "bad": ["dull", "awful", "poor"]}
    labels = rng.choice(["good", "bad"], rows)
    texts = [
        " ".join([*rng.choice(words[label], 2), *rng.choice(["film", "cast", "plot", "day"], 3)])
        + f" {row}"
        for row, label in enumerate(labels)
    ]
    return texts, labels


def test_with_few_rows_fixed_values_are_taken_and_told():
    classifier = TextClassifier().fit(TEXTS, LABELS)
    told = " ".join(classifier.notes_)
    assert "no validation part" in told
    assert "not calibrated" in told
    assert classifier.facts_["settings"]["strength"] == 1.0
    assert classifier.classifier_.decision.calibrator == Uncalibrated()


def test_with_enough_rows_choices_are_made_and_probabilities_calibrated():
    classifier = TextClassifier().fit(*many())
    assert "not calibrated" not in " ".join(classifier.notes_)
    assert classifier.classifier_.decision.calibrator != Uncalibrated()
    assert classifier.facts_["settings"]["strength"] is not None
    assert classifier.score(*many()) > 0.95


def test_the_seed_decides_the_split_and_nothing_else_is_random():
    first, second = (TextClassifier(seed=3).fit(*many()) for _ in range(2))
    texts = many()[0]
    np.testing.assert_array_equal(first.predict_proba(texts), second.predict_proba(texts))


# -- several labels ------------------------------------------------------------------------------

MATRIX = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0]] * 8)
NAMES = [["x", "z"], ("x", "y"), []] * 8
THREE = ["a fine film with music", "a fine film and a cast", "nothing at all here"] * 8


@pytest.mark.parametrize("dtype", [int, bool, float, np.uint8])
def test_several_labels_as_a_matrix_come_back_as_a_matrix(dtype, tmp_path):
    classifier = fitted(THREE, MATRIX.astype(dtype))
    np.testing.assert_array_equal(classifier.predict(THREE), MATRIX)
    assert classifier.score(THREE, MATRIX) == 1
    assert classifier.predict_proba(THREE).shape == (24, 3)
    classifier.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(THREE), MATRIX)


def test_several_labels_as_lists_come_back_as_lists(tmp_path):
    classifier = fitted(THREE, NAMES)
    expected = [sorted(names) for names in NAMES]
    assert classifier.predict(THREE).tolist() == expected
    assert classifier.classes_.tolist() == ["x", "y", "z"]
    assert classifier.score(THREE, NAMES) == 1
    classifier.save(tmp_path / "model")
    assert TextClassifier.load(tmp_path / "model").predict(THREE).tolist() == expected


# -- saving --------------------------------------------------------------------------------------


def test_a_saved_classifier_is_the_same_and_keeps_its_settings(tmp_path):
    classifier = fitted(word_ngrams=(1, 3))
    classifier.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert loaded.word_ngrams == (1, 3)
    assert loaded.strength == 1.0
    clone(loaded).fit(TEXTS, LABELS)
    with pytest.raises(SettingsError, match="exists already"):
        classifier.save(tmp_path / "model")
    classifier.save(tmp_path / "model", overwrite=True)


def test_a_flipped_byte_in_any_file_of_a_real_model_is_found(tmp_path):
    fitted().save(tmp_path / "model")
    for path in sorted((tmp_path / "model").iterdir()):
        data = path.read_bytes()
        for place in np.linspace(0, len(data) - 1, 40).astype(int):
            changed = bytearray(data)
            changed[place] ^= 0x10
            path.write_bytes(changed)
            with pytest.raises(ModelFolderError):
                TextClassifier.load(tmp_path / "model")
        path.write_bytes(data)


def test_the_prior_is_a_model_like_any_and_a_stack_cannot_be_learned(tmp_path):
    texts, y = ["one", "two", "three"], ["x", "y", "x"]
    prior = TextClassifier(model="prior").fit(texts, y)
    np.testing.assert_allclose(prior.predict_proba(["any"]), [[0.6, 0.4]], atol=1e-6)
    prior.save(tmp_path / "model")
    assert TextClassifier.load(tmp_path / "model").predict(["any"]).tolist() == ["x"]
    with pytest.raises(SettingsError, match="made of fitted models"):
        TextClassifier(model="stack").fit(texts, y)
