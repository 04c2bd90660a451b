"""The run folder: what `train` leaves behind, put in its place whole or not at all.

model/           the model folder
metrics.json     every figure, with intervals; the data, the split, the fit
mistakes.jsonl   the most confident mistakes on the test part
kept.arrow       training texts to look for similar ones in, and to learn again in an update
held_out.arrow   validation and test texts to judge an update by; neither where none are to be kept
tune.json        of a run whose settings were searched for: every trial, and what mattered
trials.log       the same as Optuna's journal
rejected.jsonl   the rows that could not be used, when there are any
report.html      the same for people
report.md        the same for a pull request
card.md          the same as a model card
log.txt          what was told while it ran, with the seconds
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textkind.errors import DataError
from textkind.storage.documents import parse_document
from textkind.storage.manifest import MANIFEST, read_plain_file
from textkind.storage.place import whole_folder

MODEL, METRICS, MISTAKES = "model", "metrics.json", "mistakes.jsonl"
REPORT, PULL_REQUEST, CARD, LOG = "report.html", "report.md", "card.md", "log.txt"
KEPT, HELD_OUT = "kept.arrow", "held_out.arrow"
RUNS = Path("runs")
TUNING, JOURNAL = "tune.json", "trials.log"
REJECTED = {
    "train": "rejected.jsonl",
    "validation": "rejected.validation.jsonl",
    "test": "rejected.test.jsonl",
    "unlabelled": "rejected.unlabelled.jsonl",  # of a student
}
NAMES = {MODEL, METRICS, MISTAKES, KEPT, HELD_OUT, TUNING, JOURNAL, REPORT, PULL_REQUEST, CARD, LOG,
         *REJECTED.values()}  # fmt: skip
_LARGEST_METRICS = 1 << 28  # bytes


@contextlib.contextmanager
def new_run_folder(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a folder that becomes the run folder `target` when the block ends well.

    An existing target is refused with SettingsError unless it is a run folder with nothing else
    in it and `overwrite` was asked for; OutputError where the disk refuses.
    """
    with whole_folder(target, overwrite=overwrite, not_ours=not_a_run_folder) as part:
        yield part


def not_a_run_folder(folder: Path) -> str | None:
    """What is in a folder that a run folder would not have; None where it may be replaced."""
    names = {entry.name for entry in folder.iterdir()}
    foreign = sorted(names - NAMES)
    if foreign:
        return foreign[0]
    if not (folder / MODEL / MANIFEST).is_file() or METRICS not in names:
        return "no model and metrics.json"
    return None


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """metrics.json of a run folder; None where `folder` has none, as a model folder has not."""
    path = folder / METRICS
    if not path.exists():
        return None
    try:
        return parse_document(read_plain_file(path, _LARGEST_METRICS), str(path))
    except ValueError as error:
        raise DataError(f"metrics.json cannot be used: {error}") from None


def free_run_folder(base: Path, name: str) -> Path:
    """The first of base/name-1, base/name-2, ... that does not exist."""
    number = 1
    while (folder := base / f"{name}-{number}").exists():
        number += 1
    return folder
