"""Text as fastText's tutorial prepares it: lower case, punctuation apart, one line."""

import re

PUNCTUATION = re.compile(r"([^\w\s])")


def one_line(text: str) -> str:
    return " ".join(PUNCTUATION.sub(r" \1 ", text.lower()).split())
