"""How large is the report of 50,000 reviews, and how long does it take to be written?

One training; then the page, the text for a pull request and the model card, the median of the runs.
"""

import json
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from bench.places import DATA
from bench.results import Answer, Row, at_most
from textkind.models.settings import LinearSettings
from textkind.report import write_report
from textkind.report.card import render_card
from textkind.report.pull_request import render_pull_request
from textkind.workflow import train as recipe

SET, SECONDS, MEGABYTES = "imdb", 10.0, 1.0


def ask(runs: int) -> Answer:
    train, test = (next((DATA / SET).glob(f"{part}.csv*")) for part in ("train", "test"))
    seconds: list[float] = []

    def timed(path: Path, metrics: dict[str, Any], *more: Any) -> None:
        for _ in range(runs):
            began = time.perf_counter()
            write_report(path, metrics, *more)
            render_pull_request(metrics)
            render_card(metrics)
            seconds.append(time.perf_counter() - began)

    with TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        model = LinearSettings(features="words", strength=1.0)
        with mock.patch.object(recipe, "write_report", timed):
            recipe.train(train, recipe.TrainSettings(test=test, model=model, out=out))
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
        megabytes = (out / "report.html").stat().st_size / 1e6
    rows: list[Row] = [
        {"set": SET, "rows": metrics["data"]["accepted"],
         "mistakes": metrics["errors"]["mistakes"]["hits"],
         "seconds": median(seconds), "MB": megabytes}
    ]  # fmt: skip
    return Answer(rows, [at_most(f"report of {SET}", median(seconds), SECONDS, " s"),
                         at_most(f"report of {SET}", megabytes, MEGABYTES, " MB")])  # fmt: skip
