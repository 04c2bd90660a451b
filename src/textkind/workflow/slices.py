"""Which rows belong together: by text length, script, language, number of labels, any column."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.checks.function_words import FUNCTION_WORDS, languages_of
from textkind.checks.hashed_words import hashed_words
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading
from textkind.errors import ColumnError, did_you_mean
from textkind.evaluation.slices import FEWEST, Slice, score_slices
from textkind.workflow.audit import columns_beside
from textkind.workflow.profile import word_counts

MOST_VALUES = 30  # of a column; the frequent ones are slices, and the others one together
AUTOMATIC_VALUES = 20  # of a column that was not asked for
FEW_NUMBERS = 10  # different numbers that are slices each; more are cut at the quartiles
QUARTILES = (25, 50, 75)
MISSING, OTHERS = "(missing)", "(all others)"
LOOKED_AT = 500  # characters of a text that its script is told by
# First code point of each stretch of Unicode; "" is none of the scripts told apart.
SCRIPTS = (
    (0x0000, ""), (0x0041, "Latin"), (0x005B, ""), (0x0061, "Latin"), (0x007B, ""),
    (0x00C0, "Latin"), (0x0250, ""), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"),
    (0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, ""), (0x0750, "Arabic"), (0x0780, ""),
    (0x0900, "Devanagari"), (0x0980, "Bengali"), (0x0A00, ""), (0x0B80, "Tamil"), (0x0C00, ""),
    (0x0E00, "Thai"), (0x0E80, ""), (0x10A0, "Georgian"), (0x1100, "Hangul"), (0x1200, ""),
    (0x1E00, "Latin"), (0x1F00, "Greek"), (0x2000, ""), (0x3040, "Kana"), (0x3100, ""),
    (0x3400, "Han"), (0x4DC0, ""), (0x4E00, "Han"), (0xA000, ""), (0xAC00, "Hangul"),
    (0xD7B0, ""),
)  # fmt: skip
STARTS = np.array([start for start, _ in SCRIPTS])


def slice_facts(
    corpus: Corpus,
    beside: Mapping[str, pa.ChunkedArray],
    given: np.ndarray,
    predicted: np.ndarray,
    *,
    asked: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, Any] | None:
    """The entry "slices" of metrics.json; None where nothing tells the rows apart.

    given and predicted are probabilities and labels of the corpus's rows; the rest as slices_of.
    """
    slices = slices_of(corpus, beside, asked)
    return score_slices(slices, given, predicted, corpus.targets, seed) if slices else None


def slices_of(
    corpus: Corpus, beside: Mapping[str, pa.ChunkedArray], asked: Sequence[str] = ()
) -> list[Slice]:
    """The slices of AUTOMATIC, and of the other columns of the corpus's rows, `beside` by name.

    Of those the ones are taken that are asked for, or have few values. ColumnError where one that
    is asked for makes no slice.
    """
    slices = [one for make in AUTOMATIC.values() for one in make(corpus)]
    for name in asked:
        slices += asked_slices(name, corpus, beside)
    for name, column in beside.items():
        if name not in asked:
            found = column_slices(name, column)
            slices += found if len(found) <= AUTOMATIC_VALUES and _tells(found) else []
    return _different(slices)


def columns_to_slice(
    reading: CorpusReading, asked: Sequence[str] = (), rows: np.ndarray | None = None
) -> dict[str, pa.ChunkedArray]:
    """The columns of a source that are neither text, label nor id, and those that are asked for.

    rows: places of some of its rows, in their order; None: all of them.
    """
    table = reading.table
    names = [*columns_beside([reading]), *(name for name in asked if name in table.column_names)]
    columns = {name: table[name] for name in names}
    if rows is None:
        return columns
    return {name: column.take(pa.array(rows)) for name, column in columns.items()}


def test_columns(readings: Mapping[str, CorpusReading], test: Corpus) -> dict[str, pa.ChunkedArray]:
    """The columns beside the test texts, of the file they were given in or split off from."""
    reading = readings.get("test", readings["train"])
    return columns_to_slice(reading, rows=np.searchsorted(reading.corpus.rows, test.rows))


def asked_slices(name: str, corpus: Corpus, beside: Mapping[str, pa.ChunkedArray]) -> list[Slice]:
    """The slices of a column, or of one of AUTOMATIC where no column has that name."""
    if name not in beside:
        if name in AUTOMATIC:
            return AUTOMATIC[name](corpus)
        known = [*beside, *AUTOMATIC]
        raise ColumnError("no such column to slice by", found=name, hint=did_you_mean(name, known))
    found = column_slices(name, beside[name])
    if not _different(found) or not (_tells(found) or len(corpus) < 2 * FEWEST):
        raise ColumnError(
            "a column that makes no slice: it has not two values, or lists of them, or none in "
            f"{FEWEST} rows or more",
            found=name,
            hint="slice by a column whose values repeat",
        )
    return found


def column_slices(name: str, column: pa.ChunkedArray) -> list[Slice]:
    """A slice for each value of a column, the frequent first, or for each quarter of its numbers.

    Empty for lists, other nested values and bytes.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type):
        return []
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        instant = pa.timestamp("us", getattr(column.type, "tz", None))
        numbers = column.cast(instant).cast(pa.int64()).to_numpy()
        return _quarters(name, numbers.astype(np.float64), _day)
    numbers = _numbers(column)
    if numbers is not None and len(np.unique(numbers[~np.isnan(numbers)])) > FEW_NUMBERS:
        return _quarters(name, numbers, lambda at: f"{at:g}")
    try:
        strings = pc.utf8_trim_whitespace(column.cast(pa.large_string()))
    except pa.ArrowInvalid:  # bytes that are no text
        return []
    encoded = pc.if_else(pc.equal(strings, ""), None, strings).combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    code = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    counts = np.bincount(code, minlength=len(values) + 1)
    order = np.argsort(-counts[: len(values)], kind="stable")
    kept = order if len(values) <= MOST_VALUES else order[: MOST_VALUES - 1]
    found = [Slice(name, values[value], code == value) for value in kept]
    if len(kept) < len(values):
        found.append(Slice(name, OTHERS, np.isin(code, order[len(kept) :])))
    if counts[-1]:
        found.append(Slice(name, MISSING, code == len(values)))
    return found


def by_length(corpus: Corpus) -> list[Slice]:
    """Quarters of the texts by their number of words."""
    return _quarters("length", word_counts(corpus.texts).astype(np.float64), _count, " words")


def by_label_count(corpus: Corpus) -> list[Slice]:
    """Texts by how many gold labels they have; none where each has one."""
    if not corpus.labels.several:
        return []
    counts = pa.chunked_array([pa.array(corpus.targets.sum(axis=1, dtype=np.int64))])
    return column_slices("labels", counts)


def by_script(corpus: Corpus) -> list[Slice]:
    """Texts by the script of most of their letters."""
    scripts = [_script(text.as_py()[:LOOKED_AT]) for text in corpus.texts]
    return column_slices("script", pa.chunked_array([pa.array(scripts, pa.large_string())]))


def by_language(corpus: Corpus) -> list[Slice]:
    """Texts by the language that their function words tell; none where hardly any is in a second.

    Texts whose words tell none are missing.
    """
    names = list(FUNCTION_WORDS)
    language = languages_of(hashed_words(corpus.texts), len(corpus))
    if np.sort(np.bincount(language[language >= 0], minlength=2))[-2] < FEWEST:
        return []
    told = [None if place < 0 else names[place] for place in language]
    return column_slices("language", pa.chunked_array([pa.array(told, pa.large_string())]))


AUTOMATIC = {
    "length": by_length,
    "script": by_script,
    "language": by_language,
    "labels": by_label_count,
}


def _script(text: str) -> str:
    if text.isascii():
        return "Latin" if any(sign.isalpha() for sign in text) else "no letters"
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    places = np.searchsorted(STARTS, points, side="right") - 1
    counts: dict[str, int] = {}
    for place, count in enumerate(np.bincount(places, minlength=len(SCRIPTS))):
        script = SCRIPTS[place][1]
        counts[script] = counts.get(script, 0) + int(count)
    counts.pop("")
    script = max(counts, key=lambda one: counts[one])
    return script if counts[script] else "no letters"


def _quarters(
    name: str, numbers: np.ndarray, told: Callable[[float], str], unit: str = ""
) -> list[Slice]:
    """Slices of about a quarter of the rows each, cut at the quartiles; NaN is missing."""
    known = ~np.isnan(numbers)
    edges = np.unique(np.percentile(numbers[known], QUARTILES, method="lower"))
    place = np.searchsorted(edges, numbers, side="left")
    found = []
    for quarter in range(len(edges) + 1):
        rows = known & (place == quarter)
        if rows.any():
            low, high = told(numbers[rows].min()), told(numbers[rows].max())
            value = low if low == high else f"{low} to {high}"
            found.append(Slice(name, value + unit, rows))
    if not known.all():
        found.append(Slice(name, MISSING, ~known))
    return found


def _numbers(column: pa.ChunkedArray) -> np.ndarray | None:
    """The column as float64, NaN where a value is missing; None where any is no number."""
    if pa.types.is_boolean(column.type):
        return None
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            trimmed = pc.utf8_trim_whitespace(column)
            column = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
        numbers = column.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    known = numbers[~np.isnan(numbers)]
    return numbers if len(known) and np.isfinite(known).all() else None


def _day(microseconds: float) -> str:
    return str(np.datetime64(int(microseconds), "us").astype("datetime64[D]"))


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _tells(slices: list[Slice]) -> bool:
    """Whether a slice is large enough to be compared."""
    return any(one.rows.sum() >= FEWEST and one.value not in (OTHERS, MISSING) for one in slices)


def _different(slices: list[Slice]) -> list[Slice]:
    """The slices without those that are all rows, or were asked for twice."""
    kept: dict[tuple[str, str], Slice] = {}
    for one in slices:
        if not one.rows.all():
            kept.setdefault((one.column, one.value), one)
    return list(kept.values())
