"""The Dockerfile does what docs/serve.md says of it, as far as can be seen without Docker."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from textkind.cli.commands import build_parser
from textkind.serve.settings import ServeSettings, named_model

HOME = Path(__file__).parents[1]


def instructions():
    text = (HOME / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


DONE = instructions()
LAST = max(place for place, (name, _) in enumerate(DONE) if name == "FROM")


def said(name, of=DONE):
    return [rest for found, rest in of if found == name]


def test_the_images_are_slim_and_of_a_python_that_we_support():
    assert {rest.split()[0] for rest in said("FROM")} == {"python:3.11-slim"}


def test_the_last_user_is_not_root_and_nothing_is_installed_after():
    final = DONE[LAST:]
    (user,) = said("USER", final)
    place = final.index(("USER", user))
    assert int(user) > 0
    assert {name for name, _ in final[place:]}.isdisjoint({"RUN", "COPY", "ADD"})
    assert f"--uid {user}" in said("RUN", final)[0]


def test_packages_are_pinned_and_come_by_plain_pip():
    installs = [rest for rest in said("RUN") if "install" in rest]
    assert len(installs) == 1
    words = shlex.split(installs[0])
    assert words[0].endswith("/pip")
    assert words[words.index("--constraint") + 1] == "/source/constraints.txt"


def test_all_that_is_copied_is_there_and_is_not_ignored():
    allowed = (HOME / ".dockerignore").read_text().splitlines()
    assert allowed[0] == "*"
    for rest in said("COPY", DONE[:LAST]):
        for source in rest.split()[:-1]:
            assert (HOME / source).exists()
            assert f"!{source}" in allowed


def test_the_extra_is_one_of_ours():
    (default,) = [rest.partition("=")[2] for rest in said("ARG")]
    project = (HOME / "pyproject.toml").read_text()
    assert re.search(rf"^{default} = \[", project, re.M)


def test_no_secret_and_no_address_of_an_index_is_in_it():
    text = (HOME / "Dockerfile").read_text()
    assert "--index-url" not in text
    assert not [rest for rest in said("ENV") + said("ARG") if "KEY" in rest]


def words_of(name):
    (rest,) = said(name, DONE[LAST:])
    return json.loads(rest)  # exec form: signals reach the service and not a shell


def test_what_is_started_is_the_service_on_all_addresses_with_a_key():
    program, *words = words_of("ENTRYPOINT") + words_of("CMD")
    assert program == "textkind"
    told = build_parser()[0].parse_args(words)
    assert (told.host, told.port, told.models) == ("0.0.0.0", 8000, ["/model"])
    assert not told.no_auth
    assert ServeSettings((named_model(told.models[0]),)).models[0][0] == "model"
    assert said("EXPOSE") == ["8000"]


def test_without_a_key_it_does_not_start():
    _, *words = words_of("ENTRYPOINT")
    done = subprocess.run(
        [sys.executable, "-m", "textkind", *words, "/model"],
        capture_output=True, text=True, env={},
    )  # fmt: skip
    assert done.returncode == 2
    assert "needs a key" in done.stderr


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_whether_the_models_can_answer(status, code):
    import http.server
    import threading

    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Ready)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        (rest,) = said("HEALTHCHECK")
        _, *words = json.loads(rest[rest.index("[") :])
        words = [word.replace(":8000", f":{server.server_port}") for word in words]
        done = subprocess.run([sys.executable, *words], capture_output=True)
        assert done.returncode == code
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
