"""The compiled sum and its slopes: torch's own embedding bag is the judge."""

import pytest

torch = pytest.importorskip("torch")

from textkind.models.networks.bag_sum import bag_sum, ragged_mean  # noqa: E402
from textkind.models.networks.mean_pool import MeanPool  # noqa: E402
from textkind.models.networks.settings import MeanPoolSettings  # noqa: E402


@pytest.mark.parametrize("shape", [(5, 7, 12), (64, 40, 100), (1, 1, 1)])  # B, T, D
@pytest.mark.parametrize("threads", [1, 2])
def test_sums_and_slopes_equal_an_embedding_bag(shape, threads):
    texts, longest, width = shape
    torch.manual_seed(0)
    ids = torch.randint(0, 30, (texts, longest))
    weights = torch.rand(texts, longest) * (torch.rand(texts, longest) < 0.7)
    found, before = [], torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for sums in (
            bag_sum,
            lambda table, ids, weights: torch.nn.functional.embedding_bag(
                ids, table, mode="sum", per_sample_weights=weights
            ),
        ):
            torch.manual_seed(1)
            table = torch.randn(30, width, requires_grad=True)
            total = sums(table, ids, weights)
            (total * torch.linspace(-1, 1, total.numel()).view_as(total)).sum().backward()
            found.append((total.detach(), table.grad))
    finally:
        torch.set_num_threads(before)
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-5)


def test_a_frozen_table_gets_no_slope():
    table = torch.randn(4, 3)
    weights = torch.ones(2, 2, requires_grad=True)
    bag_sum(table, torch.tensor([[0, 1], [2, 3]]), weights).sum().backward()
    assert table.grad is None


@pytest.mark.parametrize("pooling", ["mean", "sif"])
def test_the_compiled_road_and_torchs_give_the_same(pooling):
    torch.manual_seed(0)
    network = MeanPool(50, 3, MeanPoolSettings(width=8, pooling=pooling)).eval()
    network.set_token_counts(torch.arange(50).numpy())
    mask = torch.arange(9) < torch.tensor([9, 4, 0, 1])[:, None]
    ids = torch.randint(0, 50, mask.shape) * mask
    quick = network(ids, mask)
    network.embedding.register_forward_hook(lambda module, inputs, vectors: vectors)
    torch.testing.assert_close(quick, network(ids, mask), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "sif"])
@pytest.mark.parametrize("hidden", [0, 6])
def test_texts_without_padding_give_the_same(pooling, hidden):
    torch.manual_seed(0)
    network = MeanPool(50, 3, MeanPoolSettings(width=8, pooling=pooling, hidden=hidden)).eval()
    network.set_token_counts(torch.arange(50).numpy())
    lengths = torch.tensor([9, 4, 0, 1])
    mask = torch.arange(9) < lengths[:, None]
    ids = torch.randint(0, 50, mask.shape) * mask
    offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]).numpy()
    with torch.no_grad():
        ragged = network.ragged_vectors(ids[mask].to(torch.int32).numpy(), offsets)
        torch.testing.assert_close(ragged, network.vectors(ids, mask), atol=1e-6, rtol=1e-5)


def test_a_part_of_the_texts_can_be_asked_for():
    table, ids = torch.randn(9, 4), torch.tensor([1, 2, 3, 4, 5], dtype=torch.int32).numpy()
    part = ragged_mean(table, None, ids, torch.tensor([2, 2, 5]).numpy())
    torch.testing.assert_close(part, torch.stack([torch.zeros(4), table[3:6].mean(dim=0)]))
