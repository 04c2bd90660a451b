"""A rung in a process of its own: started, listened to, stopped in time; its end as a record.

Whatever happens in there, a crash, a kill, too little memory, stays there.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from textkind.environment import own_environment
from textkind.progress import Talk
from textkind.storage.documents import document_bytes
from textkind.storage.place import write_bytes, writing
from textkind.workflow.failures import why_ended
from textkind.workflow.rung import Job, job_to_json

PARTIAL = ".part"
JOB, PRINTED = "job.json", "printed.txt"
GRACE = 5.0  # seconds to end when asked to, before it is ended


@dataclass(frozen=True)
class Failure:
    """Why a rung has no result; the hint says what may help."""

    reason: str
    hint: str = ""


def run_isolated(job: Job, seconds: float | None, talk: Talk) -> Failure | None:
    """Do the job in a process of its own; None where job.out is there and whole.

    seconds after which it is stopped; None: never. On Ctrl-C the process is ended first.
    """
    out = Path(job.out)
    partial = out.with_name(out.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    with writing(partial):
        partial.mkdir(parents=True)
    write_bytes(partial / JOB, document_bytes(job_to_json(job) | {"out": str(partial)}))
    failure = _run(partial, seconds, talk)
    if failure is None:
        with writing(out):
            os.rename(partial, out)
    else:
        shutil.rmtree(partial, ignore_errors=True)
    return failure


def _run(partial: Path, seconds: float | None, talk: Talk) -> Failure | None:
    with (partial / PRINTED).open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "textkind.workflow.rung", str(partial / JOB)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            env=own_environment(),
            start_new_session=True,  # Ctrl-C comes to us alone, and we end it
        )
        assert process.stdout is not None
        listener = threading.Thread(target=_listen, args=(process.stdout, talk), daemon=True)
        listener.start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return Failure("stopped: its share of the budget was over", "give a longer --budget")
        except BaseException:
            _end(process)
            raise
        finally:
            listener.join(GRACE)
            assert process.stdin is not None
            process.stdin.close()
            process.stdout.close()
    return None if process.returncode == 0 else _why(partial, process.returncode)


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


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _why(partial: Path, code: int) -> Failure:
    try:
        printed = (partial / PRINTED).read_text(encoding="utf-8", errors="replace")
    except OSError:
        printed = ""
    error = why_ended(partial, code, printed)
    found = "" if error.found is None else f"; found {error.found!r}"
    return Failure(f"{error.args[0]}{found}", error.hint)
