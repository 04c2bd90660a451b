"""The comparison folder, and the unfinished one beside it from which a comparison goes on.

compare.json     every rung with its figures, tests and costs; the data; the verdict
report.html      the same for people
report.md        the same for a pull request
models/NAME/     the model folder of each finished rung
rejected.jsonl   the rows that could not be used, when there are any
log.txt          what was told while it ran, with the seconds

While it runs there is NAME.unfinished instead (unfinished.py), with
fold-1/, fold-2/, ... (the parts as Arrow files, and a folder for each finished rung). A rung that
is being fitted lies in RUNG.part, and is renamed when it is whole. So whatever kills the
comparison, what is there under its own name is whole.
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from textkind.errors import OutputError
from textkind.storage.place import whole_folder, writing
from textkind.storage.run_folder import LOG, PULL_REQUEST, REJECTED, REPORT

FIGURES, MODELS = "compare.json", "models"
NAMES = {FIGURES, MODELS, REPORT, PULL_REQUEST, LOG, *REJECTED.values()}


def not_a_comparison(folder: Path) -> str | None:
    """What is in a folder that a comparison would not have; None where it may be replaced."""
    names = {entry.name for entry in folder.iterdir()}
    foreign = sorted(names - NAMES)
    if foreign:
        return foreign[0]
    return None if FIGURES in names else f"no {FIGURES}"


@contextlib.contextmanager
def finished_folder(target: Path, unfinished: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a folder that becomes `target` when the block ends well; then `unfinished` goes."""
    with whole_folder(target, overwrite=overwrite, not_ours=not_a_comparison) as part:
        (part / MODELS).mkdir()
        yield part
    shutil.rmtree(unfinished, ignore_errors=True)


def copy_model(model: Path, comparison: Path, name: str) -> None:
    """Put a model folder into a comparison that is being assembled."""
    with writing(comparison):
        try:
            shutil.copytree(model, comparison / MODELS / name)
        except shutil.Error as error:
            raise OutputError("a model could not be copied", where=str(model)) from error
