"""Vector lanes against NumPy."""

import numpy as np
import pytest
from numba import njit

from textkind.models import lanes


@njit
def compute(operation, left, right, result):
    for row in range(result.shape[0]):
        a, b = lanes.load(left, row), lanes.load(right, row)
        if operation == 0:
            c = a + b
        elif operation == 1:
            c = a - b
        elif operation == 2:
            c = a * b
        elif operation == 3:
            c = a / b
        elif operation == 4:
            c = lanes.maximum(a, b)
        elif operation == 5:
            c = lanes.multiply_add(a, b, b)
        elif operation == 6:
            c = lanes.select_positive(a, a, b)
        elif operation == 7:
            c = lanes.rounded(a)
        else:
            c = 2.0 * a + 1.0
        lanes.store(result, row, c)


@njit
def apply_exponential(numbers, result):
    for row in range(result.shape[0]):
        lanes.store(result, row, lanes.exponential(lanes.load(numbers, row)))


@njit
def sums_and_bytes(numbers, small, sums, wide):
    for row in range(sums.size):
        sums[row] = lanes.total(lanes.load(numbers, row))
        lanes.store(wide, row, lanes.load(small, row))
    return lanes.any_nonzero(lanes.load(numbers, 0)), lanes.any_nonzero(lanes.load(numbers, 1))


def draw(rows: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return tuple(generator.normal(size=(rows, 16)).astype(np.float32) * 3 for _ in range(2))


TWINS = [
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.maximum,
    lambda a, b: (a.astype(float) * b + b).astype(np.float32),
    lambda a, b: np.where(a > 0, a, b),
    lambda a, b: np.rint(a),
    lambda a, b: 2 * a + 1,
]


@pytest.mark.parametrize(("operation", "twin"), list(enumerate(TWINS)))
def test_operations_equal_numpy(operation, twin):
    left, right = draw()
    result = np.empty_like(left)
    compute(operation, left, right, result)
    np.testing.assert_allclose(result, twin(left, right), rtol=1e-6)


def test_exponential_is_exact_to_float32():
    numbers = np.linspace(-86, 88, 16 * 500, dtype=np.float32).reshape(-1, 16)
    result = np.empty_like(numbers)
    apply_exponential(numbers, result)
    np.testing.assert_allclose(result, np.exp(numbers.astype(float)), rtol=3e-7)


def test_exponential_is_bounded_far_out():
    numbers = np.array([[-1e9, 1e9, 0, -200, 200] + [1] * 11], np.float32)
    result = np.empty_like(numbers)
    apply_exponential(numbers, result)
    assert np.all(np.isfinite(result))
    assert result[0, 0] < 1e-37
    assert result[0, 1] > 1e38


def test_totals_bytes_and_zeros():
    numbers, _ = draw()
    numbers[1] = 0
    small = np.arange(8 * 16, dtype=np.int64).reshape(8, 16).astype(np.int8) - 64
    sums, wide = np.empty(8, np.float32), np.empty((8, 16), np.float32)
    assert sums_and_bytes(numbers, small, sums, wide) == (True, False)
    np.testing.assert_allclose(sums, numbers.sum(axis=1), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(wide, small)
