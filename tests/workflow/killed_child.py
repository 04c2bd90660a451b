"""Predicts in children of its own that are killed at given moments: MODEL SHARDS FOLDER.

For each moment a folder FOLDER/MOMENT is begun and killed -9 there, once or until it is finished.
"""

import os
import signal
import sys
from pathlib import Path

import pyarrow as pa

from textkind.storage import prediction_folder
from textkind.workflow import label_shards, labeller, predict_shards
from textkind.workflow.labelling import PredictSettings, columns_for, label_rows, labelling_of
from textkind.workflow.predict import predict

SETTINGS = PredictSettings(shard_rows=10, threads=1)


def killed_before(place, name, at):
    """Kill this process before call number `at` of a function."""
    real, calls = getattr(place, name), []

    def instead(*args, **options):
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **options)

    setattr(place, name, instead)


def killed_in_the_line(at):
    """Kill this process when half of line number `at` of what is finished has been written."""
    real, calls = prediction_folder.add_finished, []

    def instead(place, one):
        calls.append(1)
        if len(calls) < at:
            return real(place, one)
        path = place / "_textkind" / "done.jsonl"
        before = path.stat().st_size
        real(place, one)
        os.truncate(path, (before + path.stat().st_size) // 2)
        return os.kill(os.getpid(), signal.SIGKILL)

    predict_shards.add_finished = instead


MOMENTS = {
    "before-anything": lambda: killed_before(labeller, "label_shards", 1),
    "within-a-file": lambda: killed_before(label_shards, "open_writer", 2),
    "before-its-rejected": lambda: killed_before(label_shards, "write_rejected", 1),
    "before-its-line": lambda: killed_before(predict_shards, "add_finished", 2),
    "within-its-line": lambda: killed_in_the_line(2),
    "again-and-again": lambda: killed_before(predict_shards, "add_finished", 2),
}


def die(moment):
    """Predict in a child and be killed; True where it ended before."""
    child = os.fork()
    if child == 0:
        MOMENTS[moment]()
        predict(model, shards, folder, SETTINGS)
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    assert ended in (0, signal.SIGKILL), f"{moment}: the child failed"
    return ended == 0


if __name__ == "__main__":
    model, shards, root = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    labelling = labelling_of(model, SETTINGS)
    one = pa.table({"text": pa.array(["late"], pa.large_string())})
    label_rows(labelling, columns_for(labelling, ["text"]), one, one["text"].chunk(0))  # compiles
    for moment in MOMENTS:
        folder = root / moment
        folder.mkdir(parents=True)
        assert not die(moment)
        while moment == "again-and-again" and not die(moment):
            pass
    sys.stdout.write("\n".join(MOMENTS))
