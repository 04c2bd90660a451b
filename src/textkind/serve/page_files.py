"""The web page: its files as answers, each with a tag by which a browser keeps it.

The table is made once from the files of the package, and the style of the report, on which the
page's own builds; a path that a client sends is only looked up.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from textkind.serve.replies import Headers, Reply

FOLDER = "page"
FRONT = "index.html"
KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'; trusted-types 'none'"
)
SECURITY: Headers = (
    (b"cache-control", b"no-cache"),  # kept, and asked for again by its tag
    (b"content-security-policy", POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True)
class PageFile:
    """A file of the page; tag is its ETag."""

    body: bytes
    kind: bytes
    tag: bytes

    def reply(self, known: bytes | None) -> Reply:
        """The file, or 304 where the client has it: known is the If-None-Match of the request."""
        tags = {tag.strip().removeprefix(b"W/") for tag in (known or b"").split(b",")}
        headers = ((b"etag", self.tag),)
        if tags & {self.tag, b"*"}:
            return Reply(304, b"", self.kind, headers, SECURITY)
        return Reply(200, self.body, self.kind, headers, SECURITY)


def page_files() -> dict[str, PageFile]:
    """{path: file}: / is the page, what it needs lies below /page/."""
    own = files("textkind.serve").joinpath(FOLDER).iterdir()
    style = files("textkind").joinpath("report", "templates", "report.css")
    found = {}
    for entry in (*own, style):
        kind = KINDS.get(entry.name[entry.name.rfind(".") :])
        if kind is None:  # what an editor or a file system left there
            continue
        body = entry.read_bytes()
        tag = b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
        path = "/" if entry.name == FRONT else f"/{FOLDER}/{entry.name}"
        found[path] = PageFile(body, kind, tag)
    return found
