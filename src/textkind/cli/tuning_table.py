"""A search for settings as plain text for stdout: its best trials, and what mattered."""

from typing import Any

from textkind.cli.ladder import TITLES
from textkind.cli.plain_tables import aligned, shown
from textkind.cli.terminal import printable
from textkind.report.tuning import changes_in_words, setting_name

MOST_TRIALS = 10  # finished ones; the others stand in tune.json and in the report
MOST_SETTINGS = 8


def tuning_table(facts: dict[str, Any]) -> str:
    """What tune.json holds, in short."""
    key, best = facts["headline"], facts["best"]
    finished = [one for one in facts["trials"] if one["figures"] is not None]
    usual = facts["trials"][0]
    ranked = sorted(finished, key=lambda one: one["figures"]["log_loss"])
    listed = [one for one in ranked if one["number"] in (best, usual["number"])]
    listed += [one for one in ranked if one not in listed][: MOST_TRIALS - len(listed)]
    rows = [("trial", "log loss", TITLES[key], "seconds", "other than the defaults")]
    for one in sorted(listed, key=lambda one: one["figures"]["log_loss"]):
        mark = " (taken)" if one["number"] == best else ""
        rows.append(
            (
                ("defaults" if one is usual else str(one["number"])) + mark,
                shown("log_loss", one["figures"]["log_loss"]),
                shown(key, one["figures"]["headline"]),
                f"{one['seconds']:.1f}",
                changes_in_words(one["values"], usual["values"]),
            )
        )
    blocks = [aligned(rows, left=frozenset({4}))]
    failed = [one for one in facts["trials"] if one["status"] == "failed"]
    if failed:
        told = [f"trial {one['number']}: {printable(one['reason'])}" for one in failed]
        blocks.append("failed:\n" + "\n".join(told[:MOST_TRIALS]))
    if facts["importance"] is not None:
        settings = facts["importance"]["settings"][:MOST_SETTINGS]
        blocks.append(
            "what mattered: "
            + ", ".join(
                f"{setting_name(one['name'])} {100 * one['share']:.0f} %" for one in settings
            )
        )
    blocks.append("\n".join(facts["sentences"]))
    return "\n\n".join(blocks)
