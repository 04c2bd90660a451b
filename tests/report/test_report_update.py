"""The report of an updated run tells what changed, with the figures that metrics.json has."""

import re

from tests.report.made import made_metrics
from textkind.report.page import render_report
from textkind.report.update import update_section

FIGURE = {"first": 0.8, "second": 0.9, "value": 0.1, "low": 0.05, "high": 0.15, "p": 0.001}
UNDEFINED = dict.fromkeys(FIGURE)
LABEL = {"support": 40, "gained": 5, "lost": 1, "p_holm": 0.04, **FIGURE}
RIGHT = {"rows": 0, "first": 0, "second": 0}
PART = {
    "rows": 80,
    "figures": {"accuracy": FIGURE, "log_loss": UNDEFINED},
    "among_old_labels": FIGURE | {"second": 0.85},
    "of_new_labels": RIGHT,
    "of_old_labels": RIGHT,
    "agreement": {},
    "changes": {"right to wrong": 1, "wrong to right": 9, "wrong to other wrong": 2},
    "labels": [{"label": "<b>label</b>"} | LABEL, {"label": "same"} | LABEL | {"gained": 0,
               "lost": 0}],
    "regression": False,
}  # fmt: skip
ROWS = {"train": 70, "validation": 10, "test": 20, "in_held_out": 1, "near_held_out": 2, "known": 3,
        "relabelled": 4, "seen": 0}  # fmt: skip
UPDATE = {
    "number": 2,
    "run": "reviews-1",
    "source": "march.csv",
    "sha256": None,
    "rows": ROWS,
    "replay": {"texts": 300, "of": 5000, "complete": False},
    "new_labels": ["returns"],
    "learned_validation": True,
    "figure": "accuracy",
    "level": 0.05,
    "forced": True,
    "old_test": PART,
    "new_test": None,
    "history": [
        {"source": "first.csv", "sha256": None, "train": 5000, "validation": 1, "test": 1},
        {"source": "march.csv", "sha256": None, "train": 70, "validation": 10, "test": 20},
    ],
}


def page():
    metrics = made_metrics() | {"update": UPDATE}
    return render_report(metrics, [])


def test_the_section_stands_in_the_page_and_its_contents():
    html = page()
    assert html.count('href="#update"') == html.count('id="update"') == 1
    section = html[html.index('<section id="update"') :]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", section[: section.index("</section>")]))
    assert "Update 2, of the run reviews-1" in text
    assert "300 of the 5,000 training texts" in text
    assert "train 70, validation 10, test 20" in text
    assert "6 new rows repeat what the run has" in text
    assert "4 new rows label a training text otherwise" in text
    assert "significantly worse than the one before, and was written all the same" in text
    assert "Accuracy among old labels" in text
    assert "On the new test texts" not in text
    assert "first.csv" in text
    assert "<b>label</b>" not in section
    assert "n/a" in text


def test_a_run_that_was_not_updated_has_no_section():
    assert update_section(made_metrics()) is None
    assert 'id="update"' not in render_report(made_metrics(), [])


def test_only_labels_that_changed_are_listed():
    (part,) = update_section({"update": UPDATE})["parts"]
    assert len(part["labels"]) == 1
