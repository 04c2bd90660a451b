"""From a text to what a model reads of it: its characters, its tokens and their ids."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from textkind.data.texts import as_texts
from textkind.encoding.characters import CODE_POINT
from textkind.encoding.runs import RunEncoder
from textkind.encoding.words import WordEncoder, word_table
from textkind.explain.trace import Quantity, Step, table
from textkind.models.reading import Reading

SHOWN_CHARACTERS = 400  # of the text as it is read, where tables are cut
CURLY, STRAIGHT = "\u2019", "'"


@dataclass(frozen=True, eq=False)
class TextTokens:
    """The tokens of one text.

    ids     (T,) int32
    places  (T,) their numbers in the text, from 1
    written, spelled  what stands in the text, and the token of that id; of a run both are the same
    """

    ids: np.ndarray
    places: np.ndarray
    written: list[str]
    spelled: list[str]

    def __len__(self) -> int:
        return self.ids.size

    def take(self, rows: np.ndarray) -> "TextTokens":
        """The tokens at `rows`, in that order."""
        written, spelled = ([own[row] for row in rows] for own in (self.written, self.spelled))
        return TextTokens(self.ids[rows], self.places[rows], written, spelled)


def text_step(text: str, read: str, sentence: str, top: int | None) -> Step:
    """A text, and its characters as the model reads them."""
    shown = read if top is None else read[:SHOWN_CHARACTERS]
    if len(shown) < len(read):
        sentence += f" Its first {SHOWN_CHARACTERS} characters are told."
    tables = (table("text", [("as it is read", "text", [shown])], None),)
    return Step(
        "text", sentence, Quantity("characters", (len(text),)),
        Quantity("characters as read", (len(read),)), tables,
    )  # fmt: skip


def lowered(text: str, characters: np.ndarray) -> str:
    """The text in the lower case of a table of characters (encoding/characters.py)."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return (characters[points] & np.uint32(CODE_POINT)).astype("<u4").tobytes().decode("utf-32-le")


def as_read(encoder: Any, text: str) -> tuple[str, str]:
    """A text as an encoder of tokens reads it, and that in a sentence."""
    if isinstance(encoder, RunEncoder):
        return as_read(encoder.tokens, text)
    if isinstance(encoder, WordEncoder):
        read = lowered(text, word_table(encoder.settings.lowercase)).replace(CURLY, STRAIGHT)
        if encoder.settings.lowercase:
            return read, "Capitals are read as small letters."
        return read, "Capitals stay as they are."
    normalizer = encoder.library.normalizer
    if normalizer is None:
        return text, "It is read as it stands."
    return normalizer.normalize_str(text), "The tokenizer's normalizer makes of it what is read."


def tokens_of(encoder: Any, text: str) -> TextTokens:
    """The tokens of a text by an encoder of tokens (encoding/tokens.py)."""
    ids = encoder.encode(as_texts([text])).ids
    written = [text[begin:end] for begin, end in encoder.spans(text).tolist()]
    spellings = encoder.spellings()
    spelled = [spellings[one] or own for one, own in zip(ids.tolist(), written, strict=True)]
    return TextTokens(ids, np.arange(1, ids.size + 1), written, spelled)


def token_step(encoder: Any, characters: int, tokens: TextTokens, top: int | None) -> Step:
    """Characters as read to tokens and their ids."""
    unknown = int((tokens.ids == encoder.unknown_id).sum()) if encoder.unknown_id else 0
    told = f"{len(tokens):,} tokens of a vocabulary of {encoder.size:,}"
    if isinstance(encoder, RunEncoder):
        runs = int((tokens.ids >= encoder.tokens.size).sum())
        longest = "" if encoder.longest == 2 else f" to {encoder.longest}"
        told += f"; {runs:,} of them are runs of 2{longest} neighbours"
    told += f"; {unknown:,} have no id of their own." if unknown else ", all known."
    if not len(tokens):
        told = "There is no token in it: what follows is the same for every empty text."
    columns = [
        ("place", "whole", tokens.places),
        ("in the text", "text", tokens.written),
        ("token", "text", tokens.spelled),
        ("id", "whole", tokens.ids),
    ]
    return Step(
        "tokens", told, Quantity("characters as read", (characters,)),
        Quantity("tokens", (len(tokens),)), (table("tokens", columns, top),),
    )  # fmt: skip


def reading_step(reading: Reading, tokens: TextTokens, rows: np.ndarray, top: int | None) -> Step:
    """All tokens of a text that is too long to those that are read, as stretches."""
    begins = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
    ends = np.append(begins[1:], rows.size) - 1
    told = (
        f"The text is longer than what is read: {rows.size:,} of {len(tokens):,} tokens, by the "
        f"strategy '{reading.long.strategy}'."
    )
    columns = [
        ("from place", "whole", tokens.places[rows[begins]]),
        ("to place", "whole", tokens.places[rows[ends]]),
        ("begins with", "text", [tokens.written[rows[begin]] for begin in begins]),
        ("ends with", "text", [tokens.written[rows[end]] for end in ends]),
    ]
    return Step(
        "reading", told, Quantity("tokens", (len(tokens),)), Quantity("tokens read", (rows.size,)),
        (table("stretches", columns, top),),
    )  # fmt: skip
