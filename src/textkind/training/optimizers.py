"""The optimizer of everything but token tables, and its state as named tensors."""

import torch
from torch import Tensor, nn

from textkind.training.settings import TrainingSettings


def dense_parameters(network: nn.Module) -> dict[str, nn.Parameter]:
    """The trained parameters that are not token tables, by name."""
    tables = set(network.token_tables)  # type: ignore[arg-type]
    return {
        name: parameter
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and name not in tables
    }


def make_optimizer(
    parameters: dict[str, nn.Parameter], settings: TrainingSettings
) -> torch.optim.Optimizer | None:
    """AdamW (Loshchilov and Hutter 2019) or SGD; None where there is nothing to train.

    Only matrices decay: a bias or a scale has no reason to be small.
    """
    groups = [
        {
            "params": [p for p in parameters.values() if (p.ndim > 1) == decays],
            "weight_decay": settings.weight_decay if decays else 0.0,
        }
        for decays in (True, False)
    ]
    groups = [group for group in groups if group["params"]]
    if not groups:
        return None
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            groups, lr=settings.learning_rate, momentum=settings.momentum, fused=True
        )
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def optimizer_tensors(
    optimizer: torch.optim.Optimizer | None, parameters: dict[str, nn.Parameter]
) -> dict[str, Tensor]:
    """The optimizer's state as named tensors: "exp_avg of head.weight" and the like."""
    if optimizer is None:
        return {}
    return {
        f"{key} of {name}": torch.as_tensor(value)
        for name, parameter in parameters.items()
        for key, value in optimizer.state.get(parameter, {}).items()
        if value is not None
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer | None,
    parameters: dict[str, nn.Parameter],
    tensors: dict[str, Tensor],
) -> None:
    """Put the tensors of optimizer_tensors back."""
    if optimizer is None:
        return
    for place, value in tensors.items():
        key, _, name = place.partition(" of ")
        parameter = parameters[name]
        # the count of steps as well: a fused optimizer has it on the parameter's device
        optimizer.state[parameter][key] = value.to(parameter.device).clone()
