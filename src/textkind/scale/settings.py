"""Which Ray cluster works, and how many workers there are on it."""

import re
from dataclasses import dataclass

from textkind.errors import SettingsError

LOCAL, AUTO = "local", "auto"
HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/@]+):(\d{1,5})")


@dataclass(frozen=True)
class RaySettings:
    """A cluster and what is asked of it.

    address  "local" starts a cluster on this machine and ends it again; "auto" joins the one that
             runs on this machine; HOST:PORT joins that one, of which this machine is a node
    workers  how many there are; None: as many as the cluster has CPUs for
    gpus     of each worker that can use one; less than 1 shares a GPU between workers
    """

    address: str = LOCAL
    workers: int | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.address.startswith("ray://"):
            raise SettingsError(
                "an address of Ray Client cannot be used: Ray Data works on a node of the cluster",
                found=self.address,
                hint="give the command on a node of the cluster, with --ray auto",
            )
        if self.address not in (LOCAL, AUTO):
            host_and_port(self.address)
        if self.workers is not None and self.workers < 1:
            raise SettingsError("the workers on Ray must be 1 or more", found=self.workers)
        if not 0 <= self.gpus < float("inf"):
            raise SettingsError("the GPUs of a worker must be 0 or more", found=self.gpus)


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of HOST:PORT; SettingsError where it is something else."""
    found = HOST_AND_PORT.fullmatch(address)
    if found is None or not 0 < int(found[2]) < 1 << 16:
        raise SettingsError(
            "the address of a Ray cluster must be local, auto or HOST:PORT",
            found=address,
            hint="`ray start --head` tells it, for example 10.0.0.1:6379",
        )
    return found[1].strip("[]"), int(found[2])
