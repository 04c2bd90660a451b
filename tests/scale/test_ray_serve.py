"""Ray Serve answers as the service of one process does: the same tests, asked of both.

What is exported is deployed by Ray's own command on a cluster of three nodes. The application at
/ has usual limits, that below /small has those of tests/serve/test_serve_requests.py, and that
below /keyed asks for a key.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("yaml")
pytest.importorskip("fastapi")
pytest.importorskip("ray")

import yaml

from tests.scale.processes import below
from tests.serve import test_serve_requests as of_requests
from tests.serve.conftest import (  # noqa: F401
    KEY,
    Asked,
    Server,
    free_port,
    run_folder,
    starting,
    tagged_folder,
)
from tests.serve.test_serve_predict import (  # noqa: F401
    TEXTS,
    test_a_whole_number_may_be_written_with_a_point,
    test_an_answer_is_the_same_alone_and_among_others,
    test_answers_are_those_of_predict,
    test_answers_with_several_labels_are_those_of_predict,
    test_explanations_are_those_of_the_library,
    test_requests_at_once_each_get_their_own_answers,
    test_the_first_model_answers_where_none_is_named,
    test_what_a_model_cannot_promise_is_a_conflict,
    test_what_takes_long_is_done_for_few_texts_a_request,
)
from tests.serve.test_serve_requests import BAD_BODIES
from textkind.environment import own_environment
from textkind.export.ray_serve import SERVE
from textkind.export.settings import ExportSettings
from textkind.serve.openapi import openapi
from textkind.serve.settings import Limits
from textkind.workflow.export import export_model

pytestmark = pytest.mark.slow  # it starts three replicas, each of several processes
SMALL = {"body": 20_000, "texts": 5, "characters": 1_000}


class Deployed(Asked):
    """An application of Ray Serve."""

    def __init__(self, port, prefix=""):
        self.port, self.prefix = port, prefix


def configuration(exported, tagged, keys, port):
    """serve.yaml with what a user would write: other models, limits, keys, less of the CPUs."""
    told = yaml.safe_load((exported / SERVE).read_text(encoding="utf-8"))
    told["http_options"]["port"] = port
    told["proxy_location"] = "HeadOnly"  # the nodes are one machine, which has the port once
    (first,) = told["applications"]
    (deployment,) = first["deployments"]
    deployment["ray_actor_options"]["num_cpus"] = 0.3
    deployment["autoscaling_config"]["max_replicas"] = 1  # counts are those of one
    first["args"]["models"].append(f"tagged={tagged}")
    others = {"small": {"limits": SMALL}, "keyed": {"api_key_file": str(keys)}}
    for name, args in others.items():
        models = first["args"]["models"][:1]
        about = {"name": name, "route_prefix": f"/{name}", "args": {"models": models} | args}
        told["applications"].append(first | about)
    return told


@pytest.fixture(scope="module")
def deployed(ray_cluster, run_folder, tagged_folder, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("deployed")
    exported = folder / "tickets"
    export_model(run_folder, exported, ExportSettings("ray-serve"))
    keys = folder / "keys.txt"
    keys.write_text(KEY)
    port = free_port.__wrapped__()
    path = folder / SERVE
    path.write_text(yaml.safe_dump(configuration(exported, tagged_folder, keys, port)))
    said = (folder / "said.txt").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "ray.serve.scripts", "run", str(path)],
        env=own_environment() | {"RAY_ADDRESS": ray_cluster.address},
        stdout=said,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_ready(process, port, said)
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # Serve ends with the command, and frees its CPUs
        process.wait(60)
        said.close()


def _wait_ready(process, port, said):
    end = time.monotonic() + 120
    waiting = [Deployed(port, prefix) for prefix in ("", "/small", "/keyed")]
    while waiting:
        try:
            is_ready = waiting[0].get("/readyz")[0] == 200
        except OSError:
            is_ready = False
        if is_ready:
            waiting.pop(0)
            continue
        if process.poll() is not None or time.monotonic() > end:
            said.seek(0)
            pytest.fail(said.read()[-3000:])
        time.sleep(0.2)


@pytest.fixture(scope="module")
def server(deployed):
    return Deployed(deployed)


@pytest.fixture(scope="module")
def small(deployed):
    return Deployed(deployed, "/small")


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_refused_in_words(small, name):
    of_requests.test_a_bad_body_is_refused_in_words(small, name)


@pytest.mark.parametrize(
    "test",
    [
        of_requests.test_the_limits_are_those_of_the_characters_and_not_of_the_bytes,
        of_requests.test_a_body_in_chunks_is_refused_where_it_grows_too_long,
        of_requests.test_every_answer_has_the_headers_that_keep_browsers_safe,
        of_requests.test_head_gives_the_headers_alone,
        of_requests.test_training_texts_are_not_told_unless_the_service_was_started_so,
    ],
    ids=lambda test: test.__name__,
)
def test_what_is_promised_of_requests(small, test):
    test(small)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1", 404), ("GET", "/v1/predict", 405), ("DELETE", "/v1/predict", 405)],
)
def test_other_paths_and_methods_are_refused(server, method, path, status):
    of_requests.test_other_paths_and_methods_are_refused(server, method, path, status)


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.1:80"])
def test_a_request_for_another_host_is_refused_on_loopback(server, host):
    of_requests.test_a_request_for_another_host_is_refused_on_loopback(server, host)


def test_a_key_is_asked_for(deployed):
    keyed = Deployed(deployed, "/keyed")
    assert keyed.post({"text": "x"})[0] == 401
    assert keyed.post({"text": "x"}, Authorization=f"Bearer {KEY}x")[0] == 401
    assert keyed.post({"text": "x"}, Authorization=f"Bearer {KEY}")[0] == 200
    assert [keyed.get(path)[0] for path in ("/healthz", "/openapi.json", "/v1/models")] == [
        200, 200, 401,
    ]  # fmt: skip


def test_lines_are_answered_one_by_one(server):
    lines = [{"text": text} for text in TEXTS] + [{"txt": "x"}]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    status, _, told = server.request("POST", "/v1/predict", body, headers)
    found = [json.loads(line) for line in told.splitlines()]
    assert status == 200
    assert [one["line"] for one in found] == list(range(1, len(lines) + 1))
    assert [one.get("status", 200) for one in found] == [200] * len(TEXTS) + [422]
    assert found[0]["results"] == server.post({"text": TEXTS[0]})[1]["results"]


def test_it_describes_itself_as_the_service_does(server):
    assert server.get("/openapi.json")[1] == openapi(["tickets", "tagged"], Limits())
    told = server.get("/v1/models")[1]
    assert [one["name"] for one in told["models"]] == ["tickets", "tagged"]
    assert told["models"][0]["test"]["accuracy"] > 0.5
    assert told["limits"] == vars(Limits())
    assert server.get("/")[1].startswith("<!doctype html>")


def test_below_a_path_the_page_is_there_as_well(small):
    assert small.get("/")[1].startswith("<!doctype html>")
    assert small.get("/page/service.js")[0] == 200


def test_version_and_answers_are_those_of_one_process(server, run_folder):  # noqa: F811
    with starting() as start:
        one = start(f"tickets={run_folder}")
        assert isinstance(one, Server)
        asked = {"texts": TEXTS, "top": 3, "novelty": True}
        assert server.post(asked) == one.post(asked)


def test_a_replica_that_is_killed_is_replaced(server):
    def replicas():
        commands = below(os.getpid()).items()
        return {one for one, told in commands if "ServeReplica" in told and "keyed" not in told}

    before = replicas()
    assert before
    for one in before:
        os.kill(one, 9)
    end = time.monotonic() + 60
    while True:
        try:
            status, told = server.post({"text": "my parcel is late again"})
        except (OSError, ValueError):
            status = None
        if status == 200:
            break
        assert time.monotonic() < end
        time.sleep(0.5)
    assert told["results"][0]["label"] == "delivery"
    assert not replicas() & before
