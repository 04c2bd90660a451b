"""rejected.jsonl: a line for each row left out, written whole or not at all."""

import json

import pytest

from textkind.data.rejected import Rejection, excerpt, reasons_in_words, write_rejected
from textkind.errors import OutputError

ROWS = [
    Rejection(17, "missing label", "label", "é\ttext"),
    Rejection(3, "unknown label: 'x'", None, excerpt(b"\xff\n"), unit="row"),
]


def test_each_row_is_a_line_with_place_column_reason_and_content(tmp_path):
    write_rejected(tmp_path / "rejected.jsonl", ROWS)
    lines = (tmp_path / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"line": 17, "column": "label", "reason": "missing label", "content": "é\ttext"},
        {"row": 3, "column": None, "reason": "unknown label: 'x'", "content": "\\xff\n"},
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["rejected.jsonl"]


def test_a_folder_that_is_not_there_is_our_error(tmp_path):
    with pytest.raises(OutputError):
        write_rejected(tmp_path / "nowhere" / "rejected.jsonl", ROWS)


def test_an_excerpt_is_short_and_can_always_be_written():
    for content in ("x" * 500, b"\xf0\x9f" * 500, "\ud800" * 500):
        assert len(excerpt(content)) == 200
        excerpt(content).encode("utf-8")


def test_reasons_are_counted_by_kind():
    assert reasons_in_words(ROWS * 2) == "missing label (2), unknown label (2)"
