"""Parallel axes: records of several settings in, one SVG out, each record a line across all axes.

Inselberg 1985, "The plane with parallel coordinates". The axes stand upright side by side; a line
crosses each where its value lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from textkind.report.wording import clip

LEFT, RIGHT, TOP, HEIGHT, BELOW = 60, 60, 40, 240, 14  # SVG units
GAP = 96  # between axes
NAME_LENGTH, VALUE_LENGTH = 17, 11  # characters that fit


@dataclass(frozen=True)
class Axis:
    """A name, and what stands beside it: places from 0 (below) to 1 with their words."""

    name: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Record:
    """Where a line crosses each axis, from 0 to 1, None where it has no value; a CSS class."""

    places: tuple[float | None, ...]
    kind: str


def parallel_lines(
    axes: Sequence[Axis], records: Sequence[Record], title: str, description: str
) -> Markup:
    """The picture; records are drawn in their order, so the last lies on top."""
    floor, width = TOP + HEIGHT, LEFT + RIGHT + GAP * (len(axes) - 1)

    def across(place: int) -> int:
        return LEFT + GAP * place

    drawn = Markup("")
    for record in records:
        path, joined = "", False
        for place, value in enumerate(record.places):
            if value is not None:
                path += f"{'L' if joined else 'M'}{across(place)} {floor - HEIGHT * value:.1f}"
            joined = value is not None
        drawn += Markup('<path class="{}" d="{}"/>').format(record.kind, path)
    for place, axis in enumerate(axes):
        x = across(place)
        drawn += Markup(
            '<path class="axis" d="M{} {}V{}"/><text class="mid" x="{}" y="{}">{}</text>'
        ).format(x, TOP, floor, x, TOP - 16 - 12 * (place % 2), clip(axis.name, NAME_LENGTH))
        drawn += Markup("").join(
            Markup('<text x="{}" y="{:.1f}">{}</text>').format(
                x + 5, floor - HEIGHT * value + 4, clip(word, VALUE_LENGTH)
            )
            for value, word in axis.ticks
        )
    return Markup(
        '<svg class="diagram parallel" viewBox="0 0 {w} {h}" role="img" '
        'aria-labelledby="parallel-title parallel-desc"><title id="parallel-title">{title}</title>'
        '<desc id="parallel-desc">{description}</desc>{drawn}</svg>'
    ).format(w=width, h=floor + BELOW, title=title, description=description, drawn=drawn)
