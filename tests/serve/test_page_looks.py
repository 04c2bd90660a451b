"""The page at both widths, light and dark, by keyboard and to a screen reader."""

import pytest

from .page_steps import TEXT, articles, label, upload


@pytest.fixture(scope="module")
def server(shared_server):
    return shared_server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_window_and_can_be_read(
    opened, server, too_wide, low_contrast, axe_findings, width, scheme
):
    page = opened(server, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.get_by_text("Promises: what may be held back").click()
    page.get_by_label("Compare with").select_option("hostile")
    for box in ("Leave texts unlike all", "Tell a set of labels"):
        page.get_by_label(box).check()
    label(page, TEXT + " " + "w" * 300)
    assert articles(page).count() == 2
    articles(page).first.locator(".told > .whole").wait_for()
    upload(page, "id,text\n" + "".join(f"{row},late {'w' * 200}\n" for row in range(5)) + "1,2,3\n")
    page.get_by_role("link", name="Download").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert too_wide(page, width) == []
    assert low_contrast(page) == []
    assert axe_findings(page) == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 384) == (scheme == "light")


def test_all_is_reached_by_keyboard_and_has_a_name(opened, server):
    page = opened(server)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link that skips to the text
    page.keyboard.type(TEXT)
    page.keyboard.press("Control+Enter")
    articles(page).first.wait_for()
    assert articles(page).locator(".value").inner_text() == "delivery"
    nameless = page.evaluate(
        """[...document.querySelectorAll("input, select, textarea, button")]
            .filter(one => !one.labels?.length && !one.ariaLabel && !one.textContent.trim())
            .map(one => one.outerHTML)"""
    )
    assert nameless == []
    assert page.get_by_role("status").filter(has_text="tickets: delivery").count() == 1


def test_a_text_sent_by_the_keyboard_before_the_models_are_known_is_answered(opened, server):
    page, held = opened(server), []
    page.route("**/v1/models", lambda route: held.append(route))
    with page.expect_request("**/v1/models"):
        page.reload(wait_until="commit")
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.get_by_label("Text", exact=True).press("Control+Enter")
    page.get_by_role("status").filter(has_text="Asking.").wait_for()
    assert articles(page).count() == 0
    (waiting,) = held
    waiting.continue_()
    articles(page).first.wait_for()
    assert articles(page).locator(".value").inner_text() == "delivery"
    assert page.heard == []


def test_why_the_models_cannot_be_had_stays_told(opened, server):
    page = opened(server)
    page.route("**/v1/models", lambda route: route.fulfill(status=502, body="no"))
    page.reload()
    reason = page.get_by_role("status").filter(has_text="not the service's: status 502")
    reason.wait_for()
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.get_by_label("Text", exact=True).press("Control+Enter")
    assert reason.count() == 1
    assert articles(page).count() == 0
