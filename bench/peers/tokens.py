"""Text as fastText's tutorial prepares it: lower case, punctuation apart, one line; and for VW."""

import re

PUNCTUATION = re.compile(r"([^\w\s])")


def one_line(text: str) -> str:
    return " ".join(PUNCTUATION.sub(r" \1 ", text.lower()).split())


ESCAPES = str.maketrans({"|": "_pipe_", ":": "_colon_"})


def wabbit_example(text: str) -> str:
    """A text as Vowpal Wabbit reads it, without a label."""
    return f"| {one_line(text).translate(ESCAPES)}"
