"""textkind evaluate: what its tables show, and what it says of bad input."""

import json

import numpy as np
import pytest

from textkind.cli import main
from textkind.cli.evaluation_table import FURTHER, confusion_table, label_table, pair_table
from textkind.cli.figures import HEADLINE
from textkind.data.labels import LabelSet
from textkind.evaluation.scorecard import figure_names, score_part


def part(label_count, rows=200, several=False):
    """A scorecard of random answers."""
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(label_count), rows)
    targets = random.integers(0, label_count, rows)
    predicted = probabilities.argmax(axis=1)
    if several:
        targets, predicted = (np.eye(label_count, dtype=np.uint8)[x] for x in (targets, predicted))
    names = tuple(f"label {k:03d}" for k in range(label_count))
    return score_part(probabilities, predicted, targets, LabelSet(names, several), resamples=2)


def evaluate(capsys, *words):
    code = main(["evaluate", *map(str, words)])
    return code, *capsys.readouterr()


def test_every_figure_has_a_name_in_the_table():
    names = {*figure_names(False), *figure_names(True)}
    assert names == {*HEADLINE, *FURTHER}


def test_all_prints_every_figure_and_json_always_has_them(run_folder, ticket_file, capsys):
    _, short, _ = evaluate(capsys, run_folder, ticket_file, "--quiet")
    _, whole, _ = evaluate(capsys, run_folder, ticket_file, "--quiet", "--all")
    figures = json.loads(evaluate(capsys, run_folder, ticket_file, "--quiet", "--json")[1])[
        "figures"
    ]
    for key, name in FURTHER.items():
        assert name not in short
        assert (name in whole) == (key in figures)
    assert f"{figures['matthews']['value']:.3f}" in whole


def test_labels_have_intervals_and_those_left_out_are_told():
    found = label_table(part(30)["per_label"], 20)
    assert "95 % interval" in found
    assert found.endswith("and 10 labels more: --all tells them")
    assert len(label_table(part(30)["per_label"], None).splitlines()) == 31


@pytest.mark.parametrize(("label_count", "table"), [(2, True), (10, True), (11, False)])
def test_few_labels_are_shown_as_a_table(label_count, table):
    assert bool(confusion_table(part(label_count))) == table


@pytest.mark.parametrize("label_count", [3, 200, 201])
def test_the_pairs_mixed_up_most_are_the_same_from_a_table_and_a_list(label_count):
    figures = part(label_count, rows=3000)
    lines = pair_table(figures).splitlines()[1:]
    counts = [int(line.split("  ")[-2].replace(",", "")) for line in lines]
    assert len(counts) == min(10, label_count * (label_count - 1))
    assert counts == sorted(counts, reverse=True)


def test_two_labels_and_several_labels_a_text_have_no_pairs():
    assert pair_table(part(2)) == pair_table(part(4, several=True)) == ""
    assert confusion_table(part(4, several=True)) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("text,queue\n", "column names but no rows"),
        ("text,queue\nhello,biling\nbye,biling\n", "did you mean 'billing'"),
    ],
)
def test_files_that_cannot_be_measured_are_told(run_folder, tmp_path, capsys, text, words):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    code, out, err = evaluate(capsys, run_folder, file)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("rows", [1, 5])
def test_one_row_or_rows_of_one_label_have_figures_or_null(run_folder, tmp_path, capsys, rows):
    file = tmp_path / "few.csv"
    file.write_text("text,queue\n" + "please refund my invoice,billing\n" * rows)
    assert evaluate(capsys, run_folder, file, "--all")[0] == 0
    _, out, _ = evaluate(capsys, run_folder, file, "--json", "--quiet")
    figures = json.loads(out, parse_constant=pytest.fail)["figures"]
    assert figures["accuracy"] == {"value": 1.0, "low": 0.025 ** (1 / rows), "high": 1.0}
    assert figures["roc_auc"]["value"] is figures["cohens_kappa"]["value"] is None
    assert [one["support"] for one in figures["per_label"]] == [rows, 0, 0]


@pytest.fixture(scope="module")
def sliced_file(tmp_path_factory):
    """Tickets of two sources, of which one is half wrong."""
    path = tmp_path_factory.mktemp("data") / "sliced.csv"
    rows = [("refund my invoice", "billing", "mail"), ("parcel is late", "delivery", "mail")] * 20
    rows += [("refund my invoice", "delivery", "phone"), ("password", "login", "phone")] * 15
    rows += [("locked account", "login", "fax")] * 3
    path.write_text("text,queue,source\n" + "".join(",".join(row) + "\n" for row in rows))
    return path


def test_slices_are_told_worst_first_with_adjusted_p_and_few_rows(run_folder, sliced_file, capsys):
    _, out, _ = evaluate(capsys, run_folder, sliced_file, "--quiet", "--slice", "queue")
    lines = out[out.index("accuracy of") :].splitlines()
    assert lines[1].startswith("source: phone")
    assert "< 0.001" in lines[1]
    assert any(line.startswith("source: fax") and line.endswith("few rows") for line in lines)
    assert any(line.startswith("queue: delivery") for line in lines)
    assert lines[-1].startswith("less the rest in points; p adjusted for")


def test_nothing_is_said_of_p_where_all_slices_have_few_rows(run_folder, tmp_path, capsys):
    (tmp_path / "few.csv").write_text("text,queue\nrefund my invoice,billing\nlate,delivery\n")
    _, out, _ = evaluate(capsys, run_folder, tmp_path / "few.csv", "--quiet")
    assert out.count("few rows") == 2
    assert "adjusted" not in out


def test_the_slices_left_out_are_counted_and_all_tells_them(run_folder, sliced_file, capsys):
    _, short, _ = evaluate(capsys, run_folder, sliced_file, "--slice", "queue", "--quiet")
    _, whole, _ = evaluate(capsys, run_folder, sliced_file, "--slice", "queue", "--quiet", "--all")
    found = json.loads(
        evaluate(capsys, run_folder, sliced_file, "--slice", "queue", "--json", "--quiet")[1]
    )["slices"]["found"]
    assert all(f"{one['column']}: {one['value']}" in whole for one in found)
    assert ("slices more" in short) == (len(found) > 10)


def test_a_column_that_is_not_there_is_told_with_the_nearest(run_folder, sliced_file, capsys):
    code, out, err = evaluate(capsys, run_folder, sliced_file, "--slice", "sorce")
    assert (code, out) == (2, "")
    assert "no such column to slice by; found 'sorce'" in err
    assert "did you mean 'source'?" in err


def test_the_rows_the_model_has_not_seen_are_one_more_column(run_folder, ticket_file, capsys):
    _, out, err = evaluate(capsys, run_folder, ticket_file)
    assert "rows not in train" in out
    assert "the model has seen" in err
    _, out, err = evaluate(capsys, run_folder, ticket_file, "--train", ticket_file, "--all")
    assert "0 rows not in train" in out
    assert "300 of 300 test texts are in train" in err
