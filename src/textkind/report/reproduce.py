"""What is needed to make the run again: metrics.json in, a command and lines of tables out."""

import shlex
from collections.abc import Iterator
from typing import Any

from textkind.report.wording import clip, known, number

MOST_SETTINGS = 80
NAME_LENGTH, VALUE_LENGTH, COMMAND_LENGTH = 60, 160, 1000  # characters


def flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every plain value of nested settings, under its name with dots."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(one) for one in value[:12]) + (", ..." if value[12:] else "")
    else:
        yield name, "none" if value is None or value == {} else str(value)


def settings_rows(fit: dict[str, Any]) -> list[tuple[str, str]]:
    """All that the fit tells of itself but its seconds, as names and values."""
    told = {key: value for key, value in fit.items() if key != "seconds"}
    rows: list[tuple[str, str]] = []
    for name, value in flat(told):
        if len(rows) == MOST_SETTINGS:
            rows.append(("and more", "see metrics.json"))
            break
        rows.append((clip(name, NAME_LENGTH), clip(value, VALUE_LENGTH)))
    return rows


def seconds_rows(fit: dict[str, Any]) -> list[dict[str, object]]:
    """How long each step took."""
    return [
        {"step": clip(str(step), NAME_LENGTH), "seconds": number(value, "seconds")}
        for step, value in list((fit.get("seconds") or {}).items())[:12]
        if known(value) is not None
    ]


def command(metrics: dict[str, Any]) -> str:
    """The command line of the same data, columns, model and seed; empty where nothing was split."""
    data = metrics.get("data") or {}
    if not data.get("source") or not data.get("split"):
        return ""
    words = ["textkind", "train", str(data["source"])]
    if data.get("test_source"):
        words += ["--test", str(data["test_source"])]
    columns = data.get("columns") or {}
    for option in ("text", "label", "group", "time", "id"):
        column = columns.get(option)
        if option == "label" and isinstance(column, list):
            words += ["--label-columns", *map(str, column)]
            continue
        for one in column if isinstance(column, list) else [column]:
            words += [f"--{option}", str(one)] if one else []
    model = (metrics.get("fit") or {}).get("model")
    words += ["--model", str(model)] if model else []
    seed = data["split"].get("seed")
    words += ["--seed", str(seed)] if seed is not None else []
    return clip(shlex.join(words), COMMAND_LENGTH)
