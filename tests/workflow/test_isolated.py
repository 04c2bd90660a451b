"""A rung in its own process: what it leaves when it works, when it fails, and when it is killed."""

import json

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.progress import Notes, Talk
from textkind.storage.model_folder import load_model
from textkind.storage.part_files import write_part, write_texts
from textkind.storage.tensors import parse_tensors
from textkind.workflow.isolated import run_isolated
from textkind.workflow.rung import OUTCOME, PREDICTIONS, TEST, TRAIN, VALIDATION, Job

LABELS = LabelSet(("no", "yes"))
ORIGIN = {"source": "toy", "rows": 40, "seed": 0, "columns": None, "sha256": None}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    texts = pa.array([f"{'good' if row % 2 else 'bad'} text {row}" for row in range(40)],
                     pa.large_string())  # fmt: skip
    corpus = Corpus(texts, (np.arange(40) % 2).astype(np.int32), LABELS, np.arange(40))
    write_part(folder / TRAIN, corpus)
    write_part(folder / VALIDATION, corpus.take(np.arange(20, 40)))
    write_texts(folder / TEST, texts.slice(0, 8))
    return folder


def job(parts, out, rung="prior", seconds=None):
    return Job(rung, str(parts), str(out), LABELS.names, False, 0, 1, seconds, (), ORIGIN)


def test_a_finished_rung_leaves_a_model_its_answers_and_its_costs(parts, tmp_path):
    heard = Notes()
    assert run_isolated(job(parts, tmp_path / "linear", "linear"), None, heard) is None
    folder = tmp_path / "linear"
    assert [path.name for path in tmp_path.iterdir()] == ["linear"]
    outcome = json.loads((folder / OUTCOME).read_text())
    arrays = parse_tensors((folder / PREDICTIONS).read_bytes(), PREDICTIONS)
    assert arrays["test"].shape == (8, 2)
    assert arrays["validation"].shape == (20, 2)
    size = sum(path.stat().st_size for path in (folder / "model").iterdir())
    cost = outcome["cost"]
    assert cost["disk_mb"] == size / 1e6
    # more than a bare interpreter with NumPy, less than the machine
    assert 30 < cost["peak_mb"] < 4000
    assert min(cost["fit_seconds"], cost["texts_per_second"], cost["one_text_ms"]) > 0
    assert load_model(folder / "model").labels == LABELS
    assert any("validation chose" in note for note in heard.told)


@pytest.mark.parametrize(
    ("torch", "reason", "hint"),
    [
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL", "the memory may not"),
        ("raise MemoryError", "the memory of this machine is not enough", ""),
        ("raise ModuleNotFoundError('no', name='torch')", "package torch", "textkind[neural]"),
        ("raise ValueError('odd')", "internal error: ValueError: odd", ""),
        ("import os; print('last words'); os._exit(7)", "ended with code 7", ""),
        ("import os, sys; sys.stderr.write('last words\\n'); sys.stderr.flush(); os._exit(7)",
         "ended with code 7: last words", ""),
    ],
)  # fmt: skip
def test_whatever_ends_a_rung_is_told_and_nothing_of_it_stays(
    torch, reason, hint, parts, tmp_path, monkeypatch
):
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "torch.py").write_text(torch)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
    out = tmp_path / "fold"
    failure = run_isolated(job(parts, out / "cnn", "cnn"), None, Talk())
    assert reason in failure.reason
    assert hint in failure.hint
    assert list(out.iterdir()) == []


def test_a_rung_that_takes_too_long_is_stopped(parts, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("import time; time.sleep(600)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    out = tmp_path / "fold"
    failure = run_isolated(job(parts, out / "cnn", "cnn"), 1.5, Talk())
    assert failure.reason == "stopped: its share of the budget was over"
    assert list(out.iterdir()) == []


def test_what_an_earlier_attempt_left_is_replaced(parts, tmp_path):
    (tmp_path / "prior.part" / "model").mkdir(parents=True)
    (tmp_path / "prior.part" / "model" / "half").write_text("x")
    assert run_isolated(job(parts, tmp_path / "prior"), None, Talk()) is None
    assert not (tmp_path / "prior" / "model" / "half").exists()


def test_a_stack_of_too_few_members_is_told(parts, tmp_path):
    failure = run_isolated(job(parts, tmp_path / "stack", "stack"), None, Talk())
    assert failure.reason == "fewer than two finished models to mix"
