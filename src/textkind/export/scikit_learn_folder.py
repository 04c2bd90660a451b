"""A linear model as a scikit-learn Pipeline, without pickle and without textkind.

model.compact          the model
textkind_reader.py     reads it
textkind_pipeline.py   makes the Pipeline: load_pipeline()
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textkind.export.compact_folder import ALLOWED, FILE, CompactExport, compact_data
from textkind.export.compact_folder import check as check_compact
from textkind.export.compact_folder import load as load_compact
from textkind.export.golden import Answers
from textkind.export.reader_files import copy_readers
from textkind.export.readers import textkind_reader
from textkind.export.settings import ExportSettings
from textkind.export.targets import Subject, Written
from textkind.progress import Talk
from textkind.storage.place import write_bytes

FILES = ("textkind_reader.py", "textkind_pipeline.py")


def check(subject: Subject, settings: ExportSettings) -> None:
    """SettingsError for sizes and losses that make no sense."""
    check_compact(subject, settings)


def write(subject: Subject, place: Path, settings: ExportSettings, talk: Talk) -> Written:
    """Write the files."""
    data, facts, decision = compact_data(subject, settings, talk)
    write_bytes(place / FILE, data)
    copy_readers(place, FILES)
    return Written((FILE, *FILES), facts, ALLOWED, same=False, decision=decision)


def load(place: Path, card: dict[str, Any]) -> "PipelineExport":
    """The model of a folder; ModelFolderError where the file is damaged."""
    return PipelineExport(load_compact(place, card))


class PipelineExport:
    """A folder whose pipeline was made; the code is that of this package, not of the folder."""

    def __init__(self, compact: CompactExport) -> None:
        self.compact, self.labels = compact, compact.labels
        self.pipeline = pipeline_module().pipeline_of(compact.reader)

    def answers(self, texts: Sequence[str], threads: int | None = None) -> Answers:
        """What it says of texts; one thread reads them."""
        rows = self.pipeline[:-1].transform(texts)
        linear = self.pipeline[-1]
        margins, chances = linear.decision_function(rows), linear.predict_proba(rows)
        logits = np.column_stack([-margins / 2, margins / 2]) if margins.ndim == 1 else margins
        labels = [self.compact.label_of(row) for row in chances.tolist()]
        return Answers(logits.astype(np.float32), chances.astype(np.float32), labels)


def pipeline_module() -> Any:
    """The module that is copied into the folder; it finds the reader by its bare name there."""
    before = sys.modules.get("textkind_reader")
    sys.modules["textkind_reader"] = textkind_reader
    try:
        return importlib.import_module("textkind.export.readers.textkind_pipeline")
    finally:
        if before is None:
            del sys.modules["textkind_reader"]
        else:
            sys.modules["textkind_reader"] = before
