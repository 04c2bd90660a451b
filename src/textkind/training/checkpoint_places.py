"""Where checkpoints lie: in a folder here, or behind a URI that pyarrow knows, such as s3://.

What is behind a URI is written and read through a folder here, by checkpoints.py.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pyarrow import fs

from textkind.data.shards import told_uri
from textkind.errors import TrainingError
from textkind.progress import SILENT, Talk
from textkind.training.checkpoints import (
    KEPT,
    NAME,
    Checkpoint,
    last_checkpoint,
    not_written,
    write_checkpoint,
)

PIECE = 1 << 20  # bytes that are copied at a time
HINT = "for example s3://bucket/folder, gs://..., with credentials on every machine that trains"


def save_checkpoint(place: Path | str, step: int, checkpoint: Checkpoint, fingerprint: str) -> None:
    """As write_checkpoint, also behind a URI; OutputError."""
    if isinstance(place, Path):
        write_checkpoint(place, step, checkpoint, fingerprint)
        return
    with tempfile.TemporaryDirectory(prefix="textkind-") as room:
        write_checkpoint(Path(room), step, checkpoint, fingerprint)
        (written,) = Path(room).iterdir()
        try:
            files, folder = fs.FileSystem.from_uri(place)
            files.create_dir(folder, recursive=True)
            part = f"{folder}/.{written.name}.part"
            with written.open("rb") as source, files.open_output_stream(part) as sink:
                shutil.copyfileobj(source, sink, PIECE)
            files.move(part, f"{folder}/{written.name}")
            for old in _names(files, folder)[:-KEPT]:
                files.delete_file(f"{folder}/{old}")
        except (OSError, ValueError, ImportError) as error:
            raise not_written(error, told_place(place)) from error


def find_checkpoint(place: Path | str, fingerprint: str, talk: Talk = SILENT) -> Checkpoint | None:
    """As last_checkpoint, also behind a URI; TrainingError where that cannot be read."""
    if isinstance(place, Path):
        return last_checkpoint(place, fingerprint, talk)
    with tempfile.TemporaryDirectory(prefix="textkind-") as room, _readable(place):
        files, folder = fs.FileSystem.from_uri(place)
        for name in _names(files, folder)[-KEPT:]:
            with (
                files.open_input_stream(f"{folder}/{name}") as source,
                (Path(room) / name).open("wb") as sink,
            ):
                shutil.copyfileobj(source, sink, PIECE)
        return last_checkpoint(Path(room), fingerprint, talk, called=told_place(place))


def told_place(place: Path | str) -> str:
    """In words: a URI without what may be secret in it."""
    return str(place) if isinstance(place, Path) else told_uri(place)


def place_below(place: Path | str, name: str) -> Path | str:
    """A folder in the place."""
    if isinstance(place, Path):
        return place / name
    folder, mark, options = place.partition("?")
    return f"{folder.rstrip('/')}/{name}{mark}{options}"


def _names(files: fs.FileSystem, folder: str) -> list[str]:
    """Those of the checkpoints, the last one last."""
    found = files.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    return sorted(one.base_name for one in found if NAME.fullmatch(one.base_name))


@contextlib.contextmanager
def _readable(place: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, ImportError) as error:
        raise TrainingError(
            "the checkpoints cannot be read",
            found=str(error).split("\n")[0].replace(place, told_place(place))[:300],
            where=told_place(place),
            hint=HINT,
        ) from error
