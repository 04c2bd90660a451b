"""The nodes of a joined cluster, and whether they can do our work: versions, CPUs, GPUs."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import textkind
from textkind.errors import ClusterError, SettingsError
from textkind.optional import need
from textkind.progress import Talk

PATIENCE = 60.0  # seconds for all nodes to answer
DIFFERENT = {"python": "Python", "ray": "Ray", "textkind": "textkind"}


@dataclass(frozen=True)
class Node:
    """One node and what it has for work."""

    key: str
    host: str
    cpus: float
    gpus: float


@dataclass(frozen=True)
class Cluster:
    """The nodes of a cluster, and how many workers it was asked for."""

    nodes: tuple[Node, ...]
    workers: int | None


def nodes_of(described: list[dict[str, Any]]) -> tuple[Node, ...]:
    """The nodes that live, by what ray.nodes() tells."""
    return tuple(
        Node(
            one["NodeID"],
            one["NodeManagerHostname"],
            one["Resources"].get("CPU", 0.0),
            one["Resources"].get("GPU", 0.0),
        )
        for one in described
        if one["Alive"]
    )


def worker_count(cluster: Cluster, cpus: int, gpus: float) -> int:
    """How many workers of so many CPUs and GPUs work at once.

    ClusterError where no node has so many, SettingsError where more are asked for than there is
    room for: they would wait for ever.
    """
    room = sum(_room(node, cpus, gpus) for node in cluster.nodes)
    each = _told(cpus, gpus)
    if room == 0:
        largest = max(cluster.nodes, key=lambda node: (node.gpus > 0, node.cpus))
        raise ClusterError(
            f"no node of the cluster has {each} for a worker",
            found=f"{_told(largest.cpus, largest.gpus)} on the largest of {len(cluster.nodes)}",
            hint="ask less of each worker: --threads and --ray-gpus; or add nodes",
        )
    if cluster.workers is not None and cluster.workers > room:
        raise SettingsError(
            f"the cluster has room for {room} workers of {each}",
            found=cluster.workers,
            hint="ask for fewer workers or less of each: --ray-workers, --threads, --ray-gpus",
        )
    return room if cluster.workers is None else cluster.workers


def _room(node: Node, cpus: int, gpus: float) -> int:
    by_cpus = int(node.cpus // cpus)
    return by_cpus if gpus == 0 else min(by_cpus, int(node.gpus // gpus))


def _told(cpus: float, gpus: float) -> str:
    told = f"{cpus:g} CPU" + ("s" if cpus != 1 else "")
    return told + (f" and {gpus:g} GPU" + ("s" if gpus != 1 else "") if gpus else "")


def this_node() -> dict[str, str]:
    """The label of the node of this process, for work that needs its disk or ends with it."""
    return {"ray.io/node-id": need("ray").get_runtime_context().get_node_id()}


def check_nodes(nodes: tuple[Node, ...], talk: Talk) -> None:
    """Ask every node what it has; ClusterError where one cannot do our work.

    Told, where a node takes commands without a token.
    """
    answers = ask_nodes(nodes, _probe())
    here = {
        "python": platform.python_version(),
        "ray": need("ray").__version__,
        "textkind": textkind.__version__,
    }
    for node, answer in zip(nodes, answers, strict=True):
        wrong = differences(here, answer)
        if wrong:
            raise ClusterError(
                f"a node of the cluster has other software: {wrong}",
                where=node.host,
                hint="install the same on every node: pip install "
                f"'textkind[scale]=={textkind.__version__}'",
            )
    if any(answer["mode"] != "token" for answer in answers):
        talk.note(
            "the cluster asks for no token: whoever reaches its ports can run anything on it "
            "(RAY_AUTH_MODE=token)"
        )


def differences(here: dict[str, str], there: dict[str, str | None]) -> str:
    """What differs between two environments in words; nothing where they are the same."""
    return ", ".join(
        f"{told} {there[name]}, here {here[name]}" if there[name] else f"no {told}"
        for name, told in DIFFERENT.items()
        if there[name] != here[name]
    )


def ask_nodes(nodes: tuple[Node, ...], question: Callable[[], Any]) -> list[Any]:
    """The answer of each node to a function that takes no CPU; ClusterError where one is silent."""
    ray = need("ray")
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    asked = [
        ray.remote(question)
        .options(
            num_cpus=0,
            max_retries=1,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node.key, soft=False),
        )
        .remote()
        for node in nodes
    ]
    answered, silent = ray.wait(asked, num_returns=len(asked), timeout=PATIENCE)
    del answered
    if silent:
        raise ClusterError(
            f"a node of the cluster did not answer in {PATIENCE:g} seconds",
            where=nodes[asked.index(silent[0])].host,
            hint="see `ray status`, and whether the node is still up",
        )
    try:
        answers: list[Any] = ray.get(asked)
    except ray.exceptions.RayError as error:
        raise ClusterError("a node of the cluster cannot work", found=str(error)[:300]) from None
    return answers


def _probe() -> Callable[[], dict[str, str | None]]:
    """A function for nodes that may not have textkind: local ones are sent as their code."""

    def probe() -> dict[str, str | None]:
        import os
        import platform

        import ray

        try:
            import textkind

            version: str | None = textkind.__version__
        except ImportError:
            version = None
        return {
            "python": platform.python_version(),
            "ray": ray.__version__,
            "textkind": version,
            "mode": os.environ.get("RAY_AUTH_MODE", "").lower(),
        }

    return probe
