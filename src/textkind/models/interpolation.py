"""Between a pretrained encoder as it was and as it was trained (Wortsman et al. 2022, WiSE-FT).

weights = start + share * (end - start)

Fine-tuning from a head that fits moves along a way on which the loss falls and rises again: a point
before its end has unlearned less, and is surer of the right things. So training goes to its end,
and part of the way is gone back; one network at every share, so predictions cost what they did.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textkind.training.validation import is_better, validation_figures

SHARES = (1.0, 0.85, 0.7, 0.5)  # that validation is asked about
USUAL_SHARE = 0.8  # where there is no validation to choose by

Weights = dict[str, Tensor]


def weights_of(network: nn.Module) -> Weights:
    """A copy of the network's numbers, where they are."""
    return {
        name: tensor.detach().clone()
        for name, tensor in network.state_dict().items()
        if tensor.is_floating_point()
    }


def go_between(network: nn.Module, start: Weights, end: Weights, share: float) -> None:
    """Set the network's numbers to those at a share of the way from start to end."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name in start:
                here = start[name].to(tensor.device)
                tensor.copy_(torch.lerp(here, end[name].to(tensor.device), share))


def best_between(
    network: nn.Module,
    start: Weights,
    logits: Callable[[], np.ndarray],
    trained_logits: np.ndarray,
    targets: np.ndarray,
    metric: str,
    shares: tuple[float, ...] = SHARES,
) -> tuple[dict[str, Any], dict[str, float], np.ndarray]:
    """Leave the trained network at the share that does best on validation.

    logits computes (N, K) validation logits of the network as it is; trained_logits are those at
    its end. Returns JSON-able facts, and figures and logits of the share that was taken.
    """
    end = weights_of(network)
    best: dict[str, float] | None = None
    chosen, kept = 1.0, trained_logits
    tried = []
    for share in shares:
        if share < 1:
            go_between(network, start, end, share)
        found = logits() if share < 1 else trained_logits
        figures = validation_figures(found, targets)
        tried.append(figures | {"share": share})
        if is_better(figures, best, metric):
            best, chosen, kept = figures, share, found
    go_between(network, start, end, chosen)
    assert best is not None
    return {"share": chosen, "tried": tried}, best, kept
