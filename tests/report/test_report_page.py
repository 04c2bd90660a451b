"""The page as a text: its figures, its safety, its size. Parsed by the standard library."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textkind.data.labels import LabelSet
from textkind.errors import OutputError
from textkind.evaluation.scorecard import majority_baseline, score_part
from textkind.report import render_report, write_report

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "\u202edlrow\u2066",
    "\u05e9\u05dc\u05d5\u05dd",
    "x" * 200,
    "\U0001f469\u200d\U0001f4bb",
    "{{ 7 * 7 }}",
    "nul\x00bell\x07",
    "",
    "lone \ud800 surrogate",
]
HEADLINE = (
    "accuracy",
    "macro_f1",
    "micro_f1",
    "weighted_f1",
    "macro_precision",
    "macro_recall",
    "roc_auc",
    "pr_auc",
    "log_loss",
    "brier",
    "ece_width",
    "ece_mass",
)
MOST_BYTES = 1_000_000


class Page(HTMLParser):
    """What the tests ask of a page: its tags, its exact figures, its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.values: list[float] = []
        self.figures: dict[str, list[float]] = {}
        self.texts: list[str] = []
        self.tables: list[list[str]] = []
        self._figure = ""
        self._style_or_script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        self._style_or_script = tag in ("style", "script")
        if tag == "tr":
            self._figure = found.get("data-figure") or ""
        if tag == "table":
            self.tables.append([])
        elif tag in ("caption", "th") and self.tables:
            self.tables[-1].append(tag)
        if tag == "data":
            self.values.append(float(found["value"] or "nan"))
            self.figures.setdefault(self._figure, []).append(self.values[-1])

    def handle_endtag(self, tag: str) -> None:
        self._style_or_script = False

    def handle_data(self, data: str) -> None:
        if not self._style_or_script:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def test_the_figures_of_the_page_equal_the_metrics(make_metrics, make_mistakes) -> None:
    metrics = make_metrics(k=7)
    page = Page(render_report(metrics, make_mistakes(metrics["labels"])))
    for key in HEADLINE:
        shown, wanted = page.figures[key], metrics["test"][key]
        assert shown[:3] == [wanted["value"], wanted["low"], wanted["high"]]
        assert shown[-1] == metrics["validation"][key]["value"]
        if key in metrics["baseline"]:
            assert shown[3] == metrics["baseline"][key]
    for row in metrics["test"]["per_label"]:
        shown = {row["precision"], row["recall"], row["f1"], row["support"], row["ece"]}
        assert shown <= set(page.values)
    assert set(metrics["test"]["calibration"].values()) <= set(page.values)
    before = metrics["uncalibrated"]
    assert {before["ece_mass"], before["log_loss"]} <= set(page.values)
    for one in before["reliability"]["equal_mass"]:
        assert {one["confidence"], one["accuracy"], one["count"]} <= set(page.values)
    for one in metrics["fit"]["decision"]["candidates"]:
        assert {one["log_loss"], one["standard_error"], one["ece"]} <= set(page.values)
    for one in metrics["test"]["reliability"]["equal_mass"]:
        assert {one["confidence"], one["accuracy"]} <= set(page.values)


def test_every_number_of_a_mistake_is_on_the_page(make_metrics, make_mistakes) -> None:
    metrics = make_metrics()
    mistakes = make_mistakes(metrics["labels"], 10)
    values = set(Page(render_report(metrics, mistakes)).values)
    for one in mistakes:
        assert {one["row"], one["probability"], one["gold_probability"]} <= values
        assert {ngram["weight"] for ngram in one["ngrams"]} <= values


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("k", [2, 300])
def test_the_made_metrics_have_the_documented_shape(make_metrics, k, several) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "metrics.schema.json").read_text())
    jsonschema.validate(make_metrics(k=k, several=several), schema)


def test_an_evaluation_without_parts_leaves_out_the_split(make_metrics) -> None:
    metrics = make_metrics(parts=("test",))
    metrics["data"] = {"source": "new.csv", "read": 400, "accepted": 400, "rejected": 0}
    metrics["fit"], metrics["command"] = {"model": "linear"}, None
    page = Page(render_report(metrics, []))
    assert "The split" not in page.text
    assert "textkind train" not in page.text


def test_settings_and_candidates_stand_in_tables_of_their_own(make_metrics) -> None:
    metrics = make_metrics()
    one = {"features": "words", "naive_bayes": True, "log_loss": 0.31875, "accuracy": 0.9125}
    metrics["fit"]["settings"] |= {"features": "words", "naive_bayes": True}
    metrics["fit"]["candidates"] = [one | {"strength": 1.0}, one | {"strength": 2.0}]
    metrics["fit"]["asked"] = {"strength": "asked-for"}
    page = Page(render_report(metrics, []))
    assert "What validation compared." in page.texts
    assert {0.31875, 0.9125} <= set(page.values)
    assert page.texts.count("chosen") == 1
    assert "imbalance" in page.texts
    assert "asked-for" not in page.text
    assert metrics["command"] in page.texts


@pytest.mark.parametrize("several", [False, True])
def test_what_evaluation_makes_is_what_the_report_reads(make_metrics, several) -> None:
    labels = LabelSet(("a", "b", "c", "never"), several)
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(4), 50).astype(np.float32)
    targets = random.integers(0, 3, 50).astype(np.int32)
    predicted = probabilities[:, :3].argmax(axis=1).astype(np.int32)
    if several:
        targets, predicted = (np.eye(4, dtype=np.uint8)[ids] for ids in (targets, predicted))
    metrics = make_metrics(labels=list(labels.names), several=several)
    metrics["test"] = score_part(probabilities, predicted, targets, labels, resamples=20)
    metrics["baseline"] = majority_baseline(targets, targets, labels)
    metrics["validation"] = score_part(
        *(a[:0] for a in (probabilities, predicted, targets)), labels
    )
    page = Page(render_report(metrics, []))
    for key in HEADLINE:
        assert metrics["test"][key]["value"] in page.figures[key]
        assert metrics["baseline"][key] in page.figures[key]


def test_rounded_figures_are_read_beside_the_exact_ones(make_metrics) -> None:
    metrics = make_metrics()
    accuracy = metrics["test"]["accuracy"]["value"]
    assert f"{100 * accuracy:.1f}\u00a0%" in Page(render_report(metrics, [])).text


@pytest.mark.parametrize("several", [False, True])
def test_hostile_names_and_texts_become_no_markup(make_metrics, make_mistakes, several) -> None:
    labels = HOSTILE
    metrics = make_metrics(labels=labels, several=several)
    metrics["notes"] = metrics["data"]["notes"] = labels
    metrics["data"]["source"] = "</title><script>alert(3)</script>.csv"
    metrics["data"]["columns"]["text"] = labels
    metrics["fit"]["settings"] = {name: name for name in labels}
    mistakes = make_mistakes(labels, len(labels), several)
    for mistake, name in zip(mistakes, labels, strict=True):
        mistake["text"] = name
        mistake["ngrams"] = [{"ngram": name, "weight": 1.0}]
    text = render_report(metrics, mistakes)
    page = Page(text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert not [name for _, found in page.tags for name in found if name in ("src", "style")]
    assert "<script>alert(1)</script>" in page.text
    assert "49" not in page.texts
    assert not set(text) & {chr(code) for code in (*range(9), 0x7F, 0x202E, 0x2066, 0xD800)}
    text.encode()


def test_names_stand_isolated_in_their_direction(make_metrics) -> None:
    text = render_report(make_metrics(labels=HOSTILE), [])
    for found in re.finditer("\u05e9\u05dc\u05d5\u05dd", text):
        assert re.search(r"<bdi[^<]*>$", text[: found.start()])


def test_the_policy_allows_this_style_and_script_alone(make_metrics) -> None:
    text = render_report(make_metrics(), [])
    policy = next(
        found["content"] or ""
        for tag, found in Page(text).tags
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


def test_the_page_refers_to_nothing_outside(make_metrics, make_mistakes) -> None:
    metrics = make_metrics()
    text = render_report(metrics, make_mistakes(metrics["labels"]))
    for tag, found in Page(text).tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "img")
        assert (found.get("href") or "#").startswith("#")
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("k", [2, 31, 1000])
def test_large_input_makes_no_large_page(make_metrics, make_mistakes, k, several) -> None:
    metrics = make_metrics(k=k, rows=800, several=several)
    text = render_report(metrics, make_mistakes(metrics["labels"], 5000, several))
    assert len(text.encode()) < 500_000
    assert "100 of 5,000 mistakes" in Page(text).text


def test_a_hundred_thousand_rows_with_texts_of_megabytes_stay_under_one_megabyte(
    make_metrics, make_mistakes
) -> None:
    metrics = make_metrics(k=150, rows=100_000, parts=("test",))
    mistakes = make_mistakes(metrics["labels"], 100)
    for one in mistakes:
        one["text"] = 5_000_000 // 6 * "<river"
        one["groups"] = ["rare words", "negation"]
    assert len(render_report(metrics, mistakes).encode()) < MOST_BYTES


@pytest.mark.parametrize("k", [30, 1000])
def test_the_worst_that_could_be_asked_stays_under_one_megabyte(
    make_metrics, make_mistakes, k
) -> None:
    labels = ['"' * 300 + str(i) for i in range(k)]
    metrics = make_metrics(labels=labels, rows=3000, skill=0.5)
    metrics["notes"] = metrics["data"]["notes"] = ['"' * 100_000] * 1000
    metrics["fit"]["settings"] = {'"' * 1000 + str(i): '"' * 1000 for i in range(1000)}
    metrics["data"]["source"] = '"' * 100_000
    mistakes = make_mistakes(labels, 200)
    for one in mistakes:
        one["text"] = '"' * 1_000_000
        one["gold"] = one["predicted"] = labels
        one["ngrams"] = [{"ngram": '"' * 500 if i else '"', "weight": 1.0} for i in range(50)]
    assert len(render_report(metrics, mistakes).encode()) < MOST_BYTES


def test_without_a_test_part_validation_is_shown_and_said_so(make_metrics) -> None:
    metrics = make_metrics(parts=("validation",))
    page = Page(render_report(metrics, []))
    assert "No test part was evaluated" in page.text
    assert page.figures["accuracy"][0] == metrics["validation"]["accuracy"]["value"]


def test_with_nothing_evaluated_the_page_says_so(make_metrics) -> None:
    assert "Nothing was evaluated" in Page(render_report(make_metrics(parts=()), [])).text


def test_without_mistakes_the_page_says_so(make_metrics) -> None:
    page = Page(render_report(make_metrics(k=2, skill=60.0), []))
    assert "It made no mistake on these texts." in page.text
    assert "No mistakes to show." in page.text


def test_headings_captions_and_scopes_are_in_order(make_metrics, make_mistakes) -> None:
    metrics = make_metrics()
    page = Page(render_report(metrics, make_mistakes(metrics["labels"])))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.tags}
    assert all(parts[:1] == ["caption"] for parts in page.tables)
    assert all("scope" in found for tag, found in page.tags if tag == "th")
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))
    targets = {(found.get("href") or "")[1:] for tag, found in page.tags if tag == "a"}
    assert targets <= set(ids)
    for tag, found in page.tags:
        assert tag != "svg" or found.get("role") == "img" or found.get("aria-hidden") == "true"


def blanked(value: object, choose: Callable[[], bool]) -> object:
    """The same figures with some of them null."""
    if isinstance(value, dict) and set(value) == {"value", "low", "high"}:
        return dict.fromkeys(value) if choose() else value
    if isinstance(value, dict):
        return {key: blanked(inner, choose) for key, inner in value.items()}
    if isinstance(value, list):
        return [blanked(inner, choose) for inner in value]
    return None if isinstance(value, float) and choose() else value


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.data(),
    k=st.integers(2, 40),
    rows=st.integers(1, 60),
    several=st.booleans(),
    seed=st.integers(0, 99),
)
def test_undefined_figures_never_break_the_page(
    make_metrics, make_mistakes, data, k, rows, several, seed
) -> None:
    metrics = make_metrics(k=k, rows=rows, several=several, seed=seed)
    random = data.draw(st.randoms(use_true_random=False))
    for part in ("test", "validation"):
        bins = metrics[part].pop("reliability")  # the figures of a bin are always defined
        metrics[part] = blanked(metrics[part], lambda: random.random() < 0.3)
        metrics[part]["reliability"] = bins
    metrics = json.loads(json.dumps(metrics, allow_nan=False))
    page = Page(render_report(metrics, make_mistakes(metrics["labels"], 3, several)))
    assert "None" not in page.text
    assert "nan" not in page.text


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.text(st.characters(), min_size=1), min_size=2, max_size=6, unique=True))
def test_any_text_at_all_can_be_shown(make_metrics, make_mistakes, texts) -> None:
    metrics = make_metrics(labels=texts, rows=30)
    mistakes = make_mistakes(texts, len(texts))
    for mistake, text in zip(mistakes, texts, strict=True):
        mistake["text"] = text * 50
        mistake["ngrams"] = [{"ngram": text, "weight": 0.5}]
    page = render_report(metrics, mistakes)
    page.encode()
    assert [tag for tag, _ in Page(page).tags].count("script") == 1


def test_the_file_holds_the_page(make_metrics, tmp_path: Path) -> None:
    metrics = make_metrics()
    write_report(tmp_path / "report.html", metrics, [])
    written = (tmp_path / "report.html").read_bytes()
    assert written.decode() == render_report(metrics, [])


def test_a_file_that_cannot_be_written_is_our_error(make_metrics, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        write_report(tmp_path / "missing" / "report.html", make_metrics(), [])


def test_the_same_input_makes_the_same_page(make_metrics, make_mistakes) -> None:
    metrics = make_metrics()
    mistakes = make_mistakes(metrics["labels"])
    assert render_report(metrics, mistakes) == render_report(metrics, mistakes)


def test_findings_stand_in_the_page_with_advice_and_examples(make_metrics):
    metrics = make_metrics()
    page = render_report(metrics, [])
    section = page[page.index('id="audit"') : page.index('id="figures"')]
    assert section.index("serious") < section.index("warning") < section.index("note")
    for words in ("3 rows hold a river of light", "read them", "test row 7, ", "texts 9"):
        assert words in section
    assert section.count('class="failed"') == 1
    assert "Nothing was found." in render_report(metrics | {"findings": []}, [])


def test_what_was_changed_stands_label_by_label_the_commonest_first(make_metrics) -> None:
    metrics = make_metrics(k=60)
    page = Page(render_report(metrics, []))
    assert "imbalance post-hoc and chosen by the rule prior" in page.text
    assert "20 between the commonest and the rarest are left out" in page.text
    assert "-2.0" in page.texts  # accuracy, in points
    assert "+5.0" in page.texts  # macro F1
    metrics["effect"] = None
    assert "What it changed" not in Page(render_report(metrics, [])).text


def numbers(value: object) -> set[float]:
    """All numbers inside a JSON document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {number for one in value for number in numbers(one)}
    return {value} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def derived(metrics: dict) -> set[float]:
    """The numbers that the page makes of those of metrics.json: sums, shares, points."""
    counts = {name: part["labels"] for name, part in metrics["data"]["parts"].items()}
    made = {sum(labels[name] for labels in counts.values()) for name in metrics["labels"]}
    rows = [part["rows"] for part in metrics["data"]["parts"].values()]
    made |= {row / sum(rows) for row in rows}
    for row in metrics["test"]["per_label"]:
        right = round(row["recall"] * row["support"])
        made |= {right, row["support"] - right, row["predicted"] - right}
    confusion = (metrics["test"]["confusion"] or {}).get("counts", [])
    for gold in confusion:
        made |= {count / sum(gold) for count in gold if sum(gold)}
    for change in (metrics["effect"][key] for key in ("accuracy", "macro_f1", "micro_f1")):
        made.add(change["value"] - change["without"])
    for label in metrics["effect"]["per_label"]:
        for change in (label["recall"], label["f1"]):
            if change["value"] is not None:
                made.add(change["value"] - change["without"])
    return made


@pytest.mark.parametrize("several", [False, True])
def test_every_figure_of_the_page_is_one_of_the_metrics(
    make_metrics, make_mistakes, several
) -> None:
    metrics = make_metrics(k=2 if not several else 6, several=several)
    mistakes = make_mistakes(metrics["labels"], several=several)
    page = Page(render_report(metrics, mistakes))
    known = numbers(metrics) | numbers(mistakes) | derived(metrics)
    shown = set(page.values)
    assert len(shown) > 300
    assert shown <= known
