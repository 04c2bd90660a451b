"""The model folder: a classifier as JSON, safetensors and checksums, verified on load.

    MANIFEST.json         format, version, size and SHA-256 of each file, and its own checksum
    model.json            kind, labels, config, decision, provenance
    weights.safetensors   the named arrays
    evidence.safetensors  what validation showed, of which promises are made; empty without any
    seen.safetensors      keys of the texts that it learned from; empty where they are not known
    novelty.safetensors   by what texts out of scope are known; empty without any
    golden.json           a few texts of ours and the logits they had when the folder was written

Saving and loading go in the same order. Nothing is ever unpickled.
"""

import datetime as dt
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import textkind
from textkind.classifier import MODELS, Classifier, Model
from textkind.data.columns import Columns
from textkind.data.typed_labels import label_set
from textkind.decision.decision import decision_from_json, decision_to_json
from textkind.decision.evidence import evidence_arrays, evidence_from_arrays
from textkind.decision.novelty import novelty_arrays, novelty_from_arrays
from textkind.errors import ModelFolderError
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.manifest import (
    MANIFEST,
    find_model_folder,
    read_verified,
    write_manifest,
)
from textkind.storage.place import whole_folder, write_bytes
from textkind.storage.tensors import parse_tensors, tensor_bytes

CARD, WEIGHTS, GOLDEN = "model.json", "weights.safetensors", "golden.json"
EVIDENCE, SEEN = "evidence.safetensors", "seen.safetensors"
NOVELTY = "novelty.safetensors"
FILES = [CARD, WEIGHTS, EVIDENCE, SEEN, NOVELTY, GOLDEN]
GOLDEN_TEXTS = (
    "a short sentence about nothing much",
    "The parcel came late, the box was torn, and nobody answered the phone!",
    "WHERE is my card? It should have been here on 3 May",
    "un café crème, s'il vous plaît",
    "最初の注文はもう届きましたか",
    "so good 😀😀 would buy again :)",
    "see https://example.org/a?b=1 and write to someone@example.org",
    "",
)
_CARD_KEYS = {"textkind", "kind", "labels", "several", "config", "decision", "provenance"}


@dataclass(frozen=True)
class Provenance:
    """Where a model came from.

    source   name of the data, without the folders it lay in
    rows     rows learned from
    columns  the columns of the data; None where there were none
    sha256   of the file, in hexadecimal; None where the data was no single file
    """

    source: str
    rows: int
    seed: int
    columns: Columns | None = None
    sha256: str | None = None


def save_model(
    classifier: Classifier, folder: Path, provenance: Provenance, *, overwrite: bool = False
) -> None:
    """Write a model folder, whole or not at all.

    An existing folder is refused with SettingsError unless it is a model folder and `overwrite`
    was asked for; OutputError where the disk refuses.
    """
    with whole_folder(Path(folder), overwrite=overwrite, not_ours=not_a_model_folder) as part:
        write_model_files(classifier, part, provenance)


def write_model_files(classifier: Classifier, folder: Path, provenance: Provenance) -> None:
    """Write the files of a model folder into an empty folder that is being assembled."""
    model = classifier.model
    config, arrays = model.state()
    card = {
        "textkind": textkind.__version__,
        "kind": model.name,
        "labels": list(classifier.classes),
        "several": model.labels.several,
        "config": config,
        "decision": decision_to_json(classifier.decision),
        "provenance": asdict(provenance) | _circumstances(),
    }
    write_bytes(folder / CARD, document_bytes(card))
    write_bytes(folder / WEIGHTS, tensor_bytes(arrays))
    write_bytes(folder / EVIDENCE, tensor_bytes(evidence_arrays(classifier.evidence)))
    write_bytes(folder / SEEN, tensor_bytes(_seen_arrays(classifier.seen)))
    write_bytes(folder / NOVELTY, tensor_bytes(novelty_arrays(classifier.novelty)))
    golden = {"texts": list(GOLDEN_TEXTS), "logits": _golden_logits(model, GOLDEN_TEXTS).tolist()}
    write_bytes(folder / GOLDEN, document_bytes(golden))
    write_manifest(folder, FILES, f"textkind {textkind.__version__}")


def load_model(path: Path) -> Classifier:
    """The classifier of a model folder, or of a run folder that holds one.

    ModelFolderError where anything is missing, altered, foreign, of another format, or does not
    give the logits it gave when it was saved.
    """
    return load_with_provenance(path)[0]


def load_with_provenance(path: Path) -> tuple[Classifier, Provenance]:
    """What load_model gives, and where it came from."""
    folder = find_model_folder(Path(path))
    files = read_verified(folder, FILES)
    card = _parse_card(files[CARD], str(folder / CARD))
    arrays = parse_tensors(files[WEIGHTS], str(folder / WEIGHTS))
    shown = parse_tensors(files[EVIDENCE], str(folder / EVIDENCE))
    keys = parse_tensors(files[SEEN], str(folder / SEEN))
    strange = parse_tensors(files[NOVELTY], str(folder / NOVELTY))
    golden = parse_document(files[GOLDEN], str(folder / GOLDEN))
    classes = tuple(card["labels"])
    try:
        labels = label_set(np.array(classes), card["several"])
        decision = decision_from_json(card["decision"], len(labels))
        model_class = MODELS[card["kind"]].part(MODELS[card["kind"]].model)
        model = model_class.from_state(card["config"], arrays, labels)
        evidence = evidence_from_arrays(shown, card["several"], len(labels))
        seen = _seen_from_arrays(keys)
        novelty = novelty_from_arrays(strange, card["several"])
        _check_golden(model, golden)
        provenance = provenance_of_json(card["provenance"])
    except ModelFolderError as error:
        error.where = error.where if error.where else str(folder)
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        # Checksums are no signature: a folder sealed with nonsense inside must end here as well.
        raise ModelFolderError(
            "the model cannot be rebuilt", found=str(error), where=str(folder)
        ) from error
    return Classifier(model, decision, classes, evidence, seen, novelty), provenance


def read_card(path: Path) -> dict[str, Any]:
    """model.json of a verified model folder or run folder, with the size of its files in bytes."""
    folder = find_model_folder(Path(path))
    files = read_verified(folder, FILES)
    card = _parse_card(files[CARD], str(folder / CARD))
    return card | {"bytes": {name: len(data) for name, data in files.items()}}


def not_a_model_folder(folder: Path) -> str | None:
    """What is in a folder that a model folder would not have; None where it may be replaced."""
    names = {entry.name for entry in folder.iterdir()}
    foreign = sorted(names - {*FILES, MANIFEST})
    if foreign:
        return foreign[0]
    return None if MANIFEST in names else "no MANIFEST.json"


def _parse_card(data: bytes, where: str) -> dict[str, Any]:
    card = parse_document(data, where)
    if set(card) != _CARD_KEYS:
        raise ModelFolderError("model.json has other keys than it should", where=where)
    labels = card["labels"]
    kinds = {
        "kind": isinstance(card["kind"], str) and card["kind"] in MODELS,
        "labels": isinstance(labels, list)
        and len(labels) > 1
        and all(isinstance(label, str | int | float) for label in labels)
        and len({type(label) for label in labels}) == 1,
        "several": isinstance(card["several"], bool),
        "config": isinstance(card["config"], dict),
        "provenance": isinstance(card["provenance"], dict),
    }
    for key, good in kinds.items():
        if not good:
            found = str(card[key])[:80]
            raise ModelFolderError(
                f"`{key}` of model.json makes no sense", found=found, where=where
            )
    return card


def provenance_of_json(told: dict[str, Any]) -> Provenance:
    """The provenance that was told as JSON; ModelFolderError where columns are no names."""
    columns = told["columns"]
    if columns is not None:
        label = columns["label"]
        label = tuple(label) if isinstance(label, list) else label
        columns = Columns(**columns | {"text": tuple(columns["text"]), "label": label})
        if not all(isinstance(name, str) for name in (*columns.text, *columns.label_names)):
            raise ModelFolderError("the columns told in model.json are no names")
    return Provenance(told["source"], told["rows"], told["seed"], columns, told["sha256"])


def _seen_arrays(seen: np.ndarray | None) -> dict[str, np.ndarray]:
    return {} if seen is None else {"keys": seen}


def _seen_from_arrays(arrays: dict[str, np.ndarray]) -> np.ndarray | None:
    """The keys as they were; ModelFolderError where they are no rising list of uint64."""
    if not arrays:
        return None
    keys = arrays["keys"]
    if set(arrays) != {"keys"} or keys.dtype != np.uint64 or keys.ndim != 1:
        raise ModelFolderError("seen.safetensors makes no sense", found=sorted(arrays))
    if not (keys[1:] > keys[:-1]).all():
        raise ModelFolderError("the keys of seen.safetensors do not rise")
    return keys


def _check_golden(model: Model, golden: dict[str, Any]) -> None:
    texts, saved = golden.get("texts"), golden.get("logits")
    if not isinstance(texts, list) or len(texts) > len(GOLDEN_TEXTS):
        raise ModelFolderError("golden.json makes no sense")
    expected = np.array(saved, dtype=np.float64)
    given = _golden_logits(model, tuple(texts))
    if given.shape != expected.shape or not np.isfinite(expected).all():
        raise ModelFolderError("golden.json does not fit the model", found=expected.shape)
    allowed = MODELS[model.name].tolerance * np.maximum(1, np.abs(expected))
    if not (np.abs(given - expected) <= allowed).all():
        raise ModelFolderError(
            "the model gives other logits than when it was saved",
            found=f"a difference of {np.abs(given - expected).max():.2g}",
            hint="load it on the kind of machine and the versions named in model.json",
        )


def _golden_logits(model: Model, texts: tuple[str, ...]) -> np.ndarray:
    return model.logits(pa.array(texts, pa.large_string()), 1)


def _circumstances() -> dict[str, Any]:
    """When and with which versions: told, never needed for loading."""
    from importlib.metadata import version

    packages = ("numpy", "numba", "pyarrow", "safetensors")
    return {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in packages},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
