"""A training to a checkpoint, and back."""

from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from textkind.training.checkpoints import Checkpoint
from textkind.training.optimizers import optimizer_tensors, restore_optimizer
from textkind.training.steps import Standing, Task


@dataclass
class Progress:
    """What is known of a training beside its weights; JSON-able but for `weights`.

    history has the figures of every look at validation, idle the looks since the best.
    """

    best: dict[str, Any] | None = None
    idle: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)


def checkpoint_of(task: Task, standing: Standing, progress: Progress) -> Checkpoint:
    """All that the training needs to go on."""
    tensors = {f"network {name}": tensor for name, tensor in task.network.state_dict().items()}
    tensors |= {f"best {name}": tensor for name, tensor in progress.weights.items()}
    tensors |= {
        f"optimizer {name}": tensor
        for name, tensor in optimizer_tensors(task.optimizer, task.parameters).items()
    }
    for table in task.tables:
        for number, moment in enumerate(table.moments):
            tensors[f"moment {number} {table.path}"] = moment
    facts = {
        "standing": asdict(standing),
        "best": progress.best,
        "idle": progress.idle,
        "history": progress.history,
    }
    return Checkpoint(tensors, facts)


def go_on(task: Task, standing: Standing, progress: Progress, found: Checkpoint) -> None:
    """Put everything back where the checkpoint has it."""

    def under(prefix: str) -> dict[str, Tensor]:
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in found.tensors.items()
            if name.startswith(prefix)
        }

    task.network.load_state_dict(under("network "))
    restore_optimizer(task.optimizer, task.parameters, under("optimizer "))
    moments = under("moment ")
    for table in task.tables:
        for number, moment in enumerate(table.moments):
            moment.copy_(moments[f"{number} {table.path}"])
    for name, value in found.facts["standing"].items():
        setattr(standing, name, value)
    progress.best, progress.idle = found.facts["best"], found.facts["idle"]
    progress.history, progress.weights = found.facts["history"], under("best ")
