"""The environment of our own processes: a Python that imports this very package."""

import os
from pathlib import Path

import textkind


def own_environment() -> dict[str, str]:
    """That of this process, for a Python that is to import this very package."""
    home = str(Path(textkind.__file__).parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
