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
    rung_settings,
    shares,
    starts_from_encoder,
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


def test_an_encoder_is_that_of_the_rungs_that_start_from_one():
    with_one = {name for name in LADDER if starts_from_encoder(name)}
    assert with_one == {"static", "frozen", "pretrained"}
    for name in LADDER:
        changed = rung_settings(name, "bge-small-en", "main")
        assert (changed != rung_settings(name)) == (name in with_one)
        if name in with_one:
            assert (changed.encoder, changed.revision) == ("bge-small-en", "main")


def test_what_is_left_is_shared_out_evenly_and_the_last_may_go_over_as_well():
    assert shares(100, 0, 4) == (25, 25 * PATIENCE)
    assert shares(100, 40, 3) == (20, 20 * PATIENCE)
    assert shares(100, 40, 1) == (60, 60 * PATIENCE)
    assert shares(100, 130, 2) == (0, 0)
    assert shares(None, 130, 2) == (None, None)


def test_a_network_is_told_its_budget_and_a_model_without_one_stays_as_it_is():
    network = with_budget(default_settings("cnn"), 600)
    assert network.training.budget == pytest.approx(10 * TRAINED)
    assert with_budget(default_settings("cnn"), None) == default_settings("cnn")
    assert with_budget(LinearSettings(), 600) == LinearSettings()
