"""The files of the page: complete, kept by browsers, under a policy that lets nothing in."""

import re

import pytest

from textkind.serve.page_files import page_files

FILES = page_files()


@pytest.fixture(scope="module")
def server(keyed_server):
    return keyed_server


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_answered_whole_and_without_a_key(server, path):
    status, headers, body = server.request("GET", path)
    assert (status, body) == (200, FILES[path].body)
    assert headers["Content-Type"].encode() == FILES[path].kind
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, body = server.request("HEAD", path)
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) == len(FILES[path].body)


def test_a_browser_that_has_the_file_is_told_so(server):
    tag = server.request("GET", "/")[1]["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        status, headers, body = server.request("GET", "/", headers={"If-None-Match": known})
        assert (status, body, headers["ETag"]) == (304, b"", tag)
        assert headers["Cache-Control"] == "no-cache"
    for known in ('"other"', tag.strip('"'), ""):
        assert server.request("GET", "/", headers={"If-None-Match": known})[0] == 200
    # the connection is fit for the next request
    connection = server.connection()
    for headers in ({"If-None-Match": tag}, {}):
        connection.request("GET", "/", headers=headers)
        body = connection.getresponse().read()
    assert body == FILES["/"].body
    connection.close()


def test_the_policy_lets_in_only_what_the_service_itself_serves(server):
    policy = server.request("GET", "/")[1]["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert {rules[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
    assert {rules[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert (rules["require-trusted-types-for"], rules["trusted-types"]) == ("'script'", "'none'")


def test_no_path_leads_to_another_file(server):
    for path in (
        "/page/../page_files.py", "/page/%2e%2e/settings.py", "/page/", "/page", "/index.html",
        "/page/index.html", "//page/main.js", "/page/main.js/", "/page/main.js%00",
    ):  # fmt: skip
        assert server.request("GET", path)[0] == 404, path
    assert server.request("POST", "/")[0] == 405


def test_all_that_a_file_names_is_there_and_nothing_is_outside():
    named = set()
    for path, file in FILES.items():
        text = file.body.decode()
        assert not re.search(r"https?://(?!www\.w3\.org)|innerHTML|eval\(", text), path
        named |= {f"/{one}" for one in re.findall(r'(?:href|src)="(page/[^"]+)"', text)}
        named |= {f"/page/{one}" for one in re.findall(r'from "\./([^"]+)"', text)}
    assert named == set(FILES) - {"/"}
