"""Label names as texts: a file of names with descriptions, and the words that a name holds.

names = read_label_names("labels.csv")       columns label and, if there are any, description
words_of("cardArrival_status")               "card arrival status"
"""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from textkind.data.labels import LabelSet
from textkind.errors import ColumnError, DataError

DELIMITERS = {".csv": ",", ".tsv": "\t"}  # any other file is one name a line
LABEL_COLUMNS = ("label", "name", "class", "category")
DESCRIPTION = "description"
# between a small letter or digit and a capital, and before the last capital of a run: HTTPError
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINTS = re.compile(r"[\s_./:|-]+")


@dataclass(frozen=True)
class LabelNames:
    """A label set, and for each of its names the description, empty where there is none."""

    labels: LabelSet
    descriptions: tuple[str, ...]


def words_of(name: str) -> str:
    """The words of a label name: underscores, dots, dashes and humps of camels part them."""
    return " ".join(_HUMPS.sub(" ", _JOINTS.sub(" ", name)).split())


def read_label_names(path: Path) -> LabelNames:
    """The names of a .csv or .tsv file with a line of column names, or of a file of lines.

    DataError where it is empty, not UTF-8, has fewer than two names or one of them twice, and
    where a name holds no word; ColumnError where there is no column of names.
    """
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError("there is no such file of labels", found=str(path)) from None
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(
            "this file of labels cannot be read", found=str(error), where=str(path)
        ) from error
    delimiter = DELIMITERS.get(path.suffix.lower())
    if delimiter is None:
        rows = [(line.strip(), "") for line in content.splitlines() if line.strip()]
    else:
        rows = _table_rows(content, delimiter, str(path))
    return label_names(rows, str(path))


def label_names(rows: list[tuple[str, str]], where: str = "") -> LabelNames:
    """Names with their descriptions, in the order of label sets; DataError as read_label_names."""
    hint = "a file of lines has one name a line; a .csv the columns label and description"
    if not rows:
        raise DataError("there are no label names", where=where, hint=hint)
    if len(rows) == 1:
        raise DataError(
            "there is one label name, and nothing to tell it from",
            found=rows[0][0],
            where=where,
            hint=hint,
        )
    first: dict[str, int] = {}
    for number, (name, _) in enumerate(rows, 1):
        if not any(character.isalnum() for character in name):
            raise DataError("a label name without a word", found=name, where=f"{where} {number}")
        if name in first:
            raise DataError(
                "the same label name twice", found=name, where=f"{where} {first[name]}, {number}"
            )
        first[name] = number
    rows = sorted(rows)
    return LabelNames(LabelSet(tuple(name for name, _ in rows)), tuple(told for _, told in rows))


def _table_rows(content: str, delimiter: str, where: str) -> list[tuple[str, str]]:
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter)
    columns = {str(name).strip().lower(): name for name in reader.fieldnames or ()}
    label = next((columns[name] for name in LABEL_COLUMNS if name in columns), None)
    if columns and label is None:
        raise ColumnError(
            f"no column of label names: one of {', '.join(LABEL_COLUMNS)}",
            found=list(columns),
            where=where,
            hint="the first line holds the column names",
        )
    description = columns.get(DESCRIPTION, DESCRIPTION)
    try:
        return [
            ((row[label] or "").strip(), (row.get(description) or "").strip()) for row in reader
        ]
    except csv.Error as error:
        raise DataError("this is no table", found=str(error), where=where) from error
