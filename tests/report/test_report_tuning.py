"""What the page says of a search for settings: the trials, their course, what mattered."""

import re

import pytest

from textkind.report import render_report
from textkind.report.parallel_lines import GAP, HEIGHT, LEFT, TOP
from textkind.report.tuning import MOST_ROWS, setting_value, tuning_section


def test_a_run_without_a_search_says_nothing_of_one(make_metrics):
    page = render_report(make_metrics(), [])
    assert 'id="tuning"' not in page
    assert "#tuning" not in page
    assert tuning_section(None) is None


def test_every_trial_is_a_row_the_best_first(make_metrics, make_tuning):
    facts = make_tuning(trials=20)
    page = render_report(make_metrics(), [], None, facts)
    assert '<a href="#tuning">Search</a>' in page
    table = re.search(r'<table class="trials">.*?</table>', page, re.DOTALL)[0]
    rows = table.split("<tbody>")[1].split("</tr>")[:-1]
    assert len(rows) == len(facts["trials"])
    values = [re.findall(r'<data value="(.*?)">', row) for row in rows]
    losses = [one["figures"]["log_loss"] for one in facts["trials"] if one["figures"]]
    assert [float(row[0]) for row in values[: len(losses)]] == sorted(losses)
    assert table.count("<strong>taken</strong>") == 1
    assert "&lt;b&gt;out of memory" in table
    for sentence in facts["sentences"]:
        assert sentence in page
    assert "Every trial, the best log loss first." in table


def test_many_trials_are_cut_and_counted(make_metrics, make_tuning):
    page = render_report(make_metrics(), [], None, make_tuning(trials=90))
    assert f"The first {MOST_ROWS} of <data" in page
    assert ">90</data> trials, the best first; all are in tune.json." in page


def test_what_mattered_stands_with_default_and_taken(make_tuning):
    facts = make_tuning()
    section = tuning_section(facts)
    best = next(one for one in facts["trials"] if one["number"] == facts["best"])
    for line, told in zip(section["mattered"], facts["importance"]["settings"], strict=True):
        assert f'value="{told["share"]!r}"' in line["share"]
        assert line["best"] == setting_value(best["values"][told["name"]])
    assert section["mattered"][0]["name"] == "learning rate"


def test_lines_cross_the_axes_where_the_values_lie(make_tuning):
    facts = make_tuning(trials=3)
    drawing = str(tuning_section(facts)["parallel"])
    usual = re.findall(r'<path class="line3" d="M(.*?)"/>', drawing)[0]
    points = [tuple(map(float, point.split())) for point in usual.split("L")]
    assert [x for x, _ in points] == [LEFT + GAP * place for place in range(4)]
    values = facts["trials"][0]["values"]
    assert values["training.learning_rate"] == 0.001  # of 0.0001 to 0.01, by tens: the middle
    assert points[0][1] == TOP + HEIGHT / 2
    assert values["layers.windows"] == [3, 4, 5]  # the last of three choices
    assert points[1][1] == TOP
    assert values["layers.dropout"] == 0.25  # of 0 to 1
    assert points[2][1] == pytest.approx(TOP + 0.75 * HEIGHT)


def test_one_trial_alone_has_no_pictures(make_tuning):
    section = tuning_section(make_tuning(trials=1))
    assert section["course"] is None
    assert section["parallel"] is None


def test_trials_that_are_all_alike_are_drawn(make_tuning):
    facts = make_tuning(trials=4)
    for one in facts["trials"]:
        one["figures"] = {"log_loss": 0.5, "headline": 0.8}
    section = tuning_section(facts)
    assert "nan" not in str(section["parallel"]) + str(section["course"])


@pytest.mark.parametrize(
    ("value", "told"),
    [((3, 4), "3-4"), ((), "none"), (True, "on"), (False, "off"), (None, "open"),
     (0.00123, "0.00123"), (3, "3"), ("gru", "gru")],
)  # fmt: skip
def test_values_in_words(value, told):
    assert setting_value(value) == told
