"""Texts that are given on the command line, or through a pipe."""

import sys
from collections.abc import Sequence

PIPE = "-"


def given_texts(arguments: Sequence[str]) -> list[str]:
    """The texts themselves; for - the lines of standard input.

    DataError where those are not UTF-8, or where there is none.
    """
    return [text for one in arguments for text in (_piped() if one == PIPE else [one])]


def _piped() -> list[str]:
    from textkind.errors import DataError

    try:
        whole = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            "the texts are not UTF-8",
            found=f"byte {error.start:,}",
            where="standard input",
            hint="turn them into UTF-8: iconv -f LATIN1 -t UTF-8",
        ) from None
    if not whole:
        raise DataError("there is no text", where="standard input")
    return [line.removesuffix("\r") for line in whole.removesuffix("\n").split("\n")]
