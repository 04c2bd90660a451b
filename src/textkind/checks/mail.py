"""What mails and posts carry beside what is said: header lines, quoted lines, signatures.

They tell who wrote and in which thread, and so the label, where the same people and threads are
on both sides of a split.
"""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.checks.alone import Alone, codes_of, judged_alone
from textkind.checks.columns import FEWEST_JUDGED, TELLING
from textkind.checks.content import matching
from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example

COMMON = 0.05  # share of the train texts, from which on such lines are worth a word
LOOKED_AT = 1000  # texts in which the names of header lines are looked up
LEAST_NAMED = 0.05  # share of those texts that have a header line of a name
# Two lines or more of the form "Name: value" at the very beginning, each with its continuations.
HEADER = r"\A(?:[A-Z][A-Za-z-]{1,40}:[^\n]*\n(?:[ \t]+[^\n]*\n)*){2,}"
QUOTED = r"(?m)^[ \t]*[>|][^\n]*[^\s>|]"
SIGNATURE = r"(?m)^-- ?$"


def mail_in_texts(audited: Audited) -> list[Finding]:
    """Header lines and what each tells alone; quoted lines; signatures."""
    found = _headers(audited)
    for check, pattern, what, advice in (
        ("quotes_in_texts", QUOTED, "quote other texts, line by line",
         "what is quoted may be a text of train, or of the other side of an argument: cut it out"),
        ("signatures_in_texts", SIGNATURE, "end with a signature",
         "a signature tells the writer, not the matter: cut it out"),
    ):  # fmt: skip
        rows = np.flatnonzero(matching(audited.train.texts, pattern))
        if rows.size >= COMMON * len(audited.train):
            found.append(_finding(audited, check, "note", rows, what, advice, [], {}))
    return found


def _headers(audited: Audited) -> list[Finding]:
    train = audited.train
    rows = np.flatnonzero(matching(train.texts, HEADER))
    if not rows.size or rows.size < COMMON * len(train):
        return []
    texts = pa.concat_arrays([part.texts for part in audited.parts.values()])
    heads = pc.struct_field(pc.extract_regex(texts, f"(?P<head>{HEADER})"), "head")
    told: list[dict[str, Any]] = []
    for name in _names(heads.drop_null()[:LOOKED_AT].to_pylist()):
        alone = _told_by(audited, heads, name)
        told.append({"line": name, "judged": alone.rows, "right": alone.right,
                     "commonest_label": alone.base, "gain": round(alone.gain, 4)})  # fmt: skip
    told.sort(key=lambda one: one["right"] - one["commonest_label"], reverse=True)
    telling = [one for one in told if one["gain"] >= TELLING and one["judged"] >= FEWEST_JUDGED]
    words = "".join(
        f"; of {one['judged']:,} labels {one['line']} alone tells {one['right']:,}, the commonest "
        f"label {one['commonest_label']:,}"
        for one in telling[:1]
    )
    return [
        _finding(
            audited, "headers_in_texts", "warning" if telling else "note", rows,
            f"begin with header lines ({', '.join(one['line'] for one in told[:6])}){words}",
            "cut headers out, unless new texts come with them and from the same writers",
            told[:MOST_SHOWN], {"telling": [one["line"] for one in telling]},
        )
    ]  # fmt: skip


def _names(heads: list[str]) -> list[str]:
    """The names of header lines that some of the texts have, the commonest first."""
    counts = Counter(
        line.split(":")[0]
        for head in heads
        for line in head.splitlines()
        if ":" in line and not line[0].isspace()
    )
    least = max(2, LEAST_NAMED * len(heads))
    return [name for name, count in counts.most_common(MOST_SHOWN) if count >= least]


def _told_by(audited: Audited, heads: pa.LargeStringArray, name: str) -> Alone:
    """How well the value of one header line tells the label."""
    pattern = rf"(?m)^{name}:[ \t]*(?:[Rr][Ee]:[ \t]*)*(?P<value>[^\n]*)$"
    values = pc.struct_field(pc.extract_regex(heads, pattern), "value")
    classes, labels = audited.classes
    return judged_alone(codes_of([pa.chunked_array([values])]), classes, audited.learned, labels)


def _finding(
    audited: Audited, check: str, severity: str, rows: np.ndarray, what: str, advice: str,
    examples: list[dict[str, Any]], facts: dict[str, Any],
) -> Finding:  # fmt: skip
    train = audited.train
    return Finding(
        check, severity,
        f"{rows.size:,} of {len(train):,} train texts {what}", advice,
        "train", int(rows.size), len(train),
        examples if examples else [example(train, row, "train") for row in rows[:MOST_SHOWN]],
        facts, train.rows[rows],
    )  # fmt: skip
