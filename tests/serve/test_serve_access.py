"""Who may ask, over what, and what the log keeps to itself."""

import json
import ssl
import subprocess
import urllib.request

import pytest

from textkind.errors import SettingsError
from textkind.serve.access import Access, api_keys, check_open, host_names, is_loopback
from textkind.serve.refusals import RefusalError

KEY, OTHER = "0123456789abcdef-one", "0123456789abcdef-two"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("needs openssl")
    return folder


@pytest.fixture(scope="module")
def server(start_server, run_folder, certificate, tmp_path_factory):
    """On every address, by TLS, with two keys, and a log of texts."""
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text(f"{KEY}\n{OTHER}\n")
    return start_server(
        *(run_folder, "--host", "0.0.0.0", "--api-key-file", keys, "--log-texts"),
        *("--tls-certificate", certificate / "cert.pem", "--tls-key", certificate / "key.pem"),
    )


def ask(server, certificate, path, key=None, body=None):
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Authorization"] = key
    url = f"https://127.0.0.1:{server.port}{path}"
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize("key", [f"Bearer {KEY}", f"bearer {OTHER}"])
def test_a_known_key_opens_every_path_over_tls(server, certificate, key):
    assert server.scheme == "https"
    for path in ("/v1/models", "/metrics"):
        assert ask(server, certificate, path, key)[0] == 200
    assert ask(server, certificate, "/v1/predict", key, b'{"text": "parcel"}')[0] == 200


@pytest.mark.parametrize("key", [None, "", "Bearer", f"Bearer {KEY}x", f"Basic {KEY}", KEY])
def test_without_a_known_key_nothing_is_told(server, certificate, key):
    for path, body in (("/v1/models", None), ("/metrics", None), ("/v1/predict", b"{}")):
        status, headers, told = ask(server, certificate, path, key, body)
        assert status == 401
        assert headers["WWW-Authenticate"] == "Bearer"
        assert json.loads(told)["error"]["where"] == "Authorization"


def test_states_and_description_need_no_key(server, certificate):
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert ask(server, certificate, path)[0] == 200


def test_texts_are_logged_where_that_is_asked_for_and_keys_never(server, certificate):
    body = b'{"text": "a word of its own: quagmire"}'
    assert ask(server, certificate, "/v1/predict", f"Bearer {KEY}", body)[0] == 200
    server.wait_for("quagmire")
    assert not [line for line in server.lines if KEY in line or OTHER in line]


def test_texts_are_not_logged_unless_asked_for(start_server, run_folder):
    environment = {"TEXTKIND_API_KEY": KEY}
    server = start_server(run_folder, environment=environment)
    bearer = {"Authorization": f"Bearer {KEY}"}
    assert server.post({"text": "quagmire"})[0] == 401
    assert server.post({"text": "quagmire"}, **bearer)[0] == 200
    assert server.post({"text": "quagmire", "quagmire": 1}, **bearer)[0] == 422
    assert server.request("GET", "/quagmire?quagmire", headers=bearer)[0] == 404
    assert server.request("QUAGMIRE", "/healthz", headers={"Host": "quagmire"})[0] in (400, 421)
    assert server.post(b'{"text": "quagmire"', **bearer)[0] == 400
    counts = server.request("GET", "/metrics", headers=bearer)[2].decode()
    assert server.stop() == 0
    said = "\n".join(server.lines)
    assert '"ended"' in said
    assert "quagmire" not in said.lower()
    assert "quagmire" not in counts.lower()
    assert KEY not in said


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "the file of keys is empty"), ("short\n", "a key must have 16 characters or more")],
)
def test_weak_keys_are_refused(tmp_path, content, problem):
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(SettingsError, match=problem):
        api_keys(path)


def test_a_weak_key_of_the_environment_is_refused_and_not_shown(monkeypatch):
    monkeypatch.setenv("TEXTKIND_API_KEY", "secret")
    with pytest.raises(SettingsError, match="16 characters") as raised:
        api_keys(None)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("host", "loops"),
    [("127.0.0.1", True), ("127.0.0.2", True), ("localhost", True), ("::1", True),
     ("0.0.0.0", False), ("::", False), ("192.168.0.1", False), ("127.example.org", False)],
)  # fmt: skip
def test_only_this_machine_reaches_loopback(host, loops):
    assert is_loopback(host) == loops
    if loops:
        check_open(host, (), no_auth=False)
        return
    with pytest.raises(SettingsError, match="needs a key"):
        check_open(host, (), no_auth=False)
    check_open(host, (), no_auth=True)
    check_open(host, (KEY.encode(),), no_auth=False)


def test_other_names_are_allowed_where_they_are_given():
    access = Access((), host_names("127.0.0.1", ("box.local",)))
    for host in (b"box.local", b"BOX.local:80", b"localhost", None):
        access.check_host(host)
    with pytest.raises(RefusalError):
        access.check_host(b"box.example")
    Access((), host_names("0.0.0.0", ())).check_host(b"anything")
