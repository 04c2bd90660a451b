"""Integrated gradients: captum is the judge, and of mean pooling the algebra."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

torch = pytest.importorskip("torch")
captum = pytest.importorskip("captum.attr")

from tests.models.test_model_contract import fit, toy  # noqa: E402
from textkind.explain.integrated import _gated, integrated_gradients, nodes  # noqa: E402
from textkind.explain.tokens import kept_places, token_weights  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.cnn import Cnn  # noqa: E402
from textkind.models.networks.mean_pool import MeanPool  # noqa: E402
from textkind.models.networks.perceptron import Perceptron  # noqa: E402
from textkind.models.networks.rnn import Rnn  # noqa: E402
from textkind.models.networks.settings import (  # noqa: E402
    CnnSettings,
    MeanPoolSettings,
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
)
from textkind.models.networks.transformer import Transformer  # noqa: E402
from textkind.models.networks.windows import reading_network  # noqa: E402

IDS = np.array([3, 7, 7, 1, 11, 4, 2, 9, 5], np.int32)
OUTPUTS = np.array([1.0, -0.5, -0.5])
MAKERS = {
    "mean_pool": (MeanPool, MeanPoolSettings(width=8, hidden=6)),
    "mean_pool attention": (MeanPool, MeanPoolSettings(width=8, pooling="attention")),
    "perceptron": (Perceptron, PerceptronSettings(hidden=(8,))),
    "cnn": (Cnn, CnnSettings(width=8, windows=(1, 2), filters=8)),
    "rnn": (Rnn, RnnSettings(width=8, units=8)),
    "transformer": (Transformer, TransformerSettings(width=8, heads=2, positions="learned")),
}


def network(name, scale=1.0):
    """With random weights, and zeros in the row of padding: captum's baseline is ids."""
    make, settings = MAKERS[name]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        made = make(12, 3, settings).eval()
        with torch.no_grad():
            made.embedding.weight.normal_(std=scale)
            made.embedding.weight[0] = 0
    return made


def by_captum(made, ids, outputs, steps=400):
    row = torch.from_numpy(ids.astype(np.int64))[None]
    mask = torch.ones_like(row, dtype=torch.bool)
    wanted = torch.from_numpy(outputs.astype(np.float32))
    judge = captum.LayerIntegratedGradients(lambda x, m: made(x, m) @ wanted, made.embedding)
    found = judge.attribute(
        row, torch.zeros_like(row), n_steps=steps, additional_forward_args=(mask,),
        internal_batch_size=50,
    )  # fmt: skip
    return found.sum(dim=-1)[0].detach().numpy()


@pytest.mark.parametrize("name", MAKERS)
def test_the_weights_are_those_of_captum(name):
    made = network(name)
    if name == "perceptron":  # captum would weigh the words of the baseline
        made.inverse_frequency = None
    found = integrated_gradients(made, IDS, OUTPUTS, tolerance=1e-4)
    np.testing.assert_allclose(found.weights, by_captum(made, IDS, OUTPUTS), atol=2e-3)
    assert found.error < 1e-3


def test_the_weights_of_an_encoder_are_those_of_captum():
    pytest.importorskip("transformers")
    model = fit("pretrained", toy(60))
    text = "the red cat so blue"
    whole = model.encoder.encode(toy(1).texts.take([0]))
    ids = whole.ids[kept_places(model, whole)]
    with torch.no_grad():
        model.network.embedding.weight[0] = 0
    ours = integrated_gradients(model.network, ids, OUTPUTS, tolerance=1e-4)
    judged = by_captum(model.network.eval(), ids, OUTPUTS)
    np.testing.assert_allclose(ours.weights, judged, atol=1e-3)
    assert len(token_weights(model, text, OUTPUTS, tolerance=0.01, most_steps=64).pieces) == 5


def test_of_mean_pooling_a_weight_is_the_heads_row_times_a_tokens_share():
    made = MeanPool(12, 3, MeanPoolSettings(width=8)).eval()
    found = integrated_gradients(made, IDS, OUTPUTS)
    vectors = made.embedding.weight.detach().numpy()[IDS]
    row = OUTPUTS @ made.head.weight.detach().numpy()
    np.testing.assert_allclose(found.weights, vectors @ row / len(IDS), atol=1e-6)
    assert found.start == pytest.approx(OUTPUTS @ made.head.bias.detach().numpy(), abs=1e-6)


@pytest.mark.parametrize("pooled", ["vectors", "logits"])
def test_windows_that_overlap_give_a_token_what_all_of_them_give_it(pooled):
    inner = MeanPool(12, 3, MeanPoolSettings(width=8)).eval()
    long = LongSettings("windows", overlap=2, pooled=pooled)
    made = reading_network(inner, 3, long, 5, 0).eval()
    found = integrated_gradients(made, IDS, OUTPUTS)
    # three windows of 5, from the first, third and fifth token on
    share = np.array([1, 1, 2, 2, 3, 2, 2, 1, 1]) / 15
    vectors = inner.embedding.weight.detach().numpy()[IDS]
    row = OUTPUTS @ inner.head.weight.detach().numpy()
    np.testing.assert_allclose(found.weights, share * (vectors @ row), atol=1e-6)


def test_both_channels_of_vectors_are_scaled():
    settings = CnnSettings(width=8, windows=(1, 2), filters=8, channels="two")
    two = Cnn(12, 3, settings).eval()
    one = Cnn(12, 3, CnnSettings(width=8, windows=(1, 2), filters=8)).eval()
    with torch.no_grad():
        for name, parameter in one.named_parameters():
            parameter.copy_(two.get_parameter(name))
        one.embedding.weight.add_(two.fixed.weight)
    of_two, of_one = (integrated_gradients(made, IDS, OUTPUTS) for made in (two, one))
    np.testing.assert_allclose(of_two.weights, of_one.weights, atol=1e-5)


def test_steps_are_doubled_until_the_weights_add_up_and_the_limit_holds():
    made = network("transformer", scale=30.0)
    few = integrated_gradients(made, IDS, OUTPUTS, tolerance=1e-5, most_steps=32)
    many = integrated_gradients(made, IDS, OUTPUTS, tolerance=1e-3)
    assert few.steps == 32
    assert few.error > 1e-3
    assert many.steps > 32
    assert many.error <= 1e-3 * max(1, abs(many.end - many.start))


def test_the_nodes_integrate_polynomials():
    at, share = nodes(32)
    for power in range(8):
        assert share @ at**power == pytest.approx(1 / (power + 1), abs=1e-12)


def test_a_text_without_a_token_has_no_weight():
    found = integrated_gradients(network("cnn"), np.array([], np.int32), OUTPUTS)
    assert found.weights.shape == (0,)
    assert found.start == found.end


@pytest.mark.parametrize("name", MAKERS)
def test_other_threads_read_with_the_network_as_it_is(name):
    made = network(name)
    row = torch.from_numpy(IDS.astype(np.int64))[None]
    mask = torch.ones_like(row, dtype=torch.bool)
    with torch.no_grad(), ThreadPoolExecutor(1) as pool:
        alone = made(row, mask)
        with _gated(made, torch.zeros(1, len(IDS)), mask):
            here, there = made(row, mask), pool.submit(made, row, mask).result()
    torch.testing.assert_close(there, alone)
    assert not torch.allclose(here, alone)


@pytest.mark.parametrize("name", MAKERS)
def test_the_network_is_left_as_it_was(name):
    made = network(name).train()
    first, again = (integrated_gradients(made, IDS, OUTPUTS).weights for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert made.training
    assert not made.embedding._forward_hooks
    assert all(parameter.grad is None for parameter in made.parameters())
