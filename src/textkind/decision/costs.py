"""The costs of mistakes: a table gold by predicted, from a CSV or JSON file or a mapping.

CSV: the first line names the predicted labels behind an empty or any field, every other line a gold
label and its costs. JSON: {gold: {predicted: cost}}. Every cost must be there, and 0 or more.
"""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textkind.data.labels import LabelSet
from textkind.errors import DataError, did_you_mean

Costs = tuple[tuple[float, ...], ...]


def read_costs(source: str | Path | Mapping[str, Mapping[str, float]], labels: LabelSet) -> Costs:
    """(K, K) costs in label order, gold by predicted; DataError where the table is not whole."""
    if isinstance(source, Mapping):
        return _ordered(source, labels, "costs")
    path = Path(source)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the costs cannot be read", found=str(error), where=str(path)) from None
    table = _of_json(content, path) if path.suffix == ".json" else _of_csv(content, path)
    return _ordered(table, labels, str(path))


def _of_json(content: str, path: Path) -> Mapping[str, Any]:
    try:
        table = json.loads(content)
    except ValueError as error:
        raise DataError("the costs are no JSON", found=str(error), where=str(path)) from None
    if not isinstance(table, dict):
        raise DataError("the costs must be an object {gold: {predicted: cost}}",
                        found=type(table).__name__, where=str(path))  # fmt: skip
    return table


def _of_csv(content: str, path: Path) -> Mapping[str, Any]:
    reader = csv.reader(content.splitlines())
    header = next(reader, [])
    if not header:
        raise DataError("the file of costs is empty", where=str(path))
    names = [name.strip() for name in header[1:]]
    table: dict[str, dict[str, str]] = {}
    for row in filter(None, reader):
        where = f"{path}, line {reader.line_num}"
        if len(row) != len(header):
            raise DataError(
                f"a line of costs must have {len(header)} fields", found=len(row), where=where
            )
        gold = row[0].strip()
        if gold in table:
            raise DataError("this label has costs twice", found=gold, where=where)
        table[gold] = dict(zip(names, row[1:], strict=True))
    if len(set(names)) < len(names):
        raise DataError("a label is named twice", found=names, where=f"{path}, line 1")
    return table


def _ordered(table: Mapping[str, Any], labels: LabelSet, where: str) -> Costs:
    _check_names(table, labels, where, "gold label")
    costs = []
    for gold in labels.names:
        row = table[gold]
        if not isinstance(row, Mapping):
            raise DataError("the costs of a label must be an object {predicted: cost}",
                            found=row, where=f"{where}, {gold!r}")  # fmt: skip
        _check_names(row, labels, f"{where}, {gold!r}", "predicted label")
        costs.append(
            tuple(_cost(row[name], f"{where}, {gold!r}, {name!r}") for name in labels.names)
        )
    return tuple(costs)


def _check_names(found: Mapping[str, Any], labels: LabelSet, where: str, what: str) -> None:
    for name in found:
        if name not in labels.names:
            raise DataError(f"the costs name a {what} that there is not", found=name, where=where,
                            hint=did_you_mean(name, labels.names))  # fmt: skip
    missing = [name for name in labels.names if name not in found]
    if missing:
        raise DataError(f"the costs lack a {what}", found=missing[0], where=where,
                        hint="every gold label needs a cost of every predicted one")  # fmt: skip


def _cost(value: object, where: str) -> float:
    try:
        cost = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        cost = math.nan
    if not 0 <= cost < 1e100:
        raise DataError("a cost must be a number of 0 or more", found=value, where=where)
    return cost
