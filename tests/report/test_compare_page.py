"""The page of a comparison: its figures, its safety, and what it says of what went wrong."""

import re
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import pytest

from textkind.errors import OutputError
from textkind.report.axes import Words
from textkind.report.bars import interval_bar
from textkind.report.compare_page import render_comparison, write_comparison
from textkind.report.scatter import Point, scatter, unbeaten

HOSTILE = '<script>document.title="x"</script>\u202e'
WORDS = Words("picture", "a title", "a description", "across", "upwards")


def values(page):
    """The exact figures of a page."""
    return {float(value) for value in re.findall(r'<data value="([^"]+)">', page)}


def test_every_figure_of_the_rungs_stands_in_the_page(make_comparison):
    facts = make_comparison()
    shown = values(render_comparison(facts))
    for rung in facts["rungs"][:-1]:
        for bound in ("value", "low", "high"):
            assert rung["test"]["accuracy"][bound] in shown
        for name in ("fit_seconds", "one_text_ms", "peak_mb", "disk_mb"):
            assert rung["cost"][name] in shown
        if rung["against_simplest"] is not None:
            assert {rung["against_simplest"][name] for name in ("value", "low", "p_holm")} <= shown


def test_the_figure_on_clean_rows_stands_beside_that_on_all_where_there_is_one(make_comparison):
    facts = make_comparison()
    page = render_comparison(facts)
    assert "On 390 rows not in train" in page
    assert {rung["clean"]["value"] for rung in facts["rungs"][:-1]} <= values(page)
    facts["clean"] = None
    assert "rows not in train" not in render_comparison(facts)


def test_the_verdict_comes_first_and_a_failed_rung_says_why(make_comparison):
    page = render_comparison(make_comparison(text="out of memory"))
    assert page.index("cnn is the model to use.") < page.index("The ladder")
    assert re.search(r'<tr class="failed"><th scope="row">rnn</th><td[^>]*>out of memory', page)
    assert "Not finished, so not judged: rnn" in page


def test_what_a_corpus_holds_cannot_run(make_comparison):
    page = render_comparison(make_comparison(labels=[HOSTILE, "b", "c"], text=HOSTILE))
    assert "<script>document" not in page
    assert "\u202e" not in page
    assert "<b>again</b>" not in page
    assert page.count("<script>") == 1


def test_folds_are_told_with_their_spread(make_comparison):
    page = render_comparison(make_comparison(folds=5))
    assert "5 folds" in page
    assert "\u00b1 1.0" in page
    assert "\u00b1" not in render_comparison(make_comparison())


def test_the_members_of_a_stack_stand_under_its_name(make_comparison):
    facts = make_comparison()
    facts["rungs"][2]["fit"]["members"] = {"linear": 0.75, "cnn": 0.5}
    assert "<small>linear 0.75, cnn 0.50</small>" in render_comparison(facts)


@pytest.mark.parametrize(("p", "marked"), [(0.002, True), (0.2, False)])
def test_only_groups_with_a_significant_gain_are_marked(p, marked, make_comparison):
    facts = make_comparison()
    facts["gains"]["groups"][0]["p"] = p
    page = render_comparison(facts)
    assert ('<tr class="chosen"><th scope="row">all texts' in page) == marked


def test_a_comparison_without_gains_or_notes_is_a_page_as_well(make_comparison):
    facts = make_comparison() | {"gains": None, "notes": [], "command": None}
    page = render_comparison(facts)
    assert "Still wrong" not in page
    assert "The ladder" in page


def test_training_that_ended_with_the_budget_is_a_warning(make_comparison):
    facts = make_comparison()
    assert "ended with the budget" not in render_comparison(facts)
    facts["rungs"][2]["fit"]["ended"] = "the time was spent"
    assert "ended with the budget, and might have gained more: cnn" in render_comparison(facts)


def test_a_page_that_cannot_be_written_is_our_error(make_comparison, tmp_path):
    with pytest.raises(OutputError, match="the report could not be written"):
        write_comparison(tmp_path / "none" / "report.html", make_comparison())


def point(name, cost, value):
    return Point(name, cost, value, value - 0.01, value + 0.01)


def test_the_front_is_what_no_other_beats_in_both():
    points = [point("a", 1, 0.8), point("b", 2, 0.7), point("c", 3, 0.9), point("d", 3, 0.85),
              point("e", 0.5, 0.6), point("f", 9, 0.9)]  # fmt: skip
    beaten = {
        one.name
        for one in points
        for other in points
        if other is not one and other.cost <= one.cost and other.value >= one.value
    }
    assert [one.name for one in unbeaten(points)] == ["e", "a", "c"]
    assert {"e", "a", "c"} == {one.name for one in points} - beaten


def test_points_stand_where_their_figures_say():
    picture = fromstring(str(scatter([point("cheap", 1, 0.5), point("dear", 100, 0.9)], WORDS)))
    places = [(float(c.get("cx")), float(c.get("cy"))) for c in picture.iter("circle")]
    (cheap, low), (dear, high) = places
    assert cheap < dear
    assert low > high  # up is better
    assert {"cheap", "dear"} <= {text.text for text in picture.iter("text")}
    box = [float(number) for number in picture.get("viewBox").split()]
    for across, down in places:
        assert 0 < across < box[2]
        assert 0 < down < box[3]


def test_names_of_points_in_one_place_do_not_lie_on_one_another():
    points = [point(name, 1.0, 0.8) for name in ("one", "two", "three", "four")]
    picture = fromstring(str(scatter(points, WORDS)))
    heights = sorted(
        float(text.get("y"))
        for text in picture.iter("text")
        if text.get("class", "").startswith("of-dot")
    )
    assert min(b - a for a, b in pairwise(heights)) >= 12


def test_a_name_does_not_lie_on_the_point_to_its_right():
    points = [point("left", 2.0, 0.8), point("right", 2.3, 0.8), point("edges", 9.0, 0.6)]
    picture = fromstring(str(scatter(points, WORDS)))
    sides = {text.text: text.get("class") for text in picture.iter("text")}
    assert "end" in sides["left"]
    assert "end" not in sides["right"]


@pytest.mark.parametrize(
    ("frame", "place"), [((0.0, 1.0), 96.5), ((0.5, 1.0), 66.0), ((0.8, 0.9), 5.0)]
)
def test_a_bar_runs_between_the_ends_of_its_frame(frame, place):
    bar = fromstring(str(interval_bar(0.75, 0.75, 0.75, None, frame)))
    assert float(next(bar.iter("circle")).get("cx")) == pytest.approx(place)
