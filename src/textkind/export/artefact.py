"""An exported folder: what a target wrote, golden rows, a card, a manifest; verified on load.

export.json     the card: target, labels, decision, versions, facts
golden.json     texts of ours and what was said of them
MANIFEST.json   size and SHA-256 of each file
...             the files of the target

Files that the manifest does not list may stand beside them, such as a README of the owner's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import textkind
from textkind.classifier import Classifier
from textkind.decision.decision import decision_to_json
from textkind.errors import ModelFolderError, OutputError
from textkind.export.golden import (
    WRITTEN,
    Answers,
    answers_of,
    check_golden,
    golden_from_json,
    golden_rows,
    golden_texts,
    golden_to_json,
)
from textkind.export.targets import TARGETS, Exported, Written
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.manifest import MANIFEST, Format, read_verified, write_manifest
from textkind.storage.place import write_bytes

CARD, GOLDEN = "export.json", "golden.json"
EXPORT = Format(
    "export", 1, "a folder written by `textkind export`", "export the model again", holds_more=True
)
KEYS = {"textkind", "target", "kind", "labels", "several", "decision", "facts"}


@dataclass(frozen=True, eq=False)
class Verified:
    """A sound artefact; gaps are the greatest differences from its golden rows."""

    target: str
    card: dict[str, Any]
    exported: Exported
    rows: int
    gaps: dict[str, float]


def seal(classifier: Classifier, name: str, folder: Path, written: Written) -> Verified:
    """Add card, golden rows and manifest to what a target wrote, and look at the whole.

    OutputError where it answers otherwise than the classifier.
    """
    model = classifier.model
    decision = classifier.decision if written.decision is None else written.decision
    card = {
        "textkind": textkind.__version__,
        "target": name,
        "kind": model.name,
        "labels": list(model.labels.names),
        "several": model.labels.several,
        "decision": decision_to_json(decision),
        "facts": written.facts,
    }
    exported = TARGETS[name].file().load(folder, card)
    texts = golden_texts()
    own = answers_of(classifier, texts, threads=1)
    golden = golden_rows(texts, own, decision, WRITTEN)
    if written.same:
        try:
            check_golden(golden, one_by_one(exported), WRITTEN, "")
        except ModelFolderError as error:
            raise OutputError(
                "what was exported answers otherwise than the model", found=error.found
            ) from error
    said = own if written.same else one_by_one(exported)(texts)
    golden = golden_rows(texts, said, decision, written.allowed)
    write_bytes(folder / CARD, document_bytes(card))
    write_bytes(folder / GOLDEN, document_bytes(golden_to_json(golden)))
    files = [*written.files, CARD, GOLDEN]
    write_manifest(folder, files, f"textkind {textkind.__version__}", EXPORT)
    return open_artefact(folder)


def open_artefact(folder: Path) -> Verified:
    """The artefact of a folder, its files and golden rows checked.

    ModelFolderError where anything is missing, altered, or answers otherwise than it did;
    MissingPackageError where a package that it needs is not installed.
    """
    files = read_verified(folder, None, EXPORT)
    where = str(folder)
    for name in (CARD, GOLDEN):
        if name not in files:
            raise ModelFolderError(f"the folder has no {name}", where=where)
    card = parse_document(files[CARD], str(folder / CARD))
    if set(card) != KEYS or card["target"] not in TARGETS:
        raise ModelFolderError(
            "this is no export that this version knows", found=card.get("target"),
            where=str(folder / CARD), hint="update textkind",
        )  # fmt: skip
    golden = golden_from_json(parse_document(files[GOLDEN], str(folder / GOLDEN)), where)
    exported = TARGETS[card["target"]].file().load(folder, card)
    gaps = check_golden(golden, one_by_one(exported), golden.allowed, where)
    return Verified(card["target"], card, exported, len(golden.texts), gaps)


def is_export(path: Path) -> bool:
    """Whether this is the folder of an export, whatever has become of it."""
    return (path / CARD).is_file()


def not_an_export(folder: Path) -> str | None:
    """What speaks against replacing a folder; None where it is an export of ours."""
    names = {entry.name for entry in folder.iterdir()}
    return None if {MANIFEST, CARD, GOLDEN} <= names else f"no {CARD} and {GOLDEN}"


def one_by_one(exported: Exported) -> Callable[[Sequence[str]], Answers]:
    """Answers to each text alone: where something is rounded they may hang on their neighbours."""

    def answers(texts: Sequence[str]) -> Answers:
        found = [exported.answers([text]) for text in texts]
        logits, chances = (
            np.concatenate([getattr(one, name) for one in found])
            for name in ("logits", "probabilities")
        )
        return Answers(logits, chances, [one.labels[0] for one in found])

    return answers
