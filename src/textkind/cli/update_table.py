"""What an update changed as plain text: the new rows, both models on old and new test texts."""

from typing import Any

from textkind.cli.diff_table import HEADER, difference_cells, label_table
from textkind.cli.evaluation_table import FURTHER
from textkind.cli.figures import HEADLINE
from textkind.cli.plain_tables import aligned, fact_lines


def update_table(told: dict[str, Any]) -> str:
    """The entry update of metrics.json: where the run comes from, and what changed."""
    blocks = [fact_lines(_facts(told))]
    for key, name in (("old_test", "old test texts"), ("new_test", "new test texts")):
        if told[key] is not None:
            blocks += [_figures(told[key], told["figure"], name), label_table(told[key]["labels"])]
    return "\n\n".join(block for block in blocks if block)


def _facts(told: dict[str, Any]) -> list[tuple[str, str]]:
    rows, replay = told["rows"], told["replay"]
    left_out = sum(rows[name] for name in ("in_held_out", "near_held_out", "known"))
    parts = ", ".join(f"{name} {rows[name]:,}" for name in ("train", "validation", "test"))
    facts = [
        ("update", f"{told['number']} of {told['run']}, by {told['source']}"),
        ("new rows", parts + (f", left out {left_out:,}" if left_out else "")),
        ("replayed", f"{replay['texts']:,} of {replay['of']:,} training texts"),
    ]
    if told["new_labels"]:
        facts.append(("new labels", f"{len(told['new_labels']):,}"))
    return facts


def _figures(part: dict[str, Any], figure: str, name: str) -> str:
    titles = HEADLINE | FURTHER
    rows = [(f"{part['rows']:,} {name}", "before", "after", *HEADER[2:])]
    keys = [*HEADLINE, *({figure} - {*HEADLINE})]
    rows += [
        (titles[key], *difference_cells(key, part["figures"][key]))
        for key in keys
        if key in part["figures"]
    ]
    if part["among_old_labels"] is not None:
        cells = difference_cells(figure, part["among_old_labels"])
        rows.append((f"{titles[figure]} among old labels", *cells))
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in part["changes"].items())
    return aligned(rows) + f"\n{kinds}"
