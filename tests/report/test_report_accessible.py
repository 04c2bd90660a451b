"""The page by keyboard, to a screen reader and on paper, in real headless Chromium."""

import pytest

from tests.report.browsing import KINDS, opened

PAPER = {"width": 680, "height": 960}  # A4 less margins of 15 mm, at 96 dots an inch
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
@pytest.mark.parametrize("kind", ["trained", "several", "neural", "comparison"])
def test_axe_finds_nothing(browser, axe_findings, reports, kind, width, scheme) -> None:
    size = {"width": width, "height": 800}
    page = opened(browser, reports[kind], viewport=size, color_scheme=scheme)
    page.evaluate(OPEN)
    assert axe_findings(page) == []
    page.context.close()


@pytest.mark.parametrize("kind", ["several", "comparison"])
def test_the_contents_are_walked_and_followed_by_keyboard(browser, reports, kind) -> None:
    page = opened(browser, reports[kind], viewport={"width": 1280, "height": 800})
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.className")
    assert skip == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    links = page.eval_on_selector_all("nav a", "links => links.map(link => link.hash)")
    walked = []
    for _ in links:
        page.keyboard.press("Tab")
        walked.append(page.evaluate("document.activeElement.hash"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    assert walked == links
    page.keyboard.press("Enter")
    page.wait_for_function("hash => location.hash === hash", arg=links[-1])
    page.wait_for_function(
        "hash => document.querySelector(hash).getBoundingClientRect().top < innerHeight",
        arg=links[-1],
    )
    page.context.close()


def test_the_contents_are_in_the_order_of_the_sections(browser, reports) -> None:
    for kind in set(KINDS) - {"map"}:  # it has one section
        page = opened(browser, reports[kind])
        links = page.eval_on_selector_all("nav a", "links => links.map(link => link.hash)")
        ids = "sections => sections.map(section => '#' + section.id)"
        sections = page.eval_on_selector_all("main > section", ids)
        assert links == sections
        page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_on_paper_everything_is_open_and_nothing_is_cut(browser, reports, kind) -> None:
    page = opened(browser, reports[kind], viewport=PAPER, color_scheme="dark")
    page.emulate_media(media="print")
    page.wait_for_function(  # what is folded is laid out a moment later
        """matchMedia("print").matches && [...document.querySelectorAll("details > :not(summary)")]
            .every(one => one.checkVisibility())"""
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    wide = page.evaluate(
        """width => [...document.querySelectorAll("main *")].filter(one => !one.closest("svg"))
            .filter(one => one.getBoundingClientRect().right > width + 1)
            .map(one => one.outerHTML.slice(0, 120))""",
        PAPER["width"],
    )
    assert wide == []  # what scrolls on a screen too
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav, .tools").first.is_visible()
    page.context.close()


def test_printing_opens_what_is_folded_and_folds_it_again(browser, reports) -> None:
    page = opened(browser, reports["many"])
    count = "document.querySelectorAll('details[open]').length"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(count) == page.locator("details").count() > 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(count) == 0
    page.context.close()
