"""textkind next: the curve, the labels, the texts, and what is said where they are few."""

import csv
import json

import pytest

import textkind
from tests.cli.conftest import WORDS
from textkind.cli import main


@pytest.fixture(scope="module")
def more_file(ticket_file, tmp_path_factory):
    """Ninety unlabelled texts; one stands twice, and one is labelled already."""
    with ticket_file.open(newline="") as file:
        labelled = list(csv.reader(file))[1][0]
    path = tmp_path_factory.mktemp("data") / "more.csv"
    texts = [
        f"my {word} and the {other} {n}"
        for n in range(2)
        for word in WORDS["login"]
        for other in (*WORDS["billing"], *WORDS["delivery"])
    ][:90]
    with path.open("w", newline="") as file:
        rows = [(str(n), text) for n, text in enumerate([*texts, texts[0], labelled])]
        csv.writer(file).writerows([("id", "text"), *rows])
    return path


@pytest.fixture(scope="module")
def told(run_folder, ticket_file, more_file, tmp_path_factory):
    """Facts of one call, by the library."""
    out = tmp_path_factory.mktemp("out") / "label.csv"
    return textkind.next_steps(run_folder, ticket_file, more_file, out), out


def test_the_command_tells_curve_labels_and_texts(run_folder, ticket_file, more_file, capsys):
    command = ["next", str(run_folder), str(ticket_file), "--unlabelled", str(more_file)]
    assert main([*command, "--number", "7"]) == 0
    streams = capsys.readouterr()
    assert "300, forecast" in streams.out
    assert "600, forecast" in streams.out
    assert "twice as many labelled rows would bring about" in streams.out
    assert "labels that need texts most" in streams.out
    assert "labels are likely wrong" in streams.out
    assert "7 texts to label next:" in streams.out
    assert "2 of 92 unlabelled texts repeat another or are labelled" in streams.err


def test_the_curve_rises_to_what_the_tickets_allow(told):
    result, _ = told
    points, ahead = result.curve["points"], result.curve["forecast"]
    assert [one["times"] for one in ahead] == [1, 2, 4]
    assert [one["rows"] for one in ahead] == [300, 600, 1200]
    assert ahead[0]["gain"] == {"value": 0, "low": 0, "high": 0}
    assert ahead[1]["gain"]["value"] == pytest.approx(ahead[1]["value"] - ahead[0]["value"])
    assert points[-1]["rows"] == 240
    assert points[-1]["value"] >= points[0]["value"]
    assert all(0 <= one["low"] <= one["value"] <= one["high"] <= 1 for one in ahead)


def test_chosen_texts_are_new_all_different_and_written_with_their_columns(told):
    result, out = told
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(result.texts) == len({row["text"] for row in rows}) == 50
    assert list(rows[0]) == ["id", "text", "guess", "guess_probability", "uncertainty"]
    assert [row["text"] for row in rows] == [one["text"] for one in result.texts]
    assert {row["guess"] for row in rows} <= set(WORDS)
    unsure = [float(row["uncertainty"]) for row in rows]
    assert unsure == sorted(unsure, reverse=True)


def test_a_wrong_label_is_among_the_labels_to_check(run_folder, ticket_file, tmp_path):
    with ticket_file.open(newline="") as file:
        header, *rows = csv.reader(file)
    queues = sorted(WORDS)
    rows[7][1] = queues[(queues.index(rows[7][1]) + 1) % 3]
    path = tmp_path / "flipped.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    wrong = textkind.next_steps(run_folder, path).wrong_labels
    assert [one["row"] for one in wrong["first"]] == [9]  # the header is line 1
    assert wrong["first"][0]["suggested"] != [rows[7][1]]


def test_fewer_texts_than_asked_are_all_chosen_and_it_is_told(
    run_folder, ticket_file, tmp_path, capsys
):
    path = tmp_path / "few.jsonl"
    path.write_text('{"text": "where is my box"}\n{"text": ""}\n{"text": "locked out"}\n')
    command = ["next", str(run_folder), str(ticket_file), "--unlabelled", str(path), "--json"]
    assert main(command) == 0
    streams = capsys.readouterr()
    assert len(json.loads(streams.out)["texts"]) == 3
    assert "there are 3 texts to choose from, so all are chosen" in streams.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "x.csv"], "give a file of unlabelled ones: --unlabelled FILE"),
        (["--unlabelled", "{more}", "-o", "x.doc"], "must end in the format to write"),
        (["--number", "0"], "--number"),
        (["--label", "nowhere"], "nowhere"),
    ],
)
def test_wrong_questions_say_what_is_wrong(
    run_folder, ticket_file, more_file, capsys, options, words
):
    options = [option.format(more=more_file) for option in options]
    assert main(["next", str(run_folder), str(ticket_file), *options]) == 2
    assert words in capsys.readouterr().err


def test_too_few_rows_for_a_curve_say_so(run_folder, tmp_path, capsys):
    path = tmp_path / "few.csv"
    path.write_text("text,queue\n" + "the parcel is late,delivery\nmy invoice,billing\n" * 20)
    assert main(["next", str(run_folder), str(path)]) == 2
    assert "too few rows for a learning curve; found 40" in capsys.readouterr().err
