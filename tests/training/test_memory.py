"""Too little memory is our error, with the setting that would help."""

import pytest

torch = pytest.importorskip("torch")

from textkind.data.free_memory import available_memory  # noqa: E402
from textkind.errors import TrainingError  # noqa: E402
from textkind.training.memory import (  # noqa: E402
    check_memory,
    needed_for_table,
    told_when_short,
)

NETWORK = torch.nn.Linear(1, 1)


def test_a_table_that_does_not_fit_is_refused_with_its_size_and_the_setting():
    with pytest.raises(TrainingError) as caught:
        check_memory(1_000_000, 300, available=2_000_000_000)
    told = str(caught.value)
    assert "1,000,000 tokens by 300 numbers" in told
    assert "4.8 GB" in told
    assert "2.0 GB are free" in told
    assert "--vocabulary-limit" in told
    assert "--width" in told


def test_a_table_that_just_fits_is_let_through():
    check_memory(10, 10, available=needed_for_table(10, 10))
    with pytest.raises(TrainingError):
        check_memory(10, 10, available=needed_for_table(10, 10) - 1)


def test_the_system_is_asked_where_no_memory_is_named():
    assert available_memory() > 1 << 20
    check_memory(10, 10)
    with pytest.raises(TrainingError):
        check_memory(1 << 40, 1000)


def test_torchs_failure_to_get_memory_is_told_with_what_it_asked_for():
    with pytest.raises(TrainingError) as caught, told_when_short(NETWORK, 4096):
        torch.empty(1 << 50)
    told = str(caught.value)
    assert "4,096 positions" in told
    assert "4,503,599.6 GB more" in told
    assert "--batch-tokens" in told
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    "error",
    [MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")],
)
def test_other_words_for_no_memory_are_told_as_well(error):
    with pytest.raises(TrainingError, match="64 positions"), told_when_short(NETWORK, 64):
        raise error


def test_any_other_error_is_left_as_it_is():
    with pytest.raises(RuntimeError, match="shapes"), told_when_short(NETWORK, 64):
        torch.ones(2, 3) @ torch.ones(2, 3)  # "mat1 and mat2 shapes cannot be multiplied"
