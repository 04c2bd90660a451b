"""How long does `textkind audit` take on 50,000 long reviews, the whole command included?

Once for the kernels to be compiled where they are not yet, then the median of the runs.
"""

import subprocess
import sys
import time
from statistics import median

from bench.places import DATA, ROOT
from bench.results import Answer, Row, at_most

SET, SECONDS = "imdb", 20.0


def ask(runs: int) -> Answer:
    folder = DATA / SET
    files = [str(next(folder.glob(f"{part}.csv*"))) for part in ("train", "test")]
    command = [sys.executable, "-m", "textkind", "audit", *files, "--quiet"]
    seconds = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"textkind audit failed:\n{ended.stderr[-2000:]}")
        seconds.append(time.perf_counter() - began)
    rows: list[Row] = [
        {"set": SET, "seconds": median(seconds[1:]), "found": ended.stdout.splitlines()[-1]}
    ]
    return Answer(rows, [at_most(f"audit of {SET}", median(seconds[1:]), SECONDS, " s")])
