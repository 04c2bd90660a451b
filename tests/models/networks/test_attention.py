"""Attention by plain products: the values and slopes of PyTorch's own."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as functional  # noqa: E402

from textkind.models.networks import attention  # noqa: E402
from textkind.models.networks.attention import attend  # noqa: E402

MASKS = {
    "all": lambda: None,
    "keys": lambda: (torch.arange(7) < torch.tensor([[7], [1], [4]]))[:, None, None, :],
    "scores": lambda: torch.randn(1, 2, 7, 7),
}


def parts(dtype=torch.float32):
    torch.manual_seed(0)
    return [torch.randn(3, 2, 7, 4).to(dtype).requires_grad_() for _ in range(3)]


@pytest.fixture
def no_kernel(monkeypatch):
    def refuse(*arguments, **more):
        raise AssertionError("PyTorch's kernel was called")

    return lambda: monkeypatch.setattr(functional, "scaled_dot_product_attention", refuse)


@pytest.mark.parametrize("mask", list(MASKS))
def test_values_and_slopes_are_those_of_pytorch(mask, no_kernel):
    ours, theirs, allowed = parts(), parts(), MASKS[mask]()
    slopes = torch.randn(3, 2, 7, 4)
    expected = functional.scaled_dot_product_attention(*theirs, attn_mask=allowed)
    expected.backward(slopes)
    no_kernel()
    found = attend(*ours, allowed)
    found.backward(slopes)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("mask", list(MASKS))
def test_in_bfloat16_it_is_near(mask, no_kernel):
    ours, allowed = parts(torch.bfloat16), MASKS[mask]()
    whole = [part.detach().float() for part in ours]
    expected = functional.scaled_dot_product_attention(*whole, attn_mask=allowed)
    no_kernel()
    with torch.inference_mode():
        found = attend(*(part.detach() for part in ours), allowed)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("how", ["read", "long"])
def test_pytorch_reads_in_float32_and_what_is_long(how, monkeypatch):
    if how == "long":
        monkeypatch.setattr(attention, "LONGEST", 6)
    called = []
    own = functional.scaled_dot_product_attention
    monkeypatch.setattr(
        functional, "scaled_dot_product_attention",
        lambda *given, **more: called.append(1) or own(*given, **more),
    )  # fmt: skip
    with torch.set_grad_enabled(how == "long"):
        given = parts() if how == "long" else [part.detach() for part in parts()]
        attend(*given, MASKS["scores"]().double())
    assert called
