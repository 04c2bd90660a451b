"""Predict from shards to shards: what is finished stays, and a second call goes on from there.

Each file of the output is labelled by the same functions as a single one, and is put in its place
whole; storage/prediction_folder.py tells what stands in the folder.
"""

import os
import time
from collections import Counter
from pathlib import Path

from textkind.classifier import Classifier
from textkind.data.shards import told_name
from textkind.progress import SILENT, Talk, counted
from textkind.storage.prediction_folder import (
    REJECTED,
    Finished,
    add_finished,
    open_prediction_folder,
)
from textkind.workflow.label_shards import ShardWork
from textkind.workflow.labeller import Labeller, LocalLabeller
from textkind.workflow.labelling import (
    PredictResult,
    PredictSettings,
    labelling_of,
    result_of,
)
from textkind.workflow.shard_layout import (
    check_apart,
    layout_of,
    plan_of,
    shards_to_label,
)
from textkind.workflow.writers import PIPE


def is_folder(output: str | Path) -> bool:
    """Whether an output names a folder: by a slash at its end, or because it is one."""
    text = str(output)
    return text.endswith(("/", os.sep)) or (text != PIPE and Path(output).is_dir())


def predict_shards(
    model: str | Path | Classifier,
    source: object,
    folder: Path,
    settings: PredictSettings = PredictSettings(),
    talk: Talk = SILENT,
    labeller: Labeller | None = None,
) -> PredictResult:
    """Label the shards of a source and write a file for each into a folder, by its name.

    model   a run folder or a model folder
    source  a file, a folder of shards, a pattern, a URI, or a list of these

    With `shard_rows` a shard is cut into files of so many rows, and of the few more that a block
    has; a source of one file is cut at every million. Where a folder holds finished files of the
    same model, shards and settings, they stay, and the rest is done: the files are the same, byte
    by byte, as those of a call that was never interrupted. Rows that cannot be used go to a file
    beside each.

    Raises SettingsError where the folder holds something else, or another process is at work in
    it; and as predict does. After an error the finished files stay.
    """
    labeller = LocalLabeller() if labeller is None else labeller
    labelling = labelling_of(model, settings, talk)
    shards = shards_to_label(source, settings)
    check_apart(shards, folder)
    layout = layout_of(shards, settings)
    plan = plan_of(model, shards, settings, layout)
    began = time.monotonic()
    with open_prediction_folder(folder, plan, overwrite=settings.overwrite) as finished:
        before = len(finished)
        if before:
            are = "is" if before == 1 else "are"
            files = counted(before, "file")
            talk.note(f"going on in {folder}: {files} of predictions {are} finished")
        whole = {one.shard for one in finished if one.last}
        skipped = frozenset(shard.name for shard in shards if layout.names[shard.name] in whole)
        work = ShardWork(told_name(source), shards, skipped, layout, tuple(finished), folder)

        def record(one: Finished) -> None:
            add_finished(folder, one)
            finished.append(one)

        labeller.shards(labelling, work, record, talk)
    read = sum(one.read for one in finished)
    rejected = sum(one.rejected for one in finished)
    counts = Counter[str]()
    for one in finished:
        counts.update(one.counts)
    if rejected:
        talk.note(f"{rejected:,} rows could not be used; they are in {folder / REJECTED}")
    return result_of(
        labelling,
        counts,
        read=read,
        rejected=rejected,
        output=str(folder),
        rejected_file=folder / REJECTED if rejected else None,
        seconds=time.monotonic() - began,
        talk=talk,
        shards=len(finished),
        shards_before=before,
    )
