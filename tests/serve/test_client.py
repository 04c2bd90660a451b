"""The client says what the service says, waits where it is busy, and tells errors as ours."""

import http.server
import json
import pickle
import re
import subprocess
import threading
from pathlib import Path

import pytest

from textkind.errors import ServiceError, SettingsError
from textkind.serve.asked import HEAVY, MOST_EXPLAINED
from textkind.serve.client import LINES, SLOW, SLOW_AT_ONCE, Client

from .conftest import KEY

PAGE = Path(__file__).parents[2] / "docs" / "serve.md"
TEXTS = ["my parcel is late", "please refund the charge", "账户 locked 😀"]


@pytest.fixture(scope="module")
def server(keyed_server):
    return keyed_server


@pytest.fixture
def client(server):
    with Client(f"http://127.0.0.1:{server.port}", key=KEY) as found:
        yield found


def answers(server, texts, **options):
    return server.post({"texts": texts, **options}, Authorization=f"Bearer {KEY}")[1]["results"]


def test_its_results_are_those_of_the_service(client, server):
    assert client.predict(TEXTS) == answers(server, TEXTS)
    assert client.predict(TEXTS[0], top=2) == answers(server, TEXTS[:1], top=2)[0]
    assert list(client.stream(iter(TEXTS), top=2)) == answers(server, TEXTS, top=2)
    assert client.predict([]) == list(client.stream([])) == []
    assert client.models()[0]["name"] == "tickets"


def test_many_texts_are_several_requests_in_order(client):
    texts = [f"parcel {number}" for number in range(LINES * 3 + 7)]
    assert list(client.stream(texts)) == client.predict(texts)


def test_slow_options_and_long_texts_go_in_requests_that_the_service_takes(client, server):
    assert (SLOW, SLOW_AT_ONCE) == (HEAVY, MOST_EXPLAINED)
    found = client.predict(TEXTS * 6, explain=True)
    assert found == [one for _ in range(6) for one in answers(server, TEXTS, explain=True)]
    assert client.predict(TEXTS * 6, explain=False) == answers(server, TEXTS * 6)
    long = [f"parcel {number} " + "账户" * 30_000 for number in range(4)]  # 360 kB each in JSON
    assert len(client.predict(long)) == 4


def test_a_stream_that_is_left_halfway_spoils_nothing(client):
    for result in client.stream(TEXTS * 50):
        assert result["label"] == "delivery"
        break
    assert client.predict(TEXTS[0])["label"] == "delivery"


def test_a_text_that_is_refused_fails_alone(client):
    good, bad, last = client.stream(["my parcel", "NUL \0", "password"])
    assert (good["label"], last["label"]) == ("delivery", "login")
    assert "NUL" in bad["error"]["problem"]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"texts": "x", "model": "ticket"}, 404, "found 'ticket'\nhint: did you mean 'tickets'?"),
        ({"texts": "x", "topp": 2}, 422, "there is no such field"),
        ({"texts": "a \0"}, 422, "NUL"),
    ],
)
def test_what_is_refused_is_an_error_of_ours_in_the_words_of_the_service(
    client, asked, status, words
):
    with pytest.raises(ServiceError, match=re.escape(words)) as caught:
        client.predict(**asked)
    assert caught.value.status == status
    assert pickle.loads(pickle.dumps(caught.value)).status == status


def test_without_its_key_it_is_refused(server):
    with (
        Client(f"http://127.0.0.1:{server.port}") as client,
        pytest.raises(ServiceError, match="needs a key") as caught,
    ):
        client.predict("x")
    assert caught.value.status == 401


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(SettingsError, match="must begin with http"):
        Client(address)


def test_where_nobody_listens_it_says_so():
    with pytest.raises(ServiceError, match="cannot be reached") as caught:
        Client("http://127.0.0.1:9").predict("x")
    assert caught.value.status is None


class Busy(http.server.BaseHTTPRequestHandler):
    """Refuses as often as it is told to, then answers; closes each connection in silence."""

    refusals = 2
    seen = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen += 1
        if self.seen <= self.refusals:
            told = {"error": {"problem": "busy", "found": None, "where": "", "hint": "later"}}
            self.send_response(503)
            self.send_header("Retry-After", "0")
        else:
            told = {"results": [{"label": "a"}]}
            self.send_response(200)
        body = json.dumps(told).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def busy():
    Busy.seen = 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_where_the_service_is_busy_it_asks_again(busy):
    with Client(busy) as client:
        assert client.predict("x") == {"label": "a"}
        assert Busy.seen == 3
        assert client.predict("x") == {"label": "a"}  # on a new connection


def test_its_patience_has_an_end(busy):
    with (
        Client(busy, patience=-1) as client,
        pytest.raises(ServiceError, match="busy") as caught,
    ):
        client.predict("x")
    assert (caught.value.status, Busy.seen) == (503, 1)


def test_the_examples_of_the_page_run_against_the_real_service(server, tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    begin = page.index("## From a program")
    section = page[begin : page.index("\n## ", begin + 5)]
    (tmp_path / "key.txt").write_text(KEY)
    (tmp_path / "texts.ndjson").write_text('{"text": "my parcel"}\n{"text": "refund"}\n')
    examples = re.findall(r"```(sh|python)\n(.*?)```", section, re.S)
    assert [kind for kind, _ in examples] == ["sh", "python"]
    for kind, code in examples:
        code = code.replace("localhost:8000", f"127.0.0.1:{server.port}").replace("KEY_HERE", KEY)
        if kind == "python":
            names: dict = {}
            exec(code, names)
            assert names["results"][0]["label"] == "delivery"
            continue
        commands = [line for line in code.replace("\\\n", " ").splitlines() if line.strip()]
        assert len(commands) == 5
        for command in commands:
            done = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout
