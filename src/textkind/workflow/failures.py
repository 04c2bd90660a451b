"""Why a process of ours has no result: what it wrote of it, or how it ended.

write_failure(folder, error)                        in the process that failed
failure = why_ended(folder, code, printed)          in the one that waited for it
"""

import signal
from pathlib import Path

from textkind import errors
from textkind.errors import ModelFolderError, TextkindError, TrainingError
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.place import write_bytes

FAILURE = "failure.json"


def write_failure(folder: Path, error: TextkindError) -> None:
    """Leave the error in the folder of the process; OutputError where the disk refuses."""
    found = error.found
    told = {
        "kind": type(error).__name__,
        "problem": error.args[0],
        "found": found if isinstance(found, str | int | float | None) else str(found),
        "where": error.where,
        "hint": error.hint,
    }
    write_bytes(folder / FAILURE, document_bytes(told))


def why_ended(folder: Path, code: int, printed: str) -> TextkindError:
    """The error that was left in the folder; without one, by exit code and the last words."""
    try:
        told = parse_document((folder / FAILURE).read_bytes(), FAILURE)
        kind = getattr(errors, told.pop("kind"))
        error: TextkindError = kind(told.pop("problem"), **told)
        return error
    except (OSError, KeyError, ModelFolderError):
        pass  # it had no time to say why
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        hint = "the memory may not have been enough" if name == "SIGKILL" else ""
        return TrainingError(f"its process was ended by {name}", hint=hint)
    last = next((line.strip() for line in reversed(printed.split("\n")) if line.strip()), "")
    return TrainingError(
        f"its process ended with code {code}" + (f": {last[:200]}" if last else "")
    )
