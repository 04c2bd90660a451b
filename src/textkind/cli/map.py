"""textkind map: a model and texts in, a picture of where they lie out."""

import argparse
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import Parser, one_of
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import (
    add_json,
    add_model,
    add_out,
    add_overwrite,
    add_seed,
    add_threads,
)

if TYPE_CHECKING:
    from textkind.workflow.draw_map import MapResult

DESCRIPTION = """\
Draw texts as points in a plane, near where the model finds them alike: colored by label, mistakes
marked where labels are there. Tells which labels lie among one another, of up to 1,500 texts drawn
by chance; up to 500 more mistakes are drawn."""

EXAMPLES = """\
examples:
  textkind map runs/reviews new.csv -o map.html
  textkind map runs/reviews new.csv -o map.html --map umap
  textkind map runs/reviews new.csv -o points.csv
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of map."""
    add_model(parser.add_argument)
    parser.add_argument("file", metavar="FILE", help="texts, with labels or without")
    add_out(
        parser.add_argument,
        "a page, .html, or the points as .csv, .tsv, .jsonl or .parquet; it must be named, "
        "there is no default",
        required=True,
    )
    add_overwrite(parser.add_argument)
    parser.add_argument(
        "--map",
        metavar="NAME",
        type=one_of("pca", "umap"),
        default="pca",
        help="pca: the plane of most variance; umap: near texts together, with the extra map "
        "(default: %(default)s)",
    )
    add_seed(parser.add_argument, "the texts drawn, and of umap")
    add_threads(parser.add_argument)
    add_json(parser.add_argument)
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Draw the map, and print what it shows."""
    from dataclasses import asdict

    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.draw_map import MapSettings, draw_map

    settings = MapSettings(
        method=arguments.map,
        reading=read_settings(arguments),
        overwrite=arguments.overwrite,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    result = draw_map(arguments.model, arguments.file, arguments.out, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(told_map(result))
    return 0


def told_map(result: "MapResult") -> str:
    """How many points, how they lie by label, and which labels lie among one another."""
    from textkind.cli.plain_tables import aligned, shown
    from textkind.cli.terminal import printable

    found = result.figures
    around = found["neighbourhoods"]
    drawn = f"{result.points:,} of {found['texts']:,} texts of {printable(result.source)}"
    facts = [f"{drawn}, by the {found['space']}"]
    if found["more_mistakes"]:
        facts.append(
            f"{found['more_mistakes']:,} of them are mistakes beyond those drawn by chance"
        )
    if found["without_direction"]:
        facts.append(f"{found['without_direction']:,} hold nothing that the model knows")
    if found["explained"]:
        shares = " and ".join(shown("", one) for one in found["explained"])
        facts.append(f"the plane has {shares} of the variance")
    blocks = ["\n".join(facts)]
    if around["neighbours"]:
        rows: list[tuple[str, ...]] = [("", "texts", f"same of {around['neighbours']} nearest")]
        rows += [
            (_told(one["labels"]), f"{one['texts']:,}", shown("", one["same_label"]))
            for one in around["labels"]
        ]
        rows.append(("all", "", shown("", around["same_label"])))
        rows.append(("by chance", "", shown("", around["by_chance"])))
        blocks.append(aligned(rows))
    if around["overlaps"]:
        pairs = [
            f"    - {' and '.join(map(_told, one['labels']))}: {shown('', one['share'])}"
            for one in around["overlaps"]
        ]
        title = "among one another most often (share of their nearest with the other label):"
        blocks.append("\n".join([title, *pairs]))
    blocks.append(f"written to {printable(result.output)}")
    return "\n\n".join(blocks)


def _told(labels: list[Any]) -> str:
    from textkind.cli.plain_tables import label_name

    return label_name(labels) if labels else "no label"
