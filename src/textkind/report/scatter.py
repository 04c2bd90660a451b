"""Quality against cost: named points with their intervals in, one SVG out.

Cost runs by tens from left to right. A line joins the points that none beats in both: nothing is
better and as cheap, or cheaper and as good.
"""

import itertools
import math
from dataclasses import dataclass

from markupsafe import Markup

from textkind.report.axes import Field, Words, framed
from textkind.report.line_chart import round_ticks

LEFT, RIGHT, TOP, WIDTH, HEIGHT = 54, 92, 14, 420, 260  # SVG units
NAME_HEIGHT, LETTER = 13, 6.5  # of a name beside its point; the width is a guess at a letter's
GAP, BASELINE, DOT = 9, 4, 4.5  # between point and name; letters' middle to foot; radius


@dataclass(frozen=True)
class Point:
    """A name, a cost above 0, a share of 0..1 with its interval; kind is a CSS class."""

    name: str
    cost: float
    value: float
    low: float
    high: float
    kind: str = "dot"


def unbeaten(points: list[Point]) -> list[Point]:
    """The points that no other beats, by rising cost (Pareto's front)."""
    front: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cost, -one.value)):
        if not front or point.value > front[-1].value:
            front.append(point)
    return front


def scatter(points: list[Point], words: Words) -> Markup:
    """The picture of one point or more; words name the axes and describe it to those who listen."""
    ticks = round_ticks(
        100 * min(point.low for point in points), 100 * max(point.high for point in points)
    )
    low, high = ticks[0], ticks[-1]
    first = math.floor(math.log10(min(point.cost for point in points)))
    last = max(math.ceil(math.log10(max(point.cost for point in points))), first + 1)
    floor = TOP + HEIGHT

    def across(cost: float) -> float:
        return LEFT + WIDTH * (math.log10(cost) - first) / (last - first)

    def up(share: float) -> float:
        return floor - HEIGHT * (100 * share - low) / (high - low)

    front = "L".join(f"{across(one.cost):.1f} {up(one.value):.1f}" for one in unbeaten(points))
    drawn = Markup('<path class="front" d="M{}"/>').format(front)
    for point in points:
        x = across(point.cost)
        drawn += Markup(
            '<path class="whiskers" d="M{:.1f} {:.1f}V{:.1f}"/>'
            '<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"/>'
        ).format(x, up(point.low), up(point.high), point.kind, x, up(point.value), DOT)
    for name in _names([(across(p.cost), up(p.value), p.name) for p in points]):
        kind = points[name.place].kind
        drawn += Markup('<text class="of-{}{}" x="{:.1f}" y="{:.1f}">{}</text>').format(
            kind, " end" if name.left else "", name.x, name.y, points[name.place].name
        )
    return framed(
        Field(LEFT, RIGHT, TOP, WIDTH, HEIGHT), words, drawn,
        [(up(tick / 100), f"{tick:.4g}") for tick in ticks],
        [(across(10.0**power), f"{10.0**power:g}") for power in range(first, last + 1)],
    )  # fmt: skip


@dataclass(frozen=True)
class _Name:
    """Where the name of the point at `place` stands; left: it ends there, else it begins."""

    place: int
    x: float
    y: float
    left: bool


def _names(points: list[tuple[float, float, str]]) -> list[_Name]:
    """A place for each name, given (across, down, name) of the points: the highest first.

    To the right of its point or to the left, further up or down line by line until it lies on no
    other name and no point.
    """
    found: list[_Name] = []
    taken = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y, _ in points]
    for place in sorted(range(len(points)), key=lambda one: points[one][1]):
        x, y, name = points[place]
        width = LETTER * len(name)
        for line, left in itertools.product((0, -1, 1, -2, 2, -3, 3, -4, 4), (False, True)):
            begin = x - GAP - width if left else x + GAP
            middle = y + line * NAME_HEIGHT
            box = (begin, middle - NAME_HEIGHT / 2, begin + width, middle + NAME_HEIGHT / 2)
            if begin >= LEFT and not any(_overlap(box, other) for other in taken):
                break
        taken.append(box)
        found.append(_Name(place, x - GAP if left else x + GAP, middle + BASELINE, left))
    return found


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes (left, top, right, bottom) share more than an edge."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
