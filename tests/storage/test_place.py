"""A folder or file is put in its place whole or not at all, whatever goes wrong and when."""

import os
import signal
from pathlib import Path

import pytest

from textkind.errors import OutputError, SettingsError
from textkind.storage import place
from textkind.storage.place import uninterrupted, whole_file, whole_folder, writing


def anything_is_ours(folder):
    return None


def fill(folder, content):
    (folder / "a.txt").write_text(content)
    (folder / "inner").mkdir()
    (folder / "inner" / "b.txt").write_text(content)


def fill_and_fail(folder, error):
    fill(folder, "new")
    raise error


def state(folder):
    """Every file below a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_folder_appears_whole(tmp_path):
    with whole_folder(tmp_path / "x" / "run", overwrite=False, not_ours=anything_is_ours) as part:
        fill(part, "new")
        assert not (tmp_path / "x" / "run").exists()
    assert state(tmp_path) == {"x/run/a.txt": "new", "x/run/inner/b.txt": "new"}


def test_a_folder_has_the_permissions_of_any_other(tmp_path):
    with whole_folder(tmp_path / "run", overwrite=False, not_ours=anything_is_ours):
        pass
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "run").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("existed", [False, True])
def test_an_error_inside_leaves_what_was_there(tmp_path, error, existed):
    target = tmp_path / "run"
    if existed:
        target.mkdir()
        (target / "old.txt").write_text("old")
    before = state(tmp_path)
    with (
        pytest.raises(error) as info,
        whole_folder(target, overwrite=True, not_ours=anything_is_ours) as part,
    ):
        fill_and_fail(part, error)
    assert state(tmp_path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == (["run"] if existed else [])
    said = " ".join(info.value.__notes__)
    assert ("as it was" if existed else "nothing was written") in said


@pytest.mark.parametrize("call", range(12))
@pytest.mark.parametrize("name", ["rename", "fsync", "open"])
def test_an_error_of_any_system_call_leaves_old_or_new(tmp_path, monkeypatch, name, call):
    target = tmp_path / "run"
    target.mkdir()
    (target / "old.txt").write_text("old")
    real, count = getattr(os, name), iter(range(1000))

    def failing(*args, **kwargs):
        if next(count) == call:
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    failed = False
    try:
        with whole_folder(target, overwrite=True, not_ours=anything_is_ours) as part:
            fill(part, "new")
            monkeypatch.setattr(place.os, name, failing)
    except OutputError as error:
        failed = "the disk is full" in str(error)
    finally:
        monkeypatch.undo()
    new = {"a.txt": "new", "inner/b.txt": "new"}
    assert state(target) in ([{"old.txt": "old"}, new] if failed else [new])


@pytest.mark.parametrize("existed", [False, True])
def test_ctrl_c_during_the_swap_waits_for_its_end(tmp_path, monkeypatch, existed):
    target = tmp_path / "run"
    if existed:
        target.mkdir()
        (target / "old.txt").write_text("old")
    real = os.rename

    def interrupted_rename(*args):
        signal.raise_signal(signal.SIGINT)
        return real(*args)

    monkeypatch.setattr(place.os, "rename", interrupted_rename)
    with (
        pytest.raises(KeyboardInterrupt) as info,
        whole_folder(target, overwrite=True, not_ours=anything_is_ours) as part,
    ):
        fill(part, "new")
    assert state(target) == {"a.txt": "new", "inner/b.txt": "new"}
    assert "is complete" in info.value.__notes__[0]


def test_held_back_ctrl_c_is_delivered_once():
    handler = signal.getsignal(signal.SIGINT)
    reached = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        reached = [signal.raise_signal(signal.SIGINT) for _ in range(2)]
    assert len(reached) == 2
    assert signal.getsignal(signal.SIGINT) is handler


def other_run(target):
    target.mkdir()
    (target / "other.txt").write_text("other")


def test_a_target_that_comes_up_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "run"
    with (
        pytest.raises(SettingsError, match="exists already"),
        whole_folder(target, overwrite=False, not_ours=anything_is_ours),
    ):
        other_run(target)
    assert state(tmp_path) == {"run/other.txt": "other"}


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: path.write_text("x"), "a file stands"),
        (lambda path: (path.mkdir(), (path / "x").write_text("x")), "exists already"),
    ],
)
def test_existing_targets_are_refused(tmp_path, prepare, message):
    prepare(tmp_path / "run")
    with (
        pytest.raises(SettingsError, match=message),
        whole_folder(tmp_path / "run", overwrite=False, not_ours=anything_is_ours),
    ):
        pytest.fail("the block must not be entered")


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "run").mkdir()
    with whole_folder(tmp_path / "run", overwrite=False, not_ours=anything_is_ours) as part:
        fill(part, "new")
    assert state(tmp_path / "run") == {"a.txt": "new", "inner/b.txt": "new"}


def test_the_working_folder_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (
        pytest.raises(SettingsError, match="working in"),
        whole_folder(Path(), overwrite=True, not_ours=anything_is_ours),
    ):
        pytest.fail("the block must not be entered")


def test_a_link_to_a_folder_keeps_pointing_to_the_new_one(tmp_path):
    (tmp_path / "run-1").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "run-1")
    with whole_folder(tmp_path / "latest", overwrite=True, not_ours=anything_is_ours) as part:
        fill(part, "new")
    assert (tmp_path / "latest").is_symlink()
    assert state(tmp_path / "run-1") == {"a.txt": "new", "inner/b.txt": "new"}


def write_half(path):
    path.write_text("half")
    raise KeyError


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    with whole_file(tmp_path / "out.csv", overwrite=False) as part:
        part.write_text("new")
        assert part.suffix == ".csv"
        assert not (tmp_path / "out.csv").exists()
    assert state(tmp_path) == {"out.csv": "new"}
    with pytest.raises(KeyError), whole_file(tmp_path / "out.csv", overwrite=True) as part:
        write_half(part)
    assert state(tmp_path) == {"out.csv": "new"}


def test_a_file_is_replaced_only_when_asked(tmp_path):
    (tmp_path / "out.csv").write_text("old")
    with (
        pytest.raises(SettingsError, match="--overwrite"),
        whole_file(tmp_path / "out.csv", overwrite=False),
    ):
        pytest.fail("the block must not be entered")
    with whole_file(tmp_path / "out.csv", overwrite=True) as part:
        part.write_text("new")
    assert state(tmp_path) == {"out.csv": "new"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_full_disk_gives_a_clear_error():
    with (
        pytest.raises(OutputError, match="the disk is full"),
        writing(Path("/dev/full")),
        Path("/dev/full").open("w") as file,
    ):
        file.write("x" * 100000)


def test_folders_made_for_nothing_are_removed_again(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    for make in (
        lambda: whole_folder(mine / "a" / "b" / "run", overwrite=False, not_ours=anything_is_ours),
        lambda: whole_file(mine / "a" / "b" / "out.csv", overwrite=False),
    ):
        with pytest.raises(ZeroDivisionError), make():
            raise ZeroDivisionError
        assert list(tmp_path.rglob("*")) == [mine]


def test_a_folder_that_someone_uses_meanwhile_stays(tmp_path):
    target = tmp_path / "a" / "run"

    def fill_a_neighbour():
        with whole_folder(target, overwrite=False, not_ours=anything_is_ours):
            (tmp_path / "a" / "notes.txt").write_text("mine")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fill_a_neighbour()
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "notes.txt"]
