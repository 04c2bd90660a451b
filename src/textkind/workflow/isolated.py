"""A job in a process of its own: started, listened to, stopped in time; its end as a record.

Whatever happens in there, a crash, a kill, too little memory, stays there.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, ClassVar, Protocol

from textkind.environment import own_environment
from textkind.errors import SettingsError
from textkind.progress import Talk
from textkind.storage.documents import document_bytes
from textkind.storage.place import write_bytes, writing
from textkind.workflow.failures import why_ended

PARTIAL, OLD = ".part", ".old"
JOB, PRINTED = "job.json", "printed.txt"
LEAST_SECONDS = 2.0  # of a job: a process is hardly up in less
GRACE = 5.0  # seconds to end when asked to, before it is ended


class Job(Protocol):
    """A dataclass whose values JSON knows: what the main function of a module is to do.

    out   folder to fill, empty
    """

    module: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def out(self) -> str:
        """As above."""


@dataclass(frozen=True)
class Failure:
    """Why a job has no result; the hint says what may help."""

    reason: str
    hint: str = ""


OUT_OF_TIME = Failure("stopped: its share of the budget was over", "give a longer --budget")


def check_budget(seconds: float | None) -> None:
    """SettingsError where no job could be done in so many seconds; None is no end."""
    if seconds is not None and not LEAST_SECONDS <= seconds < float("inf"):
        raise SettingsError(f"the budget must be {LEAST_SECONDS:g} seconds or more", found=seconds)


def run_isolated(job: Job, seconds: float | None, talk: Talk) -> Failure | None:
    """Do the job in a process of its own; None where job.out is there and whole.

    seconds after which it is stopped; None: never. On Ctrl-C the process is ended first.
    """
    partial = prepared(job)
    failure = _run(partial, job.module, seconds, talk)
    return placed(job, failure)


def prepared(job: Job) -> Path:
    """The folder that the job is to fill, with the job in it; what an earlier one left is gone."""
    partial = _partial(job)
    shutil.rmtree(partial, ignore_errors=True)
    with writing(partial):
        partial.mkdir(parents=True)
    write_bytes(partial / JOB, document_bytes(asdict(job) | {"out": str(partial)}))
    return partial


def placed(job: Job, failure: Failure | None) -> Failure | None:
    """Put what the job filled in its place, or away where it failed; the failure.

    What an earlier job filled goes.
    """
    partial, out = _partial(job), Path(job.out)
    if failure is None:
        with writing(out):
            old = out.with_name(out.name + OLD)
            shutil.rmtree(old, ignore_errors=True)
            if out.exists():
                os.rename(out, old)
            os.rename(partial, out)
            shutil.rmtree(old, ignore_errors=True)
    else:
        shutil.rmtree(partial, ignore_errors=True)
    return failure


def _partial(job: Job) -> Path:
    return Path(job.out + PARTIAL)


def _run(partial: Path, module: str, seconds: float | None, talk: Talk) -> Failure | None:
    with (partial / PRINTED).open("wb") as printed:
        process = started(module, printed, str(partial / JOB))
        assert process.stdout is not None
        listener = threading.Thread(target=_listen, args=(process.stdout, talk), daemon=True)
        listener.start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            end(process)
            return OUT_OF_TIME
        except BaseException:
            end(process)
            raise
        finally:
            listener.join(GRACE)
            assert process.stdin is not None
            process.stdin.close()
            process.stdout.close()
    if process.returncode == 0:
        return None
    text = (partial / PRINTED).read_text(encoding="utf-8", errors="replace")
    return why(partial, process.returncode, text)


def started(module: str, printed: IO[bytes], *arguments: str) -> "subprocess.Popen[bytes]":
    """A process of ours that runs a module; what libraries print in it goes to `printed`."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=printed,
        env=own_environment(),
        start_new_session=True,  # Ctrl-C comes to us alone, and we end it
    )


def _listen(lines: IO[bytes], talk: Talk) -> None:
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:  # the end of a line that a kill cut off
            continue
        if "note" in said:
            talk.note(said["note"])
        else:
            talk.advance(said["done"], said["total"], said["detail"])


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, and end it where it does not."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def why(partial: Path, code: int, printed: str) -> Failure:
    """Why the process that was to fill the folder has not; printed is what it said last."""
    error = why_ended(partial, code, printed)
    found = "" if error.found is None else f"; found {error.found!r}"
    return Failure(f"{error.args[0]}{found}", error.hint)
