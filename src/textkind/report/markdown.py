"""Words of the page in, Markdown out: the same sentences and figures for a pull request.

Names stand in code spans, in which nothing is Markdown, a mention or a link. In other text every
character that could be is escaped; where a backslash is not enough, an empty comment parts what
a mention (@name), a reference (#1) or an address is told by.
"""

import re
from html.parser import HTMLParser

from markupsafe import Markup

from textkind.report.wording import visible

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&!])")
_TOLD_BY = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
PART = "<!-- -->"


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def text(words: str) -> str:
    """Any text as a piece of a line of Markdown that shows it as it is, but at the line's start."""
    line = " ".join(visible(words).split())
    line = _SPECIAL.sub(r"\\\1", line)
    return _TOLD_BY.sub(PART, line)


def code(words: str) -> str:
    """Any text as a code span of one line.

    What has bars or ticks, which spans cannot hold in a table, becomes an element with all its
    punctuation as entities.
    """
    line = " ".join(visible(words).split())
    if not line:
        return "(blank)"
    if "`" not in line and "|" not in line:
        return f"`{line}`"
    return "<code>" + re.sub(r"[!-/:-@\[-`{-~]", lambda found: _entity(found[0]), line) + "</code>"


def block(words: str) -> Markdown:
    """Any text as an indented block of code."""
    return Markdown("\n".join(f"    {line}" for line in visible(words).split("\n")))


def markdown(words: object) -> str:
    """What a template shows: Markup of the page turned into Markdown, plain text escaped."""
    if not isinstance(words, str) or isinstance(words, Markdown):
        return str(words)
    if not isinstance(words, Markup):
        return _spaced(words)
    reader = _Reader()
    reader.feed(str(words))
    reader.close()
    return " ".join("".join(reader.found).split())


def _entity(character: str) -> str:
    return f"&#{ord(character)};"


class _Reader(HTMLParser):
    """Names become code, strong words strong; other elements leave their text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.name: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "bdi":
            self.name = []
        elif tag in ("strong", "b"):
            self.found.append("**")

    def handle_endtag(self, tag: str) -> None:
        if tag == "bdi" and self.name is not None:
            self.found.append(code("".join(self.name)))
            self.name = None
        elif tag in ("strong", "b"):
            self.found.append("**")

    def handle_data(self, data: str) -> None:
        if self.name is not None:
            self.name.append(data)
        else:
            self.found.append(_spaced(data))


def _spaced(data: str) -> str:
    """Escaped text that keeps a space at either end."""
    before = " " if data[:1].isspace() else ""
    after = " " if data[-1:].isspace() and data.strip() else ""
    return before + text(data) + after
