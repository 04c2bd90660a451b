"""Facts from a process of its own: a module that takes one JSON argument and prints its facts."""

import json
import subprocess
from typing import Any

from bench.measure import Facts
from bench.places import ROOT


def told_by(python: str, module: str, **asked: Any) -> Facts:
    """The facts that a process of that module prints; RuntimeError with its log where it fails."""
    found = subprocess.run(
        [python, "-m", module, json.dumps(asked)], cwd=ROOT, capture_output=True, text=True
    )
    if found.returncode:
        raise RuntimeError(f"{module} failed:\n{found.stderr[-2000:]}")
    facts: Facts = json.loads(found.stdout.splitlines()[-1])
    return facts
