"""The folder NAME.unfinished beside a result that takes long: whatever ends the work, it goes on.

plan.json   what decides whether the work is the same: its data as checksums, its settings
lock        held while a process is at work here

The rest belongs to the kind of work. What is there under its own name is whole.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textkind.errors import SettingsError, TextkindError
from textkind.storage.alone import alone_in
from textkind.storage.comparison_folder import not_a_comparison
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.place import PART, START_ANEW, check_folder_target, replace_bytes, writing
from textkind.storage.run_folder import JOURNAL, not_a_run_folder

PLAN, LOCK = "plan.json", "lock"
NEW_PLAN = PLAN + PART
UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Work:
    """A kind of work that can be interrupted.

    name       as a noun
    not_ours   what is in a finished folder that it would not have, as check_folder_target takes it
    parts      patterns of what it writes into its unfinished folder
    """

    name: str
    not_ours: Callable[[Path], str | None]
    parts: tuple[str, ...]


COMPARISON = Work("comparison", not_a_comparison, ("fold-*", "spent.json*"))
TUNING = Work("tuning", not_a_run_folder, ("*.arrow", "trials", f"{JOURNAL}*"))


def unfinished_folder(target: Path) -> Path:
    """Where the work that is to be `target` is while it runs."""
    target = target.resolve()
    return target.with_name(target.name + UNFINISHED)


@contextlib.contextmanager
def open_unfinished(
    work: Work, target: Path, plan: dict[str, Any], *, overwrite: bool
) -> Iterator[tuple[Path, bool]]:
    """Yield the folder to work in, and whether it goes on from an earlier one with the same plan.

    What ends the block before its time is told where the finished parts are. SettingsError where
    unfinished work on something else stands there, unless overwrite is asked for, where another
    process is at work in it, and where `target` may not be written; OutputError where the disk
    refuses.
    """
    check_folder_target(target, overwrite, work.not_ours)
    plan = parse_document(document_bytes(plan), PLAN)  # as it will be read: tuples become lists
    folder = unfinished_folder(target)
    found = None
    if folder.exists() and {entry.name for entry in folder.iterdir()} - {LOCK, NEW_PLAN}:
        found = _plan_of(folder)
        if found is None:
            raise SettingsError(
                f"what is here is no unfinished {work.name}: {PLAN} cannot be read",
                where=str(folder),
                hint="remove it, or name another folder: --out",
            )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder, folder / LOCK, work.name):
        if found is not None and found != plan:
            if not overwrite:
                raise SettingsError(
                    f"an unfinished {work.name} with other data or settings stands here",
                    found=", ".join(_differing(found, plan)),
                    where=str(folder),
                    hint=START_ANEW,
                )
            _empty(folder, work)
        if found != plan:
            replace_bytes(folder / PLAN, document_bytes(plan))
        with _told_where(folder):
            yield folder, found == plan


def _differing(found: dict[str, Any], plan: dict[str, Any]) -> list[str]:
    return [key for key in {**plan, **found} if plan.get(key) != found.get(key)]


def _empty(folder: Path, work: Work) -> None:
    """Remove what work by another plan has left."""
    for old in (path for pattern in work.parts for path in folder.glob(pattern)):
        with writing(old):
            if old.is_dir():
                shutil.rmtree(old)
            else:
                old.unlink()


@contextlib.contextmanager
def _told_where(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if folder.exists():
            error.add_note(
                f"what is finished is kept in {folder}: the same command goes on from there"
            )
        raise


def _plan_of(folder: Path) -> dict[str, Any] | None:
    """What unfinished work is about; None where that cannot be told."""
    try:
        return parse_document((folder / PLAN).read_bytes(), PLAN)
    except (OSError, TextkindError):
        return None
