"""Predicts on shards in a process of its own, streamed or in memory, and tells of it in JSON.

    python -m bench.peers.our_prediction '{"model": ..., "shards": ..., "out": ..., "stream": true}'

The clock runs from the open model to the last file in its place or, in memory, from all rows as one
table to the same table with its predictions. `out` is a folder, of which a stream makes use.
"""

import json
import sys
import time
from pathlib import Path

import pyarrow as pa

from bench.measure import Facts, resident_mb
from textkind.data.read import read_table, texts_of
from textkind.workflow.labelling import PredictSettings, columns_for, label_rows, labelling_of
from textkind.workflow.predict import predict

SETTINGS = PredictSettings()


def main(asked: Facts) -> Facts:
    warm_up(asked["model"])
    facts = streamed(asked) if asked["stream"] else in_memory(asked)
    return facts | {"peak_mb": resident_mb("VmHWM")}


def warm_up(model: str) -> None:
    labelling = labelling_of(model, SETTINGS)
    table = pa.table({"text": pa.array(["a text to compile the kernels by"], pa.large_string())})
    label_rows(labelling, columns_for(labelling, ["text"]), table, table["text"].chunk(0))


def streamed(asked: Facts) -> Facts:
    start = time.process_time()
    result = predict(asked["model"], asked["shards"], Path(asked["out"]), SETTINGS)
    cpu = time.process_time() - start
    return {"seconds": result.seconds, "cpu": cpu, "texts": result.predicted}


def in_memory(asked: Facts) -> Facts:
    labelling = labelling_of(asked["model"], SETTINGS)
    reading = read_table(asked["shards"], SETTINGS.reading, trained=labelling.trained)
    texts = texts_of(reading, reading.columns)
    columns = columns_for(labelling, reading.table.column_names)
    start, cpu_start = time.perf_counter(), time.process_time()
    table, _ = label_rows(labelling, columns, reading.table, texts)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    return {"seconds": seconds, "cpu": cpu, "texts": table.num_rows}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
