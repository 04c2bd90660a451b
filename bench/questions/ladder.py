"""How long does `textkind compare` take on banking77, and how much memory its largest rung?

Once, by the command line, with the ladder and the budget that are its defaults, on the training and
the test part of the set. Memory is the most that the process of a rung held.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.measure import Facts
from bench.places import DATA, ROOM, ROOT
from bench.results import Answer, Row, at_most

SET = "banking77"
MINUTES, MEGABYTES = 12.0, 2000.0


def ask(runs: int) -> Answer:
    del runs  # once takes minutes
    told = compare()
    facts = told["compare"]
    rows = [row_of(rung) for rung in facts["rungs"]]
    finished = [rung for rung in facts["rungs"] if rung["status"] == "finished"]
    if not finished:
        raise RuntimeError(f"no rung was finished: {rows}")
    largest = max(rung["cost"]["peak_mb"] for rung in finished)
    rows.append({"model": "all", "fit s": told["seconds"], "peak MB": largest})
    minutes = told["seconds"] / 60
    return Answer(
        rows,
        [
            at_most(f"textkind compare, {SET}", minutes, MINUTES, " minutes"),
            at_most("memory of the largest rung", largest, MEGABYTES, " MB"),
            at_most("rungs that failed", len(rows) - 1 - len(finished), 0, ""),
        ],
    )


def compare(*options: str) -> Facts:
    """compare.json and the seconds of the command; RuntimeError with its last words if it fails."""
    ROOM.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        out = Path(room) / "ladder"
        files = [str(DATA / SET / "train.csv"), "--test", str(DATA / SET / "test.csv")]
        command = [sys.executable, "-m", "textkind", "compare", *files, "--out", str(out)]
        began = time.perf_counter()
        ended = subprocess.run(
            [*command, "--json", *options], cwd=ROOT, text=True, capture_output=True, check=False
        )
        seconds = time.perf_counter() - began
        if ended.returncode:
            raise RuntimeError(f"textkind compare failed:\n{ended.stderr[-2000:]}")
        return {"seconds": seconds, "compare": json.loads(ended.stdout)}


def row_of(rung: dict[str, Any]) -> Row:
    """A rung's figures, or the reason why it has none."""
    if rung["status"] != "finished":
        return {"model": rung["name"], "reason": rung.get("reason")}
    cost = rung["cost"]
    return {
        "model": rung["name"],
        "accuracy": 100 * rung["test"]["accuracy"]["value"],
        "fit s": cost["fit_seconds"],
        "texts/s": cost["texts_per_second"],
        "one text ms": cost["one_text_ms"],
        "peak MB": cost["peak_mb"],
        "on disk MB": cost["disk_mb"],
    }
