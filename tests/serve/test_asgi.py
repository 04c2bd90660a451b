"""The service as an ASGI application, for a server that is not ours."""

import asyncio
import gc
import json
import subprocess
import sys

import pytest

from textkind import ServeSettings, Service
from textkind.environment import own_environment
from textkind.errors import SettingsError
from textkind.serve.requests import Request
from textkind.serve.settings import Limits, named_model


async def asked(service, method, path, body=b"", headers=()):
    """Status and body of one request, as a server would ask for it."""
    sent, messages = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    await service(scope, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


async def live(service, work):
    """Start the service by its lifespan, do the work, and end it."""
    coming, told = asyncio.Queue(), asyncio.Queue()
    life = asyncio.create_task(service({"type": "lifespan"}, coming.get, told.put))
    await coming.put({"type": "lifespan.startup"})
    started = await told.get()
    if started["type"] == "lifespan.startup.failed":
        await life
        return started["message"]
    try:
        return await work()
    finally:
        await coming.put({"type": "lifespan.shutdown"})
        assert (await told.get())["type"] == "lifespan.shutdown.complete"
        await life


def test_any_server_can_run_it(run_folder, tmp_path):
    async def work():
        service = Service(ServeSettings((("m", run_folder),), log=tmp_path / "log"))
        body, headers = b'{"text": "my parcel is late"}', [(b"content-type", b"application/json")]

        async def ask():
            while (await asked(service, "GET", "/readyz"))[0] != 200:
                await asyncio.sleep(0.05)
            return await asked(service, "POST", "/v1/predict", body, headers)

        return await live(service, ask)

    status, body = asyncio.run(work())
    assert status == 200
    assert json.loads(body)["results"][0]["label"] == "delivery"
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [one["status"] for one in lines if one.get("route") == "predict"] == [200]


@pytest.mark.parametrize("body", [b'{"text": "my parcel is late"}', b"{"])
def test_an_answered_request_leaves_nothing_to_the_collector(body, run_folder, tmp_path):
    headers = [(b"content-type", b"application/json")]

    async def work():
        service = Service(ServeSettings((("m", run_folder),), log=tmp_path / "log"))

        async def ask():
            while (await asked(service, "GET", "/readyz"))[0] != 200:
                await asyncio.sleep(0.05)
            gc.collect()
            gc.disable()
            try:
                await asked(service, "POST", "/v1/predict", body, headers)
                return [one for one in gc.get_objects() if type(one) is Request]
            finally:
                gc.enable()

        return await live(service, ask)

    assert asyncio.run(work()) == []


def test_a_model_that_cannot_be_loaded_is_told_at_the_start(tmp_path):
    async def work():
        settings = ServeSettings((("m", tmp_path / "none"),), log=tmp_path / "log")
        return await live(Service(settings), None)

    assert "there is no such model folder" in asyncio.run(work())


def test_the_front_loads_nothing_that_models_are_made_of():
    check = (
        "import sys, textkind.cli.serve, textkind.serve.run, textkind.serve.service\n"
        "from textkind.evaluation.drift import drift; drift([500, 500], [400, 600])\n"
        "heavy = {'numpy', 'scipy', 'numba', 'pyarrow', 'sklearn', 'torch', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, env=own_environment()
    )
    assert (found.stdout, found.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("word", "name", "folder"),
    [
        ("runs/reviews", "reviews", "runs/reviews"),
        ("runs/reviews/", "reviews", "runs/reviews"),
        ("runs/reviews/model", "reviews", "runs/reviews/model"),
        ("old=runs/reviews", "old", "runs/reviews"),
        ("a/b=c", "b=c", "a/b=c"),
        ("/model", "model", "/model"),
    ],
)
def test_a_model_is_named_after_its_folder_unless_it_is_given_a_name(word, name, folder):
    found, path = named_model(word)
    assert (found, str(path)) == (name, folder)


@pytest.mark.parametrize("wrong", [{"body": 0}, {"timeout": float("inf")}, {"queue": True}])
def test_limits_are_numbers_above_0(wrong):
    with pytest.raises(SettingsError, match="must be above 0"):
        Limits(**wrong)


@pytest.mark.parametrize(
    ("models", "problem"),
    [
        ((), "no model to serve"),
        ((("a b", None),), "a model's name may hold"),
        ((("a", None), ("a", None)), "two models have one name"),
    ],
)
def test_models_need_names_of_their_own(models, problem):
    with pytest.raises(SettingsError, match=problem):
        ServeSettings(models)
