"""Times in the forms that files have them in."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.times import times_of

JAN_31 = np.datetime64("2024-01-31", "us")
NOON = np.datetime64("2024-01-31T12:00:00", "us")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-01-31", JAN_31),
        (" 2024-01-31 12:00:00 ", NOON),
        ("2024-01-31T12:00:00", NOON),
        ("2024-01-31T12:00:00Z", NOON),
        ("2024-01-31T14:00:00+02:00", NOON),
        ("20240131", JAN_31),
        ("01/31/2024", JAN_31),
        ("31.01.2024", JAN_31),
        ("31.01.2024 12:00", NOON),
        ("31/01/2024", JAN_31),
        ("Jan 31, 2024", JAN_31),
        ("Wed Jan 31 12:00:00 +0000 2024", NOON),
        ("2024", np.datetime64("2024-01-01", "us")),
        (2024, np.datetime64("2024-01-01", "us")),
        (20240131, JAN_31),
        (1706702400, NOON),
        ("1706702400", NOON),
        (1706702400.0, NOON),
        (1706702400_000, NOON),
        (1706702400_000_000, NOON),
        (1706702400_000_000_000, NOON),
        (dt.date(2024, 1, 31), JAN_31),
        (dt.datetime(2024, 1, 31, 12), NOON),
        (dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC), NOON),
    ],
)
def test_a_time_is_read_in_every_usual_form(value, expected):
    times, bad = times_of(pa.array([value, None]))
    assert times[0] == expected
    assert not bad[0]
    assert bad[1]
    assert np.isnat(times[1])


@pytest.mark.parametrize("value", ["soon", "", "2024-13-45", "99999999999999999999", "nan", "inf"])
def test_what_is_no_time_is_told(value):
    times, bad = times_of(pa.array([value, "2024-01-31"]))
    assert bad.tolist() == [True, False]
    assert times[1] == JAN_31


def test_the_form_that_fits_most_values_is_taken():
    times, bad = times_of(pa.array(["31/01/2024", "01/02/2024", "x"]))
    assert str(times[1]).startswith("2024-02-01")
    assert bad.tolist() == [False, False, True]
