"""The environment of this process and of our own: what libraries read there."""

import os
from pathlib import Path

import textkind


def own_environment() -> dict[str, str]:
    """That of this process, for a Python that is to import this very package."""
    home = str(Path(textkind.__file__).parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


# oneDNN, by which PyTorch computes in bfloat16 on a CPU, makes code for each shape of a product and
# keeps that of 1,024, PyTorch on each thread of 1,024 more. Texts have many lengths: trainings of
# encoders took 1 to 3 GB by it. To make the code of a shape anew costs little of a step
KEPT_SHAPES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "16"}


def keep_few_shapes() -> None:
    """Set KEPT_SHAPES where the environment says nothing: for a process that learns.

    PyTorch reads them when it is loaded.
    """
    for name, number in KEPT_SHAPES.items():
        os.environ.setdefault(name, number)
