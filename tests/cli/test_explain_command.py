"""textkind explain: words with signs or colors, tables, the same facts as JSON, our errors."""

import io
import json
import sys
from dataclasses import asdict

import pytest

import textkind
from textkind.cli import main
from textkind.cli.explained_texts import shaded, signed, word_table
from textkind.explain.explanation import Piece

TEXT = "my invoice was wrong, the refund please"


def explain(capsys, *arguments):
    code = main(["explain", *map(str, arguments)])
    return code, *capsys.readouterr()


def pipe(monkeypatch, data):
    class Stdin:
        buffer = io.BytesIO(data)

    monkeypatch.setattr(sys, "stdin", Stdin())


PIECES = (
    Piece("good", 0, 4, 3.0),
    Piece("Good", 5, 9, 1.5),
    Piece("bad", 10, 13, -1.2),
    Piece("so", 14, 16, 0.1),
)


def test_the_words_that_decided_stand_first_with_their_signs(run_folder, capsys):
    code, out, err = explain(capsys, run_folder, TEXT, "--top", "3")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("'billing' (")
    assert lines[0].endswith(" %) against the rest")
    assert "[+++invoice]" in lines[2] or "[+++refund]" in lines[2]
    header = next(n for n, line in enumerate(lines) if line.startswith("weight "))
    assert {line.split()[-1] for line in lines[header + 1 : header + 3]} == {"invoice", "refund"}
    assert lines[header + 4] == "and 5 more"
    assert "exact weights of the linear model" in out
    assert "check       they add up: error " in out


def test_json_has_what_the_library_gives(run_folder, capsys):
    command = (run_folder, TEXT, "late", "--label", "login", "--against", "delivery", "--check")
    _, out, _ = explain(capsys, *command, "--seed", "3", "--json")
    settings = textkind.ExplainSettings(label="login", against="delivery", check=True, seed=3)
    expected = [asdict(one) for one in textkind.explain_texts(run_folder, [TEXT, "late"], settings)]
    assert json.loads(out) == {"texts": json.loads(json.dumps(expected))}


@pytest.mark.parametrize("method", ["weights", "leave-one-out"])
def test_the_check_tells_of_drawn_words_too(run_folder, capsys, method):
    code, out, _ = explain(capsys, run_folder, TEXT, "--method", method, "--check")
    assert code == 0
    assert "of the words  without  drawn ones" in out
    assert "comprehensiveness  +0." in out
    assert "sufficiency " in out


def test_a_label_that_the_text_is_not_given_is_said_to_be_so(run_folder, capsys):
    _, out, _ = explain(capsys, run_folder, TEXT, "--label", "login", "--against", "billing")
    assert out.startswith("'login' (")
    assert "which the text is not given) against 'billing'" in out.splitlines()[0]


def test_texts_come_through_a_pipe_one_a_line(run_folder, capsys, monkeypatch):
    pipe(monkeypatch, "my invoice\r\nthe parcel \u2028 late\n".encode())
    _, out, _ = explain(capsys, run_folder, "the password", "-", "--json")
    texts = [one["text"] for one in json.loads(out)["texts"]]
    assert texts == ["the password", "my invoice", "the parcel \u2028 late"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"caf\xe9", ["standard input: the texts are not UTF-8", "byte 3", "iconv"]),
        (b"", ["standard input: there is no text"]),
    ],
)
def test_a_pipe_that_cannot_be_read_is_said_to_be_so(run_folder, capsys, monkeypatch, data, words):
    pipe(monkeypatch, data)
    code, out, err = explain(capsys, run_folder, "-")
    assert (code, out) == (2, "")
    for part in words:
        assert part in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label", "bil"], ["the model has no such label; found 'bil'"]),
        (["--label", "login", "--against", "login"], ["cannot be compared with itself"]),
        (["--against", "login"], ["give both labels"]),
        (["--method", "gradients"], ["gradients cannot explain this model", "a linear model"]),
        (["--method", "shap"], ["'shap' is none of auto, weights, gradients, leave-one-out"]),
        (["--most-steps", "0"], ["'0' is no whole number of 1 or more"]),
        (["--tolerance", "-1"], ["'-1' is no number above 0"]),
    ],
)
def test_what_cannot_be_asked_ends_with_2_and_says_why(run_folder, capsys, options, words):
    code, out, err = explain(capsys, run_folder, TEXT, *options)
    assert (code, out) == (2, "")
    for part in words:
        assert part in err


def test_empty_texts_and_those_that_would_steer_the_terminal_do_no_harm(run_folder, capsys):
    code, out, _ = explain(capsys, run_folder, "", "\x1b[31mrefund\x07", "qqq")
    assert code == 0
    assert "\x1b" not in out
    assert "\\x1b" in out
    assert "text 3 of 3" in out


def test_signs_say_how_much_beside_the_heaviest():
    assert signed("good Good bad so on", PIECES) == "[+++good] [++Good] [--bad] so on"


def test_colors_say_the_same_and_leave_the_text_as_it_is():
    found = shaded("good Good bad so on", PIECES)
    assert found.plain == "good Good bad so on"
    shades = [(found.plain[span.start : span.end], span.style) for span in found.spans]
    assert [word for word, _ in shades] == ["good", "Good", "bad"]
    assert len({style for _, style in shades}) == 3


def test_a_word_that_stands_twice_has_the_sum_of_its_weights():
    lines = word_table(PIECES, 2).splitlines()
    assert lines[1].split() == ["+4.500", "++++++++++", "2", "good"]
    assert lines[2].split() == ["-1.200", "---", "1", "bad"]
    assert lines[3] == "and 1 more"


def test_of_a_long_text_the_beginning_is_shown():
    text = "word " * 1000
    pieces = tuple(Piece("word", start, start + 4, 1.0) for start in range(0, 5000, 5))
    assert signed(text, pieces).endswith("[+++word] \u2026 (3,000 characters more)")


def test_colors_come_on_a_terminal_that_has_them(run_folder, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    _, out, _ = explain(capsys, run_folder, TEXT)
    assert "\x1b[" in out
    monkeypatch.setenv("NO_COLOR", "1")
    _, out, _ = explain(capsys, run_folder, TEXT)
    assert "\x1b[" not in out
    assert "[+++" in out
