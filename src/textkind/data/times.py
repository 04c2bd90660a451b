"""A column of times as datetime64: ISO 8601, years, days as numbers, seconds since 1970."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MICROSECONDS = pa.timestamp("us")

# Patterns tried one after another where a column is not ISO 8601; the first that fits all its
# values is taken. Days before months only where a dot separates them: with slashes, the American
# order is the more frequent in files.
PATTERNS = (
    *("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S"),
    *("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S"),
    *("%d/%m/%Y", "%Y/%m/%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    *("%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z"),
)

# Upper bounds of a number since 1970, and how many microseconds one is worth.
SINCE_1970 = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1), (np.inf, 0.001))


def times_of(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Times (N,) datetime64[us] in UTC, and which values (N,) bool could not be read.

    A number is a year (1000 to 2999), a day (20240131) or a count since 1970 in seconds, milli-,
    micro- or nanoseconds; one reading is chosen for the whole column. A value without a zone is
    taken as UTC. Missing values are NaT and count as not read.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.timestamp("us", kind.tz), safe=False)
        times = column.cast(MICROSECONDS)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _of_numbers(column.cast(pa.float64(), safe=False))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        trimmed = pc.utf8_trim_whitespace(column)
        trimmed = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
        try:
            return _of_numbers(trimmed.cast(pa.float64()))
        except pa.ArrowInvalid:
            pass
        try:
            times = trimmed.cast(MICROSECONDS)
        except pa.ArrowInvalid:
            return _one_by_one(trimmed)
    else:
        return np.full(len(column), np.datetime64("NaT", "us")), np.ones(len(column), bool)
    found = times.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return found, np.isnat(found)


def _of_numbers(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    numbers = column.to_numpy(zero_copy_only=False)
    bad = ~np.isfinite(numbers)
    times = np.full(len(numbers), np.datetime64("NaT", "us"))
    good = numbers[~bad]
    if not len(good):
        return times, bad
    whole = (good == np.floor(good)).all()
    if whole and good.min() >= 1000 and good.max() < 3000:
        years = (good - 1970).astype(np.int64).astype("datetime64[Y]")
        times[~bad] = years.astype("datetime64[us]")
        return times, bad
    if whole and good.min() >= 1000_01_01 and good.max() < 3000_00_00:
        days, wrong = _one_by_one(pa.array([str(int(number)) for number in good]))
        if not wrong.any():
            times[~bad] = days
            return times, bad
    most = np.abs(good).max()
    scale = next(scale for bound, scale in SINCE_1970 if most < bound)
    with np.errstate(invalid="ignore"):
        micro = good * scale
    fits = np.abs(micro) < 2.0**62
    times[np.flatnonzero(~bad)[fits]] = micro[fits].astype(np.int64).astype("datetime64[us]")
    return times, np.isnat(times)


def _one_by_one(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    values = column.to_pylist()
    times = [_iso(value) for value in values]
    if sum(time is None for time in times) > sum(value is None for value in values):
        for pattern in PATTERNS:
            others = [_by_pattern(value, pattern) for value in values]
            if sum(t is None for t in others) < sum(t is None for t in times):
                times = others
    found = np.array(
        [np.datetime64("NaT") if time is None else np.datetime64(time, "us") for time in times],
        "datetime64[us]",
    )
    return found, np.isnat(found)


def _iso(value: str | None) -> datetime | None:
    try:
        return None if value is None else _in_utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return None


def _by_pattern(value: str | None, pattern: str) -> datetime | None:
    try:
        return None if value is None else _in_utc(datetime.strptime(value, pattern))
    except (ValueError, OverflowError):
        return None


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
