"""The page of a model in real headless Chromium: our answers, without network, for everyone."""

import re

import numpy as np
import pyarrow as pa
import pytest

from tests.export.small_models import ODD, SETTINGS, TEXTS, linear
from tests.report.browsing import HOSTILE, opened
from textkind.classifier import predict_ids, predict_probabilities
from textkind.decision.rule import Rule
from textkind.decision.temperature import Temperature
from textkind.errors import ModelFolderError
from textkind.export.settings import ExportSettings
from textkind.workflow.export import export_model, load_exported

NAMES = ("billing", "delivery", "login")
SHOWN = """() => [...document.querySelectorAll("#probabilities tr")].map(row =>
    [row.cells[0].innerText, row.cells[1].innerText])"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Name -> the classifier and its page."""
    place = tmp_path_factory.mktemp("pages")
    one = linear(SETTINGS["both"], NAMES, Temperature)
    several = linear(SETTINGS["words"], NAMES, Temperature, Rule(thresholds=0.99), several=True)
    hostile = linear(SETTINGS["words"], NAMES, Temperature)
    renamed = type(hostile.labels)(tuple(HOSTILE[:3]))
    model = type(hostile.model)(renamed, *list(vars(hostile.model).values())[1:6])
    hostile = type(hostile)(model, hostile.decision, renamed.names)
    found = {}
    for name, classifier in (("one", one), ("several", several), ("hostile", hostile)):
        export_model(classifier, place / name, ExportSettings("page"))
        found[name] = classifier, place / name / "page.html"
    return found


def write(page, text):
    """Write a text, and wait for its answer."""
    page.evaluate("document.querySelector('#answer').replaceChildren()")
    page.fill("#text", text)
    if page.input_value("#text") == text:
        page.dispatch_event("#text", "input")
    page.wait_for_function("() => document.querySelector('#answer').innerText")


def test_the_page_answers_as_the_model(browser, pages):
    classifier, path = pages["one"]
    texts = [text for text in [*ODD, *TEXTS[:8]] if "\0" not in text]  # a field takes no NUL
    strings = pa.array(texts, pa.large_string())
    chances, ids = predict_probabilities(classifier, strings), predict_ids(classifier, strings)
    page = opened(browser, path)
    page.wait_for_selector("#probabilities tr")
    for text, row, label in zip(texts, chances, ids, strict=True):
        write(page, text)
        assert page.inner_text("#answer") == f"Label: {NAMES[label]}"
        order = np.argsort(-row)
        shown = page.evaluate(SHOWN)
        assert [name for name, _ in shown] == [NAMES[k] for k in order]
        for (_, told), k in zip(shown, order, strict=True):
            assert float(told.removesuffix(" %")) == pytest.approx(100 * row[k], abs=0.0501)
    assert page.heard == [path.as_uri()]
    page.context.close()


def test_a_text_may_be_without_a_label(browser, pages):
    page = opened(browser, pages["several"][1])
    write(page, "nothing of all that")
    assert page.inner_text("#answer") == "No label reaches its threshold"
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_quiet_readable_and_fits_its_window(
    browser, too_wide, low_contrast, axe_findings, pages, width, scheme
):
    path = pages["hostile"][1]
    size = {"width": width, "height": 800}
    page = opened(browser, path, viewport=size, color_scheme=scheme)
    write(page, "late parcel")
    assert page.title() == "Label a text"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert too_wide(page, width) == []
    assert low_contrast(page) == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 384) == (scheme == "light")
    assert page.heard == [path.as_uri()]
    assert axe_findings(page) == []
    page.context.close()


def test_a_damaged_model_is_told(browser, pages, tmp_path):
    html = pages["one"][1].read_text(encoding="utf-8")
    place = html.index('id="model">') + 4000
    other = "A" if html[place] != "A" else "B"
    (tmp_path / "page.html").write_text(html[:place] + other + html[place + 1 :], "utf-8")
    page = opened(browser, tmp_path / "page.html")
    page.wait_for_selector("#gone:not([hidden])")
    told = page.inner_text("#gone")
    assert told.startswith("The model in this page cannot be used: the file is damaged")
    assert page.is_disabled("#text")
    page.context.close()


def test_the_page_allows_its_own_script_alone(pages):
    html = pages["one"][1].read_text(encoding="utf-8")
    policy = re.search('Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src &#39;none&#39;" in policy
    assert "unsafe" not in policy
    assert "://" not in html.split("<script>")[0]


def test_the_model_in_a_page_is_loaded(pages, tmp_path):
    classifier, path = pages["one"]
    answers = load_exported(path.parent).answers(TEXTS[:5])
    wanted = predict_probabilities(classifier, pa.array(TEXTS[:5], pa.large_string()))
    np.testing.assert_allclose(answers.probabilities, wanted, atol=1e-6)
    from textkind.export.page_folder import load

    (tmp_path / "page.html").write_text("<p>nothing</p>")
    with pytest.raises(ModelFolderError, match="the page has no model inside"):
        load(tmp_path, {"labels": NAMES})
