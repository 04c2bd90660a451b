"""What runs on the cluster when a network is trained: Ray Train, and in its workers our loop.

A worker trains as a process of torchrun would: it has all texts, takes its share of every batch,
and the first one looks at validation and writes the checkpoints. A worker that dies ends the
others; then all begin again, from the last checkpoint.
"""

import contextlib
import ipaddress
import logging
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from textkind.data.labels import LabelSet
from textkind.errors import TextkindError
from textkind.models.neural_settings import NeuralSettings
from textkind.models.pretrained import train_network
from textkind.optional import need
from textkind.progress import SILENT, Talk
from textkind.scale.datasets import Pool
from textkind.training.fit import Trained
from textkind.training.forward import torch_threads
from textkind.training.tasks import Examples

OFTEN = 0.2  # seconds between two words on progress
BEGUN, NOTE, ADVANCE, TASK, TASK_ENDS, FAILED = "begun", "note", "advance", "task", "ends", "failed"


@dataclass(frozen=True, eq=False)
class TrainingWork:
    """What train_network is asked; it goes to the workers through the object store."""

    network: nn.Module
    examples: Examples
    held_out: Examples | None
    labels: LabelSet
    settings: NeuralSettings
    seed: int


@dataclass(frozen=True, eq=False)
class TrainedAway:
    """What the first worker leaves: the network's state, and how the training went."""

    state: dict[str, Tensor]
    trained: Trained


@dataclass(frozen=True)
class Lost:
    """A training that was given up, and why."""

    reason: str


class Messages:
    """An actor: holds what the first worker tells until the command asks for it."""

    def __init__(self) -> None:
        self._told: list[tuple[str, Any]] = []

    def tell(self, kind: str, content: Any = None) -> None:
        """Keep a message."""
        self._told.append((kind, content))

    def take(self) -> list[tuple[str, Any]]:
        """All that was told since it was last asked."""
        told, self._told = self._told, []
        return told


class AwayTalk(Talk):
    """Sends what the loop tells of itself to an actor; it waits for nothing."""

    def __init__(self, messages: Any) -> None:
        self._messages, self._advanced = messages, 0.0

    def note(self, message: str) -> None:
        """Send it."""
        self._messages.tell.remote(NOTE, message)

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """Send it, unless the last one was just before."""
        now = time.monotonic()
        if now - self._advanced > OFTEN:
            self._advanced = now
            self._messages.tell.remote(ADVANCE, (done, total, detail))

    @contextlib.contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Send both ends."""
        self._messages.tell.remote(TASK, name)
        yield
        self._messages.tell.remote(TASK_ENDS)


def run_workers(work: list[Any], messages: Any, pool: Pool, losses: int) -> TrainedAway | Lost:
    """In a task of its own: let Ray Train begin the workers, and wait for them.

    work has the reference of a TrainingWork; losses: how often workers may be lost. This is no
    function of the command's process: Ray Train takes Ctrl-C for itself there, and its workers end
    with whoever began them.
    """
    train, with_torch = need("ray.train"), need("ray.train.torch")
    resources = {"CPU": pool.cpus} | ({"GPU": pool.gpus} if pool.gpus else {})
    with tempfile.TemporaryDirectory(prefix="textkind-") as room:
        trainer = _trainer_class()(
            train_share,
            train_loop_config={"work": work, "messages": messages, "threads": pool.cpus},
            torch_config=with_torch.TorchConfig(backend="nccl" if pool.gpus else "gloo"),
            scaling_config=train.ScalingConfig(
                num_workers=pool.workers,
                use_gpu=pool.gpus > 0,
                resources_per_worker=resources,
            ),
            run_config=train.RunConfig(
                name="training",
                storage_path=room,  # for its own notes: checkpoints are ours
                failure_config=train.FailureConfig(max_failures=losses),
                worker_runtime_env={"env_vars": _connections()},
            ),
        )
        try:
            result: TrainedAway = trainer.fit().return_value
        except train.TrainingFailedError as error:
            return Lost(_reason(error))
        return result


def _trainer_class() -> Any:
    """TorchTrainer without the detached actor that it starts to watch over its placement group.

    That one asks the dashboard whether the training lives, and where there is none it stays for
    ever. The command frees the group itself.
    """
    parent: Any = need("ray.train.torch").TorchTrainer

    class Trainer(parent):
        def _create_default_callbacks(self) -> list[Any]:
            usual = super()._create_default_callbacks()
            return [one for one in usual if type(one).__name__ != "PlacementGroupCleanerCallback"]

    return Trainer


def train_share(told: dict[str, Any]) -> TrainedAway | None:
    """In a worker: train with the others. What was learned is returned by the first."""
    ray = need("ray")
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    messages = told["messages"]
    is_first = need("ray.train").get_context().get_world_rank() == 0
    (reference,) = told["work"]
    work: TrainingWork = ray.get(reference)
    if is_first:
        group = need("ray.util").get_current_placement_group()
        messages.tell.remote(BEGUN, None if group is None else group.id)
    try:
        with torch_threads(told["threads"]):
            trained = train_network(
                work.network, work.examples, work.held_out, work.labels, work.settings,
                seed=work.seed, talk=AwayTalk(messages) if is_first else SILENT,
            )  # fmt: skip
    except TextkindError as error:
        ray.get(messages.tell.remote(FAILED, error))  # the command ends all workers
        raise
    return TrainedAway(work.network.state_dict(), trained) if is_first else None


def _connections() -> dict[str, str]:
    """The environment in which workers of a cluster on loopback listen on no other device.

    Gloo asks for no token, and would listen where the name of the machine leads.
    """
    address = need("ray.util").get_node_ip_address()
    if not ipaddress.ip_address(address).is_loopback:
        return {}
    loopback = (name for _, name in socket.if_nameindex() if name.startswith("lo"))
    return {"GLOO_SOCKET_IFNAME": next(loopback)}


def _reason(error: Any) -> str:
    """The first line of what became of the workers."""
    failures = getattr(error, "worker_failures", {})
    told = [str(one).strip() for _, one in sorted(failures.items())] or [str(error).strip()]
    return told[0].split("\n")[0][:300]
