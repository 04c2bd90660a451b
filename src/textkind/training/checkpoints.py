"""Checkpoints: all that a training needs to go on as if nothing had happened.

One safetensors file each, with the facts as JSON in its header: written under another name, put
in its place whole, the last two kept. A damaged one is told, named so, and the one before it taken.
"""

import contextlib
import json
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from textkind.errors import OutputError, TrainingError
from textkind.progress import SILENT, Talk

KEPT = 2
FORMAT = "textkind checkpoint 1"
NAME = re.compile(r"step-(\d{9})\.safetensors")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Named tensors, and JSON-able facts."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


def write_checkpoint(folder: Path, step: int, checkpoint: Checkpoint, fingerprint: str) -> None:
    """Write one, whole or not at all, and remove all but the last two; OutputError."""
    place = folder / f"step-{step:09d}.safetensors"
    part = folder / f".{place.name}.{os.getpid()}.part"
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()
    }
    facts = json.dumps(checkpoint.facts, allow_nan=False)
    told = {"format": FORMAT, "fingerprint": fingerprint, "facts": facts}
    told["checksum"] = _checksum(tensors, told)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, part, told)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, place)
        for old in _steps(folder)[:-KEPT]:
            (folder / f"step-{old:09d}.safetensors").unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise not_written(error, str(place)) from error


def not_written(error: Exception, where: str) -> OutputError:
    """The error for a checkpoint that a disk or a service has refused."""
    return OutputError("a checkpoint could not be written", found=str(error)[:300], where=where)


def last_checkpoint(
    folder: Path, fingerprint: str, talk: Talk = SILENT, *, called: str | None = None
) -> Checkpoint | None:
    """The last whole checkpoint of a training; None where there is none.

    called: the folder in words; None: its path. TrainingError where it is of another network,
    other data or other settings.
    """
    _remove_parts(folder)
    for step in reversed(_steps(folder)):
        place = folder / f"step-{step:09d}.safetensors"
        where = str(place) if called is None else f"{called}/{place.name}"
        try:
            with safe_open(place, "pt") as file:
                told = file.metadata() or {}
                # copied: else they are views of a file that is to be removed
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            facts = json.loads(told["facts"])
            if told.pop("checksum") != _checksum(tensors, told):
                raise ValueError("its checksum differs")
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            talk.note(f"{where} is damaged and left aside: {error}")
            with contextlib.suppress(OSError):  # else it would count among the two that are kept
                os.replace(place, place.with_suffix(".damaged"))
            continue
        if told.get("format") != FORMAT or told.get("fingerprint") != fingerprint:
            raise TrainingError(
                "the checkpoint is of another training: other data, settings or network",
                where=where,
                hint="name another folder with --checkpoints, or remove this one",
            )
        return Checkpoint(tensors, facts)
    return None


def _checksum(tensors: dict[str, Tensor], told: dict[str, str]) -> str:
    """CRC-32 of all that is told, and of every tensor: it finds accidents, no more."""
    found = zlib.crc32(json.dumps(told, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        found = zlib.crc32(f"{name} {tensor.dtype} {list(tensor.shape)}".encode(), found)
        found = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, found)
    return f"{found:08x}"


def _steps(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    found = (NAME.fullmatch(entry.name) for entry in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def _remove_parts(folder: Path) -> None:
    """Remove what a killed training was just writing."""
    if folder.is_dir():
        for part in folder.glob(".step-*.part"):
            part.unlink(missing_ok=True)
