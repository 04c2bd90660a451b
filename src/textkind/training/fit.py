"""Train a network to its end: the caller of the loop, who looks at validation, saves and stops.

    trained = fit_network(network, examples, held_out, labels, settings, seed=0)

The network ends with the weights that did best on validation, or with the last where there is no
validation, or where they are asked for.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from textkind.data.labels import LabelSet
from textkind.encoding.tokens import Tokens
from textkind.progress import SILENT, Talk
from textkind.training.checkpoint_places import find_checkpoint, save_checkpoint, told_place
from textkind.training.devices import device_of
from textkind.training.forward import network_outputs
from textkind.training.losses import logits_of
from textkind.training.processes import Processes, agreed, joined_processes, take_from_first
from textkind.training.recorders import Recorders
from textkind.training.resuming import Progress, checkpoint_of, go_on
from textkind.training.settings import Places, TrainingSettings
from textkind.training.steps import Standing, Step, Task, training_steps
from textkind.training.tasks import Examples, fingerprint_of, make_task
from textkind.training.validation import is_better, validation_figures


@dataclass(frozen=True, eq=False)
class Trained:
    """How a training went: JSON-able facts, and (N, K) validation logits of the best weights."""

    facts: dict[str, Any]
    validation_logits: np.ndarray | None


def fit_network(
    network: nn.Module,
    examples: Examples,
    held_out: Examples | None,
    labels: LabelSet,
    settings: TrainingSettings,
    *,
    places: Places = Places(),
    keeps_last: bool = False,
    seed: int = 0,
    talk: Talk = SILENT,
) -> Trained:
    """Train until the epochs are over, validation gains no more, or the budget is spent.

    With checkpoints in `places` a training that was interrupted goes on, and ends in the same
    bits. Raises SettingsError, TrainingError or OutputError.
    """
    processes = joined_processes()
    talk = talk if processes.is_first else SILENT
    device = device_of(settings.device)
    network.to(device).train()
    take_from_first(processes, [one.detach() for one in network.parameters()])
    task = make_task(network, examples, labels, settings, processes, device, seed, talk)
    standing, progress = Standing(), Progress()
    fingerprint = fingerprint_of(network, examples, held_out, settings, seed)
    if places.checkpoints is not None:
        found = find_checkpoint(places.checkpoints, fingerprint, talk)
        if found is not None:
            go_on(task, standing, progress, found)
            talk.note(f"going on from step {standing.step:,} of {told_place(places.checkpoints)}")
    ended = "the epochs were over"
    with Recorders(places, standing.step, enabled=processes.is_first) as recorders:
        steps: Iterable[Step] = training_steps(task, standing)
        if progress.idle >= settings.patience:
            ended, steps = "validation gained no more", ()
        elif settings.budget is not None and standing.seconds >= 60 * settings.budget:
            ended = "the time was spent"  # before it was interrupted: there are no steps left
        for step in steps:
            _tell(step, talk)
            out_of_time = _is_out_of_time(step, settings, processes)
            figures = None
            if held_out is not None and (step.ends_epoch or out_of_time):
                figures = _look(task, held_out, progress, step, settings.metric)
                talk.look(step.progress, figures)
            recorders.record(step, figures)
            is_last = out_of_time or progress.idle >= settings.patience
            due = step.number % places.checkpoint_steps == 0 or step.ends_epoch or is_last
            if places.checkpoints is not None and due and processes.is_first:
                checkpoint = checkpoint_of(task, standing, progress)
                save_checkpoint(places.checkpoints, step.number, checkpoint, fingerprint)
            if is_last:
                ended = "the time was spent" if out_of_time else "validation gained no more"
                break
    if progress.weights and not keeps_last:
        network.load_state_dict(progress.weights)
    facts = _facts(task, standing, progress, ended)
    logits = None
    if held_out is not None:
        logits = _logits(task, held_out.tokens)
    network.to("cpu").eval()
    return Trained(facts, logits)


def _is_out_of_time(step: Step, settings: TrainingSettings, processes: Processes) -> bool:
    if settings.budget is None:
        return False
    return agreed(processes, float(step.seconds >= 60 * settings.budget)) > 0


def _logits(task: Task, tokens: Tokens) -> np.ndarray:
    outputs = network_outputs(task.network, tokens, task.outputs, precision=task.precision)
    return logits_of(task.loss.head, outputs)


def _look(
    task: Task, held_out: Examples, progress: Progress, step: Step, metric: str
) -> dict[str, float]:
    """Figures of validation; the best weights are kept."""
    found = validation_figures(_logits(task, held_out.tokens), held_out.targets)
    figures = {name: agreed(task.processes, value) for name, value in found.items()}
    progress.idle += 1
    if is_better(figures, progress.best, metric):
        progress.best = figures | {"step": step.number, "epoch": step.epoch + 1}
        progress.idle = 0
        progress.weights = {
            name: tensor.detach().clone() for name, tensor in task.network.state_dict().items()
        }
    progress.history.append(figures | {"step": step.number, "seconds": round(step.seconds, 3)})
    return figures


def _tell(step: Step, talk: Talk) -> None:
    left = step.seconds / step.progress - step.seconds
    detail = (
        f"epoch {step.epoch + 1}, loss {step.loss:.3f}, {left:,.0f} s left at most"
        if math.isfinite(left)
        else ""
    )
    talk.advance(int(1000 * step.progress), 1000, detail)
    if step.skipped:
        talk.note(
            f"step {step.number:,}: loss or gradient not finite; skipped, and the rate halved"
        )


def _facts(task: Task, standing: Standing, progress: Progress, ended: str) -> dict[str, Any]:
    parameters = sum(tensor.numel() for tensor in task.network.parameters())
    return {
        "steps": standing.step,
        "steps_skipped": standing.step - standing.updates,
        "epochs": standing.epoch + (standing.place > 0),
        "ended": ended,
        "best": progress.best,
        "history": progress.history,
        "parameters": parameters,
        "precision": task.precision,
        "device": task.device.type,
        "processes": task.processes.number,
        "training_seconds": round(standing.seconds, 3),
    }
