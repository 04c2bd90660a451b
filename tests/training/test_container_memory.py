"""What a container may use counts, not what its machine has."""

import pytest

pytest.importorskip("torch")

from textkind.data import free_memory
from textkind.data.free_memory import UNKNOWN, container_memory
from textkind.errors import TrainingError
from textkind.training import memory

VERSION_2 = {"memory.max": "{}", "memory.current": "{}", "memory.stat": "anon 1\ninactive_file {}"}
VERSION_1 = {
    "memory.limit_in_bytes": "{}",
    "memory.usage_in_bytes": "{}",
    "memory.stat": "inactive_file 7\ntotal_inactive_file {}",
}


def group(folder, files, *numbers):
    """Write the files of a control group: its limit, what it uses, and the cache within."""
    folder.mkdir(parents=True, exist_ok=True)
    for (name, text), number in zip(files.items(), numbers, strict=True):
        (folder / name).write_text(text.format(number) + "\n")


@pytest.fixture
def left(tmp_path):
    def asked(told):
        (tmp_path / "told").write_text(told)
        return container_memory(tmp_path / "told", tmp_path / "mounted")

    return asked


def test_what_is_left_below_the_limit_of_version_2(left, tmp_path):
    group(tmp_path / "mounted", VERSION_2, 1000, 600, 50)
    assert left("0::/\n") == 1000 - 600 + 50


def test_what_is_left_below_the_limit_of_version_1(left, tmp_path):
    group(tmp_path / "mounted" / "memory" / "box", VERSION_1, 1000, 600, 50)
    assert left("9:cpu:/\n4:cpuset,memory:/box\n1:name=systemd:/\n0::/\n") == 1000 - 600 + 50


def test_the_tightest_of_the_groups_around_a_process_binds(left, tmp_path):
    group(tmp_path / "mounted" / "outer", VERSION_2, 500, 400, 0)
    group(tmp_path / "mounted" / "outer" / "inner", VERSION_2, "max", 300, 0)
    assert left("0::/outer/inner\n") == 100
    group(tmp_path / "mounted" / "outer" / "inner", VERSION_2, 310, 300, 0)
    assert left("0::/outer/inner\n") == 10


def test_in_a_container_that_is_told_the_path_of_the_host_the_top_is_read(left, tmp_path):
    group(tmp_path / "mounted", VERSION_2, 1000, 900, 0)
    assert left("0::/docker/0123\n") == 100


def test_more_in_use_than_allowed_leaves_nothing(left, tmp_path):
    group(tmp_path / "mounted", VERSION_2, 1000, 1001, 0)
    assert left("0::/\n") == 0


@pytest.mark.parametrize("told", ["", "nonsense", "0::/\n", "0:", "::", "4:memory:/\n0::/\n"])
@pytest.mark.parametrize("limit", [None, "max", "", "-", "1e9"])
def test_without_a_limit_that_can_be_read_there_is_none(left, tmp_path, told, limit):
    (tmp_path / "mounted").mkdir()
    if limit is not None:
        group(tmp_path / "mounted", VERSION_2, limit, 5, 0)
        group(tmp_path / "mounted" / "memory", VERSION_1, limit, 5, 0)
    assert left(told) == UNKNOWN


def test_a_system_without_control_groups_has_no_limit(tmp_path):
    assert container_memory(tmp_path / "none", tmp_path) == UNKNOWN


def test_a_table_must_fit_into_the_container(monkeypatch):
    monkeypatch.setattr(free_memory, "machine_memory", lambda: 1 << 40)
    memory.check_memory(1_000_000, 100)
    monkeypatch.setattr(free_memory, "container_memory", lambda: 1_000_000_000)
    with pytest.raises(TrainingError, match=r"1\.6 GB, and 1\.0 GB are free"):
        memory.check_memory(1_000_000, 100)
