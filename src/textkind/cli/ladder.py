"""The ladder as plain text for stdout: figures, comparison and costs of every rung, the verdict."""

from pathlib import Path
from typing import Any

from textkind.cli.plain_tables import aligned, fact_lines, shown, with_interval
from textkind.cli.terminal import printable
from textkind.encoding.ledger import told_ledger

TITLES = {"accuracy": "accuracy", "micro_f1": "micro F1"}


def ladder_table(facts: dict[str, Any], folder: Path) -> str:
    """What a comparison came to: a line a rung, the rungs without a result, the verdict."""
    key, simplest = facts["headline"], facts["simplest"]
    finished = [rung for rung in facts["rungs"] if rung["status"] == "finished"]
    header = (
        "", TITLES[key], "95 % interval", f"to {simplest}", "p", "calibration error",
        "fit", "texts/s", "one text", "memory", "disk",
    )  # fmt: skip
    rows = [header] + [_row(rung, key) for rung in finished]
    if facts["clean"] is not None:
        column = ["clean rows", *(shown(key, rung["clean"]["value"]) for rung in finished)]
        rows = [(*row[:3], one, *row[3:]) for row, one in zip(rows, column, strict=True)]
    failed = [
        (rung["name"], rung["reason"] + (f" ({rung['hint']})" if rung["hint"] else ""))
        for rung in facts["rungs"]
        if rung["status"] != "finished"
    ]
    blocks = [aligned(rows), f"p: against {simplest}, adjusted for {len(finished) - 1} comparisons"]
    if facts["clean"] is not None:
        left_out = facts["clean"]["left_out"]
        blocks.append(
            f"clean rows: the {facts['clean']['rows']:,} test rows whose text is not in train "
            f"({left_out['same']:,} are), nor nearly ({left_out['near']:,})"
        )
    if facts["settings"]["folds"]:
        blocks.append(_folds(finished))
    if unread := _unread(finished):
        blocks.append("not read whole:\n" + fact_lines(unread))
    if failed:
        blocks.append("without a result:\n" + fact_lines(failed))
    blocks.append("\n".join(printable(sentence) for sentence in facts["verdict"]["sentences"]))
    places = [("report", str(folder / "report.html")), ("models", str(folder / "models"))]
    blocks.append(fact_lines(places))
    return "\n\n".join(blocks)


def _row(rung: dict[str, Any], key: str) -> tuple[str, ...]:
    cost, test = rung["cost"], rung["against_simplest"]
    mark = "" if test is None else f"{100 * test['value']:+.1f}"
    p = "" if test is None else f"{test['p_holm']:.2g}" if test["p_holm"] >= 0.001 else "< 0.001"
    return (
        rung["name"],
        *with_interval(key, rung["test"][key]),
        mark,
        p,
        shown("ece_mass", rung["test"]["ece_mass"]["value"]),
        f"{cost['fit_seconds']:.1f} s",
        f"{cost['texts_per_second']:,.0f}",
        f"{cost['one_text_ms']:.3g} ms",
        f"{cost['peak_mb']:,.0f} MB",
        f"{cost['disk_mb']:.3g} MB",
    )


def _unread(finished: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What each rung has not read of the test texts; none of those that read all of them."""
    ledgers = [(rung["name"], rung["unread"]) for rung in finished]
    return [
        (name, told_ledger(ledger, "test texts")) for name, ledger in ledgers
        if ledger is not None and ledger["texts_cut"]
    ]  # fmt: skip


def _folds(finished: list[dict[str, Any]]) -> str:
    rows = [("folds", "mean", "deviation", "each")]
    for rung in finished:
        folds = rung["folds"]
        rows.append(
            (
                rung["name"],
                f"{100 * folds['mean']:.1f} %",
                f"{100 * folds['standard_deviation']:.1f}",
                ", ".join(f"{100 * value:.1f}" for value in folds["values"]),
            )
        )
    return aligned(rows)
