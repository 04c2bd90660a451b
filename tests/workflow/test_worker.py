"""A process that does one trial after another: kept while all is well, replaced where it is not."""

import json
import threading
from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.models.neural_settings import default_settings
from textkind.models.settings import LinearSettings
from textkind.storage.part_files import write_part
from textkind.storage.tensors import parse_tensors
from textkind.workflow.isolated import OUT_OF_TIME
from textkind.workflow.rung import TRAIN, VALIDATION
from textkind.workflow.settings_as_json import model_to_json
from textkind.workflow.trial import JUDGED, OUTCOME, TrialJob, nested_rows, shares_of
from textkind.workflow.worker import GIVEN_UP, STOPPED, Worker

LABELS = LabelSet(("no", "yes"))
LINEAR = LinearSettings(features="words", naive_bayes=False, strength=1.0)
NEVER = threading.Event()


def corpus_of(rows):
    texts = pa.array(
        [f"{'good' if row % 3 else 'bad'} text {row}" for row in range(rows)], pa.large_string()
    )
    return Corpus(texts, (np.arange(rows) % 3 > 0).astype(np.int32), LABELS, np.arange(rows))


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    corpus = corpus_of(2100)
    write_part(folder / TRAIN, corpus.take(np.arange(2000)))
    write_part(folder / VALIDATION, corpus.take(np.arange(2000, 2100)))
    return folder


def job(parts, out, settings=LINEAR, number=0):
    return TrialJob(
        number, str(parts), str(out), LABELS.names, False, model_to_json(settings), {}, 0, 1
    )


def always(share, figures):
    return True


@pytest.fixture(scope="module")
def worker():
    with closing(Worker(TrialJob.module)) as worker:
        yield worker


def test_two_trials_share_a_process_and_leave_what_they_came_to(worker, parts, tmp_path):
    looks, processes = [], []

    def look(share, figures):
        looks.append((share, figures["log_loss"]))
        return True

    for number, settings in enumerate((LINEAR, LinearSettings())):
        out = tmp_path / str(number)
        assert worker.run(job(parts, out, settings), None, NEVER, look) is None
        processes.append(worker._process.pid)
        outcome = json.loads((out / OUTCOME).read_text())
        arrays = parse_tensors((out / JUDGED).read_bytes(), JUDGED)
        assert outcome["figures"]["log_loss"] == pytest.approx(arrays["losses"].mean())
        assert arrays["predicted"].shape == (100,)
        told = outcome["model"]["settings"]
        assert told["strength"] is not None
        assert told["features"] != "auto"
        assert told["minimum_document_frequency"] == 2
    assert processes[0] == processes[1]
    assert [share for share, _ in looks] == [0.25, 0.5] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


def test_a_trial_that_is_given_up_leaves_nothing_and_the_process_goes_on(worker, parts, tmp_path):
    given_up = worker.run(job(parts, tmp_path / "0"), None, NEVER, lambda share, figures: False)
    assert given_up is GIVEN_UP
    first = worker._process.pid
    assert list(tmp_path.iterdir()) == []
    assert worker.run(job(parts, tmp_path / "1"), None, NEVER, always) is None
    assert worker._process.pid == first


def test_what_a_look_raises_is_raised_and_the_job_is_stopped(worker, parts, tmp_path):
    def full(share, figures):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        worker.run(job(parts, tmp_path / "0"), None, NEVER, full)
    assert worker._process is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_killed_or_fails_is_told_and_the_next_has_a_new_process(
    parts, tmp_path, monkeypatch
):
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "torch.py").write_text("import os; os.kill(os.getpid(), 9)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
    out = tmp_path / "trials"
    with closing(Worker(TrialJob.module)) as worker:
        failure = worker.run(job(parts, out / "0", default_settings("cnn")), None, NEVER, always)
        assert failure.reason == "its process was ended by SIGKILL"
        assert "memory" in failure.hint
        (tmp_path / "fake" / "torch.py").write_text("raise MemoryError")
        failure = worker.run(job(parts, out / "0", default_settings("cnn")), None, NEVER, always)
        assert failure.reason == "the memory of this machine is not enough"
        assert worker.run(job(parts, out / "1"), None, NEVER, always) is None
    assert [path.name for path in out.iterdir()] == ["1"]


@pytest.mark.parametrize("how", ["time", "stop"])
def test_a_trial_that_has_to_end_is_ended(how, parts, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("import time; time.sleep(600)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    stop = threading.Event()
    if how == "stop":
        threading.Timer(0.7, stop.set).start()
    with closing(Worker(TrialJob.module)) as worker:
        asked = job(parts, tmp_path / "trials" / "0", default_settings("cnn"))
        failure = worker.run(asked, 1.0 if how == "time" else None, stop, always)
        assert failure is (OUT_OF_TIME if how == "time" else STOPPED)
    assert list((tmp_path / "trials").iterdir()) == []


def test_when_whoever_asked_is_gone_the_process_ends_too():
    left = Worker(TrialJob.module)
    process = left._begun()
    process.stdin.close()
    assert process.wait(60) == 1
    left.close()


def test_a_worker_that_is_done_leaves_no_process():
    with closing(Worker(TrialJob.module)) as done:
        process = done._begun()
    assert process.poll() is not None


def test_shares_are_nested_and_have_every_label(parts):
    corpus = corpus_of(300)
    corpus.targets[:] = 1
    corpus.targets[[7, 50]] = 0  # a label with two texts
    quarter, half = (set(nested_rows(corpus, share, 0).tolist()) for share in (0.25, 0.5))
    assert (len(quarter), len(half)) == (75, 150)
    assert quarter < half
    for rows in (quarter, half):
        assert set(corpus.targets[sorted(rows)]) == {0, 1}
    turned = corpus.take(np.arange(299, -1, -1))
    again = nested_rows(turned, 0.25, 0)
    assert set(turned.texts.take(pa.array(again)).to_pylist()) == set(
        corpus.texts.take(pa.array(sorted(quarter))).to_pylist()
    )


def test_few_texts_and_networks_that_look_by_themselves_have_no_shares():
    assert shares_of(LINEAR, 1999) == ()
    assert shares_of(LINEAR, 2000) == (0.25, 0.5)
    assert shares_of(default_settings("cnn"), 10**6) == ()
    assert shares_of(default_settings("frozen"), 10**6) == (0.25, 0.5)
