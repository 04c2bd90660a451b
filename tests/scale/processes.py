"""The processes below this one, found by name and killed as the kernel does when memory ends."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path


def below(process):
    """{process id: its command} of all that this process started, and those started in turn."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(stat[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    found, more = set(), {process}
    while more:
        more = {one for one, parent in parents.items() if parent in more} - found
        found |= more
    return {one: commands[one] for one in found}


@contextlib.contextmanager
def killed(name, times):
    """While the block runs, kill -9 the first so many processes whose command begins so."""
    over, gone = threading.Event(), set()

    def hunt():
        while not over.is_set() and len(gone) < times:
            for process, command in below(os.getpid()).items():
                if command.startswith(name) and process not in gone and len(gone) < times:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                        gone.add(process)
            time.sleep(0.02)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        yield gone
    finally:
        over.set()
        hunter.join()
    assert len(gone) == times, f"{name} was killed {len(gone)} times, not {times}"
