"""Words that are told of counts."""

import pytest

from textkind.progress import counted


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")]
)
def test_a_count_has_the_noun_that_goes_with_it(number, told):
    assert counted(number, "file") == told
