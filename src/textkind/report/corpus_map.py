"""The map of a corpus: the entry "map" of metrics.json and its points in, picture and words out."""

from typing import Any

from markupsafe import Markup

from textkind.report.figures import Metrics
from textkind.report.rendering import rendered
from textkind.report.wording import clip, known, names, number

COLORED = 8  # labels with a color of their own; the others are grey
WIDTH, HEIGHT, MARGIN = 640, 460, 8  # SVG units
# of a point about its middle, in turn with the colors, so that color alone tells nothing
SHAPES = (
    "m-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0",
    "m-2.9-2.9h5.8v5.8h-5.8z",
    "m0-3.9l3.6 6.4h-7.2z",
    "m0-4l4 4l-4 4l-4-4z",
)


def map_section(
    found: Metrics | None, points: list[dict[str, Any]] | None, where: str
) -> dict[str, Any]:
    """Picture, legend and sentences of the entry "map"; empty where no map was drawn.

    points are those of workflow/corpus_map.py, or None where they are not at hand; where says what
    the texts are of.
    """
    if not found or not points:
        return {}
    place_of = {tuple(one["labels"]): place for place, one in enumerate(_colored(found))}
    around = found["neighbourhoods"]
    return {
        "picture": _picture(points, place_of, _description(found)),
        "legend": [
            {
                "sample": _sample(place),
                "labels": names(one["labels"]),
                "texts": number(one["texts"], "count"),
                "same": number(one["same_label"], "percent"),
            }
            for place, one in enumerate(_colored(found))
        ],
        "others": around["classes"] - len(place_of),
        "other_sample": _sample(COLORED),
        "where": where,
        "labelled": found["labelled"],
        "mistakes": sum(one["wrong"] for one in points),
        "more_mistakes": found["more_mistakes"],
        "texts": number(found["texts"], "count"),
        "by_chance": number(found["by_chance"], "count"),
        "all_drawn": found["by_chance"] == found["texts"],
        "without_direction": found["without_direction"],
        "space": found["space"],
        "is_umap": found["method"] == "umap",
        "explained": [number(one, "percent") for one in found["explained"] or ()],
        "neighbours": around["neighbours"],
        "same_label": number(around["same_label"], "percent"),
        "chance": number(around["by_chance"], "percent"),
        "kept": number(around["kept"], "percent"),
        "overlaps": [
            {
                "one": names(one["labels"][0]),
                "other": names(one["labels"][1]),
                "share": number(one["share"], "percent"),
            }
            for one in around["overlaps"]
        ],
    }


def render_map(found: Metrics, points: list[dict[str, Any]], *, source: str, version: str) -> str:
    """The map alone as one self-contained page."""
    return rendered(
        "map.html.jinja", map=map_section(found, points, "file"), source=clip(source, 200),
        version=version,
    )  # fmt: skip


def _colored(found: dict[str, Any]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = found["neighbourhoods"]["labels"][:COLORED]
    return shown


def _picture(
    points: list[dict[str, Any]], place_of: dict[tuple[str, ...], int], description: str
) -> Markup:
    """Right answers below, mistakes above them with a ring."""
    low_x, high_x = _range([one["x"] for one in points])
    low_y, high_y = _range([one["y"] for one in points])
    groups: dict[tuple[bool, int], list[Markup]] = {}
    for one in points:
        place = place_of.get(tuple(one["labels"]), COLORED)
        x = MARGIN + (WIDTH - 2 * MARGIN) * (one["x"] - low_x) / (high_x - low_x)
        y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (one["y"] - low_y) / (high_y - low_y)
        answer = ""
        if one["wrong"]:
            answer = f", taken for {_joined(one['predicted'])}"
        told = f"{one['row']}, {_joined(one['labels'])}{answer}: {one['text']}"
        groups.setdefault((one["wrong"], -place), []).append(
            Markup('<path d="M{:.1f} {:.1f}{}"><title>{}</title></path>').format(
                x, y, SHAPES[place % len(SHAPES)], clip(told, 140)
            )
        )
    drawn = Markup("").join(
        Markup('<g class="of{}{}">{}</g>').format(
            -place, " wrong" if wrong else "", Markup("").join(groups[wrong, place])
        )
        for wrong, place in sorted(groups)
    )
    return Markup(
        '<svg class="diagram map" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="map-picture-title map-picture-desc">'
        '<title id="map-picture-title">Map of the texts</title>'
        '<desc id="map-picture-desc">{}</desc>{}</svg>'
    ).format(WIDTH, HEIGHT, description, drawn)


def _sample(place: int) -> Markup:
    return Markup(
        '<svg class="map sample" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">'
        '<g class="of{}"><path d="M6 6{}"/></g></svg>'
    ).format(place, SHAPES[place % len(SHAPES)])


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 1, high + 1)


def _joined(labels: list[str]) -> str:
    return ", ".join(clip(one, 30) for one in labels) if labels else "no label"


def _description(found: dict[str, Any]) -> str:
    """What the picture shows, for those who do not see it."""
    around = found["neighbourhoods"]
    told = [f"{found['by_chance'] + found['more_mistakes']:,} texts as points."]
    same, chance = known(around["same_label"]), known(around["by_chance"])
    if same is not None and chance is not None:
        told.append(
            f"{100 * same:.0f} % of a text's nearest have its label, "
            f"{100 * chance:.0f} % by chance."
        )
    told += [
        f"{_joined(one['labels'][0])} and {_joined(one['labels'][1])} lie among one another most."
        for one in around["overlaps"][:1]
    ]
    return " ".join(told)
