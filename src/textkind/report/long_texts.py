"""What was read of long texts: fit.long of metrics.json in; a sentence and a ledger by part out."""

from typing import Any

from markupsafe import Markup

from textkind.report.bars import share_bar
from textkind.report.profile import PARTS
from textkind.report.wording import clip, number

# strategy -> what it reads; what stands in braces are settings
STRATEGIES = {
    "head": "the first {max_tokens} tokens of a text",
    "head-tail": "the first and the last tokens of a text, {max_tokens} in all",
    "windows": "windows of {max_tokens} tokens that overlap, at most {most_windows} of a text; "
    "their {pooled} are pooled by {pooling}",
    "hierarchical": "windows of {max_tokens} tokens that overlap, at most {most_windows} of a "
    "text; a transformer reads their vectors, which are then pooled by {pooling}",
    "retrieve": "the passages that tell most of the labels, {max_tokens} tokens of a text in all",
    "native": "as much of a text as the network has positions for, {max_tokens} tokens",
}


def long_section(fit: dict[str, Any]) -> dict[str, Any] | None:
    """The strategy in words and the parts' ledgers; None where every text fits into the limit."""
    told = fit.get("long") or {}
    parts = told.get("parts") or {}
    is_plain = told.get("strategy") in ("head", "native")
    if not parts or (is_plain and not any(one["texts_cut"] for one in parts.values())):
        return None
    return {
        "reads": _reads(told),
        "rows": [_row(name, parts[name]) for name in PARTS if name in parts],
    }


def _reads(told: dict[str, Any]) -> Markup:
    numbers = {name: number(told[name], "count") for name in ("max_tokens", "most_windows")}
    words = {name: clip(str(told[name]), 20) for name in ("pooled", "pooling")}
    return Markup(STRATEGIES[told["strategy"]]).format(**numbers, **words)


def _row(part: str, account: dict[str, int]) -> dict[str, Any]:
    tokens, unread = account["tokens"], account["tokens_unread"]
    share = unread / tokens if tokens else 0.0
    return {
        "part": part,
        "texts": number(account["texts"], "count"),
        "texts_cut": number(account["texts_cut"], "count"),
        "tokens": number(tokens, "count"),
        "unread": number(unread, "count"),
        "share": number(share, "percent"),
        "bar": share_bar(share),
    }
