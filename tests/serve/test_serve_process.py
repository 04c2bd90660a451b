"""The service as processes: workers killed, models replaced, signals, full disks, many clients."""

import json
import os
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from textkind.cli import main

from .conftest import is_alive, loader_of, tickets, trained


@pytest.fixture(scope="module")
def folder(run_folder, tmp_path_factory):
    """A run that tests may change."""
    copy = tmp_path_factory.mktemp("served") / "run"
    shutil.copytree(run_folder, copy)
    return copy


@pytest.fixture(scope="module")
def server(start_server, folder):
    return start_server(f"m={folder}", "--watch", "0.2")


def more(server, event, seen):
    """Wait until there is one event more than those seen."""
    server.wait_until(lambda: len(server.events(event)) > seen, told=event)


def kill_worker(server):
    """End the newest worker, and wait until it is replaced."""
    ended, started = len(server.events("worker ended")), len(server.workers())
    os.kill(server.workers()[-1], signal.SIGKILL)
    more(server, "worker ended", ended)
    more(server, "worker started", started)


def load(server, seconds, threads=4, text="my parcel is late"):
    """Statuses of requests sent without a pause by some clients for so long."""
    found, end = [], time.monotonic() + seconds

    def ask():
        while time.monotonic() < end:
            try:
                status, told = server.post({"text": text})
                found.append(status)
                if status == 200:
                    assert told["results"][0]["label"] == "delivery"
            except (OSError, ValueError) as error:
                found.append(type(error).__name__)

    clients = [threading.Thread(target=ask) for _ in range(threads)]
    for client in clients:
        client.start()
    return found, clients


def test_a_killed_worker_is_replaced_and_only_its_requests_fail(server):
    seen = len(server.events("worker ended"))
    found, clients = load(server, 2)
    for _ in range(3):
        kill_worker(server)
    for client in clients:
        client.join()
    assert set(found) <= {200, 503}
    ended = server.events("worker ended")[seen:]
    assert found.count(503) == sum(one["requests"] for one in ended)
    assert server.get("/readyz") == (200, {"status": "ready"})
    assert server.post({"text": "my parcel is late"})[0] == 200
    assert server.metric('textkind_worker_restarts_total{model="m"}') == seen + 3


def test_workers_that_end_at_once_are_given_up_and_readiness_says_so(server):
    seen = len(server.events("worker ended"))
    for _ in range(3):
        kill_worker(server)
    started = len(server.events("worker started"))
    os.kill(server.workers()[-1], signal.SIGKILL)
    more(server, "worker ended", seen + 3)
    status, told = server.get("/readyz")
    assert status == 503
    assert told["error"]["found"] == "m: its workers end as soon as they start"
    status, told = server.post({"text": "x"})
    assert status == 503
    assert "end as soon as they start" in told["error"]["problem"]
    waits = [one["restart_in"] for one in server.events("worker ended")[seen:]]
    assert waits == sorted(waits)
    assert waits[0] == 0
    assert waits[-1] > 0
    assert server.get("/healthz")[0] == 200
    server.wait_until(lambda: server.get("/readyz")[0] == 200)  # and yet it is tried again
    assert server.post({"text": "x"})[0] == 200
    more(server, "worker started", started)  # its line may be behind its first answer


def test_the_end_of_the_loader_loses_nothing(server):
    worker, taken = server.workers()[-1], len(server.events("model taken"))
    os.kill(loader_of(worker), signal.SIGKILL)
    server.wait_for('"loader ended"')
    assert server.post({"text": "my parcel is late"})[0] == 200
    more(server, "model taken", taken)
    assert server.post({"text": "my parcel is late"})[0] == 200
    server.wait_until(lambda: not is_alive(worker))


def test_a_changed_model_takes_over_and_no_request_is_lost(server, folder):
    before = server.post({"text": "x"})[1]["version"]
    found, clients = load(server, 3)
    for seed in (5, 6):
        taken = len(server.events("model taken"))
        trained(tickets(300, seed=seed), folder)
        more(server, "model taken", taken)
    for client in clients:
        client.join()
    assert set(found) == {200}
    assert server.post({"text": "x"})[1]["version"] != before
    server.wait_until(lambda: sum(map(is_alive, server.workers())) == 1)


def test_a_bad_model_is_refused_and_the_old_one_stays(server, folder):
    before = server.post({"text": "x", "top": 3})
    weights = folder / "model" / "weights.safetensors"
    whole, taken = weights.read_bytes(), len(server.events("model taken"))
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    more(server, "model refused", 0)
    assert "checksum" in server.events("model refused")[0]["problem"]
    assert server.metric('textkind_reloads_total{model="m",outcome="refused"}') == 1
    assert server.post({"text": "x", "top": 3}) == before
    assert server.get("/readyz")[0] == 200
    time.sleep(0.6)
    assert len(server.events("model refused")) == 1, "the same bad model is not tried again"
    weights.write_bytes(whole)
    more(server, "model taken", taken)
    assert server.post({"text": "x", "top": 3}) == before


def test_a_folder_that_is_gone_leaves_the_model_answering(server, folder):
    before, taken = server.post({"text": "x", "top": 3}), len(server.events("model taken"))
    away = folder.with_name("away")
    folder.rename(away)
    more(server, "model folder gone", 0)
    assert server.post({"text": "x", "top": 3}) == before
    kill_worker(server)
    assert server.post({"text": "x", "top": 3}) == before
    away.rename(folder)
    more(server, "model taken", taken)
    assert server.post({"text": "x", "top": 3}) == before


def test_hangup_loads_all_models_anew(server):
    taken = len(server.events("model taken"))
    server.process.send_signal(signal.SIGHUP)
    more(server, "model taken", taken)
    assert server.post({"text": "my parcel is late"})[0] == 200


def test_a_thousand_idle_connections_leave_room_for_others(server):
    idle = [socket.create_connection((server.host, server.port)) for _ in range(1000)]
    try:
        server.wait_until(lambda: server.metric("textkind_connections") > 1000)
        assert server.post({"text": "my parcel is late"})[0] == 200
    finally:
        for one in idle:
            one.close()
    server.wait_until(lambda: server.metric("textkind_connections") < 10)


def test_nothing_stays_behind_where_the_service_is_killed(start_server, run_folder):
    server = start_server(run_folder)
    worker = server.workers()[0]
    loader = loader_of(worker)
    server.stop(signal.SIGKILL)
    server.wait_gone(worker, loader)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_answers_what_runs_and_leaves(start_server, run_folder, how):
    server = start_server(run_folder)
    found, clients = load(server, 2, threads=8)
    server.wait_until(lambda: len(found) > 50)
    assert server.stop(how) == 0
    for client in clients:
        client.join()
    refused = {"ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected"}
    # and where the connection was closed before the request was written:
    assert set(found) <= {200, *refused, "BrokenPipeError"}
    assert server.events("ended")
    server.wait_gone(*server.workers())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_full_disk_behind_the_log_does_not_stop_answers(start_server, run_folder):
    server = start_server(run_folder, "--log", "/dev/full")
    for _ in range(20):
        assert server.post({"text": "x"})[0] == 200
    server.wait_until(lambda: server.metric("textkind_log_lines_lost_total") >= 20)
    assert server.get("/readyz")[0] == 200


def test_more_connections_than_allowed_are_refused_at_once(start_server, run_folder):
    server = start_server(run_folder, "--max-connections", "3", "--keep-alive", "1")
    idle = [socket.create_connection((server.host, server.port)) for _ in range(3)]
    time.sleep(0.2)
    status, headers, body = server.request("GET", "/healthz")
    assert status == 503
    assert headers["Retry-After"] == "1"
    assert "too many connections" in json.loads(body)["error"]["problem"]
    for one in idle:
        assert one.recv(10) == b""  # closed after --keep-alive
        one.close()
    assert server.get("/healthz")[0] == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "there is no such model folder"),
        (["RUN", "RUN"], "two models have one name"),
        (["x y=RUN"], "there is no such model folder"),
        (["RUN", "--host", "0.0.0.0"], "an address that other machines reach needs a key"),
        (["RUN", "--host", "203.0.113.1", "--no-auth"], "the address cannot be listened on"),
        (["RUN", "--tls-key", "x"], "TLS needs both a certificate and its key"),
        (["RUN", "--tls-key", "x", "--tls-certificate", "y"], "cannot be used"),
        (["RUN", "--api-key-file", "nowhere"], "the file of keys cannot be read"),
        (["RUN", "--log", "nowhere/log"], "could not be written"),
        (["RUN", "--max-body", "0"], "no whole number of 1 or more"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_served_is_told_before_anything_listens(run_folder, capsys, words, said):
    words = [word.replace("RUN", str(run_folder)) for word in words]
    assert main(["serve", *words, "--port", "0"]) in (1, 2)
    assert said in capsys.readouterr().err
