"""The comparison folder, and the unfinished one beside it from which a comparison goes on.

compare.json     every rung with its figures, tests and costs; the data; the verdict
report.html      the same for people
report.md        the same for a pull request
models/NAME/     the model folder of each finished rung
rejected.jsonl   the rows that could not be used, when there are any
log.txt          what was told while it ran, with the seconds

While it runs there is NAME.unfinished instead, with plan.json (what it compares, as checksums) and
fold-1/, fold-2/, ... (the parts as Arrow files, and a folder for each finished rung). A rung that
is being fitted lies in RUNG.part, and is renamed when it is whole. So whatever kills the
comparison, what is there under its own name is whole.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textkind.errors import OutputError, SettingsError, TextkindError
from textkind.storage.alone import alone_in
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.place import check_folder_target, whole_folder, write_bytes, writing
from textkind.storage.run_folder import LOG, PULL_REQUEST, REJECTED, REPORT

FIGURES, MODELS, PLAN, LOCK = "compare.json", "models", "plan.json", "lock"
NAMES = {FIGURES, MODELS, REPORT, PULL_REQUEST, LOG, *REJECTED.values()}
NEW_PLAN = PLAN + ".part"
UNFINISHED = ".unfinished"
HINT = "to start anew: --overwrite (overwrite=True), or name another folder: --out"


def not_a_comparison(folder: Path) -> str | None:
    """What is in a folder that a comparison would not have; None where it may be replaced."""
    names = {entry.name for entry in folder.iterdir()}
    foreign = sorted(names - NAMES)
    if foreign:
        return foreign[0]
    return None if FIGURES in names else f"no {FIGURES}"


def unfinished_folder(target: Path) -> Path:
    """Where a comparison that is to be `target` is while it runs."""
    target = target.resolve()
    return target.with_name(target.name + UNFINISHED)


@contextlib.contextmanager
def open_unfinished(
    target: Path, plan: dict[str, Any], *, overwrite: bool
) -> Iterator[tuple[Path, bool]]:
    """Yield the folder to work in, and whether it goes on from an earlier one with the same plan.

    SettingsError where an unfinished comparison of something else stands there, unless overwrite is
    asked for, where another process is at work in it, and where `target` may not be written;
    OutputError where the disk refuses.
    """
    check_folder_target(target, overwrite, not_a_comparison)
    folder = unfinished_folder(target)
    found = None
    if folder.exists() and {entry.name for entry in folder.iterdir()} - {LOCK, NEW_PLAN}:
        found = _plan_of(folder)
        if found is None:
            raise SettingsError(
                f"what is here is no unfinished comparison: {PLAN} cannot be read",
                where=str(folder),
                hint="remove it, or name another folder: --out",
            )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder, folder / LOCK, "comparison"):
        if found is not None and found != plan:
            if not overwrite:
                differing = [key for key in plan if plan[key] != found.get(key)]
                raise SettingsError(
                    "an unfinished comparison with other data or settings stands here",
                    found=", ".join(differing),
                    where=str(folder),
                    hint=HINT,
                )
            for old in folder.glob("fold-*"):
                shutil.rmtree(old)
        if found != plan:
            write_bytes(folder / NEW_PLAN, document_bytes(plan))
            with writing(folder):
                os.replace(folder / NEW_PLAN, folder / PLAN)
        yield folder, found == plan


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


def _plan_of(folder: Path) -> dict[str, Any] | None:
    """What an unfinished comparison compares; None where that cannot be told."""
    try:
        return parse_document((folder / PLAN).read_bytes(), PLAN)
    except (OSError, TextkindError):
        return None
