"""The rows of the ladder's tables: the rungs of compare.json in, words and bars out."""

from typing import Any

from markupsafe import Markup

from textkind.report.axes import Words
from textkind.report.bars import interval_bar
from textkind.report.scatter import Point, scatter
from textkind.report.wording import ABSENT, clip, known, name, names, number, percent_text, span

Row = dict[str, Any]
TITLES = {"accuracy": "Accuracy", "micro_f1": "Micro F1"}
COSTS = {"one_text_ms": "milliseconds for one text", "disk_mb": "MB on disk"}
EXCERPT = 240  # characters of a text
MOST_RUNGS = 30


def quality_rows(facts: dict[str, Any]) -> list[Row]:
    """One row a rung: the headline figure with its interval, what else there is, the comparison."""
    key = facts["headline"]
    finished = [rung for rung in facts["rungs"] if rung["status"] == "finished"]
    frame = _frame(finished, key)
    return [
        _quality_row(rung, key, frame, facts) if rung["status"] == "finished" else _failed_row(rung)
        for rung in facts["rungs"][:MOST_RUNGS]
    ]


def cost_rows(facts: dict[str, Any]) -> list[Row]:
    """What each finished rung costs."""
    return [
        {
            "name": rung["name"],
            "fit": number(rung["cost"]["fit_seconds"], "seconds"),
            "speed": number(round(rung["cost"]["texts_per_second"]), "count"),
            "one": milliseconds(rung["cost"]["one_text_ms"]),
            "memory": megabytes(rung["cost"]["peak_mb"]),
            "disk": megabytes(rung["cost"]["disk_mb"]),
        }
        for rung in facts["rungs"][:MOST_RUNGS]
        if rung["status"] == "finished"
    ]


def pictures(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Quality against latency, and against size on disk; the prior is no choice, so not drawn."""
    key, winner = facts["headline"], facts["verdict"]["winner"]
    excluded = {one["name"] for one in facts["verdict"]["excluded"]}
    drawn = []
    for cost, across in COSTS.items():
        points = [
            Point(
                rung["name"],
                max(rung["cost"][cost], 1e-6),
                rung["test"][key]["value"],
                *_bounds(rung["test"][key]),
                kind="chosen" if rung["name"] == winner
                else "excluded" if rung["name"] in excluded else "dot",
            )
            for rung in facts["rungs"][:MOST_RUNGS]
            if rung["status"] == "finished" and rung["name"] != "prior"
        ]  # fmt: skip
        if points:
            told = "; ".join(f"{p.name} {percent_text(p.value)} at {p.cost:.3g}" for p in points)
            title = f"{TITLES[key]} against {across}"
            words = Words(f"pareto-{cost}", title, told, across, f"{TITLES[key].lower()}, per cent")
            drawn.append({"title": title, "picture": scatter(points, words)})
    return drawn


def group_rows(gains: dict[str, Any]) -> list[Row]:
    """The gain within each group of texts."""
    return [
        {
            "group": group["group"],
            "rows": number(group["rows"], "count"),
            "reference": number(group["reference"], "percent"),
            "other": number(group["other"], "percent"),
            "gained": number(group["gained"], "count"),
            "lost": number(group["lost"], "count"),
            "p": _p(group["p"]),
            "significant": group["p"] < 0.05,
        }
        for group in gains["groups"]
    ]


def pair_rows(gains: dict[str, Any]) -> list[Row]:
    """The confusions of the simplest model that the other gets right."""
    return [
        {
            "gold": name(pair["gold"]),
            "answered": name(pair["answered"]),
            "count": number(pair["count"], "count"),
            "gained": number(pair["gained"], "count"),
        }
        for pair in gains["pairs"]
    ]


def example_rows(examples: list[dict[str, Any]]) -> list[Row]:
    """Texts with their gold label and what each of the two models answered."""
    return [
        {
            "row": number(one["row"], "count"),
            "text": clip(" ".join(one["text"].split()), EXCERPT),
            "gold": names(one["gold"]),
            "answers": [
                {"model": model, "label": names(label)} for model, label in one["answers"].items()
            ],
        }
        for one in examples
    ]


def _quality_row(rung: Row, key: str, frame: tuple[float, float], facts: Row) -> Row:
    figure, test = rung["test"][key], rung["against_simplest"]
    return {
        "name": rung["name"],
        "chosen": rung["name"] == facts["verdict"]["winner"],
        "members": _members(rung["fit"].get("members") or {}),
        "reason": "",
        "value": number(figure["value"], "percent"),
        "interval": span(figure["low"], figure["high"], "percent"),
        "bar": interval_bar(figure["value"], figure["low"], figure["high"], None, frame),
        "clean": "" if rung["clean"] is None else number(rung["clean"]["value"], "percent"),
        "macro": number(rung["test"]["macro_f1"]["value"], "percent"),
        "log_loss": number(rung["test"]["log_loss"]["value"], "plain"),
        "calibration": number(rung["test"]["ece_mass"]["value"], "plain"),
        "spread": _spread(rung["folds"]),
        "gap": Markup("") if test is None else _points(test["value"]),
        "gap_interval": Markup("") if test is None else Markup("{} to {}").format(
            _points(test["low"]), _points(test["high"])),
        "p": Markup("") if test is None else _p(test["p_holm"]),
    }  # fmt: skip


def _members(weights: Row) -> str:
    """What a stack is made of; empty for any other rung."""
    return ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items())


def _failed_row(rung: Row) -> Row:
    return {
        "name": rung["name"],
        "chosen": False,
        "reason": clip(rung["reason"], EXCERPT),
        "hint": clip(rung["hint"], EXCERPT),
    }


def _frame(finished: list[Row], key: str) -> tuple[float, float]:
    """What the bars run between: the intervals of all but the prior, in whole steps of 5 points."""
    read = [rung for rung in finished if rung["name"] != "prior"] or finished
    ends = [_bounds(rung["test"][key]) for rung in read]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    top = min(1.0, (int(high * 20) + 1) / 20)
    return min(int(low * 20) / 20, top - 0.05), top


def _bounds(figure: Row) -> tuple[float, float]:
    """The interval of a figure; the value itself where there is none."""
    value = figure["value"]
    low, high = known(figure["low"]), known(figure["high"])
    return value if low is None else low, value if high is None else high


def _spread(folds: Row | None) -> Markup:
    if folds is None:
        return Markup("")
    return Markup("{} \u00b1 {}").format(
        number(folds["mean"], "percent"), f"{100 * folds['standard_deviation']:.1f}"
    )


def _points(difference: float) -> Markup:
    """A difference in percentage points, with its sign."""
    shown = f"{100 * difference:+.1f}".replace("-", "\u2212")
    return Markup('<data value="{}">{}</data>').format(repr(difference), shown)


def _p(value: float) -> Markup:
    shown = f"{value:.2g}" if value >= 0.001 else "<\u00a00.001"
    return Markup('<data value="{}">{}</data>').format(repr(value), shown)


def milliseconds(value: float) -> Markup:
    """A latency, its exact value inside."""
    return Markup('<data value="{}">{:.3g}\u00a0ms</data>').format(repr(value), value)


def megabytes(value: float) -> Markup:
    """A size in memory or on disk, its exact value inside."""
    if known(value) is None:
        return ABSENT
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return Markup('<data value="{}">{}\u00a0MB</data>').format(repr(value), shown)
