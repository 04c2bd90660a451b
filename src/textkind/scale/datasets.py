"""Ray Data as we use it: quiet, in order, one row a block of its own, and bounded tries.

A row of a dataset is a parcel: one of our blocks of rows, or a shard to be done, as bytes. So Ray
never cuts or joins what we hand it, and its shape is ours.
"""

import contextlib
import logging
import pickle
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.errors import ClusterError
from textkind.optional import need

TRIES = 3  # of a parcel, each on another worker where one has died
PARCEL, TABLE = "parcel", "table"


def packed(content: Any, table: pa.Table | None = None) -> pa.Table:
    """A row that carries anything that pickles, and a table beside it."""
    return pa.table(
        {
            PARCEL: pa.array([pickle.dumps(content)], pa.large_binary()),
            TABLE: pa.nulls(1, pa.large_binary()) if table is None else _stream(table),
        }
    )


def unpacked(row: pa.Table) -> tuple[Any, pa.Table | None]:
    """What `packed` was given. The table lies where the row does: nothing of it is copied."""
    content = pickle.loads(row.column(PARCEL)[0].as_buffer())
    held = row.column(TABLE)[0]
    return content, pa.ipc.open_stream(held.as_buffer()).read_all() if held.is_valid else None


def _stream(table: pa.Table) -> pa.LargeBinaryArray:
    """A table as an array of one value; its bytes are not copied once they are written."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = sink.getvalue()
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), 1, [None, ends, data])


@contextlib.contextmanager
def ray_data(*, in_order: bool) -> Iterator[Any]:
    """Yield the module ray.data, set up for the block; afterwards its settings are as before."""
    data = need("ray.data", "work on a cluster")
    context = data.DataContext.get_current()
    logger = logging.getLogger("ray.data")
    before = {
        "target_max_block_size": context.target_max_block_size,
        "enable_progress_bars": context.enable_progress_bars,
    }
    options = context.execution_options
    was_in_order, was_level = options.preserve_order, logger.level
    context.target_max_block_size = 1  # bytes: each row is a block of its own
    context.enable_progress_bars = False
    options.preserve_order = in_order
    logger.setLevel(logging.CRITICAL)
    try:
        yield data
    finally:
        for name, value in before.items():
            setattr(context, name, value)
        options.preserve_order = was_in_order
        logger.setLevel(was_level)


@dataclass(frozen=True)
class Pool:
    """The workers of a cluster for one piece of work, and the CPUs and GPUs of each."""

    workers: int
    cpus: int
    gpus: float


def mapped(data: Any, rows: Any, worker: type, arguments: tuple[Any, ...], pool: Pool) -> Any:
    """The dataset of what the workers of a pool make of each row.

    worker  a class that is made with the arguments, once in each, and called with a row
    """
    with warnings.catch_warnings():
        # the retries have no other way in; without them Ray would try a row for ever
        warnings.filterwarnings("ignore", message="`ray_remote_args` is deprecated")
        return rows.map_batches(
            worker,
            fn_constructor_args=arguments,
            batch_size=1,
            batch_format="pyarrow",
            compute=data.ActorPoolStrategy(size=pool.workers),
            num_cpus=pool.cpus,
            num_gpus=pool.gpus,
            max_task_retries=TRIES - 1,
        )


def rows_of(dataset: Any) -> Iterator[pa.Table]:
    """The rows of a dataset as they come, one at a time; ClusterError where workers were lost."""
    ray = need("ray")
    try:
        yield from dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
    except ray.exceptions.RayTaskError:
        raise  # a fault of ours
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"a piece of the work was lost {TRIES} times with its worker",
            found=str(error).strip().split("\n")[0][:300],
            hint="the memory of a node may not be enough: fewer --ray-workers, or see `ray status`",
        ) from error
