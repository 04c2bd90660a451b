"""Notes and bars: safe to print, drawn only on a terminal and only for work that lasts."""

import io
import time

import pytest
from rich.console import Console

from textkind.cli import terminal
from textkind.cli.terminal import PlainTalk, TerminalTalk, printable, talk_for


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\x07b", "\x9b1m", "\x00", "\r"])
def test_nothing_printed_can_steer_the_terminal(text, capsys):
    PlainTalk().note(text)
    printed = capsys.readouterr().err.rstrip("\n")
    assert printed.isprintable()
    assert printable("plain ü 最\n") == "plain ü 最\n"


def terminal_talk():
    file = io.StringIO()
    return TerminalTalk(Console(file=file, force_terminal=True, width=80)), file


def test_short_work_draws_nothing():
    talk, file = terminal_talk()
    with talk.task("reading"):
        talk.advance(1, 2)
    assert file.getvalue() == ""


def test_work_that_lasts_draws_a_bar_and_takes_it_away(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.05)
    talk, file = terminal_talk()
    with talk.task("reading"):
        for _ in range(100):
            talk.advance(1, 2)
            if "reading" in file.getvalue():
                break
            time.sleep(0.05)
        talk.note("a [bold]note[/bold]")
    assert "reading" in file.getvalue()
    assert "a [bold]note[/bold]" in file.getvalue()
    with talk.task("second"):
        pass


def inner_task_that_fails(talk):
    talk.advance(1, 0)
    with talk.task("inner"):
        time.sleep(0.1)
        talk.advance(3, 4)
        raise KeyError


def test_tasks_may_stand_in_one_another(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.0)
    talk, _ = terminal_talk()
    with pytest.raises(KeyError), talk.task("outer"):
        inner_task_that_fails(talk)
    talk.advance(1, 2)


def test_a_pipe_hears_plain_notes_and_quiet_nothing(capsys):
    class Arguments:
        quiet = False

    assert type(talk_for(Arguments())) is PlainTalk
    Arguments.quiet = True
    talk_for(Arguments()).note("hush")
    assert capsys.readouterr().err == ""
