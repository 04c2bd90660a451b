"""Windows: where they are, and that a network reads them as it reads single texts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from textkind.models.long_settings import WINDOWED, LongSettings  # noqa: E402
from textkind.models.networks import windows as windows_module  # noqa: E402
from textkind.models.networks.cnn import Cnn  # noqa: E402
from textkind.models.networks.settings import SETTINGS  # noqa: E402
from textkind.models.networks.table import build_network  # noqa: E402
from textkind.models.networks.windows import (  # noqa: E402
    plain_network,
    reading_network,
    window_places,
)
from textkind.training.token_tables import lend_rows, take_back, token_tables  # noqa: E402

WINDOW, OVERLAP, MOST = 6, 2, 4
VOCABULARY, OUTPUTS = 30, 3
LAYERS = {
    "mean_pool": {"width": 6},
    "perceptron": {"hidden": (7,)},
    "cnn": {"width": 6, "windows": (1, 2, 3), "filters": 4},
    "rnn": {"width": 6, "units": 5},
    "transformer": {"width": 8, "layers": 1, "heads": 2, "longest": WINDOW, "positions": "learned"},
}
LONG = {
    f"{strategy} {pooling} {pooled}": LongSettings(
        strategy, overlap=OVERLAP, most_windows=MOST, pooling=pooling, pooled=pooled
    )
    for strategy in WINDOWED
    for pooling in ("mean", "max", "attention")
    for pooled in ("vectors", "logits")
    if (strategy, pooled) != ("hierarchical", "logits")
}
SHORT = [[4, 0, 9, 9, 28, 3], [5, 6, 7], [], [11], [0, 0]]
TEXTS = [*SHORT, list(range(1, 8)), [3, 9] * 7, list(range(1, 19)), [5] * 13]


def made(name, long):
    """A windowed network whose every number is random, those that begin at zero too."""
    inner = build_network(name, VOCABULARY, OUTPUTS, SETTINGS[name](**LAYERS[name]), 0)
    network = reading_network(inner, OUTPUTS, LONG.get(long, long), WINDOW, 0)
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
    return network.eval()


def assert_close(ours, expected):
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def windows_of(text):
    """The twin of window_places for one text: its windows, spread evenly."""
    beyond = max(0, len(text) - WINDOW)
    number = 1 + int(np.ceil(beyond / (WINDOW - OVERLAP)))
    begins = [i * beyond // max(1, number - 1) for i in range(number)]
    return [text[begin : begin + WINDOW] for begin in begins]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8), st.integers(1, 40), st.data())
def test_every_token_is_in_a_window_and_neighbours_share_as_many_as_asked_for(
    lengths, window, data
):
    overlap = data.draw(st.integers(0, window - 1))
    texts, begins, counts = window_places(torch.tensor(lengths), window, overlap)
    assert counts.tolist() == [int((texts == text).sum()) for text in range(len(lengths))]
    for text, length in enumerate(lengths):
        own = begins[texts == text].numpy()
        ends = np.minimum(own + window, length)
        covered = {t for begin, end in zip(own, ends, strict=True) for t in range(begin, end)}
        assert covered == set(range(length))
        assert (own[1:] + overlap <= ends[:-1]).all()
        assert len(own) == 1 or (ends - own == window).all()
        fewest = max(1, -(-(length - overlap) // (window - overlap)))
        assert len(own) == fewest


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("long", [key for key in LONG if key.startswith("windows")])
def test_a_text_of_one_window_gives_what_the_network_gives_alone(name, long, pad):
    network = made(name, long)
    found, expected = network(*pad(SHORT)), plain_network(network)(*pad(SHORT))
    assert torch.equal(found, expected)
    together = network(*pad(TEXTS))[: len(SHORT)]
    assert_close(together, expected)


@pytest.mark.parametrize("name", LAYERS)
def test_the_windows_of_a_text_are_pooled_as_numpy_pools_them(name, pad):
    for pooling, pool in (("mean", np.mean), ("max", np.max)):
        network = made(name, f"windows {pooling} vectors")
        inner = plain_network(network)
        for text in TEXTS:
            rows = inner.vectors(*pad(windows_of(text))).detach().numpy()
            found = network.vectors(*pad([text]))[0].detach().numpy()
            np.testing.assert_allclose(found, pool(rows, axis=0), atol=1e-5)
        network = made(name, f"windows {pooling} logits")
        rows = plain_network(network)(*pad(windows_of(TEXTS[7]))).detach().numpy()
        found = network(*pad([TEXTS[7]]))[0].detach().numpy()
        np.testing.assert_allclose(found, pool(rows, axis=0), atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("long", LONG)
def test_neither_padding_nor_neighbours_change_a_text(name, long, pad):
    network, (ids, mask) = made(name, long), pad(TEXTS)
    together = network(ids, mask)
    assert together.shape == (len(TEXTS), OUTPUTS)
    assert_close(network(*pad(TEXTS, 25)), together)
    assert_close(network(torch.where(mask, ids, 13), mask), together)
    for row, text in enumerate(TEXTS):
        assert_close(network(*pad([text]))[0], together[row])
    vectors = network.vectors(ids, mask)
    assert vectors.shape == (len(TEXTS), network.vector_width)
    assert_close(network.head(vectors), together)
    assert_close(together[2], network(*pad([[], []]))[0])


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("long", LONG)
def test_every_parameter_learns_from_long_texts_and_empty_ones_are_finite(name, long, pad):
    network = made(name, long)
    network(*pad(TEXTS)).pow(3).sum().backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key
        assert parameter.grad.isfinite().all(), key
    network.zero_grad()
    network(*pad([[], []])).square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("name", LAYERS)
def test_the_tables_of_the_inner_network_can_be_lent(name, pad):
    network, (ids, mask) = made(name, "hierarchical mean vectors"), pad(TEXTS)
    whole = network(ids, mask)
    used, places = ids.unique(return_inverse=True)
    tables = token_tables(network, "adamw")
    assert {table.path for table in tables} >= {"inner.embedding.weight"}
    lend_rows(tables, used)
    assert len(network.embedding.weight) == len(used) < VOCABULARY
    assert_close(network(places, mask), whole)
    take_back(tables)
    assert_close(network(ids, mask), whole)


@pytest.mark.parametrize("own", [True, False], ids=["of the network", "of all"])
@pytest.mark.parametrize("long", ["windows mean vectors", "windows max logits"])
def test_without_gradients_few_windows_are_read_at_once_and_give_the_same(
    long, own, pad, monkeypatch
):
    if own:
        monkeypatch.setattr(Cnn, "positions_at_once", 3 * WINDOW, raising=False)
    else:
        monkeypatch.setattr(windows_module, "MOST_POSITIONS", 3 * WINDOW)
    network, batch = made("cnn", long), pad(TEXTS)
    assert getattr(network, "positions_at_once", None) == (3 * WINDOW if own else None)
    whole = network(*batch).detach()
    sizes, vectors = [], plain_network(network).vectors

    def counted(ids, mask):
        sizes.append(ids.numel())
        return vectors(ids, mask)

    monkeypatch.setattr(plain_network(network), "vectors", counted)
    with torch.inference_mode():
        assert_close(network(*batch), whole)
    assert max(sizes) == 3 * WINDOW
    assert len(sizes) > 1


@pytest.mark.parametrize("pooled", ["vectors", "logits"])
def test_dropout_is_drawn_in_learning_alone(pooled, pad):
    network, batch = made("cnn", f"windows mean {pooled}"), pad(TEXTS)
    assert torch.equal(network(*batch), network(*batch))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network.train()
        assert not torch.equal(network(*batch), network(*batch))


def test_half_precision_computes_the_same_but_for_rounding(pad):
    for name in LAYERS:
        network, batch = made(name, "hierarchical attention vectors"), pad(TEXTS)
        whole = network(*batch)
        with torch.autocast("cpu", torch.bfloat16):
            half = network(*batch).float()
        assert (half - whole).abs().max() < 0.1 * whole.abs().max(), name


def test_the_order_of_windows_counts_in_the_hierarchical_form_alone(pad):
    first, second = [1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]
    for strategy, is_alike in (("windows", True), ("hierarchical", False)):
        long = LongSettings(strategy, overlap=0, most_windows=2)
        network = made("cnn", long)
        one, other = network(*pad([first + second, second + first]))
        assert torch.allclose(one, other, atol=1e-6) == is_alike


def test_the_same_seed_makes_the_same_weights_and_other_randomness_stays():
    inner = build_network("cnn", VOCABULARY, OUTPUTS, SETTINGS["cnn"](**LAYERS["cnn"]), 0)
    long = LONG["hierarchical mean vectors"]
    before = torch.get_rng_state()
    one, same, other = (
        reading_network(inner, OUTPUTS, long, WINDOW, seed).between.state_dict()
        for seed in (3, 3, 4)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["positions"], other["positions"])


def test_a_network_that_needs_no_windows_stays_itself():
    inner = build_network("cnn", VOCABULARY, OUTPUTS, SETTINGS["cnn"](**LAYERS["cnn"]), 0)
    for strategy in ("head", "head-tail", "retrieve", "native"):
        assert reading_network(inner, OUTPUTS, LongSettings(strategy), WINDOW, 0) is inner
    assert plain_network(inner) is inner


def test_checkpoints_tell_windows_apart():
    long = LONG["windows mean vectors"]
    one, other = (repr(made("cnn", replace(long, overlap=overlap))) for overlap in (1, 2))
    assert one != other
