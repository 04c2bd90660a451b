"""Results put in their place whole or not at all.

A folder or file is written under a temporary sibling name, flushed to the disk and renamed. An
error or Ctrl-C at any moment leaves what stood there before; the exception carries a note that
says which.
"""

import contextlib
import errno
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from textkind.errors import OutputError, SettingsError

# a hint, where what stands there was begun otherwise
START_ANEW = "to start anew: --overwrite (overwrite=True), or name another folder: --out"

PART = ".part"  # behind the name of a file of ours that is being replaced

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no permission to write here",
    errno.EPERM: "no permission to write here",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.EEXIST: "part of the path is a file, not a folder",
    errno.ENAMETOOLONG: "the name is too long",
}


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an operating-system error of the block into OutputError about `path`.

    A closed pipe stays what it is: the reader has seen enough, which is no failure of the disk.
    """
    try:
        yield
    except (OutputError, BrokenPipeError):
        raise
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise OutputError(f"could not be written: {reason}", where=str(path)) from error


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done, then deliver it.

    A handler is swapped rather than the signal masked: with several threads the kernel would hand
    a masked signal to another thread. Only the main thread receives Ctrl-C, so elsewhere nothing
    is needed.
    """
    main = threading.current_thread() is threading.main_thread()
    previous = signal.getsignal(signal.SIGINT) if main else None
    if previous is None:
        yield
        return
    pending = []
    signal.signal(signal.SIGINT, lambda number, frame: pending.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if pending:
            signal.raise_signal(signal.SIGINT)


def check_folder_target(
    target: Path, overwrite: bool, not_ours: Callable[[Path], str | None]
) -> None:
    """Raise SettingsError unless a folder may be put at `target`.

    Allowed: nothing there, an empty folder, or with `overwrite` a folder for which
    `not_ours(folder)` finds no reason against replacing it.
    """
    target = target.resolve()
    if not target.exists():
        return
    where = str(target)
    if not target.is_dir():
        raise SettingsError("a file stands where the folder should go", where=where)
    if Path.cwd().is_relative_to(target):
        raise SettingsError(
            "the folder to write is the one you are working in", where=where, hint="name a new one"
        )
    if not any(target.iterdir()):
        return
    reason = not_ours(target)
    if reason is not None:
        raise SettingsError(
            "the folder exists and holds other things, so it is not replaced",
            found=reason,
            where=where,
            hint="choose another folder",
        )
    if not overwrite:
        raise SettingsError(
            "the folder exists already",
            where=where,
            hint="name another, or replace it: --overwrite (overwrite=True)",
        )


@contextlib.contextmanager
def whole_folder(
    target: Path, *, overwrite: bool, not_ours: Callable[[Path], str | None]
) -> Iterator[Path]:
    """Yield an empty folder beside `target` that takes its place when the block ends well.

    Raises SettingsError as check_folder_target does, OutputError where the disk refuses.
    """
    check_folder_target(target, overwrite, not_ours)
    target = target.resolve()
    part = target.parent / f".textkind-{secrets.token_hex(4)}.part"
    existed, placed = target.exists(), False
    missing = _missing_parents(target)
    try:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            part.mkdir()
        yield part
        check_folder_target(target, overwrite, not_ours)  # it may have come up meanwhile
        with writing(target):
            flush_folder(part)
            with uninterrupted():
                _swap(part, target)
                placed = True
    except BaseException as error:
        if placed:
            error.add_note(f"{target} is complete")
        else:
            error.add_note(
                f"{target} is as it was" if existed else f"nothing was written to {target}"
            )
            with uninterrupted():
                shutil.rmtree(part, ignore_errors=True)
                _remove_empty(missing)
        raise


def _swap(part: Path, target: Path) -> None:
    """Rename `part` to `target`; what stood there is moved aside first and removed last."""
    aside = part.with_suffix(".old")
    existed = target.exists()
    if existed:
        os.rename(target, aside)
    try:
        os.rename(part, target)
    except OSError:
        if existed:
            os.rename(aside, target)
        raise
    _flush(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def check_file_target(target: Path, overwrite: bool) -> None:
    """Raise SettingsError unless a file may be put at `target`."""
    target = target.resolve()
    if target.exists() and not target.is_file():
        raise SettingsError(
            "not a plain file", where=str(target), hint="name a file, or - for a pipe"
        )
    if target.exists() and not overwrite:
        raise SettingsError(
            "the file exists already",
            where=str(target),
            hint="name another, or replace it: --overwrite (overwrite=True)",
        )


@contextlib.contextmanager
def whole_file(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield the name of a file beside `target` that takes its place when the block ends well.

    Raises SettingsError as check_file_target does, OutputError where the disk refuses.
    """
    check_file_target(target, overwrite)
    target = target.resolve()
    # The suffix stays last: writers choose the format by it.
    part = target.parent / f".textkind-{secrets.token_hex(4)}.part{target.suffix}"
    existed, placed = target.exists(), False
    missing = _missing_parents(target)
    try:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            part.touch()
        yield part
        with writing(target), uninterrupted():
            _flush(part)
            os.replace(part, target)
            placed = True
            _flush(target.parent)
    except BaseException as error:
        if placed:
            error.add_note(f"{target} is complete")
        else:
            error.add_note(
                f"{target} is as it was" if existed else f"nothing was written to {target}"
            )
            with uninterrupted(), contextlib.suppress(OSError):  # it may never have been there
                part.unlink(missing_ok=True)
            with uninterrupted():
                _remove_empty(missing)
        raise


def _missing_parents(target: Path) -> list[Path]:
    """The folders above `target` that are not there yet, the deepest first."""
    return [folder for folder in target.parents if not folder.exists()]


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders that were made for nothing, unless someone has put something there."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def write_bytes(path: Path, data: bytes) -> None:
    """Write one file of a folder that is still being assembled; OutputError where refused."""
    with writing(path):
        path.write_bytes(data)


def replace_bytes(path: Path, data: bytes) -> None:
    """Write one file anew, whole or not at all; OutputError where refused."""
    part = path.with_name(path.name + PART)
    write_bytes(part, data)
    with writing(path):
        os.replace(part, path)


def flush_folder(folder: Path) -> None:
    """Ask the disk to keep every file below `folder`, and the folders themselves."""
    for root, _, names in os.walk(folder):
        for name in names:
            _flush(Path(root) / name)
        _flush(Path(root))


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # Windows cannot open folders
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
