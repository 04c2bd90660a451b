"""Products in int8 whose inputs are evened out: the same product, nearer to float32's."""

import copy
import pickle
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from tests.models.drawn_bert import drawn, root_mean_square  # noqa: E402
from textkind.models.encoder_graph import GraphEncoder, with_graph  # noqa: E402
from textkind.models.evening import block_layers, divisors, largest_inputs  # noqa: E402
from textkind.models.graph import ROUNDED, Graph  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained import Pretrained  # noqa: E402
from textkind.models.networks.pretrained_settings import FrozenSettings  # noqa: E402
from textkind.models.networks.settings import CnnSettings, TransformerSettings  # noqa: E402
from textkind.models.networks.table import build_network  # noqa: E402
from textkind.models.networks.windows import reading_network  # noqa: E402

WIDTH, OUTPUTS = 32, 48


def layer():
    torch.manual_seed(0)
    return torch.nn.Linear(WIDTH, OUTPUTS).eval()


def computed(part, x, given_by="attention", sizes=None):
    """x through a layer in int8 by onnxruntime."""
    graph = Graph("int8", sizes=sizes)
    value = graph.linear(graph.input("x", "FLOAT", ("rows", WIDTH)), part, given_by)
    data = graph.file({"y": (value, "FLOAT", ("rows", OUTPUTS))})
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def errors(part, x, *how):
    """Of each row, relative to the size of its product in float32."""
    with torch.inference_mode():
        wanted = part(torch.from_numpy(x)).numpy()
    found = computed(part, x, *how)
    return np.sqrt(((found - wanted) ** 2).mean(axis=1) / (wanted**2).mean(axis=1))


def test_an_input_that_is_always_large_costs_the_others_little():
    part, x = layer(), np.random.default_rng(0).standard_normal((40, WIDTH)).astype(np.float32)
    x[:, 5] *= 100
    with torch.no_grad():
        part.weight[:, 5] *= 0.01  # or nothing else would count
    plain, evened = (
        errors(part, x, "norm", sizes).mean() for sizes in ({}, {part: np.abs(x).max(axis=0)})
    )
    assert evened < plain / 4


def test_a_row_that_is_large_costs_the_others_little():
    part, x = layer(), np.random.default_rng(0).standard_normal((40, WIDTH)).astype(np.float32)
    x = np.maximum(x, -0.17)  # as GELU has it
    x[7] *= 50
    others = np.arange(40) != 7
    plain, by_row = (errors(part, x, kind)[others].mean() for kind in ("attention", "activation"))
    assert by_row < plain / 4
    assert errors(part, x, "activation").max() < 0.05


@pytest.mark.parametrize("given_by", list(ROUNDED))
def test_rows_of_zeros_and_huge_ones_are_safe(given_by):
    part = layer()
    x = np.zeros((3, WIDTH), np.float32)
    x[1] = 1e6
    found = computed(part, x, given_by, {part: np.zeros(WIDTH, np.float32)})
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[0], part.bias.detach().numpy(), atol=1e-6)


def test_divided_inputs_times_multiplied_weights_are_the_same_product():
    random = np.random.default_rng(1)
    x, weights = random.standard_normal((9, WIDTH)), random.standard_normal((WIDTH, OUTPUTS))
    parts = divisors(np.abs(x).max(axis=0), weights)
    assert parts.dtype == np.float32
    assert 0.5 < parts.mean() < 2
    assert (np.log2(parts) % 1 == 0).all()
    np.testing.assert_allclose((x / parts) @ (weights * parts[:, None]), x @ weights, atol=1e-5)


def pretrained():
    bert, architecture, _, _ = drawn()
    network = Pretrained(50, 3, FrozenSettings("mean", True, architecture=architecture)).eval()
    network.encoder.load_state_dict(bert.state_dict())
    return network


def transformer():
    settings = TransformerSettings(layers=2, width=WIDTH, heads=4, longest=10)
    return build_network("transformer", 50, 3, settings, 0).eval()


@pytest.mark.parametrize("made", [pretrained, transformer])
def test_sizes_are_those_of_the_layers_inputs(made):
    network = made()
    sizes = largest_inputs(network)
    layers = block_layers(network)
    assert set(sizes) == set(layers.values())
    assert all(sizes[part].shape == (part.in_features,) for part in layers.values())
    assert all((sizes[part] > 0).all() for part in layers.values())
    again = largest_inputs(network.train())
    assert all(np.array_equal(sizes[part], again[part]) for part in sizes)
    assert network.training
    assert not any(part._forward_pre_hooks for part in layers.values())


def test_sizes_are_not_those_of_what_another_thread_reads():
    network = pretrained()
    alone = largest_inputs(network)
    batch = torch.ones(4, 9, dtype=torch.long), torch.ones(4, 9, dtype=torch.bool)
    reading, ended = threading.Event(), threading.Event()

    def read():
        with torch.inference_mode():
            while not ended.is_set():
                network(*batch)
                reading.set()

    other = threading.Thread(target=read)
    other.start()
    try:
        reading.wait()
        found = [largest_inputs(network) for _ in range(20)]
    finally:
        ended.set()
        other.join()
    assert all(np.array_equal(alone[part], one[part]) for one in found for part in alone)


def test_sizes_of_the_first_layer_are_those_of_the_first_norm():
    network, seen = pretrained(), []
    network.encoder.norm.register_forward_hook(lambda *given: seen.append(given[2]))
    sizes = largest_inputs(network)
    first = network.encoder.blocks[0].query_key_value
    np.testing.assert_array_equal(sizes[first], seen[0].abs().amax(dim=(0, 1)).numpy())


@pytest.mark.parametrize("long", [LongSettings(), LongSettings("hierarchical")])
def test_a_network_without_blocks_has_none(long):
    network = build_network("cnn", 50, 3, CnnSettings(WIDTH, (2,), 4), 0)
    assert largest_inputs(reading_network(network, 3, long, 6, 0)) == {}


def test_of_a_network_that_reads_windows_it_is_the_one_that_reads_each():
    network = pretrained()
    reader = reading_network(network, 3, LongSettings("hierarchical"), 6, 0)
    assert set(largest_inputs(reader)) == set(block_layers(network).values())


def test_an_encoder_in_int8_has_sizes_and_copies_have_theirs():
    network = with_graph(pretrained(), "int8")
    blocks = block_layers(network.encoder.bert)
    assert set(network.encoder.sizes) == set(blocks.values())
    for copied in (copy.deepcopy(network.encoder), pickle.loads(pickle.dumps(network.encoder))):
        theirs = block_layers(copied.bert)
        for name, part in theirs.items():
            np.testing.assert_array_equal(copied.sizes[part], network.encoder.sizes[blocks[name]])
    assert with_graph(pretrained(), "float32").encoder.sizes == {}


def test_an_encoder_with_outliers_is_read_more_exactly():
    bert, _, x, mask = drawn()
    with torch.no_grad():
        for block in bert.blocks:
            block.attention_norm.weight[3] *= 40
            block.inner.weight[:, 3] /= 40
        expected = bert(x, mask)[mask]
        seen = {part: np.ones(part.in_features, np.float32) for part in block_layers(bert).values()}
        for block in bert.blocks:
            seen[block.inner][3] = 40
        plain, evened = (
            root_mean_square(GraphEncoder(bert, "gelu", "int8", sizes)(x, mask)[mask] - expected)
            for sizes in ({}, seen)
        )
    assert evened < 0.7 * plain
