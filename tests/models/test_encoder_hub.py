"""Names of the hub: taken from this machine, pinned, and never asked for when offline."""

import shutil

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
hub = pytest.importorskip("huggingface_hub")

from safetensors.torch import load_file, save_file  # noqa: E402

from tests.models.encoder_folders import write_encoder  # noqa: E402
from textkind.errors import ModelFolderError, SettingsError  # noqa: E402
from textkind.models.encoder_folder import open_encoder, read_weights  # noqa: E402

COMMIT, OTHER = "1" * 40, "2" * 40


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache of the hub's library that has org/tiny at two commits."""
    cache = tmp_path / "hub"
    model = cache / "models--org--tiny"
    for commit, seed in ((COMMIT, 0), (OTHER, 1)):
        write_encoder(model / "snapshots" / commit, "bert", seed)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(cache))
    return cache


@pytest.fixture
def asked(monkeypatch):
    """What is asked of the hub in place of a request."""
    questions = []
    real = hub.snapshot_download

    def download(name, **options):
        if options.get("local_files_only"):
            return real(name, **options)
        questions.append((name, options["revision"], options["allow_patterns"]))
        raise ConnectionError("no network here")

    monkeypatch.setattr(hub, "snapshot_download", download)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return questions


def test_a_name_that_is_here_is_taken_from_here(kept, asked):
    folder = open_encoder("org/tiny")
    assert (folder.name, folder.revision) == ("org/tiny", COMMIT)
    assert folder.path == kept / "models--org--tiny" / "snapshots" / COMMIT
    assert not asked


def test_the_revision_is_the_one_asked_for(kept, asked):
    newest, other = open_encoder("org/tiny"), open_encoder("org/tiny", OTHER)
    assert other.revision == OTHER
    assert other.sha256 != newest.sha256
    assert not asked


def test_only_a_name_that_is_not_here_is_asked_for_and_neither_code_nor_pickles(kept, asked):
    with pytest.raises(ModelFolderError, match=r"(?s)could not be had.*no network here.*hint"):
        open_encoder("org/other", "abc")
    [(name, revision, patterns)] = asked
    assert (name, revision) == ("org/other", "abc")
    for path in ("modeling.py", "pytorch_model.bin", "tokenizer.pkl"):
        assert not any(pattern.endswith(path[path.index(".") :]) for pattern in patterns)


def test_offline_nothing_is_asked(kept, asked, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelFolderError, match="HF_HUB_OFFLINE"):
        open_encoder("org/other")
    assert not asked


@pytest.mark.parametrize("name", ["/nowhere/at/all", "a/b/c", "has space", "../up/there"])
def test_what_is_no_name_is_no_folder(name, asked):
    with pytest.raises(ModelFolderError, match="no such folder"):
        open_encoder(name)
    assert not asked


def test_a_model_that_the_hub_does_not_have_is_told(kept, monkeypatch):
    class RepositoryNotFoundError(Exception):
        pass

    def download(name, **options):
        if options.get("local_files_only"):
            raise hub.errors.LocalEntryNotFoundError("not here")
        raise RepositoryNotFoundError(name)

    monkeypatch.setattr(hub, "snapshot_download", download)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(SettingsError, match=r"(?s)no such model or revision.*org/none at v1"):
        open_encoder("org/none", "v1")


def test_weights_in_parts_are_those_of_the_whole(tmp_path):
    import json

    whole = write_encoder(tmp_path / "whole", "bert")
    parts = tmp_path / "parts"
    shutil.copytree(whole, parts)
    tensors = load_file(whole / "model.safetensors")
    names = sorted(tensors)
    where = {}
    for number, some in enumerate((names[::2], names[1::2])):
        file = f"model-{number}.safetensors"
        save_file({name: tensors[name] for name in some}, parts / file)
        where |= dict.fromkeys(some, file)
    (parts / "model.safetensors").unlink()
    (parts / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    table, state = read_weights(open_encoder(whole))
    found_table, found_state = read_weights(open_encoder(parts))
    assert (table == found_table).all()
    assert all((state[name] == found_state[name]).all() for name in state)
    (parts / "model-1.safetensors").unlink()
    with pytest.raises(ModelFolderError, match=r"(?s)part of the weights is missing.*model-1"):
        open_encoder(parts)
