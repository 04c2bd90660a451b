"""Export: a model out of textkind, with golden rows, verified when it is written and when loaded.

result = export_model("runs/reviews", "reviews-onnx", ExportSettings("onnx"))
exported = load_exported("reviews-onnx")
exported.answers(["a fine film"])
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.columns import Columns
from textkind.data.read import read_table, texts_of
from textkind.data.rejected import reasons_in_words
from textkind.errors import SettingsError
from textkind.export.artefact import Verified, not_an_export, open_artefact, seal
from textkind.export.settings import ExportSettings
from textkind.export.targets import Exported, Subject, check_target
from textkind.progress import SILENT, Talk
from textkind.storage.kept_texts import read_kept
from textkind.storage.manifest import find_model_folder
from textkind.storage.place import check_folder_target, whole_folder
from textkind.storage.run_folder import read_metrics
from textkind.workflow.origin import classifier_of
from textkind.workflow.training_texts import training_texts

KEPT = "training texts that the run keeps"


@dataclass(frozen=True)
class ExportResult:
    """What was written.

    rows  golden rows; gaps: the greatest differences from them
    size  bytes of all files
    """

    target: str
    output: str
    facts: dict[str, Any]
    rows: int
    gaps: dict[str, float]
    size: int


def export_model(
    model: str | Path | Classifier,
    output: str | Path,
    settings: ExportSettings = ExportSettings(),
    talk: Talk = SILENT,
) -> ExportResult:
    """Write a model as settings.to says, whole or not at all, and verify it.

    model is a run folder, a model folder, or a classifier in memory. Raises ModelFolderError,
    SettingsError, DataError, MissingPackageError or OutputError.
    """
    classifier, origin = classifier_of(model)
    target = check_target(settings.to, classifier.model.name, settings)
    output = Path(output)
    check_folder_target(output, settings.overwrite, not_an_export)
    columns = None if origin is None else origin.columns
    subject = _subject(model, classifier, columns, settings, output.resolve(), talk)
    file = target.file()
    file.check(subject, settings)
    with whole_folder(output, overwrite=settings.overwrite, not_ours=not_an_export) as part:
        written = file.write(subject, part, settings, talk)
        with talk.task("verifying"):
            verified = seal(classifier, settings.to, part, written)
        size = sum(path.stat().st_size for path in part.rglob("*") if path.is_file())
    return ExportResult(settings.to, str(output), written.facts, verified.rows, verified.gaps, size)


def load_exported(path: str | Path) -> Exported:
    """An exported model, ready to answer, once its files and golden rows were found sound.

    ModelFolderError where they are not.
    """
    return verify_exported(path).exported


def verify_exported(path: str | Path) -> Verified:
    """What load_exported looks at, told."""
    return open_artefact(Path(path))


def _subject(
    model: object,
    classifier: Classifier,
    columns: Columns | None,
    settings: ExportSettings,
    home: Path,
    talk: Talk,
) -> Subject:
    """The classifier with what its run has, and the texts to look at where some are needed."""
    run = None if isinstance(model, Classifier) else Path(str(model))
    metrics = None if run is None else read_metrics(run)
    texts, name = None, ""
    if settings.check is not None:
        texts, name = _check_texts(settings, columns, talk)
    elif is_rounded(settings) and metrics is not None and metrics.get("kept"):
        assert run is not None
        texts, name = read_kept(run, classifier.labels).texts, KEPT
        talk.note(
            f"changes are counted on {KEPT}, which it is surer of than of new ones: --check FILE"
        )
    training = None
    if settings.training is not None:
        if run is None:
            raise SettingsError("a classifier in memory does not tell how its file was split",
                                hint="name its run folder")  # fmt: skip
        training = training_texts(run, settings.training, settings.reading, talk)
    folder = None if run is None else find_model_folder(run)
    return Subject(classifier, metrics, texts, name, training, folder, home)


def is_rounded(settings: ExportSettings) -> bool:
    """Whether it may answer otherwise than the model, and there is nothing better to look at."""
    prunes = settings.most_mb is not None and settings.training is None
    return settings.precision == "int8" or prunes


def _check_texts(
    settings: ExportSettings, columns: Columns | None, talk: Talk
) -> tuple[pa.LargeStringArray, str]:
    reading = read_table(settings.check, settings.reading, trained=columns, talk=talk)
    if reading.rejected:
        talk.note(
            f"{len(reading.rejected):,} of {reading.read:,} rows are not looked at: "
            f"{reasons_in_words(reading.rejected)}"
        )
    texts = texts_of(reading, reading.columns)
    if not len(texts):
        raise SettingsError("there is no text to look at", where=reading.source)
    return texts, reading.source
