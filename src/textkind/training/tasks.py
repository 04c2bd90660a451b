"""From a network, examples and settings to the task that the loop works on."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import nn

from textkind.data.labels import LabelSet
from textkind.data.soft import SoftTargets
from textkind.encoding.tokens import Tokens
from textkind.errors import DataError
from textkind.progress import Talk
from textkind.training.batches import padded_batch, sampling_weights
from textkind.training.losses import loss_targets, make_loss, outputs_of, text_losses
from textkind.training.optimizers import dense_parameters
from textkind.training.precision import probed_precision
from textkind.training.processes import Processes, agreed
from textkind.training.settings import TrainingSettings
from textkind.training.steps import Task, epoch_groups
from textkind.training.token_tables import token_tables


@dataclass(frozen=True, eq=False)
class Examples:
    """Tokens of N texts, cut to what the network can read, and their targets.

    soft is what a teacher says of the texts, to be learned beside the targets; None: nothing. edges
    cut texts on disk into stretches that are drawn from at a time; None: they are in memory.
    """

    tokens: Tokens
    targets: np.ndarray
    unknown_id: int = 1  # that a token reads as where token_dropout takes it
    soft: SoftTargets | None = None
    edges: np.ndarray | None = None


def make_task(
    network: nn.Module,
    examples: Examples,
    labels: LabelSet,
    settings: TrainingSettings,
    processes: Processes,
    device: torch.device,
    seed: int,
    talk: Talk,
) -> Task:
    """All that a step needs; the precision is probed here. DataError where there is no text."""
    if len(examples.tokens) == 0:
        raise DataError("there is no text to train on")
    loss = make_loss(labels, examples.targets, settings, examples.soft)
    if loss.class_weights is not None:
        loss = replace(loss, class_weights=loss.class_weights.to(device))
    if loss.positive_weights is not None:
        loss = replace(loss, positive_weights=loss.positive_weights.to(device))
    tables = token_tables(network, settings.optimizer)
    task = Task(
        network=network,
        tokens=examples.tokens,
        targets=loss_targets(loss, examples.targets, len(labels), examples.soft).to(device),
        loss=loss,
        outputs=outputs_of(loss.head, len(labels)),
        settings=settings,
        tables=tables,
        parameters=dense_parameters(network, settings.optimizer, settings.weight_decay),
        place_of=np.full(tables[0].whole.shape[0], -1, np.int32),
        seed=seed,
        device=device,
        unknown_id=examples.unknown_id,
        weights=sampling_weights(examples.targets, settings.imbalance),
        edges=examples.edges,
        processes=processes,
    )
    precision = probed_precision(settings.precision, device, lambda: _attempt(task), talk)
    if processes.number > 1:  # clocks differ; the first process decides for all
        is_half = agreed(processes, float(precision == "bfloat16"))
        precision = "bfloat16" if is_half else "float32"
    return replace(task, precision=precision)


def fingerprint_of(
    network: nn.Module,
    examples: Examples,
    held_out: Examples | None,
    settings: TrainingSettings,
    seed: int,
) -> str:
    """What a checkpoint must agree with: data, settings, seed, and the network.

    Of the network that is its shapes, its layers, which of its parameters are trained, and its
    `origin` (models/starting.py): what it was made from. The bits of its first weights are not
    asked for, since another processor may draw and fit them otherwise. The budget may change:
    whoever goes on may have more time.
    """
    digest = hashlib.sha256()
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    # the layers as they print themselves: networks of the same shapes may compute differently
    layers = f"{type(network).__module__}.{type(network).__qualname__} {network!r}"
    told = asdict(settings) | {
        "budget": None,
        "seed": seed,
        "shapes": shapes,
        "layers": layers,
        "trained": [name for name, one in network.named_parameters() if one.requires_grad],
        "origin": getattr(network, "origin", ""),
    }
    digest.update(json.dumps(told, sort_keys=True).encode())
    for part in (examples, held_out):
        if part is not None:
            arrays = [part.tokens.ids, part.tokens.offsets, part.targets]
            if part.soft is not None:
                arrays += [part.soft.probabilities, part.soft.label_share]
                digest.update(f"temperature {part.soft.temperature}".encode())
            if part.edges is not None:
                arrays.append(part.edges)
            for array in arrays:
                digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _attempt(task: Task) -> None:
    """Forward and backward on the first batch of the first epoch, leaving nothing behind."""
    batch = padded_batch(task.tokens, epoch_groups(task, 0)[0][0])
    with torch.random.fork_rng([]):
        outputs = task.network(
            torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)
        )
        text_losses(
            task.loss, outputs.float(), task.targets[torch.from_numpy(batch.rows)]
        ).mean().backward()
    task.network.zero_grad(set_to_none=True)
