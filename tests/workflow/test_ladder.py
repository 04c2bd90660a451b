"""Which rungs are climbed, and what time each gets."""

import pytest

from textkind.classifier import MODELS
from textkind.errors import SettingsError
from textkind.models.neural_settings import default_settings
from textkind.models.settings import LinearSettings
from textkind.workflow.ladder import (
    LADDER,
    PATIENCE,
    RUNGS,
    TRAINED,
    chosen_rungs,
    shares,
    with_budget,
)


def test_every_rung_makes_settings_of_a_model_that_there_is():
    for make in LADDER.values():
        assert make().model in MODELS


def test_every_model_that_learns_is_a_rung():
    assert {make().model for make in LADDER.values()} | {"stack"} == set(MODELS)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["all"], RUNGS),
        (["cnn", "linear"], ("linear", "cnn")),
        (["stack", " prior "], ("prior", "stack")),
        (["linear", "linear", "all"], RUNGS),
    ],
)
def test_rungs_come_in_the_order_of_the_ladder(asked, expected):
    assert chosen_rungs(asked) == expected


def test_an_unknown_model_is_told_with_the_nearest():
    with pytest.raises(SettingsError, match="no such model to compare") as caught:
        chosen_rungs(["linear", "transfomer"])
    assert (caught.value.found, caught.value.hint) == ("transfomer", "did you mean 'transformer'?")


@pytest.mark.parametrize("asked", [[], ["", " "]])
def test_no_model_at_all_is_told(asked):
    with pytest.raises(SettingsError, match="no model to compare"):
        chosen_rungs(asked)


def test_what_is_left_is_shared_out_evenly_and_the_last_may_take_it_all():
    assert shares(100, 0, 4) == (25, 25 * PATIENCE)
    assert shares(100, 40, 3) == (20, 20 * PATIENCE)
    assert shares(100, 40, 1) == (60, 60)
    assert shares(100, 130, 2) == (0, 0)
    assert shares(None, 130, 2) == (None, None)


def test_a_network_is_told_its_budget_and_a_model_without_one_stays_as_it_is():
    network = with_budget(default_settings("cnn"), 600)
    assert network.training.budget == pytest.approx(10 * TRAINED)
    assert with_budget(default_settings("cnn"), None) == default_settings("cnn")
    assert with_budget(LinearSettings(), 600) == LinearSettings()
