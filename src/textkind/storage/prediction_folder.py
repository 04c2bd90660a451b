"""A folder of predictions: a file for each shard of the input, and an account of what is finished.

NAME.csv ...          the predictions of shard NAME, in the format asked for
_rejected/NAME.jsonl  its rows that could not be used, where there are any
_textkind/plan.json   what is predicted: model, shards, settings
_textkind/done.jsonl  a line for each finished file: its shard, its counts
_textkind/lock        held by the process at work

A file is put in its place whole, and its line is written after it. So whatever kills the process,
what has a line is whole, and what has none is written again. Names that begin with an underscore
are passed over by readers of shards.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textkind.errors import ModelFolderError, SettingsError
from textkind.storage.alone import alone_in
from textkind.storage.documents import document_bytes, parse_document, parse_value
from textkind.storage.place import START_ANEW, whole_file, writing

STATE, REJECTED = "_textkind", "_rejected"
PLAN, DONE, LOCK = "plan.json", "done.jsonl", "lock"
MOST_TOLD = 3  # shards that are named in an error


@dataclass(frozen=True)
class Finished:
    """A file of predictions that stands in its place.

    shard   the name of the input
    output  its path in the folder
    size    bytes
    last    whether it holds the last rows of the shard
    counts  what adds up over all of them
    """

    shard: str
    output: str
    size: int
    last: bool
    read: int
    rejected: int
    counts: dict[str, int]


def rejected_path(folder: Path, output: str) -> Path:
    """Where the rejected rows of a file of predictions go."""
    return folder / REJECTED / f"{output}.jsonl"


@contextlib.contextmanager
def open_prediction_folder(
    folder: Path, plan: dict[str, Any], *, overwrite: bool
) -> Iterator[list[Finished]]:
    """Hold a folder, and yield what is finished there, in the order in which it was.

    plan is as JSON gives it back; its "shards" are a list of names with fingerprints.
    SettingsError where the folder holds other things or predictions by another plan, unless
    `overwrite` is asked for, which removes those; where another process is at work in it; and
    where a file stands there. OutputError where the disk refuses.
    """
    folder = folder.resolve()
    state = folder / STATE
    _check_ours(folder)
    with writing(folder):
        state.mkdir(parents=True, exist_ok=True)
    with alone_in(folder, state / LOCK, "prediction"):
        found = _plan_of(folder)
        if found is not None and (overwrite or found != plan):
            if not overwrite:
                raise SettingsError(
                    "the folder holds predictions of something else: it differs in "
                    + "; ".join(_differences(plan, found)),
                    where=str(folder),
                    hint=START_ANEW,
                )
            _clear(folder)
        _remove_unfinished(folder)
        if found != plan:
            _write(state / PLAN, document_bytes(plan))
        yield _finished(folder)


def add_finished(folder: Path, one: Finished) -> None:
    """Add the line of a file that has been put in its place."""
    path = folder / STATE / DONE
    line = json.dumps(asdict(one), ensure_ascii=False, allow_nan=False) + "\n"
    with writing(path), path.open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def _check_ours(folder: Path) -> None:
    """SettingsError where something else stands in the place of the folder, or in it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise SettingsError("a file stands where the folder should go", where=str(folder))
    others = sorted(entry.name for entry in folder.iterdir() if entry.name != STATE)
    if others and not (folder / STATE / PLAN).exists():
        raise SettingsError(
            "the folder holds other things, so nothing is written there",
            found=others[0],
            where=str(folder),
            hint="name a new folder, or a file: -o NAME.csv",
        )


def _plan_of(folder: Path) -> dict[str, Any] | None:
    """The plan of a folder; None of a new one."""
    path = folder / STATE / PLAN
    if not path.exists():
        return None
    try:
        return parse_document(path.read_bytes(), str(path))
    except ModelFolderError as error:
        raise SettingsError(
            f"{STATE}/{PLAN} cannot be read: {error.args[0]}",
            where=str(folder),
            hint="remove the folder, or name another: --out",
        ) from None


def _differences(plan: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """In words, what another plan has otherwise."""
    told = []
    for key in plan:
        now, before = plan[key], found.get(key)
        if now == before:
            continue
        if key == "shards" and isinstance(before, list):
            told += _changed_shards(dict(now), dict(before))
        elif isinstance(now, dict) and isinstance(before, dict):
            names = [name for name in now if now[name] != before.get(name)]
            told += [f"{name} ({now[name]!r}, before {before.get(name)!r})" for name in names]
        else:
            told.append(key)
    return told if told else ["what a later version of textkind wrote"]


def _changed_shards(now: dict[str, str], before: dict[str, str]) -> list[str]:
    kinds = {
        "new": [name for name in now if name not in before],
        "gone": [name for name in before if name not in now],
        "changed": [name for name in now if name in before and now[name] != before[name]],
    }
    told = []
    for kind, names in kinds.items():
        if names:
            more = f" and {len(names) - MOST_TOLD:,} more" if len(names) > MOST_TOLD else ""
            told.append(f"shards that are {kind}: {', '.join(names[:MOST_TOLD])}{more}")
    return told if told else ["the order of the shards"]


def _finished(folder: Path) -> list[Finished]:
    """What has a line, and the file that it tells of; lines of files that are gone are removed.

    Of a shard in several files, those behind a missing one are written again as well.
    """
    path = folder / STATE / DONE
    kept, missing, data = [], set[str](), path.read_bytes() if path.exists() else b""
    for line in data.splitlines():
        try:
            one = Finished(**parse_value(line))
            there = (folder / one.output).stat().st_size == one.size
        except (ValueError, TypeError, OSError):  # a line cut off, or a file that is gone
            one, there = None, False
        if one is not None and there and one.shard not in missing:
            kept.append((line, one))
        elif one is not None:
            missing.add(one.shard)
    whole = b"".join(line + b"\n" for line, _ in kept)
    if whole != data:
        _write(path, whole)
    return [one for _, one in kept]


def _clear(folder: Path) -> None:
    """Remove the predictions of a folder, what tells of them first; other files stay."""
    finished = _finished(folder)
    with writing(folder):
        for name in (DONE, PLAN):
            (folder / STATE / name).unlink(missing_ok=True)
        shutil.rmtree(folder / REJECTED, ignore_errors=True)
        for one in finished:
            (folder / one.output).unlink(missing_ok=True)


def _remove_unfinished(folder: Path) -> None:
    """Remove what a process that was killed left under temporary names."""
    with writing(folder):
        for pattern in (".textkind-*.part*", f"{REJECTED}/**/.*.unfinished"):
            for path in folder.rglob(pattern):
                path.unlink()


def _write(path: Path, data: bytes) -> None:
    with whole_file(path, overwrite=True) as part:
        part.write_bytes(data)
