"""Lines are answered line by line, in their order, while they come."""

import json
import socket

import pytest


@pytest.fixture(scope="module")
def server(start_server, run_folder, tagged_folder):
    return start_server(
        *(f"tickets={run_folder}", f"tagged={tagged_folder}"),
        *("--max-body", "2000", "--client-timeout", "2"),
    )


def lines_of(server, body):
    status, headers, answer = server.request(
        "POST", "/v1/predict", body, {"Content-Type": "application/x-ndjson"}
    )
    assert status == 200
    assert headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.decode().splitlines()]


def test_each_line_is_answered_as_a_request_would_be(server):
    asked = [
        {"text": "my parcel is late"},
        {"texts": ["refund", "locked account"], "top": 2},
        {"text": "email", "model": "tagged"},
        {"text": "email", "sets": 0.9},
    ]
    body = "".join(json.dumps(one) + "\n" for one in asked).encode()
    expected = [{"line": line, **server.post(one)[1]} for line, one in enumerate(asked, 1)]
    assert lines_of(server, body) == expected
    assert lines_of(server, body.rstrip(b"\n")) == expected, "the last line needs no end"
    assert lines_of(server, body.replace(b"\n", b"\r\n")) == expected


def test_a_bad_line_is_told_by_its_number_and_the_others_are_answered(server):
    good = b'{"text": "my parcel is late"}\n'
    bad = {
        b"{": (400, "not JSON"),
        b'{"text": "x", "txt": 1}': (422, "no such field"),
        b'{"text": "a\\u0000b"}': (422, "NUL"),
        b'{"text": "\xff"}': (400, "not UTF-8"),
        b'{"text": "x", "model": "nowhere"}': (404, "no such model"),
        b'{"text": "x", "max_error": 0.000001}': (409, "cannot be promised"),
        b'{"text": "' + b"x" * 3000 + b'"}': (413, "2,000 bytes at most"),
    }
    body = b"\n".join([good, *(line + b"\n" + good for line in bad)])
    answers = lines_of(server, body)
    numbers = [line for line, text in enumerate(body.split(b"\n"), 1) if text]
    assert [one["line"] for one in answers] == numbers
    refused = [one for one in answers if "error" in one]
    for one, (status, problem) in zip(refused, bad.values(), strict=True):
        assert one["status"] == status
        assert problem in one["error"]["problem"]
    answered = [one["results"] for one in answers if "results" in one]
    assert len(answered) == len(bad) + 1
    assert all(one == answered[0] for one in answered)


@pytest.mark.parametrize("body", [b"", b"\n", b"\n\n  \n"])
def test_a_stream_without_a_line_has_no_answer(server, body):
    assert lines_of(server, body) == []


def test_many_lines_keep_their_order_and_need_no_memory(server):
    """Each is answered by the number in it; what the front holds does not grow with them."""
    expected = {
        word: server.post({"text": word})[1]["results"] for word in ("parcel", "refund", "email")
    }
    words = [list(expected)[number % 3] for number in range(30_000)]
    front = server.process.pid
    lines_of(server, b'{"text": "parcel"}\n' * 1000)
    before = memory(front)
    body = (b'{"text": "%s"}\n' % word.encode() for word in words)
    connection = server.connection()
    headers = {"Content-Type": "application/x-ndjson"}
    connection.request("POST", "/v1/predict", b"".join(body), headers)
    answer = connection.getresponse()
    for number, word in enumerate(words, 1):
        told = json.loads(answer.readline())
        assert (told["line"], told["results"]) == (number, expected[word])
    assert answer.readline() == b""
    connection.close()
    assert memory(front) - before < 8 << 20


def memory(pid):
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096


START = (
    b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_line_is_answered_before_the_next_is_sent(server):
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(START)
        file = client.makefile("rb")
        for number in range(1, 4):
            client.sendall(chunk(b'{"text": "parcel"}\n'))
            while not (line := file.readline()).startswith(b"{"):
                assert line
            assert json.loads(line)["line"] == number
        client.sendall(chunk(b""))
        assert file.read().endswith(b"0\r\n\r\n")


def test_a_stream_that_stands_still_is_cut(server):
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(START + chunk(b'{"text": "parcel"}\n'))
        found = b""
        while piece := client.recv(65536):
            found += piece
    assert b'"line": 1' in found
    assert not found.endswith(b"0\r\n\r\n"), "a cut stream must not look whole"


def test_a_client_that_does_not_read_is_cut(server):
    """The answers of endless lines wait for the client, and then the lines do."""
    with socket.create_connection((server.host, server.port), timeout=20) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(START)
        piece, sent = chunk(b'{"text": "parcel"}\n' * 1000), 0
        while sent < 200 << 20:
            try:
                client.sendall(piece)
            except OSError:
                break
            sent += len(piece)
    assert sent < 200 << 20
    assert server.post({"text": "parcel"})[0] == 200
    server.wait_until(lambda: server.metric('textkind_queue_requests{model="tickets"}') == 0)
