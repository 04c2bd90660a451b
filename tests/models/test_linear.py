"""The linear model as a whole: choices, refitting, what it may see, and packing."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.errors import SettingsError
from textkind.models.linear import fit_linear
from textkind.models.naive_bayes import ratio_scale
from textkind.models.scoring import pack_weights
from textkind.models.settings import LinearSettings

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False)


def corpus(texts: list[str], targets: list[int], names=("no", "yes")) -> Corpus:
    return Corpus(
        pa.array(texts, pa.large_string()),
        np.array(targets, np.int32),
        LabelSet(names),
        np.arange(len(texts)),
    )


def inside_words(rows: int, seed: int) -> Corpus:
    """Only the ending of an invented word tells the label: words never repeat."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(2, size=rows).tolist()
    stems = ["".join(generator.choice(list("abcdefgh"), 6)) for _ in range(rows)]
    texts = [
        stem + ("ing" if target else "ous") for stem, target in zip(stems, targets, strict=True)
    ]
    return corpus(texts, targets)


def word_pairs(rows: int, seed: int) -> Corpus:
    """Only pairs of words tell the label: 'not good' and 'good', 'not bad' and 'bad'."""
    generator = np.random.default_rng(seed)
    pairs = [("very good", 1), ("not good", 0), ("very bad", 0), ("not bad", 1)]
    drawn = [pairs[i] for i in generator.integers(4, size=rows)]
    noise = ["it was", "that is", "they were", "we found it"]
    texts = [f"{generator.choice(noise)} {words} {generator.choice(noise)}" for words, _ in drawn]
    return corpus(texts, [target for _, target in drawn])


def test_validation_chooses_characters_where_words_never_repeat():
    fit = fit_linear(inside_words(600, 0), inside_words(200, 1), LinearSettings())
    assert fit.model.facts["settings"]["features"] in ("characters", "both")
    test = inside_words(200, 2)
    assert (fit.model.logits(test.texts).argmax(axis=1) == test.targets).mean() > 0.95


def test_word_pairs_are_learned_and_every_candidate_is_told():
    fit = fit_linear(word_pairs(600, 0), word_pairs(200, 1), LinearSettings())
    test = word_pairs(200, 2)
    assert (fit.model.logits(test.texts).argmax(axis=1) == test.targets).mean() > 0.95
    candidates = fit.model.facts["candidates"]
    assert {candidate["features"] for candidate in candidates} == {"words", "characters", "both"}
    chosen = fit.model.facts["settings"]
    best = min(candidates, key=lambda candidate: candidate["log_loss"])
    assert (chosen["features"], chosen["strength"]) == (best["features"], best["strength"])


def test_what_is_given_is_not_chosen():
    fit = fit_linear(
        word_pairs(300, 0),
        word_pairs(100, 1),
        LinearSettings(features="words", strength=0.7, naive_bayes=True),
    )
    assert fit.model.facts["settings"]["strength"] == 0.7
    assert fit.model.facts["settings"]["naive_bayes"] is True
    assert fit.model.facts["candidates"] == []


def test_without_validation_open_choices_are_refused_by_name():
    with pytest.raises(SettingsError, match="features, naive_bayes, strength"):
        fit_linear(word_pairs(50, 0), None, LinearSettings())


@pytest.mark.parametrize(
    "changed",
    [
        {"objective": "squared_hinge", "solver": "sgd"},
        {"objective": "logistic", "solver": "sgd"},
    ],
)
def test_settings_that_do_not_go_together_are_refused(changed):
    with pytest.raises(SettingsError):
        fit_linear(word_pairs(50, 0), None, replace(FIXED, **changed))


@pytest.mark.parametrize("changed", [{"objective": "multinomial"}, {"naive_bayes": True}])
def test_several_labels_refuse_what_needs_one(changed):
    one = word_pairs(50, 0)
    several = replace(
        one, targets=np.eye(2, dtype=np.uint8)[one.targets], labels=LabelSet(("no", "yes"), True)
    )
    with pytest.raises(SettingsError):
        fit_linear(several, None, replace(FIXED, **changed))


def test_without_refit_only_train_is_seen():
    # the vocabulary, its weights and the solution must not move when validation texts change
    settings = replace(FIXED, refit=False)
    train = word_pairs(200, 0)
    first = fit_linear(train, word_pairs(80, 1), settings)
    other = fit_linear(train, inside_words(80, 1), settings)
    for name, array in first.model.state()[1].items():
        np.testing.assert_array_equal(array, other.model.state()[1][name])


def test_refit_sees_both_parts_and_calibration_the_fit_before():
    train, validation = word_pairs(100, 0), word_pairs(100, 1)
    fit = fit_linear(train, validation, FIXED)
    assert fit.model.facts["texts"] == 200
    alone = fit_linear(train, validation, replace(FIXED, refit=False))
    np.testing.assert_array_equal(fit.validation_logits, alone.validation_logits)
    np.testing.assert_array_equal(alone.validation_logits, alone.model.logits(validation.texts))


def test_convergence_is_told():
    facts = fit_linear(word_pairs(200, 0), None, FIXED).model.facts
    assert facts["converged"] is True
    assert 0 <= facts["relative_gap"] < 0.01
    short = fit_linear(word_pairs(200, 0), None, replace(FIXED, most_passes=1)).model.facts
    assert short["converged"] is False
    assert short["passes"] == 1


def test_packed_weights_are_within_half_a_step():
    weights = np.random.default_rng(0).normal(size=(300, 7)).astype(np.float32)
    weights[0] = 0
    weights[1] *= 1e-6
    blocks = np.zeros((1, 300, 16), np.float32)
    blocks[0, :, :7] = weights
    steps, scales = pack_weights(blocks, 7)
    assert steps.dtype == np.int8
    np.testing.assert_array_equal(scales, scales.astype(np.float16).astype(np.float32))
    error = np.abs(steps * scales[:, None] - weights).max(axis=1)
    assert np.all(error <= scales * 0.5 + np.abs(weights).max(axis=1) * 2e-3)
    assert not steps[0].any()


def test_log_count_ratios_favor_telling_ngrams():
    train = corpus(["good the", "good a", "bad the", "bad a"] * 10, [1, 1, 0, 0] * 10)
    from textkind.encoding.ngrams import NgramSettings, fit_ngrams

    encoder, rows = fit_ngrams(train.texts, NgramSettings(words=(1, 1)))
    scale = ratio_scale(rows, encoder.is_word, train.targets, 2)
    assert scale.mean() == pytest.approx(1, abs=1e-5)
    # all four words stand in half of the texts; good and bad tell, the and a do not
    assert np.sort(scale)[1] < 0.8 < 1.2 < np.sort(scale)[2]
