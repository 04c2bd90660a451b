"""The frame that pictures share: axes, their numbers and names about a field that is drawn on."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

UNDER = 40  # SVG units below the field, for the numbers and the name of the axis


@dataclass(frozen=True)
class Words:
    """What stands beside a field: title and description are read to those who do not see."""

    identity: str  # of the picture in the page
    title: str
    description: str
    across: str
    upwards: str


@dataclass(frozen=True)
class Field:
    """Where it is drawn, in SVG units: margins to the left and right, the top, and its size."""

    left: int
    right: int
    top: int
    width: int
    height: int

    @property
    def floor(self) -> int:
        """Where the field ends below."""
        return self.top + self.height


def framed(
    field: Field,
    words: Words,
    drawn: Markup,
    upwards: Iterable[tuple[float, str]],
    across: Iterable[tuple[float, str]],
) -> Markup:
    """The whole picture; upwards and across are the places of an axis's numbers, and their words.

    A line across the field goes with every number upwards.
    """
    upwards, left, floor = list(upwards), field.left, field.floor
    grid = "".join(f"M{left} {place:.1f}h{field.width}" for place, _ in upwards)
    numbers = Markup("").join(
        Markup('<text class="end" x="{}" y="{:.1f}">{}</text>').format(left - 7, place + 4, told)
        for place, told in upwards
    ) + Markup("").join(
        Markup('<text class="mid" x="{:.1f}" y="{}">{}</text>').format(place, floor + 16, told)
        for place, told in across
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
        w=left + field.width + field.right, h=floor + UNDER, id=words.identity, title=words.title,
        description=words.description, grid=grid, l=left, floor=floor, field=field.width,
        drawn=drawn, numbers=numbers, middle=left + field.width / 2, under=floor + UNDER - 5,
        across=words.across, half=field.top + field.height / 2, upwards=words.upwards,
    )  # fmt: skip
