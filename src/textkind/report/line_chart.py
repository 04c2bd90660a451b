"""A line chart: a few named lines in, one SVG out; the upright axis in plain numbers or by tens.

Lines differ in color and in dashes, and are named above the field in the order given.
"""

import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from textkind.report.axes import Field, Words, framed

LEFT, RIGHT, TOP, WIDTH, HEIGHT = 54, 12, 12, 310, 200  # SVG units: margins, and the field
LEGEND, MARK = 18, 10  # of a name and a mark above the field
KINDS = ("line1", "line2", "line3")
MOST_POINTS = 400  # of a line: more than a screen could tell apart
MOST_DECADES = 6  # of an axis by tens: what moves a millionth as much is not learned from
LEAST_DECADES = 3  # so that a line that is nearly flat looks it
_RAISED = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)


@dataclass(frozen=True, eq=False)
class Line:
    """A name, and (N,) places and values, neither empty; what is not finite is not drawn.

    low, high  (N,) ends of an interval, drawn as a band behind the lines; None: there is none
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def line_chart(
    lines: list[Line], words: Words, *, by_tens: bool = False, mark: tuple[float, str] | None = None
) -> Markup:
    """The chart of at most three lines; `mark` is a place across, and its name.

    Bands are drawn where the axis is not by tens.
    """
    if by_tens:
        least, most = decades(np.concatenate([line.y for line in lines]))
        ticks = [float(power) for power in range(least, most + 1)]
    else:
        drawn_at = [y for line in lines for y in (line.y, line.low, line.high) if y is not None]
        ticks = round_ticks(*_range(drawn_at))
    low, high = ticks[0], ticks[-1]
    first, last = _range([line.x for line in lines])
    top = TOP + LEGEND * len(lines) + (0 if mark is None else MARK)
    floor = top + HEIGHT

    def across(x: np.ndarray | float) -> np.ndarray:
        return LEFT + WIDTH * (np.asarray(x) - first) / max(last - first, 1e-9)

    def up(y: np.ndarray | float) -> np.ndarray:
        return floor - HEIGHT * (np.asarray(y) - low) / (high - low)

    drawn = Markup("").join(
        Markup('<path class="band" d="{}"/>').format(
            _around(across(line.x), up(line.low), up(line.high))
        )
        for line in lines
        if line.low is not None and line.high is not None
    )
    for row, (line, kind) in enumerate(zip(lines, KINDS, strict=False)):
        x, y = _points(line, by_tens, low)
        drawn += Markup('<path class="{}" d="{}"/>').format(kind, _path(across(x), up(y)))
        level = TOP + LEGEND * row
        drawn += Markup('<path class="{}" d="M{} {}h26"/><text x="{}" y="{}">{}</text>').format(
            kind, LEFT, level, LEFT + 33, level + 4, line.name
        )
    if mark is not None:
        stands = float(across(mark[0]))
        side = "end" if stands > LEFT + WIDTH / 2 else ""
        drawn += Markup(
            '<path class="perfect" d="M{:.1f} {}V{}"/><text class="hint {}" x="{:.1f}" y="{}">{}'
            "</text>"
        ).format(stands, top, floor, side, stands, top - 6, mark[1])
    beneath = [tick for tick in round_ticks(first, last, whole=True) if first <= tick <= last]
    return framed(
        Field(LEFT, RIGHT, top, WIDTH, HEIGHT), words, drawn,
        [(float(up(tick)), _power(tick) if by_tens else f"{tick:.4g}") for tick in ticks],
        [(float(across(tick)), f"{tick:.0f}") for tick in beneath],
    )  # fmt: skip


def round_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Four to eight round numbers from at or below `low` to at or above `high`."""
    if high <= low:
        low, high = low - (0.0 if whole else 0.5), low + (1.0 if whole else 0.5)
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough * 0.999)
    step = max(1.0, step) if whole else step
    return [step * i for i in range(math.floor(low / step), math.ceil(high / step - 1e-9) + 1)]


def decades(values: np.ndarray) -> tuple[int, int]:
    """The powers of ten that an axis runs between, LEAST_DECADES to MOST_DECADES apart.

    Of values (...) those that are not above 0 have no place on it.
    """
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return -LEAST_DECADES, 0
    high = math.ceil(math.log10(values.max()))
    low = math.floor(math.log10(values.min()))
    return min(max(low, high - MOST_DECADES), high - LEAST_DECADES), high


def _range(parts: list[np.ndarray]) -> tuple[float, float]:
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


def _points(line: Line, by_tens: bool, low: float) -> tuple[np.ndarray, np.ndarray]:
    """What is drawn of a line; NaN where it is not, which is below the floor of an axis by tens."""
    keep = np.unique(np.linspace(0, line.x.size - 1, min(line.x.size, MOST_POINTS)).astype(int))
    x, y = line.x[keep], line.y[keep].astype(np.float64)
    if by_tens:
        y = np.log10(np.where(y > 0, y, 1e-300))
        beneath = y < low
        y = np.maximum(y, low)  # the first point below stands on the floor, the others nowhere
        y[1:][beneath[1:] & beneath[:-1]] = np.nan
    return x, y


def _path(across: np.ndarray, up: np.ndarray) -> str:
    """Points (N,) and (N,) joined; the line is broken where there is none."""
    path, joined = "", False
    for a, b in zip(across, up, strict=True):
        if math.isfinite(b):
            path += f"{'L' if joined else 'M'}{a:.1f} {b:.1f}"
        joined = math.isfinite(b)
    return path + "h3" if across.size == 1 and path else path


def _around(across: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    """The band between points (N,) and (N,), along the one and back along the other."""
    there = zip(across, low, strict=True)
    back = zip(across[::-1], high[::-1], strict=True)
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in (*there, *back)) + "Z"


def _power(exponent: float) -> str:
    return "10" + f"{exponent:.0f}".translate(_RAISED)
