"""The page in real headless Chromium, before the real service."""

import signal
import socket

import pytest

from textkind.models.settings import LinearSettings
from textkind.workflow.train import TrainSettings, train

from .conftest import tickets

KEY = "k" * 32
HOSTILE = "<img src=x onerror=\"document.title='broken'\">"
TEXT = "my parcel is late again"


@pytest.fixture(scope="module")
def folders(run_folder, tagged_folder, tmp_path_factory):
    """Models to compare: plain tickets, tickets whose labels are hostile, several labels a text."""
    rows = [row | {"label": f"{row['label']} {HOSTILE}"} for row in tickets(400, seed=1)]
    out = tmp_path_factory.mktemp("runs") / "hostile"
    linear = LinearSettings(features="words")
    train(rows, TrainSettings(out=out, model=linear, overwrite=True))
    return [f"tickets={run_folder}", f"hostile={out}", f"tagged={tagged_folder}"]


@pytest.fixture(scope="module")
def server(start_server, folders):
    return start_server(*folders)


@pytest.fixture
def opened(browser):
    """Opens the page of a server; all it complains of, and asks others for, is in `page.heard`."""
    contexts = []

    def open_page(server, **context):
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        home = f"http://{server.host}:{server.port}/"
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on("request", lambda one: one.url.startswith(home) or page.heard.append(one.url))
        page.goto(home)
        return page

    yield open_page
    for context in contexts:
        context.close()


def label(page, text):
    """Type a text, press the button, wait for the answers."""
    page.get_by_label("Text", exact=True).fill(text)
    with page.expect_response("**/v1/predict"):
        page.get_by_role("button", name="Label the text").click()
    page.locator("#answers:not([aria-busy]) article").first.wait_for()


def articles(page):
    return page.locator("#answers article")


def probabilities(article):
    """{label: exact probability} of the table."""
    return dict(
        article.locator("tbody tr").evaluate_all(
            """rows => rows.map(row =>
                [row.querySelector("bdi").textContent, Number(row.querySelector("data").value)])"""
        )
    )


def test_a_text_is_labelled_with_the_exact_probabilities(opened, server):
    page = opened(server)
    label(page, TEXT)
    told = server.post({"text": TEXT, "model": "tickets", "top": 3})[1]["results"][0]
    assert articles(page).locator(".value").inner_text() == told["label"] == "delivery"
    shown = probabilities(articles(page))
    assert shown == {one["label"]: one["probability"] for one in told["top"]}
    widths = (
        articles(page)
        .locator(".fill")
        .evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().width"
            " / one.parentElement.getBoundingClientRect().width)"
        )
    )
    assert widths == pytest.approx(list(shown.values()), abs=0.02)
    assert page.heard == []


def test_two_models_stand_side_by_side(opened, server):
    page = opened(server, viewport={"width": 1280, "height": 800})
    page.get_by_label("Compare with").select_option("hostile")
    label(page, TEXT)
    assert articles(page).count() == 2
    one, other = (articles(page).nth(place).bounding_box() for place in (0, 1))
    assert one["y"] == other["y"]
    assert one["x"] + one["width"] <= other["x"]
    assert page.locator("#status").inner_text() == "tickets and hostile disagree."
    assert page.title() == "textkind: label a text"
    assert page.heard == []


def test_several_labels_are_all_told(opened, server):
    page = opened(server)
    page.get_by_label("Model", exact=True).select_option("tagged")
    label(page, TEXT)
    told = server.post({"text": TEXT, "model": "tagged"})[1]["results"][0]
    assert articles(page).locator(".value").inner_text() == ", ".join(told["labels"])
    assert articles(page).locator("tr.given").count() == len(told["labels"]) == 2


def test_labels_that_are_held_back_are_flagged(opened, server):
    page = opened(server)
    page.get_by_text("Promises: what may be held back").click()
    page.get_by_label("Leave texts unlike all").check()
    page.get_by_label("Tell a set of labels").check()
    label(page, "quantum chess tournament")
    assert "held back" in articles(page).locator(".value").inner_text()
    assert "Out of scope" in articles(page).locator(".flags").inner_text()
    assert "Labels that hold the true one for 90 %" in articles(page).inner_text()
    page.get_by_label("Share of known texts that").fill("0")
    page.get_by_text("Promises: what may be held back").click()  # closed
    page.get_by_role("button", name="Label the text").click()
    assert page.evaluate("document.activeElement.id") == "reject_novel-share"  # refused here
    page.get_by_label("Leave texts unlike all").uncheck()
    label(page, "quantum chess tournament")
    assert articles(page).locator(".flags").count() == 0


def test_what_a_model_cannot_promise_is_told_in_its_place(opened, server):
    page = opened(server)
    page.get_by_text("Promises: what may be held back").click()
    page.get_by_label("Compare with").select_option("tagged")
    page.get_by_label("Leave the unsure").check()
    page.get_by_label("Share of wrong answers").fill("0.1")
    label(page, TEXT)
    assert articles(page).count() == 2
    asked = {"text": TEXT, "max_error": 0.001}
    for place, model in enumerate(("tickets", "tagged")):
        status, told = server.post(asked | {"model": model})
        shown = articles(page).nth(place).inner_text()
        assert status == 200 or told["error"]["problem"][1:] in shown


def test_nothing_hostile_runs(opened, server):
    page = opened(server)
    page.get_by_label("Model", exact=True).select_option("hostile")
    label(page, f"{HOSTILE} parcel \u202e")
    assert HOSTILE in articles(page).inner_text()
    assert page.locator("img").count() == 0
    assert page.title() == "textkind: label a text"
    assert page.heard == []


def test_a_key_is_asked_for_and_kept_in_memory_alone(opened, start_server, run_folder):
    server = start_server(run_folder, environment={"TEXTKIND_API_KEY": KEY})
    page = opened(server)
    field = page.get_by_label("API key")
    field.fill("wrong" * 8)
    field.press("Enter")
    page.get_by_text("the key is not known").wait_for()
    field.fill(KEY)
    page.get_by_role("button", name="Use the key").click()
    page.locator("button.main:enabled").wait_for()
    assert field.is_hidden()
    label(page, TEXT)
    assert articles(page).locator(".value").inner_text() == "delivery"
    kept = page.evaluate(
        "[localStorage.length, sessionStorage.length, document.cookie, location.href]"
    )
    assert kept == [0, 0, "", f"http://{server.host}:{server.port}/"]
    page.reload()
    field.wait_for()
    assert field.input_value() == ""


def test_a_service_that_is_gone_is_told_and_its_return_too(opened, start_server, run_folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = start_server(run_folder, port=port)
    page = opened(server)
    page.locator("button.main:enabled").wait_for()
    server.stop(signal.SIGKILL)
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.get_by_role("button", name="Label the text").click()
    banner = page.get_by_role("alert").filter(has_text="does not answer")
    banner.wait_for()
    start_server(run_folder, port=port)
    articles(page).first.wait_for()  # the text is asked again without a word
    assert articles(page).locator(".value").inner_text() == "delivery"
    assert banner.count() == 0
    assert page.get_by_label("Text", exact=True).input_value() == TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_window_and_can_be_read(
    opened, server, too_wide, low_contrast, width, scheme
):
    page = opened(server, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.get_by_text("Promises: what may be held back").click()
    page.get_by_label("Compare with").select_option("hostile")
    for box in ("Leave texts unlike all", "Tell a set of labels"):
        page.get_by_label(box).check()
    label(page, "w" * 300)
    assert articles(page).count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert too_wide(page, width) == []
    assert low_contrast(page) == []
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
    assert page.locator("#answers").get_attribute("aria-live") == "polite"
