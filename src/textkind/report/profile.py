"""The data profile and the split: the `data` of metrics.json in, facts and lines of tables out."""

from typing import Any

from markupsafe import Markup

from textkind.report.bars import stacked_bar
from textkind.report.figures import Metrics, file_name
from textkind.report.wording import clip, known, name, number, plural

PARTS = ("train", "validation", "test")
Fact = tuple[str, Markup]

_METHODS = {
    "stratified": "stratified: every part has the labels in the same proportions",
    "group": "by group: the texts of one group are all in one part",
    "time": "by time: the latest texts are the test part",
    "hash": "by a hash of each text or group, for a corpus that is streamed",
    "given": "given: the test texts come from a file of their own",
}


def isolated(text: object, limit: int = 120) -> Markup:
    """A foreign text such as a file or column name, cut and isolated in its direction."""
    return Markup('<bdi class="name">{}</bdi>').format(clip(str(text), limit))


def profile_facts(data: dict[str, Any]) -> list[Fact]:
    """What was read and what is in it, as pairs of a term and its value."""
    facts = [("Source", isolated(file_name(data["source"])))] if data.get("source") else []
    if data.get("test_source"):
        facts.append(("Test source", isolated(file_name(data["test_source"]))))
    for term, key in (("Rows read", "read"), ("Accepted", "accepted"), ("Rejected", "rejected")):
        if data.get(key) is not None:
            facts.append((term, number(data[key], "count")))
    if data.get("out_of_scope"):
        facts.append(("Out of scope", number(data["out_of_scope"], "count")))
    for column, title in (
        ("text", "Text from"), ("label", "Label from"), ("group", "Group from"),
        ("time", "Time from"), ("id", "Id from"),
    ):  # fmt: skip
        columns = (data.get("columns") or {}).get(column)
        if columns:
            listed = columns if isinstance(columns, list) else [columns]
            shown = Markup(", ").join(isolated(one, 60) for one in listed[:8])
            more = Markup(" and {} more").format(len(listed) - 8) if len(listed) > 8 else ""
            facts.append((title, shown + more))
    words = data.get("words") or {}
    if words:
        facts.append(
            (
                "Words in a text",
                Markup("median {}, mean {}, 95 % have at most {}, longest {}").format(
                    *(number(words.get(key), "count") for key in ("median", "mean", "p95", "max"))
                ),
            )
        )
    if data.get("bytes") is not None:
        facts.append(("Bytes of text", number(data["bytes"], "count")))
    duplicates = data.get("duplicates")
    if duplicates:
        facts.append(("Duplicates", duplicate_words(duplicates)))
    return facts


def duplicate_words(duplicates: dict[str, Any]) -> Markup:
    """How many texts occur more than once, and what that means for the split."""
    if not duplicates.get("rows") and not duplicates.get("across_given_files"):
        return Markup("none")
    words = Markup("{} equal to an earlier one, {}").format(
        plural(duplicates.get("rows", 0), "text"), plural(duplicates.get("groups", 0), "group")
    )
    if duplicates.get("conflicting"):
        words += Markup(", {} with differing labels").format(
            plural(duplicates["conflicting"], "group")
        )
    if duplicates.get("kept_on_one_side"):
        words += Markup("; each group kept in one part")
    if duplicates.get("across_given_files"):
        words += Markup("; {} of the test file also in training").format(
            plural(duplicates["across_given_files"], "text")
        )
    return words


def label_counts(data: dict[str, Any]) -> list[tuple[str, list[int]]]:
    """Each label with its texts in train, validation and test, the most frequent first."""
    counts: dict[str, list[int]] = {}
    for place, part in enumerate(PARTS):
        for label, count in ((data.get("parts") or {}).get(part, {}).get("labels") or {}).items():
            counts.setdefault(label, [0, 0, 0])[place] = count
    return sorted(counts.items(), key=lambda pair: (-sum(pair[1]), pair[0]))


def count_rows(data: dict[str, Any], limit: int) -> tuple[list[dict[str, Any]], Markup]:
    """The `limit` most frequent labels with a bar of their parts, and words on all the others."""
    counts = label_counts(data)
    largest = max((sum(parts) for _, parts in counts), default=0)
    rows = [
        {
            "label": name(label),
            "parts": [number(count, "count") for count in parts],
            "total": number(sum(parts), "count"),
            "bar": stacked_bar(list(zip(PARTS, parts, strict=True)), largest),
        }
        for label, parts in counts[:limit]
    ]
    rest = [sum(parts) for _, parts in counts[limit:]]
    if not rest:
        return rows, Markup("")
    more = Markup("The other {} have {} to {} each.").format(
        plural(len(rest), "label"), number(min(rest), "count"), plural(max(rest), "text")
    )
    return rows, more


def part_rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Each part with its rows, their share and a bar; none where no parts were made."""
    parts = data.get("parts")
    if not parts:
        return []
    rows = {part: (parts.get(part) or {}).get("rows", 0) for part in PARTS}
    total = max(sum(rows.values()), 1)
    return [
        {
            "part": part,
            "rows": number(count, "count"),
            "share": number(count / total, "percent"),
            "bar": stacked_bar([(part, count), ("rest", total - count)], total),
        }
        for part, count in rows.items()
    ]


def learned_from(metrics: Metrics) -> str:
    """Which part does what in this run."""
    parts = (metrics.get("data") or {}).get("parts") or {}
    rows = {part: (parts.get(part) or {}).get("rows", 0) for part in PARTS}
    settings = (metrics.get("fit") or {}).get("settings") or {}
    if not rows["validation"]:
        words = "The weights are fitted on train; nothing is chosen or calibrated by validation"
    elif settings.get("refit"):
        words = (
            "Choices and calibration come from validation; the final weights are then fitted on "
            "train and validation together"
        )
    else:
        words = "The weights are fitted on train; choices and calibration come from validation"
    return words + (
        "; test is opened once, at the end." if rows["test"] else "; nothing is tested."
    )


def split_facts(data: dict[str, Any]) -> list[Fact]:
    """How the parts were made."""
    split = data.get("split") or {}
    facts: list[Fact] = []
    if split.get("method"):
        method = str(split["method"])
        facts.append(("Method", Markup("{}").format(_METHODS.get(method, clip(method, 120)))))
    for term, key, kind in (
        ("Test share asked", "test_share", "percent"),
        ("Validation share asked", "validation_share", "percent"),
    ):
        if known(split.get(key)) is not None:
            facts.append((term, number(split[key], kind)))
    if known(split.get("seed")) is not None:
        facts.append(("Seed", Markup("{}").format(split["seed"])))
    return facts
