"""The makers of metrics, mistakes and comparisons as fixtures, and one set of pages."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report.browsing import HOSTILE, KINDS, WORDS_OF_200, trained
from tests.report.made import (
    made_comparison,
    made_metrics,
    made_mistakes,
    made_neural_fit,
    made_tuning,
)
from textkind.report import write_report
from textkind.report.compare_page import write_comparison
from textkind.workflow.draw_map import draw_map


@pytest.fixture(scope="session")
def make_neural_fit() -> Callable[..., dict[str, Any]]:
    """The maker of a network's fit."""
    return made_neural_fit


@pytest.fixture(scope="session")
def make_tuning() -> Callable[..., dict[str, Any]]:
    """The maker of what tune.json holds."""
    return made_tuning


@pytest.fixture(scope="session")
def make_metrics() -> Callable[..., dict[str, Any]]:
    """The maker of metrics."""
    return made_metrics


@pytest.fixture(scope="session")
def make_mistakes() -> Callable[..., list[dict[str, Any]]]:
    """The maker of mistakes."""
    return made_mistakes


@pytest.fixture(scope="session")
def make_comparison() -> Callable[..., dict[str, Any]]:
    """The maker of what compare.json holds."""
    return made_comparison


@pytest.fixture(scope="session")
def reports(
    make_metrics, make_mistakes, make_neural_fit, make_comparison, tmp_path_factory
) -> dict[str, Path]:
    """One written report of each kind."""
    folder = tmp_path_factory.mktemp("reports")
    made = {
        "hostile": make_metrics(labels=HOSTILE),
        "many": make_metrics(k=300, rows=1200),
        "several": make_metrics(k=9, several=True),
        "neural": make_metrics(k=4) | {"fit": make_neural_fit()},
    }
    for kind, metrics in made.items():
        mistakes = make_mistakes(metrics["labels"], 25, kind == "several")
        mistakes[0]["text"] = "<img src=x onerror=\"document.title='broken'\"> " + WORDS_OF_200
        tuning = made_tuning() if kind in ("hostile", "neural") else None
        write_report(folder / f"{kind}.html", metrics, mistakes, None, tuning)
    text = "<img src=x onerror=\"document.title='broken'\"> " + WORDS_OF_200
    facts = make_comparison(labels=HOSTILE, text=text, folds=3)
    write_comparison(folder / "comparison.html", facts)
    run = trained(folder / "run")
    shutil.copy(run / "report.html", folder / "trained.html")
    texts = {"text": [f"{name} {text}" for name in HOSTILE for text in "abcdef"]}
    draw_map(run, texts, folder / "map.html")
    return {kind: folder / f"{kind}.html" for kind in KINDS}
