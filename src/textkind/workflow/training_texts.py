"""What a model learned from, read again and split as it was then."""

from dataclasses import replace
from pathlib import Path

from textkind.data.settings import ReadSettings
from textkind.errors import DataError, SettingsError
from textkind.export.targets import TrainingTexts
from textkind.progress import Talk
from textkind.workflow.origin import learned_from
from textkind.workflow.parts import split_readings
from textkind.workflow.teacher import open_teacher, read_for, split_of
from textkind.workflow.train import TrainSettings


def training_texts(
    model: str | Path, source: object, reading: ReadSettings, talk: Talk
) -> TrainingTexts:
    """Train and validation of the file that a model learned from; its test part stays sealed.

    DataError where the source is another file, or is not split as it was; SettingsError where the
    run had no validation part, or learned from more than this file.
    """
    run = open_teacher(model)
    if not learned_from(run.origin, source):
        raise DataError(
            "this is not the file that the model learned from", where=str(source),
            found=f"the model learned from {run.origin.source}",
            hint="texts of any file can be looked at instead: --check FILE",
        )  # fmt: skip
    if run.data is None:
        raise SettingsError(
            "a model folder alone does not tell how its file was split",
            where=str(model),
            hint="name its run folder",
        )
    told = run.data["split"]
    split = replace(
        split_of(run), test_share=told["test_share"], validation_share=told["validation_share"]
    )
    settings = TrainSettings(reading=reading, split=split)
    parts = split_readings(read_for(run, source, settings, talk), settings, talk)
    for name in ("train", "validation"):
        counts = [one["parts"].get(name) for one in (run.data, parts.facts)]
        if counts[0] != counts[1]:
            raise DataError(
                f"the {name} part is not that of the run, so what was measured then says nothing",
                where=str(source),
                hint="texts can be looked at instead: --check FILE",
            )
    if parts.validation is None or not len(parts.validation):
        raise SettingsError(
            "the run had no validation part to measure by", where=str(model),
            hint="texts can be looked at instead: --check FILE",
        )  # fmt: skip
    return TrainingTexts(parts.train, parts.validation, run.origin.seed)
