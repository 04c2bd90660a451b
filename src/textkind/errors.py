"""Every error a user can meet: what is wrong, what was found, where, and what to do.

TextkindError
+-- SettingsError        an option or argument that cannot be used
+-- DataError            a file or a row that cannot be used
|   +-- ColumnError      a column that is not there, or not the right kind
|   +-- NoRowsError      a file without a single row
+-- SealedError          test labels asked for before evaluation
+-- NotFittedError       prediction asked of a classifier that has not learned
+-- ModelFolderError     a model folder that is damaged, foreign or of another format
+-- OutputError          a result that could not be written
+-- MissingPackageError  an optional package that is not installed
+-- ServiceError         a service that does not answer, or refuses what it is asked
+-- ClusterError         a Ray cluster that cannot be joined, or loses what it works on
+-- TrainingError        training that cannot go on: not finite, out of memory, a foreign checkpoint
+-- RegressionError      an updated model that is significantly worse than the one before
"""

import difflib
from collections.abc import Iterable
from typing import Any


class TextkindError(Exception):
    """Base of all our errors. Only the problem is required, so every error pickles as it is."""

    # the user asked for something that cannot be done; 1 is kept for our own failures
    exit_code = 2

    def __init__(
        self, problem: str, *, found: object = None, where: str = "", hint: str = ""
    ) -> None:
        super().__init__(problem)
        self.found, self.where, self.hint = found, where, hint

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        found = "" if self.found is None else f"; found {self.found!r}"
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{where}{self.args[0]}{found}{hint}"


class SettingsError(TextkindError, ValueError):
    """An option or argument that cannot be used."""


class DataError(TextkindError, ValueError):
    """A file or a row that cannot be used."""


class ColumnError(DataError):
    """A column that is not there, or not of the right kind."""


class NoRowsError(DataError):
    """A file without a single row; among shards it is left out, and told."""


class SealedError(TextkindError, RuntimeError):
    """Test labels asked for before evaluation, or a second time."""


class NotFittedError(TextkindError, ValueError, AttributeError):
    """Prediction asked of a classifier that has not learned yet."""


class ModelFolderError(TextkindError, ValueError):
    """A model folder that is damaged, foreign or of another format."""


class MissingPackageError(TextkindError, ImportError):
    """An optional package that is not installed."""


class TrainingError(TextkindError, RuntimeError):
    """Training that cannot go on: loss not finite, too little memory, a foreign checkpoint."""


class RegressionError(TextkindError, RuntimeError):
    """An updated model that is significantly worse than the one before, and was not to be."""


class ServiceError(TextkindError, OSError):
    """A service that does not answer, or refuses what it is asked; status None: no answer."""

    exit_code = 1

    def __init__(self, problem: str, *, status: int | None = None, **told: Any) -> None:
        super().__init__(problem, **told)
        self.status = status


class ClusterError(TextkindError, OSError):
    """A Ray cluster that cannot be joined, or loses what it works on."""

    exit_code = 1


class OutputError(TextkindError, OSError):
    """A result that could not be written."""

    exit_code = 1


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known names, or lists them where none is near."""
    known = [str(name) for name in known]
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(wrong).lower(), list(folded), n=2, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(repr(folded[name]) for name in near) + "?"
    shown = ", ".join(repr(name) for name in known[:12])
    return f"known: {shown}" + (f" and {len(known) - 12} more" if len(known) > 12 else "")
