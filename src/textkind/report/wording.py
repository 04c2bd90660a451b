"""Numbers and foreign texts in, words for the page out: every figure is rounded here and only here.

A figure is shown as `<data value="0.9123">91.2 %</data>`: people read the rounded text, programs
(and our tests) the exact value. Texts and label names come from strangers: what could disturb the
page (control characters, overrides of the writing direction) is made visible, the rest is escaped.
"""

import math
import re

from markupsafe import Markup, escape

LABEL_LENGTH = 60  # characters of a label name shown in tables
FULL_LABEL_LENGTH = 120  # characters of it in the tooltip
DASH = Markup("\u2013")  # in a table: there is nothing to tell
ABSENT = Markup('<span class="absent">n/a</span>')

_DIRECTION_MARKS = {
    0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI",
}  # fmt: skip
_SHOWN: dict[int, str] = {
    **{code: f"\u2039{code:02X}\u203a" for code in (*range(32), 0x7F)},  # fonts lack their pictures
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),  # lone surrogates have no UTF-8 form
    **dict.fromkeys((0xFFFE, 0xFFFF), "\ufffd"),
    **{code: f"\u2039{name}\u203a" for code, name in _DIRECTION_MARKS.items()},
    0x09: "\t", 0x0A: "\n", 0x0D: "\n", 0x2028: "\n", 0x2029: "\n",
}  # fmt: skip


def visible(text: str) -> str:
    """The text with every control character and direction override made visible."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def clip(text: str, limit: int) -> str:
    """The visible text, cut with an ellipsis to at most `limit` characters."""
    shown = visible(text[: 2 * limit + 2])  # twice: a line end of two characters becomes one
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "\u2026"


def name(label: object) -> Markup:
    """A label name: isolated in its writing direction, cut where long, whole in the tooltip."""
    text = str(label)
    if not text.strip():
        return Markup('<bdi class="name">(blank)</bdi>')
    short = clip(text, LABEL_LENGTH)
    if short == visible(text):
        return Markup('<bdi class="name">{}</bdi>').format(_breakable(short))
    full = clip(text, FULL_LABEL_LENGTH)
    return Markup('<bdi class="name" title="{}">{}</bdi>').format(full, _breakable(short))


def _breakable(text: str) -> Markup:
    """The escaped text, with line breaks allowed behind the separators that names are made with."""
    return Markup(re.sub(r"([_./:])", r"\1<wbr>", str(escape(text))))


def names(label: object, limit: int = 3) -> Markup:
    """One label name, or a list of them of which the first `limit` are shown."""
    if not isinstance(label, list | tuple):
        return name(label)
    if not label:
        return Markup('<span class="absent">no label</span>')
    shown = Markup(", ").join(name(one) for one in label[:limit])
    more = len(label) - limit
    return shown + (Markup(" and {} more").format(more) if more > 0 else "")


def known(value: object) -> float | None:
    """The number, or None where it is missing, null or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def percent_text(value: float) -> str:
    """A share as a percentage: one decimal, more where that would wrongly say 0 or 100."""
    for decimals in (1, 2, 3):
        text = f"{100 * value:.{decimals}f}"
        if float(text) not in (0.0, 100.0) or value in (0, 1):
            break
    return f"{text}\u00a0%"


def plain_text(value: float) -> str:
    """A figure that is no share: three decimals, one from ten on, two digits below a hundredth."""
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"


def power_text(value: float) -> str:
    """A figure of any size, by its power of ten."""
    return f"{value:.1e}"


def count_text(value: float) -> str:
    """A number of things, with thousands separated."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def signed_text(value: float) -> str:
    """A weight with its sign."""
    return f"{value:+.2f}"


def addition_text(value: float) -> str:
    """A number with its sign, of which many small ones are added up."""
    return f"{value:+.3f}" if abs(value) >= 0.001 or value == 0 else f"{value:+.1e}"


def seconds_text(value: float) -> str:
    """A duration given in seconds."""
    if value < 0.9995:
        return f"{1000 * value:.0f}\u00a0ms"
    if value < 119.95:
        return f"{value:.1f}\u00a0s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes}\u00a0min\u00a0{seconds}\u00a0s"


_TEXTS = {
    "percent": percent_text,
    "plain": plain_text,
    "power": power_text,
    "count": count_text,
    "signed": signed_text,
    "addition": addition_text,
    "seconds": seconds_text,
}


def number(value: object, kind: str) -> Markup:
    """A number of one kind, a key of _TEXTS; its exact value stands inside."""
    value = known(value)
    if value is None:
        return ABSENT
    return Markup('<data value="{}">{}</data>').format(repr(value), _TEXTS[kind](value))


def span(low: object, high: object, kind: str) -> Markup:
    """An interval from low to high, its unit said once; empty where an end is missing."""
    low, high = known(low), known(high)
    if low is None or high is None:
        return Markup("")
    bare = _TEXTS[kind](low).removesuffix("\u00a0%")
    return Markup('<data value="{}">{}</data> to {}').format(repr(low), bare, number(high, kind))


def plural(count: int, one: str, many: str = "") -> Markup:
    """A count and its noun: 1 row, 2 rows."""
    return Markup("{} {}").format(number(count, "count"), one if count == 1 else many or one + "s")
