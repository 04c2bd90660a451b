"""Costs of mistakes: files as people write them, and every way in which they are wrong."""

import pytest

from textkind.data.labels import LabelSet
from textkind.decision.costs import read_costs
from textkind.errors import DataError

LABELS = LabelSet(("ham", "spam"))
TABLE = ((0.0, 10.0), (1.0, 0.0))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("costs.csv", "gold,ham,spam\nham,0,10\nspam,1,0\n"),
        ("costs.csv", ",spam, ham\n\nspam,0,1\nham,10,0\n"),
        ("costs.csv", "\ufeffgold,ham,spam\nham,0,10\nspam,1,0\n"),
        ("costs.json", '{"spam": {"ham": 1, "spam": 0}, "ham": {"ham": 0, "spam": 10}}'),
    ],
)
def test_costs_are_read_in_label_order(name, content, tmp_path):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert read_costs(path, LABELS) == TABLE


def test_costs_may_be_a_mapping():
    costs = {"ham": {"ham": 0, "spam": 10}, "spam": {"ham": 1, "spam": 0}}
    assert read_costs(costs, LABELS) == TABLE


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("costs.csv", "", "is empty"),
        ("costs.csv", "gold,ham,spam\nham,0,10\n", "lack a gold label; found 'spam'"),
        ("costs.csv", "gold,ham\nham,0\nspam,1\n", "lack a predicted label; found 'spam'"),
        ("costs.csv", "gold,ham,spam\nham,0\nspam,1,0\n", "line 2: a line of costs must have 3"),
        ("costs.csv", "gold,ham,spam\n\nham,0\nspam,1,0\n", "line 3: a line of costs must have 3"),
        ("costs.csv", "gold,ham,ham\nham,0,1\nspam,1,0\n", "named twice"),
        ("costs.csv", "gold,ham,spam\nham,0,1\nham,0,1\nspam,1,0\n", "line 3: .*twice"),
        ("costs.csv", "gold,ham,spam\nham,0,ten\nspam,1,0\n", "'ham', 'spam': a cost must be"),
        ("costs.csv", "gold,ham,spam\nham,0,-1\nspam,1,0\n", "0 or more; found '-1'"),
        ("costs.csv", "gold,ham,spam\nham,0,nan\nspam,1,0\n", "0 or more; found 'nan'"),
        ("costs.csv", "gold,ham,spam\nham,0,\nspam,1,0\n", "0 or more; found ''"),
        ("costs.csv", "gold,ham,spam,egg\nham,0,1,1\nspam,1,0,1\n", "that there is not; found"),
        ("costs.csv", "gold,ham,spam\nhum,0,1\nspam,1,0\n", "did you mean 'ham'"),
        ("costs.json", "{", "no JSON"),
        ("costs.json", "[1]", "must be an object {gold"),
        ("costs.json", '{"ham": 3, "spam": {}}', "must be an object {predicted"),
        ("costs.json", '{"ham": {"ham": 0, "spam": true}, "spam": {}}', "a cost must be"),
        ("costs.json", '{"ham": {"ham": 0, "spam": null}, "spam": {}}', "a cost must be"),
    ],
)  # fmt: skip
def test_costs_that_make_no_sense_are_refused_with_their_place(name, content, told, tmp_path):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=told) as raised:
        read_costs(path, LABELS)
    assert str(path) in str(raised.value)


def test_a_file_of_costs_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_costs(tmp_path / "none.csv", LABELS)
