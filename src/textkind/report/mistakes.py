"""The most confident mistakes: lines of mistakes.jsonl in, what the page shows of each out.

A long text is cut to a window around the n-gram that weighed most; n-grams that pushed towards the
predicted label are marked in it.
"""

import re
from typing import Any

from markupsafe import Markup

from textkind.report.wording import clip, names, number, visible

MOST_MISTAKES = 100
EXCERPT = 200  # characters shown at once
WHOLE = 600  # characters shown on request
SEARCHED = 20_000  # characters of a text in which n-grams are looked for
MOST_NGRAMS = 6
NGRAM_LENGTH = 40  # characters
MOST_MARKS = 16  # in one text


def mistake_rows(mistakes: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """What the table shows of each of the `most` first mistakes."""
    return [mistake_row(mistake) for mistake in mistakes[:most]]


def mistake_row(mistake: dict[str, Any]) -> dict[str, Any]:
    """What the table shows of one mistake."""
    ngrams = (mistake.get("ngrams") or [])[:MOST_NGRAMS]
    text = str(mistake.get("text") or "")
    searched = visible(text[:SEARCHED])
    pattern = ngram_pattern([one["ngram"] for one in ngrams if one["weight"] > 0])
    spans = [found.span() for found in pattern.finditer(searched)] if pattern else []
    return {
        "blank": not text.strip(),
        "row": number(mistake.get("row"), "count"),
        "excerpt": window(searched, spans, EXCERPT, len(text)),
        "whole": window(searched, spans, WHOLE, len(text)) if len(searched) > EXCERPT else "",
        "whole_name": whole_name(len(text)),
        "pair": " ".join(
            f"{_plain(mistake['gold'])} \u2192 {_plain(mistake['predicted'])}".split()
        ),
        "groups": [one.replace("_", " ") for one in mistake.get("groups") or []],
        "gold": names(mistake["gold"]),
        "predicted": names(mistake["predicted"]),
        "probability": number(mistake.get("probability"), "percent"),
        "gold_probability": number(mistake.get("gold_probability"), "percent"),
        "ngrams": [
            {
                "ngram": clip(one["ngram"], NGRAM_LENGTH),
                "weight": number(one["weight"], "signed"),
                "side": "for" if one["weight"] > 0 else "against",
            }
            for one in ngrams
        ],
    }


def _plain(label: object) -> str:
    """A label, or the first few of several, as the entry of a list has it."""
    return names(label).striptags()


def ngram_pattern(ngrams: list[str]) -> re.Pattern[str] | None:
    """Finds any of the n-grams as whole words, whatever stands between them; None for none."""
    found = []
    for ngram in sorted(ngrams, key=len, reverse=True):
        words = visible(ngram[:NGRAM_LENGTH]).split()
        if words:
            before = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
            after = r"(?!\w)" if re.search(r"\w$", words[-1]) else ""
            found.append(before + r"\W{1,4}".join(map(re.escape, words)) + after)
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def window(text: str, spans: list[tuple[int, int]], length: int, full: int) -> Markup:
    """`length` characters of the text around its first span, the spans in it marked."""
    start = 0
    if spans and spans[0][1] > length:
        start = max(0, min(spans[0][0] - length // 3, len(text) - length))
    end = min(len(text), start + length)
    shown, at = Markup("\u2026" if start else ""), start
    for low, high in [span for span in spans if start <= span[0] and span[1] <= end][:MOST_MARKS]:
        shown += Markup("{}<mark>{}</mark>").format(text[at:low], text[low:high])
        at = high
    goes_on = end < len(text) or full > SEARCHED
    return shown + Markup("{}{}").format(text[at:end], "\u2026" if goes_on else "")


def whole_name(characters: int) -> str:
    """What the control that opens the longer text says."""
    if characters <= WHOLE:
        return "Whole text"
    return f"More of the text ({WHOLE} of {characters:,} characters)"
