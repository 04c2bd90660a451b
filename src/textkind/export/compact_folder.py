"""A model as a compact file, with the readers beside it.

model.compact        all of the model: docs/compact-file.md
textkind_reader.py   reads it with Python alone
textkind_reader.js   reads it in a browser or in Node
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textkind.decision.decision import Decision
from textkind.export.compact import CompactSettings, check_model, compact
from textkind.export.compact_file import verified
from textkind.export.golden import Allowed, Answers, Labels
from textkind.export.reader_files import copy_readers
from textkind.export.settings import ExportSettings
from textkind.export.targets import Subject, Written
from textkind.progress import Talk
from textkind.storage.manifest import read_plain_file
from textkind.storage.model_folder import GOLDEN_TEXTS
from textkind.storage.place import write_bytes

FILE = "model.compact"
READER_FILES = ("textkind_reader.py", "textkind_reader.js")
# what runtimes might take otherwise: case, marks, letters that stand alone, symbols, pairs
TEXTS = (*GOLDEN_TEXTS, "ǅ İ ß ẞ K e\u0301 ก็ดี 한국어 Ⓐⓐ !!! 👩\u200d🚀 it’s n't U.S. 1,000.5")
ALLOWED = Allowed(1e-5, 1e-6)  # readers add up in float64
LARGEST = 1 << 32  # bytes


def check(subject: Subject, settings: ExportSettings) -> None:
    """SettingsError for a model that a compact file cannot hold."""
    check_model(subject.classifier.model)
    _asked(settings)


def write(subject: Subject, place: Path, settings: ExportSettings, talk: Talk) -> Written:
    """Write the file and both readers."""
    data, facts, decision = compact_data(subject, settings, talk)
    write_bytes(place / FILE, data)
    copy_readers(place, READER_FILES)
    return Written((FILE, *READER_FILES), facts, ALLOWED, same=False, decision=decision)


def load(place: Path, card: dict[str, Any]) -> "CompactExport":
    """The model of a folder; ModelFolderError where the file is damaged."""
    path = place / FILE
    return CompactExport(verified(read_plain_file(path, LARGEST), str(path)), card)


def compact_data(
    subject: Subject, settings: ExportSettings, talk: Talk
) -> tuple[bytes, dict[str, Any], Decision]:
    """The bytes of a compact file as asked for, what is told of it, and its decision."""
    data: Any = subject.training
    if data is None:
        data = subject.texts
    made = compact(
        subject.classifier, _asked(settings), data=data, golden=TEXTS,
        told={"model": subject.classifier.model.name}, threads=settings.threads, talk=talk,
    )  # fmt: skip
    for note in told_facts(made.facts, len(made.data)):
        talk.note(note)
    return made.data, {"bytes": len(made.data), **made.facts}, made.classifier.decision


def told_facts(facts: dict[str, Any], size: int) -> list[str]:
    """What was kept, and what that costs, in sentences."""
    notes = [f"{facts['rows']:,} of {facts['of']:,} rows in {size / 1e6:.3g} MB"]
    if facts.get("fitted_anew"):
        notes.append(
            f"{facts['figure']} on {facts['measured_on']:,} validation texts {facts['before']:.1f} "
            f"before and {facts['after']:.1f} after; {facts['changed']:.2%} of the answers are "
            "others, both by fits that did not see them"
        )
    elif "changed" in facts:
        notes.append(
            f"{facts['changed']:.2%} of the answers to {facts['measured_on']:,} texts are others"
        )
    return notes


class CompactExport:
    """A compact file that was loaded; read as its own reader does."""

    def __init__(self, reader: Any, card: dict[str, Any]) -> None:
        self.reader = reader
        self.labels = tuple(card["labels"])

    def answers(self, texts: Sequence[str], threads: int | None = None) -> Answers:
        """What it says of texts; one thread reads them."""
        logits = [self.reader.logits(text) for text in texts]
        chances = [self.reader.decision.probabilities(row) for row in logits]
        labels = [self.label_of(row) for row in chances]
        return Answers(np.array(logits, np.float32), np.array(chances, np.float32), labels)

    def label_of(self, chances: list[float]) -> Labels:
        """The label that the probabilities of a text give, or all of them."""
        answer = self.reader.decision.answer(chances)
        if self.reader.several:
            return [self.labels[one] for one in answer]
        return self.labels[answer]


def _asked(settings: ExportSettings) -> CompactSettings:
    given = {
        "most_mb": settings.most_mb,
        "most_lost": settings.most_lost,
        "most_changed": settings.most_changed,
    }
    return CompactSettings(**{name: value for name, value in given.items() if value is not None})
