"""What the page says of a network: the course of its training, its gradients, its settings."""

import re

import numpy as np
import pytest

from textkind.models.long_settings import STRATEGIES
from textkind.report import render_report
from textkind.report.axes import Words
from textkind.report.gradients import gradient_section, shown_places
from textkind.report.line_chart import (
    HEIGHT,
    LEAST_DECADES,
    LEFT,
    MOST_DECADES,
    WIDTH,
    Line,
    decades,
    line_chart,
    round_ticks,
)
from textkind.report.long_texts import long_section
from textkind.report.reproduce import fact_tables
from textkind.report.training import MOST_ROWS, training_section

WORDS = Words("one", "A <title>", 'said "aloud"', "across", "upwards")


def table_values(page: str, kind: str) -> list[list[float]]:
    """The exact values in each row of a table of that class."""
    table = re.search(rf'<table class="{kind}">.*?</table>', page, re.DOTALL)
    assert table is not None
    rows = table[0].split("<tbody>")[1].split("</tr>")[:-1]
    return [[float(value) for value in re.findall(r'<data value="(.*?)">', row)] for row in rows]


def drawn(chart: str, kind: str) -> np.ndarray:
    """(N, 2) the points of a line, which is drawn before the sample beside its name."""
    path = re.findall(rf'<path class="{kind}" d="(.*?)"/>', chart)[0]
    return np.array([point.split() for point in re.split("[ML]", path)[1:]], np.float64)


def test_the_epochs_of_the_page_are_those_of_the_metrics(make_metrics, make_neural_fit) -> None:
    fit = make_neural_fit(epochs=7, best=5)
    page = render_report(make_metrics() | {"fit": fit}, [])
    wanted = [
        [epoch, one["log_loss"], one["accuracy"], one["macro_f1"], one["step"], one["seconds"]]
        for epoch, one in enumerate(fit["history"], start=1)
    ]
    assert table_values(page, "course") == wanted
    assert len(re.findall(r"</data> <strong>best</strong>", page)) == 1
    for fact in ("parameters", "vocabulary", "tokens", "training_seconds"):
        assert f'<data value="{fit[fact]!r}">' in page


def test_the_gradients_of_the_page_are_those_of_the_metrics(make_metrics, make_neural_fit) -> None:
    fit = make_neural_fit()
    page = render_report(make_metrics() | {"fit": fit}, [])
    told = fit["gradients"]
    wanted = [
        [told["distance"][place], *(one["norm"][place] for one in told["series"])]
        for place in shown_places(told["distance"])
    ]
    assert table_values(page, "gradients") == wanted
    assert wanted[-1][0] == told["distance"][-1]


def test_the_ledger_of_the_page_is_that_of_the_metrics(make_metrics, make_neural_fit) -> None:
    fit = make_neural_fit()
    page = render_report(make_metrics() | {"fit": fit}, [])
    wanted = [
        [*account.values(), account["tokens_unread"] / account["tokens"]]
        for account in fit["long"]["parts"].values()
    ]
    assert table_values(page, "unread") == wanted
    assert "The network reads the first" in page


@pytest.mark.parametrize("strategy", [one for one in STRATEGIES if one != "auto"])
def test_every_strategy_is_told_in_words_and_a_head_that_cuts_nothing_is_not(
    strategy, make_neural_fit
) -> None:
    fit = make_neural_fit()
    fit["long"]["strategy"] = strategy
    told = long_section(fit)
    assert told is not None
    assert "{" not in told["reads"]
    for account in fit["long"]["parts"].values():
        account["texts_cut"] = account["tokens_unread"] = 0
    assert (long_section(fit) is None) == (strategy in ("head", "native"))
    assert long_section(fit | {"long": fit["long"] | {"parts": {}}}) is None


def test_other_models_have_neither(make_metrics) -> None:
    page = render_report(make_metrics(), [])
    assert 'id="training"' not in page
    assert 'id="gradients"' not in page
    assert 'id="long"' not in page


def test_a_network_without_order_has_no_gradients(make_metrics, make_neural_fit) -> None:
    fit = make_neural_fit()
    del fit["gradients"]
    page = render_report(make_metrics() | {"fit": fit | {"model": "cnn"}}, [])
    assert 'id="training"' in page
    assert 'id="gradients"' not in page


@pytest.mark.parametrize("told", [None, {}, {"series": []}])
def test_nothing_measured_is_no_section(told) -> None:
    assert gradient_section({"gradients": told}) is None


def test_without_validation_there_is_no_course(make_metrics, make_neural_fit) -> None:
    fit = make_neural_fit() | {"history": [], "best": None}
    page = render_report(make_metrics() | {"fit": fit}, [])
    assert "the last weights were kept" in page
    assert "Best epoch" not in page


def test_a_long_training_is_cut_and_counted(make_metrics, make_neural_fit) -> None:
    page = render_report(make_metrics() | {"fit": make_neural_fit(epochs=3000)}, [])
    assert len(table_values(page, "course")) == MOST_ROWS
    assert "of 3,000 looks" in page
    assert len(page.encode()) < 500_000


@pytest.mark.parametrize("epochs", [1, 2])
def test_short_trainings_are_drawn(make_neural_fit, epochs: int) -> None:
    section = training_section(make_neural_fit(epochs=epochs, best=1))
    assert section is not None
    assert "nan" not in "".join(section["pictures"])


def test_a_network_that_knows_no_vectors_says_nothing_of_them(make_neural_fit) -> None:
    fit = make_neural_fit()
    terms = dict(training_section(fit)["facts"])
    assert "92.0\u00a0% of the tokens" in terms["Word vectors"]
    del fit["vectors"]
    assert "Word vectors" not in dict(training_section(fit)["facts"])


@pytest.mark.parametrize(
    ("tokens", "has", "has_not"),
    [("words", "words largest", "subwords size"), ("bpe", "subwords size", "words largest")],
)
def test_settings_that_a_network_did_not_use_are_left_out(
    make_neural_fit, tokens: str, has: str, has_not: str
) -> None:
    fit = make_neural_fit()
    fit["settings"]["tokens"] = tokens
    network, training, course = fact_tables(fit)
    names = [name for name, _ in network["rows"]]
    assert {"network", "cell", "units", has} <= set(names)
    assert not {"tokenizer", has_not} & set(names)
    assert ("epochs", "20") in training["rows"]
    assert ("parameters", "124,503") in course["rows"]
    assert not [name for name, _ in course["rows"] if name.startswith(("history", "gradients"))]


def test_distilled_vectors_bring_their_own_tokens(make_neural_fit) -> None:
    fit = make_neural_fit()
    assert "tokens" in dict(fact_tables(fit)[0]["rows"])
    fit["settings"]["vectors"] = "distilled"
    told = dict(fact_tables(fit)[0]["rows"])
    assert told["vectors"] == "distilled"
    assert "tokens" not in told


def test_equal_factors_are_equal_steps_by_tens() -> None:
    x = np.arange(5.0)
    points = drawn(line_chart([Line("a", x, 10.0 ** -(x + 1))], WORDS, by_tens=True), "line1")
    np.testing.assert_allclose(points[:, 0], LEFT + WIDTH * x / 4, atol=0.06)
    np.testing.assert_allclose(np.diff(points[:, 1]), HEIGHT / 4, atol=0.11)


def test_what_is_too_small_leaves_the_field_once() -> None:
    y = np.array([1.0, 1e-3, 1e-9, 1e-30, 0.0])
    chart = line_chart([Line("a", np.arange(5.0), y)], WORDS, by_tens=True)
    points = drawn(chart, "line1")
    assert len(points) == 3
    assert points[-1, 1] == points[0, 1] + HEIGHT


@pytest.mark.parametrize("values", [[1.0], [0.0], [1e-40, 1e30], [0.5, 0.6], [np.nan], [1e-5, 1.0]])
def test_an_axis_by_tens_has_room_and_is_bounded(values) -> None:
    low, high = decades(np.array(values))
    assert LEAST_DECADES <= high - low <= MOST_DECADES
    positive = [value for value in values if value > 0]
    assert not positive or 10.0**high >= max(positive)


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (0.61, 0.97), (-3.2, 8.0), (5.0, 5.0), (1e-7, 3e-7), (3, 99)]
)
def test_ticks_are_round_and_hold_all(low: float, high: float) -> None:
    ticks = round_ticks(low, high)
    assert 2 <= len(ticks) <= 8
    assert ticks[0] <= low + 1e-12
    assert ticks[-1] >= high - 1e-12


def test_texts_in_a_chart_are_escaped() -> None:
    line = Line("<b>", np.arange(2.0), np.arange(2.0))
    chart = line_chart([line], WORDS, mark=(1.0, "<i>"))
    assert "<b>" not in chart
    assert "<i>" not in chart
    assert "A &lt;title&gt;" in chart
