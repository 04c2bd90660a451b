"""Where the bench keeps its things.

Environments and results in the ignored folder `.bench/`, data beside the repository.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOM = ROOT / ".bench"
RESULTS = ROOM / "results"
DATA = Path(os.environ.get("TEXTKIND_DATA", ROOT.parent / "shared" / "data"))


def environment_python(name: str) -> Path:
    """The interpreter of the peer's environment `.bench/<name>`."""
    return ROOM / name / "bin" / "python"
