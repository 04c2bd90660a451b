"""The reliability diagram: arrays of bins in, one SVG out.

Upper field: each bin's accuracy against its mean confidence, with a 95 % Wilson interval
(Wilson 1927); on the diagonal the probabilities keep their word. Lower field: how many decisions
were made at each confidence.
"""

import numpy as np
from markupsafe import Markup

LEFT, TOP, SIDE = 48, 12, 300  # SVG units: the square field and its margins
GAP, STRIP = 14, 56  # between the fields, height of the lower one
WIDTH = LEFT + SIDE + 18
HEIGHT = TOP + SIDE + GAP + STRIP + 40


def wilson(accuracy: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % Wilson score interval of shares (B,) seen in (B,) trials each."""
    z = 1.959963984540054
    count = np.maximum(count, 1)
    center = (accuracy + z**2 / (2 * count)) / (1 + z**2 / count)
    spread = np.sqrt(accuracy * (1 - accuracy) / count + z**2 / (4 * count**2))
    half = z * spread / (1 + z**2 / count)
    return np.clip(center - half, 0, 1), np.clip(center + half, 0, 1)


def axis_start(confidence: np.ndarray, accuracy: np.ndarray, low: np.ndarray) -> float:
    """Where both axes begin: a tenth at or below all that is drawn, at most 0.8."""
    lowest = min(confidence.min(), accuracy.min(), low.min())
    return float(min(0.8, max(0.0, np.floor(lowest * 10 + 1e-9) / 10)))


def reliability_diagram(
    confidence: np.ndarray,
    accuracy: np.ndarray,
    count: np.ndarray,
    width_low: np.ndarray,
    width_high: np.ndarray,
    width_count: np.ndarray,
    description: str,
    name: str = "reliability",
) -> Markup:
    """The diagram of B equal-mass bins over a histogram of equal-width bins.

    confidence, accuracy, count: (B,) mean confidence, share right and size of each bin, none empty.
    width_low, width_high, width_count: (C,) borders and sizes of the histogram's bins, none empty.
    name begins the ids of its title and description: one a page.
    """
    start = axis_start(confidence, accuracy, width_low)

    def across(share: np.ndarray | float) -> np.ndarray:
        return LEFT + SIDE * (np.asarray(share) - start) / (1 - start)

    def up(share: np.ndarray | float) -> np.ndarray:
        return TOP + SIDE - SIDE * (np.clip(share, start, 1) - start) / (1 - start)

    low, high = wilson(accuracy, count)
    x, y, y_low, y_high = across(confidence), up(accuracy), up(low), up(high)
    whiskers = "".join(
        f"M{a:.1f} {b:.1f}V{c:.1f}" for a, b, c in zip(x, y_low, y_high, strict=True)
    )
    line = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    dots = Markup("").join(
        Markup('<circle class="dot" cx="{}" cy="{}" r="4"/>').format(f"{a:.1f}", f"{b:.1f}")
        for a, b in zip(x, y, strict=True)
    )
    floor = TOP + SIDE + GAP + STRIP
    heights = STRIP * width_count / width_count.max()
    columns = "".join(
        f"M{a + 0.5:.1f} {floor}V{floor - max(h, 1):.1f}H{b - 0.5:.1f}V{floor}Z"
        for a, b, h in zip(across(width_low), across(width_high), heights, strict=True)
    )
    step = 0.2 if start < 0.45 else 0.1 if start < 0.75 else 0.05
    ticks = [start + step * i for i in range(round((1 - start) / step + 0.4))]
    ticks = [tick for tick in ticks if tick < 1 - step / 2] + [1.0]
    grid = "".join(f"M{LEFT} {up(t):.1f}H{LEFT + SIDE}M{across(t):.1f} {TOP}v{SIDE}" for t in ticks)
    numbers = Markup("").join(
        Markup(
            '<text class="end" x="{}" y="{}">{}</text><text class="mid" x="{}" y="{}">{}</text>'
        ).format(
            LEFT - 7, f"{up(t) + 4:.1f}", f"{t:.2g}", f"{across(t):.1f}", floor + 16, f"{t:.2g}"
        )
        for t in ticks
    )
    return Markup(
        '<svg class="diagram" viewBox="0 0 {w} {h}" role="img" '
        'aria-labelledby="{name}-title {name}-desc">'
        '<title id="{name}-title">Reliability diagram</title>'
        '<desc id="{name}-desc">{description}</desc>'
        '<path class="grid" d="{grid}"/><path class="perfect" d="M{l} {b}L{r} {t}"/>'
        '<text class="hint" x="{hint_x}" y="{hint_top}">too modest</text>'
        '<text class="hint" x="{hint_x}" y="{often}">how often</text>'
        '<text class="hint end" x="{hint_r}" y="{hint_bottom}">too sure</text>'
        '<path class="columns" d="{columns}"/><path class="axis" d="M{l} {floor}H{r}"/>'
        '<path class="whiskers" d="{whiskers}"/><path class="line" d="{line}"/>{dots}{numbers}'
        '<text class="mid" x="{middle}" y="{under}">confidence stated</text>'
        '<text class="mid" transform="translate(11 {half}) rotate(-90)">share that is right</text>'
        "</svg>"
    ).format(
        w=WIDTH, h=HEIGHT, name=name, description=description, grid=grid, l=LEFT, r=LEFT + SIDE,
        t=TOP, b=TOP + SIDE, hint_x=LEFT + 10, hint_top=TOP + 20, often=TOP + SIDE + GAP + 14,
        hint_r=LEFT + SIDE - 10, hint_bottom=TOP + SIDE - 12, columns=columns, floor=floor,
        whiskers=whiskers, line=line, dots=dots, numbers=numbers, middle=LEFT + SIDE / 2,
        under=HEIGHT - 5, half=TOP + SIDE / 2,
    )  # fmt: skip
