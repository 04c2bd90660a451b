"""The loop: a generator of steps. It trains; whoever iterates it logs, saves and stops.

    for step in training_steps(task, standing):
        ...

A step takes its batches' gradients, clips them, and moves the parameters. What is random in it
follows from the seed and the step's number, so that a training can go on from any step.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from textkind.encoding.tokens import Tokens
from textkind.errors import TrainingError
from textkind.seeds import child_seed, generator
from textkind.training.batch_kernels import forget, renumber
from textkind.training.batches import Batch, drop_tokens, epoch_batches, padded_batch
from textkind.training.devices import attention_kernels, length_multiple
from textkind.training.losses import Loss, disagreement, text_losses, text_weights
from textkind.training.memory import told_when_short
from textkind.training.optimizers import DenseParameter, Move, move_dense
from textkind.training.precision import reduced
from textkind.training.processes import Processes, sum_over_processes
from textkind.training.randomness import seeded
from textkind.training.schedule import rate_factor
from textkind.training.settings import USUAL_EPOCHS, USUAL_RATE, TrainingSettings
from textkind.training.token_tables import TokenTable, lend_rows, move_lent, take_back

RELEASE_STEPS = 1000  # after which tokens on disk need not stay in memory any longer
MOST_FAILURES = 5  # steps in a row whose loss or gradient is not finite


@dataclass(frozen=True, eq=False)
class Task:
    """All that a step needs.

    tokens      of N texts, none longer than the network can read
    targets     (N, ...) as the loss takes them
    outputs     logits that the network computes for a text
    place_of    (V,) int32 of -1: scratch for renumbering
    unknown_id  that a dropped token reads as
    weights     (N,) float64 for drawing rows, or None: every row once an epoch
    edges       of stretches of rows that are drawn from at a time, or None: all at once
    """

    network: nn.Module
    tokens: Tokens
    targets: Tensor
    loss: Loss
    outputs: int
    settings: TrainingSettings
    tables: list[TokenTable]
    parameters: list[DenseParameter]
    place_of: np.ndarray
    seed: int
    device: torch.device
    unknown_id: int = 1
    weights: np.ndarray | None = None
    edges: np.ndarray | None = None
    precision: str = "float32"
    processes: Processes = field(default_factory=Processes)


@dataclass
class Standing:
    """How far a training is: what a checkpoint must know beside the tensors."""

    epoch: int = 0  # that the next step belongs to
    place: int = 0  # of the next step in its epoch
    step: int = 0  # steps tried
    updates: int = 0  # steps that moved the parameters
    slowdown: float = 1.0  # halved after each loss that was not finite
    failures: int = 0  # in a row
    seconds: float = 0.0  # of training, over all interruptions


@dataclass(frozen=True)
class Taken:
    """What a step's batches came to.

    loss is the mean over the texts, gradient its length before clipping, positions the tokens with
    their padding; skipped says that loss or gradient was not finite, and nothing moved.
    """

    loss: float
    gradient: float
    texts: int
    tokens: int
    positions: int
    skipped: bool


@dataclass(frozen=True)
class Step:
    """One step: Taken, and where in the training it was.

    progress is the share of the training that is done, seconds the time since it began.
    """

    number: int
    epoch: int
    progress: float
    rate: float
    seconds: float
    ends_epoch: bool
    loss: float
    gradient: float
    texts: int
    tokens: int
    positions: int
    skipped: bool


def training_steps(task: Task, standing: Standing) -> Iterator[Step]:
    """Train to the last epoch from where `standing` is; it is kept up to date before each yield.

    One whose budget was spent before it was interrupted is over. Raises TrainingError after
    MOST_FAILURES steps in a row that are not finite.
    """
    settings = task.settings
    if settings.budget is not None and standing.seconds >= 60 * settings.budget:
        return
    epochs, highest = settings.epochs or USUAL_EPOCHS, settings.learning_rate or USUAL_RATE
    earlier, began = standing.seconds, time.monotonic()
    while standing.epoch < epochs:
        groups = epoch_groups(task, standing.epoch)
        while standing.place < len(groups):
            share = 1 / (len(groups) * epochs)
            progress = (standing.epoch + standing.place / len(groups)) / epochs
            if settings.budget is not None:
                progress = max(progress, min(1.0, standing.seconds / (60 * settings.budget)))
            factor = rate_factor(settings.schedule, progress, settings.warmup, share)
            rate = highest * factor * standing.slowdown
            taken = take_step(task, groups[standing.place], rate, standing)
            epoch = standing.epoch
            standing.step += 1
            standing.place += 1
            if standing.step % RELEASE_STEPS == 0:
                task.tokens.release()
            standing.seconds = earlier + time.monotonic() - began
            ends = standing.place == len(groups)
            if ends:
                standing.epoch, standing.place = standing.epoch + 1, 0
            yield Step(
                standing.step,
                epoch,
                min(1.0, progress + share),
                rate,
                standing.seconds,
                ends,
                **vars(taken),
            )
            if ends:
                break


def epoch_groups(task: Task, epoch: int) -> list[list[np.ndarray]]:
    """The batches of an epoch, as many together as make one step."""
    settings = task.settings
    batches = epoch_batches(
        task.tokens.lengths, settings.batch_tokens, settings.batch_texts,
        seed=task.seed, epoch=epoch, weights=task.weights, edges=task.edges,
    )  # fmt: skip
    groups: list[list[np.ndarray]] = []
    texts = 0  # of the last group
    for batch in batches:
        if not groups or texts >= settings.step_texts:
            groups.append([])
            texts = 0
        groups[-1].append(batch)
        texts += batch.size
    return groups


def take_step(task: Task, group: list[np.ndarray], rate: float, standing: Standing) -> Taken:
    """One step on the rows of some batches."""
    multiple = length_multiple(task.device)
    whole = [padded_batch(task.tokens, rows, multiple) for rows in group]
    if task.settings.token_dropout:
        random = generator(task.seed, f"token dropout {standing.step}")
        for batch in whole:
            drop_tokens(batch, task.settings.token_dropout, task.unknown_id, random)
    positions = sum(batch.input_ids.size for batch in whole)
    tokens = sum(int(batch.attention_mask.sum()) for batch in whole)
    texts = sum(len(rows) for rows in group)
    rows = _renumbered(task, whole).to(task.device)
    batches = [own for batch in whole if len((own := _own_share(task, batch)).rows)]
    try:
        with told_when_short(task.network, positions):
            lent = lend_rows(task.tables, rows)
            loss = _gradients(task, group, batches, standing.step)
        moved = [*(one.values for one in task.parameters), *lent]
        for parameter in moved:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        slopes = [parameter.grad for parameter in moved if parameter.grad is not None]
        sum_over_processes(task.processes, [loss, *slopes])
        lost, length = torch.stack([loss, get_total_norm(slopes)]).tolist()  # one wait, not two
        if length > task.settings.clip:
            clip_grads_with_norm_(moved, task.settings.clip, torch.tensor(length))
        finite = bool(np.isfinite(lost) and np.isfinite(length))
        if finite:
            standing.failures = 0
            standing.updates += 1
            _move(task, rows, rate, standing.updates)
        else:
            _count_failure(standing, lost)
    finally:
        take_back(task.tables)
        for one in task.parameters:
            one.values.grad = None
    return Taken(lost, length, texts, tokens, positions, skipped=not finite)


def _own_share(task: Task, batch: Batch) -> Batch:
    if task.processes.number == 1:
        return batch
    take = task.processes.share(np.arange(len(batch.rows)))
    return Batch(batch.rows[take], batch.input_ids[take], batch.attention_mask[take])


def _renumbered(task: Task, batches: list[Batch]) -> Tensor:
    """The different ids of the batches, (U,) int64; the batches' ids become places among them.

    All processes see the whole batches, and so agree on the rows.
    """
    most = sum(batch.input_ids.size for batch in batches)
    used, count = np.empty(min(most, task.place_of.size), np.int64), 0
    for batch in batches:
        count = renumber(batch.input_ids.reshape(-1), task.place_of, used, count)
    used = used[:count]
    forget(task.place_of, used)
    return torch.from_numpy(used)


def _gradients(task: Task, group: list[np.ndarray], batches: list[Batch], step: int) -> Tensor:
    """Fill the gradients of this process's share of the step's mean loss; returns that share."""
    total = sum(_weight(task, rows) for rows in group)
    loss = torch.zeros((), device=task.device)
    own = "" if task.processes.is_first else f" of process {task.processes.place}"
    with seeded(child_seed(task.seed, f"dropout {step}{own}"), task.device):
        for batch in batches:
            input_ids = torch.from_numpy(batch.input_ids).to(task.device)
            mask = torch.from_numpy(batch.attention_mask).to(task.device)
            targets = task.targets[torch.from_numpy(batch.rows)].to(task.device)
            passes = []  # each drops what it drops
            for _ in range(2 if task.loss.consistency else 1):
                with reduced(task.precision, task.device), attention_kernels(task.device):
                    passes.append(task.network(input_ids, mask).float())
            losses = _passes_losses(task.loss, passes, targets)
            weights = text_weights(task.loss, targets)
            part = (losses if weights is None else losses * weights).sum() / total
            part.backward()
            loss += part.detach()
    return loss


def _passes_losses(loss: Loss, passes: list[Tensor], targets: Tensor) -> Tensor:
    """(B,) loss of every text, by one pass, or by two and how far they disagree."""
    first, *others = (text_losses(loss, logits, targets) for logits in passes)
    if not others:
        return first
    return (first + others[0]) / 2 + loss.consistency * disagreement(loss, *passes)


def _weight(task: Task, rows: np.ndarray) -> float:
    """How much the rows weigh together in the mean loss."""
    if task.loss.class_weights is None:
        return float(len(rows))
    weights = text_weights(task.loss, task.targets[torch.from_numpy(rows)])
    assert weights is not None
    return float(weights.sum())


def _move(task: Task, rows: Tensor, rate: float, updates: int) -> None:
    momentum = task.settings.momentum
    move_dense(task.parameters, Move(rate, updates, momentum))
    move_lent(task.tables, rows, Move(rate * task.settings.token_rate, updates, momentum))


def _count_failure(standing: Standing, loss: float) -> None:
    standing.failures += 1
    standing.slowdown /= 2
    if standing.failures == MOST_FAILURES:
        raise TrainingError(
            f"the loss was not finite in {MOST_FAILURES} steps in a row",
            found=loss,
            hint="lower --learning-rate, or pass --precision float32",
        )
