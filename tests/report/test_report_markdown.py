"""report.md and card.md: their figures, what a Markdown reader and the hub make of them."""

import re
from html import unescape

import pytest
import yaml
from markdown_it import MarkdownIt

from textkind.report import render_report
from textkind.report.card import HUB_METRICS, languages, render_card
from textkind.report.markdown import code, markdown, text
from textkind.report.pull_request import render_comparison_request, render_pull_request
from textkind.report.wording import _TEXTS

HOSTILE = [
    "<script>alert(1)</script>",
    "a | b\\| c",
    "`tick` ``two``",
    "](javascript:alert(2)) **strong**",
    "\u202edlrow",
    "{{ 7 * 7 }}",
    "nul\x00 and\nline",
    "@somebody #12 http://www.example.org",
    '\'quote: "yaml" - # &x *y',
    "---",
    "\ud800",
]
NUMBER = r"(?<![\w.-])\d+(?:,\d{3})*(?:\.\d+)?"
RENDERERS = {"report.md": render_pull_request, "card.md": render_card}


def parsed(words):
    """The tokens of a text, those inside a line too."""
    found = []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(words):
        found += [token, *(token.children or [])]
    return found


def body(card):
    """A text without its front matter."""
    return re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL)


def numbers(value):
    """All numbers inside a JSON document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {number for one in value for number in numbers(one)}
    return {value} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def shown_numbers(words):
    """The numbers of a Markdown text, without those in code and in names of things."""
    words = re.sub(r"^    .*$|```.*?```|`[^`]*`", "", words, flags=re.MULTILINE | re.DOTALL)
    words = re.sub(r"95 %|made up \d+|F1", "", words)
    return set(re.findall(NUMBER, words))


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("file", RENDERERS)
def test_every_number_is_one_of_the_metrics_or_of_the_page(make_metrics, file, several):
    metrics = make_metrics(k=7, several=several)
    page = render_report(metrics, [])
    known = {unescape(told) for told in re.findall(r"<data [^>]*>([^<]*)</data>", page)}
    known |= {tell(number) for number in numbers(metrics) for tell in _TEXTS.values()}
    known = {number for told in known for number in re.findall(NUMBER, told)}
    shown = shown_numbers(body(RENDERERS[file](metrics)))
    assert len(shown) > 20
    assert shown <= known


def test_the_verdict_is_that_of_the_page_and_the_figures_stand_against_the_baseline(make_metrics):
    told = render_pull_request(make_metrics())
    assert re.search(r"Of 400 test texts, \*\*\d+\.\d %\*\* get the right label", told)
    row = next(line for line in told.splitlines() if line.startswith("| Accuracy"))
    assert len(re.findall(r"\d+\.\d", row)) == 4  # value, both ends, baseline
    assert "`label 0" in told


@pytest.mark.parametrize("file", RENDERERS)
def test_no_text_of_a_corpus_is_markdown(make_metrics, make_comparison, file):
    metrics = make_metrics(labels=HOSTILE, rows=300, skill=1.0)
    metrics["data"]["source"] = f"/home/{HOSTILE[0].replace('/', '')}"
    metrics["data"]["columns"]["text"] = HOSTILE
    metrics["notes"] = HOSTILE
    for finding in metrics["findings"]:
        finding["what"] = " ".join(HOSTILE)
    told = RENDERERS[file](metrics)
    told.encode()
    check_harmless(body(told))
    facts = make_comparison(labels=HOSTILE[:3], text=" ".join(HOSTILE))
    check_harmless(render_comparison_request(facts))


def check_harmless(words):
    tokens = parsed(words)
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "html_block", "s_open"}
    inline = {token.content for token in tokens if token.type == "html_inline"}
    assert inline <= {"<code>", "</code>", "<!-- -->"}
    rows = re.split(r"\n(?!\|)", words)
    for table in (one for one in rows if one.lstrip().startswith("| ")):
        lines = table.strip().splitlines()
        width = [sum(token.type in ("td_open", "th_open") for token in parsed(table))]
        assert width == [len(lines[:1] + lines[2:]) * (lines[1].count("|") - 1)]
    assert not re.search(r"(?<![`\w])@somebody", re.sub(r"`[^`]*`|<code>.*?</code>", "", words))


@pytest.mark.parametrize("words", HOSTILE)
def test_a_reader_sees_the_text_as_it_is(words):
    wanted = unescape(" ".join(words.translate({0: "\u2039" + "00" + "\u203a"}).split()))
    wanted = wanted.replace("\u202e", "\u2039RLO\u203a").replace("\ud800", "\ufffd")
    for made in (text(words), code(words)):
        tokens = parsed(f"x {made} x")
        kept = ("text", "code_inline", "text_special")
        seen = "".join(token.content for token in tokens if token.type in kept)
        assert seen == f"x {wanted} x"


def test_numbers_and_ready_words_pass():
    assert markdown(3) == "3"
    assert markdown(", ") == ", "


def test_the_hub_reads_the_card(make_metrics, tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    metrics = make_metrics()
    (tmp_path / "card.md").write_text(render_card(metrics), encoding="utf-8")
    found = hub.metadata_load(tmp_path / "card.md")
    assert found["pipeline_tag"] == "text-classification"
    assert found["library_name"] == "textkind"
    assert found["language"] == ["en", "da", "no"]
    assert "license" not in found
    card = hub.ModelCard((tmp_path / "card.md").read_text(encoding="utf-8"))
    results = {(one.metric_type, one.metric_name): one for one in card.data.eval_results}
    assert results["accuracy", "Accuracy"].metric_value == metrics["test"]["accuracy"]["value"]
    told = {one.metric_value for one in results.values()}
    assert told == {metrics["test"][key]["value"] for key in HUB_METRICS}
    assert {one.dataset_split for one in results.values()} == {"test"}


def test_front_matter_holds_any_name(make_metrics):
    for source in HOSTILE:
        metrics = make_metrics()
        metrics["data"]["source"] = source
        front = render_card(metrics).split("\n---\n")[0].removeprefix("---\n")
        (result,) = yaml.safe_load(front)["model-index"][0]["results"]
        assert isinstance(result["dataset"]["name"], str)


def test_a_language_is_told_where_the_words_tell_it_and_not_otherwise(make_metrics):
    metrics = make_metrics()
    metrics["languages"] = {"English": 90, "German": 10}
    assert languages(metrics) == ["en"]
    metrics["languages"] = {}
    assert languages(metrics) == []
    assert "language:" not in render_card(metrics)
    assert "function words" not in render_card(metrics)


def test_a_card_has_the_sections_of_the_hub(make_metrics):
    told = render_card(make_metrics())
    heads = re.findall(r"^## (.*)$", told, re.MULTILINE)
    assert heads == ["Intended use", "Data", "Evaluation", "Calibration", "Limitations",
                     "How to use", "Environmental cost", "Reproduce"]  # fmt: skip


@pytest.mark.parametrize("file", RENDERERS)
def test_without_an_evaluation_both_say_so(make_metrics, file):
    told = RENDERERS[file](make_metrics(parts=()))
    assert "othing was evaluated" in told
    assert "| Accuracy" not in told


def test_the_request_of_a_comparison_has_the_ladder(make_comparison):
    facts = make_comparison()
    told = render_comparison_request(facts)
    assert "cnn is the model to use." in told
    line = next(line for line in told.splitlines() if line.startswith("| **cnn**"))
    assert "85.0 %" in line
    assert "| rnn | not finished: a river |" in told
    assert "textkind compare made.csv" in told
