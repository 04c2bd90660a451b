"""Zero-shot: read names -> read unlabelled texts -> make the model -> write its folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from textkind.classifier import Classifier, Model
from textkind.data.joined import texts_of
from textkind.data.label_names import read_label_names
from textkind.data.read import read_table
from textkind.data.settings import ReadSettings
from textkind.decision.decision import Decision
from textkind.models.zero_shot_settings import ZeroShotSettings
from textkind.optional import need
from textkind.progress import SILENT, Talk
from textkind.storage.model_folder import Provenance, not_a_model_folder, save_model
from textkind.storage.place import check_folder_target
from textkind.workflow.origin import file_digest


@dataclass(frozen=True)
class ZeroSettings:
    """Everything beside the file of label names."""

    out: Path  # the model folder
    overwrite: bool = False
    unlabelled: object = None  # a source of texts such as will come
    reading: ReadSettings = field(default_factory=ReadSettings)  # of those texts
    model: ZeroShotSettings = field(default_factory=ZeroShotSettings)
    threads: int | None = None


def zero_shot(labels: str | Path, settings: ZeroSettings, talk: Talk = SILENT) -> Classifier:
    """Make a classifier of label names and descriptions alone, and write its model folder.

    Raises DataError, ColumnError, SettingsError, ModelFolderError, MissingPackageError or
    OutputError.
    """
    need("torch", "a model of label names", "pretrained")
    from textkind.models.zero_shot import zero_shot_model

    check_folder_target(settings.out, settings.overwrite, not_a_model_folder)
    names = read_label_names(Path(labels))
    texts = None
    if settings.unlabelled is not None:
        reading = read_table(settings.unlabelled, settings.reading, talk=talk)
        texts = texts_of(reading.table, reading.columns)
    model = zero_shot_model(names, settings.model, texts, threads=settings.threads, talk=talk)
    classifier = Classifier(cast(Model, model), Decision(False), names.labels.names)
    talk.note("no labelled text was seen: the probabilities are not calibrated")
    origin = Provenance(Path(labels).name, 0, 0, None, file_digest(labels))
    save_model(classifier, settings.out, origin, overwrite=settings.overwrite)
    talk.note(f"written to {settings.out}")
    return classifier
