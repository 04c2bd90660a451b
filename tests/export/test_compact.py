"""Pruned to a size: what fits, what is kept, what it costs, and when it is refused."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tests.export.small_models import FIXED, SETTINGS, linear
from tests.workflow.conftest import tickets
from textkind.classifier import Classifier, predict_ids
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.temperature import Temperature
from textkind.encoding.ngrams import encode_ngrams
from textkind.errors import SettingsError
from textkind.export.compact import CompactSettings, compact
from textkind.export.pruning import (
    RATIO,
    STEPS,
    influence,
    narrowed,
    rounded_weights,
    strongest,
)
from textkind.export.readers.textkind_reader import load
from textkind.export.targets import TrainingTexts
from textkind.models.linear import fit_linear
from textkind.models.settings import LinearSettings

GOLDEN = ("late!", "", "最初の parcel")
NAMES = ("billing", "delivery", "login")


def part(rows, seed):
    texts, labels = tickets(rows, seed)
    targets = np.array([NAMES.index(label) for label in labels], np.int32)
    return Corpus(
        pa.array(texts, pa.large_string()), targets, LabelSet(NAMES), np.arange(len(texts))
    )


def many_words(rows, seed):
    """As part, but a label has a hundred words, of which a text has two."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, 3, rows).astype(np.int32)
    texts = [
        " ".join(f"{NAMES[label][:2]}{word}" for word in random.integers(0, 100, 2))
        for label in targets
    ]
    strings = pa.array(texts, pa.large_string())
    return Corpus(strings, targets, LabelSet(NAMES), np.arange(rows))


TRAIN, VALIDATION = part(300, 1), part(100, 2)
HARD = many_words(400, 1), many_words(200, 2)


@pytest.fixture(scope="module")
def hard():
    fit = fit_linear(HARD[0], HARD[1], LinearSettings(features="words", **FIXED))
    calibrator = Temperature.fit(fit.validation_logits, HARD[1].targets)
    return Classifier(fit.model, Decision(False, calibrator), NAMES)


@pytest.fixture(scope="module")
def fitted():
    settings = LinearSettings(features="both", **FIXED)
    fit = fit_linear(TRAIN, VALIDATION, settings)
    calibrator = Temperature.fit(fit.validation_logits, VALIDATION.targets)
    return Classifier(fit.model, Decision(False, calibrator), NAMES)


def made(classifier, most_mb=None, data=None, **more):
    return compact(
        classifier, CompactSettings(most_mb, **more), data=data, golden=GOLDEN, told={}
    )  # fmt: skip


def test_without_a_size_the_model_is_kept_to_the_bit(fitted):
    result = made(fitted)
    assert result.facts["rows"] == result.facts["of"] == len(fitted.model.encoder)
    reader = load(result.data)
    wanted = fitted.model.logits(VALIDATION.texts)
    given = np.array([reader.logits(text) for text in VALIDATION.texts.to_pylist()])
    np.testing.assert_allclose(given, wanted, atol=1e-5)


def test_with_room_enough_nothing_is_pruned(fitted):
    assert made(fitted, 10).data != b""
    assert "changed" not in made(fitted, 10).facts


@pytest.mark.parametrize("mb", [0.016, 0.0095])
@pytest.mark.parametrize("anew", [True, False], ids=["anew", "as fitted"])
def test_the_file_is_within_the_size_and_says_what_it_lost(fitted, mb, anew):
    data = TrainingTexts(TRAIN, VALIDATION) if anew else VALIDATION.texts
    result = made(fitted, mb, data, most_changed=1.0, most_lost=100)
    assert 0.6 * mb * 1e6 < len(result.data) <= mb * 1e6
    facts, small = result.facts, result.classifier
    assert facts["fitted_anew"] == anew
    assert 8 <= facts["rows"] == len(small.model.encoder) < facts["of"]
    reader = load(result.data)
    texts = VALIDATION.texts.to_pylist()
    given = [NAMES.index(reader.predict(text)) for text in texts]
    assert (given == predict_ids(small, VALIDATION.texts)).all()
    if anew:
        assert facts["lost"] == facts["before"] - facts["after"]
        assert facts["after"] > 80  # the words of a label alone give it away
    else:
        share = (given != predict_ids(fitted, VALIDATION.texts)).mean()
        assert facts["changed"] == pytest.approx(share)


REFUSED = [
    ({}, "pruned by texts of its kind, and none are at hand", "--training"),
    ({"most_mb": 0.001, "data": HARD[1].texts}, "no file of this model is so small", "--max-mb"),
    (
        {"data": HARD[1].texts, "most_changed": 0.0},
        "would change the model too much", "--max-changed",
    ),
    (
        {"data": TrainingTexts(*HARD), "most_lost": 0.0},
        "would change the model too much", "--max-lost",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "problem", "hint"), REFUSED)
def test_what_cannot_be_had_is_told(hard, asked, problem, hint):
    with pytest.raises(SettingsError, match=problem) as caught:
        made(hard, **{"most_mb": 0.008} | asked)
    assert hint in caught.value.hint
    assert caught.value.found


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"most_mb": 0.0}, "megabytes must be a number above 0"),
        ({"most_lost": -1.0}, "points that may be lost must be 0 to 100"),
        ({"most_changed": 2.0}, "most_changed must be a share of 0 to 1"),
    ],
)
def test_settings_say_what_is_wrong(asked, problem):
    with pytest.raises(SettingsError, match=problem):
        CompactSettings(**asked)


def test_other_models_are_refused(fitted):
    from textkind.models.prior import PriorSettings, fit_prior

    prior = replace(fitted, model=fit_prior(TRAIN, None, PriorSettings()).model)
    with pytest.raises(SettingsError, match="holds a linear model or static vectors") as caught:
        made(prior)
    assert caught.value.found == "a prior model"


def test_influence_is_that_of_a_numpy_twin(fitted):
    model = fitted.model
    rows = encode_ngrams(model.encoder, VALIDATION.texts)
    dense = np.zeros((len(VALIDATION), len(model.encoder)))
    for row in range(len(VALIDATION)):
        span = slice(rows.starts[row], rows.ends[row])
        dense[row, rows.columns[span]] = rows.values[span]
    weights = np.abs(model.steps * model.scales[:, None].astype(float)).max(axis=1)
    wanted = np.linalg.norm(dense, axis=0) * weights
    found = influence(model, rows)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    kept = strongest(found, 10)
    assert (np.diff(kept) > 0).all()
    assert found[kept].min() >= np.delete(found, kept).max()
    assert (narrowed(model, kept).encoder.buckets == model.encoder.buckets[kept]).all()


@pytest.mark.parametrize("names", [NAMES[:2], NAMES], ids=["one problem", "three"])
def test_rounding_moves_no_weight_far(names):
    model = linear(SETTINGS["both"], names, Temperature).model
    small = rounded_weights(model, 2.0)
    wanted = 2.0 * model.steps * model.scales[:, None]
    found = small.steps * small.scales[:, None]
    largest = np.abs(wanted).max(axis=1, keepdims=True)
    step = RATIO**0.5 - 1 if len(names) == 2 else RATIO / STEPS / 2
    assert (np.abs(found - wanted) <= 1.001 * step * largest + 2e-4).all()
    assert np.unique(small.scales).size < 256
