"""What is known to be wrong with public sets is found, to the row."""

import os
from pathlib import Path

import pytest

from textkind.data.settings import ReadSettings
from textkind.workflow.audit import AuditSettings, audit

HOME = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("TEXTKIND_DATA", HOME))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here"),
]


def found(name, **reading):
    files = [next((DATA / name).glob(f"{part}.csv*")) for part in ("train", "test")]
    result = audit(*files, AuditSettings(ReadSettings(**reading)))
    by_check = {}
    for finding in result.findings:
        by_check.setdefault(finding.check, []).append(finding)
    return by_check


@pytest.mark.parametrize(
    ("name", "rows", "severity"),
    [("sms_spam", 128, "serious"), ("amazon_gift_cards", 274, "serious"), ("trec", 11, "serious"),
     ("imdb", 123, "warning")],
)  # fmt: skip
def test_test_texts_in_train_are_counted(name, rows, severity):
    (finding,) = found(name)["test_texts_in_train"]
    assert (finding.rows, finding.severity) == (rows, severity)


def test_the_question_of_trec_with_two_labels():
    (finding,) = found("trec")["conflicting_labels"]
    assert finding.facts["texts"] == 1
    assert {one["part"] for one in finding.examples} == {"train", "test"}


def test_every_test_user_of_amazon_is_in_train():
    (finding,) = [one for one in found("amazon_gift_cards", group="user")["groups_on_both_sides"]
                  if one.facts["column"] == "user"]  # fmt: skip
    assert (finding.rows, finding.of, finding.severity) == (594, 594, "serious")


def test_authors_threads_and_headers_of_newsgroups():
    by_check = found("newsgroups20")
    groups = {one.facts["column"]: one for one in by_check["groups_on_both_sides"]}
    assert groups["user"].rows == 4044
    assert groups["user"].facts["right"] in (3339, 3340)  # two groups may be equally common
    assert groups["thread"].rows == 2371
    (headers,) = by_check["headers_in_texts"]
    assert headers.severity == "warning"
    assert {"From", "Subject", "Organization"} <= set(headers.facts["telling"])
    assert {"quotes_in_texts", "signatures_in_texts", "telling_runs"} <= set(by_check)
