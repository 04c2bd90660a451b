"""Attention (Vaswani et al. 2017): values mixed by how well queries meet keys.

mixed = attend(query, key, value, allowed)
"""

import torch
import torch.nn.functional as functional
from torch import Tensor

LONGEST = 256  # positions, up to which plain products are quicker on the CPU, and fit


def attend(query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None) -> Tensor:
    """softmax(query key^T / sqrt(D)) value, of (B, H, T, D) each.

    allowed says which keys count, or what is added to the scores: it broadcasts to (B, H, T, T).
    PyTorch's fused kernel for the CPU takes two to eight times as long as plain products to go
    back through short texts, and in bfloat16 half as long again to read them.
    """
    is_plain = query.device.type == "cpu" and query.shape[2] <= LONGEST
    if is_plain and (value.requires_grad or value.dtype == torch.bfloat16):
        return _by_products(query, key, value, allowed)
    if allowed is not None and allowed.dtype != torch.bool:
        allowed = allowed.to(query.dtype)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)


def _by_products(query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None) -> Tensor:
    batch, heads, length, width = query.shape
    query, key, value = (x.reshape(batch * heads, length, width) for x in (query, key, value))
    nothing = query.new_zeros(())
    scores = torch.baddbmm(nothing, query, key.mT, beta=0, alpha=width**-0.5)
    if allowed is not None:
        scores = scores.view(batch, heads, length, length)
        if allowed.dtype == torch.bool:
            scores = scores.masked_fill_(~allowed, torch.finfo(scores.dtype).min)
        else:
            scores = scores + allowed.to(scores.dtype)
        scores = scores.view(batch * heads, length, length)
    return torch.bmm(scores.softmax(dim=-1), value).view(batch, heads, length, width)
