"""How much memory can be had: of the machine, and below the limits of a container."""

import os
from pathlib import Path

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
