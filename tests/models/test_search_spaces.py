"""The search spaces: every model has one, its bounds make sense, its values fit together."""

import random
from dataclasses import replace

import pytest

from textkind.errors import SettingsError
from textkind.models.neural_settings import DEFAULTS, default_settings
from textkind.models.search_spaces import (
    KNOWN,
    SPACES,
    Choices,
    Numbers,
    open_dimensions,
    usual_values,
    value_at,
    with_values,
)
from textkind.models.settings import LinearSettings

MODELS = ("linear", *DEFAULTS)


def usual(model):
    return LinearSettings() if model == "linear" else default_settings(model)


def drawn(dimensions, rng):
    values = {}
    for one in dimensions:
        if isinstance(one.values, Choices):
            values[one.name] = rng.choice(one.values.values)
        else:
            values[one.name] = one.values.rounded(rng.uniform(one.values.low, one.values.high))
    return values


def test_every_model_that_learns_has_a_space_and_what_is_known_of_it():
    assert set(SPACES) == set(KNOWN) == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_the_defaults_lie_inside_their_space_unless_they_are_open(model):
    settings = usual(model)
    dimensions = open_dimensions(settings, (), several=False)
    inside = usual_values(settings, dimensions)
    for one in dimensions:
        value = value_at(settings, one.name)
        assert one.name in inside or value in (None, "auto"), one.name


@pytest.mark.parametrize("model", MODELS)
def test_what_is_known_changes_what_is_searched(model):
    names = {one.name: one for one in SPACES[model]}
    for change in KNOWN[model]:
        for name, value in change.items():
            values = names[name].values
            if isinstance(values, Choices):
                assert value in values.values
            else:
                assert values.low <= value <= values.high


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_whatever_is_drawn_makes_settings(model, several):
    settings, rng = usual(model), random.Random(model)
    dimensions = open_dimensions(settings, (), several=several)
    for _ in range(300):
        values = drawn(dimensions, rng)
        made, read = with_values(settings, dimensions, values)
        assert {name: value_at(made, name) for name in read} == read
        for one in dimensions:
            if one.name not in read:  # what is not read stays as it was
                assert value_at(made, one.name) == value_at(settings, one.name)


def test_a_setting_that_is_not_read_is_not_told():
    settings = LinearSettings()
    dimensions = open_dimensions(settings, (), several=False)
    values = drawn(dimensions, random.Random(0)) | {"features": "words"}
    _, read = with_values(settings, dimensions, values)
    assert "word_ngrams" in read
    assert {"character_ngrams", "word_borders"}.isdisjoint(read)


@pytest.mark.parametrize(
    ("settings", "fixed", "gone", "stays"),
    [
        (LinearSettings(features="words"), ("features",), "character_ngrams", "word_ngrams"),
        (LinearSettings(features="auto"), ("features",), "features", "character_ngrams"),
        (default_settings("mean_pool"), ("ngrams",), "ngrams", "buckets"),
        (replace(default_settings("mean_pool"), ngrams=1), ("ngrams",), "buckets", "layers.width"),
        (default_settings("cnn", "distilled"), (), "layers.width", "layers.filters"),
    ],
)
def test_what_is_fixed_closes_what_hangs_on_it(settings, fixed, gone, stays):
    names = {one.name for one in open_dimensions(settings, fixed, several=False)}
    assert gone not in names
    assert stays in names


def test_several_labels_have_no_log_count_ratios():
    names = [
        {one.name for one in open_dimensions(LinearSettings(), (), several=several)}
        for several in (False, True)
    ]
    assert names[0] - names[1] == {"naive_bayes"}


def test_numbers_are_rounded_so_that_they_can_be_typed_again():
    assert Numbers(0.001, 1.0, by_tens=True).rounded(0.0123456) == 0.0123
    assert Numbers(1, 30, whole=True).rounded(7.6) == 8


def test_values_that_do_not_go_together_are_refused_by_the_settings():
    settings = default_settings("transformer")
    dimensions = [one for one in SPACES["transformer"] if one.name == "layers.heads"]
    with pytest.raises(SettingsError, match="twice the heads"):
        with_values(settings, dimensions, {"layers.heads": 7})
