"""Predict on a cluster: a worker reads, many label, this process writes, in the order of the rows.

Blocks of rows are those of the reader, so what is accepted, rejected and labelled together is the
same as on one machine. Ray holds a few blocks for each worker and lets the reader wait; a block
whose worker dies is labelled by another.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from textkind.data.columns import Columns
from textkind.data.settings import ReadSettings
from textkind.errors import SettingsError, TextkindError
from textkind.progress import SILENT, Talk
from textkind.scale.cluster import open_cluster
from textkind.scale.datasets import Pool, mapped, packed, ray_data, rows_of, unpacked
from textkind.scale.nodes import Cluster, this_node, worker_count
from textkind.scale.settings import RaySettings
from textkind.scale.shared import check_shared
from textkind.scale.workers import (
    BlockWorker,
    LastWords,
    SentModel,
    ShardWorker,
    check_sendable,
    read_parcels,
    send_model,
)
from textkind.storage.prediction_folder import Finished
from textkind.workflow.blocks import Blocks
from textkind.workflow.label_shards import ShardWork
from textkind.workflow.labeller import LabelledBlock
from textkind.workflow.labelling import Labelling, PredictResult, PredictSettings
from textkind.workflow.predict import predict
from textkind.workflow.predictions import PredictionColumns
from textkind.workflow.writers import PIPE


def predict_on(
    ray: RaySettings,
    model: str | Path,
    source: object,
    output: str | Path,
    settings: PredictSettings = PredictSettings(),
    talk: Talk = SILENT,
) -> PredictResult:
    """As workflow.predict.predict, the labelling done by the workers of a cluster.

    A worker takes settings.threads CPUs, one where it is None. Raises what predict and open_cluster
    raise, and SettingsError for standard input.
    """
    threads = 1 if settings.threads is None else settings.threads
    if str(source) == PIPE:
        raise SettingsError(
            "workers cannot read the standard input of this process", hint="name a file"
        )
    check_sendable(model, settings)
    with open_cluster(ray, threads, talk) as cluster:
        pool = Pool(worker_count(cluster, threads, ray.gpus), threads, ray.gpus)
        labeller = ClusterLabeller(cluster, pool, send_model(model, settings))
        return predict(model, source, output, replace(settings, threads=threads), talk, labeller)


@dataclass(frozen=True)
class ClusterLabeller:
    """Labels on a cluster: shards where they lie, or blocks that are read here."""

    cluster: Cluster
    pool: Pool
    sent: SentModel

    @contextlib.contextmanager
    def blocks(
        self, labelling: Labelling, columns: PredictionColumns, blocks: Blocks, talk: Talk
    ) -> Iterator[Iterator[LabelledBlock]]:
        """Yield the blocks of a source with their predictions, in order."""
        read = partial(_read, str(Path.cwd()), blocks.source, blocks.settings, blocks.trained)
        with ray_data(in_order=True) as data:
            rows = data.from_items([{"source": blocks.name}]).map_batches(
                read, batch_size=1, num_cpus=0, label_selector=this_node()
            )
            arguments = (self.sent, self.pool.cpus, columns, blocks.columns)
            yield _labelled(mapped(data, rows, BlockWorker, arguments, self.pool), talk)

    def shards(
        self,
        labelling: Labelling,
        work: ShardWork,
        record: Callable[[Finished], None],
        talk: Talk,
    ) -> None:
        """Label shards into their files, a shard a worker; record each file."""
        waiting = {one.name: one.size for one in work.shards if one.name not in work.skipped}
        if not waiting:
            return
        work = _with_full_paths(work)
        check_shared(self.cluster, work)
        pool = replace(self.pool, workers=min(self.pool.workers, len(waiting)))
        if pool.workers < self.pool.workers:
            talk.note(
                f"{pool.workers} of {self.pool.workers} workers have a shard to label; one file is "
                "labelled by all of them where it becomes one: -o NAME.csv"
            )
        done, total, told = 0, sum(waiting.values()), set[str]()
        with ray_data(in_order=False) as data, talk.task(f"predicting {work.name}"):
            rows = data.from_arrow([packed(name) for name in waiting])
            arguments = (self.sent, pool.cpus, work)
            for facts, _ in _answers(mapped(data, rows, ShardWorker, arguments, pool)):
                for one in facts.files:
                    record(one)
                for note in facts.notes:
                    if note not in told:
                        talk.note(note)
                told.update(facts.notes)
                done += waiting[facts.shard]
                talk.advance(done, total)


def _labelled(dataset: Any, talk: Talk) -> Iterator[LabelledBlock]:
    for facts, table in _answers(dataset):
        if isinstance(facts, LastWords):
            for note in facts.notes:
                talk.note(note)
        elif table is not None:
            yield LabelledBlock(
                table, facts.counts, facts.read, facts.rejected, facts.done, facts.total
            )


def _answers(dataset: Any) -> Iterator[tuple[Any, pa.Table | None]]:
    """What the rows carry; an error of ours is raised."""
    for row in rows_of(dataset):
        facts, table = unpacked(row)
        if isinstance(facts, TextkindError):
            raise facts
        yield facts, table


def _read(
    folder: str, source: object, settings: ReadSettings, trained: Columns | None, batch: Any
) -> Iterator[pa.Table]:
    del batch  # a dataset must have a row for a task to begin
    os.chdir(folder)  # where relative paths are meant; a worker begins elsewhere
    yield from read_parcels(source, settings, trained)


def _with_full_paths(work: ShardWork) -> ShardWork:
    """The same for a process that works in another folder; what shards are called stays."""
    shards = tuple(
        replace(one, path=str(Path(one.path).absolute())) if one.files is None else one
        for one in work.shards
    )
    return replace(work, shards=shards, folder=work.folder.absolute())
