"""How a file is read and how a corpus is split: frozen settings, checked where they are made."""

import codecs
from dataclasses import dataclass

from textkind.errors import SettingsError, did_you_mean

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "arrow", "fasttext")
METHODS = ("stratified", "group", "time")

# Spellings of the tab that a shell lets through.
TAB_NAMES = {"tab": "\t", "\\t": "\t"}


@dataclass(frozen=True)
class ReadSettings:
    """How to read a source. None and () mean: as found, and told.

    text             columns that hold the text; several are joined by a newline
    label            the column that holds the label, or a list of labels
    label_columns    columns of 0 and 1, each named as a label (instead of `label`)
    label_delimiter  what stands between the labels of one text in the label column
    group, time, id  columns to split by, and to name rows by
    several          whether a text may have several labels
    delimiter        between the fields of a CSV file: one ASCII character, or "tab"
    header           whether the first line of a CSV file holds the column names
    quoting          whether a double quote opens a quoted field in a CSV file
    encoding         of a file of text, where it is not UTF-8
    format           one of FORMATS, where the name or the content of the file misleads
    """

    text: tuple[str, ...] = ()
    label: str | None = None
    label_columns: tuple[str, ...] = ()
    label_delimiter: str | None = None
    group: str | None = None
    time: str | None = None
    id: str | None = None
    several: bool | None = None
    delimiter: str | None = None
    header: bool | None = None
    quoting: bool | None = None
    encoding: str | None = None
    format: str | None = None

    def __post_init__(self) -> None:
        for name in ("text", "label_columns"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                raise SettingsError(f"{name} names a column twice", found=value)
        if self.label is not None and self.label_columns:
            raise SettingsError(
                "label and label_columns cannot both be given",
                found=(self.label, *self.label_columns),
                hint="label is one column of names; label_columns are columns of 0 and 1",
            )
        if self.label in self.text:
            raise SettingsError("one column cannot be text and label", found=self.label)
        if self.label_delimiter == "":
            raise SettingsError("label_delimiter must not be empty", hint="for example ',' or '|'")
        if self.several is False and self.label_delimiter is not None:
            raise SettingsError("label_delimiter means several labels, but several is False")
        if self.format is not None and self.format not in FORMATS:
            raise SettingsError(
                "a format that is not known",
                found=self.format,
                hint=did_you_mean(self.format, FORMATS),
            )
        self._check_delimiter()
        self._check_encoding()

    def _check_delimiter(self) -> None:
        if self.delimiter is None:
            return
        delimiter = TAB_NAMES.get(self.delimiter, self.delimiter)
        if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
            raise SettingsError(
                "the delimiter must be one ASCII character, no quote and no line end",
                found=self.delimiter,
                hint="for example ',', ';', '|' or 'tab'",
            )
        object.__setattr__(self, "delimiter", delimiter)

    def _check_encoding(self) -> None:
        if self.encoding is None:
            return
        try:
            text_codec = codecs.lookup(self.encoding)._is_text_encoding
        except (LookupError, ValueError):
            text_codec = False
        if not text_codec:
            usual = (
                "utf-8",
                "utf-16",
                "latin-1",
                "cp1252",
                "cp1251",
                "gb18030",
                "shift_jis",
            )
            raise SettingsError(
                "an encoding that is not known",
                found=self.encoding,
                hint=did_you_mean(self.encoding, usual),
            )


@dataclass(frozen=True)
class SplitSettings:
    """How the rows are shared out between train, validation and test."""

    method: str | None = None  # one of METHODS; None: group or time where such a column is given
    test_share: float = 0.2  # of all rows; not used where a test file is given
    validation_share: float = 0.1  # of all rows; not used where a validation file is given
    seed: int = 0
    duplicates_on_one_side: bool = True

    def __post_init__(self) -> None:
        if self.method is not None and self.method not in METHODS:
            raise SettingsError(
                "a way to split that is not known",
                found=self.method,
                hint=did_you_mean(self.method, METHODS),
            )
        for name in ("test_share", "validation_share"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(
                    f"{name} must be 0 or more and below 1", found=getattr(self, name)
                )
        if self.test_share + self.validation_share >= 1:
            raise SettingsError(
                "test_share and validation_share leave no row to train on",
                found=(self.test_share, self.validation_share),
            )
        if not isinstance(self.seed, int) or self.seed < 0:
            raise SettingsError("seed must be a whole number, 0 or more", found=self.seed)
