"""Numbers in words, the verdict, the warnings, the marks in a text, the command."""

import pytest

from textkind.report.figures import file_name
from textkind.report.mistakes import EXCERPT, mistake_row
from textkind.report.profile import learned_from
from textkind.report.reproduce import candidate_rows, command, fact_tables
from textkind.report.verdict import verdict, warnings
from textkind.report.wording import clip, name, number, percent_text, seconds_text, visible


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0 %"),
        (1, "100.0 %"),
        (0.5, "50.0 %"),
        (0.86625, "86.6 %"),
        (0.9996, "99.96 %"),
        (0.99996, "99.996 %"),
        (0.0001, "0.01 %"),
    ],
)
def test_a_share_is_called_all_or_none_only_where_it_is(share: float, text: str) -> None:
    assert percent_text(share) == text.replace(" ", "\u00a0")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "0.5", True])
def test_what_is_no_number_is_shown_as_not_available(value: object) -> None:
    assert "n/a" in number(value, "percent")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0312, "31 ms"), (1.25, "1.2 s"), (125, "2 min 5 s"), (179.9, "3 min 0 s")],
)
def test_seconds_are_told_in_a_fitting_unit(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text.replace(" ", "\u00a0")


def test_direction_overrides_and_controls_become_visible() -> None:
    assert visible("a\u202eb\x00c\r\nd\ud800") == "a\u2039RLO\u203ab\u203900\u203ac\nd\ufffd"


@pytest.mark.parametrize("text", ["", "abcde", "abcdef", "\r\n" * 9, "\x00" * 9])
def test_a_clipped_text_is_never_longer_than_its_limit(text: str) -> None:
    short = clip(text, 5)
    assert len(short) <= 5
    assert short == visible(text) or short.endswith("\u2026")


def test_a_long_name_is_cut_and_its_tooltip_tells_more() -> None:
    assert name("y" * 100).count("y") > 100
    assert "title" not in name("short_name")


def test_the_verdict_tells_accuracy_calibration_and_the_worst_label(make_metrics) -> None:
    metrics = make_metrics(k=4, skill=3.0)
    worst = min(metrics["test"]["per_label"], key=lambda row: row["f1"])
    good, trusted, fails = verdict(metrics)
    assert number(metrics["test"]["accuracy"]["value"], "percent") in good
    assert number(metrics["baseline"]["accuracy"], "percent") in good
    assert number(metrics["test"]["ece_mass"]["value"], "plain") in trusted
    assert name(worst["label"]) in fails


def test_a_model_no_better_than_the_baseline_is_called_so(make_metrics) -> None:
    metrics = make_metrics(k=2)
    metrics["baseline"]["accuracy"] = metrics["test"]["accuracy"]["low"]
    assert "not clearly better" in verdict(metrics)[0]


def test_the_side_on_which_probabilities_err_is_told(make_metrics) -> None:
    metrics = make_metrics(k=3)
    for shift, words in ((0.1, "too sure"), (-0.1, "too modest")):
        for one in metrics["test"]["reliability"]["equal_mass"]:
            one["confidence"] = one["accuracy"] + shift
        assert words in verdict(metrics)[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda metrics: metrics.update(test=None), "No test part was evaluated"),
        (lambda metrics: metrics["test"].update(rows=50), "intervals are wide"),
        (lambda metrics: metrics["data"].update(rejected=3), "rejected.jsonl"),
        (
            lambda metrics: metrics["data"]["duplicates"].update(across_given_files=2),
            "also in the training file",
        ),
        (
            lambda metrics: metrics["data"]["duplicates"].update(conflicting=2),
            "with differing labels",
        ),
        (lambda metrics: metrics["test"]["per_label"][0].update(support=2), "mostly chance"),
    ],
)
def test_what_weakens_the_figures_is_warned_of(make_metrics, change, words) -> None:
    metrics = make_metrics(k=3, rows=1000)
    metrics["data"]["rejected"] = 0
    metrics["data"]["duplicates"] = dict.fromkeys(metrics["data"]["duplicates"], 0)
    assert warnings(metrics) == []
    change(metrics)
    assert [warning for warning in warnings(metrics) if words in warning]


def row_of(text: str, *ngrams: tuple[str, float]) -> dict[str, str]:
    """What the page shows of a mistake on this text with these n-grams."""
    listed = [{"ngram": ngram, "weight": weight} for ngram, weight in ngrams]
    return mistake_row({"text": text, "gold": "a", "predicted": "b", "ngrams": listed})


@pytest.mark.parametrize(
    ("text", "ngram", "shown"),
    [
        ("Not good at all", "good", "Not <mark>good</mark> at all"),
        ("GOOD, good", "good", "<mark>GOOD</mark>, <mark>good</mark>"),
        ("not - good", "not good", "<mark>not - good</mark>"),
        ("goods", "good", "goods"),
        ("a.b*", ".b*", "a<mark>.b*</mark>"),
        ("a < b", "<", "a <mark>&lt;</mark> b"),
    ],
)
def test_ngrams_are_marked_where_they_stand_as_words(text: str, ngram: str, shown: str) -> None:
    assert row_of(text, (ngram, 1.0))["excerpt"] == shown


def test_ngrams_that_speak_against_the_label_are_not_marked() -> None:
    assert "<mark>" not in row_of("not good", ("good", -1.0))["excerpt"]


def test_a_long_text_is_cut_to_where_its_first_ngram_stands() -> None:
    row = row_of("word " * 1000 + "needle" + " word" * 1000, ("needle", 1.0))
    assert "<mark>needle</mark>" in row["excerpt"]
    assert len(row["excerpt"]) <= EXCERPT + len("<mark></mark>") + 2
    assert "<mark>needle</mark>" in row["whole"]


def test_the_command_is_the_one_that_was_typed(make_metrics) -> None:
    metrics = make_metrics()
    metrics["command"] = "textkind train 'my file.csv' --seed 7"
    assert command(metrics) == metrics["command"]
    metrics["command"] = None
    assert command(metrics) == ""


FIT = {
    "model": "linear",
    "seconds": {"fit": 1.0},
    "asked": {"strength": None},
    "settings": {
        "features": "both",
        "naive_bayes": False,
        "strength": 4.0,
        "word_ngrams": [1, 2],
        "minimum_document_frequency": None,
    },
    "decision": {"temperature": 0.2324531778, "offset": None, "notes": ["told elsewhere"]},
    "ngrams": 208125,
    "relative_gap": 0.0034782,
    "candidates": [
        {"features": f, "naive_bayes": False, "strength": s, "log_loss": loss, "accuracy": 0.9}
        for f, s, loss in (("words", 4.0, 0.3), ("both", 4.0, 0.1), ("both", 4.0, 0.2))
    ],
}


def test_settings_are_told_in_words_by_kind() -> None:
    settings, decision, course = (dict(table["rows"]) for table in fact_tables(FIT))
    assert settings == {
        "features": "both",
        "naive bayes": "no",
        "strength": "4",
        "word ngrams": "1, 2",
        "minimum document frequency": "by default",
    }
    assert decision == {"temperature": "0.2325", "offset": "none"}
    assert course == {"ngrams": "208,125", "relative gap": "0.3\u00a0%"}


def test_the_last_candidate_with_the_settings_of_the_fit_is_the_chosen_one() -> None:
    rows = candidate_rows(FIT)
    assert [row["chosen"] for row in rows] == [False, False, True]
    assert number(0.2, "plain") == rows[2]["log_loss"]
    assert candidate_rows({"model": "linear"}) == []


@pytest.mark.parametrize(
    ("refit", "validation", "words"),
    [
        (True, 10, "fitted on train and validation together; test is opened once"),
        (False, 10, "fitted on train; choices and calibration come from validation; test"),
        (True, 0, "nothing is chosen or calibrated by validation; test"),
    ],
)
def test_what_each_part_does_is_told_from_the_facts(make_metrics, refit, validation, words) -> None:
    metrics = make_metrics()
    metrics["fit"]["settings"]["refit"] = refit
    metrics["data"]["parts"]["validation"]["rows"] = validation
    assert words in learned_from(metrics)
    metrics["data"]["parts"]["test"]["rows"] = 0
    assert learned_from(metrics).endswith("; nothing is tested.")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/home/someone/data/train.csv", "train.csv"),
        ("C:\\data\\train.csv", "train.csv"),
        ("news/", "news"),
        ("a list of rows", "a list of rows"),
        ("/", "/"),
    ],
)
def test_a_source_is_shown_without_its_folders(source: str, name: str) -> None:
    assert file_name(source) == name


@pytest.mark.parametrize(("rows", "warned"), [(99, True), (100, False)])
def test_the_verdict_warns_of_very_few_texts(make_metrics, rows: int, warned: bool) -> None:
    metrics = make_metrics()
    metrics["test"]["rows"] = rows
    assert ("figures mean little" in verdict(metrics)[0]) == warned
