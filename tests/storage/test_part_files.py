"""Parts of a split as files: the same corpus comes back, and a test part without its labels."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.collect import string_buffers
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.errors import DataError, OutputError
from textkind.storage.part_files import read_part, read_texts, write_part, write_texts

TEXTS = pa.array(["one", "", "\u00fcber\n\U0001f600", "x" * 5000], pa.large_string())
ONE = np.array([0, 2, 1, 0], np.int32)
SEVERAL = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]], np.uint8)


@pytest.mark.parametrize("targets", [ONE, SEVERAL])
def test_a_part_comes_back_as_it_was(targets, tmp_path):
    labels = LabelSet(("a", "b", "c"), targets.ndim == 2)
    write_part(tmp_path / "part.arrow", Corpus(TEXTS, targets, labels, np.arange(4)))
    found = read_part(tmp_path / "part.arrow", labels)
    assert found.texts.equals(TEXTS)
    assert found.targets.dtype == targets.dtype
    np.testing.assert_array_equal(found.targets, targets)
    # kernels are compiled for arrays that can be written to: others would compile anew
    assert all(buffer.flags.writeable for buffer in (*string_buffers(found.texts), found.targets))


def test_a_file_of_texts_alone_holds_no_labels(tmp_path):
    write_texts(tmp_path / "test.arrow", TEXTS)
    assert read_texts(tmp_path / "test.arrow").equals(TEXTS)
    with pa.ipc.open_file(tmp_path / "test.arrow") as file:
        assert file.schema.names == ["text"]


def test_a_damaged_file_and_a_missing_folder_are_our_errors(tmp_path):
    (tmp_path / "part.arrow").write_bytes(b"no Arrow")
    with pytest.raises(DataError, match="a part of the comparison cannot be read"):
        read_texts(tmp_path / "part.arrow")
    with pytest.raises(OutputError):
        write_texts(tmp_path / "none" / "part.arrow", TEXTS)
