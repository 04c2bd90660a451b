"""The folder for onnxruntime: the model's answers, without textkind and PyTorch."""

import json
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.export.conftest import ODD, SETTINGS, TEXTS  # noqa: E402
from textkind.encoding.tokens import Tokens  # noqa: E402
from textkind.errors import ModelFolderError, SettingsError  # noqa: E402
from textkind.export.golden import answers_of  # noqa: E402
from textkind.export.graphs.whole import check_network  # noqa: E402
from textkind.export.onnx_folder import told_reading  # noqa: E402
from textkind.export.readers import run_onnx  # noqa: E402
from textkind.export.settings import ExportSettings  # noqa: E402
from textkind.models.graph import OPSET  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.reading import Reading  # noqa: E402
from textkind.workflow.export import export_model, load_exported  # noqa: E402

ALONE = """
import builtins, sys
real = builtins.__import__
def refused(name, *rest):
    if name.split(".")[0] in ("textkind", "torch", "transformers", "pyarrow", "numba"):
        raise ModuleNotFoundError(name)
    return real(name, *rest)
builtins.__import__ = refused
import json
from run_onnx import OnnxModel
model = OnnxModel(threads=2)
logits, probabilities, labels = model.answers(json.loads(sys.stdin.read()))
print(json.dumps([logits.tolist(), probabilities.tolist(), labels]))
assert "torch" not in sys.modules and "textkind" not in sys.modules
"""


@pytest.fixture(scope="module")
def exported(fitted, tmp_path_factory):
    """Every model of SETTINGS as a folder, by its name."""
    base = tmp_path_factory.mktemp("exported")
    for name in SETTINGS:
        export_model(fitted(name), base / name, ExportSettings("onnx"))
    return base


@pytest.mark.parametrize("name", SETTINGS)
def test_answers_are_the_models(name, fitted, exported):
    texts = [*TEXTS, *ODD]
    own, found = answers_of(fitted(name), texts), load_exported(exported / name).answers(texts)
    assert np.ptp(own.probabilities) > 0.05
    np.testing.assert_allclose(found.logits, own.logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, own.probabilities, rtol=0, atol=1e-5)
    assert found.labels == own.labels


@pytest.mark.parametrize("strategy", ["head", "head-tail", "windows", "retrieve", "native"])
def test_the_reader_cuts_texts_of_every_length_as_the_model_does(strategy):
    scores = np.random.default_rng(0).integers(0, 99, 50).astype(np.int32)
    reading, shift = Reading(LongSettings(strategy), 23, scores), 2  # passages of 2 tokens
    told = told_reading(reading, shift)
    for length in range(90):
        ids = np.random.default_rng(length).integers(shift, 50, length).astype(np.int32)
        read = reading.read(Tokens(ids, np.array([0, length]))).ids
        np.testing.assert_array_equal(run_onnx.cut(ids - shift, told), read - shift)
        assert len(read) == length or length > 23


@pytest.mark.parametrize("name", ["bpe runs", "encoder"])
def test_it_runs_where_neither_textkind_nor_pytorch_can_be_imported(name, fitted, exported):
    texts = [*TEXTS[:20], *ODD]
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=exported / name, input=json.dumps(texts),
        capture_output=True, text=True, env={"PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    logits, probabilities, labels = json.loads(done.stdout)
    own = answers_of(fitted(name), texts)
    np.testing.assert_allclose(probabilities, own.probabilities, rtol=0, atol=1e-5)
    np.testing.assert_allclose(logits, own.logits, rtol=1e-4, atol=1e-5)
    assert labels == own.labels


def test_the_reader_is_a_program_that_finds_damage(exported, tmp_path):
    folder = exported / "words"

    def ran(*arguments):
        return subprocess.run(
            [sys.executable, folder / "run_onnx.py", *arguments], cwd=tmp_path,
            input="late parcel\nrefund\n", capture_output=True, text=True,
        )  # fmt: skip

    lines = [json.loads(line) for line in ran("-").stdout.splitlines()]
    assert [set(line) for line in lines] == [{"label", "probabilities"}] * 2
    tokens = folder / "tokens.json"
    whole = tokens.read_bytes()
    try:
        tokens.write_bytes(whole.replace(b"parcel", b"parcol"))
        done = ran("late")
    finally:
        tokens.write_bytes(whole)
    assert done.returncode == 1
    assert done.stderr == "error: tokens.json was altered: its checksum differs\n"
    assert ran("--verify").returncode == 0


def test_a_graph_that_this_onnxruntime_cannot_compute_is_our_error(exported):
    path = exported / "words" / "model.onnx"
    whole = path.read_bytes()
    model = onnx.load_from_string(whole)
    assert model.opset_import[0].version == OPSET
    model.opset_import[0].version = 999
    try:
        path.write_bytes(model.SerializeToString())
        from textkind.export.onnx_folder import load

        card = json.loads((exported / "words" / "export.json").read_text())
        with pytest.raises(ModelFolderError, match="a newer onnxruntime may") as caught:
            load(exported / "words", card)
    finally:
        path.write_bytes(whole)
    assert "cannot compute model.onnx" in str(caught.value)


def test_an_encoder_that_transformers_computes_is_refused(fitted):
    from dataclasses import replace

    model = fitted("encoder").model
    network = model.network
    kept, network.encoder = network.encoder, torch.nn.Identity()
    try:
        foreign = replace(network.architecture, config={"model_type": "modernbert"})
        network.architecture, architecture = foreign, network.architecture
        with pytest.raises(SettingsError, match="computed by transformers") as caught:
            check_network(model)
    finally:
        network.encoder, network.architecture = kept, architecture
    assert caught.value.found == "modernbert"
    assert "BERT's kind" in caught.value.hint
