"""What a training writes while it runs: JSON lines, and events for TensorBoard."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from textkind.errors import OutputError
from textkind.optional import need
from textkind.training.settings import Places
from textkind.training.steps import Step


class Recorders:
    """A context in which every step is recorded wherever `places` says.

    A training that goes on after `begin` steps keeps the lines of those, and drops what an
    interrupted one wrote behind them.
    """

    def __init__(self, places: Places, begin: int, *, enabled: bool = True) -> None:
        self._places, self._begin, self._enabled = places, begin, enabled
        self._lines: IO[str] | None = None
        self._board: Any = None

    def __enter__(self) -> Self:
        if not self._enabled:
            return self
        if self._places.tensorboard is not None:
            self._board = _open_board(self._places.tensorboard, self._begin)
        if self._places.steps is not None:
            self._lines = _open_lines(self._places.steps, self._begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lines is not None:
            self._lines.close()
        if self._board is not None:
            self._board.close()

    def record(self, step: Step, figures: Mapping[str, float] | None) -> None:
        """One step, and the figures of validation where it was looked at."""
        if self._lines is not None:
            told = _finite(asdict(step))
            told["validation"] = None if figures is None else _finite(figures)
            try:
                self._lines.write(json.dumps(told, allow_nan=False) + "\n")
                self._lines.flush()
            except OSError as error:
                raise _not_written(self._places.steps, error) from error
        if self._board is not None:
            for name in ("loss", "rate", "gradient"):
                self._board.add_scalar(f"train/{name}", getattr(step, name), step.number)
            for name, value in (figures or {}).items():
                self._board.add_scalar(f"validation/{name}", value, step.number)


def _finite(told: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as JSON can hold them: what is not finite is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in told.items()
    }


def _open_board(folder: Path, begin: int) -> Any:
    need("tensorboard", "--tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    try:
        return SummaryWriter(str(folder), purge_step=begin + 1)
    except OSError as error:
        raise _not_written(folder, error) from error


def _open_lines(path: Path, begin: int) -> IO[str]:
    """The file, open behind its lines of the first `begin` steps; what follows them is cut off."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        with path.open("rb+") as file:
            kept = 0
            for line in file:
                if not line.endswith(b"\n") or not 0 < _number(line) <= begin:
                    break
                kept += len(line)
            file.truncate(kept)
        return path.open("a", encoding="utf-8", newline="\n")
    except OSError as error:
        raise _not_written(path, error) from error


def _number(line: bytes) -> int:
    """The number of the step that a line tells of; 0 where it is none of ours."""
    try:
        return int(json.loads(line)["number"])
    except (ValueError, KeyError, TypeError):
        return 0


def _not_written(path: Path | None, error: OSError) -> OutputError:
    return OutputError(
        "the record of steps could not be written", found=str(error), where=str(path)
    )
