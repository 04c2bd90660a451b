"""An error of another process comes home as it was; without one, the end of the process is told."""

import pytest

from textkind.errors import ColumnError, TextkindError, TrainingError
from textkind.workflow.failures import FAILURE, why_ended, write_failure

ERROR = ColumnError("no such column", found="txt", where="a.csv", hint="did you mean 'text'?")


def test_an_error_comes_home_as_it_was(tmp_path):
    write_failure(tmp_path, ERROR)
    found = why_ended(tmp_path, 1, "what a library printed")
    assert (type(found), str(found)) == (ColumnError, str(ERROR))


def test_what_was_found_is_told_where_json_cannot_hold_it(tmp_path):
    write_failure(tmp_path, TextkindError("no pair", found=("a", 2)))
    assert why_ended(tmp_path, 1, "").found == "('a', 2)"


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_an_error_that_was_cut_off_is_told_by_the_end_of_the_process(tmp_path, share):
    write_failure(tmp_path, ERROR)
    whole = (tmp_path / FAILURE).read_bytes().rstrip()
    (tmp_path / FAILURE).write_bytes(whole[: int(len(whole) * share)])
    found = why_ended(tmp_path, 3, "one\n last words \n\n")
    assert isinstance(found, TrainingError)
    assert str(found) == "its process ended with code 3: last words"


@pytest.mark.parametrize(
    ("code", "words", "hint"),
    [(-9, "its process was ended by SIGKILL", "the memory may not have been enough"),
     (-15, "its process was ended by SIGTERM", ""), (-99, "its process was ended by 99", ""),
     (1, "its process ended with code 1", "")],
)  # fmt: skip
def test_without_an_error_the_end_is_told(tmp_path, code, words, hint):
    found = why_ended(tmp_path, code, "")
    assert (found.args[0], found.hint) == (words, hint)
