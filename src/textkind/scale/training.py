"""Train on a cluster: read, split and judge here; workers train the network.

Batches are those of one process, shared out among the workers, so the number of workers changes
nothing but the order in which numbers are added up, and what dropout drops.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from textkind.data.labels import LabelSet
from textkind.errors import ClusterError, SettingsError
from textkind.models.neural_settings import NeuralSettings
from textkind.optional import need
from textkind.progress import SILENT, Talk, counted
from textkind.scale.cluster import open_cluster
from textkind.scale.datasets import Pool
from textkind.scale.nodes import Cluster, this_node, worker_count
from textkind.scale.settings import RaySettings
from textkind.scale.shared import check_seen
from textkind.scale.training_worker import (
    ADVANCE,
    BEGUN,
    FAILED,
    NOTE,
    TASK,
    TASK_ENDS,
    Lost,
    Messages,
    TrainingWork,
    run_workers,
)
from textkind.training.fit import Trained
from textkind.training.settings import Places
from textkind.training.tasks import Examples
from textkind.workflow.train import RunResult, TrainSettings, train

GRACE = 10.0  # seconds for Ray Train to end its workers
LOOK = 0.3  # seconds between two looks at what the workers tell
LOSSES = 5  # times that workers may be lost before a training is given up


def train_on(
    ray: RaySettings,
    source: object,
    settings: TrainSettings = TrainSettings(),
    talk: Talk = SILENT,
) -> RunResult:
    """As workflow.train.train, the network trained by the workers of a cluster.

    A worker takes settings.threads CPUs, one where it is None, and the GPUs of ray. Raises what
    train and open_cluster raise, and SettingsError for a model that is not trained step by step.
    """
    check_trainable(settings.model)
    if settings.stream:
        raise SettingsError(
            "a corpus that is streamed is learned on one machine: each worker holds all texts",
            found="stream",
            hint="leave --stream out, or --ray",
        )
    settings = replace(settings, stream=False)
    threads = 1 if settings.threads is None else settings.threads
    with open_cluster(ray, threads, talk) as cluster:
        pool = Pool(worker_count(cluster, threads, ray.gpus), threads, ray.gpus)
        return train(source, settings, talk, ClusterTrainer(cluster, pool))


def check_trainable(model: object) -> None:
    """SettingsError for a model whose training workers cannot share."""
    if not isinstance(model, NeuralSettings):
        raise SettingsError(
            "--ray trains networks and pretrained encoders",
            found=getattr(model, "model", "auto"),
            hint="fit it on one machine; `textkind compare --ray` fits several models at once",
        )
    if model.network == "frozen":
        raise SettingsError(
            "the head of a frozen encoder is fitted at once, and not step by step",
            found=model.network,
            hint="train it on one machine",
        )


@dataclass(frozen=True)
class ClusterTrainer:
    """Trains a network on a cluster, as train_network does in one process."""

    cluster: Cluster
    pool: Pool
    losses: int = LOSSES

    def __call__(
        self,
        network: nn.Module,
        examples: Examples,
        held_out: Examples | None,
        labels: LabelSet,
        settings: NeuralSettings,
        *,
        seed: int = 0,
        talk: Talk = SILENT,
    ) -> Trained:
        """As train_network. ClusterError where workers are lost again and again."""
        ray = need("ray")
        places = _with_full_paths(settings.places)
        check_seen(self.cluster, _written(places), "name a folder that all nodes have")
        work = TrainingWork(
            network, examples, held_out, labels, replace(settings, places=places), seed
        )
        reference = ray.put(work)
        here = {"num_cpus": 0, "label_selector": this_node()}
        messages = ray.remote(Messages).options(**here).remote()
        task = ray.remote(run_workers).options(max_retries=0, **here)
        running = task.remote([reference], messages, self.pool, self.losses)
        hearing = _Hearing(talk, places.checkpoints is not None)
        try:
            with contextlib.closing(hearing):
                while not ray.wait([running], timeout=LOOK)[0]:
                    hearing.hear(ray.get(messages.take.remote()))
                ended = ray.get(running)
                hearing.hear(ray.get(messages.take.remote()))
        except ray.exceptions.RayTaskError:
            raise  # a fault of ours
        except ray.exceptions.RayError as error:
            raise _lost(1, str(error).strip().split("\n")[0][:300]) from error
        finally:
            _end(running)
            _free(hearing.group)
            ray.kill(messages)
        if isinstance(ended, Lost):
            raise _lost(self.losses + 1, ended.reason)
        network.load_state_dict(ended.state)
        network.to("cpu").eval()
        return ended.trained


def _end(running: Any) -> None:
    """End the task of Ray Train, where it has not ended: asked first, as by Ctrl-C."""
    ray = need("ray")
    ray.cancel(running)
    ray.wait([running], timeout=GRACE)
    ray.cancel(running, force=True)


def _free(group: Any) -> None:
    """Give back what workers were placed in, where Ray Train was ended before it could."""
    if group is not None:
        util = need("ray.util.placement_group")
        util.remove_placement_group(util.PlacementGroup(group))


class _Hearing:
    """Tells here what the first worker told; each note once, however often all begin again.

    group  the placement group of the workers, once they have begun
    """

    def __init__(self, talk: Talk, has_checkpoints: bool) -> None:
        self._talk, self._has_checkpoints = talk, has_checkpoints
        self._tasks: list[contextlib.ExitStack] = []
        self._told: set[str] = set()
        self._begun = 0
        self.group: Any = None

    def hear(self, messages: list[tuple[str, Any]]) -> None:
        """What was told; an error of ours is raised."""
        ways: dict[str, Callable[[Any], None]] = {
            BEGUN: self._begin,
            NOTE: self._note,
            ADVANCE: lambda content: self._talk.advance(*content),
            TASK: self._open,
            TASK_ENDS: lambda _: self._tasks.pop().close(),
            FAILED: _raise,
        }
        for kind, content in messages:
            ways[kind](content)

    def close(self) -> None:
        """End the tasks that are open."""
        while self._tasks:
            self._tasks.pop().close()

    def _begin(self, group: Any) -> None:
        self.close()
        self.group = group
        self._begun += 1
        if self._begun > 1:
            self._talk.note(
                "a worker was lost: all begin again from the last checkpoint"
                if self._has_checkpoints
                else "a worker was lost: all begin again from the first step, for want of "
                "checkpoints (--checkpoints)"
            )

    def _note(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._talk.note(message)

    def _open(self, name: str) -> None:
        opened = contextlib.ExitStack()
        opened.enter_context(self._talk.task(name))
        self._tasks.append(opened)


def _raise(error: Exception) -> None:
    raise error


def _lost(times: int, reason: str) -> ClusterError:
    return ClusterError(
        f"the training was given up: workers were lost {counted(times, 'time')}",
        found=reason,
        hint="the memory of a node may not be enough: see `ray status` and Ray's logs; with "
        "--checkpoints the same command goes on",
    )


def _with_full_paths(places: Places) -> Places:
    """The same for a process that works in another folder."""
    full: dict[str, Any] = {name: path.absolute() for name, path in _paths(places).items()}
    return replace(places, **full)


def _paths(places: Places) -> dict[str, Path]:
    """Those that are written and are no URI, by the name of the setting."""
    named = {name: getattr(places, name) for name in ("checkpoints", "steps", "tensorboard")}
    return {name: path for name, path in named.items() if isinstance(path, Path)}


def _written(places: Places) -> dict[str, Path]:
    """The folders that the first worker writes into, by their names in words."""
    words = {
        "checkpoints": "the folder of the checkpoints",
        "steps": "the folder of the steps",
        "tensorboard": "the folder of the events",
    }
    return {
        words[name]: path.parent if name == "steps" else path
        for name, path in _paths(places).items()
    }
