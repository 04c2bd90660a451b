"""Requests that cannot be answered get a status and words; the service goes on."""

import json
import socket

import pytest


@pytest.fixture(scope="module")
def server(start_server, run_folder):
    return start_server(
        run_folder,
        *("--max-body", "20000", "--max-texts", "5", "--max-characters", "1000"),
        *("--client-timeout", "1"),
    )


BAD_BODIES = {
    "no JSON": (b"{", 400, "the body is not JSON", "body"),
    "nothing": (b"", 400, "the body is not JSON", "body"),
    "not UTF-8": (b'{"text": "\xff"}', 400, "the body is not UTF-8", "body"),
    "UTF-16": ('{"text": "x"}'.encode("utf-16"), 400, "the body is not UTF-8", "body"),
    "NaN": (b'{"text": "x", "top": NaN}', 400, "the body is not JSON", "body"),
    "a key twice": (b'{"text": "x", "text": "y"}', 400, "the body is not JSON", "body"),
    "deep": (b"[" * 9000 + b"]" * 9000, 400, "the JSON is nested too deeply", "body"),
    "a long number": (b'{"text": "x", "top": ' + b"1" * 9000 + b"}", 400, "not JSON", "body"),
    "a list": (b"[]", 422, "the body must be a JSON object", "body"),
    "null": (b"null", 422, "the body must be a JSON object", "body"),
    "no text": (b"{}", 422, 'must have either "text" or "texts"', "body"),
    "text misspelt": (b'{"txt": "x"}', 422, "there is no such field", "body"),
    "both": (b'{"text": "x", "texts": ["y"]}', 422, 'either "text" or "texts"', "body"),
    "a number": (b'{"text": 3}', 422, "a text must be a string", "text"),
    "text is null": (b'{"text": null}', 422, "a text must be a string", "text"),
    "texts no list": (b'{"texts": "x"}', 422, "texts must be a list of strings", "texts"),
    "one no string": (b'{"texts": ["x", 3]}', 422, "a text must be a string", "texts[1]"),
    "an empty list": (b'{"texts": []}', 422, "texts is an empty list", "texts"),
    "NUL": (b'{"text": "a\\u0000b"}', 422, "a text holds a NUL character", "text"),
    "a lone surrogate": (b'{"texts": ["x", "\\ud800"]}', 422, "lone surrogate", "texts[1]"),
    "an unknown field": (b'{"text": "x", "tpo": 2}', 422, "there is no such field", "body"),
    "top 0": (b'{"text": "x", "top": 0}', 422, "whole number of 1 to 1,000,000", "top"),
    "top 1.5": (b'{"text": "x", "top": 1.5}', 422, "whole number of 1 to 1,000,000", "top"),
    "top infinite": (b'{"text": "x", "top": 1e999}', 422, "whole number of 1 to 1,000,000", "top"),
    "top true": (b'{"text": "x", "top": true}', 422, "whole number of 1 to 1,000,000", "top"),
    "sets 1": (b'{"text": "x", "sets": 1}', 422, "above 0 and below 1", "sets"),
    "sets a string": (b'{"text": "x", "sets": "90%"}', 422, "above 0 and below 1", "sets"),
    "no such method": (
        b'{"text": "x", "sets": {"coverage": 0.9, "method": "apps"}}', 422, "lac, aps, raps",
        "sets.method",
    ),
    "sets without a share": (
        b'{"text": "x", "sets": {"method": "aps"}}', 422, "needs the field coverage", "sets",
    ),
    "sets with more": (
        b'{"text": "x", "sets": {"coverage": 0.9, "x": 1}}', 422, "no such field", "sets",
    ),
    "trace 1": (b'{"text": "x", "trace": 1}', 422, "must be true or false", "trace"),
    "trace nothing": (b'{"text": "x", "trace": {}}', 422, "needs the field top", "trace"),
    "trace no row": (b'{"text": "x", "trace": {"top": 0}}', 422, "whole number", "trace.top"),
    "trace tops": (b'{"text": "x", "trace": {"tops": 3}}', 422, "no such field", "trace"),
    "explain 1": (b'{"text": "x", "explain": 1}', 422, "must be true or false", "explain"),
    "explain nothing": (b'{"text": "x", "explain": {}}', 422, "needs the field label", "explain"),
    "explain a number": (
        b'{"text": "x", "explain": {"label": 3}}', 422, "must be a string", "explain.label",
    ),
    "similar 51": (b'{"text": "x", "similar": 51}', 422, "whole number of 1 to 50", "similar"),
    "novelty 1": (b'{"text": "x", "novelty": 1}', 422, "must be true or false", "novelty"),
    "model null": (b'{"text": "x", "model": null}', 422, "model must be a string", "model"),
    "no such model": (b'{"text": "x", "model": "ticket"}', 404, "no such model", "model"),
    "too many texts": (b'{"texts": ["a","b","c","d","e","f"]}', 422, "at most 5 texts", "texts"),
    "a long text": (b'{"text": "' + b"x" * 1001 + b'"}', 422, "at most 1,000 characters", "text"),
    "a long body": (b'{"text": "' + b"x" * 20000 + b'"}', 413, "20,000 bytes at most", "body"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_refused_in_words(server, name):
    body, status, problem, where = BAD_BODIES[name]
    found, told = server.post(body)
    assert found == status
    assert set(told) == {"error"}
    assert set(told["error"]) == {"problem", "found", "where", "hint"}
    assert problem in told["error"]["problem"]
    assert told["error"]["where"] == where
    assert server.post({"text": "my parcel is late"})[0] == 200


def test_training_texts_are_not_told_unless_the_service_was_started_so(server):
    status, told = server.post({"text": "x", "similar": 1})
    assert status == 409
    assert told["error"]["problem"] == "this service tells no training texts"
    status, told = server.post({"text": "my parcel is late", "trace": True})
    names = [step["name"] for step in told["results"][0]["trace"]["steps"]]
    assert (status, names[-1]) == (200, "trust")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("tpo", "did you mean 'top'?"), ("modle", "did you mean 'model'?"), ("qqqq", "known: 'text'")],
)
def test_a_misspelt_field_is_told_the_nearest(server, wrong, hint):
    assert hint in server.post({"text": "x", wrong: 1})[1]["error"]["hint"]


def test_the_limits_are_those_of_the_characters_and_not_of_the_bytes(server):
    assert server.post({"text": "最" * 1000})[0] == 200
    assert server.post({"text": "最" * 1001})[0] == 422


def test_a_body_in_chunks_is_refused_where_it_grows_too_long(server):
    connection = server.connection()
    headers = {"Content-Type": "application/json"}
    chunks = [b"x" * 5000 for _ in range(5)]
    connection.request(
        "POST", f"{server.prefix}/v1/predict", iter(chunks), headers, encode_chunked=True
    )
    answer = connection.getresponse()
    assert answer.status == 413
    connection.close()
    whole = iter([b'{"text": ', b'"parcel"}'])
    connection.request("POST", f"{server.prefix}/v1/predict", whole, headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1", 404),
        ("GET", "/etc/passwd", 404),
        ("GET", "/v1/models/../../etc/passwd", 404),
        ("GET", "/v1/predict", 405),
        ("POST", "/v1/models", 405),
        ("TRACE", "/healthz", 405),
        ("DELETE", "/v1/predict", 405),
    ],
)
def test_other_paths_and_methods_are_refused(server, method, path, status):
    found, headers, body = server.request(method, path)
    assert found == status
    assert json.loads(body)["error"]["problem"]
    assert ("Allow" in headers) == (status == 405)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(server, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    assert server.request("POST", "/v1/predict", b'{"text": "x"}', headers)[0] == 415


def test_every_answer_has_the_headers_that_keep_browsers_safe(server):
    for path in ("/healthz", "/readyz", "/v1/models", "/metrics", "/nowhere"):
        headers = server.request("GET", path)[1]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Request-Id"]
        assert "Access-Control-Allow-Origin" not in headers


def test_head_gives_the_headers_alone(server):
    status, headers, body = server.request("HEAD", "/v1/models")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) == len(server.request("GET", "/v1/models")[2])


POST = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def raw(server, data, seconds=10):
    """What comes back for bytes, until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=seconds) as client:
        client.sendall(data)
        found = b""
        while piece := client.recv(65536):
            found += piece
        return found


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", b"400"),
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 70000, b"431"),
        (b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n", b"408"),
        (POST + b"Content-Length: 100\r\n\r\n{", b"408"),
    ],
    ids=["TLS", "no HTTP", "a negative length", "long headers", "half headers", "half a body"],
)
def test_a_broken_or_slow_request_is_refused_and_closed(server, data, status):
    answer = raw(server, data)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in answer.lower()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["problem"]


def test_bytes_that_trickle_in_do_not_win_time(server):
    """One byte at a time is as slow as none: the whole request has one deadline."""
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.settimeout(0.2)
        answer = b""
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"x" * 100:
            try:
                client.sendall(bytes([byte]))
                answer += client.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer:
                break
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_half_closed_connection_is_closed_and_the_service_goes_on(server):
    body = b'{"text": "my parcel is late"}'
    for sent in (b"", POST, POST + b"Content-Length: %d\r\n\r\n" % len(body) + body):
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    server.wait_until(lambda: server.metric("textkind_connections") == 1)
    assert server.post({"text": "my parcel is late"})[0] == 200


def test_requests_in_one_piece_are_answered_in_their_order(server):
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    found = raw(server, one + one + last)
    assert [part for part in (b"ok", b"ready") if part in found] == [b"ok", b"ready"]
    assert found.count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", ""])
def test_a_request_for_another_host_is_refused_on_loopback(server, host):
    status, _, body = server.request("GET", "/healthz", headers={"Host": host})
    assert status == 421
    assert json.loads(body)["error"]["where"] == "Host"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8000"])
def test_the_names_of_loopback_are_answered(server, host):
    assert server.request("GET", "/healthz", headers={"Host": host})[0] == 200
