"""Networks as graphs of ONNX: onnxruntime gives what PyTorch gives, in every setting."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from textkind.export.graphs.parts import Batch  # noqa: E402
from textkind.export.graphs.windows import outputs_of_texts  # noqa: E402
from textkind.models.evening import largest_inputs  # noqa: E402
from textkind.models.graph import Graph  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained_settings import (  # noqa: E402
    Architecture,
    FrozenSettings,
    PretrainedSettings,
)
from textkind.models.networks.settings import (  # noqa: E402
    CnnSettings,
    MeanPoolSettings,
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
    name_of,
)
from textkind.models.networks.table import build_network  # noqa: E402
from textkind.models.networks.windows import reading_network  # noqa: E402

WORDS, OUTPUTS, WIDTH = 40, 3, 8
BERT = Architecture(WORDS, 8, 8, layers=2, positions=30, heads=2, inner_width=16)
MPNET = Architecture(
    WORDS, 8, 8, layers=2, positions=30, before=1, behind=2, heads=2, inner_width=16,
    activation="gelu_new", relative_buckets=8,
)  # fmt: skip
SETTINGS = [
    *(MeanPoolSettings(WIDTH, pooling) for pooling in ("mean", "max", "attention", "sif")),
    MeanPoolSettings(WIDTH, hidden=5),
    PerceptronSettings((6,)),
    PerceptronSettings((6, 4), "gelu", "count"),
    PerceptronSettings((5,), "tanh"),
    PerceptronSettings(()),
    CnnSettings(WIDTH, (2, 3), 4),
    CnnSettings(WIDTH, (1, 5), 3, "two"),
    *(RnnSettings(WIDTH, cell, 5) for cell in ("tanh", "lstm", "gru")),
    RnnSettings(WIDTH, "lstm", 5, 2, 1, "last"),
    RnnSettings(WIDTH, "gru", 5, 2, 2, "last"),
    RnnSettings(WIDTH, "gru", 5, pooling="max"),
    TransformerSettings(WIDTH, 2, 2, longest=24),
    TransformerSettings(WIDTH, 1, 2, positions="learned", pooling="cls", longest=24),
    TransformerSettings(WIDTH, 1, 2, pooling="cls", longest=24),
    FrozenSettings("mean", True, architecture=BERT),
    FrozenSettings("cls", False, architecture=MPNET),
    PretrainedSettings("attention", False, architecture=BERT),
]
LONG = [
    LongSettings("windows"),
    LongSettings("windows", pooling="attention", overlap=0),
    LongSettings("windows", pooled="logits", pooling="max"),
    LongSettings("hierarchical"),
]


def drawn(settings, long=None, window=None):
    """A network with numbers like those of a trained one."""
    network = build_network(name_of(settings), WORDS, OUTPUTS, settings, 0)
    network = reading_network(network, OUTPUTS, long or LongSettings(), window, 0)
    torch.manual_seed(1)
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            tensor.copy_(tensor.abs() + 0.1 if tensor.ndim < 2 else 0.6 * torch.randn_like(tensor))
    return network.eval()


def batch(lengths):
    """Ids (B, T) int64 and their mask; what stands behind a text are ids too."""
    generator = np.random.default_rng(2)
    mask = np.arange(max(1, *lengths)) < np.array(lengths)[:, None]
    return generator.integers(1, WORDS, mask.shape), mask


def computed(network, ids, mask, precision="float32", shift=0, sizes=None):
    """The network's outputs by onnxruntime."""
    graph = Graph(precision, sizes=sizes)
    told = graph.input("ids", "INT64", ("batch", "length"))
    shown = graph.input("mask", "BOOL", ("batch", "length"))
    outputs = outputs_of_texts(graph, network, Batch(told, shown, shift))
    data = graph.file({"outputs": (outputs, "FLOAT", ("batch", OUTPUTS))})
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {"ids": ids, "mask": mask})[0]


def wanted(network, ids, mask):
    with torch.inference_mode():
        return network(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()


BATCHES = [(7, 1, 0, 4), (3,), (0,), (5, 5)]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda one: f"{name_of(one)} {one}"[:60])
def test_onnxruntime_gives_what_pytorch_gives(settings):
    network = drawn(settings)
    for lengths in BATCHES:
        ids, mask = batch(lengths)
        expected = wanted(network, ids, mask)
        assert np.abs(expected).max() > 0.05  # or the tolerance would hide everything
        np.testing.assert_allclose(computed(network, ids, mask), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("long", LONG, ids=lambda one: f"{one.strategy} {one.pooling}")
@pytest.mark.parametrize(
    "settings", [CnnSettings(WIDTH, (2,), 4), FrozenSettings("mean", True, architecture=BERT)],
    ids=name_of,
)  # fmt: skip
def test_long_texts_are_read_in_windows_inside_the_graph(settings, long):
    network = drawn(settings, long, window=6)
    for lengths in [(23, 6, 0, 7, 1), (19,), (0,), (5, 2)]:
        ids, mask = batch(lengths)
        expected = wanted(network, ids, mask)
        np.testing.assert_allclose(computed(network, ids, mask), expected, rtol=2e-5, atol=2e-6)


def test_ids_are_those_of_the_tokenizers_file_where_ours_are_shifted():
    network = drawn(MeanPoolSettings(WIDTH, "sif"))
    ids, mask = batch((7, 3))
    expected = wanted(network, ids, mask)
    found = computed(network, ids - 1, mask, shift=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "long", [None, LongSettings("hierarchical")], ids=["whole", "hierarchical"]
)
@pytest.mark.parametrize(
    "settings",
    [
        MeanPoolSettings(WIDTH),
        TransformerSettings(WIDTH, 2, 2, longest=20),
        FrozenSettings("mean", True, architecture=BERT),
    ],
    ids=name_of,
)
def test_int8_is_near_and_not_the_same(settings, long):
    network = drawn(settings, long, window=6 if long else None)
    ids, mask = batch((7, 1, 4))
    expected = wanted(network, ids, mask)
    sizes = {
        part: size * np.geomspace(0.5, 2, len(size), dtype=np.float32)
        for part, size in largest_inputs(network).items()
    }
    plain, evened = (computed(network, ids, mask, "int8", sizes=given) for given in ({}, sizes))
    for found in (plain, evened):
        assert 0 < np.abs(found - expected).max() < 0.1 * np.abs(expected).max()
    assert np.array_equal(plain, evened) == (not sizes)
