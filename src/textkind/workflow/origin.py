"""What a model remembers of its training data, so that it is used as it was trained.

A source and how it was read in, Provenance out; and whether another source is the same file.
"""

import hashlib
import re
from pathlib import Path

from textkind.classifier import Classifier
from textkind.data.columns import Columns
from textkind.export.artefact import is_export, open_artefact
from textkind.export.as_model import exported_classifier
from textkind.storage.manifest import MANIFEST, find_model_folder
from textkind.storage.model_folder import Provenance, load_with_provenance
from textkind.storage.run_folder import RUNS, free_run_folder


def origin_of(source: object, name: str, columns: Columns, rows: int, seed: int) -> Provenance:
    """Where a model comes from; `name` is what the reader calls the source."""
    return Provenance(source_name(source, name), rows, seed, columns, file_digest(source))


def source_name(source: object, name: str) -> str:
    """What a source is called where it is remembered; `name` is what the reader calls it.

    A path is told without its folders: they are those of one machine.
    """
    path = _path(source)
    return name if path is None else path.absolute().name


def named_after(source: object) -> str:
    """A name for what is made of a source: that of its file or folder, without signs of a pattern.

    "pipe" of standard input, "run" where there is no name.
    """
    path = _path(source)
    if path is None:
        return "pipe" if str(source) == "-" else "run"
    name = re.sub(r"[*?\[\]]", "", path.absolute().name.split(".")[0]).strip("-_ ")
    return name if name else "run"


def run_folder_for(source: object, kind: str = "") -> Path:
    """runs/NAME-1, of a kind runs/NAME-KIND-1, by the name of the source, or the next number."""
    name = named_after(source)
    return free_run_folder(RUNS, f"{name}-{kind}" if kind else name)


def classifier_of(model: str | Path | Classifier) -> tuple[Classifier, Provenance | None]:
    """A classifier in memory or of a folder, and what the folder remembers of its training data."""
    return (model, None) if isinstance(model, Classifier) else load_with_provenance(Path(model))


def any_classifier(model: str | Path | Classifier) -> tuple[Classifier, Provenance | None]:
    """As classifier_of, and of an export, which remembers nothing of its training data.

    It only answers: what looks into a model needs the model itself.
    """
    if isinstance(model, Classifier) or not is_export(Path(model)):
        return classifier_of(model)
    return exported_classifier(open_artefact(Path(model))), None


def answering_folder(model: str | Path) -> Path:
    """The folder with all that a model needs to answer: a model folder, or an export."""
    return Path(model) if is_export(Path(model)) else find_model_folder(Path(model))


def model_digest(model: str | Path) -> str:
    """The SHA-256 of the checksums of a model folder or an export: another model has another."""
    return hashlib.sha256((answering_folder(model) / MANIFEST).read_bytes()).hexdigest()


def learned_from(origin: Provenance | None, source: object) -> bool:
    """Whether the source is, to the byte, the file that a model was trained on."""
    return origin is not None and origin.sha256 is not None and file_digest(source) == origin.sha256


def file_digest(source: object) -> str | None:
    """The SHA-256 of a source that is a plain file, in hexadecimal; None for any other."""
    path = _path(source)
    if path is None or not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _path(source: object) -> Path | None:
    return Path(source) if isinstance(source, str | Path) and str(source) != "-" else None
