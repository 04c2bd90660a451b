"""Low-rank updates beside frozen layers, and in an encoder that transformers computes."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder  # noqa: E402
from tests.models.tiny_training import (  # noqa: E402
    ONCE,
    STILL,
    TRAINING,
    fit,
    untrained,
    weights_of,
)
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained import depth_of  # noqa: E402

SHORT = replace(TRAINING, epochs=1)
LAYERS = 3  # of the encoders
IN_WINDOWS = {"max_tokens": 4, "long": LongSettings("windows")}  # no states are kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "bert", "bert", scale=0.1)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "electra", "electra", scale=0.1)


@pytest.mark.parametrize("freeze", [1, LAYERS])
def test_frozen_layers_stay_beside_low_rank_updates_of_the_others(folder, freeze):
    pytest.importorskip("peft")
    before = untrained(folder)
    layers = replace(STILL, freeze=freeze, lora=2)
    made = fit(folder, layers, training=SHORT, validation=False, **IN_WINDOWS)
    for name, tensor in weights_of(made.model).items():
        own = name.removeprefix("inner.")
        if depth_of(own, LAYERS) <= freeze:
            assert torch.equal(tensor, before[own]), name
        elif own.endswith(("query_key_value.weight", "inner.weight", "out.weight")):
            assert not torch.equal(tensor, before[own]), name


def test_an_encoder_of_transformers_gets_low_rank_updates(foreign):
    pytest.importorskip("peft")
    before = untrained(foreign)
    after = weights_of(fit(foreign, replace(STILL, lora=2), training=SHORT).model)
    assert list(after) == list(before)
    changed = [name for name in before if not torch.equal(after[name], before[name])]
    updated = [name for name in changed if not name.startswith("head.")]
    assert updated
    for name in updated:
        assert name.endswith("weight")
        assert 1 <= torch.linalg.matrix_rank(after[name] - before[name], rtol=1e-3) <= 2, name
    matrices = {depth_of(name, LAYERS) for name in updated}
    assert matrices == {0, 1, 2, 3}  # 0: what makes tokens' vectors as wide as states


def test_lower_layers_of_an_encoder_of_transformers_move_less_by_the_decay(foreign):
    before = untrained(foreign)
    plain, slowed = (
        weights_of(fit(foreign, layers, training=ONCE, validation=False).model)
        for layers in (STILL, replace(STILL, layer_decay=0.5))
    )
    depths = set()
    for name in before:
        moved, less = plain[name] - before[name], slowed[name] - before[name]
        if moved.abs().max() > 1e-4:
            depth = depth_of(name, LAYERS)
            depths.add(depth)
            share = 0.5 ** (LAYERS + 1 - depth)
            torch.testing.assert_close(less, moved * share, atol=1e-6, rtol=2e-2)
    assert depths == {0, 1, 2, 3, 4}
