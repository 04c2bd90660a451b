import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from textkind.evaluation.exact import fisher_exact

ROWS = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(ROWS, ROWS)
@example((0, 0), (0, 0))
@example((0, 5), (3, 0))
@example((10_000, 400), (9_000, 700))
@example((3_000, 0), (0, 3_000))
def test_fishers_test_equals_scipys(first, second):
    theirs = stats.fisher_exact(np.array([first, second]))[1]
    assert fisher_exact(first, second) == pytest.approx(theirs, rel=1e-6, abs=1e-300)
