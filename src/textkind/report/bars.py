"""Small bars for table cells: numbers in, one inline SVG out.

Each stands beside its number in words, so it is hidden from screen readers. Colors are CSS classes:
the page's security policy forbids style attributes.
"""

from markupsafe import Markup

INTERVAL_WIDTH = 132  # SVG units, about pixels
BAR_WIDTH = 160


def _svg(kind: str, width: int, height: int, body: Markup) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true">{}</svg>'
    ).format(kind, width, height, width, height, body)


def interval_bar(
    value: float | None,
    low: float | None,
    high: float | None,
    baseline: float | None,
    frame: tuple[float, float] = (0.0, 1.0),
) -> Markup:
    """A share in 0..1 with its interval on a line, and a tick where the baseline stands.

    The line runs from the first of `frame` to the second; what lies beyond stands at its end.
    """
    if value is None:
        return Markup("")
    inner = INTERVAL_WIDTH - 10

    def place(share: float) -> str:
        along = (share - frame[0]) / (frame[1] - frame[0])
        return f"{5 + inner * min(1.0, max(0.0, along)):.1f}"

    body = Markup('<path class="track" d="M5 8H{}"/>').format(INTERVAL_WIDTH - 5)
    if baseline is not None:
        body += Markup('<path class="base" d="M{} 2V14"/>').format(place(baseline))
    if low is not None and high is not None:
        body += Markup('<path class="range" d="M{} 8H{}"/>').format(place(low), place(high))
    body += Markup('<circle class="dot" cx="{}" cy="8" r="4"/>').format(place(value))
    return _svg("interval", INTERVAL_WIDTH, 16, body)


def stacked_bar(lengths: list[tuple[str, float]], largest: float) -> Markup:
    """Pieces end to end, each (CSS class, length); `largest` fills the whole width."""
    body, left = Markup(""), 0.0
    scale = BAR_WIDTH / largest if largest > 0 else 0.0
    for kind, length in lengths:
        width = length * scale
        if width > 0:
            body += Markup('<rect class="{}" x="{}" y="1" width="{}" height="10"/>').format(
                kind, f"{left:.1f}", f"{max(width, 0.8):.1f}"
            )
        left += width
    return _svg("stacked", BAR_WIDTH, 12, body)


def share_bar(share: float | None) -> Markup:
    """A share in 0..1 as a filled part of a track."""
    return Markup("") if share is None else stacked_bar([("fill", share), ("rest", 1 - share)], 1.0)
