"""The page of a comparison: compare.json in, one self-contained HTML file out."""

from pathlib import Path
from typing import Any

from textkind.errors import OutputError
from textkind.report.figures import file_name
from textkind.report.findings import finding_rows
from textkind.report.ladder_rows import (
    TITLES,
    cost_rows,
    example_rows,
    group_rows,
    pair_rows,
    pictures,
    quality_rows,
)
from textkind.report.profile import isolated, part_rows, profile_facts, split_facts
from textkind.report.rendering import rendered
from textkind.report.reproduce import command, made_with, seconds_rows
from textkind.report.verdict import FEW_ROWS, told
from textkind.report.wording import percent_text


def write_comparison(path: Path, facts: dict[str, Any]) -> None:
    """Write the page to `path`; OutputError where that fails. facts is what compare.json holds."""
    page = render_comparison(facts)
    try:
        Path(path).write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            "the report could not be written", found=str(error), where=str(path)
        ) from error


def render_comparison(facts: dict[str, Any]) -> str:
    """The page as text."""
    data = facts["data"]
    finished = [rung for rung in facts["rungs"] if rung["status"] == "finished"]
    rows = finished[0]["test"]["rows"]
    gains = facts["gains"]
    return rendered(
        "compare.html.jinja",
        version=str(facts["textkind"]),
        source=isolated(file_name(data["source"])) if data.get("source") else "",
        label_total=len(facts["labels"]),
        several=facts["task"] == "several labels",
        rung_total=len(facts["rungs"]),
        verdict=facts["verdict"]["sentences"],
        warnings=_warnings(facts, rows),
        evaluated=False,  # a comparison has no tiles
        headline=TITLES[facts["headline"]],
        rows=rows,
        folds=facts["settings"]["folds"],
        simplest=facts["simplest"],
        quality=quality_rows(facts),
        clean="" if facts["clean"] is None else f"{facts['clean']['rows']:,}",
        findings=finding_rows(facts["findings"]),
        costs=cost_rows(facts),
        pictures=pictures(facts),
        gains=None if gains is None else {
            "reference": gains["reference"],
            "other": gains["other"],
            "groups": group_rows(gains),
            "pairs": pair_rows(gains),
            "gained": example_rows(gains["gained"]),
            "lost": example_rows(gains["lost"]),
            "wrong": gains["wrong_for_all"]["rows"],
            "models": gains["wrong_for_all"]["models"],
            "wrong_examples": example_rows(gains["wrong_for_all"]["examples"]),
        },
        profile=profile_facts(data),
        parts=part_rows(data),
        split=split_facts(data),
        data_notes=told(data.get("notes") or []),
        seconds=seconds_rows({"seconds": facts["seconds"]}),
        command=command(facts),
        made_with=made_with(facts),
        notes=told(facts["notes"]),
    )  # fmt: skip


def _warnings(facts: dict[str, Any], rows: int) -> list[str]:
    """What weakens the comparison, most serious first."""
    found = []
    failed = [rung["name"] for rung in facts["rungs"] if rung["status"] != "finished"]
    if failed:
        found.append(
            f"Not finished, so not judged: {', '.join(failed)}. The table has the reasons."
        )
    cut = [
        rung["name"]
        for rung in facts["rungs"]
        if (rung.get("fit") or {}).get("ended") == "the time was spent"
    ]
    if cut:
        found.append(
            f"Training ended with the budget, and might have gained more: {', '.join(cut)}."
        )
    unread = [
        _unread(rung) for rung in facts["rungs"] if (rung.get("unread") or {}).get("texts_cut")
    ]
    if unread:
        found.append(f"Not all of the test texts was read: {'; '.join(unread)}.")
    if rows < FEW_ROWS:
        found.append(f"Only {rows:,} test texts: small differences between models mean nothing.")
    duplicates = facts["data"].get("duplicates") or {}
    if duplicates.get("across_given_files"):
        found.append(
            f"{duplicates['across_given_files']:,} texts of the test file also stand in the "
            "training file: the figures flatter the models."
        )
    if facts["settings"]["folds"]:
        found.append(
            "The fits of the folds share most of their training texts, so the tests between models "
            "find differences somewhat too easily."
        )
    return found


def _unread(rung: dict[str, Any]) -> str:
    """How much of the test texts a rung left unread."""
    ledger = rung["unread"]
    share = ledger["tokens_unread"] / ledger["tokens"]
    cut = f"{ledger['texts_cut']:,} texts"
    return f"{rung['name']} left {percent_text(share)} of all tokens, of {cut}"
