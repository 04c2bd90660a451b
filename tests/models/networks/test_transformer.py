"""The encoder: PyTorch's own layer is the judge of a block, and rotations see only distances."""

import pytest

torch = pytest.importorskip("torch")

from textkind.errors import SettingsError  # noqa: E402
from textkind.models.networks.settings import TransformerSettings  # noqa: E402
from textkind.models.networks.transformer import (  # noqa: E402
    Block,
    Transformer,
    allowed_keys,
    rotated,
    rotations,
)

WIDTH, HEADS, INNER = 16, 2, 64
SAME_IN_TORCH = {
    "norm1": "attention_norm",
    "self_attn.in_proj_": "query_key_value.",
    "self_attn.out_proj": "attention_out",
    "norm2": "inner_norm",
    "linear1": "inner",
    "linear2": "inner_out",
}


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("mask", ["all", "some"])
def test_a_block_is_a_pre_norm_encoder_layer_of_torch(mask):
    judge = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, INNER, activation="gelu", batch_first=True, norm_first=True
    ).eval()
    block = Block(WIDTH, HEADS, INNER, dropout=0.1).eval()
    weights = {}
    for name, tensor in judge.state_dict().items():
        theirs = next(theirs for theirs in SAME_IN_TORCH if name.startswith(theirs))
        weights[name.replace(theirs, SAME_IN_TORCH[theirs])] = tensor + 0.1 * random(*tensor.shape)
    block.load_state_dict(weights)
    judge.load_state_dict(dict(zip(judge.state_dict(), weights.values(), strict=True)))
    x, keys = random(3, 7, WIDTH), torch.ones(3, 7, dtype=torch.bool)
    if mask == "some":
        keys[1, 4:] = keys[2, 1:] = False
    ours, theirs = block(x, allowed_keys(keys), None), judge(x, src_key_padding_mask=~keys)
    torch.testing.assert_close(ours[keys], theirs[keys], atol=1e-5, rtol=1e-5)


def test_no_mask_is_passed_where_every_position_counts():
    keys = torch.ones(2, 3, dtype=torch.bool)
    assert allowed_keys(keys) is None
    keys[0, 2] = False
    keys[1] = False
    assert allowed_keys(keys)[:, 0, 0].tolist() == [[True, True, False], [True, False, False]]


def test_rotated_queries_and_keys_see_only_how_far_apart_they_are():
    query, key = random(2, 8)
    places = rotations(50, 8, torch.device("cpu"))
    scores = rotated(query.expand(50, 8), *places) @ rotated(key.expand(50, 8), *places).T
    for distance in (-20, -1, 0, 3, 40):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4, rtol=0)
    assert scores[0].std() > 0.1


def test_a_rotation_is_that_of_complex_numbers():
    x, (cosine, sine) = random(6, 8), rotations(6, 8, torch.device("cpu"))
    speed = 10_000 ** -(torch.arange(4) / 4)
    turned = torch.polar(torch.ones(6, 4), torch.arange(6)[:, None] * speed) * torch.complex(
        x[:, :4], x[:, 4:]
    )
    expected = torch.cat([turned.real, turned.imag], dim=1)
    torch.testing.assert_close(rotated(x, cosine, sine), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("positions", ["learned", "rotary"])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_the_order_of_words_changes_the_vector(positions, pooling, pad):
    settings = TransformerSettings(16, 1, 2, positions=positions, pooling=pooling)
    network = Transformer(20, 3, settings).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(random(*parameter.shape))
    forth, back = network.vectors(*pad([[3, 7, 9, 12], [12, 9, 7, 3]]))
    assert (forth - back).abs().max() > 1e-3


@pytest.mark.parametrize("positions", ["learned", "rotary"])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_text_longer_than_the_positions_is_refused(positions, pooling, pad):
    settings = TransformerSettings(16, 1, 2, positions=positions, pooling=pooling, longest=5)
    network = Transformer(20, 3, settings)
    assert network(*pad([[1] * 5])).shape == (1, 3)
    with pytest.raises(SettingsError, match="positions for 5 tokens; found 6"):
        network(*pad([[1] * 6]))


@pytest.mark.parametrize("pooling", ["cls", "mean", "max", "attention"])
def test_a_text_without_a_token_pools_to_zeros(pooling, pad):
    network = Transformer(20, 3, TransformerSettings(16, 1, 2, pooling=pooling))
    vectors = network.vectors(*pad([[1, 2], []]))
    assert (vectors[0] != 0).any()
    assert (vectors[1] == 0).all()


def test_what_a_block_adds_begins_smaller_the_more_blocks_there_are():
    shallow, deep = (Transformer(5, 2, TransformerSettings(64, n, 2)) for n in (1, 9))
    spreads = [float(one.blocks[0].inner_out.weight.detach().std()) for one in (shallow, deep)]
    assert spreads[1] / spreads[0] == pytest.approx(1 / 3, rel=0.1)
