"""A fit from what is on the machine asks the network for nothing, and no name is looked up."""

import socket

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
hub = pytest.importorskip("huggingface_hub")

from tests.models.encoder_folders import write_encoder  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import ModelFolderError  # noqa: E402
from textkind.models.encoder_folder import BUNDLED, open_encoder  # noqa: E402
from textkind.models.networks.pretrained_settings import FrozenSettings  # noqa: E402
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402


@pytest.fixture
def requests(monkeypatch):
    """Where anything wanted to go: every attempt is noted, and fails."""
    wanted = []

    def refuse(*where, **_):
        wanted.append(where)
        raise OSError("there is no network in this test")

    class Closed(socket.socket):
        def connect(self, address):
            refuse(address)

        def connect_ex(self, address):
            refuse(address)

    monkeypatch.setattr(socket, "socket", Closed)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
    return wanted


@pytest.mark.parametrize("encoder", ["bert", "electra", "bundled"])
def test_a_fit_from_a_folder_or_the_bundled_package_asks_for_nothing(encoder, requests, tmp_path):
    if encoder == "bundled":
        pytest.importorskip(BUNDLED)
    folder = None if encoder == "bundled" else write_encoder(tmp_path / encoder, encoder)
    texts = pa.array(["the cat sat", "red dogs ran"] * 8, pa.large_string())
    targets = np.arange(16, dtype=np.int32) % 2
    corpus = Corpus(texts, targets, LabelSet(("a", "b")), np.arange(16))
    settings = NeuralSettings(layers=FrozenSettings(strength=10.0), encoder=folder)
    model = fit_neural(corpus, None, settings, threads=1).model
    assert model.logits(texts).argmax(axis=1).tolist() == targets.tolist()
    assert requests == []


def test_a_name_that_is_not_here_is_what_asks(requests, tmp_path, monkeypatch):
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelFolderError, match="could not be had from the hub"):
        open_encoder("org/tiny")
    assert requests
