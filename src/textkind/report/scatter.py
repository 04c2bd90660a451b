"""Quality against cost: named points with their intervals in, one SVG out.

Cost runs by tens from left to right. A line joins the points that none beats in both: nothing is
better and as cheap, or cheaper and as good.
"""

import math
from dataclasses import dataclass

from markupsafe import Markup

from textkind.report.line_chart import Words, round_ticks

LEFT, RIGHT, TOP, WIDTH, HEIGHT, UNDER = 54, 92, 14, 420, 260, 40  # SVG units
NAME_HEIGHT = 13  # of a name beside its point, so that two do not lie on one another
NEAR = 80  # across: names of points nearer than this may touch


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
            '<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="4.5"/>'
        ).format(x, up(point.low), up(point.high), point.kind, x, up(point.value))
    places = _apart([(across(point.cost), up(point.value)) for point in points])
    for point, (x, y) in zip(points, places, strict=True):
        drawn += Markup('<text class="of-{}" x="{:.1f}" y="{:.1f}">{}</text>').format(
            point.kind, x + 9, y + 4, point.name
        )
    grid = "".join(f"M{LEFT} {up(tick / 100):.1f}h{WIDTH}" for tick in ticks)
    numbers = Markup("").join(
        Markup('<text class="end" x="{}" y="{:.1f}">{:.4g}</text>').format(
            LEFT - 7, up(tick / 100) + 4, tick
        )
        for tick in ticks
    ) + Markup("").join(
        Markup('<text class="mid" x="{:.1f}" y="{}">{:g}</text>').format(
            across(10.0**power), floor + 16, 10.0**power
        )
        for power in range(first, last + 1)
    )
    return Markup(
        '<svg class="diagram" viewBox="0 0 {w} {h}" role="img" '
        'aria-labelledby="{id}-title {id}-desc">'
        '<title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>'
        '<path class="grid" d="{grid}"/><path class="axis" d="M{l} {floor}h{field}"/>'
        "{drawn}{numbers}"
        '<text class="mid" x="{middle}" y="{under}">{across}</text>'
        '<text class="mid" transform="translate(13 {half}) rotate(-90)">{upwards}</text></svg>'
    ).format(
        w=LEFT + WIDTH + RIGHT, h=floor + UNDER, id=words.identity, title=words.title,
        description=words.description, grid=grid, l=LEFT, floor=floor, field=WIDTH, drawn=drawn,
        numbers=numbers, middle=LEFT + WIDTH / 2, under=floor + UNDER - 5, across=words.across,
        half=TOP + HEIGHT / 2, upwards=words.upwards,
    )  # fmt: skip


def _apart(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where the names go: beside their points, moved up where they would lie on another."""
    found: list[tuple[float, float]] = [(0.0, 0.0)] * len(places)
    put: list[tuple[float, float]] = []
    for place in sorted(range(len(places)), key=lambda one: -places[one][1]):
        x, y = places[place]
        taken = sorted((b for a, b in put if abs(a - x) < NEAR), reverse=True)
        for other in taken:
            if abs(other - y) < NAME_HEIGHT:
                y = other - NAME_HEIGHT
        found[place] = x, y
        put.append((x, y))
    return found
