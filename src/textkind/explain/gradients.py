"""How much the loss still moves with each token of a text: the vanishing gradient, seen.

    norms = step_gradients(network, input_ids, attention_mask, loss_of_logits)   (B, T)
    profile = gradient_profile(norms, attention_mask)

In a plain recurrent network the gradient shrinks with every step away from the end of the text
(Bengio et al. 1994); gates are there to keep it (Hochreiter and Schmidhuber 1997).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textkind.training.forward import evaluating


def step_gradients(
    network: nn.Module,
    input_ids: Tensor,
    attention_mask: Tensor,
    loss_of_logits: Callable[[Tensor], Tensor],
) -> np.ndarray:
    """The Euclidean norm of the loss's gradient by the vector of each token: (B, T) float32.

    input_ids (B, T) int64 and attention_mask (B, T) bool are as the network takes them, and
    loss_of_logits makes one number of its (B, K) logits. The sum of the texts' losses gives every
    text a gradient of its own; of a mean it is one B-th. Positions that do not count are NaN.
    The network is read without dropout, and keeps its own gradients as they were.
    """
    entered: list[Tensor] = []

    def enter(module: nn.Module, inputs: Any, vectors: Tensor) -> Tensor:
        entered.append(vectors.detach().requires_grad_())
        return entered[-1]

    hook = network.embedding.register_forward_hook(enter)  # type: ignore[union-attr]
    # cuDNN has no backward pass for a recurrent network that is not training
    with evaluating(network), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        try:
            loss = loss_of_logits(network(input_ids, attention_mask))
        finally:
            hook.remove()
        (slopes,) = torch.autograd.grad(loss, entered)  # (B, T, D)
    norms = slopes.float().norm(dim=-1).masked_fill(~attention_mask, torch.nan)  # (B, T)
    return norms.cpu().numpy()


def gradient_profile(norms: np.ndarray, mask: np.ndarray) -> dict[str, list]:
    """The mean norm by the distance from the end of the text, JSON-able.

    norms is (B, T), mask (B, T) bool. Of three lists of one length, "distance" counts back from the
    last valid token, which is 0; "norm" is the mean over the texts that reach so far, and "texts"
    their number.
    """
    mask = np.asarray(mask, bool)
    places = np.arange(mask.shape[1])
    last = np.where(mask, places, 0).max(axis=1)  # (B,)
    away = (last[:, None] - places)[mask]  # (tokens,)
    texts = np.bincount(away)
    totals = np.bincount(away, weights=np.asarray(norms, np.float64)[mask])
    reached = np.flatnonzero(texts)
    return {
        "distance": reached.tolist(),
        "norm": (totals[reached] / texts[reached]).tolist(),
        "texts": texts[reached].tolist(),
    }
