"""The page in real headless Chromium, before the real service."""

import signal

import pytest

from .conftest import HOSTILE, KEY
from .page_steps import TEXT, articles, label


@pytest.fixture(scope="module")
def server(shared_server):
    return shared_server


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
    told = page.locator("#status").inner_text()
    assert told.startswith("tickets: delivery, ")
    assert told.endswith("They disagree.")
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


def test_the_words_that_decided_are_shaded_by_weight(opened, server):
    page = opened(server)
    text = "\U0001f600 my parcel \u2014 again"
    label(page, text)
    shown = articles(page).locator(".told > .whole")
    shown.wait_for()
    asked = {"text": text, "model": "tickets", "explain": True}
    told = server.post(asked)[1]["results"][0]["explanations"][0]
    weights = {piece["text"]: piece["weight"] for piece in told["pieces"]}
    assert shown.inner_text() == text
    assert shown.locator(".right5").inner_text() == max(weights, key=weights.get) == "parcel"
    heaviest = (
        articles(page)
        .locator(".ngrams li")
        .evaluate_all(
            "all => all.map(one => [one.querySelector('bdi').textContent, "
            "Number(one.querySelector('data').value)])"
        )
    )
    order = sorted((piece for piece in weights.items() if piece[1]), key=lambda one: -abs(one[1]))
    assert [tuple(one) for one in heaviest] == order[:10]
    with page.expect_response("**/v1/predict"):
        page.get_by_label("Label to explain").select_option("billing")
    with page.expect_response("**/v1/predict"):
        page.get_by_label("Label to compare with").select_option("delivery")
    articles(page).get_by_text("billing rather than delivery: ").wait_for()
    assert shown.locator("[class^=wrong]").first.inner_text() == "parcel"
    assert page.heard == []


def test_the_nearest_training_texts_are_told_where_the_service_tells_them(opened, server):
    page = opened(server)
    label(page, TEXT)
    near = articles(page).locator(".near li")
    near.first.wait_for()
    asked = {"text": TEXT, "model": "tickets", "similar": 5}
    told = server.post(asked)[1]["results"][0]["similar"]
    assert near.locator(".whole").all_inner_texts() == [one["text"] for one in told]
    assert near.locator(".name").all_inner_texts() == [one["labels"][0] for one in told]
    similarity = f"similarity {told[0]['similarity']:.3f}, row {told[0]['row']}"
    assert near.first.locator("small").inner_text() == similarity
    assert [one["differs"] for one in told] == [
        "another label" in one for one in near.all_inner_texts()
    ]
    label(page, "")
    articles(page).get_by_text("Nothing in the text is known").wait_for()
    assert page.heard == []


def test_explanations_can_be_left_out_and_fail_in_their_own_place(opened, server):
    page = opened(server)
    page.get_by_label("Show the words that decided").uncheck()
    label(page, TEXT)
    assert articles(page).get_by_text("Why").count() == 0
    page.get_by_label("Show the words that decided").check()
    error = {"problem": "no <b>time</b>", "found": None, "where": "", "hint": "ask less"}
    page.route(
        "**/v1/predict",
        lambda route: (
            route.fulfill(status=504, json={"error": error})
            if "explain" in route.request.post_data
            else route.continue_()
        ),
    )
    label(page, TEXT)
    articles(page).get_by_text("No <b>time</b>; ask less.").wait_for()
    assert articles(page).locator(".value").inner_text() == "delivery"


def test_tokens_beyond_a_limit_are_told(opened, server):
    page = opened(server)
    result = {"label": "billing", "probability": 0.9, "tokens_read": 510, "tokens_unread": 1490}
    answer = {"model": "tickets", "version": "1", "results": [result | {"top": []}]}
    page.route("**/v1/predict", lambda route: route.fulfill(json=answer))
    page.get_by_label("Show the words that decided").uncheck()
    label(page, TEXT)
    assert "1,490 of 2,000 tokens" in articles(page).locator(".flags").inner_text()


def test_a_busy_service_is_asked_again(opened, server):
    page = opened(server)
    error = {"problem": "too many requests", "found": None, "where": "", "hint": "send it again"}
    page.route(
        "**/v1/predict",
        lambda route: route.fulfill(
            status=503, json={"error": error}, headers={"Retry-After": "1"}
        ),
        times=1,
    )
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.get_by_role("button", name="Label the text").click()
    page.get_by_text("The service is busy: too many requests. Asking again.").wait_for()
    articles(page).first.wait_for()
    assert articles(page).locator(".value").inner_text() == "delivery"


def test_drift_is_told_as_the_service_tells_it(opened, server, too_wide):
    page = opened(server, viewport={"width": 360, "height": 800})
    page.get_by_role("button", name="Look").click()
    shown = page.locator("#drift > div")
    shown.first.wait_for()
    told = server.get("/v1/drift")[1]["models"]
    assert shown.locator("h3").all_inner_texts() == [model["name"] for model in told]
    figures = told[0]["figures"]
    rows = shown.first.locator("table").first.locator("tbody tr")
    assert rows.count() == len(figures) >= 3
    index = next(iter(figures.values()))["window"]["index"]
    assert rows.first.locator("td").nth(1).inner_text() == (
        "-" if index is None else f"{index:.3f}"
    )
    for closed in shown.locator("summary").all():
        closed.click()
    cells = shown.first.locator("details").first.locator("tbody tr")
    assert cells.locator("th").all_inner_texts() == figures["labels"]["cells"]
    counts = figures["labels"]["validation"]
    share = f"{round(100 * counts[0] / sum(counts), 1):g} %"
    assert cells.first.locator("td").first.inner_text() == share
    assert too_wide(page, 360) == []
    figure = {"index": 0.4, "limit": 0.1, "texts": 2000, "drift": True, "counts": [5, 3]}
    figure = {"cells": ["a", "<b>"], "validation": [1, 1], "window": figure}
    answer = {"models": [{"name": "tickets", "figures": {"labels": figure}}]}
    page.route("**/v1/drift", lambda route: route.fulfill(json=answer))
    page.get_by_role("button", name="Look").click()
    page.get_by_text("Drift: tickets.").wait_for()
    assert page.heard == []


def test_nothing_hostile_runs(opened, server):
    page = opened(server)
    page.get_by_label("Model", exact=True).select_option("hostile")
    label(page, f"{HOSTILE} parcel \u202e")
    articles(page).locator(".told > .whole").wait_for()
    assert HOSTILE in articles(page).inner_text()
    assert "\u202e" not in page.locator("main").inner_text()
    assert page.locator("img").count() == 0
    assert page.title() == "textkind: label a text"
    assert page.heard == []


def test_a_key_is_asked_for_and_kept_in_memory_alone(opened, keyed_server):
    page = opened(keyed_server)
    field = page.get_by_label("API key")
    field.fill("wrong" * 8)
    field.press("Enter")
    page.get_by_text("the key is not known").wait_for()
    field.fill(KEY)
    page.get_by_role("button", name="Use the key").click()
    page.locator("#label-form button:enabled").wait_for()
    assert field.is_hidden()
    label(page, TEXT)
    assert articles(page).locator(".value").inner_text() == "delivery"
    kept = page.evaluate(
        "[localStorage.length, sessionStorage.length, document.cookie, location.href]"
    )
    assert kept == [0, 0, "", f"http://{keyed_server.host}:{keyed_server.port}/"]
    page.reload()
    field.wait_for()
    assert field.input_value() == ""


def test_a_service_that_is_gone_is_told_and_its_return_too(
    opened, start_server, run_folder, free_port
):
    server = start_server(run_folder, port=free_port)
    page = opened(server)
    page.locator("#label-form button:enabled").wait_for()
    server.stop(signal.SIGKILL)
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.get_by_role("button", name="Label the text").click()
    banner = page.get_by_role("alert").filter(has_text="does not answer")
    banner.wait_for()
    start_server(run_folder, port=free_port)
    articles(page).first.wait_for()  # the text is asked again without a word
    assert articles(page).locator(".value").inner_text() == "delivery"
    assert banner.count() == 0
    assert page.get_by_label("Text", exact=True).input_value() == TEXT
