"""The road of a text on the page, in real Chromium: the numbers of the service, for all readers."""

import pytest

from textkind.workflow.train import TrainSettings, train

from .conftest import HOSTILE, tickets
from .page_steps import TEXT, articles, label

SUMMARY = "How the text became a label"
READ = """all => all.map(one => ({
    caption: one.querySelector("caption").textContent,
    heads: [...one.querySelectorAll("thead th")].map(cell => cell.textContent),
    cells: [...one.querySelectorAll("tbody tr")].map(row => [...row.cells].map(cell =>
        cell.querySelector("data") ? Number(cell.querySelector("data").value) : cell.textContent)),
}))"""


@pytest.fixture(scope="module")
def server(shared_server):
    return shared_server


def open_road(page):
    """Open the road of the first answer by keyboard, and wait for it."""
    road = articles(page).first.locator("details.road")
    road.locator("summary").focus()
    with page.expect_response("**/v1/predict"):
        page.keyboard.press("Enter")
    road.locator(".told:not([aria-busy]) h3").first.wait_for()
    return road


def as_shown(value, kind):
    """A cell of the JSON as READ has it."""
    if value is None:
        return "-"
    if kind == "mark":
        return "yes" if value else "no"
    return value


def assert_shown(road, trace):
    """Each step of the JSON stands on the page, with all of its numbers."""
    heads = road.locator("h3").all_inner_texts()
    names = [f"{place}. {step['name']}" for place, step in enumerate(trace["steps"], 1)]
    assert [one.lower() for one in heads] == names
    words = road.locator("p:has(> small)").all_inner_texts()
    for step, told in zip(trace["steps"], words, strict=True):
        assert told.startswith(step["sentence"])
    tables = [one for step in trace["steps"] for one in step["tables"] if one["rows"]]
    shown = road.locator("table").evaluate_all(READ)
    tables = [one for one in tables if one["name"] != "text"]
    for found, table in zip(shown, tables, strict=True):
        rows = [*table["rows"], *table["ends"]]
        kinds = [column["kind"] for column in table["columns"]]
        assert found["heads"] == [column["name"] for column in table["columns"]]
        assert found["cells"] == [list(map(as_shown, row, kinds)) for row in rows]
        cut = f", {len(table['rows'])} of {table['of']:,} rows"
        assert found["caption"].endswith(cut) == (table["of"] > len(table["rows"]))


def test_the_road_of_a_text_is_that_of_the_service_and_asked_for_when_opened(opened, server):
    page = opened(server)
    page.get_by_label("Show the words that decided").uncheck()
    asked = []
    page.on("request", lambda one: asked.append(one.post_data or ""))
    label(page, TEXT)
    articles(page).locator(".near li").first.wait_for()
    assert not any('"trace"' in body for body in asked)
    road = open_road(page)
    told = server.post({"text": TEXT, "model": "tickets", "trace": True})[1]["results"][0]["trace"]
    assert [step["name"] for step in told["steps"]][-2:] == ["trust", "nearest training texts"]
    assert_shown(road, told)
    assert "5. Probabilities" in road.inner_text()
    assert "3 logits, of length" in road.inner_text()
    for _ in range(2):  # closed and opened: it is there, and not asked for again
        road.locator("summary").click()
    assert sum('"trace"' in body for body in asked) == 1
    assert page.heard == []


def test_a_hostile_text_and_labels_stay_text(opened, server):
    page = opened(server)
    page.get_by_label("Model", exact=True).select_option("hostile")
    label(page, f"{HOSTILE} parcel \u202e")
    road = open_road(page)
    assert HOSTILE in road.inner_text()
    assert "\u202e" not in road.inner_text()
    assert page.locator("img").count() == 0
    assert page.title() == "textkind: label a text"
    assert page.heard == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_it_fits_the_window_and_can_be_read(
    opened, server, too_wide, low_contrast, axe_findings, width, scheme
):
    page = opened(server, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.get_by_label("Model", exact=True).select_option("hostile")
    label(page, f"{TEXT} {'w' * 300}")
    open_road(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert too_wide(page, width) == []
    assert low_contrast(page) == []
    assert axe_findings(page) == []
    sides = page.locator(".road td:has(data)").evaluate_all(
        "all => [...new Set(all.map(one => getComputedStyle(one).textAlign))]"
    )
    assert sides == ["right"]


@pytest.mark.slow
def test_the_road_through_a_network_is_told_too(opened, start_server, tmp_path):
    pytest.importorskip("torch")
    from textkind.models.neural_settings import default_settings

    settings = default_settings("transformer")
    train(tickets(300, seed=3), TrainSettings(out=tmp_path / "run", model=settings))
    server = start_server(f"network={tmp_path / 'run'}")
    page = opened(server)
    label(page, TEXT)
    road = open_road(page)
    told = server.post({"text": TEXT, "trace": True})[1]["results"][0]["trace"]
    assert {"tokens", "embedding", "layers", "head"} <= {step["name"] for step in told["steps"]}
    assert_shown(road, told)
    assert page.heard == []
