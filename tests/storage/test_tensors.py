"""Safetensors whose header has a length that looks like the first bytes of something else."""

import numpy as np
import pytest

from textkind.storage.tensors import parse_tensors, tensor_bytes


@pytest.mark.parametrize("first", [b"\x80", b"PK"])
def test_a_header_whose_length_begins_like_a_pickle_or_an_archive_is_read(first):
    wanted = int.from_bytes(first, "little")  # the header is padded to a multiple of 8 bytes
    bare = len(tensor_bytes({"": np.zeros(1, np.int8)})) - 1 - 8
    name = "n" * (wanted - bare)
    data = tensor_bytes({name: np.array([3], np.int8)})
    assert data.startswith(first)
    assert parse_tensors(data, "toy")[name].tolist() == [3]
