"""Models of our own wording, and the real service around them as a process."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from textkind.environment import own_environment
from textkind.models.settings import LinearSettings
from textkind.workflow.train import TrainSettings, train

WORDS = {
    "billing": ["invoice", "refund", "charge", "price", "payment"],
    "delivery": ["parcel", "courier", "late", "box", "address"],
    "login": ["password", "account", "email", "locked", "code"],
}
KEY = "0123456789abcdef0123"
HOSTILE = "<img src=x onerror=\"document.title='broken'\">"
COMMON = ["please", "help", "my", "the", "today", "again", "thanks", "still"]
LINEAR = LinearSettings(features="words", strength=1.0, naive_bayes=False)


def tickets(rows, seed=0):
    """Rows with a text and its label."""
    rng = np.random.default_rng(seed)
    found = []
    for row in range(rows):
        label = str(rng.choice(sorted(WORDS)))
        words = [*rng.choice(WORDS[label], 2), *rng.choice(COMMON, 4), str(row)]
        found.append({"text": " ".join(words), "label": label})
    return found


def trained(rows, out):
    train(rows, TrainSettings(out=out, model=LINEAR, overwrite=True))
    return out


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    return trained(tickets(1000), tmp_path_factory.mktemp("runs") / "tickets")


@pytest.fixture(scope="session")
def tagged_folder(tmp_path_factory):
    """A model of texts with several labels."""
    rows = [row | {"label": [row["label"], "short"]} for row in tickets(800, seed=2)]
    return trained(rows, tmp_path_factory.mktemp("runs") / "tagged")


@pytest.fixture(scope="session")
def page_folders(run_folder, tagged_folder, tmp_path_factory):
    """Models to compare: plain tickets, tickets whose labels are hostile, several labels a text."""
    rows = [row | {"label": f"{row['label']} {HOSTILE}"} for row in tickets(400, seed=1)]
    out = tmp_path_factory.mktemp("runs") / "hostile"
    trained(rows, out)
    return [f"tickets={run_folder}", f"hostile={out}", f"tagged={tagged_folder}"]


class Asked:
    """A service that is asked over HTTP, however it was started."""

    host, port = "127.0.0.1", None
    prefix = ""  # of every path

    def connection(self, timeout=60):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=60):
        """Status, headers and body of one request."""
        connection = self.connection(timeout)
        try:
            connection.request(method, self.prefix + path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path, **headers):
        status, _, body = self.request("GET", path, headers=headers)
        return status, json.loads(body) if body.startswith(b"{") else body.decode()

    def post(self, value, **headers):
        """Status and JSON of POST /v1/predict; bytes are sent as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"} | headers
        status, _, body = self.request("POST", "/v1/predict", body, headers)
        return status, json.loads(body)

    def metric(self, line):
        """A value of /metrics by what stands before it; 0 where it is not there."""
        found = re.search("^" + re.escape(line) + r" (\S+)$", self.get("/metrics")[1], re.M)
        return float(found[1]) if found else 0.0


class Server(Asked):
    """The service as a process; stderr is read along the way."""

    def __init__(self, *words, environment=None, paths=(), port=0):
        """environment: variables more; paths: more that Python imports from."""
        whole = own_environment() | (environment or {})
        whole["PYTHONPATH"] = os.pathsep.join([*map(str, paths), whole["PYTHONPATH"]])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "textkind", "serve", *map(str, words), "--port", str(port)],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=whole,
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.host, self.port, self.scheme = "127.0.0.1", None, None
        self.wait_until(
            lambda: (
                self.process.poll() is not None
                or any("serving at " in line for line in list(self.lines))
            )
        )
        line = self.wait_for("serving at ", seconds=1)
        self.scheme, self.host, port = re.search(r"at (\w+)://(.*):(\d+)", line).groups()
        self.port = int(port)

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, said, seconds=60):
        """The first line that holds the words."""
        self.wait_until(lambda: any(said in line for line in list(self.lines)), seconds, said)
        return next(line for line in self.lines if said in line)

    def wait_until(self, is_so, seconds=60, told=""):
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, "\n".join([told, *self.lines[-20:]])
            time.sleep(0.02)

    def events(self, name=None):
        """The lines of the log, of one event where it is named."""
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [one for one in found if name is None or one.get("event") == name]

    def workers(self):
        """Process ids of all workers that have started so far: one or more."""
        self.wait_until(lambda: self.events("worker started"), told="worker started")
        return [one["pid"] for one in self.events("worker started")]

    def wait_gone(self, *pids):
        """Wait until these processes have ended."""
        self.wait_until(lambda: not any(map(is_alive, pids)))

    def stop(self, how=signal.SIGTERM, seconds=60):
        """The exit code, once all of its processes are gone."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(seconds)
        self._reader.join(10)
        self.process.stderr.close()
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def starting():
    """Starts servers that end with the block."""
    started = []

    def start(*words, **settings):
        server = Server(*words, **settings)
        started.append(server)
        return server

    try:
        yield start
    finally:
        for server in started:
            server.stop()


@pytest.fixture(scope="module")
def start_server():
    """Starts servers that end with the module."""
    with starting() as start:
        yield start


@pytest.fixture(scope="session")
def shared_server(page_folders):
    """One for all tests that only ask: three models, similar texts, usual limits."""
    with starting() as start:
        yield start(*page_folders, "--similar")


@pytest.fixture(scope="session")
def keyed_server(run_folder, tmp_path_factory):
    """One for all tests that only ask, and have a KEY or not."""
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text(KEY)
    with starting() as start:
        yield start(f"tickets={run_folder}", "--api-key-file", keys)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def loader_of(worker):
    """The process that forked a worker."""
    return int(Path(f"/proc/{worker}/stat").read_text().split()[3])


def unused_port():
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def free_port():
    """An unused port, for a server that ends and comes back."""
    return unused_port()


@pytest.fixture
def opened(browser):
    """Opens the page of a server; all it complains of, and asks others for, is in `page.heard`."""
    contexts = []

    def open_page(server, **context):
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        home = f"http://{server.host}:{server.port}/"
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on("request", lambda one: one.url.startswith(home) or page.heard.append(one.url))
        page.goto(home)
        return page

    yield open_page
    for context in contexts:
        context.close()
