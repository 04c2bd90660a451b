"""A model that fails, hangs or is slow: what becomes of its requests, and of the others."""

import json
import os
import socket
import threading
import time

import pytest

SCRIPT = """
import os, sys, time
import numpy as np
from textkind.models.linear import LinearModel

plain = LinearModel.logits

def logits(self, texts, threads=None):
    said = texts.to_pylist()
    if any("poison" in text for text in said):
        raise RuntimeError("poison: " + said[0])
    if any("slow" in text for text in said):
        time.sleep(0.4)
    if any("hang" in text for text in said):
        time.sleep(3600)
    if any("crash" in text for text in said):
        os._exit(3)
    found = plain(self, texts, threads)
    found[["infinite" in text for text in said]] = np.inf
    return found

LinearModel.logits = logits
"""


@pytest.fixture(scope="module")
def server(start_server, run_folder, tmp_path_factory):
    """The loader is another process: what changes the model comes to it by sitecustomize."""
    place = tmp_path_factory.mktemp("site")
    (place / "sitecustomize.py").write_text(
        "import sys\nif 'textkind.serve.loader' in sys.orig_argv:\n"
        + "".join("    " + line + "\n" for line in SCRIPT.splitlines())
    )
    return start_server(
        *(f"m={run_folder}", "--timeout", "2", "--max-queue", "3", "--workers", "1"),
        paths=[place],
    )


@pytest.mark.parametrize("word", ["poison", "infinite"])
def test_a_poisoned_text_fails_alone(server, word):
    texts = ["my parcel is late", f"a {word} text", "refund"]
    status, told = server.post({"texts": texts})
    assert status == 200
    alone = [server.post({"text": text})[1]["results"] for text in (texts[0], texts[2])]
    assert [[told["results"][0]], [told["results"][2]]] == alone
    assert told["results"][1]["error"]["problem"] == "the model failed on this text"
    status, told = server.post({"text": f"a {word} text"})
    assert status == 500
    assert told["error"]["problem"] == "the model failed on this text"
    assert word not in json.dumps(told), "an error tells nothing of the text"


@pytest.mark.parametrize("asked", [{"trace": True}, {"explain": True}], ids=str)
def test_a_poisoned_text_fails_alone_among_those_that_are_traced_or_explained(server, asked):
    texts = ["my parcel is late", "a poison text", "an infinite text", "refund"]
    status, told = server.post({"texts": texts, **asked})
    assert status == 200
    alone = [server.post({"text": text, **asked})[1]["results"] for text in (texts[0], texts[3])]
    assert [[told["results"][0]], [told["results"][3]]] == alone
    assert ["error" in result for result in told["results"]] == [False, True, True, False]
    assert told["results"][1]["error"]["problem"] == "the model failed on this text"
    assert server.post({"text": texts[1], **asked})[0] == 500


def in_threads(server, bodies):
    """Statuses and answers of requests sent together."""
    found = [None] * len(bodies)

    def ask(place):
        found[place] = server.post(bodies[place])

    threads = [threading.Thread(target=ask, args=[place]) for place in range(len(bodies))]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    return found


def test_neighbours_of_a_poisoned_text_do_not_notice(server):
    expected = server.post({"text": "my parcel is late"})
    bodies = [{"text": "slow"}, {"text": "poison"}, {"text": "my parcel is late"}]
    found = in_threads(server, bodies)
    assert found[1][0] == 500
    assert found[2] == expected


def test_a_full_queue_is_told_at_once_and_empties_again(server):
    found = in_threads(server, [{"text": f"slow {number}"} for number in range(8)])
    statuses = [status for status, _ in found]
    assert set(statuses) == {200, 503}
    refused = next(told for status, told in found if status == 503)
    assert "too many requests are waiting" in refused["error"]["problem"]
    assert server.post({"text": "parcel"})[0] == 200


def test_a_worker_that_hangs_costs_its_request_504_and_is_replaced(server):
    ended = len(server.events("worker ended"))
    status, told = server.post({"text": "hang"})
    assert status == 504
    assert told["error"]["problem"] == "no answer within 2 seconds"
    server.wait_until(lambda: len(server.events("worker ended")) > ended)
    assert server.events("worker stuck")
    assert server.post({"text": "parcel"})[0] == 200


def test_a_text_that_ends_its_worker_is_answered_with_503(server):
    status, told = server.post({"text": "crash"})
    assert status == 503
    assert told["error"]["problem"] == "the worker that had this request has ended"
    assert server.post({"text": "parcel"})[0] == 200


def test_a_request_whose_client_left_leaves_the_queue(server):
    before = server.metric('textkind_abandoned_total{model="m"}')
    slow = threading.Thread(target=server.post, args=[{"text": "slow"}])
    slow.start()
    time.sleep(0.1)
    body = b'{"text": "slow as well"}'
    for _ in range(2):
        with socket.create_connection((server.host, server.port)) as client:
            client.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                b"\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            time.sleep(0.05)
    server.wait_until(lambda: server.metric('textkind_abandoned_total{model="m"}') == before + 2)
    assert server.metric('textkind_queue_requests{model="m"}') == 0
    slow.join()
    server.wait_until(lambda: any(one.get("status") == 499 for one in server.events(None)))


def test_what_runs_is_answered_before_the_end(server):
    """The last test of the file: it ends the service."""
    found = []
    slow = threading.Thread(target=lambda: found.append(server.post({"text": "slow"})))
    slow.start()
    time.sleep(0.2)
    assert server.stop() == 0
    slow.join()
    assert found[0][0] == 200
    assert not os.path.exists(f"/proc/{server.process.pid}")  # noqa: PTH110
