"""Validation and test texts that a run keeps, to judge an update by: one Arrow file, verified.

data = held_out_bytes(held)                             beside it in metrics.json: its SHA-256
held = read_held_out(run_folder, labels)
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet
from textkind.errors import SettingsError
from textkind.storage.kept_texts import (
    ROW,
    SOURCE,
    check_texts,
    checked_table,
    matrix_column,
    matrix_of,
    table_bytes,
)
from textkind.storage.part_files import TARGETS, TEXT, target_column, targets_of, writable
from textkind.storage.run_folder import HELD_OUT, read_metrics

TESTED, LOGITS = "tested", "logits"


@dataclass(frozen=True, eq=False)
class HeldOutTexts:
    """Some texts of the validation and the test part.

    targets  (N,) int32 label ids, or (N, K) uint8 for several labels
    rows     (N,) int64 places in their source
    sources  (N,) the names of their sources
    tested   (N,) bool: of the test part; the others are of validation
    logits   (N, K) float16 by a fit that had not seen the text; 0 of the test part
    """

    texts: pa.LargeStringArray
    targets: np.ndarray
    rows: np.ndarray
    sources: pa.StringArray
    tested: np.ndarray
    logits: np.ndarray


def held_out_bytes(held: HeldOutTexts) -> bytes:
    """The file as bytes: columns text, targets, row, source, tested and logits."""
    return table_bytes(
        {
            TEXT: held.texts,
            TARGETS: target_column(held.targets),
            ROW: held.rows,
            SOURCE: held.sources,
            TESTED: held.tested,
            LOGITS: matrix_column(held.logits),
        }
    )


def held_out_facts(held: HeldOutTexts, of: dict[str, int], data: bytes) -> dict[str, Any]:
    """The entry "held_out" of metrics.json; `of` tells how many texts each part had."""
    tested = int(held.tested.sum())
    return {
        "validation": len(held.tested) - tested,
        "test": tested,
        "of": of,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def read_held_out(folder: Path, labels: LabelSet) -> HeldOutTexts:
    """The validation and test texts that a run folder keeps.

    SettingsError where it keeps none, ModelFolderError where they are not as they were written.
    """
    metrics = read_metrics(folder)
    facts = None if metrics is None else metrics.get("held_out")
    if facts is None:
        raise SettingsError("this run keeps no validation or test texts", where=str(folder))
    return checked_table(folder / HELD_OUT, facts, lambda batch: _held_of(batch, labels, facts))


def _held_of(batch: pa.RecordBatch, labels: LabelSet, facts: dict[str, Any]) -> HeldOutTexts:
    """What the columns hold; ValueError where that cannot be texts of this model."""
    held = HeldOutTexts(
        writable(batch.column(TEXT)),
        targets_of(batch.column(TARGETS), labels),
        batch.column(ROW).to_numpy(),
        batch.column(SOURCE),
        batch.column(TESTED).to_numpy(zero_copy_only=False),
        matrix_of(batch.column(LOGITS), len(labels)),
    )
    check_texts(batch, held.texts, held.targets, held.rows, labels)
    if held.tested.dtype != np.bool_:
        raise ValueError("tested is not true or false")
    if held.logits.dtype != np.float16 or not np.isfinite(held.logits).all():
        raise ValueError("a logit is no number")
    tested = int(held.tested.sum())
    if (len(held.tested) - tested, tested) != (facts["validation"], facts["test"]):
        raise ValueError("not as many texts as were written")
    return held
