"""Tokens through a network without learning: every row's own result, in the rows' order."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.encoding.tokens import Tokens  # noqa: E402
from textkind.training import forward  # noqa: E402
from textkind.training.forward import network_outputs, torch_threads  # noqa: E402


@pytest.mark.parametrize("budget", [(8192, 512), (1, 1), (30, 4)])
def test_outputs_are_those_of_each_text_alone(tiny, tokens_of, monkeypatch, budget):
    monkeypatch.setattr(forward, "BATCH_TOKENS", budget[0])
    monkeypatch.setattr(forward, "BATCH_TEXTS", budget[1])
    random = np.random.default_rng(0)
    lists = [random.integers(1, 40, random.integers(0, 12)).tolist() for _ in range(50)]
    network = tiny(dropout=0.5)
    found = network_outputs(network, tokens_of(lists), 3)
    assert found.shape == (50, 3)
    assert found.dtype == np.float32
    assert network.training  # as before
    network.eval()
    for one, expected in zip(lists, found, strict=True):
        ids = torch.tensor([one or [0]])
        alone = network(ids, torch.full(ids.shape, bool(one)))
        np.testing.assert_allclose(alone.detach()[0], expected, atol=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_batches_are_read_at_once_on_any_number_of_threads(threads, tiny, tokens_of, monkeypatch):
    monkeypatch.setattr(forward, "BATCH_TOKENS", 30)
    lists = [[1 + row % 30] * (1 + row % 9) for row in range(100)]
    network, inside = tiny(), set()
    network.register_forward_hook(lambda *_: inside.add(torch.get_num_threads()))
    with torch_threads(1):
        alone = network_outputs(network, tokens_of(lists), 3)
    inside.clear()
    with torch_threads(threads):
        np.testing.assert_array_equal(network_outputs(network, tokens_of(lists), 3), alone)
        assert torch.get_num_threads() == threads
        assert inside == {1}  # each batch on one
        inside.clear()
        network_outputs(network, tokens_of(lists[:1]), 3)
        assert inside == {threads}  # one alone on all


def test_no_texts_have_no_outputs(tiny):
    none = Tokens(np.empty(0, np.int32), np.zeros(1, np.int64))
    assert network_outputs(tiny(), none, 3).shape == (0, 3)


def test_a_network_can_learn_after_it_was_asked(tiny, tokens_of):
    network = tiny()
    network_outputs(network, tokens_of([[1, 2], [3]]), 3)
    network(torch.tensor([[1, 2]]), torch.ones(1, 2, dtype=torch.bool)).sum().backward()
    assert network.head.weight.grad is not None


def test_threads_are_as_before_after_an_error_in_the_block():
    before, inside = torch.get_num_threads(), []

    def fail():
        inside.append(torch.get_num_threads())
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"), torch_threads(3):
        fail()
    assert inside == [3]
    assert torch.get_num_threads() == before
