"""Whether a training fits into memory: asked before it begins, and told when it did not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from textkind.errors import TrainingError

# whole tables and dense parameters: themselves, two moments, the best weights so far
COPIES = 4
UNKNOWN = 1 << 62  # bytes, where nobody says


def available_memory() -> int:
    """Bytes that can be had now: of the machine or, where that is less, of the container."""
    return min(machine_memory(), container_memory())


def machine_memory() -> int:
    """Bytes that the machine can give now; a very large number where the system is mute."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return UNKNOWN


def container_memory(
    told: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")
) -> int:
    """Bytes left below the limits of this process's control groups (cgroup v2 and v1).

    `told` names its groups, `mounted` is where they hang. A group's limit binds all groups in it;
    inside a container the path may be that of the host, and then only the top is there to be read.
    File cache that has not been used of late counts as free, for the system takes it back.
    """
    try:
        lines = told.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return UNKNOWN
    left = UNKNOWN
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            top, names = mounted, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = mounted / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = Path(path.lstrip("/"))
        for place in (group, *group.parents):
            left = min(left, _left_in_group(top / place, *names))
    return left


def _left_in_group(folder: Path, limit: str, usage: str, cache: str) -> int:
    try:
        most = int((folder / limit).read_text(encoding="ascii"))  # "max" where there is none
        used = int((folder / usage).read_text(encoding="ascii"))
        for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{cache} "):
                used -= int(line.split()[1])
    except (OSError, ValueError):
        return UNKNOWN
    return max(0, most - used)


def needed_for_table(rows: int, width: int) -> int:
    """Bytes of training a table of float32."""
    return rows * width * 4 * COPIES


def check_memory(rows: int, width: int, available: int | None = None) -> None:
    """TrainingError where a token table of that shape could not be trained in memory."""
    needed = needed_for_table(rows, width)
    have = available_memory() if available is None else available
    if needed > have:
        raise TrainingError(
            f"training a table of {rows:,} tokens by {width:,} numbers takes "
            f"{needed / 1e9:,.1f} GB, and {have / 1e9:,.1f} GB are free",
            hint="lower the vocabulary's limit (--vocabulary-limit) or the width (--width)",
        )


@contextmanager
def told_when_short(network: nn.Module, positions: int) -> Iterator[None]:
    """Turn the failure to get memory inside the block into our error."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text = str(error)
        is_short = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not is_short and "allocate memory" not in text and "out of memory" not in text:
            raise
        asked = next((word for word in text.split() if word.isdigit() and len(word) > 6), None)
        wanted = "" if asked is None else f", which asked for {int(asked) / 1e9:,.1f} GB more"
        raise TrainingError(
            f"memory ran out on a batch of {positions:,} positions{wanted}",
            hint="lower --batch-tokens or --max-tokens",
        ) from error
