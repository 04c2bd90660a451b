"""A training to a checkpoint, and back."""

from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from textkind.training.checkpoints import Checkpoint
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
    tensors |= {f"moment {name}": moment for name, moment in moments_of(task).items()}
    facts = {
        "standing": asdict(standing),
        "best": progress.best,
        "idle": progress.idle,
        "history": progress.history,
    }
    return Checkpoint(tensors, facts)


def moments_of(task: Task) -> dict[str, Tensor]:
    """The optimizer's moments, by number and name of the parameter."""
    named = [(one.name, one.moments) for one in task.parameters]
    named += [(table.path, table.moments) for table in task.tables]
    return {
        f"{number} {name}": moment
        for name, moments in named
        for number, moment in enumerate(moments)
    }


def go_on(task: Task, standing: Standing, progress: Progress, found: Checkpoint) -> None:
    """Put everything back where the checkpoint has it."""

    def under(prefix: str) -> dict[str, Tensor]:
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in found.tensors.items()
            if name.startswith(prefix)
        }

    task.network.load_state_dict(under("network "))
    moments = under("moment ")
    for name, moment in moments_of(task).items():
        moment.copy_(moments[name])
    for name, value in found.facts["standing"].items():
        setattr(standing, name, value)
    progress.best, progress.idle = found.facts["best"], found.facts["idle"]
    progress.history, progress.weights = found.facts["history"], under("best ")
