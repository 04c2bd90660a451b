"""How long does the very first fit and predict take, and the first of the next process?

The first compiles kernels into an empty cache.
"""

import json
import os
import subprocess
import sys
import tempfile

from bench.places import ROOT
from bench.results import Answer, Row, at_most
from bench.sides import DEFAULT, FIXED

TARGET = 10.0  # seconds
# counts Numba's own compile events, so a kernel compiled by an import cannot hide
PROBE = """
import json, sys, time
from numba.core import event
compiled = event.install_recorder("numba:compile")
with compiled as seen:
    start = time.perf_counter()
    from textkind import TextClassifier
    imported = time.perf_counter() - start
    at_import = len(seen.buffer)
    colors, digits = ("red", "green", "blue"), "0123456789"
    texts = [f"{color} of kind {i}{j}" for color in colors for i in digits for j in digits]
    labels = [text.split()[0] for text in texts]
    start = time.perf_counter()
    TextClassifier(**json.loads(sys.argv[1])).fit(texts, labels).predict(texts)
    seconds = time.perf_counter() - start
    processor = time.process_time()
facts = {"import s": imported, "compiled at import": at_import}
facts |= {"seconds": seconds, "compiled": len(seen.buffer), "processor s": processor}
print(json.dumps(facts))
"""


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    for contender in (FIXED, DEFAULT):
        with tempfile.TemporaryDirectory() as cache:
            for when in ("first ever", "next process"):
                facts = probe(contender.setting, cache)
                rows.append({"side": contender.name, "call": when, **facts})
                if when == "first ever":
                    goals.append(
                        at_most(
                            f"first ever call, {contender.name}", facts["seconds"], TARGET, " s"
                        )
                    )
        goals.append(
            at_most("kernels compiled by importing textkind", facts["compiled at import"], 0, "")
        )
        goals.append(
            at_most(
                f"kernels compiled by the next process, {contender.name}", facts["compiled"], 0, ""
            )
        )
    return Answer(rows, goals)


def probe(setting: dict[str, object], cache: str) -> dict[str, float]:
    """The facts of one fresh process with this folder as Numba's cache."""
    command = [sys.executable, "-c", PROBE, json.dumps(setting)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    output = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    facts: dict[str, float] = json.loads(output.splitlines()[-1])
    return facts
