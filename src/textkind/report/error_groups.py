"""Where it fails, as tables: the entry "errors" of metrics.json in, rows of the page out."""

from typing import Any

from textkind.report.figures import Metrics
from textkind.report.wording import DASH, clip, known, names, number, span

MOST_CLUSTERS = 5
LEVEL = 0.05
WORD_LENGTH = 30  # characters
TEXT_LENGTH = 160


def error_section(metrics: Metrics) -> dict[str, Any]:
    """Rows of the groups, of the worst clusters and of words; empty where nothing is wrong."""
    errors = metrics.get("errors") or {}
    if not errors.get("mistakes", {}).get("hits"):
        return {}
    clusters = [one for one in errors["clusters"] or [] if is_often(one)]
    return {
        "groups": [group_row(one) for one in errors["groups"] if one["rows"]],
        "without": number(errors["without_a_group"], "count"),
        "clusters": [
            {"name": clip(", ".join(one["words"]), 6 * WORD_LENGTH)} | _row(one)
            for one in clusters[:MOST_CLUSTERS]
        ],
        "ngrams": [
            {
                "ngram": clip(one["ngram"], WORD_LENGTH),
                "mistakes": number(one["mistakes"], "count"),
                "rows": number(one["rows"], "count"),
            }
            for one in errors["ngrams"]
        ],
    }


def is_often(one: dict[str, Any]) -> bool:
    """Whether a group is wrong more often than all rows are, by more than chance."""
    p, lift = known(one["p"]), known(one["lift"]["value"])
    return p is not None and lift is not None and p < LEVEL and lift > 1


def group_row(one: dict[str, Any]) -> dict[str, Any]:
    """What the table shows of a group that has a name."""
    return {"name": one["group"].replace("_", " ")} | _row(one)


def _row(one: dict[str, Any]) -> dict[str, Any]:
    has_lift = known(one["lift"]["value"]) is not None
    return {
        "what": one.get("what", ""),
        "helps": one.get("helps", ""),
        "often": is_often(one),
        "rows": number(one["rows"], "count"),
        "mistakes": number(one["mistakes"], "count"),
        "rate": number(one["rate"]["value"], "percent"),
        "lift": number(one["lift"]["value"], "plain") if has_lift else DASH,
        "interval": span(one["lift"]["low"], one["lift"]["high"], "plain") if has_lift else DASH,
        "share": number(one["of_mistakes"], "percent"),
        "examples": [
            {
                "row": number(example["row"], "count"),
                "gold": names(example["gold"]),
                "predicted": names(example["predicted"]),
                "text": clip(example["text"], TEXT_LENGTH),
            }
            for example in one["examples"][:1]
        ],
    }
