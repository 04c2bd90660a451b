"""The page in real headless Chromium: safe, readable at both widths, sortable, searchable."""

from typing import Any

import pytest

from tests.report.browsing import KINDS, TITLES, opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_quiet_and_fits_its_window(
    browser, too_wide, reports, kind, width, scheme
) -> None:
    size = {"width": width, "height": 800}
    page = opened(browser, reports[kind], viewport=size, color_scheme=scheme)
    for closed in page.query_selector_all("details"):
        closed.evaluate("element => element.open = true")
    assert page.heard == [reports[kind].as_uri()]
    assert page.title() == TITLES.get(kind, "Classifier report")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert too_wide(page, width) == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 384) == (scheme == "light")
    page.context.close()


def column(page: Any, table: str, place: int) -> list[str]:
    return page.eval_on_selector_all(
        f"table.{table} tbody tr:not([hidden])",
        f"rows => rows.map(row => row.cells[{place}].innerText)",
    )


def exact(page: Any, table: str, place: int) -> list[float]:
    return page.eval_on_selector_all(
        f"table.{table} tbody tr",
        f"rows => rows.map(row => Number(row.cells[{place}].querySelector('data').value))",
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_mistakes_are_sorted_at_a_press_of_the_head(browser, reports, width) -> None:
    page = opened(browser, reports["many"], viewport={"width": width, "height": 800})
    for ascending in (False, True):
        page.click("table.mistakes th:has-text('Confidence') button")
        values = exact(page, "mistakes", 4)
        assert values == sorted(values, reverse=not ascending)
        state = page.get_attribute("table.mistakes th:has-text('Confidence')", "aria-sort")
        assert state == ("ascending" if ascending else "descending")
    page.focus("table.mistakes th:has-text('Gold') button")
    page.keyboard.press("Enter")
    names = column(page, "mistakes", 2)
    assert names == sorted(names)
    assert page.locator("table.mistakes th[aria-sort]").count() == 1
    page.context.close()


def test_labels_are_sorted_by_their_exact_figures(browser, reports) -> None:
    page = opened(browser, reports["many"])
    page.click("table.labels th:has-text('Texts') button")
    values = exact(page, "labels", 3)
    assert values == sorted(values, reverse=True)
    page.context.close()


def test_a_search_leaves_the_rows_that_have_all_its_words(browser, reports) -> None:
    page = opened(browser, reports["many"])
    page.get_by_label("Search mistakes").fill("RIVER label")
    texts = column(page, "mistakes", 1)
    assert 0 < len(texts) <= 25
    assert all("river" in text.lower() for text in texts)
    assert page.locator(".tools output").last.inner_text() == f"{len(texts)} of 25 shown"
    page.get_by_label("Search mistakes").fill("")
    assert len(column(page, "mistakes", 1)) == 25
    page.context.close()


def test_the_page_is_complete_without_script(browser, reports) -> None:
    page = opened(browser, reports["hostile"], java_script_enabled=False)
    assert page.locator("table.mistakes tbody tr").count() == 25
    assert page.locator("button, input").count() == 0
    assert page.locator("svg.diagram").first.is_visible()
    page.context.close()


@pytest.mark.parametrize("kind", ["hostile", "comparison"])
def test_every_region_that_scrolls_can_be_reached_by_keyboard(browser, reports, kind) -> None:
    page = opened(browser, reports[kind], viewport={"width": 360, "height": 800})
    unreachable = page.evaluate(
        """[...document.querySelectorAll("main *")].filter(one =>
            one.scrollWidth > one.clientWidth + 1 && one.tabIndex < 0
            && ["auto", "scroll"].includes(getComputedStyle(one).overflowX)).length"""
    )
    assert unreachable == 0
    page.context.close()


@pytest.mark.parametrize("kind", ["hostile", "comparison", "trained"])
def test_small_text_has_the_contrast_of_level_aa(browser, low_contrast, reports, kind) -> None:
    for scheme in ("light", "dark"):
        page = opened(browser, reports[kind], color_scheme=scheme)
        assert low_contrast(page) == []
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_points_of_the_map_differ_by_label_in_color_and_shape(browser, reports, scheme) -> None:
    page = opened(browser, reports["trained"], color_scheme=scheme)
    samples = page.eval_on_selector_all(
        "#map table .sample path",
        "paths => paths.map(path => [getComputedStyle(path).fill, path.getAttribute('d')])",
    )
    assert len(samples) == 4
    assert len({color for color, _ in samples}) == len({shape for _, shape in samples}) == 4
    points = page.locator("#map figure path")
    assert points.count() == page.locator("#map figure path title").count() > 150
    inside = page.evaluate(
        """[...document.querySelectorAll("#map figure path")].every(one => {
            const [box, frame] = [one, one.ownerSVGElement].map(e => e.getBoundingClientRect());
            return box.left >= frame.left && box.right <= frame.right
                && box.top >= frame.top && box.bottom <= frame.bottom; })"""
    )
    assert inside
    rings = page.eval_on_selector_all(
        "#map figure .wrong path", "paths => paths.map(path => getComputedStyle(path).stroke)"
    )
    assert rings
    assert "none" not in rings
    page.context.close()


def test_the_lines_of_a_picture_differ_in_color_and_dashes(browser, reports) -> None:
    page = opened(browser, reports["neural"])
    strokes = page.eval_on_selector_all(
        "#gradients figure:nth-of-type(2) path[class^=line]",
        "paths => paths.map(path => getComputedStyle(path))"
        ".map(style => style.stroke + ' ' + style.strokeDasharray)",
    )
    assert len(strokes) == 6  # three lines, and a sample of each beside its name
    assert len({stroke.rpartition(")")[0] for stroke in strokes}) == 3
    assert len({stroke.rpartition(")")[2] for stroke in strokes}) == 3
    page.context.close()


@pytest.mark.parametrize("kind", ["trained", "several"])
def test_mistakes_are_chosen_by_labels_group_and_confidence(browser, reports, kind) -> None:
    page = opened(browser, reports[kind])
    rows = page.locator("table.mistakes tbody tr")
    total = rows.count()
    for name, attribute in (("Gold and predicted", "pair"), ("Group", "groups")):
        choice = page.get_by_role("combobox", name=name, exact=True)
        if not choice.count():
            assert kind == "several"  # made mistakes have no groups
            continue
        entry = choice.locator("option").nth(1).get_attribute("value")
        choice.select_option(index=1)
        seen = page.locator("table.mistakes tbody tr:not([hidden])")
        told = seen.evaluate_all(f"rows => rows.map(row => row.dataset.{attribute})")
        assert 0 < len(told) < total
        assert all(entry in one.split("\n") for one in told)
        assert choice.locator("option").nth(1).inner_text() == f"{entry} ({len(told)})"
        assert page.locator(".tools output").last.inner_text() == f"{len(told)} of {total} shown"
        choice.select_option(index=0)
        assert seen.count() == total
    page.context.close()


def test_choices_and_words_are_asked_together(browser, reports) -> None:
    page = opened(browser, reports["many"])
    page.get_by_role("combobox", name="Confidence", exact=True).select_option("50 to 70 %")
    page.get_by_label("Search mistakes").fill("river")
    shown = page.eval_on_selector_all(
        "table.mistakes tbody tr:not([hidden])",
        "rows => rows.map(row => [Number(row.cells[4].querySelector('data').value),"
        " row.textContent])",
    )
    assert 0 < len(shown) < 25
    assert all(0.5 <= value < 0.7 and "river" in text for value, text in shown)
    page.context.close()
